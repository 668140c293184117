"""Factors side by side, among them functions and operators that take what follows."""

from __future__ import annotations

import re

from lark import Token

from eqcheck.latex.context import Context
from eqcheck.latex.differentials import read_derivative
from eqcheck.latex.names import CONSTANTS
from eqcheck.latex.nodes import (
    BigO,
    Call,
    Function,
    Gradient,
    Index,
    Indicator,
    Mean,
    Node,
    Norm,
    Number,
    Partial,
    Power,
    Relation,
    Symbol,
)
from eqcheck.latex.operators import bind, read_big
from eqcheck.latex.parse import Syntax
from eqcheck.latex.spelling import (
    Scripts,
    chains,
    chains_of,
    is_symbol_like,
    items,
    only,
    position,
    refuse,
    spell,
    split_scripts,
    token,
    trees,
)

# Words that are functions unless the author gives them another meaning.
WORDS = {"diag", "tr", "sign", "sgn", "erf", "rank", "vec", "Cov", "mean"}
_MEANS = {r"\mathbb{E}": "E", r"\mathbb{P}": "P", "Var": "Var"}
MEANS_OF = {"E", r"\mathrm{E}"}  # with square brackets: E[x]
_OVER = {"mean", "argmax", "argmin"}
_ONES = {r"\mathbb{1}", r"\mathbf{1}"}
# Subscripts of a norm that say which it is; any other is the p of a p-norm.
NORMS = {"", "F", "0", "1", "2", r"\infty"}
_ORDERS = {"O", r"\mathcal{O}"}
# A new function cannot have one of these names by accident.
RESERVED = WORDS | _MEANS.keys() | _OVER | _ONES | _ORDERS
_HEADS = {"func", "maxhead", "nabla", "bigop"}


