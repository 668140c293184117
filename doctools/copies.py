"""A copy of the repository, to change something in it or to time it from nothing."""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from doctools import pages

__all__ = ["copy", "made"]


@cache
def made() -> tuple[str, ...]:
    """What builds and tests make, as `.gitignore` lists it."""
    text = (pages.ROOT / ".gitignore").read_text(encoding="utf-8")
    return tuple(line.rstrip("/") for line in text.split())


def copy(target: Path) -> Path:
    """Copy everything but what is made: pages name files of all kinds."""

    def skipped(folder: str, names: list[str]) -> set[str]:
        place = Path(folder).relative_to(pages.ROOT)
        return {n for n in names if n == ".git" or _is_made((place / n).as_posix(), n)}

    shutil.copytree(pages.ROOT, target, ignore=skipped, dirs_exist_ok=True)
    return target


def _is_made(path: str, name: str) -> bool:
    """Whether a pattern names it: with a slash inside or in front, by its path."""
    return any(
        fnmatch(path, pattern.lstrip("/")) if "/" in pattern else fnmatch(name, pattern)
        for pattern in made()
    )
