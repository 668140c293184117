"""What all builds need once: counts of all pages, listings; kept in `.cache/counts`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from doctools import pages

CACHE = pages.ROOT / ".cache" / "counts"
# What is counted, and what it is held to, by whatever counts.
FOLDERS = ("benchmarks", "docs", "doctools", "equation-checker", "nnref", "tests")
KINDS = (".json", ".lark", ".md", ".mjs", ".py", ".toml", ".txt", ".yml")
T = TypeVar("T")


def kept(name: str, count: Callable[[], T]) -> T:
    """What `count` returns, as JSON gives it back, unless a file has changed since."""
    return by_key(name, _digest(), count)


def by_key(name: str, key: str, count: Callable[[], T]) -> T:
    """The same, unless the key is another; of each name the last is kept."""
    place = CACHE / f"{name}-{key}.json"
    with suppress(FileNotFoundError):
        found: T = json.loads(place.read_text(encoding="utf-8"))
        return found
    found = count()
    CACHE.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(found), encoding="utf-8")
    for older in CACHE.glob(f"{name}-*.json"):
        older.unlink(missing_ok=True)
    part.replace(place)
    return found


def _digest() -> str:
    digest = hashlib.sha256()
    files = [path for path in pages.ROOT.glob("*") if path.is_file()]
    for folder in FOLDERS:
        files += (pages.ROOT / folder).rglob("*")
    made = pages.ROOT / "doctools" / "theme" / "assets"
    for path in sorted(files):
        written = path.suffix in KINDS and not path.is_relative_to(made)
        if written or path.name == "Makefile":
            digest.update(path.relative_to(pages.ROOT).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]
