"""Evaluates a statement at all its indices and compares its sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from eqcheck.arrays.values import (
    Value,
    constant,
    elementwise,
    index,
    move_to_shape,
)
from eqcheck.check.compare import (
    SETS,
    Comparison,
    Failure,
    Settings,
)
from eqcheck.evaluate.big import needs_loop
from eqcheck.evaluate.conditions import all_hold
from eqcheck.evaluate.evaluator import Evaluator
from eqcheck.evaluate.ranges import (
    bound_names,
    free_names,
    index_positions,
    infer_range,
)
from eqcheck.latex.errors import EquationError
from eqcheck.latex.names import CONSTANTS
from eqcheck.latex.nodes import BigO, Node, Relation, Statement, Symbol, walk
from eqcheck.symbols.lookup import Environment, Layered, Root, key_of
from eqcheck.symbols.state import Definition


@dataclass
class Outcome:
    """What came of a statement in one draw."""

    comparisons: int = 0
    failure: Failure | None = None

    def add(self, found: tuple[int, Failure | None]) -> bool:
        """Note a comparison; whether it failed."""
        count, self.failure = found
        self.comparisons += count
        return self.failure is not None


def materialise(env: Environment, definition: Definition, layer: int | None) -> Value:
    """The value of a definition at all its indices."""
    scope: dict[str, Value] = {}
    if isinstance(definition.layer, Symbol) and layer is not None:
        scope[definition.layer.name] = constant(layer)
    evaluator = Evaluator(env, scope)
    body = definition.body
    axes: list[int] = []
    sizes: dict[int, int] = {}
    for k, name in enumerate(definition.indices):
        stated = definition.ranges.get(name) or _given_range(env, definition, layer, k)
        low, high = stated or infer_range(evaluator, name, [body], body.at)
        running = index(low, high)
        scope[name] = running
        axes += running.axes
        sizes[running.axes[0]] = high - low + 1
    return move_to_shape(evaluator.value(body), axes, sizes)


def _given_range(
    env: Environment, definition: Definition, layer: int | None, k: int
) -> tuple[int, int] | None:
    """The range of an index of a symbol that is given beside its definition."""
    given = env.root.given.get(key_of(definition.name, layer))
    if given is None or not isinstance(given.content, Value):
        return None
    if k >= given.content.ndim:
        return None
    starts = env.root.starts.get(definition.name, ())
    start = starts[k] if k < len(starts) else 1
    return start, start + given.content.shape[k] - 1


def check(statement: Statement, root: Root, settings: Settings) -> Outcome:
    """Evaluate all sides and compare neighbours."""
    outcome = Outcome()
    if BigO in statement.kinds:
        _check_order(statement, root, settings, outcome)
        return outcome
    for comparison, k, left, right in _pairs(statement, root, settings):
        if outcome.add(comparison.pair(k, left, right)):
            break
    return outcome


def is_false(statement: Statement, root: Root, settings: Settings) -> bool | None:
    """Whether a statement does not hold; None if that is undecided."""
    if BigO in statement.kinds:
        return check(statement, root, settings).failure is not None
    return any_false(
        comparison.is_false(k, left, right)
        for comparison, k, left, right in _pairs(statement, root, settings)
    )


def any_false(verdicts: Iterable[bool | None]) -> bool | None:
    """True if one is, else None if one is; as few as needed are looked at."""
    found: bool | None = False
    for verdict in verdicts:
        if verdict:
            return True
        found = None if verdict is None else found
    return found


def _pairs(
    statement: Statement, root: Root, settings: Settings
) -> Iterator[tuple[Comparison, int, Value, Value | None]]:
    """Neighbouring sides with their values."""
    relation = statement.relation
    for evaluator, values in sides(statement, root, settings):
        comparison = Comparison(relation, evaluator, settings)
        for k in range(len(relation.operators)):
            left, right = values[k], values[k + 1]
            if left is None:
                raise EquationError(
                    "a set has no relation to what follows", relation.at
                )
            yield comparison, k, left, right


def check_value(node: Node, wanted: object, root: Root, settings: Settings) -> Outcome:
    """Compare an expression with an array."""
    outcome = Outcome()
    for comparison, left, right in _against(node, wanted, root, settings):
        if outcome.add(comparison.pair(0, left, right)):
            break
    return outcome


def is_other_value(
    node: Node, wanted: object, root: Root, settings: Settings
) -> bool | None:
    """Whether an expression is told apart from an array; None if that is undecided."""
    return any_false(
        comparison.is_false(0, left, right)
        for comparison, left, right in _against(node, wanted, root, settings)
    )


def _against(
    node: Node, wanted: object, root: Root, settings: Settings
) -> Iterator[tuple[Comparison, Value, Value]]:
    statement = Statement(Relation((node, node), ("=",), at=node.at))
    for evaluator, values in sides(statement, root, settings):
        assert values[0] is not None
        comparison = Comparison(statement.relation, evaluator, settings)
        yield comparison, values[0], Value(np.asarray(wanted))


def sides(
    statement: Statement, root: Root, settings: Settings
) -> Iterator[tuple[Evaluator, list[Value | None]]]:
    """The values of all sides, for each choice of the layers; None for a set."""
    relation = statement.relation
    for start in evaluators(statement, root, settings):
        mask = conditions_mask(statement, start)
        if mask is not None and not mask.array.any():
            continue
        evaluator = start.where(mask).keeping()
        values: list[Value | None] = []
        for k, side in enumerate(relation.sides):
            is_set = k > 0 and relation.operators[k - 1] in SETS
            values.append(None if is_set else evaluator.value(side))
        yield evaluator.reading(), values


def conditions_mask(statement: Statement, evaluator: Evaluator) -> Value | None:
    """Where a statement is asserted; None is everywhere."""
    return all_hold(evaluator, (*statement.conditions, *statement.premises))


# -------------------------------------------------------------------------- indices


def free_indices(statement: Node, root: Root, settings: Settings) -> list[str]:
    """The indices at which a statement is asserted."""
    positions = index_positions(statement)
    found = []
    for name, at in free_names(statement).items():
        known = (
            name in root.given
            or name in root.definitions
            or name in settings.sequences
            or any(key == name for key, _ in root.functions)
        )
        if name in settings.ranges or (not known and name in positions):
            found.append(name)
        elif not known and name not in CONSTANTS and not name.startswith(r"\mathbb{"):
            raise EquationError(
                f"{name} is not known here: neither given nor defined", at
            )
    for node in walk(statement):
        if isinstance(node, Relation):
            for side in node.sides:
                _refuse_bound_and_free(side, set(found))
    return found


def _refuse_bound_and_free(side: Node, free: set[str]) -> None:
    here = set(free_names(side)) & free
    for name, at in bound_names(side).items():
        if name in here:
            raise EquationError(
                f"the index {name} is bound here and free beside it: rename one"
                " or put brackets around the summand",
                at,
            )


def evaluators(
    statement: Statement, root: Root, settings: Settings
) -> Iterator[Evaluator]:
    """One evaluator for each choice of the layers; other indices run at once."""
    names = free_indices(statement, root, settings)
    start = Evaluator(root, sequences=settings.sequences)
    looped = [name for name in names if needs_loop(name, statement)]
    ranges = [_range(start, name, statement, settings) for name in looped]
    for layers in product(*(range(low, high + 1) for low, high in ranges)):
        scope: dict[str, Value] = {
            name: constant(layer) for name, layer in zip(looped, layers, strict=True)
        }
        evaluator = replace(start, scope=scope)
        for name in names:
            if name not in looped:
                scope[name] = index(*_range(evaluator, name, statement, settings))
        yield evaluator


def _range(
    evaluator: Evaluator, name: str, statement: Statement, settings: Settings
) -> tuple[int, int]:
    if name in settings.ranges:
        return settings.ranges[name]
    for condition in statement.conditions:
        stated = condition.operators == ("<=", "<=") and condition.sides[1]
        if isinstance(stated, Symbol) and stated.name == name:
            low, _, high = condition.sides
            return evaluator.integer(low, "a bound"), evaluator.integer(high, "a bound")
    return infer_range(evaluator, name, [statement], statement.at)


# --------------------------------------------------------------------------- orders


def _check_order(
    statement: Statement, root: Root, settings: Settings, outcome: Outcome
) -> None:
    r"""`a = b + O(h^2)`: the difference over `h^2` stays bounded as h shrinks."""
    relation = statement.relation
    names = [n for n in settings.sequences if n in free_names(statement)]
    if len(names) != 1 or set(relation.operators) != {"="}:
        raise EquationError(
            "an order needs one equality and a line `sequence h = ...`", relation.at
        )
    steps = settings.sequences[names[0]]
    if len(steps) < 2 or abs(steps[-1]) > abs(steps[0]) / 4:
        raise EquationError(f"{names[0]} must shrink by a factor of 4", relation.at)
    for evaluator in evaluators(statement, root, settings):
        for k in range(len(relation.operators)):
            pair = relation.sides[k], relation.sides[k + 1]
            ratios = []
            for step in steps:
                env = Layered(evaluator.env, {names[0]: constant(step)})
                ratios.append(_ratio(evaluator.among(env), pair))
            outcome.comparisons += len(steps)
            if not ratios[-1] <= 2 * ratios[0] + 1e-9:
                outcome.failure = Failure(
                    *("=", f"{ratios[0]:.3g} at {names[0]} = {steps[0]:.3g}"),
                    f"{ratios[-1]:.3g} at {names[0]} = {steps[-1]:.3g}",
                    "the difference over the order, which grows",
                    pair[1].at,
                )
                return


def _ratio(evaluator: Evaluator, pair: tuple[Node, Node]) -> float:
    left, right = (evaluator.value(side) for side in pair)
    difference = elementwise(np.subtract, left, right)
    orders = [n for side in pair for n in walk(side) if isinstance(n, BigO)]
    if not orders:
        return float(np.max(np.abs(difference.array)))
    bound = sum(float(np.max(np.abs(evaluator.value(o.body).array))) for o in orders)
    return float(np.max(np.abs(difference.array))) / bound
