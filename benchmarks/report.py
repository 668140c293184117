"""Writes measurements into the blocks of the page on speed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "speed.md"


def literal(name: str, value: str | dict[Any, Any]) -> str:
    """Return an assignment, formatted as the pages' code is, an item a line."""
    if isinstance(value, str):
        return f'{name} = """\n{value}"""'
    items = "".join(f"    {key!r}: {value!r},\n" for key, value in value.items())
    code = f"{name} = {{\n{items}}}\n"
    ruff = [sys.executable, "-m", "ruff", "format", "-"]
    done = subprocess.run(ruff, input=code, capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\n")


def replaced(text: str, name: str, value: str | dict[Any, Any]) -> str:
    """Return a page whose every assignment to this name has this value."""
    first, last = ('"""', '"""') if isinstance(value, str) else ("{", "}")
    pattern = re.compile(rf"^{name} = {first}\n.*?^{last}$", re.DOTALL | re.MULTILINE)
    new = literal(name, value)
    text, count = pattern.subn(lambda _: new, text)
    if not count:
        raise ValueError(f"no block of the page assigns to {name}")
    return text


def rows(table: dict[str, list[Any]]) -> str:
    """Return a table as text: the name, then the numbers, to three digits."""

    def short(value: float | None) -> str:
        return "-" if value is None else f"{value:.3g}"

    return "".join(
        f"{name} | {' '.join(map(short, numbers))}\n" for name, numbers in table.items()
    )


def write(
    about: dict[str, str],
    tables: dict[str, dict[str, list[Any]]],
    growth: dict[str, dict[int, float]],
    space: dict[str, dict[int, float]],
) -> None:
    """Replace the data of the page, and then the outputs of its blocks."""
    text = PAGE.read_text(encoding="utf-8")
    values: dict[str, str | dict[Any, Any]] = {
        "about": about,
        **{name: rows(table) for name, table in tables.items()},
        "growth": growth,
        "space": space,
    }
    for name, value in values.items():
        text = replaced(text, name, value)
    PAGE.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "doctools.outputs", str(PAGE)]
    subprocess.run(command, cwd=ROOT, check=True)
