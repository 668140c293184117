"""From a syntax tree to a tree of meaning.

Here it is decided what depends on the symbols: `f(x)` is a call where `f` is known to
be a function, `H_o` is a name where the author gave `H_o`, and the argument of a
function without brackets is one factor. What can be read in two ways is refused.
"""

from __future__ import annotations

from eqcheck.latex.differentials import read_derivative
from eqcheck.latex.dots import RUN, expand, expand_product, expand_sum
from eqcheck.latex.errors import Position
from eqcheck.latex.factors import Factors
from eqcheck.latex.names import Names
from eqcheck.latex.nodes import (
    Add,
    At,
    Binary,
    Call,
    Cases,
    Dots,
    Function,
    Index,
    Indicator,
    Matrix,
    Node,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Root,
    Symbol,
    Transpose,
    Tuple,
)
from eqcheck.latex.operators import read_integral
from eqcheck.latex.parse import Syntax
from eqcheck.latex.spelling import (
    Scripts,
    chains,
    is_tree,
    items,
    label,
    leaf,
    only,
    position,
    refuse,
    spell,
    token,
    trees,
)

_ONES = {r"\mathbb{1}", r"\mathbf{1}"}


# What `Factors` reads; an arm above reads everything else.
_FACTORS = {"scripted", "symbol", "word", "accent", "func", "maxhead", "partial"}
_FACTORS |= {"nabla", "norm", "bigop", "frac"}


