"""Checks a page: equation after equation, in several random draws at once."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np

from eqcheck.arrays.draws import Stream
from eqcheck.arrays.values import Value
from eqcheck.check.again import Past
from eqcheck.check.boundary import Check
from eqcheck.check.definition_trial import DefinitionTrial
from eqcheck.check.further import further, names_shown
from eqcheck.check.general import General, Place
from eqcheck.check.idle import Idle
from eqcheck.check.inline import read_inline
from eqcheck.check.item import Item, Line
from eqcheck.check.slips import refuse_idle, refuse_numbers_as_indices
from eqcheck.check.source import Source
from eqcheck.check.statement import check as check_statement
from eqcheck.check.statement import check_value, materialise
from eqcheck.check.take_rows import take_row
from eqcheck.check.take_symbols import take_symbols
from eqcheck.check.trial import Trial, fails
from eqcheck.latex.errors import EquationError
from eqcheck.latex.expressions import Reader
from eqcheck.latex.names import Names
from eqcheck.latex.nodes import Node
from eqcheck.latex.statements import Row, read_statements
from eqcheck.symbols import giving
from eqcheck.symbols.comment import Comment, CommentError, Python, read_comment
from eqcheck.symbols.definitions import bound_names, displays, evaluate_definition
from eqcheck.symbols.dependencies import base_name, sources_of, symbols_in
from eqcheck.symbols.lookup import Root
from eqcheck.symbols.packages import Packages
from eqcheck.symbols.state import Mark

DRAWS = 3


class Page:
    """The equations of a page in order, with the symbols known so far.

    With `trials`, changed forms of each statement are tried as well.
    """

    def __init__(
        self,
        draws: int = DRAWS,
        *,
        trials: bool = True,
        packages: Packages | None = None,
        seed: int = 0,
    ) -> None:
        self.names = Names()
        self.roots = [_root() for _ in range(draws)]
        for root in self.roots:
            root.packages = packages or Packages()
        self._seed = seed
        self._occurrences: Counter[str] = Counter()
        self.trials = trials
        self._idle = Idle()
        self._sources: dict[int, Source] = {}  # of the definitions, by line
        self.past = Past()
        self._definitions: dict[Mark, list[tuple[Line, DefinitionTrial]]] = {}

    def read(
        self, source: Source, *, trials: bool | None = None, check: bool = True
    ) -> Item:
        """Take the next equation: its symbols, its statements, their truth.

        With `trials`, changed forms are tried of this one, whatever the page does;
        without `check`, its symbols and definitions are taken, and that is all.
        """
        item = Item(source)
        try:
            with np.errstate(all="ignore"), ExitStack() as scope:
                if source.formulas:  # what a sentence says holds in its paragraph
                    scope.enter_context(self.names.local())
                    scope.enter_context(self._idle.local())
                    scope.enter_context(self.past.local())
                    for root in self.roots:
                        scope.enter_context(root.local())
                trials = self.trials if trials is None else trials
                try:
                    self._read(item, trials=trials, check=check)
                except EquationError:
                    item.shapes = self._shapes(item)
                    raise
                if item.failed:
                    item.shapes = self._shapes(item)
        except EquationError as error:
            item.error = error
            item.error_in = self._sources.get(error.defined_in or 0)
        except Exception as error:  # a fault of the checker fails this equation only
            kind = type(error).__name__
            item.error = EquationError(f"the checker stumbles: {kind}: {error}")
        if item.failed:
            self._idle.give_up()
        return item

    def _read(self, item: Item, *, trials: bool, check: bool) -> None:
        source = item.source
        if source.comment is None and not source.formulas:
            message = "no comment `<!-- equation` stands right above this equation"
            raise CommentError(message, source.line)
        comment = item.comment = (
            Comment(source.line)
            if source.comment is None
            else read_comment(source.comment, source.comment_line)
        )
        if comment.unchecked is not None:
            return
        self._start_stream(source)
        if comment.as_below and source.below is not None:
            below = read_comment(*source.below)
            taken = take_symbols(item, below, self.roots, self.names)
            self.past.add(below, taken.targets)
            item.settings.clear()
        taken = take_symbols(item, comment, self.roots, self.names)
        self.past.add(comment, taken.targets)
        self._idle.give(item, comment, taken, self.roots[0])
        rows, false = self._rows(item, comment)
        known = self.roots[0].given.keys() - taken.names - comment.ranges.keys()
        refuse_numbers_as_indices(rows, known)
        refuse_idle(comment, rows)
        for row in rows:
            line = take_row(item, row, self.roots)
            item.lines.append(line)
            if line.definitions:
                self._sources[line.line] = source
        self._idle.show(item.lines)
        if not check:
            return
        for draw, root in enumerate(self.roots):
            root.cache.clear()
            for k, line in enumerate(item.lines):
                if k in false:
                    continue
                self._check_line(item, line, draw)
                if item.failed:
                    item.draw = draw
                    return
            for text, python in comment.checks:
                self._check_against(item, text, python, draw)
        for k in sorted(false):
            self._refute(item, item.lines[k])
        checks = [
            (read_expression(text, self.names, python.line), python)
            for text, python in comment.checks
        ]
        claims = [line for k, line in enumerate(item.lines) if k not in false]
        for line in claims:
            self._look_further(item, line, checks)
        if trials and not item.failed:
            shown = names_shown([line.row.statement for line in item.lines])
            made: dict[object, Place | None] = {}
            for line in claims:
                self._try_changes(item, line, shown, made)
            for node, wanted, uses in item.compared:
                for used in sorted(uses):
                    for _, waiting in self._definitions.get(used, []):
                        waiting.meet_check(node, wanted, self.roots, item.settings)

    def _rows(self, item: Item, comment: Comment) -> tuple[list[Row], set[int]]:
        """The statements, and the places of those that are wrong on purpose."""
        source = item.source
        if not source.formulas:
            return read_statements(source.latex, self.names), set()
        root = self.roots[0]
        given = {*root.given, *root.definitions, *(name for name, _ in root.functions)}

        def holds(row: Row) -> bool:
            return fails(row.statement, self.roots, item.settings) is False

        stated = read_inline(
            *(source.formulas, comment, self.names, given, holds),
            lambda names: sources_of(root, names),
        )
        item.open_settings = stated.settings
        return stated.rows, stated.false

    def _refute(self, item: Item, line: Line) -> None:
        """A statement that is wrong on purpose must not hold in every draw."""
        assert line.asserted is not None
        for root, settings in zip(self.roots, item.settings, strict=True):
            outcome = check_statement(line.asserted, root, settings)
            line.comparisons += outcome.comparisons
            if outcome.failure:
                return
        message = "this is said to be false, and holds"
        raise EquationError(message, line.asserted.at)

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
            for mark in line.marks:
                self._definitions.setdefault(mark, []).append((line, waiting))

    def finish(
        self, items: Sequence[Item], *, whole: bool = True, given: bool = True
    ) -> None:
        """Judge the equations together; call it when all are read.

        Only of a `whole` page it can be said that nothing uses a symbol. `given` is
        false where symbols are given by rule, as the arguments of a function are.
        """
        trials = [pair for listed in self._definitions.values() for pair in listed]
        for line, waiting in trials:
            if len(waiting.pending) < len(waiting.seen):  # something relied on it
                with np.errstate(all="ignore"):
                    line.mutants = [*line.mutants, *waiting.finish()]
        for item in items:
            if self.trials and item.comment is not None and not item.failed:
                _excuse(item, item.comment)
        if whole:
            self._idle.report(items, given=given)

    def _start_stream(self, source: Source) -> None:
        """Random numbers that depend on this equation only, not on those above."""
        said = re.sub(r"\n\s*unnoticed .*", "", source.comment or "")
        text = f"{said}\n{source.latex}"  # a reason changes no number
        self._occurrences[text] += 1
        for draw, root in enumerate(self.roots):
            number = self._occurrences[text]
            seed = [self._seed, zlib.crc32(text.encode()), number, draw]
            root.python["rng"] = Stream(seed)

    def _check_line(self, item: Item, line: Line, draw: int) -> None:
        root, settings = self.roots[draw], item.settings[draw]
        item.at = line.line
        if line.new and line.definitions:
            evaluate_definition(root, line.definitions[draw])
        if line.asserted is None:
            return
        root.used = set()
        outcome = check_statement(line.asserted, root, settings)
        line.uses |= root.used - line.marks
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
        line.uses |= root.used - line.marks
        if draw == 0:
            item.compared.append((node, [], set()))
        for compared, values, uses in item.compared:
            if compared == node:
                values.append(wanted)
                uses |= root.used
        line.comparisons += outcome.comparisons
        line.bound |= root.packages.held_against(python.tree)
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


def _root() -> Root:
    root = Root(materialise)
    root.python = {"np": np}
    return root


def _shown(key: str) -> str:
    name, _, layer = key.partition("^(")
    return f"{name}^{{({layer}}}" if layer else name


def _describe(shape: tuple[int, ...] | None, content: object) -> str:
    if shape is None:
        return "a function"
    return str(shape) if shape else "a number"
