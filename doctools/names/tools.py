"""Comments, LaTeX and printed text that the pages about the tools show."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import cache, lru_cache

from doctools import pages
from doctools.names import known
from doctools.names.expressions import Expression
from doctools.names.known import Known
from doctools.names.scope import (
    ABOUT_TOOLS,
    SUBJECT_LATEX,
    Scope,
    UnresolvedError,
    unknown,
)
from eqcheck.latex.errors import EquationError
from eqcheck.latex.parse import parse
from eqcheck.symbols.comment import is_helper, read_comment

_LATEX = re.compile(r"[\\^_{]")
_COMMENT_LINE = re.compile(
    r"^(check|entries|false|name|new|not checked:|pad|sample|sequence|tolerance"
    r"|unnoticed) "
    r"| in | starts at "
    r"|^[^()]*[\\_].* = .*|^[\w, ()]+ = .*\(|^\S*\^\S* = "
)


def of_tools(text: str, scope: Scope) -> str:
    """Comments, LaTeX and printed text, on the pages about the tools."""
    if scope.page not in ABOUT_TOOLS:
        return ""
    mark = re.fullmatch(r"✓ (?:in \(\d+\)|(\w+))", text)
    if mark:
        if mark[1] and known.public(mark[1]) is None:
            raise UnresolvedError(unknown(mark[1], known.exported(), "nnref has no"))
        return "sign"
    if text.startswith("<!-- source:"):
        name = text.removeprefix("<!-- source:").removesuffix("-->").strip()
        if known.public(name) is None:
            raise UnresolvedError(unknown(name, known.exported(), "nnref has no"))
        return "directive"
    if text.startswith(("<!--", "???", "!!!", "===")):
        if any(text in line for line in _lines_of_pages()):
            return "directive"
        raise UnresolvedError("no page has this line")
    if scope.page in SUBJECT_LATEX:
        if kind := _comment_line(text, scope):
            return kind
        is_python = text.isidentifier() and not re.fullmatch(r"[A-Za-z]_\w", text)
        if _LATEX.search(text) and not is_python:
            return _latex(text, scope)
        if re.search(r"\w \w|^\[", text) and not re.search(r"[A-Za-z]{3}", text):
            return _letters(text, scope)
    return ""


@lru_cache
def _lines_of_pages() -> frozenset[str]:
    return frozenset(
        line.strip()
        for path in pages.markdown_pages()
        for line in path.read_text(encoding="utf-8").splitlines()
    )


def _comment_line(text: str, scope: Scope) -> str:
    """A line of an `equation` comment, with its names."""
    plain = re.sub(r"^(?=starts at)", "x ", text).replace("...", "x")
    if not _COMMENT_LINE.search(plain):
        return ""
    try:
        comment = read_comment(f"equation\n{plain}", 1)
    except EquationError:
        return ""
    if comment == read_comment("equation", 1):
        return ""
    expressions = [a.python for a in comment.assignments]
    expressions += [python for _, python in comment.checks + comment.sequences]
    bound = Known(names={"rng", "np", "nnref"})
    targets = [t for a in comment.assignments for t in a.targets]
    bound.names |= set(re.findall(r"\w+", " ".join(targets)))
    for assignment in comment.assignments:
        arguments = re.fullmatch(r"\w+\((.*)\)", " ".join(assignment.targets))
        for name in arguments[1].split(", ") if arguments else []:
            if name not in assignment.python.names:
                raise UnresolvedError(f"{name} does not stand on the right")
    wider = replace(scope, near=[*scope.near, bound])
    for python in expressions:
        try:
            tree = python.tree
        except EquationError as error:
            raise UnresolvedError(str(error)) from None
        Expression(wider).check(tree)
    pairs = comment.checks + comment.sequences + comment.pads + comment.starts
    letters = [latex for *both, _ in comment.entries for latex in both]
    shown = [*targets, *letters, *(latex for latex, _ in pairs)]
    for latex in [*shown, *comment.compounds]:
        if not is_helper(latex):
            _latex(latex, scope)
    return "directive"


def _letters(text: str, scope: Scope) -> str:
    """A formula without commands: letters that the formulas of the page have."""
    allowed = {"x", *(name for level in scope.levels for name in level.symbols)}
    try:
        parse(text)
    except EquationError:
        return ""
    letters = re.findall(r"[A-Za-z]", text)
    return "LaTeX" if allowed.issuperset(letters) else ""


def _latex(text: str, scope: Scope) -> str:
    """LaTeX all of whose commands and words the checker reads."""
    bare = re.sub(r"\\(text|mathrm|operatorname)\{[^}]*\}|\\[A-Za-z]+", "", text)
    if found := re.findall(r"[A-Za-z]{3,}", bare):
        raise UnresolvedError(f"{found[0]}: neither LaTeX nor a line of a comment")
    # A relation or an exponent is read with what would stand beside it.
    wholes = (text, f"{text} x", f"x {text} x", rf"x = 1 \quad {text}")
    faults = [fault for whole in wholes if (fault := _latex_fault(whole))]
    is_piece = bool(re.fullmatch(r"\\[A-Za-z]+|.*\.\.\..*", text))
    if len(faults) == len(wholes) and (not is_piece or "not read here" in faults[0]):
        raise UnresolvedError(f"LaTeX that eqcheck does not read: {faults[0]}")
    for word in re.findall(r"\\(?:operatorname|mathrm)\{(\w+)\}", text):
        is_given = any(word in level.names for level in scope.levels)
        if not is_given and not re.search(rf"(?m)^\\?{word}$", _literals()):
            raise UnresolvedError(f"eqcheck knows no {word}")
    return "LaTeX"


def _latex_fault(latex: str) -> str:
    try:
        parse(latex)
    except EquationError as error:
        return str(error)
    return ""


@lru_cache
def _literals() -> str:
    folders = ("doctools", "equation-checker/eqcheck")
    found = {
        node.value
        for folder in folders
        for path in (pages.ROOT / folder).rglob("*.py")
        if path.parent.name != "names"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return "\n".join(found) + (pages.ROOT / "mkdocs.yml").read_text(encoding="utf-8")


@cache
def is_literal_of_tools(text: str) -> bool:
    """Whether a tool has this text among its literals."""
    # A word alone is too easily found in a sentence: it must be the whole literal.
    if " " not in text:
        return bool(re.search(rf"^{re.escape(text)}:?$", _literals(), re.MULTILINE))
    return bool(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", _literals()))
