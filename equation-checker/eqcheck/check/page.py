"""Checks a page: equation after equation, in several random draws at once."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from eqcheck.arrays.values import Value
from eqcheck.check.again import Past
from eqcheck.check.boundary import Check
from eqcheck.check.compare import Settings
from eqcheck.check.further import Further, further, names_shown
from eqcheck.check.mutate import Mutant
from eqcheck.check.slips import refuse_idle, refuse_numbers_as_indices
from eqcheck.check.source import Source
from eqcheck.check.statement import Outcome, check, check_value, materialise
from eqcheck.check.trial import DefinitionTrial, General, Place, Trial
from eqcheck.latex.errors import EquationError
from eqcheck.latex.expressions import Reader
from eqcheck.latex.names import Names
from eqcheck.latex.nodes import (
    Node,
    Relation,
    Statement,
    Symbol,
    dimensions,
)
from eqcheck.latex.statements import Row, read_statements
from eqcheck.symbols import giving
from eqcheck.symbols.comment import Comment, CommentError, Python, read_comment
from eqcheck.symbols.definitions import (
    bound_names,
    definition_of,
    displays,
    evaluate_definition,
    is_circular,
    is_given,
    is_known,
    without_first_side,
)
from eqcheck.symbols.dependencies import base_name, symbols_in
from eqcheck.symbols.giving import Target, read_target
from eqcheck.symbols.lookup import Root
from eqcheck.symbols.state import Definition, Given

DRAWS = 3
# An expression, its value in Python for each draw, and lines of definitions it uses.
Compared = tuple[Node, list[object], set[int]]


@dataclass
class Line:
    """One statement of an equation and what became of it."""

    row: Row
    line: int  # of the page
    asserted: Statement | None  # what it claims beside a definition
    definitions: list[Definition | None]  # for each draw; None if it defines nothing
    new: bool  # whether the definition gives the symbol its meaning
    comparisons: int = 0
    uses: set[int] = field(default_factory=set)  # lines of definitions relied upon
    bound: set[str] = field(default_factory=set)
    mutants: list[Mutant] = field(default_factory=list)
    further: Further = field(default_factory=Further)


@dataclass
class Item:
    """A displayed equation, and what went wrong in it if anything did."""

    source: Source
    comment: Comment | None = None
    lines: list[Line] = field(default_factory=list)
    settings: list[Settings] = field(default_factory=list)  # for each draw
    error: EquationError | None = None
    compared: list[Compared] = field(default_factory=list)  # by `check`
    outcome: Outcome | None = None
    failed_line: Line | None = None
    draw: int = 0
    shapes: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether anything went wrong."""
        return self.error is not None or self.outcome is not None