class Factors:
    """Reads a list of factors from left to right."""

    def __init__(self, reader: Context, parts: list[Syntax]) -> None:
        self.reader = reader
        self.names = reader.names
        self.parts = parts
        self.place = 0

    def read(self) -> list[Node]:
        """All factors, each function with its argument."""
        found: list[Node] = []
        dots = any(part.data == "dots" for part in self.parts)
        while self.place < len(self.parts):
            found.append(self._operand(of="dots" if dots else ""))
        return found

    def _next(self) -> Syntax | None:
        return self.parts[self.place] if self.place < len(self.parts) else None

    def _rest(self, after: Syntax) -> Node:
        parts, self.place = self.parts[self.place :], len(self.parts)
        if not parts:
            refuse("something must follow here", after)
        return self.reader.juxtaposition(parts)

    def _operand(self, *, of: str = "") -> Node:
        """One factor; behind a function `of` that name, `f(x)` is never a product."""
        part = self.parts[self.place]
        if (node := self._compound()) is not None:
            return node
        self.place += 1
        base, scripts = split_scripts(part)
        kind = base.data
        if kind == "frac":
            return self._fraction(base, scripts)
        if kind == "bigop":
            return read_big(self.reader, base)
        if kind == "nabla":
            return self._gradient(base, scripts)
        if kind in {"func", "maxhead"}:
            return self._builtin(base, scripts)
        if kind == "partial":
            return self._partial(base, scripts)
        if kind == "norm":
            return self._norm(base, scripts)
        if kind == "underbrace":
            return self.reader.expression(trees(base)[0])
        if is_symbol_like(base):
            if of and self._calls_unknown(base):
                brackets, after = split_scripts(self.parts[self.place])
                self.place += 1
                return self._call(base, scripts, brackets, after)
            return self._named(base, scripts)
        if base is part:
            return self._atom(base)
        return self.reader.scripted(self._atom(base), scripts, base)

    def _atom(self, base: Syntax) -> Node:
        if base.data in {"symbol", "word", "accent"}:
            return self.reader.symbol(base, Scripts())
        return self.reader.expression(base)

    def _norm(self, base: Syntax, scripts: Scripts) -> Node:
        which, order = "", None
        if scripts.sub is not None:
            which = re.sub(r"\\mathrm\{(.*)\}", r"\1", spell(scripts.sub))
            if which not in NORMS:
                order = self.reader.expression(scripts.sub)
            scripts.sub = None
        body = self.reader.expression(trees(base)[0])
        node = Norm(body, which, order, at=position(base))
        return self.reader.scripted(node, scripts, base)

    def _compound(self) -> Node | None:
        r"""A name of several letters that the author declared, such as `\Delta w`."""
        for size in (3, 2):
            parts = self.parts[self.place : self.place + size]
            if len(parts) < size or not self.names.compounds:
                continue
            *heads, last = parts
            base, scripts = split_scripts(last)
            name = " ".join([*map(spell, heads), spell(base)])
            if name in self.names.compounds:
                self.place += size
                return self.reader.symbol(base, scripts, name)
        return None

    # ---------------------------------------------------------------- functions

    def _named(self, base: Syntax, scripts: Scripts) -> Node:
        name = spell(base)
        known = self.names.knows(name)
        if name in _MEANS and not known:
            return self._mean(base, scripts, _MEANS[name])
        drawn = scripts.sub is not None and r"\sim" in spell(scripts.sub)
        if name in MEANS_OF and not known and (drawn or self._square_brackets()):
            return self._mean(base, scripts, "E")
        if name in _OVER and not known and scripts.sub is not None:
            operator = {"argmax": r"\arg\max", "argmin": r"\arg\min"}.get(name, name)
            body = self._rest(base)
            return bind(self.reader, operator, (scripts.sub, None), body, base)
        if name in WORDS and not known:
            return self._builtin(base, scripts)
        if name in _ONES and (indicator := self._indicator(base, scripts)):
            return indicator
        if name == r"\delta" and not known and self._two_indices(scripts):
            return self._kronecker(base, scripts)
        following = self._next()
        if name in _ORDERS and not known and following is not None:
            return self._order(base)
        if following is not None and self._is_function(name, scripts):
            brackets, after = split_scripts(following)
            if brackets.data == "paren":
                self.place += 1
                return self._call(base, scripts, brackets, after)
        return self.reader.symbol(base, scripts)

    def _calls_unknown(self, base: Syntax) -> bool:
        """Whether a name without a meaning stands before brackets: a function."""
        name, following = spell(base), self._next()
        if following is None or self.names.knows(name) or name in RESERVED | CONSTANTS:
            return False
        return split_scripts(following)[0].data == "paren"

    def _square_brackets(self) -> bool:
        following = self._next()
        if following is None:
            return False
        brackets, _ = split_scripts(following)
        opening = str(brackets.children[0]) if brackets.children else ""
        return brackets.data == "paren" and opening.endswith("[")

    def _order(self, base: Syntax) -> Node:
        brackets, _ = split_scripts(self.parts[self.place])
        if brackets.data != "paren":
            return self.reader.symbol(base, Scripts())
        self.place += 1
        return BigO(self.reader.arguments(brackets)[0], at=position(base))

    def _is_function(self, name: str, scripts: Scripts) -> bool:
        if name in self.names.functions:
            return True
        if scripts.sub is not None:
            return f"{name}_{{{spell(scripts.sub)}}}" in self.names.functions
        return any(
            f"{name}^{{{spell(s)}}}" in self.names.functions for s in scripts.sups
        )

    def _call(
        self, base: Syntax, scripts: Scripts, brackets: Syntax, after: Scripts
    ) -> Node:
        at = position(base)
        name = spell(base)
        primes = scripts.primes
        while primes and f"{name}{chr(39) * primes}" not in self.names.functions:
            primes -= 1
        derivatives, scripts.primes = scripts.primes - primes, primes
        component = scripts.sub
        if component is not None:
            whole = f"{name}_{{{spell(component)}}}"
            component = None if whole in self.names.functions else component
        if component is not None:
            scripts.sub = None
        function = self.reader.symbol(base, scripts)
        if not isinstance(function, Symbol):
            refuse("put the exponent behind the argument: f(x)^2", base)
        arguments = self.reader.arguments(brackets)
        self._refuse_both(function.name, brackets)
        node: Node = Call(function, arguments, derivatives, at=at)
        if component is not None:
            listed, split = self.reader.index_items(component)
            node = Index(node, listed, split, at=at)
        return self.reader.scripted(node, after, brackets)

    def _refuse_both(self, name: str, brackets: Syntax) -> None:
        """`P(a | b)` and `P(a, b)` are two functions."""
        (content,) = trees(brackets)
        parts = [c for c in content.children if isinstance(c, Token)]
        bars = "|" if any(part.type == "MID" for part in parts) else ","
        key = name, len(trees(content))
        if parts and self.reader.separators.setdefault(key, bars) != bars:
            refuse(
                f"{name}(a | b) and {name}(a, b) are two functions: "
                "give one of them a name of its own",
                brackets,
            )

    def _builtin(self, base: Syntax, scripts: Scripts) -> Node:
        at = position(base)
        name = spell(base).removeprefix("\\")
        if name == "sgn":
            name = "sign"
        if name == "Pr":
            return self._mean(base, scripts, "P")
        logarithm_base: Node | None = None
        if scripts.sub is not None:
            if name != "log":
                refuse(f"{name} takes no subscript", base)
            logarithm_base = self.reader.expression(scripts.sub)
        function = Function(name, logarithm_base, at=at)
        following = self._next()
        if following is None:
            refuse(f"the argument of {name} is missing", base)
        brackets, after = split_scripts(following)
        if brackets.data in {"paren", "set"}:
            self.place += 1
            arguments = self.reader.arguments(brackets)
            node: Node = Call(function, arguments, scripts.primes, at=at)
            node = self.reader.scripted(node, after, brackets)
        else:
            node = Call(function, (self._operand(of=name),), scripts.primes, at=at)
            behind = self._next()
            if behind is not None and not self._starts_function(behind):
                refuse(f"where does the argument of {name} end? Use brackets", behind)
        for sup in scripts.sups:
            if not spell(sup).isdigit():
                refuse(f"{name}^{{{spell(sup)}}} can be read in two ways", base)
            node = Power(node, self.reader.expression(sup), at=at)
        return node

    def _starts_function(self, part: Syntax) -> bool:
        base, _ = split_scripts(part)
        name = spell(base) if is_symbol_like(base) else ""
        return base.data in _HEADS or name in WORDS or name in self.names.functions

    def _indicator(self, base: Syntax, scripts: Scripts) -> Node | None:
        at = position(base)
        if scripts.sub is not None:
            inside = only(scripts.sub)
            inside = only(trees(inside)[0]) if inside.data in {"set"} else inside
            if inside.data == "group":
                inside = trees(inside)[0]
            listed = chains(inside) if inside.data == "inside" else [inside]
            if all(c.data == "chain" and token(c, "REL") for c in listed):
                return Indicator(self.reader.conditions(listed), at=at)
            return None
        following = self._next()
        if following is None:
            return None
        brackets, after = split_scripts(following)
        if brackets.data not in {"paren", "set"} or not trees(brackets):
            return None
        listed = chains(trees(brackets)[0])
        if not all(token(c, "REL") for c in listed):
            return None
        self.place += 1
        node = Indicator(self.reader.conditions(listed), at=at)
        return self.reader.scripted(node, after, brackets)

    def _two_indices(self, scripts: Scripts) -> bool:
        if scripts.sub is None:
            return False
        return len(self.reader.index_items(scripts.sub)[0]) == 2

    def _kronecker(self, base: Syntax, scripts: Scripts) -> Node:
        assert scripts.sub is not None
        listed, _ = self.reader.index_items(scripts.sub)
        if scripts.sups or scripts.primes:
            refuse(r"\delta_{ij} takes two indices (or give \delta a value)", base)
        at = position(base)
        return Indicator((Relation(listed, ("=",), at=at),), at=at)

    def _mean(self, base: Syntax, scripts: Scripts, kind: str) -> Node:
        over: list[str] = []
        if scripts.sub is not None:
            sub = scripts.sub
            listed = chains(trees(sub)[0]) if sub.data == "group" else []
            over = [n for c in listed for n in _names_in(trees(c)[0])] or [spell(sub)]
        following = self._next()
        if following is None:
            refuse("the argument of the expectation is missing", base)
        brackets, after = split_scripts(following)
        at = position(base)
        if brackets.data in {"paren", "set"}:
            self.place += 1
            body, *more = self.reader.arguments(brackets)
            if more:
                refuse(
                    "a mean or probability under a condition is not read: "
                    "give it as a function of two arguments",
                    brackets,
                )
            if kind == "P":
                body = body if isinstance(body, Indicator) else _hold(body, brackets)
            node = Mean(kind, tuple(over), body, at=at)
            return self.reader.scripted(node, after, brackets)
        if kind == "P":
            refuse("write the event in brackets", base)
        return Mean(kind, tuple(over), self._operand(), at=at)

    # ---------------------------------------------------------------- operators

    def _fraction(self, base: Syntax, scripts: Scripts) -> Node:
        at = position(base)
        if token(base, "FRAC_DIGITS"):
            return self.reader.scripted(self.reader.expression(base), scripts, base)
        top, bottom = trees(base)
        derivative = read_derivative(self.reader, items(top), items(bottom))
        if isinstance(derivative, Partial) and derivative.body == Number(0):
            targets = derivative.targets
            return Partial(self._rest(base), targets, at=at)
        if derivative is not None:
            return self.reader.scripted(derivative, scripts, base)
        node = self.reader.quotient(top, bottom, at)
        return self.reader.scripted(node, scripts, base)

    def _partial(self, base: Syntax, scripts: Scripts) -> Node:
        r"""`\partial_x f`, the same as `\frac{\partial}{\partial x} f`."""
        if scripts.sub is None:
            refuse(r"write \frac{\partial f}{\partial x} or \partial_x f", base)
        order = spell(scripts.sups[0]) if scripts.sups else "1"
        targets = [t for t in self._targets(scripts.sub) for _ in range(_small(order))]
        if not targets or len(scripts.sups) > 1:
            refuse(r"write \partial_x f or \partial_x^2 f", base)
        if self._next() is None:
            refuse("what is this the derivative of?", base)
        node = Partial(self._operand(of="partial"), tuple(targets), at=position(base))
        behind = self._next()
        if behind is not None and not self._starts_function(behind):
            refuse("where does the derivative end? Use brackets", behind)
        return node

    def _targets(self, sub: Syntax) -> list[Node]:
        """The variables below a sign of derivatives; `xy` is two."""
        whole = self.reader.expression(sub) if len(chains_of(sub)) == 1 else None
        if isinstance(whole, Symbol | Index):
            return [whole]
        parts = items(sub) if whole is not None else chains_of(sub)
        found = [self.reader.expression(part) for part in parts]
        for node, part in zip(found, parts, strict=True):
            if not isinstance(node, Symbol | Index):
                refuse("a derivative is taken with respect to a symbol", part)
        return found

    def _gradient(self, base: Syntax, scripts: Scripts) -> Node:
        order = 1
        for sup in scripts.sups:
            if spell(sup) != "2":
                refuse(r"\nabla and \nabla^2 are read", base)
            order = 2
        target: Node | None = None
        if scripts.sub is not None:
            target = self.reader.expression(scripts.sub)
        if self._next() is None:
            refuse(r"what is the gradient taken of?", base)
        return Gradient(self._operand(), target, order, at=position(base))


def _names_in(part: Syntax) -> list[str]:
    """The symbols that a mean runs over: `x`, or `(x, y)`."""
    part = only(part)
    if part.data == "paren" and trees(part):
        return [spell(c) for c in chains(trees(part)[0])]
    return [spell(part)]


def _small(order: str) -> int:
    """How often a derivative is taken, as far as it is written as a digit."""
    return int(order) if order in {"1", "2", "3", "4"} else 0


def _hold(body: Node, part: Syntax) -> Node:
    if not isinstance(body, Relation):
        refuse("an event such as x > 0 is expected", part)
    return Indicator((body,), at=body.at)
