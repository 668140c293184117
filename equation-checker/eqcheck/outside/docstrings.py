r"""Docstrings as sources: each is a small page, and its function is given.

What the symbols are is taken from what readers see: the signature, and the numpy style
sections. `lam : float, at least 0` with the text "The strength $\lambda$." gives
$\lambda$ a positive number and passes it as `lam`. The left side of the first formula
is what the function returns, or, in `f_backward`, the gradient.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from eqcheck.check.page import Page
from eqcheck.check.source import Source
from eqcheck.outside import markdown
from eqcheck.outside.cache import key, load, store
from eqcheck.outside.config import Config
from eqcheck.outside.report import Result, results
from eqcheck.symbols.giving import read_target

BACKWARD = "_backward"
DRAWS = 8  # more than on pages: numbers stand where pages have arrays
_SECTION = re.compile(r"^ *([A-Z][a-z]+)\n *-{3,}$", re.MULTILINE)
_PARAMETER = re.compile(r"^( *)(\*{0,2}\w+(?:, \w+)*) : (.+)$")
_RELATION = re.compile(
    r"[=<>]|\\(le|ge|ne|leq|geq|neq|approx|in|leftarrow|sim)(?![A-Za-z])"
)
_SYMBOL = re.compile(
    r"\\?[A-Za-z]+(\{[A-Za-z]\})?"
    r"(_(\w|\\[A-Za-z]+(\{\w+\})?|\{([^{}]|\{[^{}]*\})*\}))?"
)
_SETTING = re.compile(
    r"[^=<>]{1,12} = (-?[\d.]+|\\infty|\d+, (\d+, )?\\dots(, \w+)?)( < \S+)?"
)
_CONDITION = re.compile(r"\b(if|at|for|where some|over)\s+$", re.IGNORECASE)
_BOUND = re.compile(r"= ?[01]\}\^\{?([A-Za-z])\}?(?! - )")
_SHAPE = re.compile(r"arrays? (?:of shape )?\(([^()]*)\)")
_GREEK = {"eps": r"\varepsilon"} | {
    name: "\\" + name for name in ("alpha", "beta", "gamma", "delta", "rho")
}
_EXTENTS = (5, 4, 3, 6, 2, 7)  # no two equal, or a transposed formula passes by luck


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
            symbols = [each for each in maths if _SYMBOL.fullmatch(each)]
            for k, name in enumerate(names):
                symbol = symbols[k] if k < len(symbols) else _own_symbol(name)
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


def _own_symbol(name: str) -> str | None:
    return name if len(name) == 1 else _GREEK.get(name)


# -------------------------------------------------------------------- walking a package


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


# ------------------------------------------------------------------ giving the symbols


class _Symbols:
    """The lines of the comment of a docstring, found from its own text."""

    def __init__(
        self, doc: Docstring, forward: Docstring | None, functions: Mapping[str, str]
    ) -> None:
        self.doc, self.forward = doc, forward
        self.latex = "\n".join(each.source.latex for each in doc.formulas)
        self.sizes: dict[str, int] = {}
        self.given: dict[str, tuple[str, str]] = {}  # Python name -> symbol, Python
        self.checks: list[tuple[str, str]] = []
        self._own = {target for line in doc.lines for target in _targets(line)}
        names = {p.symbol for p in self._documented().values()}
        above = [each.source.latex for each in forward.formulas] if forward else []
        text = "\n".join([self.latex, *above])
        bounds = [b for b in _BOUND.findall(text) if b not in names]
        self._count = bounds[0] if bounds else None
        for parameter in self._documented().values():
            if parameter.name != "dy":
                self._give(parameter)
        for name, extent in self.sizes.items():
            if re.fullmatch("[A-Za-z]", name) and not self._is_told:
                self.given.setdefault(name, (name, str(extent)))
        self._result()
        for left, call in functions.items():
            name = left.partition("(")[0]
            stands = left if "," in left else name + "("
            if stands in self.latex and not {left, name} & self.given.keys():
                self.given[left] = left, call

    def _documented(self) -> dict[str, Parameter]:
        above = self.forward.parameters if self.forward else {}
        own = self.doc.parameters
        return {
            name: above[name] if name in above and _is_bare(each) else each
            for name, each in own.items()
            if name in self.doc.arguments
        }

    def _alias(self, parameter: Parameter) -> str:
        if parameter.symbol is None:
            return parameter.name
        return read_target(parameter.symbol, 0).alias

    def _give(self, parameter: Parameter) -> None:
        python = self._data(parameter)
        if python is None:
            return
        symbol = parameter.symbol or parameter.name
        if symbol.partition("_")[0].removeprefix("\\") in self._own:
            return  # an entry of what the host's lines give
        self.given[self._alias(parameter)] = symbol, python

    def _data(self, parameter: Parameter) -> str | None:
        """Random data of the kind that the Parameters section tells."""
        kind = parameter.kind
        text = parameter.text
        if like := re.match(r"array shaped like (\w+)", kind):
            other = self._documented().get(like[1])
            size = f"np.shape({self._alias(other)})" if other else None
            text += other.text if other else ""
        elif shape := _SHAPE.search(kind):
            names = [each.strip() for each in shape[1].split(",")]
            size = self._size([n for n in names if n and n != "..."])
        elif kind.startswith("array of any shape") and self._is_elementwise:
            size = "()"  # a number: then cases and products can be read
        elif kind.startswith("array of any shape"):
            size = self._size([self._count or "_"])
        else:
            return _number(kind, optional=self.doc.arguments[parameter.name])
        if size is None:
            return None
        if "from 0 to 1" in text:
            return f"rng.uniform(0.1, 0.9, size={size})"
        if re.search(r"probabilit(y distribution|ies)", text):
            rows = f"rng.uniform(1, 9, size={size})"
            return f"(lambda a: a / a.sum(axis=-1, keepdims=True))({rows})"
        if size == "()":  # away from 0, where some have no derivative
            return "rng.choice([-1, 1]) * rng.uniform(0.3, 2)"
        return f"2 * rng.normal(size={size})"

    def _size(self, names: list[str]) -> str:
        found = [
            name
            if name.isdigit()
            else self.sizes.setdefault(name, _EXTENTS[len(self.sizes) % len(_EXTENTS)])
            for name in names
        ]
        return "(" + "".join(f"{each}, " for each in found).strip() + ")"

    def _call(self, doc: Docstring, first: str | None = None) -> str:
        parts = [] if first is None else [first]
        documented = self._documented()
        for name, default in doc.arguments.items():
            parameter = documented.get(name)
            if name == "dy" or parameter is None:
                continue
            alias = self._alias(parameter)
            if alias not in self.given and alias not in self._own:
                continue
            symbol = parameter.symbol
            optional = "optional" in parameter.kind
            if default and (
                symbol is None or (optional and not _stands(symbol, self.latex))
            ):
                continue
            parts.append(f"{name}={alias}" if default else alias)
        return f"{doc.package}.{doc.short}({', '.join(parts)})"

    def _result(self) -> None:
        displays = [f.source.latex for f in self.doc.formulas if not f.inline]
        if not displays or self._is_told:
            return
        if self.forward is None:
            left = _left(displays[0])
            if left is not None:
                self._take(left, self._call(self.doc))
            return
        above = [f.source.latex for f in self.forward.formulas if not f.inline]
        result = _left(above[0]) if above else None
        if result is None:
            return
        call = self._call(self.forward)
        symbol = re.sub(r"\(.*", "", result)
        if prime := re.search(r"(?:^|\s)(\S+?'\((\w)\)) =", self.latex):
            self._take(result, call)
            self.given["dy"] = "dy", f"rng.normal(size=np.shape({prime[2]}))"
            value = self._call(self.doc, "dy")
            self.checks.append((prime[1], f"{value} / dy"))
            return
        variables = re.findall(
            r"\\frac\{\\partial ([A-Z])\}\{\\partial (\\hat\{\w\}|\w)[_}]", self.latex
        )
        if not variables:
            return
        self._take(symbol, call)
        alias = read_target(symbol, 0).alias
        of = variables[-1][0]
        dy = "1.0"
        if of != symbol:
            self.given["dy"] = "dy", f"rng.normal(size=np.shape({alias}))"
            self.given[of] = of, f"np.sum(dy * {alias})"
            dy = "dy"
        value = self._call(self.doc, dy)
        several = "arrays" in self.doc.sections.get("Returns", "")
        order = [p.symbol for p in self._documented().values() if p.name != "dy"]
        for top, bottom in dict.fromkeys(variables):
            if top == of and bottom in order:
                part = f"[{order.index(bottom)}]" if several else ""
                target = rf"\frac{{\partial {top}}}{{\partial {bottom}}}"
                self.checks.append((target, value + part))

    @property
    def _is_elementwise(self) -> bool:
        """Whether the function is applied to each number: `f(x) = ...`."""
        doc = self.forward or self.doc
        displays = [f.source.latex for f in doc.formulas if not f.inline]
        left = _left(displays[0]) if displays else None
        return left is not None and re.search(r"\(\w\)$", left) is not None

    @property
    def _is_told(self) -> bool:
        """Whether the host's lines call the function."""
        called = f"{self.doc.package}.{self.doc.short}("
        return any(called in line for line in self.doc.lines)

    def _take(self, left: str, call: str) -> None:
        """The function gives its symbol; one that LaTeX knows is compared."""
        try:
            alias = read_target(left, 0).alias
        except ValueError:
            self.checks.append((left, call))
            return
        if alias not in self._own:
            self.given[left if "(" in left else alias] = left, call

    def lines(self, latex: str, done: set[str], *, display: bool) -> list[str]:
        """The lines for a formula, without those that are given already."""
        checks = [c for c in self.checks if display and _stands_in(c[0], latex)]
        needed = [a for a, (symbol, _) in self.given.items() if _stands(symbol, latex)]
        needed += [n for _, python in checks for n in re.findall(r"\w+", python)]
        wanted: set[str] = set()
        while needed:
            name = needed.pop()
            if name in self.given and name not in wanted:
                wanted.add(name)
                needed += re.findall(r"\w+", self.given[name][1])
        made = [
            f"{symbol} = {python}"
            for alias, (symbol, python) in self.given.items()
            if alias in wanted and alias not in done and alias not in self._own
        ]
        done |= wanted
        return made + [f"check {target} = {python}" for target, python in checks]


