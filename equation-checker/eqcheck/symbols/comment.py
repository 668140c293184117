"""The comment above an equation: what its symbols are.

A line `LATEX = PYTHON` gives a symbol; the other lines are directives. The guide for
authors, `docs/writing-equations.md`, lists them.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import CodeType

from eqcheck.latex.errors import EquationError

_HELPER = re.compile(r"[A-Za-z_]\w+")
_SHORT = re.compile(r"[A-Za-z](_[A-Za-z0-9])?")
_UNCHECKED = re.compile(r"equation\s*:\s*not checked\s*,?\s*(.*)", re.DOTALL)
_RANGE = re.compile(r"(.+?)\s+in\s+(.+?)\s*\.\.\s*(.+)")
_PAD = re.compile(r"pad\s+(.+?)\s+with\s+(.+)")
_UNNOTICED = re.compile(r"unnoticed\s+(.+?)\s*,?\s+because\s+(.+)")
_EXCUSED = re.compile(r"not checked:\s*(.+?)\s*,\s*because\s+(.+)")
_ENTRIES = re.compile(r"entries\s+(.+?)\s+of\s+(.+)")
_STARTS = re.compile(r"(.+?)\s+starts\s+at\s+(.+)")


@dataclass(frozen=True)
class Python:
    """A Python expression of a comment."""

    source: str
    line: int

    @cached_property
    def tree(self) -> ast.Expression:
        """The syntax tree."""
        try:
            return _parsed(self.source.strip())
        except SyntaxError as error:
            message = f"{error.msg}: {self.source.strip()}"
            raise CommentError(message, self.line) from None

    @cached_property
    def code(self) -> CodeType:
        """The expression, compiled."""
        return _compiled(self.tree, self.line)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that it reads."""
        return _names(self.tree)


@lru_cache(maxsize=10_000)
def _parsed(source: str) -> ast.Expression:
    return ast.parse(source, mode="eval")


@lru_cache(maxsize=10_000)
def _compiled(tree: ast.Expression, line: int) -> CodeType:
    return compile(tree, f"comment, line {line}", "eval")


@lru_cache(maxsize=10_000)
def _names(tree: ast.Expression) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))


class CommentError(EquationError):
    """A comment that cannot be read or run, and the line of the page."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Assignment:
    """`target = python`; several targets take a tuple apart."""

    targets: tuple[str, ...]
    python: Python
    line: int
    sample: bool = False


@dataclass
class Comment:
    """What a comment says."""

    line: int
    assignments: list[Assignment] = field(default_factory=list)
    ranges: dict[str, tuple[Python, Python]] = field(default_factory=dict)
    tolerance: Python | None = None
    pads: list[tuple[str, Python]] = field(default_factory=list)
    starts: list[tuple[str, Python]] = field(default_factory=list)
    entries: list[tuple[str, str, int]] = field(default_factory=list)
    sequences: list[tuple[str, Python]] = field(default_factory=list)
    checks: list[tuple[str, Python]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    compounds: list[str] = field(default_factory=list)
    unnoticed: list[tuple[str, str, int]] = field(default_factory=list)
    excused: list[tuple[str, str, int]] = field(default_factory=list)
    false: list[tuple[str, int]] = field(default_factory=list)
    as_below: bool = False  # the symbols of the next display are meant
    unchecked: str | None = None


def is_helper(target: str) -> bool:
    """Whether a name is Python's own: two letters or more, such as `labels`."""
    return bool(_HELPER.fullmatch(target)) and not _SHORT.fullmatch(target)


def read_comment(text: str, first_line: int) -> Comment:
    """Read a comment that begins with `equation`."""
    comment = Comment(first_line)
    match = _UNCHECKED.fullmatch(text.strip())
    if match:
        reason = " ".join(match[1].split()).removeprefix("because").strip(" .")
        if not reason:
            raise CommentError("say why: `not checked, because ...`", first_line)
        comment.unchecked = reason
        return comment
    head, _, body = text.partition("\n")
    if head.removeprefix("equation").strip(": "):
        raise CommentError(
            "the first line is `equation` or `equation: not checked, because ...`",
            first_line,
        )
    for line, content in _logical_lines(body, first_line + 1):
        _read_line(comment, content, line)
    return comment


def _logical_lines(body: str, first_line: int) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    depth = 0
    for k, raw in enumerate(body.splitlines()):
        text = re.sub(r"(^|\s)#.*$", "", raw).rstrip()
        if not text:
            continue
        continues = found and (depth > 0 or text[0].isspace())
        if continues:
            found[-1] = (found[-1][0], f"{found[-1][1]} {text.strip()}")
        else:
            found.append((first_line + k, text.strip()))
            depth = 0
        depth += sum(text.count(c) for c in "([{") - sum(text.count(c) for c in ")]}")
    return found


def _read_line(comment: Comment, text: str, line: int) -> None:
    word, _, rest = text.partition(" ")
    if word == "new":
        comment.forgotten += _listed(rest)
    elif word == "name":
        comment.compounds += _listed(rest)
    elif word == "check":
        target, code = _split(rest, line)
        comment.checks.append((target, Python(code, line)))
    elif word == "sequence":
        target, code = _split(rest, line)
        comment.sequences.append((target, Python(code, line)))
    elif word == "sample":
        target, code = _split(rest, line)
        python = Python(code, line)
        comment.assignments.append(Assignment((target,), python, line, sample=True))
    elif text == "as below":
        comment.as_below = True
    elif word == "false":
        comment.false.append((rest, line))
    elif match := _EXCUSED.fullmatch(text):
        comment.excused.append((match[1], match[2], line))
    elif match := _UNNOTICED.fullmatch(text):
        comment.unnoticed.append((match[1], match[2], line))
    elif match := _PAD.fullmatch(text):
        code = {"-inf": "-np.inf", "inf": "np.inf"}.get(match[2], match[2])
        comment.pads.append((match[1], Python(code, line)))
    elif match := _ENTRIES.fullmatch(text):
        comment.entries.append((match[1], match[2], line))
    elif match := _STARTS.fullmatch(text):
        comment.starts.append((match[1], Python(match[2], line)))
    elif match := _RANGE.fullmatch(text):
        bounds = Python(match[2], line), Python(match[3], line)
        for name in _listed(match[1]):
            comment.ranges[name] = bounds
    else:
        target, code = _split(text, line)
        if target == "tolerance":
            comment.tolerance = Python(code, line)
            return
        targets = tuple(_listed(target))
        comment.assignments.append(Assignment(targets, Python(code, line), line))


def _listed(text: str) -> list[str]:
    """Split at commas outside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "({[") - (character in ")}]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _split(text: str, line: int) -> tuple[str, str]:
    """Split at the first `=` outside of brackets."""
    depth = 0
    for k, character in enumerate(text):
        depth += (character in "({[") - (character in ")}]")
        if character == "=" and depth == 0:
            return text[:k].strip(), text[k + 1 :].strip()
    raise CommentError(f"neither `symbol = python` nor a directive: {text}", line)
