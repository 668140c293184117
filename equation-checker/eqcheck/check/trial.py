"""Tries changed forms of statements to see which of them would go unnoticed.

A changed form counts only if it means something else: on data of the general kind (no
row one-hot, no number 1 by chance) its value differs from the original. Where it does
and still passes on the data of the page, the check is blind to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from eqcheck.arrays.values import Value, elementwise, where
from eqcheck.check.boundary import Draw
from eqcheck.check.compare import EQUALITIES, ORDERS, Comparison, Settings
from eqcheck.check.further import Further
from eqcheck.check.general import Elsewhere, General
from eqcheck.check.mutate import (
    REVERSED,
    STRICTNESS,
    Mutant,
    mutations,
    with_operator,
)
from eqcheck.check.statement import (
    any_false,
    free_indices,
    is_false,
    sides,
)
from eqcheck.evaluate.evaluator import Evaluator
from eqcheck.latex.nodes import (
    NOWHERE,
    BigO,
    Node,
    Number,
    Relation,
    Statement,
)
from eqcheck.symbols.lookup import Root

ZERO = Number(0)
TIGHTER = 0.1  # a bound must not hold if it is tightened by so much


class Trial:
    """A statement with the values of its sides, to be compared with changed ones."""

    def __init__(
        self,
        statement: Statement,
        roots: list[Root],
        settings: list[Settings],
        general: General,
        extra: Further,
        shown: Sequence[str],
    ) -> None:
        self.statement = statement
        self.roots = roots
        self.settings = settings
        self.extra = extra
        self.general = general
        every = tuple(range(len(statement.relation.sides)))
        on_page = [
            Draw(statement, every, *p) for p in zip(roots, settings, strict=True)
        ]
        self._draws = [*on_page, *extra.draws]
        self._kept: dict[int, list[tuple[Evaluator, list[Value | None]]]] = {}
        self._others = others(roots[0], shown)
        self._exact = settings[0].tolerance is None
        self._places: dict[tuple[int, Root], Elsewhere] = {}

    def run(self, line: int) -> list[Mutant]:
        """Try all changed forms."""
        names = tuple(free_indices(self.statement, self.roots[0], self.settings[0]))
        relation = self.statement.relation
        found: list[Mutant] = []
        for k, side in enumerate(relation.sides):
            around = {*relation.operators[max(k - 1, 0) : k + 1]}
            if not around <= EQUALITIES | ORDERS:
                continue
            if side == ZERO and around & ORDERS:
                continue  # a sign has no scale on which another bound would be near
            beside = relation.sides[max(k - 1, 0) : k + 2]
            for what, new in mutations(side, names, self._others, little=self._exact):
                if new in beside:
                    continue  # else it would say that a is a
                caught = self._noticed(k, new)
                if caught is None:
                    continue  # undecided: it is neither noticed nor missed
                if caught or self._counts(k, new, what, around):
                    found.append(Mutant(what, line, caught))
        for k, operator in enumerate(relation.operators):
            if operator not in EQUALITIES and operator in REVERSED:
                mutant = self._with_operator(k, REVERSED[operator], line)
                found += [] if mutant is None else [mutant]
            if operator in {"<=", ">="}:
                strict = self._with_operator(k, STRICTNESS[operator], line)
                if strict is not None and strict.caught:  # else it is never attained
                    found.append(strict)
            if operator in ORDERS and ZERO not in relation.sides[k : k + 2]:
                caught = self._nearly_attained(k)
                found.append(
                    Mutant(f"{operator} tightened by {TIGHTER:.0%}", line, caught)
                )
        return found

    def _values(self, place: int) -> list[tuple[Evaluator, list[Value | None]]]:
        """The sides of the original in one of the draws, evaluated once."""
        if place not in self._kept:
            draw = self._draws[place]
            self._kept[place] = [*sides(draw.statement, draw.root, draw.settings)]
        return self._kept[place]

    def _noticed(self, k: int, new: Node) -> bool | None:
        places = range(len(self._draws))
        return any_false(self._fails(place, k, new) for place in places)

    def _fails(self, place: int, k: int, new: Node) -> bool | None:
        draw = self._draws[place]
        if k not in draw.kept:
            return False
        changed = with_side(draw.statement, draw.kept.index(k), new)
        if BigO in draw.statement.kinds:
            return fails(changed, [draw.root], [draw.settings])
        try:
            return any_false(self._beside(changed.relation, place, draw.kept.index(k)))
        except Exception:
            return True

    def _beside(self, relation: Relation, place: int, k: int) -> Iterator[bool | None]:
        """Whether side k of a changed relation differs from the sides next to it."""
        for evaluator, values in self._values(place):
            value = evaluator.value(relation.sides[k])
            comparison = Comparison(relation, evaluator, self._draws[place].settings)
            for pair in (k - 1, k):
                if not 0 <= pair < len(relation.operators):
                    continue
                left = value if pair == k else values[pair]
                right = value if pair == k - 1 else values[pair + 1]
                assert left is not None
                yield comparison.is_false(pair, left, right)

    def _counts(self, k: int, new: Node, what: str, around: set[str]) -> bool:
        """Whether a changed side that nothing notices says something else."""
        if any(what.startswith(f"{sign} became {STRICTNESS[sign]}") for sign in ORDERS):
            return self.extra.unreached > 0 or self._differs(k, new, what)
        if around <= ORDERS:
            return self._tighter(k, new)
        return self._differs(k, new, what)

    def _differs(self, k: int, new: Node, what: str) -> bool:
        """Whether a changed side has another value on general data."""
        exchanged = what.partition(" became ")[0] in self._others
        return any(
            self._elsewhere(k, root, settings).tells_apart(new, strict=strict)
            for root, settings, strict in self.general.places(as_given=exchanged)
        )

    def _elsewhere(self, k: int, root: Root, settings: Settings) -> Elsewhere:
        if (k, root) not in self._places:
            place = Elsewhere(self.statement, k, root, settings)
            self._places[k, root] = place
        return self._places[k, root]

    def _tighter(self, k: int, new: Node) -> bool:
        """Whether a changed side of an inequality says more on general data.

        A bound that only says less is true as well: that is no error.
        """
        places = [*zip(self.roots, self.settings, strict=True)]
        places += [
            (d.root, d.settings)
            for d in self.extra.draws
            if d.statement is self.statement
        ]
        return any(says_more(self.statement, k, new, *place) for place in places)

    def _nearly_attained(self, k: int) -> bool:
        """Whether a bound would fail if it were a tenth of the numbers tighter."""
        places = [*zip(self.roots, self.settings, strict=True)]
        places += [(draw.root, draw.settings) for draw in self._draws_with(k)]
        found = []
        for root, settings in places:
            try:
                found.append(slack_of(self.statement, k, root, settings))
            except Exception:
                continue
        size = max((size for _, size in found), default=0.0)
        return any(slack < TIGHTER * size for slack, _ in found)

    def _draws_with(self, k: int) -> Iterator[Draw]:
        for draw in self.extra.draws:
            if k in draw.kept and k + 1 in draw.kept:
                yield draw

    def _with_operator(self, k: int, operator: str, line: int) -> Mutant | None:
        """The statement with another sign, unless it is undecided."""
        what = f"{self.statement.relation.operators[k]} became {operator}"

        def verdicts() -> Iterator[bool | None]:
            changed = with_operator(self.statement.relation, k, operator)
            statement = replace(self.statement, relation=changed)
            yield fails(statement, self.roots, self.settings)
            for draw in self._draws_with(k):
                place = draw.kept.index(k)
                changed = with_operator(draw.statement.relation, place, operator)
                there = replace(draw.statement, relation=changed)
                yield fails(there, [draw.root], [draw.settings])

        caught = any_false(verdicts())
        return None if caught is None else Mutant(what, line, caught)


def others(root: Root, shown: Sequence[str]) -> dict[str, str]:
    """For each symbol of a display the next of the same shape in it, if any."""
    shapes: dict[tuple[object, ...], list[str]] = {}
    for name in shown:
        try:
            value = root.lookup(name, None, NOWHERE)
        except Exception:
            continue  # an index, or a function
        kind = value.array.dtype.kind, value.shape, value.axes
        shapes.setdefault(kind, []).append(name)
    return {
        name: names[(k + 1) % len(names)]
        for names in shapes.values()
        for k, name in enumerate(names)
        if len(names) > 1
    }


def with_side(statement: Statement, k: int, new: Node) -> Statement:
    """The statement with another side."""
    relation = statement.relation
    changed = (*relation.sides[:k], new, *relation.sides[k + 1 :])
    return replace(statement, relation=replace(relation, sides=changed))


def fails(
    statement: Statement, roots: list[Root], settings: list[Settings]
) -> bool | None:
    """Whether a statement is false in any draw; None if it is undecided in one.

    One that cannot be evaluated is as good as false.
    """
    try:
        places = zip(roots, settings, strict=True)
        return any_false(is_false(statement, *place) for place in places)
    except Exception:
        return True


def says_more(
    statement: Statement, k: int, new: Node, root: Root, settings: Settings
) -> bool:
    """Whether an inequality with another side k leaves less room somewhere."""
    relation = statement.relation
    for evaluator, values in sides(statement, root, settings):
        old = values[k]
        if old is None:
            continue
        try:
            gain = elementwise(np.subtract, evaluator.value(new), old).array
        except Exception:
            continue
        rounding = 1e-9 * np.max(np.abs(old.array), initial=0.0)
        for pair in (k - 1, k):
            if 0 <= pair < len(relation.operators):
                larger_side = relation.operators[pair] in {"<", "<="}
                sign = 1 if larger_side == (pair == k - 1) else -1
                if np.any(sign * np.real(gain) < -rounding):
                    return True
    return False


def slack_of(
    statement: Statement, k: int, root: Root, settings: Settings
) -> tuple[float, float]:
    """The least room that relation k leaves, and the size of the numbers."""
    least, size = np.inf, 0.0
    relation = statement.relation
    for evaluator, values in sides(statement, root, settings):
        left, right = values[k], values[k + 1]
        assert left is not None
        assert right is not None
        room = elementwise(np.subtract, right, left)
        if evaluator.mask is not None and room.ndim == 0:
            room = where(evaluator.mask, room, np.inf)
        numbers = np.real(room.array)
        if relation.operators[k] in {">", ">="}:
            numbers = np.where(np.isinf(numbers), numbers, -numbers)
        strict = relation.operators[k] in {"<", ">"}
        if strict and left.array.dtype.kind == right.array.dtype.kind == "i":
            numbers = numbers - 1  # as near as whole numbers come
        least = min(least, float(np.min(numbers)))
        for value in (left, right):
            size = max(size, float(np.max(np.abs(value.array))))
    return least, size
