"""Rewrites the outputs on the pages from what their blocks print (`make outputs`).

Nothing else on a page changes. A block that fails keeps the output it has, and so does
one whose output a page cannot show.
"""

from __future__ import annotations

import difflib
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from doctools.arguments import parser
from doctools.blocks import BlockError, page_name, run, unshowable
from doctools.census import all_pages
from doctools.pages import EXPECTED_OUTPUT, Block, PageError, blocks


@dataclass(frozen=True)
class Rewritten:
    """A page with its outputs as printed, and what went wrong on the way."""

    path: Path
    before: str
    after: str
    errors: tuple[str, ...]


def rewrite(path: Path) -> Rewritten:
    """Run the blocks of a page and return it with their outputs; write nothing."""
    before = path.read_bytes().decode()
    newline = "\r\n" if "\r\n" in before else "\n"
    lines = before.split(newline)
    text = "\n".join(lines)
    name = page_name(path)
    errors: list[str] = []
    try:
        if "\r" in text or text.count("\n") != len(lines) - 1:
            raise PageError(f"{name}:1: the lines of this page end in different ways")
        found = blocks(text, name)
    except PageError as error:
        return Rewritten(path, before, before, (str(error),))
    for block in reversed(found):  # so that line numbers above stay right
        try:
            _put(lines, block, _printed(block, name))
        except BlockError as error:
            errors.insert(0, str(error))
    return Rewritten(path, before, newline.join(lines), tuple(errors))


def _printed(block: Block, name: str) -> list[str]:
    if block.output is not None and block.output.info != "text":
        message = "not an output: an output stands in a ```text fence"
        raise BlockError(name, block.output.line, message)
    output = run(block, name).output
    if fault := unshowable(output):
        raise BlockError(name, block.line, fault)
    if block.output is not None and not output:
        message = "prints nothing: take the output away, or print"
        raise BlockError(name, block.output.line, message)
    return output.split("\n")[:-1]


def _put(lines: list[str], block: Block, output: list[str]) -> None:
    """Replace the output of a block, or insert one below it if it prints."""
    fence = block.output
    if fence is not None:
        new = [fence.indent + line if line else "" for line in output]
        lines[fence.line : fence.end - 1] = new
    elif output:
        new = ["", f"<!--{EXPECTED_OUTPUT}-->", "", "```text", *output, "```"]
        new = [block.indent + line if line else "" for line in new]
        if "".join(lines[block.end : block.end + 1]).strip():
            new.append("")
        lines[block.end : block.end] = new


def main(arguments: list[str] | None = None) -> int:
    """Rewrite pages; the result is the exit code."""
    options = parser("outputs", __doc__)
    options.add_argument(
        "--check", action="store_true", help="write nothing, show what would change"
    )
    chosen = options.parse_args(arguments)
    paths = chosen.pages or all_pages()
    workers = min(2, os.cpu_count() or 1, len(paths))
    # spawn: a block may start threads, and a fork of those is not safe.
    context = multiprocessing.get_context("spawn")
    failed = changed = 0
    with ProcessPoolExecutor(workers, context) as pool:
        for page in pool.map(rewrite, paths):
            failed += len(page.errors)
            print(
                *page.errors, sep="\n\n", end="\n" * bool(page.errors), file=sys.stderr
            )
            if page.after == page.before:
                continue
            changed += 1
            name = page_name(page.path)
            if chosen.check:
                sys.stdout.writelines(
                    difflib.unified_diff(
                        page.before.splitlines(keepends=True),
                        page.after.splitlines(keepends=True),
                        name,
                        f"{name} (as printed)",
                    )
                )
            else:
                page.path.write_bytes(page.after.encode())
                print(f"{name}: rewritten")
    return 1 if failed or (chosen.check and changed) else 0


if __name__ == "__main__":
    sys.exit(main())