class Page:
    """The equations of a page in order, with the symbols known so far.

    With `trials`, changed forms of each statement are tried as well.
    """

    def __init__(self, name: str, draws: int = DRAWS, *, trials: bool = True) -> None:
        self.names = Names()
        self.roots = [_root(name, draw) for draw in range(draws)]
        self.trials = trials
        self.past = Past()
        self._definitions: dict[int, list[tuple[Line, DefinitionTrial]]] = {}

    def read(self, source: Source) -> Item:
        """Take the next equation: its symbols, its statements, their truth."""
        item = Item(source)
        try:
            with np.errstate(all="ignore"):
                self._read(item)
        except EquationError as error:
            item.error = error
        except Exception as error:  # a fault of the checker fails this equation only
            kind = type(error).__name__
            item.error = EquationError(f"the checker stumbles: {kind}: {error}")
        if item.failed:
            item.shapes = self._shapes(item)
        return item

    def _read(self, item: Item) -> None:
        source = item.source
        if source.comment is None:
            message = "no comment `<!-- equation` stands right above this equation"
            raise CommentError(message, source.line)
        comment = item.comment = read_comment(source.comment, source.comment_line)
        if comment.unchecked is not None:
            return
        fresh = self._take_symbols(item, comment)
        rows = read_statements(source.latex, self.names)
        known = self.roots[0].given.keys() - fresh - comment.ranges.keys()
        refuse_numbers_as_indices(rows, known)
        refuse_idle(comment, rows)
        for row in rows:
            item.lines.append(self._take_row(item, row))
        for draw, root in enumerate(self.roots):
            root.cache.clear()
            for line in item.lines:
                self._check_line(item, line, draw)
                if item.failed:
                    item.draw = draw
                    return
            for text, python in comment.checks:
                self._check_against(item, text, python, draw)
        checks = [
            (read_expression(text, self.names, python.line), python)
            for text, python in comment.checks
        ]
        for line in item.lines:
            self._look_further(item, line, checks)
        if self.trials and not item.failed:
            shown = names_shown([line.row.statement for line in item.lines])
            made: dict[object, Place | None] = {}
            for line in item.lines:
                self._try_changes(item, line, shown, made)
            for node, wanted, uses in item.compared:
                for used in sorted(uses):
                    for _, waiting in self._definitions.get(used, []):
                        waiting.meet_check(node, wanted, self.roots, item.settings)

    def _look_further(self, item: Item, line: Line, checks: list[Check]) -> None:
        """Check a statement on boundaries, at other sizes and in further draws."""
        if line.asserted is None or not line.comparisons or item.failed:
            return
        line.further = further(
            line.asserted, self.roots, item.settings, self.past, checks
        )
        if line.further.outcome is not None:
            item.outcome = line.further.outcome
            item.failed_line = line

    def _try_changes(
        self,
        item: Item,
        line: Line,
        shown: list[str],
        made: dict[object, Place | None],
    ) -> None:
        """Try changed forms of a statement, and of the definitions it uses."""
        general = General(
            *(self.roots[0], item.settings[0], self.past),
            *(line.row.statement, made),
        )
        if line.asserted is not None and line.comparisons:
            trial = Trial(
                *(line.asserted, self.roots, item.settings),
                *(general, line.further, shown),
            )
            line.mutants = trial.run(line.line)
            for used in sorted(line.uses):
                for _, waiting in self._definitions.get(used, []):
                    waiting.meet(line.asserted, self.roots, item.settings, line.further)
        if line.new:
            definitions = [d for d in line.definitions if d is not None]
            waiting = DefinitionTrial(
                *(definitions, self.roots, general, line.line, shown),
                exact=item.settings[0].tolerance is None,
            )
            self._definitions.setdefault(line.line, []).append((line, waiting))

    def finish(self, items: Sequence[Item]) -> None:
        """Count what nothing noticed; call it when all equations are read."""
        trials = [pair for listed in self._definitions.values() for pair in listed]
        for line, waiting in trials:
            if len(waiting.pending) < len(waiting.seen):  # something relied on it
                with np.errstate(all="ignore"):
                    line.mutants = [*line.mutants, *waiting.finish()]
        for item in items:
            if item.comment is not None and not item.failed:
                _excuse(item, item.comment)

    # ------------------------------------------------------------------ symbols

    def _take_symbols(self, item: Item, comment: Comment) -> set[str]:
        """Run the comment in every draw; returns the names it gives."""
        for text in comment.compounds:
            letters = re.findall(r"\\[A-Za-z]+\{[^{}]*\}|\\?[A-Za-z]+", text)
            self.names.compounds.add(" ".join(letters))
        for text in comment.forgotten:
            name = read_target(text, comment.line, self.names.compounds).name
            self.names.forget(name)
            for root in self.roots:
                giving.forget(root, name)
        targets = {
            assignment: [
                read_target(t, assignment.line, self.names.compounds)
                for t in assignment.targets
            ]
            for assignment in comment.assignments
        }
        for root in self.roots:
            giving.run(comment, root, targets)
            item.settings.append(_settings(comment, root))
        self.past.add(comment, targets)
        fresh: set[str] = set()
        for target in (t for listed in targets.values() for t in listed):
            self.names.forget(target.name)
            fresh.add(target.name)
        for target in (t for listed in targets.values() for t in listed):
            self.names.add(target.name, function=self._is_function(target))
        for name in comment.ranges:
            self.names.forget(name)
        for name, _ in comment.sequences:
            self.names.add(name)
        return fresh

    def _is_function(self, target: Target) -> bool:
        root = self.roots[0]
        if target.parameters is not None:
            return True
        given = root.given.get(target.key)
        return given is not None and not isinstance(given.content, Value)

    # --------------------------------------------------------------------- rows

    def _take_row(self, item: Item, row: Row) -> Line:
        statement = row.statement
        relation = statement.relation
        line = Line(row, item.source.page_line(row.first), statement, [], new=False)
        self._take_dimensions(relation)
        left = row.defines
        if left is None:
            return line
        root = self.roots[0]
        known = is_known(root, left)
        definition = definition_of(left, relation.sides[1], line.line)
        given = is_given(root, left)
        if known and not given:
            return line  # defined before: now it is asserted
        if given and (left.parameters is not None or is_circular(root, definition)):
            return line
        for settings, root in zip(item.settings, self.roots, strict=True):
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

    def _take_dimensions(self, relation: Relation) -> None:
        r"""`X \in \mathbb{R}^{n \times d}` tells n and d where they are unknown."""
        if relation.operators != (r"\in",):
            return
        sizes = dimensions(relation.sides[1])
        subject = relation.sides[0]
        if sizes is None or not isinstance(subject, Symbol) or subject.layer:
            return
        for root in self.roots:
            given = root.given.get(subject.name)
            if given is None or not isinstance(given.content, Value):
                continue
            for size, extent in zip(sizes, given.content.shape, strict=False):
                if isinstance(size, Symbol) and size.name not in root.given:
                    value = Value(np.asarray(extent))
                    root.given[size.name] = Given(value, Python(str(extent), 0))

    # ------------------------------------------------------------------ checking

    def _check_line(self, item: Item, line: Line, draw: int) -> None:
        root, settings = self.roots[draw], item.settings[draw]
        if line.new and line.definitions:
            evaluate_definition(root, line.definitions[draw])
        if line.asserted is None:
            return
        root.used = set()
        outcome = check(line.asserted, root, settings)
        line.uses |= root.used - {line.line}
        line.comparisons += outcome.comparisons
        line.bound |= bound_names(line.asserted.relation, root)
        vacuous = draw == len(self.roots) - 1 and not line.comparisons
        if outcome.failure or vacuous:
            item.outcome = outcome
            item.failed_line = line

    def _check_against(self, item: Item, text: str, python: Python, draw: int) -> None:
        """`check LATEX = PYTHON`: something displayed beside the package."""
        root = self.roots[draw]
        node = read_expression(text, self.names, python.line)
        shown = [line for line in item.lines if displays(line.row.statement, node)]
        if not shown:
            raise CommentError(f"{text} does not stand in this equation", python.line)
        line = shown[0]
        wanted = giving.evaluate(python, root)
        root.used = set()
        try:
            outcome = check_value(node, wanted, root, item.settings[draw])
        except EquationError as error:  # its place is in the comment
            raise CommentError(f"{text}: {error.message}", python.line) from None
        line.uses |= root.used - {line.line}
        if draw == 0:
            item.compared.append((node, [], set()))
        for compared, values, uses in item.compared:
            if compared == node:
                values.append(wanted)
                uses |= root.used
        line.comparisons += outcome.comparisons
        line.bound |= python.package_names
        if found := outcome.failure:
            item.draw = draw
            where = f" at {found.place}" if found.place else ""
            message = f"{text} and {python.source} disagree{where}: "
            raise CommentError(f"{message}{found.left} and {found.right}", python.line)

    def _shapes(self, item: Item) -> dict[str, str]:
        """The shapes of the symbols in the statement that failed."""
        lines = [item.failed_line] if item.failed_line else item.lines
        names = {
            base_name(key) for line in lines for key in symbols_in(line.row.statement)
        }
        root = self.roots[item.draw]
        found = {}
        for key, given in root.given.items():
            if base_name(key) in names:
                content = given.content
                shape = content.shape if isinstance(content, Value) else None
                found[_shown(key)] = _describe(shape, content)
        for key, definition in root.definitions.items():
            if definition.name in names and key not in root.given:
                found[_shown(key)] = f"defined in line {definition.line}"
        return found


def _excuse(item: Item, comment: Comment) -> None:
    """Note why changed forms go unnoticed; a reason without a form is a mistake."""
    for what, reason, line in comment.unnoticed:
        unnoticed = [
            mutant
            for each in item.lines
            for mutant in each.mutants
            if not mutant.caught and mutant.description.startswith(what)
        ]
        for mutant in unnoticed:
            mutant.reason = reason
        if not unnoticed:
            item.error = CommentError(f"nothing goes unnoticed as `{what}`", line)


def read_expression(text: str, names: Names, line: int) -> Node:
    """Read LaTeX that stands in a comment."""
    try:
        return Reader(names).expression(giving.expression_tree(text))
    except EquationError as error:
        raise CommentError(f"{text}: {error.message}", line) from None


def _root(name: str, draw: int) -> Root:
    root = Root(materialise)
    seed = [zlib.crc32(name.encode()), draw]
    root.python = {"np": np, "rng": np.random.default_rng(seed)}
    return root


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


def _shown(key: str) -> str:
    name, _, layer = key.partition("^(")
    return f"{name}^{{({layer}}}" if layer else name


def _describe(shape: tuple[int, ...] | None, content: object) -> str:
    if shape is None:
        return "a function"
    return str(shape) if shape else "a number"
