"""What an equation defines, and what it is held against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from eqcheck.latex import nodes
from eqcheck.latex.names import family_member
from eqcheck.latex.nodes import (
    Call,
    Index,
    Node,
    Number,
    Partial,
    Power,
    Relation,
    Statement,
    Symbol,
    walk,
)
from eqcheck.latex.statements import Left
from eqcheck.symbols.dependencies import base_name, leads_to, symbols_in
from eqcheck.symbols.lookup import Root
from eqcheck.symbols.state import ANY, Definition, Given


def definition_of(left: Left, body: Node, line: int) -> Definition:
    """What a left side would be defined as."""
    if left.squared:
        body = nodes.Root(body, at=body.at)
    return Definition(left.name, left.layer, left.indices, body, line, left.parameters)


def is_given(root: Root, left: Left) -> bool:
    """Whether a comment gives the symbol, in this layer if it names one."""
    if left.parameters is not None:
        function = root.functions.get((left.name, len(left.parameters)))
        return isinstance(function, Given) or left.name in root.given
    if left.layer is None:
        return left.name in root.given
    if isinstance(left.layer, Number):
        return family_member(left.name, int(left.layer.value)) in root.given
    return any(base_name(key) == left.name for key in root.given if "^(" in key)


def is_known(root: Root, left: Left) -> bool:
    """Whether the symbol is given or defined already."""
    if left.parameters is not None:
        known = (left.name, len(left.parameters)) in root.functions
        return known or left.name in root.given
    if left.layer is None:
        return left.name in root.given or left.name in root.definitions
    if isinstance(left.layer, Number):
        return int(left.layer.value) in root.layers(left.name)
    return is_given(root, left) or family_member(left.name, ANY) in root.definitions


def is_circular(root: Root, definition: Definition) -> bool:
    """Whether following this definition would lead back to the symbol."""
    if isinstance(definition.layer, Symbol):
        return False  # layers lead to earlier layers
    return leads_to(root, symbols_in(definition.body), definition.key)


def without_first_side(statement: Statement) -> Statement | None:
    """What a chain asserts beside the definition of its first side."""
    relation = statement.relation
    if len(relation.sides) < 3:
        return None
    rest = replace(relation, sides=relation.sides[1:], operators=relation.operators[1:])
    return replace(statement, relation=rest)


def evaluate_definition(root: Root, definition: Definition | None) -> None:
    """Evaluate a new definition once, so that its errors show where it stands."""
    if definition is None or definition.parameters is not None:
        return
    at = definition.body.at
    if definition.layer is None:
        root.lookup(definition.name, None, at)
    elif isinstance(definition.layer, Number):
        root.lookup(definition.name, int(definition.layer.value), at)
    else:
        for layer in sorted(root.layers(definition.name)):
            root.lookup(definition.name, layer, at)


def bound_names(relation: Relation, root: Root) -> set[str]:
    """What of the package a side of the relation was given by."""
    found: set[str] = set()
    for side in relation.sides:
        base = side.base if isinstance(side, Index | Power) else side
        given: Iterable[Given | Definition | None] = ()
        if isinstance(base, Symbol):
            keys = [k for k in root.given if base_name(k) == base.name]
            given = [root.given[key] for key in keys]
        elif isinstance(base, Call) and isinstance(base.function, Symbol):
            name = base.function.name
            given = [root.callable(name, len(base.arguments))]
        for each in given:
            if isinstance(each, Given):
                found |= root.packages.held_against(each.python.tree)
    return found


def displays(statement: Statement, node: Node) -> bool:
    """Whether an expression stands in a statement, with whatever indices."""
    wanted = bare(node)
    return any(bare(each) == wanted for each in walk(statement))


def bare(node: Node) -> Node:
    """An expression without indices, to tell whether it is displayed."""
    if isinstance(node, Index):
        return bare(node.base)
    if isinstance(node, Partial):
        targets = tuple(bare(target) for target in node.targets)
        return Partial(bare(node.body), targets)
    return node
