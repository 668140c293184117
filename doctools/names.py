"""Inline code names what exists: in the blocks beside it, the package, NumPy, Python.

A name that is meant not to exist is marked above its paragraph, to the letter:
`<!-- names: `zero_grad`, `nn.ReLU`, because they are PyTorch's -->`.
`python -m doctools.names` lists what does not resolve; with `--mutate`, what share of
misspelt names is noticed.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import keyword
import random
import re
import string
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib import import_module
from pathlib import Path

import numpy as np

import nnref
from doctools import commands, known, pages
from doctools.blocks import page_name
from doctools.known import Known, Signature
from eqcheck.latex.errors import EquationError
from eqcheck.latex.names import identifier
from eqcheck.latex.parse import parse
from eqcheck.outside.markdown import Paragraph, Span, paragraphs
from eqcheck.symbols.comment import is_helper, read_comment

# Pages about the tools: what these read and print is named there, too.
ABOUT_TOOLS = {
    "CONTRIBUTING.md",
    "docs/how-it-is-checked.md",
    "docs/writing-equations.md",
    "equation-checker/README.md",
}
SUBJECT_LATEX = {"docs/writing-equations.md", "equation-checker/README.md"}
ROOT_PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PLACEHOLDER = re.compile(r"\b(NAME|PAGE|LINE|SYMBOL|EXPRESSION)\b|(?<=_)NAME\b")
ANY_FUNCTION = "f"  # `f(x, ...)` and `f_backward(dy, x, ...)`: any operation

_MARK = re.compile(r"names:\s*(?P<names>.*?)\s*,\s*because\s+(?P<why>\w.*)", re.DOTALL)
_QUOTED = re.compile(r"(`+) ?(.+?) ?\1", re.DOTALL)
_KEYWORDS = re.compile(r"(\w+=(?![=]).*?)")
_LATEX = re.compile(r"[\\^_{]")
_PATH = re.compile(r"[\w.*-]+(/[\w.*-]*)+|[\w-]+\.(md|py|toml|yml|txt|in|LICENSE)")
_COMMENT_LINE = re.compile(
    r"^(check|entries|false|name|new|not checked:|pad|sample|sequence|tolerance"
    r"|unnoticed) "
    r"| in | starts at "
    r"|^[^()]*[\\_].* = .*|^[\w, ()]+ = .*\(|^\S*\^\S* = "
)
_VARIABLE = re.compile(r"[A-Z][A-Z_]{4,}")


class UnresolvedError(Exception):
    """Why a piece of inline code names nothing; `names` are what it might have said."""


@dataclass(frozen=True)
class Name:
    """A piece of inline code: where it stands, and what it was found to be."""

    place: str  # page:line
    text: str
    kind: str = ""
    fault: str = ""

    def __str__(self) -> str:
        """As a failure shows it."""
        return f"{self.place}: `{self.text}`: {self.fault}"


@dataclass(frozen=True)
class Share:
    """How many pieces of inline code there are, what they are, how many are marked."""

    spans: int
    kinds: dict[str, int]

    @property
    def marked(self) -> int:
        """How many are marked as not to be found here."""
        return self.kinds.get("marked", 0)


@dataclass
class Scope:
    """What a piece of inline code may name, from near to far."""

    page: str
    near: list[Known]  # the paragraph, the section
    far: list[Known]  # the page
    row: frozenset[str] = frozenset()  # the symbols of the row of a table

    @property
    def levels(self) -> list[Known]:
        """All that is known, from near to far."""
        return [*self.near, *self.far]

    def for_name(self, name: str) -> list[Known]:
        """One letter is found anywhere: it must be known in the section."""
        return self.near if len(name) == 1 else self.levels

    def signatures(self) -> Iterator[Signature]:
        """Those of the package's callables that the text or the code names."""
        for level in self.levels:
            yield from level.parameters()

    def all_names(self) -> set[str]:
        """Every name that might have been meant."""
        names = set(known.exported()) | known.package_modules()
        for level in self.levels:
            names |= level.names | level.functions.keys() | level.attributes
            names |= level.keywords
        for each in self.signatures():
            names |= each.parameters
        return names


# ------------------------------------------------------------------------ one span


def resolve(text: str, scope: Scope) -> str:
    """Say what kind of thing a piece of inline code names, or raise UnresolvedError."""
    if not re.search(r"\w", text):
        return "sign"
    for rule in (_command, _path, _of_tools, _quoted, _suffix):
        if kind := rule(text, scope):
            return kind
    try:
        return _named(text, scope)
    except UnresolvedError:
        if _in_output(text, scope):
            return "output"
        if scope.page in ABOUT_TOOLS and _is_literal_of_tools(text):
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