def _is_bare(parameter: Parameter) -> bool:
    return parameter.symbol is None or parameter.symbol == _own_symbol(parameter.name)


def _number(kind: str, *, optional: bool) -> str | None:
    if kind.startswith("int, at least"):
        return "int(rng.integers(2, 5))"
    if re.match(r"(positive )?float", kind) and not (optional and "optional" in kind):
        return "rng.uniform(0.2, 0.9)"
    return None


def _left(display: str) -> str | None:
    """The symbol, or the function of symbols, that the first formula is about."""
    text = re.sub(r"\\begin\{aligned\}", "", display).replace("&", "").strip()
    left = text.partition("=")[0].strip()
    if re.fullmatch(r"(\\[A-Za-z]+(\{\w+\})?|\w)(_\w)?\(\w((,|\s*\\Vert) \w)*\)", left):
        return left
    if r"\text" in left:
        return left if _SYMBOL.fullmatch(left) else None
    bare = re.sub(r"_(\{[^{}]*\}|\w)$", "", left)
    return bare if _SYMBOL.fullmatch(bare) else None


def _stands(symbol: str, latex: str) -> bool:
    """Whether a symbol occurs in LaTeX."""
    symbol, called, _ = symbol.partition("(")
    if called:
        return f"{symbol}(" in latex or f"{symbol}'(" in latex
    if len(symbol) > 1:
        return re.search(re.escape(symbol) + r"(?![A-Za-z])", latex) is not None
    plain = re.sub(r"\\(text|operatorname|begin|end|hat|bar)\{[^{}]*\}", " ", latex)
    return symbol in re.sub(r"\\[A-Za-z]+", " ", plain)


