"""The command `eqcheck`: checks pages, or one equation, and says how it was read."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import eqcheck
from eqcheck.check.source import Source
from eqcheck.outside.config import Config, ConfigError, find
from eqcheck.outside.markdown import PageError
from eqcheck.outside.report import FAILED, Result, results
from eqcheck.outside.show import explain
from eqcheck.outside.sources import name_of, read_page

OK, WRONG, USAGE = 0, 1, 2

DESCRIPTION = "Check the equations of Markdown pages by evaluating both sides."
EPILOG = """\
exit codes: 0 all hold, 1 an equation fails, 2 a page cannot be found or read

What comments may use stands in pyproject.toml, in the table [tool.eqcheck]. Results are
kept in .cache/equations below the working directory, which is safe to delete.
"""


class UsageError(Exception):
    """What was asked for is not there."""


@dataclass(frozen=True)
class Options:
    """How pages are checked."""

    trials: bool
    cache: Path | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    asked = _parser().parse_args(arguments)
    options = Options(not asked.no_trials, None if asked.no_cache else eqcheck.CACHE)
    found: list[tuple[Path, Result]] = []
    shown: list[str] = []
    try:
        for argument in asked.page:
            path, line = _place(argument)
            if line is None:
                for page in _pages(path):
                    found += [(page, result) for result in _check(page, options)]
            else:
                result, explained = _one(path, line, options)
                found.append((path, result))
                shown += explained
    except (UsageError, ConfigError, PageError) as error:
        print(f"eqcheck: {error}", file=sys.stderr)
        return USAGE
    if asked.json:
        data = [{"page": str(path), **result.to_json()} for path, result in found]
        print(json.dumps(data, indent=2))
    else:
        print(*shown, *(_said(*each) for each in found), sep="\n")
    return WRONG if any(result.status == FAILED for _, result in found) else OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="eqcheck",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "page",
        nargs="+",
        metavar="PAGE[:LINE]",
        help="a Markdown file or a folder of them; with a line, the one equation "
        "there, and how it was understood",
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument(
        "--no-trials",
        action="store_true",
        help="do not try whether changed forms would be noticed (half of the time)",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="neither read nor keep results"
    )
    return parser


def _place(argument: str) -> tuple[Path, int | None]:
    """The file or folder, and the line if one is named."""
    name, _, number = argument.rpartition(":")
    if number.isdigit() and not Path(argument).exists():
        path, line = Path(name), int(number)
        if path.is_dir():
            raise UsageError(f"{path} is a folder: a line belongs to a file")
    else:
        path, line = Path(argument), None
    if not path.exists():
        raise UsageError(f"{path} does not exist")
    return path, line


def _pages(path: Path) -> list[Path]:
    """The file, or the Markdown files below the folder."""
    if not path.is_dir():
        return [path]
    pages = [
        page
        for page in sorted(path.rglob("*.md"))
        if not any(part.startswith(".") for part in page.relative_to(path).parts)
    ]
    if not pages:
        raise UsageError(f"{path} holds no Markdown files (*.md)")
    return pages


def _config(path: Path) -> Config:
    config = find(path)
    config.enter()
    return config


def _sources(path: Path) -> list[Source]:
    try:
        return read_page(path)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as text: {error}") from None


def _check(path: Path, options: Options) -> list[Result]:
    config = _config(path)
    _sources(path)
    cache, trials = options.cache, options.trials
    return eqcheck.check_page(path, cache=cache, trials=trials, config=config)


def _one(path: Path, line: int, options: Options) -> tuple[Result, list[str]]:
    """One equation: those around it are read for their symbols, and no further."""
    config = _config(path)
    every = _sources(path)
    wanted = [each for each in every if _top(each) <= line <= each.end]
    if not wanted:
        raise UsageError(f"{path}:{line}: no equation stands here{_near(every, line)}")
    sources = eqcheck.with_comment(every, config)
    asked = next((each for each in sources if each.line == wanted[0].line), None)
    if asked is None:
        raise UsageError(
            f"{path}:{line}: no comment `<!-- equation` stands above this equation"
        )
    page = eqcheck.open_page(config, trials=False)
    items, shown = [], []
    defines = False  # then what is below may rely on it
    for source in sources:
        here = source is asked
        item = page.read(source, trials=options.trials and here, check=here or defines)
        items.append(item)
        if here:
            shown = list(explain(page, item))
            defines = any(line.new for line in item.lines)
    page.finish(items)
    (result,) = (r for r in results(items, name_of(path)) if r.line == asked.line)
    return result, shown


def _top(source: Source) -> int:
    return source.line if source.comment is None else source.comment_line


def _near(sources: list[Source], line: int) -> str:
    if not sources:
        return " nor anywhere else on this page"
    nearest = min(sources, key=lambda each: abs(each.line - line))
    return f"; the nearest is in lines {_top(nearest)} to {nearest.end}"


def _said(path: Path, result: Result) -> str:
    if result.status == FAILED:
        return f"{path}:{result.line}: FAILED\n{result.reason}\n"
    details = [result.reason] if result.reason else []
    if result.comparisons:
        details.append(f"{result.comparisons} comparisons")
    if result.against:
        details.append(f"against {', '.join(result.against)}")
    if result.mutants:
        details.append(f"{result.caught} of {result.mutants} changed forms noticed")
    lines = [f"{path}:{result.line}: {result.status} ({'; '.join(details)})"]
    lines += [f"    not noticed: {survivor}" for survivor in result.survivors]
    return "\n".join(lines)


def run() -> None:
    """The command `eqcheck`."""
    sys.exit(main())
