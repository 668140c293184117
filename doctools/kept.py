"""What all builds need, made once: kept in `.cache/kept` by what it is made from."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from doctools import pages

CACHE = pages.ROOT / ".cache" / "kept"
# What is counted of pages, and all that it can be held to.
FOLDERS = ("benchmarks", "docs", "doctools", "equation-checker", "nnref", "tests")
KINDS = (".json", ".lark", ".md", ".mjs", ".py", ".toml", ".txt", ".yml")
T = TypeVar("T")


def by_files(name: str, files: Iterable[Path], make: Callable[[], T]) -> T:
    """What `make` returns, as JSON gives it back, unless one of the files is another.

    Of each name the last is kept.
    """
    place = CACHE / f"{name}-{digest(files)}.json"
    with suppress(FileNotFoundError):
        known: T = json.loads(place.read_text(encoding="utf-8"))
        return known
    found = make()
    CACHE.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(found), encoding="utf-8")
    for older in CACHE.glob(f"{name}-*.json"):
        older.unlink(missing_ok=True)
    part.replace(place)
    return found


def sources() -> list[Path]:
    """All files that somebody wrote."""
    files = [path for path in pages.ROOT.glob("*") if path.is_file()]
    for folder in FOLDERS:
        files += (pages.ROOT / folder).rglob("*")
    made = pages.ROOT / "doctools" / "theme" / "assets"
    return [
        path
        for path in files
        if path.suffix in KINDS or path.name == "Makefile"
        if not path.is_relative_to(made)
    ]


def digest(files: Iterable[Path]) -> str:
    """A hash of the names and contents of files."""
    whole = hashlib.sha256()
    for path in sorted(files):
        state = path.stat()
        content = _content(path, state.st_mtime_ns, state.st_size)
        whole.update(os.path.relpath(path, pages.ROOT).encode() + b"\0" + content)
    return whole.hexdigest()[:32]


@lru_cache(maxsize=4096)
def _content(path: Path, _when: int, _size: int) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