def _command(text: str, scope: Scope) -> str:
    if not commands.is_command(text):
        return ""
    if fault := commands.fault(text):
        raise UnresolvedError(fault)
    return "command"


def _path(text: str, scope: Scope) -> str:
    if not _PATH.fullmatch(text):
        return ""
    if text.strip("/") in _ignored():
        return "path"
    pattern = PLACEHOLDER.sub("*", text.rstrip("/"))
    if not any(pages.ROOT.glob(pattern)):
        near = difflib.get_close_matches(text, _files(), 1)
        raise UnresolvedError("no such file" + _nearest(near))
    return "path"


@lru_cache
def _ignored() -> frozenset[str]:
    lines = (pages.ROOT / ".gitignore").read_text(encoding="utf-8").split()
    return frozenset(line.strip("/") for line in lines)


@lru_cache
def _files() -> list[str]:
    roots = ["docs", "nnref", "doctools", "tests", "benchmarks", "requirements"]
    return [
        path.relative_to(pages.ROOT).as_posix()
        for root in roots
        for path in (pages.ROOT / root).rglob("*")
        if "__pycache__" not in path.parts
    ]


def _of_tools(text: str, scope: Scope) -> str:
    """Comments, LaTeX and printed text, on the pages about the tools."""
    if scope.page not in ABOUT_TOOLS:
        return ""
    mark = re.fullmatch(r"✓ (?:in \(\d+\)|(\w+))", text)
    if mark:
        if mark[1] and known.public(mark[1]) is None:
            raise UnresolvedError(_unknown(mark[1], known.exported(), "nnref has no"))
        return "sign"
    if text.startswith("<!-- source:"):
        name = text.removeprefix("<!-- source:").removesuffix("-->").strip()
        if known.public(name) is None:
            raise UnresolvedError(_unknown(name, known.exported(), "nnref has no"))
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


