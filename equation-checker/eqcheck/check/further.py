"""Further data that a statement must hold for, beside the draws of its page.

Which data these are depends on what it says: data on the boundary of its conditions,
other whole numbers where it rounds, other draws where it bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from eqcheck.arrays.values import Array, Value
from eqcheck.check.again import (
    Past,
    literal_integers,
    other_integers,
    same_integers,
)
from eqcheck.check.boundary import (
    Check,
    Draw,
    Key,
    Point,
    Search,
    comparisons,
    of_page,
    point,
    watched,
    without_derivatives,
)
from eqcheck.check.compare import Settings
from eqcheck.check.statement import Outcome, check
from eqcheck.evaluate.conditions import ORDERS, NoCaseError
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import Binary, Function, Node, Statement, Symbol, walk
from eqcheck.symbols.comment import Assignment, Python
from eqcheck.symbols.giving import Target
from eqcheck.symbols.lookup import Root

SIZES = 20  # draws of other whole numbers for a statement that rounds
OTHERS = 6  # further draws for an inequality


@dataclass
class Further:
    """Data at which a statement holds as well, or the first at which it does not."""

    draws: list[Draw] = field(default_factory=list)
    unreached: int = 0  # comparisons whose boundary was not found
    outcome: Outcome | None = None


def further(
    statement: Statement,
    roots: Sequence[Root],
    settings: Sequence[Settings],
    past: Past,
    checks: Sequence[Check],
) -> Further:
    """Find further data and check the statement there."""
    found = Further()
    root = roots[0]
    if _rounds(statement):
        _look(found, _other_sizes(statement, root, settings[0], past))
    if found.outcome is None and ORDERS & {*statement.relation.operators}:
        _look(found, _other_draws(statement, root, settings[0], past))
    if found.outcome is None:
        _on_boundaries(found, statement, roots, settings, past, checks)
    return found


def _look(found: Further, draws: Iterator[Draw]) -> None:
    """Keep the data at which the statement holds; stop where it does not."""
    for draw in draws:
        outcome = _outcome(draw)
        if outcome is None:
            continue  # it cannot be evaluated there
        if outcome.failure is not None:
            found.outcome = outcome
            return
        if outcome.comparisons:
            found.draws.append(draw)


def _outcome(draw: Draw) -> Outcome | None:
    try:
        outcome = check(draw.statement, draw.root, draw.settings)
    except NoCaseError:
        raise
    except Exception:
        return None
    if outcome.failure is not None:
        outcome.failure = replace(outcome.failure, where=draw.where)
    return outcome


# ----------------------------------------------------------------------------- sizes


def _rounds(statement: Statement) -> bool:
    return any(
        (isinstance(node, Function) and node.name in {"floor", "ceil"})
        or (isinstance(node, Binary) and node.operator == r"\bmod")
        for node in walk(statement)
    )


def _other_sizes(
    statement: Statement, root: Root, settings: Settings, past: Past
) -> Iterator[Draw]:
    """Whole numbers that other lines of the comment read are exchanged."""
    steps = past.needed(root, statement)
    read = {
        name
        for k in steps
        for assignment in past.steps[k].comment.assignments
        for name in assignment.python.names
    }
    if _constant_array(statement, root):
        read = set()  # what was written down for these sizes says nothing of others
    for seed in range(SIZES):
        exchanged = other_integers(seed, extents=False)

        def change(assignment: Assignment, targets: list[Target]) -> Python:
            literal = literal_integers(assignment.python) is not None
            if literal and all(target.alias in read for target in targets):
                return exchanged(assignment, targets)  # noqa: B023 (used at once)
            return assignment.python

        new = _again(statement, root, settings, past, steps, seed, change)
        if new is not None:
            yield replace(new, where=_numbers(statement, new.root))


def _constant_array(statement: Statement, root: Root) -> bool:
    """Whether an array of the statement was written down as it is."""
    for node in walk(statement):
        given = root.given.get(node.name) if isinstance(node, Symbol) else None
        if given is None or not isinstance(given.content, Value):
            continue
        reads = given.python.names & (root.aliases.keys() | {"rng"})
        if given.content.array.ndim and not reads:
            return True
    return False


def _numbers(statement: Statement, root: Root) -> str:
    names = {node.name for node in walk(statement) if isinstance(node, Symbol)}
    shown = []
    for name in sorted(names & root.given.keys()):
        content = root.given[name].content
        if not isinstance(content, Value) or content.array.ndim:
            continue
        if content.array.dtype.kind in "iu":
            shown.append(f"{name} = {int(content.array)}")
    return (
        f"at other whole numbers, {', '.join(shown)}: if the statement is not meant for"
        " them, draw them where it holds, such as `k = int(rng.integers(2, 5))`"
    )


def _other_draws(
    statement: Statement, root: Root, settings: Settings, past: Past
) -> Iterator[Draw]:
    steps = past.needed(root, statement)
    for seed in range(OTHERS if steps else 0):
        new = _again(statement, root, settings, past, steps, seed, same_integers)
        if new is not None:
            yield replace(new, where="in a further draw")


def _again(
    statement: Statement,
    root: Root,
    settings: Settings,
    past: Past,
    steps: list[int],
    seed: int,
    change: object,
) -> Draw | None:
    try:
        new, changed = past.again(root, settings, steps, seed, change)  # type: ignore[arg-type]
    except Exception:
        return None
    kept = tuple(range(len(statement.relation.sides)))
    return Draw(statement, kept, new, changed)


# ------------------------------------------------------------------------ boundaries


def _on_boundaries(
    found: Further,
    statement: Statement,
    roots: Sequence[Root],
    settings: Sequence[Settings],
    past: Past,
    checks: Sequence[Check],
) -> None:
    conditions = comparisons(statement, roots[0])
    relation = statement.relation
    own = {
        (id(relation.sides[k]), id(relation.sides[k + 1])): relation.sides[k : k + 2]
        for k, operator in enumerate(relation.operators)
        if operator in ORDERS
    }
    if not conditions and not own:
        return
    short = without_derivatives(statement, roots[0], checks)
    if short is None:
        return
    reduced, kept, values = short
    there = _of_page(roots, settings, reduced, values)
    steps = past.needed(roots[0], reduced, values.values())
    search = Search(reduced, kept, values, roots[0], settings[0], past, steps)
    for key, pair in {**conditions, **own}.items():
        differences = there.get(key)
        if differences is None:
            continue
        if np.any(differences == 0) or np.all(differences == np.round(differences)):
            continue  # the data of the page lie on it, or are whole numbers
        at = point((pair[0], pair[1]), search, roots)
        if at is None:
            found.unreached += key in conditions
            continue
        if not _take(found, at):
            return


def _of_page(
    roots: Sequence[Root],
    settings: Sequence[Settings],
    statement: Statement,
    values: dict[str, Python],
) -> dict[Key, Array]:
    """The differences of all comparisons in the draws of the page."""
    found: dict[Key, list[Array]] = {}
    for root, setting in zip(roots, settings, strict=True):
        try:
            seen = watched(of_page(root, statement, setting, values))
        except EquationError:
            continue
        for key, array in seen.items():
            found.setdefault(key, []).append(array)
    return {key: np.concatenate(arrays) for key, arrays in found.items()}


def _take(found: Further, at: Point) -> bool:
    """Keep the data around a boundary; whether the statement holds there.

    It must hold on the boundary if it holds beside it and the data could be there:
    else the move has broken something that the statement presupposes.
    """
    beside = []
    for draw in at.beside:
        try:
            outcome = _outcome(draw)
        except NoCaseError:
            continue
        if outcome is not None and outcome.failure is None:
            beside.append(draw)
    must_hold = at.allowed and bool(beside)
    try:
        outcome = _outcome(at.on)
    except NoCaseError as error:
        if must_hold:
            raise EquationError(error.message, error.at) from None
        return True
    found.draws += beside
    if outcome is None:
        return True
    if outcome.failure is None:
        found.draws.append(at.on)
        return True
    if must_hold:
        found.outcome = outcome
    return not must_hold


def names_shown(nodes: Sequence[Node]) -> list[str]:
    """The symbols of a display, in the order in which they stand there."""
    found: dict[str, None] = {}
    for node in nodes:
        for each in walk(node):
            if isinstance(each, Symbol) and each.layer is None:
                found.setdefault(each.name)
    return [*found]
