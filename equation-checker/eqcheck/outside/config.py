"""The table `[tool.eqcheck]` in the `pyproject.toml` of the project that is checked."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from eqcheck.check.page import DRAWS
from eqcheck.symbols.packages import Packages

TABLE = "[tool.eqcheck]"
FILE = "pyproject.toml"

IGNORE = "ignore"
WARN = "warn"
FAIL = "fail"

_IMPORT = re.compile(r"([A-Za-z_][\w.]*)(?:\s+as\s+([A-Za-z_]\w*))?")


class ConfigError(ValueError):
    """A table that cannot be used; the message names file and key."""


@dataclass(frozen=True)
class Config:
    """What a project says about its equations; without a table, the defaults."""

    imports: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    without_comment: str = IGNORE
    seed: int = 0
    draws: int = DRAWS
    paths: tuple[str, ...] = (".",)
    folder: Path | None = field(default=None, compare=False)  # of the table

    def __post_init__(self) -> None:
        for each in self.imports:
            self._import(each)
        if self.without_comment not in {IGNORE, WARN, FAIL}:
            allowed = ", ".join(f'"{each}"' for each in (IGNORE, WARN, FAIL))
            raise self._error("without-comment", f"must be one of {allowed}")
        if self.draws < 1:
            raise self._error("draws", "must be 1 or more")
        tops = {module.partition(".")[0] for module in self.packages.imports.values()}
        for package in self.against:
            if package.partition(".")[0] not in tops:
                message = f"names {package}, which `imports` does not list"
                raise self._error("against", message)

    @property
    def packages(self) -> Packages:
        """The modules that comments may use."""
        return Packages(dict(map(self._import, self.imports)), self.against)

    def _import(self, text: str) -> tuple[str, str]:
        match = _IMPORT.fullmatch(text.strip())
        if match is None or ("." in match[1] and match[2] is None):
            message = f'"{text}" is neither "module" nor "package.module as name"'
            raise self._error("imports", message)
        return match[2] or match[1], match[1]

    def _error(self, key: str, message: str) -> ConfigError:
        where = f"{self.folder / FILE}: " if self.folder else ""
        return ConfigError(f"{where}{key} in {TABLE} {message}")

    def covers(self, path: Path) -> bool:
        """Whether `paths` names this file, a folder above it or a pattern for it."""
        if self.folder is None:
            return False
        try:
            name = path.resolve().relative_to(self.folder.resolve()).as_posix()
        except ValueError:
            return False
        return any(
            each in {".", name}
            or name.startswith(f"{each.rstrip('/')}/")
            or fnmatchcase(name, each)
            for each in self.paths
        )

    def enter(self) -> None:
        """Let modules beside the table be imported, as `python -m` does."""
        if self.folder is not None and str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))

    @property
    def key(self) -> str:
        """All that may change a result."""
        fields = self.imports, self.against, self.without_comment, self.seed, self.draws
        return repr(fields)


def find(start: Path | None = None) -> Config:
    """The table nearest above a file, else above the working directory."""
    for place in (start, Path()):
        if place is None:
            continue
        for folder in (place.resolve(), *place.resolve().parents):
            if (folder / FILE).is_file() and (config := load(folder / FILE)):
                return config
    return Config()


def load(path: Path) -> Config | None:
    """The table of one file, if it has one."""
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None
    if "eqcheck" not in tool:
        return None
    return read(tool["eqcheck"], path)


_KINDS = {
    "imports": list,
    "against": list,
    "without-comment": str,
    "seed": int,
    "draws": int,
    "paths": list,
}


def read(table: Mapping[str, Any], path: Path) -> Config:
    """Read the table; an unknown key is an error."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _KINDS:
            known = ", ".join(_KINDS)
            message = f"{path}: {key} is no key of {TABLE}; there are {known}"
            raise ConfigError(message)
        kind = _KINDS[key]
        right = type(value) is kind
        if isinstance(value, list):
            right &= all(isinstance(each, str) for each in value)
        if not right:
            wanted = {list: "a list of strings", str: "a string", int: "a number"}
            message = f"{path}: {key} in {TABLE} must be {wanted[kind]}"
            raise ConfigError(message)
        name = key.replace("-", "_")
        values[name] = tuple(value) if isinstance(value, list) else value
    return Config(**values, folder=path.resolve().parent)
