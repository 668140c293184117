"""What a page has given and defined so far, as plain data."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from eqcheck.arrays.values import Value
from eqcheck.latex.names import family_member
from eqcheck.latex.nodes import Node, Number, Symbol
from eqcheck.symbols.comment import Python
from eqcheck.symbols.packages import Packages

ANY = "*"  # the layer of a symbol in every layer
Mark = tuple[int, str]  # tells a definition from the others of a page
Token = Hashable  # stands for a content: equal tokens, equal contents


@dataclass(frozen=True, eq=False)
class Given:
    """A value or a function from a comment."""

    content: Value | Callable[..., Any] | None  # None for a helper of Python only
    python: Python
    sample: bool = False
    versions: dict[str, int] = field(default_factory=dict)  # of the names it reads

    @property
    def random(self) -> bool:
        """Whether it is drawn anew each time it is evaluated."""
        return self.sample or "rng" in self.python.names


@dataclass(frozen=True, eq=False)
class Definition:
    """What an equation says a symbol is."""

    name: str
    layer: Node | None
    indices: tuple[str, ...]
    body: Node
    line: int
    parameters: tuple[Symbol, ...] | None = None  # of a function
    ranges: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The symbol, with its layer if that is one particular layer."""
        if isinstance(self.layer, Number):
            return family_member(self.name, int(self.layer.value))
        return self.name if self.layer is None else family_member(self.name, ANY)

    @property
    def mark(self) -> Mark:
        """Its place; on one line there may be several."""
        arity = "" if self.parameters is None else f"/{len(self.parameters)}"
        return self.line, self.key + arity


class State:
    """All that a page has given and defined so far."""

    def __init__(self) -> None:
        self.given: dict[str, Given] = {}
        self.definitions: dict[str, Definition] = {}
        self.functions: dict[tuple[str, int], Given | Definition] = {}
        self.starts: dict[str, tuple[int, ...]] = {}
        self.pads: dict[str, float] = {}
        self.python: dict[str, Any] = {}  # the namespace of the comments
        self.packages = Packages()
        self.aliases: dict[str, str] = {}  # Python name -> symbol
        self.helpers: dict[str, Given] = {}  # Python names that are no symbols
        self.families: dict[str, dict[str, int]] = {}  # W -> W_1, ... and their places
        self.versions: dict[str, int] = {}  # how often a Python name was given
        self.tokens: dict[str, Token] = {}  # of what the Python names hold
        self.used: set[Mark] = set()  # definitions that were looked up
        self.cache: dict[object, Any] = {}

    @contextmanager
    def local(self) -> Iterator[None]:
        """What is given and defined inside is forgotten at the end."""
        names = [name for name, value in vars(self).items() if type(value) is dict]
        before = {name: copy.copy(getattr(self, name)) for name in names}
        try:
            yield
        finally:
            vars(self).update(before)
            self.cache = {}