def _stands_in(target: str, latex: str) -> bool:
    return target.removesuffix("}") in latex


def _targets(line: str) -> list[str]:
    if line[:1].isspace() or " = " not in line or line.startswith("check "):
        return []
    left = line.partition(" = ")[0]
    found = []
    for each in re.split(r",\s*(?![^(]*\))", left):
        try:
            found.append(read_target(each.strip(), 0).alias)
        except ValueError:
            continue
    return found


# -------------------------------------------------------------------------- checking


def sources(
    doc: Docstring,
    forward: Docstring | None = None,
    functions: Mapping[str, str] | None = None,
) -> list[tuple[Formula, Source]]:
    """The formulas of a docstring, each with the comment that gives its symbols."""
    symbols = _Symbols(doc, forward, functions or {})
    done: set[str] = set()
    found = []
    own = list(doc.lines)
    read = [" ".join(each.source.latex.split()) for each in doc.formulas]
    for start in doc.unchecked:
        if not any(latex.startswith(start) for latex in read):
            raise ValueError(f"{doc.name} has no formula {start} to leave unchecked")
    for formula in doc.formulas:
        source = formula.source
        reason = next(
            (
                reason
                for start, reason in doc.unchecked.items()
                if " ".join(source.latex.split()).startswith(start)
            ),
            None,
        )
        if reason is not None:
            comment = f"equation: not checked, because {reason}"
        else:
            words = source.latex if not own else "\n".join([source.latex, *own])
            made = symbols.lines(words, done, display=not formula.inline)
            assigned = [line for line in made if not line.startswith("check ")]
            checks = [line for line in made if line.startswith("check ")]
            comment = "\n".join(["equation", *assigned, *own, *checks])
            own = []
        shape = (source.line, source.end, source.indent, source.latex)
        found.append((formula, Source(*shape, comment, doc.line)))
    return found


