"""What the symbols of a page stand for, at one place of the page and in one draw.

A symbol is given (by the Python of a comment) or defined (by an equation), or both.
`Root` holds these; a `Layered` environment exchanges some values, as a derivative or
the argument of a function does, and follows whatever depends on them: the definitions
first, else the Python expression that gave the symbol.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from eqcheck.arrays.numeric import call_opaque
from eqcheck.arrays.values import Array, Value
from eqcheck.latex.errors import EquationError, Position
from eqcheck.latex.names import family_member
from eqcheck.symbols.dependencies import (
    dependent,
    inputs,
    stale_helpers,
    touches,
)
from eqcheck.symbols.layers import Table, layer_table
from eqcheck.symbols.memory import Memory
from eqcheck.symbols.state import ANY, Definition, Given, Mark, State


class Materialise(Protocol):
    """Evaluates a definition in an environment."""

    def __call__(
        self, env: Environment, definition: Definition, layer: int | None
    ) -> Value:
        """The value of a definition."""


class Environment:
    """Looks symbols up."""

    root: Root
    cache: dict[object, Any]

    def lookup(self, name: str, layer: int | None, at: Position) -> Value:
        """The value of a symbol."""
        raise NotImplementedError

    def callable(self, name: str, arity: int) -> Given | Definition | None:
        """The function of this name."""
        return self.root.functions.get((name, arity)) or self.root.given.get(name)


@contextmanager
def placed_in(definition: Definition) -> Iterator[None]:
    """Let an error say in which definition it is; the innermost counts."""
    try:
        yield
    except EquationError as error:
        if error.defined_in is None:
            error.defined_in = definition.line
        raise


def key_of(name: str, layer: int | None) -> str:
    """How a symbol is filed."""
    return name if layer is None else family_member(name, layer)


class Root(State, Environment):
    """All that a page has given and defined so far."""

    def __init__(self, materialise: Materialise) -> None:
        super().__init__()
        self.root = self
        self.materialise = materialise
        self.memory: Memory | None = None  # when comments are run again
        self._evaluating: list[tuple[int, int | None]] = []

    def lookup(self, name: str, layer: int | None, at: Position) -> Value:
        """A given value, else the value of the definition."""
        given = self.given.get(key_of(name, layer))
        if given is not None:
            if isinstance(given.content, Value):
                return given.content
            raise EquationError(f"{name} is a function: it needs an argument", at)
        definition = self.definition(name, layer)
        if definition is None:
            raise EquationError(self._unknown(name, layer), at)
        return self.defined(self, definition, layer, at)

    def _unknown(self, name: str, layer: int | None) -> str:
        if layer is not None and self.layers(name):
            known = ", ".join(map(str, sorted(self.layers(name))))
            return f"{name} has the layers {known}, not {layer}"
        shown = name if layer is None else f"{name}^{{({layer})}}"
        return f"{shown} is not known here: neither given nor defined"

    def definition(self, name: str, layer: int | None) -> Definition | None:
        """The definition of a symbol, of this layer or of every layer."""
        if layer is None:
            return self.definitions.get(name)
        member = self.definitions.get(key_of(name, layer))
        if member is None and layer in self.layers(name):
            return self.definitions.get(family_member(name, ANY))
        return member

    def defined(
        self, env: Environment, definition: Definition, layer: int | None, at: Position
    ) -> Value:
        """The value of a definition, kept for the next time."""

        def compute() -> Value:
            mark = (id(definition), layer)
            if mark in self._evaluating:
                shown = key_of(definition.name, layer)
                raise EquationError(f"{shown} is defined by itself", at)
            self._evaluating.append(mark)
            try:
                with placed_in(definition):
                    return self.materialise(env, definition, layer)
            finally:
                self._evaluating.pop()

        self.used.add(definition.mark)
        return self.kept(env, ("definition", definition, layer), compute)

    def kept(
        self, env: Environment, key: object, compute: Callable[[], Value]
    ) -> Value:
        """Compute once in this environment, and note which definitions it uses."""
        if key not in env.cache:
            before, self.used = self.used, set()
            try:
                env.cache[key] = compute(), self.used
            finally:
                self.used = before | self.used
        value: Value
        value, used = env.cache[key]
        self.used |= used
        return value

    def exchange(self, definition: Definition) -> None:
        """Put a definition in the place of the one that is filed under its name.

        What was computed without it is kept.
        """
        if definition.parameters is None:
            self.definitions[definition.key] = definition
        else:
            self.functions[definition.name, len(definition.parameters)] = definition
        self.cache = {
            key: (value, used)
            for key, (value, used) in self._computed()
            if definition.mark not in used
        }

    def _computed(self) -> Iterator[tuple[object, tuple[Value, set[Mark]]]]:
        """What `kept` has computed, with the definitions that it rests on."""
        for key, entry in self.cache.items():
            if isinstance(key, tuple) and key[0] in {"definition", "jacobian", "given"}:
                yield key, entry

    @property
    def layer_table(self) -> Table:
        """The layers of every symbol that has some."""
        if "layers" not in self.cache:
            self.cache["layers"] = layer_table(self)
        table: Table = self.cache["layers"]
        return table

    def layers(self, name: str) -> set[int]:
        """The layers that a symbol has."""
        return self.layer_table.get(name, set())

    # ------------------------------------------------------------- dependencies

    def depends(self, name: str, layer: int | None, on: frozenset[str]) -> bool:
        """Whether changing the keys `on` may change this symbol."""
        cached = ("depends", on)
        if cached not in self.cache:
            self.cache[cached] = dependent(self, on)
        key = key_of(name, layer)
        found: set[str] = self.cache[cached]
        if key in self.definitions or key in self.given or layer is None:
            return key in found
        return touches(key, found)

    def replay(self, given: Given, names: list[str]) -> Callable[..., Array]:
        """The Python of a given symbol as a function of some names that it reads."""
        stale = set(names)
        for family, members in self.families.items():
            if not stale.isdisjoint(members):
                stale.add(family)
        helpers = [
            (n, self.helpers[n].python.code) for n in stale_helpers(self, given, stale)
        ]

        def function(*arrays: Array) -> Array:
            space = {**self.python, **dict(zip(names, arrays, strict=True))}
            for family in stale.difference(names):
                space[family] = copy.copy(self.python[family])
                for member, place in self.families[family].items():
                    if member in names:
                        space[family][place] = space[member]
            for name, code in helpers:
                space[name] = eval(code, space)
            return np.asarray(eval(given.python.code, space))

        return function


class Layered(Environment):
    """An environment in which some symbols have other values."""

    def __init__(self, parent: Environment, values: dict[str, Value]) -> None:
        self.root = parent.root
        self.cache = {}
        self.parent = parent
        self.values = values
        self.changed = frozenset(values)

    def lookup(self, name: str, layer: int | None, at: Position) -> Value:
        """The exchanged value, or one that follows from it, or the old one."""
        key = key_of(name, layer)
        if key in self.values:
            return self.values[key]
        root = self.root
        if not root.depends(name, layer, self.changed):
            return self.parent.lookup(name, layer, at)
        definition = root.definition(name, layer)
        if definition is not None:
            return root.defined(self, definition, layer, at)
        given = root.given.get(key)
        if given is None or not isinstance(given.content, Value):
            return self.parent.lookup(name, layer, at)
        known = given
        return root.kept(self, ("given", key), lambda: self._replayed(known, at))

    def _replayed(self, given: Given, at: Position) -> Value:
        """The value that the Python of a symbol gives here."""
        root = self.root
        names, values = [], []
        for alias in sorted(inputs(root, given)):
            key = root.aliases[alias]
            symbol, _, rest = key.partition("^(")
            layer = int(rest[:-1]) if rest else None
            if key in self.values or root.depends(symbol, layer, self.changed):
                names.append(alias)
                values.append(self.lookup(symbol, layer, at))

        return call_opaque(root.replay(given, names), values)
