r"""The symbols of a docstring, found from its own text.

`lam : float, at least 0` with the text "The strength $\lambda$." gives $\lambda$ a
positive number and passes it as `lam`. The left side of the first formula is what the
function returns, or, in `f_backward`, the gradient.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from eqcheck.outside.docstring import SYMBOL, Docstring, Parameter, own_symbol
from eqcheck.symbols.giving import read_target

_BOUND = re.compile(r"= ?[01]\}\^\{?([A-Za-z])\}?(?! - )")
_SHAPE = re.compile(r"arrays? (?:of shape )?\(([^()]*)\)")
_EXTENTS = (5, 4, 3, 6, 2, 7)  # no two equal, or a transposed formula passes by luck


class Symbols:
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
            left = left_side(displays[0])
            if left is not None:
                self._take(left, self._call(self.doc))
            return
        above = [f.source.latex for f in self.forward.formulas if not f.inline]
        result = left_side(above[0]) if above else None
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
        left = left_side(displays[0]) if displays else None
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
    return parameter.symbol is None or parameter.symbol == own_symbol(parameter.name)


def _number(kind: str, *, optional: bool) -> str | None:
    if kind.startswith("int, at least"):
        return "int(rng.integers(2, 5))"
    if re.match(r"(positive )?float", kind) and not (optional and "optional" in kind):
        return "rng.uniform(0.2, 0.9)"
    return None


def left_side(display: str) -> str | None:
    """The symbol, or the function of symbols, that the first formula is about."""
    text = re.sub(r"\\begin\{aligned\}", "", display).replace("&", "").strip()
    left = text.partition("=")[0].strip()
    if re.fullmatch(r"(\\[A-Za-z]+(\{\w+\})?|\w)(_\w)?\(\w((,|\s*\\Vert) \w)*\)", left):
        return left
    if r"\text" in left:
        return left if SYMBOL.fullmatch(left) else None
    bare = re.sub(r"_(\{[^{}]*\}|\w)$", "", left)
    return bare if SYMBOL.fullmatch(bare) else None


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
