"""The rows of a displayed equation as statements."""

from __future__ import annotations

from dataclasses import dataclass, replace

from eqcheck.latex.errors import EquationError
from eqcheck.latex.expressions import Reader, relation
from eqcheck.latex.factors import MEANS_OF, RESERVED
from eqcheck.latex.names import CONSTANTS, Names
from eqcheck.latex.nodes import (
    Add,
    Binder,
    Call,
    Function,
    Index,
    Indicator,
    Node,
    Number,
    Power,
    Relation,
    Statement,
    Symbol,
    Tuple,
    dimensions,
    walk,
)
from eqcheck.latex.parse import Syntax, parse
from eqcheck.latex.spelling import (
    is_symbol_like,
    items,
    position,
    refuse,
    spell,
    split_scripts,
    trees,
)


@dataclass(frozen=True)
class Row:
    """A statement with the lines of LaTeX (from 1) that it stands on."""

    statement: Statement
    first: int
    last: int
    defines: Left | None = None  # what it may define


@dataclass(frozen=True)
class Left:
    r"""A left side that can be defined: `L`, `p_k`, `Z^{(l)}_{ij}` or `f(x)`."""

    name: str
    layer: Node | None = None
    indices: tuple[str, ...] = ()
    parameters: tuple[Symbol, ...] | None = None
    squared: bool = False  # `\sigma^2 = ...` defines the positive root


def read_statements(latex: str, names: Names) -> list[Row]:
    """All statements of a displayed equation, chains joined over rows.

    Functions that the equation defines are added to `names` as they are met, and so
    are the symbols.
    """
    return _Rows(names).read(parse(latex))


