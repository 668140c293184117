"""Check the equations of pages, or one of them, and show how it was understood.

eqcheck PAGE...         one line for each equation
eqcheck PAGE:LINE       one equation, explained
"""

from __future__ import annotations

import sys
from pathlib import Path

from eqcheck.check.page import Page
from eqcheck.outside.report import FAILED, Result, results
from eqcheck.outside.show import explain
from eqcheck.outside.sources import read_page
from eqcheck.symbols.comment import PACKAGE


def main(arguments: list[str]) -> int:
    """Run the command; 1 if an equation fails."""
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(__doc__)
        return 0 if arguments else 2
    failed = False
    for argument in arguments:
        name, _, number = argument.rpartition(":")
        if not number.isdigit():
            name, number = argument, ""
        failed |= _check(Path(name), int(number) if number else None)
    return int(failed)


def _check(path: Path, line: int | None) -> bool:
    page = Page(path.name)
    items = []
    explained = False
    for source in read_page(path):
        above = source.comment_line if source.comment is not None else source.line
        if line is not None and above > line:
            break
        item = page.read(source)
        items.append(item)
        if line is not None and above <= line <= source.end:
            explained = True
            print(*explain(page, item), sep="\n")
    page.finish(items)
    found = results(items, path.name)
    if line is not None:
        found = found[-1:] if explained else []
        if not found:
            print(f"{path}:{line}: no displayed equation stands here")
            return True
    for result in found:
        _print(result, path)
    return any(result.status == FAILED for result in found)


def _print(result: Result, path: Path) -> None:
    if result.status == FAILED:
        print(f"{path}:{result.line}: FAILED\n{result.reason}\n")
        return
    details = [result.reason] if result.reason else []
    if result.comparisons:
        details.append(f"{result.comparisons} comparisons")
    if result.bound:
        names = ", ".join(f"{PACKAGE}.{name}" for name in result.bound)
        details.append(f"against {names}")
    if result.mutants:
        details.append(f"{result.caught} of {result.mutants} changed forms noticed")
    print(f"{path}:{result.line}: {result.status} ({'; '.join(details)})")
    for survivor in result.survivors:
        print(f"    not noticed: {survivor}")


def run() -> None:
    """The command `eqcheck`."""
    sys.exit(main(sys.argv[1:]))
