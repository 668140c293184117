"""One docstring: its parameters, its formulas, and what it says of symbols."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from eqcheck.check.source import Source
from eqcheck.outside import markdown

_SECTION = re.compile(r"^ *([A-Z][a-z]+)\n *-{3,}$", re.MULTILINE)
_PARAMETER = re.compile(r"^( *)(\*{0,2}\w+(?:, \w+)*) : (.+)$")
_RELATION = re.compile(
    r"[=<>]|\\(le|ge|ne|leq|geq|neq|approx|in|leftarrow|sim)(?![A-Za-z])"
)
SYMBOL = re.compile(
    r"\\?[A-Za-z]+(\{[A-Za-z]\})?"
    r"(_(\w|\\[A-Za-z]+(\{\w+\})?|\{([^{}]|\{[^{}]*\})*\}))?"
)
_SETTING = re.compile(
    r"[^=<>]{1,12} = (-?[\d.]+|\\infty|\d+, (\d+, )?\\dots(, \w+)?)( < \S+)?"
)
_CONDITION = re.compile(r"\b(if|at|for|where some|over)\s+$", re.IGNORECASE)
_GREEK = {"eps": r"\varepsilon"} | {
    name: "\\" + name for name in ("alpha", "beta", "gamma", "delta", "rho")
}


@dataclass(frozen=True)
class Parameter:
    """A row of the Parameters section, one name of it."""

    name: str
    kind: str  # what stands behind the colon
    symbol: str | None  # its LaTeX
    text: str = ""  # the kind and what stands below it


@dataclass(frozen=True)
class Formula:
    """A displayed formula, or an inline one that states something."""

    source: Source
    inline: bool
    first: bool = False  # whether a display above needs it: "where $r = ...$"


@dataclass
class Docstring:
    """The docstring of a public function, class or method."""

    package: str
    name: str  # as in `sizes.mean`
    file: str
    line: int  # of the opening quotes
    text: str  # with as many blank lines above as make the lines those of the file
    arguments: dict[str, bool]  # each name, and whether it has a default
    unchecked: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)  # what the host says of symbols

    @property
    def short(self) -> str:
        """The name without its module."""
        return self.name.partition(".")[2]

    @cached_property
    def sections(self) -> dict[str, str]:
        """The numpy style sections; what comes first is called ''."""
        pieces = _SECTION.split(self.text)
        return {"": pieces[0], **dict(zip(pieces[1::2], pieces[2::2], strict=True))}

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The rows of the Parameters section, by name."""
        found: dict[str, Parameter] = {}
        rows = self.sections.get("Parameters", "").split("\n")
        for number, row in enumerate(rows):
            if not (match := _PARAMETER.match(row)):
                continue
            names = match[2].replace("*", "").split(", ")
            below: list[str] = []
            for other in rows[number + 1 :]:
                if not other.startswith(match[1] + " "):
                    break
                below.append(other)
            maths = re.findall(r"\$([^$]+)\$", " ".join(below))
            symbols = [each for each in maths if SYMBOL.fullmatch(each)]
            for k, name in enumerate(names):
                symbol = symbols[k] if k < len(symbols) else own_symbol(name)
                found[name] = Parameter(
                    name, match[3], symbol, " ".join([match[3], *below])
                )
        return found

    @cached_property
    def formulas(self) -> list[Formula]:
        """What the docstring states in formulas, in the order in which it is read."""
        text = self.text.partition("\n    Examples\n")[0]
        found = [
            Formula(
                Source(e.line, e.end, len(e.indent), e.text, "equation", e.line),
                inline=False,
            )
            for e in markdown.elements(text, self.file)
            if isinstance(e, markdown.Equation)
        ]
        for paragraph in markdown.paragraphs(text, self.file):
            for span in paragraph.maths:
                before = paragraph.text[: span.start]
                if not states(span.text) or is_setting(span.text, before):
                    continue
                line, _ = paragraph.place(span.start)
                latex = " ".join(span.text.split())
                source = Source(line - 1, line, 4, latex, "equation", line)
                where = re.search(r"^where\b[^.]*$", before) is not None
                found.append(Formula(source, inline=True, first=where))
        found.sort(key=lambda each: each.source.line)
        for number, each in enumerate(found):
            if each.first and number and not found[number - 1].inline:
                found[number - 1 : number + 1] = each, found[number - 1]
        return found


def states(formula: str) -> bool:
    """Whether a relation stands in a formula, outside of all brackets."""
    inside = r"\{[^{}]*\}|\[[^\[\]]*\]"
    while (shorter := re.sub(inside, " ", formula)) != formula:
        formula = shorter
    return _RELATION.search(formula) is not None


def is_setting(formula: str, before: str = "") -> bool:
    r"""Whether an inline formula supposes something: `p = 0`, `i = 1, \dots, n`."""
    one_line = " ".join(formula.split())
    return bool(_SETTING.fullmatch(one_line) or _CONDITION.search(before))


def own_symbol(name: str) -> str | None:
    """The LaTeX of a parameter that is one letter, or the name of a Greek one."""
    return name if len(name) == 1 else _GREEK.get(name)


def read_module(path: Path, package: str, file: str | None = None) -> list[Docstring]:
    """The docstrings of the public functions, classes and methods of a module."""
    text = path.read_text(encoding="utf-8")
    rows = text.split("\n")
    found = []
    for name, node in _public(ast.parse(text), path.stem):
        body = node.body[0] if node.body else None
        if not isinstance(body, ast.Expr) or ast.get_docstring(node) is None:
            continue
        shown = rows[body.lineno - 1 : body.end_lineno]
        shown[0] = re.sub(r'^(\s*)[rR]?"""', r"\1", shown[0])
        shown[-1] = shown[-1].removesuffix('"""')
        padded = "\n" * (body.lineno - 1) + "\n".join(shown)
        arguments = _arguments(node)
        found.append(
            Docstring(package, name, file or str(path), body.lineno, padded, arguments)
        )
    return found


Documented = ast.FunctionDef | ast.ClassDef


def _public(
    tree: ast.Module | ast.ClassDef, at: str
) -> Iterator[tuple[str, Documented]]:
    for node in tree.body:
        if isinstance(node, Documented) and not node.name.startswith("_"):
            yield f"{at}.{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _public(node, f"{at}.{node.name}")


def _arguments(node: Documented) -> dict[str, bool]:
    if isinstance(node, ast.ClassDef):
        return {}
    a = node.args
    plain = [*a.posonlyargs, *a.args]
    needed = len(plain) - len(a.defaults)
    found = {arg.arg: k >= needed for k, arg in enumerate(plain)}
    pairs = zip(a.kwonlyargs, a.kw_defaults, strict=True)
    return found | {arg.arg: default is not None for arg, default in pairs}
