"""Says what kind of thing one piece of inline code names."""

from __future__ import annotations

import ast
import difflib
import keyword
import re
from collections.abc import Iterable
from functools import lru_cache

from doctools import commands, copies, pages
from doctools.names import known
from doctools.names.expressions import Expression
from doctools.names.scope import (
    ABOUT_TOOLS,
    PLACEHOLDER,
    Scope,
    UnresolvedError,
    nearest,
    unknown,
)
from doctools.names.tools import is_literal_of_tools, of_tools

_PATH = re.compile(r"[\w.*-]+(/[\w.*-]*)+|[\w-]+\.(md|py|toml|yml|txt|in|LICENSE)")
_VARIABLE = re.compile(r"[A-Z][A-Z_]{4,}")


def resolve(text: str, scope: Scope) -> str:
    """Say what kind of thing a piece of inline code names, or raise UnresolvedError."""
    if not re.search(r"\w", text):
        return "sign"
    for rule in (_command, _path, of_tools, _quoted, _suffix):
        if kind := rule(text, scope):
            return kind
    try:
        return _named(text, scope)
    except UnresolvedError:
        if _is_printed(text, scope):
            return "output"
        if scope.page in ABOUT_TOOLS and is_literal_of_tools(text):
            return "printed by a tool"
        raise


def _named(text: str, scope: Scope) -> str:
    if _VARIABLE.fullmatch(text) and "_" in text:
        return _environment(text)
    if kind := _keywords(text, scope):
        return kind
    try:
        return Expression(scope).kind(_python(text))
    except SyntaxError:
        message = "neither Python nor a path, a command or printed text"
        raise UnresolvedError(message) from None


def _python(text: str) -> ast.Module:
    source = f"_{text}" if text.startswith(".") else text
    source = re.sub(r"=(?=\s*[,)])", "=...", source)  # `fit(patience=)`
    if re.search(r"(^|, )\*", source):  # `*args, **kwargs`
        source = f"_({source})"
    return ast.parse(source.strip())


def _keywords(text: str, scope: Scope) -> str:
    """`patience=5`, `axis=0`: parameters of what the text or a block of it calls."""
    if not re.match(r"\w+=(?!=)", text):
        return ""
    try:
        source = re.sub(r"=(?=\s*(,|$))", "=...", text)
        call = ast.parse(f"_({source})", mode="eval").body
    except SyntaxError:
        return ""
    if not isinstance(call, ast.Call) or call.args:
        return ""
    allowed = set[str]()
    for level in scope.near:
        allowed |= {name for each in level.parameters() for name in each.named}
        allowed |= level.keywords
        for each in level.functions.values():
            allowed |= {name for one in each for name in one.named}
    for item in call.keywords:
        if item.arg not in allowed:
            what = "nothing that the page calls has a parameter"
            raise UnresolvedError(unknown(item.arg or "**", allowed, what))
        Expression(scope).check(item.value)
    return "keyword"


def _is_printed(text: str, scope: Scope) -> bool:
    """Whether this is a word that the nearest output shows, and no name of code.

    A block may print a name that the package no longer has.
    """
    is_name = text.isidentifier() and not (text.isalpha() and text.islower())
    return not is_name and not keyword.iskeyword(text) and _holds(scope.printed, text)


def _holds(among: Iterable[str], text: str) -> bool:
    if not re.search(r"[A-Za-z]", text):
        return False
    # not the end of a dotted name, which is code that a string holds
    pattern = re.compile(rf"(?<![\w.]){re.escape(text)}(?!\w)")
    return any(pattern.search(each) for each in among)


def _command(text: str, scope: Scope) -> str:
    if not commands.is_command(text):
        return ""
    if fault := commands.fault(text):
        raise UnresolvedError(fault)
    return "command"


def _path(text: str, scope: Scope) -> str:
    if not _PATH.fullmatch(text):
        return ""
    if text.strip("/") in [made.strip("/") for made in copies.made()]:
        return "path"
    pattern = PLACEHOLDER.sub("*", text.rstrip("/"))
    if not any(pages.ROOT.glob(pattern)):
        near = difflib.get_close_matches(text, _files(), 1)
        raise UnresolvedError("no such file" + nearest(near))
    return "path"


@lru_cache
def _files() -> list[str]:
    roots = ["docs", "nnref", "doctools", "tests", "benchmarks", "requirements"]
    return [
        path.relative_to(pages.ROOT).as_posix()
        for root in roots
        for path in (pages.ROOT / root).rglob("*")
        if "__pycache__" not in path.parts
    ]


def _quoted(text: str, scope: Scope) -> str:
    """A literal string such as a key: a block or an output holds it to the letter."""
    if not re.fullmatch(r"\"[^\"]*\"|'[^']*'", text):
        return ""
    if _holds((each for level in scope.near for each in level.strings), text[1:-1]):
        return "output"
    raise UnresolvedError("no block of the section holds this text")


def _suffix(text: str, scope: Scope) -> str:
    """`_backward`: what several public names end in."""
    if not text.startswith("_") or not text.isidentifier():
        return ""
    if sum(name.endswith(text) for name in known.exported()) < 2:
        raise UnresolvedError("no public names of nnref end in this")
    return "nnref"


def _environment(text: str) -> str:
    sources = [pages.ROOT / "Makefile", pages.ROOT / "mkdocs.yml"]
    for folder in ("benchmarks", "doctools"):
        sources += (pages.ROOT / folder).glob("*.py")
    if any(
        re.search(rf"\b{text}\b", path.read_text(encoding="utf-8")) for path in sources
    ):
        return "environment"
    raise UnresolvedError("no such variable in Makefile, mkdocs.yml or the code")
