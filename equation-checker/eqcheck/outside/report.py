"""What is said about a checked equation: for pytest, the shell and the site."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from eqcheck.check.item import Item, Line
from eqcheck.symbols.comment import CommentError
from eqcheck.symbols.state import Mark

CHECKED = "checked"
DEFINITION = "definition"
NOT_CHECKED = "not checked"
SETTING = "setting"  # inline formulas that only say in which case a sentence speaks
FAILED = "failed"


@dataclass(frozen=True)
class Result:
    """What became of one displayed equation.

    `line` is that of the opening `$$`, `end` that of the closing one. `bound` names
    what of the package the equation was held against, `against` the same with the
    package in front (`package.name`). `survivors` says which changed forms
    would have passed, though they are not equivalent, and why if the author says so.
    """

    line: int
    end: int
    status: str
    reason: str = ""
    against: tuple[str, ...] = ()
    comparisons: int = 0
    mutants: int = 0
    caught: int = 0
    survivors: tuple[str, ...] = ()
    used_by: tuple[int, ...] = ()
    assertions: int = 0  # statements that are asserted
    definitions: int = 0  # statements that only define
    inline: int = 0  # formulas of a paragraph
    excused: int = 0  # of them, not checked, with a reason
    settings: tuple[tuple[int, int, str], ...] = ()  # line, column, what they set

    @property
    def bound(self) -> tuple[str, ...]:
        """The names in `against` without their package."""
        return tuple(name.rpartition(".")[2] for name in self.against)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Result:
        """From plain data."""
        lists = {"against", "survivors", "used_by"}
        data["settings"] = tuple(tuple(each) for each in data["settings"])
        plain: dict[str, Any] = {
            name: tuple(value) if name in lists else value
            for name, value in data.items()
        }
        return cls(**plain)


def results(items: list[Item], page: str) -> list[Result]:
    """The results of all equations of a page, in order."""
    users: dict[Mark, list[int]] = {}  # definition -> lines that rely on it
    for item in items:
        for line in item.lines:
            if line.comparisons:
                for used in line.uses:
                    users.setdefault(used, []).append(line.line)
    return [_result(item, users, page) for item in items]


def _result(item: Item, users: dict[Mark, list[int]], page: str) -> Result:
    source = item.source
    if item.failed:
        inline = len(source.formulas)
        said = failure(item, page)
        return Result(source.line, source.end, FAILED, said, inline=inline)
    if item.comment is not None and item.comment.unchecked is not None:
        reason = f"not checked, because {item.comment.unchecked}"
        return Result(source.line, source.end, NOT_CHECKED, reason)
    comparisons = sum(line.comparisons for line in item.lines)
    bound = sorted({name for line in item.lines for name in line.bound})
    own = {mark for line in item.lines if line.new for mark in line.marks}
    used_by = sorted({user for mark in own for user in users.get(mark, [])})
    if comparisons:
        status, reason = CHECKED, ""
    elif source.formulas:
        status, reason = SETTING, ""
    elif used_by:
        listed = ", ".join(map(str, used_by))
        status, reason = DEFINITION, f"a definition, used by line {listed}"
    else:
        status = NOT_CHECKED
        reason = "it only defines, and nothing below asserts anything with it"
    mutants = [mutant for line in item.lines for mutant in line.mutants]
    return Result(
        *(source.line, source.end, status, reason),
        against=tuple(bound),
        comparisons=comparisons,
        mutants=len(mutants),
        caught=sum(mutant.caught for mutant in mutants),
        survivors=tuple(str(mutant) for mutant in mutants if not mutant.caught),
        used_by=tuple(used_by),
        assertions=sum(line.comparisons > 0 for line in item.lines),
        definitions=sum(line.new for line in item.lines),
        inline=len(source.formulas),
        excused=len(item.comment.excused) if item.comment is not None else 0,
        settings=tuple((s.line, s.column, s.latex) for s in item.open_settings),
    )


def failure(item: Item, page: str) -> str:
    """What went wrong, with the LaTeX, the values and the shapes."""
    source = item.error_in or item.source
    lines = source.latex.splitlines()
    parts: list[str] = []
    if item.error is not None:
        error = item.error
        if isinstance(error, CommentError):
            return f"{page}:{error.line}: {error.message}"
        at = error.at
        if at is None or not 0 < at.line <= len(lines):
            return f"{page}:{source.line}: {error.message}"
        row, column = source.page_line(at.line), source.page_column(at.line, at.column)
        parts.append(f"{page}:{row}:{column}: {error.message}")
        parts.append(f"    {lines[at.line - 1]}")
        parts.append("    " + " " * (at.column - 1) + "^")
        if error.defined_in not in {None, item.at}:
            parts.append(f"used at {page}:{item.at}")
    else:
        parts += _difference(item, lines, page)
    if item.shapes:
        parts.append("symbols:")
        width = max(map(len, item.shapes))
        parts += [f"    {name:{width}}  {what}" for name, what in item.shapes.items()]
    return "\n".join(parts)


def _difference(item: Item, lines: list[str], page: str) -> list[str]:
    assert item.outcome is not None
    assert item.failed_line is not None
    row = item.failed_line.row
    shown = [f"    {text}" for text in lines[row.first - 1 : row.last]]
    found = item.outcome.failure
    if found is None:
        message = "its condition holds at no index, so nothing is asserted"
        return [f"{page}:{item.failed_line.line}: {message}", *shown]
    where = f" at {found.place}" if found.place else ""
    line = item.source.page_line(found.at.line)
    parts = [
        f"{page}:{line}: the two sides of this {found.operator} disagree{where}",
        *shown,
        f"left:  {found.left}",
    ]
    if found.right:
        parts.append(f"right: {found.right}")
    if found.where:
        parts.append(found.where)
    return parts


def line_summary(line: Line) -> str:
    """What a statement does, in a few words."""
    if line.comparisons:
        against = f", against {', '.join(sorted(line.bound))}" if line.bound else ""
        return f"asserted, {line.comparisons} comparisons{against}"
    return "a definition" if line.new else "nothing asserted"