class _Rows:
    def __init__(self, names: Names) -> None:
        self.names = names
        self.reader = Reader(names)
        self.rows: list[Row] = []
        self.renewed: set[str] = set()  # symbols that an arrow gave a new value

    def read(self, tree: Syntax) -> list[Row]:
        for row in trees(tree):
            for k, statement in enumerate(trees(row)):
                self._statement(statement, first_in_row=k == 0)
        claims = [row for row in self.rows if not _is_remark(row)]
        if claims:
            self.rows = claims
        for found in self.rows:
            if not found.statement.relation.operators:
                raise EquationError("no relation stands here", found.statement.at)
        self._refuse_two_meanings_of_t()
        return self.rows

    def _refuse_two_meanings_of_t(self) -> None:
        nodes = [each for row in self.rows for each in walk(row.statement)]
        if self.reader.letters and any(
            isinstance(each, Symbol | Binder) and each.name == "T" for each in nodes
        ):
            raise EquationError(
                r"T is a symbol here: write ^\top for the transpose",
                self.reader.letters[0],
            )

    def _statement(self, tree: Syntax, *, first_in_row: bool) -> None:
        claims: list[Relation | Node] = []
        arrows: list[str] = []
        conditions: list[Syntax] = []
        in_conditions = False
        for child in tree.children:
            if isinstance(child, str):
                kind = getattr(child, "type", "")
                if kind == "COND":
                    in_conditions = True
                elif kind == "IMPLIES":
                    arrows.append(child)
            elif in_conditions:
                conditions.append(child)
            else:
                claims.append(self._chain(child, first_in_row and not claims))
        last = getattr(tree.meta, "end_line", 1)
        held = self.reader.conditions(conditions) if conditions else ()
        if arrows:
            self._implication(claims, arrows, held, tree)
            return
        claim = claims[0]
        if isinstance(claim, Indicator) and self.rows:  # a condition in brackets
            before = self.rows[-1]
            held = before.statement.conditions + claim.conditions
            self.rows[-1] = replace(
                before, statement=replace(before.statement, conditions=held)
            )
            return
        at = position(tree)
        if claim is _CONTINUED:
            before = self.rows[-1]
            statement = before.statement
            if held:
                statement = replace(statement, conditions=statement.conditions + held)
            self.rows[-1] = replace(before, statement=statement, last=last)
            return
        if not isinstance(claim, Relation):
            claim = Relation((claim,), (), at=at)
        statement = Statement(claim, held, at=at)
        self.rows.append(Row(statement, getattr(tree.meta, "line", 1), last))
        left = self._left(claim)
        if left is not None:
            self.rows[-1] = replace(self.rows[-1], defines=left)
            self.names.add(left.name, function=left.parameters is not None)
        self._learn_dimensions(claim)

    def _learn_dimensions(self, claim: Relation) -> None:
        if claim.operators == (r"\in",):
            for size in dimensions(claim.sides[1]) or ():
                if isinstance(size, Symbol):
                    self.names.add(size.name)

    def _implication(
        self,
        claims: list[Relation | Node],
        arrows: list[str],
        held: tuple[Relation, ...],
        tree: Syntax,
    ) -> None:
        first, last = getattr(tree.meta, "line", 1), getattr(tree.meta, "end_line", 1)
        for k, arrow in enumerate(arrows):
            pairs = [(claims[k], claims[k + 1])]
            if arrow in {r"\iff", r"\Leftrightarrow", r"\Longleftrightarrow"}:
                pairs.append((claims[k + 1], claims[k]))
            for premise, claim in pairs:
                if not isinstance(premise, Relation) or not isinstance(claim, Relation):
                    refuse("relations are expected on both sides of an arrow", tree)
                statement = Statement(claim, held, (premise,), at=claim.at)
                self.rows.append(Row(statement, first, last))

    def _chain(self, tree: Syntax, may_continue: bool) -> Relation | Node:
        """A relation; one that begins with its sign continues the row above."""
        operators = [relation(c) for c in tree.children if isinstance(c, str)]
        parts = trees(tree)
        if len(operators) == len(parts):
            if not may_continue or not self.rows:
                refuse("the left side is missing", tree)
            sides = [self.reader.expression(part) for part in parts]
            self._extend(operators, sides)
            return _CONTINUED
        starts_with_sign = parts[0].data == "sum" and isinstance(
            parts[0].children[0], str
        )
        if not operators and may_continue and self.rows and starts_with_sign:
            self._append_term(self.reader.expression(parts[0]))
            return _CONTINUED
        if operators and operators[0] in {"=", ":="}:
            self._announce_function(parts[0])
        sides = [self.reader.expression(part) for part in parts]
        if not operators:
            return sides[0]
        claim = Relation(tuple(sides), tuple(operators), at=position(tree))
        self._refuse_renewed(claim)
        return self._assignment(claim) if r"\leftarrow" in operators else claim

    def _assignment(self, claim: Relation) -> Relation:
        r"""`w \leftarrow w - g` says what the new value is, `w'`."""
        arrow, *others = claim.operators
        if arrow != r"\leftarrow" or r"\leftarrow" in others:
            raise EquationError(r"write one \leftarrow in each statement", claim.at)
        left, *right = claim.sides
        if any(each == left for side in right for each in walk(side)):
            base = left.base if isinstance(left, Index) else left
            if not isinstance(base, Symbol):
                raise EquationError("a new value is given to a symbol only", left.at)
            new = replace(base, name=f"{base.name}'")
            left = replace(left, base=new) if isinstance(left, Index) else new
            self.renewed.add(base.name)
        return replace(claim, sides=(left, *right), operators=(":=", *others))

    def _refuse_renewed(self, claim: Relation) -> None:
        for each in walk(claim):
            if isinstance(each, Symbol) and each.name in self.renewed:
                message = (
                    f"{each.name} got a new value above: is the old one meant here, or "
                    f"the new one? Write {each.name}' for the new one and = above"
                )
                raise EquationError(message, each.at)

    def _extend(self, operators: list[str], sides: list[Node]) -> None:
        before = self.rows[-1]
        old = before.statement.relation
        new = replace(
            old,
            sides=old.sides + tuple(sides),
            operators=old.operators + tuple(operators),
        )
        statement = replace(before.statement, relation=new)
        self.rows[-1] = replace(before, statement=statement)

    def _append_term(self, term: Node) -> None:
        before = self.rows[-1]
        old = before.statement.relation
        last = old.sides[-1]
        assert isinstance(term, Add)
        start = last if isinstance(last, Add) else Add((1,), (last,), at=last.at)
        joined = Add(start.signs + term.signs, start.terms + term.terms, at=start.at)
        new = replace(old, sides=(*old.sides[:-1], joined))
        statement = replace(before.statement, relation=new)
        self.rows[-1] = replace(before, statement=statement)

    def _announce_function(self, left: Syntax) -> None:
        """`f(x) = ...` with an unknown f makes f a function."""
        factors = items(left)
        if len(factors) != 2:
            return
        head, scripts = split_scripts(factors[0])
        brackets, _ = split_scripts(factors[1])
        if not is_symbol_like(head) or scripts.primes or brackets.data != "paren":
            return
        if spell(head) in RESERVED or (spell(head) in MEANS_OF and _square(brackets)):
            return
        node = self.reader.symbol(head, scripts)
        content = trees(brackets)
        if not isinstance(node, Symbol) or self.names.knows(node.name) or not content:
            return
        parts = [self.reader.chain(part) for part in trees(content[0])]
        if all(isinstance(part, Symbol) for part in parts):
            self.names.add(node.name, function=True)

    def _left(self, claim: Relation) -> Left | None:
        if not claim.operators or claim.operators[0] not in {"=", ":="}:
            return None
        node = claim.sides[0]
        if isinstance(node, Power) and node.exponent == Number(2):
            left = self._left(replace(claim, sides=(node.base, *claim.sides[1:])))
            if left is None or left.parameters is not None:
                return None
            return replace(left, squared=True)
        indices: tuple[str, ...] = ()
        if isinstance(node, Index):
            plain = [i for i in node.items if isinstance(i, Symbol) and not i.layer]
            names = [i.name for i in plain]
            if len(plain) != len(node.items) or len(set(names)) != len(names):
                return None
            for item in plain:
                if self.names.knows(item.name):
                    if self.names.knows(_base_name(node.base)):
                        return None  # one entry of a known array
                    raise EquationError(
                        f"{item.name} is a number here, so this would define one entry",
                        item.at,
                    )
            indices = tuple(names)
            node = node.base
        if isinstance(node, Symbol):
            if node.layer is not None and not isinstance(node.layer, Symbol | Number):
                return None
            if node.name in CONSTANTS and not indices:
                return None
            return Left(node.name, node.layer, indices)
        if isinstance(node, Call) and isinstance(node.function, Symbol):
            if node.primes or node.function.layer is not None:
                return None
            parameters = tuple(a for a in node.arguments if isinstance(a, Symbol))
            if len(parameters) == len(node.arguments):
                return Left(node.function.name, None, indices, parameters)
        return None


_CONTINUED = Tuple("", (), "")


def _is_remark(row: Row) -> bool:
    r"""`x \sim N(0, 1)` says how x is drawn, which the comment does."""
    return row.statement.relation.operators == (r"\sim",)


def _square(brackets: Syntax) -> bool:
    return str(brackets.children[0]).endswith("[")


def _base_name(node: Node) -> str:
    if isinstance(node, Call) and not isinstance(node.function, Function):
        return node.function.name
    return node.name if isinstance(node, Symbol) else ""
