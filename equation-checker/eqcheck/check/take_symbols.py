"""Takes the symbols of a comment: runs its Python in every draw, learns its names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from eqcheck.arrays.values import Value
from eqcheck.check.compare import Settings
from eqcheck.check.item import Item
from eqcheck.latex.names import Names
from eqcheck.symbols import giving
from eqcheck.symbols.comment import Assignment, Comment, CommentError, Python
from eqcheck.symbols.giving import Target, read_target
from eqcheck.symbols.lookup import Root


@dataclass
class Taken:
    """What a comment gives, line by line, and what it forgets."""

    targets: dict[Assignment, list[Target]] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """The symbols that it gives."""
        return {t.name for listed in self.targets.values() for t in listed}


def take_symbols(
    item: Item, comment: Comment, roots: list[Root], names: Names
) -> Taken:
    """Run the comment in every draw."""
    for text in comment.compounds:
        letters = re.findall(r"\\[A-Za-z]+\{[^{}]*\}|\\?[A-Za-z]+", text)
        names.compounds.add(" ".join(letters))
    taken = Taken()
    for text in comment.forgotten:
        name = read_target(text, comment.line, names.compounds).name
        taken.forgotten.append(name)
        names.forget(name)
        for root in roots:
            giving.forget(root, name)
    taken.targets = {
        assignment: [
            read_target(t, assignment.line, names.compounds) for t in assignment.targets
        ]
        for assignment in comment.assignments
    }
    for root in roots:
        giving.run(comment, root, taken.targets)
        item.settings.append(_settings(comment, root))
    given = [target for listed in taken.targets.values() for target in listed]
    for target in given:
        names.forget(target.name)
    for target in given:
        names.add(target.name, function=_is_function(target, roots[0]))
    for name in comment.ranges:
        names.forget(name)
    for name, _ in comment.sequences:
        names.add(name)
    for letter, array, line in comment.entries:
        whole = read_target(array, line, names.compounds).name
        if not names.knows(whole):
            raise CommentError(f"{array} is not known here", line)
        names.entries[read_target(letter, line, names.compounds).name] = whole
    return taken


def _is_function(target: Target, root: Root) -> bool:
    if target.parameters is not None:
        return True
    given = root.given.get(target.key)
    return given is not None and not isinstance(given.content, Value)


def _settings(comment: Comment, root: Root) -> Settings:
    def number(python: Python) -> float:
        return float(giving.evaluate(python, root))

    ranges = {
        name: (int(number(low)), int(number(high)))
        for name, (low, high) in comment.ranges.items()
    }
    tolerance = None if comment.tolerance is None else number(comment.tolerance)
    sequences = {
        name: np.asarray(giving.evaluate(python, root), dtype=float)
        for name, python in comment.sequences
    }
    return Settings(ranges, tolerance, sequences)