class Reader:
    """Reads expressions, given the names."""

    def __init__(self, known: Names) -> None:
        self.names = known
        self.letters: list[Position] = []  # where a T means the transpose
        self.separators: dict[tuple[str, int], str] = {}  # in the calls of a function

    # -------------------------------------------------------------- expressions

    def expression(self, part: Syntax) -> Node:
        """Any expression."""
        at = position(part)
        match part.data:
            case "sum":
                return self._sum(part)
            case "alone":
                return self.expression(trees(part)[0])
            case "product":
                return self._product(part)
            case "closed" | "open":
                return self.juxtaposition(trees(part))
            case "group" | "inside" | "chain":
                return self._single(part)
            case "single":
                return self.juxtaposition([leaf(part)])
            case "frac" if token(part, "FRAC_DIGITS"):
                digits = [c for c in str(part.children[0]) if c.isdigit()]
                top, bottom = (Number(int(digit), at=at) for digit in digits)
                return Quotient(top, bottom, at=at)
            case "number":
                return self._number(part)
            case "infty":
                return Number(float("inf"), at=at)
            case "dots":
                return Dots(at=at)
            case "set":
                inside = [self.chain(c) for c in chains(trees(part)[0])]
                return Tuple(r"\{", tuple(inside), r"\}", at=at)
            case "floor" | "ceil" | "bars":
                name = "abs" if part.data == "bars" else str(part.data)
                argument = self.expression(trees(part)[0])
                return Call(Function(name, at=at), (argument,), at=at)
            case "sqrt":
                below = [self.expression(child) for child in trees(part)]
                degree = below[0] if len(below) == 2 else None
                return Root(below[-1], degree, at=at)
            case "binom":
                both = tuple(self.expression(child) for child in trees(part))
                return Call(Function("binom", at=at), both, at=at)
            case "angle":
                both = tuple(self.expression(c) for c in chains(trees(part)[0]))
                if len(both) != 2:
                    refuse(r"\langle a, b \rangle takes two vectors", part)
                return Call(Function("inner", at=at), both, at=at)
            case "matrix":
                return self._matrix(part)
            case "cases":
                return self._cases(part)
            case "integral":
                return read_integral(self, part)
            case "evaluated":
                return self._evaluated(part)
            case "paren":
                return self._paren(part)
            case "underbrace":
                return self.expression(trees(part)[0])
        if part.data not in _FACTORS:
            refuse("an expression is expected here", part)
        return self.juxtaposition([part])

    def _single(self, part: Syntax) -> Node:
        below = trees(part)
        if len(below) != 1 or token(part, "REL"):
            refuse("one expression is expected here", part)
        return self.expression(below[0])

    def _number(self, part: Syntax) -> Number:
        text = str(part.children[0]).replace("\\,", "").replace("{,}", "")
        value = float(text) if "." in text else int(text)
        places = len(text.partition(".")[2])
        return Number(value, places=places, at=position(part))

    def _sum(self, part: Syntax) -> Node:
        signs: list[int] = []
        terms: list[Node] = []
        sign = 1
        for child in part.children:
            if isinstance(child, str):
                if child not in {"+", "-"}:
                    refuse(f"{child} states two things at once", part)
                sign = 1 if child == "+" else -1
            else:
                signs.append(sign)
                terms.append(self.expression(child))
        return expand_sum(Add(tuple(signs), tuple(terms), at=position(part)))

    def _product(self, part: Syntax) -> Node:
        first, *rest = part.children
        assert is_tree(first)
        if (run := self._product_run(part)) is not None:
            return run
        result = self.expression(first)
        numerator: list[Syntax] = items(first)  # for a derivative written with a slash
        for sign, child in zip(rest[::2], rest[1::2], strict=True):
            assert is_tree(child)
            at = position(sign)
            operator = str(sign)
            derivative = (
                read_derivative(self, numerator, items(child)) if numerator else None
            )
            if operator in {"/", r"\div"} and derivative is not None:
                result = derivative
            elif operator in {"/", r"\div"}:
                right = self.expression(child)
                if isinstance(right, Product) and len(trees(child)) > 1:
                    refuse("a / b c can be read in two ways; use brackets", child)
                result = Quotient(result, right, at=at)
            elif operator in {r"\cdot", r"\times", r"\odot", r"\bmod"}:
                result = Binary(operator, result, self.expression(child), at=at)
            else:
                refuse(f"{operator} is not an operator that is read", child)
            numerator = []
        return result

    def _product_run(self, part: Syntax) -> Node | None:
        r"""`a_1 \cdot a_2 \cdots a_n` or `a_1 \cdot \ldots \cdot a_n` as a product."""
        signs = {str(sign) for sign in part.children[1::2]}
        if len(signs) != 1 or not signs <= {r"\cdot", r"\times"}:
            return None
        factors = [each for child in trees(part) for each in items(child)]
        if not any(factor.data == "dots" for factor in factors):
            return None
        return self.juxtaposition(factors)

    def chain(self, part: Syntax) -> Node:
        """An expression, or a relation between expressions."""
        operators = [c.value for c in part.children if isinstance(c, str)]
        sides = tuple(self.expression(child) for child in trees(part))
        if not operators:
            return sides[0]
        if len(sides) == len(operators):
            refuse("the left side is missing", part)
        return Relation(sides, tuple(map(relation, operators)), at=position(part))

    # ------------------------------------------------------------ juxtaposition

    def juxtaposition(self, parts: list[Syntax]) -> Node:
        """Factors side by side, among them functions that take what follows."""
        factors = Factors(self, parts).read()
        factors = expand_product(factors)
        if len(factors) == 1:
            return factors[0]
        return Product(tuple(factors), at=factors[0].at)

    def symbol(self, base: Syntax, scripts: Scripts, name: str | None = None) -> Node:
        """A name with its scripts, as far as they belong to the name or index it."""
        at = position(base)
        name = name or spell(base)
        layer: Node | None = None
        sups: list[Syntax] = []
        transposed = False
        for sup in scripts.sups:
            if (inside := label(sup)) is not None:
                layer = self._single(inside)
                transposed = transposed or sup.data == "group_top"
            elif _is_mark(sup):
                name = f"{name}^{{{spell(sup)}}}"
            else:
                sups.append(sup)
        name += "'" * scripts.primes
        sub = scripts.sub
        if sub is not None and (full := self._name_with(name, sub)):
            name, sub = full, None
        elif sub is not None:
            name = self.names.array_of(name)
        node: Node = Symbol(name, layer, at=at)
        if transposed:
            node = Transpose(node, at=at)
        rest = Scripts(sub=sub, sups=sups, factorial=scripts.factorial)
        return self.scripted(node, rest, base)

    def _name_with(self, name: str, sub: Syntax) -> str | None:
        """The name with its subscript, if they are one name."""
        full = f"{name}_{{{spell(sub)}}}"
        alone = only(sub) if sub.data == "group" else leaf(sub)
        is_word = alone.data in {"word", "maxhead"}
        unknown = not self.names.knows(self.names.array_of(name))
        is_number = alone.data == "number" and unknown
        is_set = name in {r"\mathbb{R}", r"\mathbb{N}", r"\mathbb{Z}"}
        named = self.names.knows(full) or is_word or is_number or is_set
        return full if named and name not in _ONES else None

    def scripted(self, node: Node, scripts: Scripts, part: Syntax) -> Node:
        """Apply indices, exponents and transposes to an expression."""
        at = position(part)
        if scripts.primes:
            refuse("a prime belongs to a function or a name", part)
        if scripts.sub is not None:
            listed, split = self.index_items(scripts.sub)
            tops = [sup for sup in scripts.sups if _is_top(sup)]
            if tops and len(listed) > 1:
                refuse(r"write (W^\top)_{ij} or (W_{ij})^\top", part)
            node = Index(node, listed, split, at=at)
        if scripts.factorial:
            node = Call(Function("factorial", at=at), (node,), at=at)
        for sup in scripts.sups:
            if _is_top(sup):
                node = Transpose(node, at=at)
                if sup.data == "group_inverse_top":
                    node = Power(node, Number(-1, at=at), at=at)
            elif sup.data == "group_odot":
                node = Power(node, self._single(trees(sup)[0]), entrywise=True, at=at)
            elif spell(sup) == "T" and not self.names.knows("T"):
                self.letters.append(position(sup))
                node = Transpose(node, at=at)
            elif _is_mark(sup) or label(sup) is not None:
                refuse(f"^{{{spell(sup)}}} belongs to a name, not to this", sup)
            else:
                node = Power(node, self.expression(sup), at=at)
        return node

    def index_items(self, sub: Syntax) -> tuple[tuple[Node, ...], bool]:
        """The indices in a subscript, and whether they may also be a product."""
        if sub.data == "single":
            return (self.expression(sub),), False
        parts = chains(trees(sub)[0])
        if len(parts) > 1:
            return tuple(self.expression(part) for part in parts), False
        together = items(sub)
        factors = [self.juxtaposition([part]) for part in together]
        if len(factors) > 1 and all(isinstance(f, Symbol | Number) for f in factors):
            return tuple(factors), True
        return (self.expression(sub),), False

    # ------------------------------------------------------------ special forms

    def _paren(self, part: Syntax) -> Node:
        content = trees(part)
        opening, closing = (t.value[-1] for t in part.children if isinstance(t, str))
        if not content:
            refuse("nothing stands between these brackets", part)
        inside = [self.chain(c) for c in chains(content[0])]
        related = [node for node in inside if isinstance(node, Relation)]
        if related and len(related) == len(inside):
            return Indicator(tuple(related), at=position(part))
        if len(inside) == 1 and (opening, closing) in {("(", ")"), ("[", "]")}:
            return inside[0]
        if len(inside) > 2 and (opening, closing) in {("(", ")"), ("[", "]")}:
            inside = expand(inside, RUN)
        return Tuple(opening, tuple(inside), closing, at=position(part))

    def arguments(self, part: Syntax) -> tuple[Node, ...]:
        """What stands between the brackets of a call."""
        content = trees(part)
        if not content:
            refuse("a function needs an argument", part)
        return tuple(self.chain(c) for c in chains(content[0]))

    def _matrix(self, part: Syntax) -> Node:
        rows = tuple(
            tuple(self.expression(entry) for entry in trees(row)) for row in trees(part)
        )
        if len({len(row) for row in rows}) != 1:
            refuse("the rows of this matrix have different lengths", part)
        bars = "{v" in str(part.children[0])
        return Matrix(rows, determinant=bars, at=position(part))

    def _cases(self, part: Syntax) -> Node:
        values: list[Node] = []
        conditions: list[tuple[Relation, ...] | None] = []
        for case in trees(part):
            value, *rest = trees(case)
            values.append(self.expression(value))
            conditions.append(self.conditions(rest) if rest else None)
        if None in conditions[:-1]:
            refuse("only the last case may stand without a condition", part)
        return Cases(tuple(values), tuple(conditions), at=position(part))

    def conditions(self, parts: list[Syntax]) -> tuple[Relation, ...]:
        r"""Relations that must all hold; `i = 1, \dots, n` is a range."""
        nodes = [self.chain(part) for part in parts]
        found: list[Relation] = []
        for k, node in enumerate(nodes):
            if isinstance(node, Dots) and found and k + 1 < len(nodes):
                name, low = found.pop().sides
                at = node.at
                found.append(Relation((low, name, nodes[k + 1]), ("<=", "<="), at=at))
            elif isinstance(node, Indicator):
                found.extend(node.conditions)
            elif isinstance(node, Relation):
                found.append(node)
            elif not isinstance(node, Symbol) and not isinstance(nodes[k - 1], Dots):
                refuse("a condition such as x > 0 is expected", parts[k])
        return tuple(found)

    def _evaluated(self, part: Syntax) -> Node:
        inside, sub = trees(part)
        chain = self.chain(chains(trees(sub)[0])[0])
        where = [chain, *map(self.chain, chains(trees(sub)[0])[1:])]
        targets, values = [], []
        for each in where:
            if not isinstance(each, Relation) or each.operators != ("=",):
                refuse(r"write \left. ... \right|_{x = 0}", part)
            targets.append(each.sides[0])
            values.append(each.sides[1])
        body = self._single(inside)
        return At(body, tuple(targets), tuple(values), at=position(part))

    def quotient(self, top: Syntax, bottom: Syntax, at: Position) -> Node:
        """A fraction that is not a derivative."""
        return Quotient(self.expression(top), self.expression(bottom), at=at)


