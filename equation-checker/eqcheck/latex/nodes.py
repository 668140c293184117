"""The meaning of an equation as a tree: what the reader builds and the evaluator walks.

Every node knows where it stands in the LaTeX, for error messages; `children` and
`replace_child` let other passes (indices, mutation) walk a tree without knowing each
kind of node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from itertools import chain
from typing import Any, TypeVar

from eqcheck.latex.errors import Position

NOWHERE = Position(0, 0)
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Node:
    """A part of an equation."""

    at: Position = field(default=NOWHERE, compare=False, repr=False)

    @cached_property
    def below(self) -> tuple[Node, ...]:
        """The nodes directly below, in order."""
        found: list[Node] = []
        for name in _field_names(self):
            _gather(getattr(self, name), found)
        return tuple(found)

    @cached_property
    def parts(self) -> tuple[Node, ...]:
        """The node and everything below it, the last below first."""
        listed = (child.parts for child in reversed(self.below))
        return (self, *chain.from_iterable(listed))

    @cached_property
    def kinds(self) -> frozenset[type[Node]]:
        """The types of its parts."""
        return frozenset({type(self)}.union(*(child.kinds for child in self.below)))

    @cached_property
    def said(self) -> dict[object, Any]:
        """What functions said of the node; see `remembered`."""
        return {}


def remembered(function: Callable[[Node], Found]) -> Callable[[Node], Found]:
    """Ask a function about each node once: a node never changes.

    Changed forms share most of their nodes. What it returns is to be left as it is.
    """

    @wraps(function)
    def ask(node: Node) -> Found:
        if function not in node.said:
            node.said[function] = function(node)
        found: Found = node.said[function]
        return found

    return ask


@dataclass(frozen=True)
class Number(Node):
    """A literal number; `places` are the digits shown behind its point."""

    value: int | float
    places: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True)
class Symbol(Node):
    """A name with its decorations; `layer` is the `l` of `W^{(l)}`."""

    name: str
    layer: Node | None = None


@dataclass(frozen=True)
class Function(Node):
    r"""A function that LaTeX or this package knows, such as `\ln` or `diag`."""

    name: str
    base: Node | None = None  # of a logarithm


@dataclass(frozen=True)
class Index(Node):
    """`base_{items}`; `split` if juxtaposed letters may also mean a product."""

    base: Node
    items: tuple[Node, ...]
    split: bool = False


@dataclass(frozen=True)
class Add(Node):
    """A sum of terms, each with its sign."""

    signs: tuple[int, ...]
    terms: tuple[Node, ...]


@dataclass(frozen=True)
class Product(Node):
    """Factors side by side: numbers or matrices."""

    factors: tuple[Node, ...]


@dataclass(frozen=True)
class Binary(Node):
    r"""An explicit operator: `\cdot`, `\times`, `\odot` or `\bmod`."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Quotient(Node):
    """A fraction."""

    top: Node
    bottom: Node


@dataclass(frozen=True)
class Power(Node):
    r"""`base^exponent`; `entrywise` for an exponent written `^{\odot 2}`."""

    base: Node
    exponent: Node
    entrywise: bool = False


@dataclass(frozen=True)
class Root(Node):
    """A root; square where no degree is given."""

    radicand: Node
    degree: Node | None = None


@dataclass(frozen=True)
class Transpose(Node):
    r"""`base^\top`."""

    base: Node


@dataclass(frozen=True)
class Call(Node):
    """A function applied to arguments; `primes` counts derivatives."""

    function: Symbol | Function
    arguments: tuple[Node, ...]
    primes: int = 0


@dataclass(frozen=True)
class Binder(Node):
    """An index that a big operator binds: `name=low..high` or `name in within`."""

    name: str
    low: Node | None = None
    high: Node | None = None
    within: Node | None = None


@dataclass(frozen=True)
class Big(Node):
    r"""An operator with indices of its own: `\sum`, `\prod`, `\max`, `\arg\max`, ..."""

    operator: str
    binders: tuple[Binder, ...]
    conditions: tuple[Relation, ...]
    body: Node


@dataclass(frozen=True)
class Limit(Node):
    r"""`\lim_{variable \to target} body`."""

    variable: str
    target: Node
    body: Node


@dataclass(frozen=True)
class BigO(Node):
    """`O(body)`: something that vanishes as fast."""

    body: Node


@dataclass(frozen=True)
class Mean(Node):
    r"""`\mathbb{E}[body]`, or a variance or probability, over random symbols."""

    kind: str  # E, Var or P
    over: tuple[str, ...]
    body: Node


