"""Keeps the results of a page as long as nothing that they rest on changes."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import numpy as np

from eqcheck.outside import code
from eqcheck.outside.config import Config
from eqcheck.outside.report import Result
from eqcheck.symbols.packages import Packages


def key(text: str, name: str, config: Config, *, trials: bool) -> str:
    """A hash of the equations, of the checker and of the code that they are held to."""
    digest = hashlib.sha256(_surroundings(config.packages, text))
    for part in (config.key, f"trials={trials}", name, text):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _surroundings(packages: Packages, text: str) -> bytes:
    digest = hashlib.sha256(f"{sys.version} {np.__version__}".encode())
    digest.update(_content(Path(__file__).parent.parent))
    for module in sorted(set(packages.imports.values())):
        released = None if module in packages.against else _version(module)
        digest.update(f"{module} {released}".encode())
        if released is None:
            for place in _places(module):
                # Line ends, where the text is a `repr`: `\nsoftmax` names softmax.
                words = text.replace("\\n", "\n")
                digest.update(code.read(place).digest(words))
    return digest.digest()


def _version(module: str) -> str | None:
    try:
        return metadata.version(module.partition(".")[0])
    except metadata.PackageNotFoundError:
        return None


def _places(module: str) -> list[Path]:
    """The file of a module, or the folder of a package."""
    spec = importlib.util.find_spec(module.partition(".")[0])
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(place) for place in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.origin is not None else []


@lru_cache
def _content(place: Path) -> bytes:
    digest = hashlib.sha256()
    for path in sorted(place.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.digest()


def load(folder: Path, page: Path, kept: str) -> list[Result] | None:
    """What was kept of a page under this key, if anything."""
    try:
        data = json.loads((folder / _file(page, kept)).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return [Result.from_json(each) for each in data]


def store(folder: Path, page: Path, kept: str, found: list[Result]) -> None:
    """Keep the results in the place of older ones.

    Another process may do the same at the same time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps([result.to_json() for result in found])
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(data)
    target = folder / _file(page, kept)
    Path(name).replace(target)
    for older in folder.glob(_file(page, "*")):
        if older != target:
            older.unlink(missing_ok=True)


def _file(page: Path, kept: str) -> str:
    place = hashlib.sha256(str(page.resolve()).encode()).hexdigest()[:16]
    return f"{place}-{kept}.json"