@lru_cache
def _literals() -> str:
    folders = ("doctools", "equation-checker/eqcheck")
    found = {
        node.value
        for folder in folders
        for path in (pages.ROOT / folder).rglob("*.py")
        if path.name not in ("names.py", "known.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return "\n".join(found) + (pages.ROOT / "mkdocs.yml").read_text(encoding="utf-8")


@cache
def _is_literal_of_tools(text: str) -> bool:
    # A word alone is too easily found in a sentence: it must be the whole literal.
    if " " not in text:
        return bool(re.search(rf"^{re.escape(text)}:?$", _literals(), re.MULTILINE))
    return bool(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", _literals()))


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


def _quoted(text: str, scope: Scope) -> str:
    """A literal string such as a key: a block or an output holds it to the letter."""
    if not re.fullmatch(r"\"[^\"]*\"|'[^']*'", text):
        return ""
    if _in_output(text[1:-1], scope):
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
    sources = [*(pages.ROOT / "benchmarks").glob("*.py"), pages.ROOT / "Makefile"]
    if any(
        re.search(rf"\b{text}\b", path.read_text(encoding="utf-8")) for path in sources
    ):
        return "environment"
    raise UnresolvedError("no such variable in the Makefile or in benchmarks/")


def _in_output(text: str, scope: Scope) -> bool:
    if not re.search(r"[A-Za-z]", text) or keyword.iskeyword(text):
        return False
    # not the end of a dotted name, which is code that a string holds
    pattern = re.compile(rf"(?<![\w.]){re.escape(text)}(?!\w)")
    printed = [each for level in scope.near for each in level.strings]
    return any(pattern.search(each) for each in printed)


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
            raise UnresolvedError(_unknown(item.arg or "**", allowed, what))
        Expression(scope).check(item.value)
    return "keyword"


def _unknown(name: str, among: Iterable[str], what: str) -> str:
    near = difflib.get_close_matches(name, sorted(among), 1, 0.6)
    return f"{what} {name}" + _nearest(near)


def _nearest(near: list[str]) -> str:
    return f"; nearest: {near[0]}" if near else ""


# ---------------------------------------------------------------------- expressions


class Expression:
    """Resolves the names of a Python expression."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.bound: set[str] = set()  # by the expression: `for k in ...`

    def kind(self, tree: ast.Module) -> str:
        """Resolve everything; the kind of the whole."""
        for statement in tree.body:
            self.check(statement)
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            match tree.body[0].value:
                case ast.Name(id=name):
                    return self.name(name)
                case ast.Attribute() as node:
                    return self.attribute(node)
                case ast.Call():
                    return "call"
                case ast.Constant():
                    raise UnresolvedError("a number or a string names nothing")
                case ast.Tuple():
                    return "shape"
        return "expression"

    def check(self, node: ast.AST) -> None:
        """Resolve a node and what is in it."""
        match node:
            case ast.Name(id=name):
                self.name(name)
            case ast.Attribute():
                self.attribute(node)
            case ast.Call():
                self.call(node)
            case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
                self.check(value)
                levels = self.scope.levels
                if not any(
                    key in level.parameter_names() or key in level.strings
                    for level in levels
                ):
                    raise UnresolvedError(f"no array has the name {key!r}")
            case ast.ImportFrom(module=module, names=aliases):
                for alias in aliases:
                    is_ours = (module or "").partition(".")[0] == "nnref"
                    found = known.public(alias.name) if is_ours else None
                    path = f"{module}.{alias.name}"
                    if found is None and known.outside(path) is None:
                        what = f"{module} has no"
                        raise UnresolvedError(
                            _unknown(alias.name, known.exported(), what)
                        )
            case ast.Import(names=aliases):
                for alias in aliases:
                    self.name(alias.name)
            case _:
                for child in ast.walk(node):
                    if isinstance(child, ast.comprehension):
                        self.bound |= {
                            n.id
                            for n in ast.walk(child.target)
                            if isinstance(n, ast.Name)
                        }
                    if isinstance(child, ast.arg):
                        self.bound.add(child.arg)
                for child in ast.iter_child_nodes(node):
                    self.check(child)

    def name(self, name: str) -> str:
        """The kind of thing a plain name is."""
        if name in self.bound or name == "_":
            return "variable"
        row = self.scope.row  # of a table that names symbols: `w` stands beside W
        if len(name) == 1 and row and name.lower() not in {s.lower() for s in row}:
            raise UnresolvedError("no formula of this row has this letter")
        for level in self.scope.for_name(name):
            if name in level.names:
                return "variable"
        for level in self.scope.for_name(name):
            # Beside code, a letter of a formula must also be one of the page's code.
            is_code = len(name) > 1 or not level.names or bool(level.own)
            is_code = is_code or bool(self.scope.row)
            is_code = is_code or self.scope.page in SUBJECT_LATEX
            if name in level.symbols and (is_code or self._is_bound_anywhere(name)):
                return "symbol"
        if known.public(name) is not None or name in _packages():
            return "nnref"
        if name in known.SPECIAL or known.outside(name) is not None:
            return "Python"
        if name in known.common_parameters():
            return "parameter"
        for level in self.scope.for_name(name):
            if name in level.parameter_names():
                return "parameter"
            if any(name in s.parameters for f in level.functions.values() for s in f):
                return "parameter"
            if name in level.attributes | level.functions_used:
                return "used in a block"
        if len(name) > 1 and any(
            name in known.attributes(cls) for cls in known.package_classes()
        ):
            return "nnref"
        if self._is_placeholder(name):
            return "any function"
        base = name.removesuffix("_backward")
        if base != name and self._is_parameter(base):
            return "parameter"
        if isinstance(known.public(name.capitalize()), type):
            return "an instance"
        if self.scope.page in ABOUT_TOOLS and PLACEHOLDER.fullmatch(name):
            return "placeholder"
        about = self.scope.page in ABOUT_TOOLS
        if about and len(name) > 1 and _is_colour(name):
            return "Matplotlib"
        among = self.scope.all_names()
        what = "neither the page's code nor nnref, NumPy or Python has a name"
        if len(name) == 1:
            what = "neither a block nor a formula of this section has"
        raise UnresolvedError(_unknown(name, among, what))

    @staticmethod
    def _is_placeholder(name: str) -> bool:
        return name in (ANY_FUNCTION, f"{ANY_FUNCTION}_backward")

    def _is_parameter(self, name: str) -> bool:
        """Whether a function that is described here takes this."""
        return any(name in level.own for level in self.scope.levels)

    def attribute(self, node: ast.Attribute) -> str:
        """The kind of thing an attribute is: of a module, a class, an instance."""
        path = ast.unparse(node)
        if re.fullmatch(r"[\w.]+", path) and path.partition(".")[0] not in self._own():
            if known.outside(path) is not None:
                return "NumPy" if path.startswith("np.") else "Python"
            root, *rest = path.split(".")
            found = nnref if root == "nnref" else known.public(root)
            modules = known.package_modules()
            if root in modules and isinstance(known.public(root.title()), type):
                found = None  # `layer` is any `Layer`, rather than the module
            if root == "nnref" and rest[0] in known.package_modules():
                found = import_module(f"nnref.{rest.pop(0)}")
            if found is not None:
                for part in rest:
                    if isinstance(found, type) and part in known.attributes(found):
                        return "nnref"
                    if not hasattr(found, part):
                        what = f"{getattr(found, '__name__', root)} has no"
                        raise UnresolvedError(_unknown(part, dir(found), what))
                    found = getattr(found, part)
                return "nnref"
            if root in ("np", "numpy", "plt", "matplotlib"):
                base = known.outside(path.rpartition(".")[0])
                what = f"{path.rpartition('.')[0]} has no"
                raise UnresolvedError(_unknown(node.attr, dir(base), what))
        self.check(node.value)
        types = self._types(node.value)
        if types:
            allowed = set().union(*(known.attributes(each) for each in types))
        else:
            allowed = set(known.data_attributes())
            for level in self.scope.levels:
                allowed |= level.attributes
        if node.attr not in allowed:
            base = ast.unparse(node.value)
            raise UnresolvedError(_unknown(node.attr, allowed, f"{base} has no"))
        return "variable"

    def _own(self) -> set[str]:
        """Names that blocks bind and that hide a module of the package."""
        names = set().union(*(level.names for level in self.scope.levels))
        return names - set(known.exported()) - {"np", "plt", "nnref"}

    def _types(self, node: ast.expr) -> set[type]:
        if not isinstance(node, ast.Name):
            return set()
        if node.id == "rng":
            return {np.random.Generator}
        found = set[type]()
        for level in self.scope.levels:
            found |= level.types.get(node.id, set())
        return found

    def call(self, node: ast.Call) -> None:
        """The callable, its keywords, and that named arguments stand in their order."""
        self.check(node.func)
        options = self.options(node.func)
        parameters = {p for option in options for p in option.parameters}
        name = ast.unparse(node.func)
        is_any = self._is_placeholder(name) or name == "_"
        is_described = self._is_parameter(name.removesuffix("_backward"))
        if is_described:  # `loss(pred, y)`: what operations call their parameters
            parameters |= {p for each in _any().values() for p in each}
        faults: list[str] = []
        for option in options:
            fault = self._mismatch(node, option, name)
            if not fault:
                break
            faults.append(fault)
        else:
            if faults:
                raise UnresolvedError(faults[0])
        for place, argument in enumerate(node.args):
            if isinstance(argument, ast.Name):
                place += is_any and not name.endswith("_backward") and name != "_"
                if is_any and place == 0 and argument.id not in _any()[0]:
                    raise UnresolvedError(
                        f"a gradient takes first {', '.join(_any()[0])}"
                    )
                if argument.id in parameters or (
                    is_any and argument.id in _any()[place]
                ):
                    continue
                is_ours = options and not name.startswith(("np.", "rng."))
                is_letter = len(argument.id) == 1
                if is_ours and is_letter and not self._is_bound(argument.id):
                    what = f"{name}({', '.join(options[0].positional)}) has no"
                    raise UnresolvedError(_unknown(argument.id, parameters, what))
            if isinstance(argument, ast.Starred):
                if ast.unparse(argument) != "*args":
                    self.check(argument.value)
                continue
            self.check(argument)
        for item in node.keywords:
            if item.arg or ast.unparse(item.value) != "kwargs":
                self.check(item.value)

    def _is_bound(self, name: str) -> bool:
        if self.scope.page in SUBJECT_LATEX:
            return True
        levels = self.scope.for_name(name)
        return name in self.bound or any(name in level.names for level in levels)

    def _is_bound_anywhere(self, name: str) -> bool:
        return any(name in level.names for level in self.scope.levels)

    def options(self, function: ast.expr) -> list[Signature]:
        """The signatures that a callable may have."""
        path = ast.unparse(function)
        last = path.rpartition(".")[2]
        found = [
            s for level in self.scope.levels for s in level.functions.get(last, [])
        ]
        if isinstance(function, ast.Name) and found:
            return [*found, *known.package_signatures(last)]
        if path.startswith("rng."):
            one = known.signature(getattr(np.random.Generator, last))
            return [one] if one else []
        if path.startswith(("np.", "numpy.", "plt.")):
            one = known.signature(known.outside(path))
            return [one] if one else []
        ours = known.package_signatures(last)
        if not ours and isinstance(function, ast.Attribute):  # an array's `x.max`
            one = known.signature(getattr(np.ndarray, last, None))
            return [replace(one, any_position=True)] if one else []
        return ours

    @staticmethod
    def _mismatch(node: ast.Call, option: Signature, name: str) -> str:
        for item in node.keywords:
            if item.arg and item.arg not in option.named and not option.any_name:
                what = f"{name} has no parameter"
                return _unknown(item.arg, option.named, what)
        listed = ", ".join(option.positional)
        given = [
            a for a in node.args if not (isinstance(a, ast.Constant) and a.value is ...)
        ]
        stars = any(isinstance(a, ast.Starred) for a in given)
        if len(given) > len(option.positional) and not option.any_position | stars:
            return (
                f"{name} takes at most {len(option.positional)} by position: {listed}"
            )
        for i, argument in enumerate(given):
            if not isinstance(argument, ast.Name) or option.any_position or stars:
                continue
            order = option.positional
            if argument.id in order and order.index(argument.id) != i:
                return f"another order of arguments: {name}({listed})"
        return ""


@lru_cache
def _any() -> dict[int, set[str]]:
    """What gradients call their parameters, by position: what `f(x, ...)` may take."""
    found: dict[int, set[str]] = {}
    for name in known.exported():
        for each in known.package_signatures(name) if "_backward" in name else ():
            for place, parameter in enumerate(each.positional):
                found.setdefault(place, set()).add(parameter)
    return found


@lru_cache
def _packages() -> frozenset[str]:
    """The folders at the root that hold Python."""
    found = {path.parent.name for path in pages.ROOT.glob("*/__init__.py")}
    return frozenset(found | {"nnref", "eqcheck"})


@cache
def _is_colour(name: str) -> bool:
    from matplotlib.colors import is_color_like

    return is_color_like(name)


# --------------------------------------------------------------------------- pages


@dataclass(frozen=True)
class Mark:
    """A comment `names: ..., because ...` and the lines it is about."""

    line: int
    end: int
    names: tuple[str, ...]
    fault: str = ""


class PageNames:
    """The inline code of a page."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name

    @cached_property
    def paragraphs(self) -> list[Paragraph]:
        """Running text and captions, from top to bottom."""
        found = list(paragraphs(self.text, self.name))
        found += [
            Paragraph(element.line, element.end, element.indent, element.text)
            for element in self.elements
            if _is_caption(element)
        ]
        return sorted(found, key=lambda each: each.line)

    @cached_property
    def elements(self) -> list[pages.Element]:
        """Fences, comments, equations."""
        return list(pages.elements(self.text, self.name))

    @cached_property
    def chapters(self) -> list[int]:
        """The lines where a section of the second level, or the page, begins."""
        headings = [p for p in self.paragraphs if p.kind == "heading"]
        return [1, *(p.line for p in headings if re.match(r"#{1,2}\s", p.text))]

    def chapter(self, line: int) -> int:
        """Where the section of a line begins."""
        return max(start for start in self.chapters if start <= line)

    @cached_property
    def marks(self) -> list[Mark]:
        """The comments about names that are not to be found here."""
        lines = self.text.split("\n")
        found = []
        for element in self.elements:
            if not isinstance(element, pages.Comment):
                continue
            if not element.text.startswith("names"):
                continue
            end = element.end
            while end < len(lines) and lines[end].strip():
                end += 1
            match = _MARK.fullmatch(element.text)
            names = tuple(
                m[2] for m in _QUOTED.finditer(match["names"] if match else "")
            )
            fault = ""
            if not names:
                fault = "write <!-- names: `NAME`, because REASON -->"
            found.append(Mark(element.line, end, names, fault))
        return found

    @cached_property
    def regions(self) -> dict[int, Known]:
        """What is known in each section: by its first line."""
        regions = {start: Known() for start in self.chapters}
        for block in pages.blocks(self.text, self.name):
            region = regions[self.chapter(block.line)]
            region.add(known.read_code(block.code))
            if block.output:
                region.strings.append(block.output.text)
        for element in self.elements:
            region = regions[self.chapter(element.line)]
            if isinstance(element, pages.Equation):
                region.symbols |= known.symbols(element.text)
            elif element.text.startswith(("equation", "inline equations")):
                given = re.findall(r"(?m)^([A-Za-z]\w*(?:, \w+)*) =", element.text)
                region.names |= {name for each in given for name in each.split(", ")}
        for paragraph in self.paragraphs:
            region = regions[self.chapter(paragraph.line)]
            for formula in paragraph.maths:
                region.symbols |= known.symbols(formula.text)
            for span in paragraph.code:
                region.called |= _mentioned(span.text)
                if self.name in SUBJECT_LATEX:
                    region.names |= _given(span.text)
        return regions

    @cached_property
    def whole(self) -> Known:
        """What is known on the page."""
        result = Known()
        for each in self.regions.values():
            result.add(each)
        return result

    def scope(self, paragraph: Paragraph) -> Scope:
        """What a piece of code of this paragraph may name."""
        near = [self.regions[self.chapter(paragraph.line)]]
        if any(_is_call_of_any(span.text) for span in paragraph.code):
            arguments = {p for each in _any().values() for p in each} & {
                n
                for s in paragraph.code
                for n in re.findall(r"\w+", s.text)
                if _is_call_of_any(s.text)
            }
            near.insert(0, Known(names=arguments))
        # `x` stands for the X of a formula in the same sentence.
        letters = {s for each in paragraph.maths for s in known.symbols(each.text)}
        near.append(Known(symbols={letter.lower() for letter in letters}))
        far = [self.whole]
        if self.name == "docs/notation.md":  # it names what all pages write
            far.append(_site())
        if self.name in SUBJECT_LATEX:  # any formula there is an example
            near += far
        row = letters if paragraph.kind == "row" else ()
        return Scope(self.name, near, far, frozenset(row))

    def spans(self) -> Iterator[tuple[Paragraph, Span]]:
        """Each piece of inline code with its paragraph."""
        for paragraph in self.paragraphs:
            for span in paragraph.code:
                yield paragraph, span

    def look(self, paragraph: Paragraph, span: Span, text: str | None = None) -> Name:
        """What a piece of inline code is; `text` tries another in its place."""
        text = span.text if text is None else text
        text = " ".join(text.split())
        line, _ = paragraph.place(span.start)
        kind = fault = ""
        try:
            kind = resolve(text, self.scope(paragraph))
        except UnresolvedError as error:
            fault = str(error)
        marked = any(
            mark.line < line <= mark.end and text in mark.names for mark in self.marks
        )
        if marked and fault:
            kind, fault = "marked", ""
        elif marked:
            fault = f"marked as unknown here, but it is known ({kind}): take it out"
        return Name(f"{self.name}:{line}", text, kind, fault)

    def names(self) -> list[Name]:
        """All pieces of inline code, and the comments that mark nothing."""
        found = [self.look(paragraph, span) for paragraph, span in self.spans()]
        for mark in self.marks:
            place = f"{self.name}:{mark.line}"
            if mark.fault:
                found.append(Name(place, "names", fault=mark.fault))
            within = {
                " ".join(span.text.split())
                for paragraph, span in self.spans()
                if mark.line < paragraph.place(span.start)[0] <= mark.end
            }
            for name in mark.names:
                if name not in within:
                    fault = "marked, but it does not stand below: take it out"
                    found.append(Name(place, name, fault=fault))
        return found


def _is_caption(element: pages.Element) -> bool:
    return isinstance(element, pages.Comment) and bool(
        pages.CAPTION.fullmatch(element.text)
    )


def _is_call_of_any(text: str) -> bool:
    return bool(re.match(rf"{ANY_FUNCTION}(_backward)?\(", text))


def _mentioned(text: str) -> set[str]:
    """The callables that a piece of inline code names."""
    return {
        name
        for name in re.findall(r"[A-Za-z_]\w*(?!\w*=)", text)
        if len(name) > 1 and known.package_signatures(name)
    }


def _given(text: str) -> set[str]:
    """The Python names of symbols on the page about writing equations."""
    with suppress(EquationError, ValueError):
        match = re.match(r"(\S+|[\w, ]+) = ", text)
        latex = match[1] if match else text
        if re.fullmatch(r"[\w, ]+", latex) and match:
            return set(latex.split(", "))
        if "\\" in latex or "{" in latex:
            layer = re.fullmatch(r"(\w)\^\{\((\d)\)\}", latex)
            return {f"{layer[1]}_{layer[2]}"} if layer else {identifier(latex)}
    return set()


@lru_cache
def _site() -> Known:
    """What the blocks of all pages bind."""
    result = Known()
    for path in pages.markdown_pages():
        with suppress(pages.PageError):
            for block in pages.blocks(path.read_text(encoding="utf-8")):
                result.add(known.read_code(block.code))
    result.called |= set(known.exported())
    return Known(names=result.names, called=result.called)


# ----------------------------------------------------------------------- docstrings


class DocstringNames(PageNames):
    """The inline code of one public docstring."""

    def __init__(self, docstring: Docstring) -> None:
        super().__init__(docstring.text, docstring.path)
        self.docstring = docstring

    @cached_property
    def elements(self) -> list[pages.Element]:
        """None: what a docstring shows is examples and formulas."""
        return []

    @cached_property
    def paragraphs(self) -> list[Paragraph]:
        """The whole docstring without its examples, as one."""
        lines = self.docstring.text.split("\n")
        is_shown = [line.strip().startswith((">>>", "...")) for line in lines]
        kept = [
            " " * len(row) if shown else row
            for row, shown in zip(lines, is_shown, strict=True)
        ]
        first = self.docstring.line
        return [Paragraph(first, first + len(lines), "", "\n".join(kept))]

    def chapter(self, line: int) -> int:
        """A docstring is one section."""
        return 1

    @cached_property
    def regions(self) -> dict[int, Known]:
        """Parameters, results, attributes, examples and formulas."""
        text, region = self.docstring.text, Known()
        examples = re.findall(r"^\s*(?:>>>|\.\.\.) ?(.*)$", text, re.MULTILINE)
        region.read("\n".join(examples))
        region.strings.append(text.partition("Examples\n")[2])
        for names in re.findall(r"^ *([*\w]+(?:, [*\w]+)*) : ", text, re.MULTILINE):
            region.names |= {name.strip("* ") for name in names.split(",")}
        region.names |= self.docstring.own
        region.own |= self.docstring.own
        region.called |= self.docstring.beside
        # Shapes such as (n, rows, columns) name their sizes.
        for shape in re.findall(r"\(([a-z_]\w*(?:, [a-z_]\w*)+)\)", text):
            region.symbols |= set(shape.split(", "))
        # `dx = layer.backward(dy)` says what dx is.
        for span in self.paragraphs[0].code:
            if match := re.match(r"(\w+) = ", span.text):
                region.names.add(match[1])
        for formula in re.findall(r"\$\$?(.+?)\$\$?", text, re.DOTALL):
            region.symbols |= known.symbols(formula)
        for span in self.paragraphs[0].code:
            region.called |= _mentioned(span.text)
        return {1: region}


@dataclass(frozen=True)
class Docstring:
    """A public docstring, and what its function or class binds."""

    path: str
    line: int
    text: str
    own: frozenset[str] = frozenset()  # parameters; members of the class
    beside: frozenset[str] = frozenset()  # the public callables of the module


def docstrings(path: Path) -> Iterator[Docstring]:
    """The docstrings of a module that readers see: of it and what is public in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    name = page_name(path)
    beside = frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
    )

    def walk(node: ast.AST, own: frozenset[str]) -> Iterator[Docstring]:
        if isinstance(node, ast.FunctionDef):
            own |= written(node)
        elif isinstance(node, ast.ClassDef):
            for item in node.body:
                if isinstance(item, ast.FunctionDef):
                    own |= {item.name}
                    own |= written(item) if item.name == "__init__" else set()
                elif isinstance(item, ast.AnnAssign):
                    own |= {ast.unparse(item.target)}
        body = getattr(node, "body", [])
        value = body[0].value if body and isinstance(body[0], ast.Expr) else None
        if isinstance(value, ast.Constant):
            yield Docstring(name, value.lineno, str(value.value), own, beside)
        if isinstance(node, ast.Module | ast.ClassDef):
            for child in body:
                is_owner = isinstance(child, ast.FunctionDef | ast.ClassDef)
                if is_owner and not child.name.startswith("_"):
                    yield from walk(child, own)

    def written(node: ast.FunctionDef) -> frozenset[str]:
        return frozenset(known.written(node.args).parameters)

    yield from walk(tree, frozenset())


# ------------------------------------------------------------------------- together


def all_pages() -> list[Path]:
    """The pages of the site and those at the root.

    The checker's README speaks of another project; a test runs its example.
    """
    roots = [pages.ROOT / name for name in ROOT_PAGES]
    return [*pages.markdown_pages(), *filter(Path.exists, roots)]


def package_files() -> list[Path]:
    """The public modules of the package."""
    folder = Path(str(nnref.__file__)).parent
    return [
        p
        for p in sorted(folder.glob("*.py"))
        if p.stem in known.package_modules() | {"__init__"}
    ]


def sources(path: Path) -> list[PageNames]:
    """What has inline code in a file: a page, or the docstrings of a module."""
    if path.suffix == ".py":
        return [DocstringNames(each) for each in docstrings(path)]
    return [PageNames(path.read_text(encoding="utf-8"), page_name(path))]


def names(path: Path) -> list[Name]:
    """Each piece of inline code of a page or module, and what it was found to be."""
    return [name for source in sources(path) for name in source.names()]


def faults(path: Path) -> list[str]:
    """What names nothing, as `page:line: what, why, what is near`."""
    return [str(name) for name in names(path) if name.fault]


def share(paths: Iterable[Path] | None = None) -> Share:
    """Count the inline code of pages and docstrings by what it names."""
    chosen = [*all_pages(), *package_files()] if paths is None else paths
    found = [name for path in chosen for name in names(path)]
    return Share(len(found), dict(Counter(name.kind for name in found).most_common()))


# ------------------------------------------------------------------------- mutation


@dataclass(frozen=True)
class Mutant:
    """A misspelt piece of inline code, and whether it is noticed."""

    place: str
    text: str
    changed: str
    noticed: bool


def mutants(paths: Iterable[Path], count: int, seed: int) -> list[Mutant]:
    """Misspell one name each, at random."""
    rng = random.Random(seed)
    spans = [
        (source, paragraph, span)
        for path in paths
        for source in sources(path)
        for paragraph, span in source.spans()
    ]
    found: list[Mutant] = []
    kinds: dict[tuple[str, str], str] = {}
    while len(found) < count:
        source, paragraph, span = rng.choice(spans)
        text = " ".join(span.text.split())
        kind = kinds.setdefault((source.name, text), source.look(paragraph, span).kind)
        changed = misspelt(text, rng, letters=kind not in ("LaTeX", "directive"))
        if changed is None or changed == text:
            continue
        result = source.look(paragraph, span, changed)
        found.append(Mutant(result.place, text, changed, bool(result.fault)))
    return found


def misspelt(text: str, rng: random.Random, *, letters: bool = True) -> str | None:
    """Drop, exchange or add a letter of a name, or take another keyword.

    Without `letters`, names of one letter stay: in LaTeX they are symbols, and any will
    do.
    """
    pattern = r"[A-Za-z_][A-Za-z0-9_]*" if letters else r"[A-Za-z]{2,}"
    words = [m for m in re.finditer(pattern, text) if not keyword.iskeyword(m[0])]
    if not words:
        return None
    match = rng.choice(words)
    word = match[0]
    if text[match.end() : match.end() + 1] == "=" and rng.random() < 0.5:
        others = {
            p
            for name in known.exported()
            for each in known.package_signatures(name)
            for p in each.named
        }
        new = rng.choice(sorted(others - {word}))
    else:
        at = rng.randrange(len(word))
        letter = rng.choice(string.ascii_lowercase)
        how = rng.choice(["drop", "exchange", "add"])
        if how == "drop" and len(word) > 1:
            new = word[:at] + word[at + 1 :]
        elif how == "add":
            new = word[:at] + letter + word[at:]
        else:
            new = word[:at] + letter + word[at + 1 :]
    return text[: match.start()] + new + text[match.end() :]


# ----------------------------------------------------------------------------- main


def main(arguments: list[str] | None = None) -> int:
    """Print the faults, or the share of misspelt names that are noticed."""
    parser = argparse.ArgumentParser(
        prog="python -m doctools.names", description=__doc__
    )
    parser.add_argument("files", nargs="*", type=Path, help="default: all")
    parser.add_argument(
        "--list", action="store_true", help="every piece, with its kind"
    )
    parser.add_argument("--mutate", action="store_true", help="misspell at random")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    files: list[Path] = chosen.files or [*all_pages(), *package_files()]
    if chosen.mutate:
        tried = mutants(files, chosen.count, chosen.seed)
        missed = [mutant for mutant in tried if not mutant.noticed]
        for each in missed:
            print(f"{each.place}: `{each.text}` -> `{each.changed}`")
        noticed = len(tried) - len(missed)
        print(f"{noticed} of {len(tried)} noticed ({noticed / len(tried):.1%})")
        return 0
    found = [name for path in files for name in names(path)]
    for name in found:
        if chosen.list and not name.fault:
            print(f"{name.place}: `{name.text}`: {name.kind}")
    kinds = Counter(name.kind for name in found if not name.fault)
    print(len(found), *(f"{kind} {n}" for kind, n in kinds.most_common()), sep="  ")
    wrong = [str(name) for name in found if name.fault]
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
