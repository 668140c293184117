"""Tries changed forms of statements to see which of them would go unnoticed.

A changed form counts only if it means something else: on data of the general kind (no
row one-hot, no number 1 by chance) its value differs from the original. Where it does
and still passes on the data of the page, the check is blind to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain

import numpy as np

from eqcheck.arrays.values import Array, Value, elementwise, new_axis, where
from eqcheck.check.again import Past, copied, names_below, other_integers
from eqcheck.check.boundary import Draw
from eqcheck.check.compare import EQUALITIES, ORDERS, Comparison, Settings, same
from eqcheck.check.further import Further
from eqcheck.check.mutate import (
    REVERSED,
    STRICTNESS,
    Mutant,
    mutations,
    with_operator,
)
from eqcheck.check.statement import (
    any_false,
    conditions_mask,
    evaluators,
    free_indices,
    is_false,
    is_other_value,
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
    Symbol,
    walk,
)
from eqcheck.symbols.dependencies import base_name
from eqcheck.symbols.lookup import Layered, Root
from eqcheck.symbols.state import Definition, Given

REPLAYS = 20  # data among which a form must have the same value to be equivalent
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

    def _values(self, draw: int) -> list[tuple[Evaluator, list[Value | None]]]:
        if draw not in self._kept:
            root, settings = self.roots[draw], self.settings[draw]
            self._kept[draw] = list(sides(self.statement, root, settings))
        return self._kept[draw]

    def _noticed(self, k: int, new: Node) -> bool | None:
        draws = (self._fails(draw, k, new) for draw in range(len(self.roots)))
        further = (fails_at(draw, k, new) for draw in self.extra.draws)
        return any_false(chain(draws, further))

    def _fails(self, draw: int, k: int, new: Node) -> bool | None:
        changed = with_side(self.statement, k, new)
        if BigO in self.statement.kinds:
            return fails(changed, [self.roots[draw]], [self.settings[draw]])
        try:
            return any_false(self._beside(changed.relation, draw, k))
        except Exception:
            return True

    def _beside(self, relation: Relation, draw: int, k: int) -> Iterator[bool | None]:
        """Whether side k of a changed relation differs from the sides next to it."""
        for evaluator, values in self._values(draw):
            value = evaluator.value(relation.sides[k])
            comparison = Comparison(relation, evaluator, self.settings[draw])
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


def fails_at(draw: Draw, k: int, new: Node) -> bool | None:
    """Whether a statement with another side k is false on further data."""
    if k not in draw.kept:
        return False
    changed = with_side(draw.statement, draw.kept.index(k), new)
    return fails(changed, [draw.root], [draw.settings])


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


class Elsewhere:
    """One side of a statement on other data, to be compared with changed forms."""

    def __init__(
        self, statement: Statement, k: int, root: Root, settings: Settings
    ) -> None:
        self._side = statement.relation.sides[k]
        self._coming = self._evaluate(statement, root, settings)
        self._known: list[tuple[Evaluator, Value]] = []

    def _evaluate(
        self, statement: Statement, root: Root, settings: Settings
    ) -> Iterator[tuple[Evaluator, Value]]:
        with suppress(Exception):  # these numbers do not fit the statement
            for start in evaluators(statement, root, settings):
                mask = conditions_mask(statement, start)
                evaluator = start.where(mask).keeping()
                value = _finite(evaluator, self._side)
                if value is not None:
                    yield evaluator.reading(), value

    def tells_apart(self, new: Node, *, strict: bool) -> bool:
        """Whether a changed side has another value, or, if `strict`, none."""
        for evaluator, value in self._known:
            if differs_from(value, evaluator, new, strict=strict):
                return True
        for evaluator, value in self._coming:
            self._known.append((evaluator, value))
            if differs_from(value, evaluator, new, strict=strict):
                return True
        return False


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


class DefinitionTrial:
    """A definition with its changed forms, waiting for statements that use it."""

    def __init__(
        self,
        definitions: list[Definition],
        roots: list[Root],
        general: General,
        line: int,
        shown: Sequence[str],
        *,
        exact: bool,
    ) -> None:
        self.definitions = definitions
        self._general = general
        first = definitions[0]
        parameters = {p.name for p in first.parameters or ()}
        indices = tuple(n for n in first.indices if n not in parameters)
        self._others = {
            name: other
            for name, other in others(roots[0], shown).items()
            if name not in parameters
        }
        self.pending = [
            (Mutant(what, line), body)
            for what, body in mutations(first.body, indices, self._others, little=exact)
            if not any(symbol.name == first.name for symbol in symbols_of(body))
        ]
        self.seen = [mutant for mutant, _ in self.pending]
        self._undecided: list[Mutant] = []  # by something that uses the definition

    def meet(
        self,
        statement: Statement,
        roots: list[Root],
        settings: list[Settings],
        extra: Further,
    ) -> None:
        """Let a statement that uses the definition notice changed forms of it."""
        if _filed(roots[0], self.definitions[0]) is not self.definitions[0]:
            return  # the symbol was given anew; something else on that line is used

        def on_page() -> bool | None:
            return fails(statement, roots, settings)

        def verdicts(body: Node) -> Iterator[bool | None]:
            yield self._with(body, roots, on_page)
            for draw in extra.draws:
                there = draw.statement, [draw.root], [draw.settings]
                yield self._with(body, [draw.root], lambda: fails(*there))  # noqa: B023

        self._judge(verdicts)

    def meet_check(
        self,
        node: Node,
        wanted: Sequence[object],
        roots: list[Root],
        settings: list[Settings],
    ) -> None:
        """Let a value of Python notice changed forms of the definition."""
        if _filed(roots[0], self.definitions[0]) is not self.definitions[0]:
            return

        def fails_check() -> bool | None:
            try:
                return any_false(
                    is_other_value(node, value, root, setting)
                    for value, root, setting in zip(
                        wanted, roots, settings, strict=True
                    )
                )
            except Exception:
                return True

        self._judge(lambda body: [self._with(body, roots, fails_check)])

    def _judge(self, verdicts: Callable[[Node], Iterable[bool | None]]) -> None:
        """Note which of the forms that are still open are noticed."""
        for mutant, body in self.pending:
            caught = any_false(verdicts(body))
            mutant.caught = bool(caught)
            if caught is None:
                self._undecided.append(mutant)
        self.pending = [pair for pair in self.pending if not pair[0].caught]

    def finish(self) -> list[Mutant]:
        """The mutants that count: caught, or different in general."""
        for mutant, body in self.pending:
            if mutant in self._undecided or not any(
                _definition_differs(root, self.definitions[0], body, strict=strict)
                for root, _, strict in self._general.places(
                    as_given=mutant.description.partition(" became ")[0] in self._others
                )
            ):
                self.seen.remove(mutant)
        return self.seen

    def _with(
        self, body: Node, roots: list[Root], test: Callable[[], bool | None]
    ) -> bool | None:
        """A test with another body of the definition."""
        before = []
        for root in roots:
            filed = _filed(root, self.definitions[0])
            if not isinstance(filed, Definition):
                return False
            before.append(filed)
        try:
            for root, definition in zip(roots, before, strict=True):
                root.exchange(replace(definition, body=body))
            return test()
        finally:
            for root, definition in zip(roots, before, strict=True):
                root.exchange(definition)


def _filed(root: Root, definition: Definition) -> object:
    if definition.parameters is None:
        return root.definitions.get(definition.key)
    return root.functions.get((definition.name, len(definition.parameters)))


def _definition_differs(
    root: Root, old: Definition, body: Node, *, strict: bool
) -> bool:
    current = _filed(root, old)
    old = current if isinstance(current, Definition) else old
    try:
        if old.parameters is not None:
            evaluator = _at_numbers(root, old)
            value = _finite(evaluator, old.body)
            return value is not None and differs_from(
                value, evaluator, body, strict=strict
            )
        layers: list[int | None] = [None]
        if old.layer is not None:
            layers = [*root.layers(old.name)]
        new = replace(old, body=body)
        pairs = []
        for layer in layers:
            before = root.materialise(root, old, layer)
            if np.isfinite(before.array).all():
                pairs.append((before, layer))
    except Exception:
        return False  # nothing to compare with
    try:
        return any(
            not same(before, root.materialise(root, new, layer))
            for before, layer in pairs
        )
    except Exception:
        return strict


def _at_numbers(root: Root, definition: Definition) -> Evaluator:
    """A setting in which the parameters of a function are a few numbers each."""
    rng = np.random.default_rng(1)
    axis = new_axis()
    names = [parameter.name for parameter in definition.parameters or ()]
    numbers = {name: Value(rng.normal(size=7), (axis,)) for name in names}
    return Evaluator(Layered(root, numbers))


def _finite(evaluator: Evaluator, node: Node) -> Value | None:
    """The value of an expression, if it has one to compare with."""
    try:
        value = evaluator.value(node)
    except Exception:
        return None
    return value if np.isfinite(value.array).all() else None


def differs_from(
    before: Value, evaluator: Evaluator, new: Node, *, strict: bool
) -> bool:
    """Whether an expression has another value; with `strict` also if it has none."""
    try:
        return not same(before, evaluator.value(new))
    except Exception:
        return strict


def symbols_of(node: Node) -> Iterator[Symbol]:
    """All symbols below a node."""
    return (each for each in walk(node) if isinstance(each, Symbol))


Place = tuple[Root, Settings]


class General:
    """One place of a page with data of a general kind, one after the other.

    First the numbers are moved a little, then the comments are run anew with other
    draws and other whole numbers; what cannot be run is left out.
    """

    def __init__(
        self,
        root: Root,
        settings: Settings,
        past: Past,
        node: Node,
        made: dict[object, Place | None],
    ) -> None:
        self._root = copied(root)
        self._settings = settings
        self._past = past.until_here()
        self._node = node
        self._made = made  # by all statements of a display
        self._steps: tuple[int, ...] | None = None

    def places(self, *, as_given: bool) -> Iterator[tuple[Root, Settings, bool]]:
        """The data, and whether an expression without a value differs there.

        With `as_given` what hangs together in the comments does so still: a symbol is
        no other one if both are always the same.
        """
        for k in range(as_given, REPLAYS + 1):
            place = self._made_already(k, moved=not as_given and k % 4 == 0)
            if place is not None:
                yield *place, k == 0 or as_given

    def _made_already(self, k: int, *, moved: bool) -> Place | None:
        if self._steps is None:
            self._steps = tuple(self._past.needed(self._root, self._node))
        key = self._steps, k, moved, moved and id(self._node)
        if key not in self._made:
            self._made[key] = self._make(k, [*self._steps], moved=moved)
        return self._made[key]

    def _make(self, k: int, steps: list[int], *, moved: bool) -> Place | None:
        if k == 0:
            return general_root(self._root, self._node), self._settings
        if not steps:
            return None
        extents = k % 2 == 0
        fixed = self._past.fixed(self._root, steps, extents=extents)
        change = other_integers(k, extents=extents, fixed=fixed)
        try:
            root, settings = self._past.again(
                self._root, self._settings, steps, k, change
            )
        except Exception:
            return None
        return (general_root(root, self._node) if moved else root), settings


def general_root(root: Root, node: Node) -> Root:
    """The same symbols with data of a general kind where an expression reads them."""
    rng = np.random.default_rng(0)
    general = copied(root)
    names = names_below(root, node)
    for key, given in root.given.items():
        if base_name(key) in names:
            general.given[key] = _moved(given, rng)
    return general


def _moved(given: Given, rng: np.random.Generator) -> Given:
    value = given.content
    if not isinstance(value, Value) or value.array.dtype.kind != "f":
        return given
    array = value.array
    rows = array.sum(axis=-1) if array.ndim else np.asarray(0.0)
    positive = bool(np.all(array >= 0))
    if array.ndim and positive and np.allclose(rows, 1):
        noise = rng.dirichlet(np.ones(array.shape[-1]), size=array.shape[:-1])
        moved = 0.7 * array + 0.3 * noise  # still probabilities
    else:
        largest = np.max(np.abs(array), initial=0.0)
        shift = rng.uniform(0.0 if positive else -0.1, 0.1, size=array.shape)
        moved = array * rng.uniform(0.8, 1.2, size=array.shape) + largest * shift
        if _symmetric(array):
            moved = (moved + np.swapaxes(moved, -1, -2)) / 2
    return replace(given, content=Value(moved, value.axes))


def _symmetric(array: Array) -> bool:
    """Whether this is a symmetric matrix, and not only a diagonal one."""
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        return False
    diagonal = np.diag(np.diagonal(array))
    return np.array_equal(array, array.T) and not np.array_equal(array, diagonal)
