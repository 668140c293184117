"""Keeps the results of a page as long as nothing that they rest on changes."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from eqcheck.outside.report import Result
from eqcheck.symbols.comment import PACKAGE


def key(text: str, name: str) -> str:
    """A hash of the page, of the checker and of the package it checks against."""
    digest = hashlib.sha256(_surroundings())
    digest.update(name.encode())
    digest.update(b"\0")
    digest.update(text.encode())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _surroundings() -> bytes:
    digest = hashlib.sha256(f"{sys.version} {np.__version__}".encode())
    folders = [Path(__file__).parent.parent]
    files: list[Path] = []
    spec = importlib.util.find_spec(PACKAGE)
    if spec is not None and spec.origin is not None:
        folders.append(Path(spec.origin).parent)
    for folder in folders:
        files += (path for path in folder.rglob("*") if path.is_file())
    for path in sorted(files):
        if path.suffix != ".pyc":
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
