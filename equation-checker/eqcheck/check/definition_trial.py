"""Tries changed forms of definitions on the statements that use them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from eqcheck.arrays.values import Value, new_axis
from eqcheck.check.compare import Settings, same
from eqcheck.check.further import Further
from eqcheck.check.general import General, differs_from, finite_value
from eqcheck.check.mutate import Mutant, mutations
from eqcheck.check.statement import any_false, is_other_value
from eqcheck.check.trial import fails, others
from eqcheck.evaluate.evaluator import Evaluator
from eqcheck.latex.nodes import Node, Statement, names_in
from eqcheck.symbols.lookup import Layered, Root
from eqcheck.symbols.state import Definition


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
            if first.name not in names_in(body)
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
            value = finite_value(evaluator, old.body)
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
