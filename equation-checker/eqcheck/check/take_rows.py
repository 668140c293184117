"""Takes the statements of an equation: each defines a symbol, or asserts something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from eqcheck.arrays.values import Value
from eqcheck.check.item import Item, Line
from eqcheck.latex.nodes import Relation, Symbol, dimensions
from eqcheck.latex.statements import Row
from eqcheck.symbols.comment import Python
from eqcheck.symbols.definitions import (
    definition_of,
    is_circular,
    is_given,
    is_known,
    without_first_side,
)
from eqcheck.symbols.lookup import Root
from eqcheck.symbols.state import Given


def take_row(item: Item, row: Row, roots: list[Root]) -> Line:
    """File what a statement defines, if it defines anything."""
    statement = row.statement
    relation = statement.relation
    line = Line(row, item.source.page_line(row.first), statement, [], new=False)
    _take_dimensions(relation, roots)
    left = row.defines
    if left is None:
        return line
    root = roots[0]
    known = is_known(root, left)
    definition = definition_of(left, relation.sides[1], line.line)
    given = is_given(root, left)
    if known and not given:
        return line  # defined before: now it is asserted
    if given and (left.parameters is not None or is_circular(root, definition)):
        return line
    for settings, root in zip(item.settings, roots, strict=True):
        root.cache.clear()
        own = replace(definition, ranges=settings.ranges)
        line.definitions.append(own)
        if left.parameters is not None:
            root.functions[left.name, len(left.parameters)] = own
        else:
            root.definitions[own.key] = own
    if not given:
        line.new = True
        line.asserted = without_first_side(statement)
    return line


def _take_dimensions(relation: Relation, roots: list[Root]) -> None:
    r"""`X \in \mathbb{R}^{n \times d}` tells n and d where they are unknown."""
    if relation.operators != (r"\in",):
        return
    sizes = dimensions(relation.sides[1])
    subject = relation.sides[0]
    if sizes is None or not isinstance(subject, Symbol) or subject.layer:
        return
    for root in roots:
        given = root.given.get(subject.name)
        if given is None or not isinstance(given.content, Value):
            continue
        for size, extent in zip(sizes, given.content.shape, strict=False):
            if isinstance(size, Symbol) and size.name not in root.given:
                value = Value(np.asarray(extent))
                root.given[size.name] = Given(value, Python(str(extent), 0))