def read_package(
    folder: Path, symbols: Mapping[str, str], root: Path | None = None
) -> dict[str, Docstring]:
    """The docstrings of a package that have formulas, by name.

    `symbols` says what cannot be read off a docstring: by its name, lines as in the
    comment above an equation of a page; `leave FORMULA, because ...` among them.
    """
    found: dict[str, Docstring] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        file = path.relative_to(root).as_posix() if root else str(path)
        for doc in read_module(path, folder.name, file):
            if doc.formulas:
                found[doc.name] = doc
    for name, text in symbols.items():
        if name not in found:
            raise ValueError(f"{name} has symbols and no docstring with formulas")
        for line in text.strip("\n").split("\n"):
            if match := re.fullmatch(r"leave (.+), because (.+)", line):
                found[name].unchecked[match[1]] = match[2]
            else:
                found[name].lines.append(line)
    return found


def forward_of(doc: Docstring, found: Mapping[str, Docstring]) -> Docstring | None:
    """The docstring of `f`, for that of `f_backward`."""
    if not doc.name.endswith(BACKWARD):
        return None
    return found.get(doc.name.removesuffix(BACKWARD))


def functions_of(found: Mapping[str, Docstring]) -> dict[str, str]:
    r"""What docstrings say of functions by letter: $\sigma(x)$ is `sigmoid(x)`."""
    known: dict[str, str] = {}
    for doc in found.values():
        displays = [f.source.latex for f in doc.formulas if not f.inline]
        left = _left(displays[0]) if displays else None
        if left is None or "(" not in left or left.startswith(("f(", r"\tanh(")):
            continue
        inside = left.partition("(")[2].removesuffix(")")
        arguments = re.sub(r"\s*\\Vert\s*", ", ", inside)
        if len(arguments.split(", ")) == sum(not d for d in doc.arguments.values()):
            known[left] = f"{doc.package}.{doc.short}({arguments})"
    return known


@dataclass(frozen=True)
class Package:
    """The docstrings of a package that have formulas, by name: `sizes.mean`."""

    docstrings: Mapping[str, Docstring]
    functions: Mapping[str, str]

    @classmethod
    def read(
        cls, folder: Path, symbols: Mapping[str, str], root: Path | None = None
    ) -> Package:
        """Read a package; `symbols` says what cannot be read off its docstrings."""
        found = read_package(folder, symbols, root)
        return cls(found, functions_of(found))

    def sources(self, name: str) -> list[tuple[Formula, Source]]:
        """The formulas of a docstring, each with the comment that was made for it."""
        doc = self.docstrings[name]
        return sources(doc, forward_of(doc, self.docstrings), self.functions)

    def check(
        self, name: str, *, cache: Path | None = None, trials: bool = True
    ) -> list[Result]:
        """Check the formulas of a docstring, or take what a folder keeps of them."""
        doc = self.docstrings[name]
        read = [source for _, source in self.sources(name)]
        config = self._config(doc)
        kept = key(repr(read), doc.name, config, trials=trials)
        place = Path(doc.file) / doc.name
        found = None if cache is None else load(cache, place, kept)
        if found is None:
            page = Page(DRAWS, trials=trials, packages=config.packages)
            items = [page.read(source) for source in read]
            page.finish(items, given=False)
            found = results(items, doc.file)
            if cache is not None:
                store(cache, place, kept, found)
        return found

    def kept(self, name: str, cache: Path) -> list[Result] | None:
        """The results that a folder keeps, if they are those of today."""
        doc = self.docstrings[name]
        read = [source for _, source in self.sources(name)]
        kept = key(repr(read), doc.name, self._config(doc), trials=True)
        return load(cache, Path(doc.file) / doc.name, kept)

    @staticmethod
    def _config(doc: Docstring) -> Config:
        return Config((doc.package,), (doc.package,), draws=DRAWS)
