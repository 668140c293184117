"""Writes measurements into the tables of the page on speed, and into two blocks.

They are kept in `results.json`, and those of the plain versions by
`doctools.plain_speed`. A table stands below a comment that says what it is of; a block
begins its data with an assignment.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.cases import CASES
from doctools import plain_speed

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "speed.md"
PARALLEL = ROOT / "docs" / "concepts" / "data-parallel.md"
RESULTS = Path(__file__).with_name("results.json")

Row: TypeAlias = list[str | float | None]

# Of the operations for which the plain version is timed, those that the page shows.
PLAIN = [
    "conv2d",
    "conv2d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "softmax_cross_entropy",
    "softmax_cross_entropy_backward",
    "batch_norm",
    "layer_norm",
    "gelu",
    "dense",
]


def short(value: str | float | None) -> str:
    """Return a number to three digits, and text as it is."""
    if isinstance(value, str):
        return value
    if value is None:
        return "–"  # noqa: RUF001 - a dash in an empty cell
    return f"{value:#.3g}".rstrip(".") if abs(value) < 1000 else f"{value:,.0f}"


def table(head: list[str], rows: list[Row]) -> str:
    """Return a table in Markdown, numbers to the right."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)]]
    lines += [[short(value) for value in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def tables(results: dict[str, Any]) -> dict[str, str]:
    """Return the tables of the page, by name."""
    found: dict[str, tuple[list[str], list[Row]]] = {}
    found["about"] = (["what", "which"], [[k, v] for k, v in results["about"].items()])
    # Ratios and milliseconds with one thread, and the ratio with more.
    head = ["case", "`nnref`, ms", "PyTorch, ms", "ratio", "aim", "2 threads: ratio"]
    aims = {case.name: case.target for case in CASES}
    found["times"] = (
        head,
        [
            [name, *row[:3], aims[name], row[5] if len(row) > 5 else None]
            for name, row in results["times"].items()
        ],
    )
    found["alternatives"] = (
        ["alternative: of what", "`nnref`, ms", "instead, ms", "ratio"],
        [[name, *row] for name, row in results["alternatives"].items()],
    )
    plain = plain_speed.times()
    found["plain"] = (
        ["function", "on", "`nnref`, ms", "plain, ms", "ratio"],
        [
            [f"`{n}`", plain_speed.ON[n], *plain[n], plain[n][0] / plain[n][1]]
            for n in PLAIN
        ],
    )
    found["memory"] = (
        ["case", "`nnref`, MiB", "PyTorch, MiB", "ratio"],
        [[name, a, b, a / b] for name, (a, b) in results["memory"].items()],
    )
    return {name: table(*parts) for name, parts in found.items()}


def growth(results: dict[str, Any]) -> dict[str, Any]:
    """Return the milliseconds of the figure on the page on speed, by size."""
    return {
        what: {int(size): ms for size, ms in found.items()}
        for what, found in results["growth"].items()
    }


def parallel(results: dict[str, Any]) -> dict[str, Any]:
    """Return what the page on several workers says of each network."""
    return {name: tuple(row) for name, row in results["parallel"].items()}


# By page: the variable that its block begins with, and what that is set to.
BLOCKS = {PAGE: ("growth", growth), PARALLEL: ("measured", parallel)}


def replaced(page: Path, text: str, results: dict[str, Any]) -> str:
    """Return the text of a page with these results in its tables and its block."""
    for name, new in tables(results).items() if page == PAGE else ():
        pattern = rf"(<!-- measured: {name} -->\n)(?:\n\|(?:.*\n\|)*.*\n)?"
        text = _once(pattern, f"\\1\n{new}", text, f"the table of {name}")
    name, chosen = BLOCKS[page]
    lines = [f"    {key!r}: {value!r},\n" for key, value in chosen(results).items()]
    assigned = f"{name} = {{\n{''.join(lines)}}}\n".replace("'", '"')
    pattern = rf"(?s)^{name} = \{{\n.*?^\}}\n"
    return _once(pattern, assigned, text, f"the block with {name}")


def _once(pattern: str, new: str, text: str, what: str) -> str:
    text, count = re.subn(pattern, new, text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"the page has {count} times {what}, expected once")
    return text


def rounded(results: Any) -> Any:
    """Return results whose numbers have three digits."""
    if isinstance(results, dict):
        return {name: rounded(value) for name, value in results.items()}
    if isinstance(results, list):
        return [rounded(value) for value in results]
    return float(f"{results:.3g}") if isinstance(results, float) else results


def load() -> dict[str, Any]:
    """Return the results of the last run."""
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def write(new: dict[str, Any]) -> None:
    """Keep new results and write the pages, with the outputs of their blocks."""
    results = load() | rounded(new)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for page in BLOCKS:
        text = replaced(page, page.read_text(encoding="utf-8"), load())
        page.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "doctools.outputs", str(page)]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    write({})