def _is_top(sup: Syntax) -> bool:
    if sup.data == "single":
        return getattr(sup.children[0], "type", "") == "TOP"
    upright = spell(sup) in {r"\mathrm{T}", r"\mathsf{T}"}
    return upright or sup.data in {"group_top", "group_inverse_top"}


def _is_mark(sup: Syntax) -> bool:
    if sup.data == "single":
        return getattr(sup.children[0], "type", "") in {"STAR", "ADDOP"}
    return bool(sup.data == "group_mark")


_RELATIONS = {
    r"\not=": "!=",
    r"\not\in": r"\notin",
    r"\leq": "<=",
    r"\le": "<=",
    r"\leqslant": "<=",
    r"\lt": "<",
    r"\geq": ">=",
    r"\ge": ">=",
    r"\geqslant": ">=",
    r"\gt": ">",
    r"\neq": "!=",
    r"\ne": "!=",
    r"\approxeq": r"\approx",
    r"\coloneqq": ":=",
    r"\triangleq": ":=",
    r"\gets": r"\leftarrow",
    r"\longleftarrow": r"\leftarrow",
    r"\rightarrow": r"\to",
}


def relation(operator: str) -> str:
    """One spelling for each relation."""
    operator = "".join(operator.split())
    if operator.startswith((r"\stackrel", r"\overset")):
        return ":=" if "def" in operator else "="
    return _RELATIONS.get(operator, operator)
