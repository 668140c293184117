"""Which layers a symbol has: `W^{(1)}`, `W^{(2)}`, and what is defined from them."""

from __future__ import annotations

from collections.abc import Callable

from eqcheck.latex.nodes import Add, Node, Number, Symbol, walk
from eqcheck.symbols.dependencies import base_name
from eqcheck.symbols.state import ANY, Definition, State

Table = dict[str, set[int]]


def layer_table(root: State) -> Table:
    """The layers of every symbol that has some.

    Those given or defined one by one are known. A definition for any layer, such as
    `Z^{(l)} = A^{(l-1)} W^{(l)}`, holds wherever all that it reads exists.
    """
    table: Table = {}
    for key in (*root.given, *root.definitions):
        _, layered, layer = key.partition("^(")
        if layered and layer != f"{ANY})":
            table.setdefault(base_name(key), set()).add(int(layer[:-1]))
    general = {
        d.name: d for d in root.definitions.values() if isinstance(d.layer, Symbol)
    }
    listed = {name: set(layers) for name, layers in table.items()}
    for _ in general:  # what one definition allows, another may build upon
        for name, definition in general.items():
            found = _implied(definition, table, _exactly)
            table[name] = listed.get(name, set()) | found
    for _ in general:
        for name, definition in general.items():
            kept = _implied(definition, table, _shifted)
            table[name] = listed.get(name, set()) | (table[name] & kept)
    return table


def shared_layers(node: Node, index: str, table: Table) -> set[int]:
    """The layers at which everything exists that a node reads at an index."""
    return _common(node, index, table, _exactly) & _common(node, index, table, _shifted)


def _implied(
    definition: Definition, table: Table, kind: Callable[[int], bool]
) -> set[int]:
    assert isinstance(definition.layer, Symbol)
    index = definition.layer.name
    if index in definition.ranges:
        low, high = definition.ranges[index]
        return set(range(low, high + 1))
    return _common(definition.body, index, table, kind)


def _exactly(shift: int) -> bool:
    return shift == 0


def _shifted(shift: int) -> bool:
    return True


def _common(
    node: Node, index: str, table: Table, kind: Callable[[int], bool]
) -> set[int]:
    found: set[int] | None = None
    for each in walk(node):
        if not isinstance(each, Symbol) or each.layer is None:
            continue
        shift = _shift(each.layer, index)
        if shift is None or not kind(shift) or not table.get(each.name):
            continue
        layers = {layer - shift for layer in table[each.name]}
        found = layers if found is None else found & layers
    return found or set()


def _shift(layer: Node, index: str) -> int | None:
    """The -1 of `l-1`; nothing if the layer is no shift of the index."""
    if layer == Symbol(index):
        return 0
    if not isinstance(layer, Add):
        return None
    shift = 0
    seen = False
    for sign, term in zip(layer.signs, layer.terms, strict=True):
        if isinstance(term, Number):
            shift += sign * int(term.value)
        elif term == Symbol(index) and sign > 0 and not seen:
            seen = True
        else:
            return None
    return shift if seen else None