@dataclass(frozen=True)
class Partial(Node):
    """The derivative of `body` with respect to each target in turn."""

    body: Node
    targets: tuple[Node, ...]


@dataclass(frozen=True)
class Gradient(Node):
    r"""`\nabla_{target} body`; order 2 is the Hessian."""

    body: Node
    target: Node | None
    order: int = 1


@dataclass(frozen=True)
class Integral(Node):
    r"""`\int_{low}^{high} body d variable`; the bounds are None where none stand."""

    variable: str
    low: Node | None
    high: Node | None
    body: Node


@dataclass(frozen=True)
class Cases(Node):
    """Values with the condition of each; None is `otherwise`."""

    values: tuple[Node, ...]
    conditions: tuple[tuple[Relation, ...] | None, ...]


@dataclass(frozen=True)
class Indicator(Node):
    """1 where the conditions hold, else 0."""

    conditions: tuple[Relation, ...]


@dataclass(frozen=True)
class Matrix(Node):
    """A matrix written out; `determinant` if between bars."""

    rows: tuple[tuple[Node, ...], ...]
    determinant: bool = False


@dataclass(frozen=True)
class Norm(Node):
    """A norm; kind is the subscript as written, empty without one.

    Where the subscript is a symbol or a number, `order` is its meaning.
    """

    body: Node
    kind: str = ""
    order: Node | None = None


@dataclass(frozen=True)
class Tuple(Node):
    """Several things in brackets: an interval, arguments or a set."""

    opening: str
    items: tuple[Node, ...]
    closing: str


@dataclass(frozen=True)
class Dots(Node):
    r"""`\dots`."""


@dataclass(frozen=True)
class At(Node):
    r"""`\left. body \right|_{name = value}`."""

    body: Node
    targets: tuple[Node, ...]
    values: tuple[Node, ...]


@dataclass(frozen=True)
class Relation(Node):
    """Two or more sides and the relations between them."""

    sides: tuple[Node, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True)
class Statement(Node):
    """A relation that is claimed, where its premises and conditions hold."""

    relation: Relation
    conditions: tuple[Relation, ...] = ()
    premises: tuple[Relation, ...] = ()


def children(node: Node) -> Iterator[tuple[tuple[str, tuple[int, ...]], Node]]:
    """The nodes directly below, each with the field and place it stands in."""
    for name in _field_names(node):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield (name, ()), value
        elif isinstance(value, tuple):
            for place, below in _nested(value, ()):
                yield (name, place), below


def _gather(value: object, found: list[Node]) -> None:
    if isinstance(value, Node):
        found.append(value)
    elif isinstance(value, tuple):
        for each in value:
            _gather(each, found)


def _field_names(node: Node) -> tuple[str, ...]:
    return node.__match_args__  # all but `at`, which is given by keyword


def _nested(
    value: tuple[object, ...], place: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], Node]]:
    for k, below in enumerate(value):
        if isinstance(below, Node):
            yield (*place, k), below
        elif isinstance(below, tuple):
            yield from _nested(below, (*place, k))


def replace_child(
    node: Node, where: tuple[str, tuple[int, ...]], new: Node | None
) -> Node:
    """The node with one child exchanged."""
    name, place = where
    changed: dict[str, Any] = {name: _put(getattr(node, name), place, new)}
    return replace(node, **changed)


def _put(value: object, place: tuple[int, ...], new: Node | None) -> object:
    if not place:
        return new
    assert isinstance(value, tuple)
    first, *rest = place
    changed = _put(value[first], tuple(rest), new)
    return (*value[:first], changed, *value[first + 1 :])


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it."""
    return iter(node.parts)


@remembered
def names_in(node: Node) -> frozenset[str]:
    """The names of all symbols, without their layers."""
    own = {node.name} if isinstance(node, Symbol) else set[str]()
    return frozenset(own.union(*map(names_in, node.below)))


def index_items(node: Index, ndim: int) -> tuple[Node, ...]:
    """The indices; letters without commas on one axis are a product."""
    if node.split and ndim == 1:
        return (Product(node.items, at=node.at),)
    return node.items


_SETS = {r"\mathbb{R}", r"\mathbb{Z}", r"\mathbb{N}"}


def dimensions(container: Node) -> tuple[Node, ...] | None:
    r"""The `n`, `d` of `\mathbb{R}^{n \times d}`."""
    if not isinstance(container, Power) or not isinstance(container.base, Symbol):
        return None
    if container.base.name not in _SETS:
        return None
    sizes: list[Node] = []
    rest = container.exponent
    while isinstance(rest, Binary) and rest.operator == r"\times":
        sizes.insert(0, rest.right)
        rest = rest.left
    return (rest, *sizes)
