"""Finds symbols that are given for nothing and definitions that nothing relies on.

Either is most often a misspelt symbol: a formula for `L_{Hub}` where `L_{Huber}` is
given would define a symbol of its own instead of being tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches

from eqcheck.check.item import Item, Line
from eqcheck.check.take_symbols import Taken
from eqcheck.latex.errors import EquationError
from eqcheck.latex.nodes import Call, Node, Symbol, walk
from eqcheck.symbols.comment import Comment, CommentError, Python
from eqcheck.symbols.giving import Target
from eqcheck.symbols.lookup import Root


@dataclass(eq=False)
class _Gift:
    """One symbol that a line of a comment gives."""

    item: Item
    target: Target
    line: int
    reads: list[_Gift] = field(default_factory=list)  # in its Python
    shown: bool = False  # by a formula, or by something that a formula shows
    lines: list[Line] = field(default_factory=list)  # statements while it is known

    def show(self) -> None:
        """A formula shows it, and so all that it is made from."""
        if not self.shown:
            self.shown = True
            for each in self.reads:
                each.show()


class Idle:
    """Notes what is given and what is shown, in the order of the page."""

    def __init__(self) -> None:
        self._gifts: list[_Gift] = []
        self._known: list[_Gift] = []
        self._aliases: dict[str, _Gift] = {}  # Python names

    def give(self, item: Item, comment: Comment, taken: Taken, root: Root) -> None:
        """Note the symbols of a comment."""
        gone = set(taken.forgotten)
        self._known = [gift for gift in self._known if gift.target.name not in gone]
        for assignment, listed in taken.targets.items():
            own = {name for target in listed for name in target.parameters or ()}
            reads = self._read([assignment.python], own)
            for target in listed:
                gift = _Gift(item, target, assignment.line, reads)
                self._forget(target)
                self._gifts.append(gift)
                self._known.append(gift)
                if target.parameters is None:
                    names = {target.alias, *root.families.get(target.alias, ())}
                    self._aliases |= dict.fromkeys(names, gift)
        pythons = [bound for pair in comment.ranges.values() for bound in pair]
        pythons += [python for _, python in (*comment.sequences, *comment.checks)]
        pythons += [comment.tolerance] if comment.tolerance is not None else []
        for gift in self._read(pythons):
            gift.show()

    @contextmanager
    def local(self) -> Iterator[None]:
        """What is given inside is forgotten at the end."""
        before = [*self._known], dict(self._aliases)
        try:
            yield
        finally:
            self._known, self._aliases = before

    def _read(self, pythons: Iterable[Python], own: Iterable[str] = ()) -> list[_Gift]:
        names = {name for python in pythons for name in python.names}.difference(own)
        return [self._aliases[name] for name in names if name in self._aliases]

    def _forget(self, target: Target) -> None:
        """Drop what the symbol was before."""

        def kept(old: Target) -> bool:
            if old.name != target.name:
                return True
            if target.parameters is not None:
                arity = len(target.parameters)
                return old.parameters is None or len(old.parameters) != arity
            return target.layer is not None and old.key != target.key

        self._known = [gift for gift in self._known if kept(gift.target)]

    def show(self, lines: Sequence[Line]) -> None:
        """Note the symbols of the statements of an equation."""
        names: set[str] = set()
        calls: set[tuple[str, int]] = set()
        for line in lines:
            names |= _symbols(line.row.statement)
            calls |= _calls(line.row.statement)
        for gift in self._known:
            target = gift.target
            gift.lines += lines
            if target.parameters is None:
                shown = target.name in names
            else:
                shown = (target.name, len(target.parameters)) in calls
            if shown:
                gift.show()

    def give_up(self) -> None:
        """Note an equation that cannot be read: it may show anything."""
        for gift in self._known:
            gift.show()

    def report(self, items: Sequence[Item], *, given: bool = True) -> None:
        """Give each equation the error of what is idle in it."""
        for gift in self._gifts if given else ():
            if not gift.shown and not gift.item.failed:
                gift.item.error = _given_for_nothing(gift)
        if any(item.failed and not isinstance(item.error, IdleError) for item in items):
            return  # it might have used the definitions above it
        used = {
            u for item in items for n in item.lines if n.comparisons for u in n.uses
        }
        for item in items:
            for line in item.lines:
                relied = line.comparisons or line.marks & used
                if line.new and not relied and not item.failed:
                    item.error = self._defined_for_nothing(line)

    def _defined_for_nothing(self, line: Line) -> EquationError:
        assert line.row.defines is not None
        name = line.row.defines.name
        message = f"{name} is defined here, but nothing asserts anything with it"
        known = {g.target.name: g for g in self._gifts if line in g.lines}
        others = [other for other in known if other != name]
        if near := _nearest(name, others):
            message += f"; did you mean {near}, given in line {known[near].line}?"
        return DeadDefinitionError(message, line.row.statement.relation.sides[0].at)


class IdleError(CommentError):
    """A symbol that is given for nothing."""


class DeadDefinitionError(EquationError):
    """A definition that nothing relies on."""


def _given_for_nothing(gift: _Gift) -> IdleError:
    name = gift.target.key
    message = f"{name} is given here but does not stand in this equation or any below"
    defined = {
        line.row.defines.name: line
        for line in reversed(gift.lines)
        if line.new and line.row.defines is not None
    }
    if near := _nearest(gift.target.name, defined):
        message += f"; did you mean it by {near} in line {defined[near].line}?"
    return IdleError(message, gift.line)


def _nearest(name: str, others: Iterable[str]) -> str:
    """The spelling that a slip may have come from; empty if none is near."""
    return next(iter(get_close_matches(name, list(others), 1, 0.6)), "")


def _symbols(node: Node) -> set[str]:
    return {each.name for each in walk(node) if isinstance(each, Symbol)}


def _calls(node: Node) -> set[tuple[str, int]]:
    return {
        (each.function.name, len(each.arguments))
        for each in walk(node)
        if isinstance(each, Call) and isinstance(each.function, Symbol)
    }
