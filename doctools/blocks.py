"""Runs what a page shows, as if each block were a file run by a new interpreter.

All blocks share one process, because importing NumPy and Matplotlib takes longer than
most blocks run; `fresh_process` puts back what a block could leave behind for the next.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import doctest
import inspect
import io
import linecache
import os
import pkgutil
import random
import re
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import (
    ExitStack,
    contextmanager,
    redirect_stderr,
    redirect_stdout,
    suppress,
)
from dataclasses import dataclass
from doctest import DocTest
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import numpy as np

from doctools.pages import ROOT, Block, elements

_DIRECTIVE = re.compile(r"^\s*::: *(?P<name>[\w.]+)\s*$")


class BlockError(Exception):
    """Why code on a page is not as the page says; the message starts with page:line."""

    def __init__(self, page: str, line: int, message: str) -> None:
        super().__init__(f"{page}:{line}: {message}")
        self.line = line


@dataclass(frozen=True)
class Run:
    """What a block did."""

    output: str
    figures: int  # how many `plt.show()` had to show


def page_name(path: Path) -> str:
    """The path from the root of the repository, or all of it from elsewhere."""
    path = path.resolve()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


# ---------------------------------------------------------------- a process as if new

# Pairs of functions that read and write what a block may set for the whole process.
_SETTINGS: list[tuple[Callable[[], Any], Callable[[Any], object]]] = [
    (os.getcwd, os.chdir),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (random.getstate, random.setstate),
    (np.random.get_state, np.random.set_state),
    (lambda: list(sys.path), lambda path: sys.path.__setitem__(slice(None), path)),
]
_SYS = ("argv", "stdin", "displayhook", "excepthook")


@contextmanager
def fresh_process(
    name: str, *, matplotlib: bool = False, source: str = ""
) -> Iterator[ModuleType]:
    """Yield a new `__main__` in an empty folder; afterwards put the process back.

    Warnings are errors, whatever the block or pytest was told before. `matplotlib`
    says that the code will use it, so that it starts from its defaults. `source` stands
    in the file of `__main__`, which processes that a block spawns run as well.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        values = [get() for get, _ in _SETTINGS]
        attributes = {key: getattr(sys, key) for key in _SYS}
        environment = dict(os.environ)
        stack.enter_context(_restored_modules(folder))
        stack.enter_context(np.errstate())
        stack.enter_context(np.printoptions())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("error")
        if matplotlib or "matplotlib" in sys.modules:
            stack.enter_context(_fresh_matplotlib())
        main = ModuleType("__main__")
        place = stack.enter_context(tempfile.TemporaryDirectory())
        file = Path(place) / f"{Path(name).stem}.py"
        file.write_text(source, encoding="utf-8")
        main.__file__ = str(file)
        sys.modules["__main__"] = main
        sys.argv = [name]
        sys.stdin = io.StringIO()
        os.chdir(folder)
        try:
            yield main
        finally:
            for (_, put), value in zip(_SETTINGS, values, strict=True):
                put(value)
            for key, value in attributes.items():
                setattr(sys, key, value)
            if environment != dict(os.environ):
                os.environ.clear()
                os.environ.update(environment)


@contextmanager
def _fresh_matplotlib() -> Iterator[None]:
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("Agg")
    plt.close("all")
    with mpl.rc_context():
        try:
            yield
        finally:
            plt.close("all")


@contextmanager
def _restored_modules(folder: str) -> Iterator[None]:
    """Put back modules, and what was set on the modules and classes of nnref."""
    modules = dict(sys.modules)
    owned: list[Any] = [builtins]
    owned += [m for key, m in modules.items() if f"{key}.".startswith("nnref.")]
    owned += [
        value
        for module in owned[1:]
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
    ]
    before = [dict(vars(owner)) for owner in owned]
    try:
        yield
    finally:
        for key, module in sys.modules.copy().items():
            if key not in modules and _is_junk(module, folder):
                del sys.modules[key]
        for key, module in modules.items():
            if sys.modules.get(key) is not module:
                sys.modules[key] = module
        for owner, saved in zip(owned, before, strict=True):
            _restore(owner, saved)


def _is_junk(module: ModuleType, folder: str) -> bool:
    """Whether a block made this module up or wrote it to its folder."""
    spec = getattr(module, "__spec__", None)
    return spec is None or (spec.origin or "").startswith(os.path.realpath(folder))


def _restore(owner: Any, saved: dict[str, Any]) -> None:
    for key, value in list(vars(owner).items()):
        # A submodule that was imported for the first time stays; so must its name.
        is_new = key not in saved and not isinstance(value, ModuleType)
        if is_new and not key.startswith("__"):
            delattr(owner, key)
    for key, value in saved.items():
        if vars(owner).get(key, saved) is not value:
            setattr(owner, key, value)


# --------------------------------------------------------------------------- blocks


def run(block: Block, page: str, *, show: Callable[[], object] | None = None) -> Run:
    """Run a block of a page; whatever goes wrong is a BlockError.

    `plt.show()` draws the open figures, so that what fails only then is noticed, or
    calls `show`, which draws them in its own way.
    """
    # Blank lines above make every line number that of the page, and the name of the
    # page is where tracebacks and inspect look for the source.
    source = "\n" * block.line + block.code
    buffer = io.BytesIO()
    stdout = io.TextIOWrapper(buffer, encoding="utf-8", newline="\n")
    figures = 0

    def draw(*_: object, **__: object) -> None:
        nonlocal figures
        open_ones = [_pyplot().figure(number) for number in _pyplot().get_fignums()]
        figures += len(open_ones)
        if show is not None:
            show()
            return
        for figure in open_ones:
            figure.canvas.draw()

    uses_matplotlib = "matplotlib" in block.code
    with (
        fresh_process(page, matplotlib=uses_matplotlib, source=source) as main,
        _known_source(page, source),
        _replaced_show(draw),
    ):
        try:
            with redirect_stdout(stdout), redirect_stderr(io.StringIO()):
                # dont_inherit: this file's own __future__ import is not the block's.
                code = compile(source, page, "exec", dont_inherit=True, optimize=0)
                exec(code, vars(main))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit and pytest's own among them
            raise _failure(error, block, page, source) from None
        left = plt.get_fignums() if (plt := _pyplot()) else []
    if block.draws and not figures:
        last = block.line + len(block.code.rstrip().splitlines())
        raise BlockError(page, last, "plt.show() has no figure to show")
    if left and not block.draws:
        message = "this block draws a figure, so its last line must be plt.show()"
        raise BlockError(page, block.line, message)
    stdout.flush()
    return Run(buffer.getvalue().decode(errors="replace"), figures)


def _pyplot() -> Any:
    return sys.modules.get("matplotlib.pyplot")


@contextmanager
def _known_source(page: str, source: str) -> Iterator[None]:
    """Let tracebacks and inspect find the source of a block under the page's name."""
    lines = io.StringIO(source).readlines()
    linecache.cache[page] = (len(source), None, lines, page)
    try:
        yield
    finally:
        linecache.cache.pop(page, None)


@contextmanager
def _replaced_show(draw: Callable[..., None]) -> Iterator[None]:
    plt = _pyplot()
    if plt is None:
        yield
        return
    real, plt.show = plt.show, draw
    try:
        yield
    finally:
        plt.show = real


def check(block: Block, page: str, *, show: Callable[[], object] | None = None) -> Run:
    """Run a block and compare what it prints with what the page says it prints."""
    result = run(block, page, show=show)
    if result.output == (block.output.text if block.output else ""):
        return result
    if fault := unshowable(result.output):
        raise BlockError(page, block.line, fault)
    if block.output is None:
        printed = result.output.splitlines()
        raise BlockError(
            page,
            block.line,
            f"this block prints {len(printed)} line(s), the first {printed[0]!r}, "
            "but no output stands below it (`make outputs` inserts it)",
        )
    diff = difflib.unified_diff(
        block.output.text.splitlines(),
        result.output.splitlines(),
        f"{page}:{block.output.line} (the page)",
        f"{page}:{block.line} (this run)",
        lineterm="",
    )
    raise BlockError(
        page,
        block.line,
        "the output on the page is not what the block prints "
        "(`make outputs` rewrites it)\n" + "\n".join(diff),
    )


def unshowable(output: str) -> str | None:
    """Why a page cannot show an output to the letter, if so."""
    if "```" in output:
        return "the output holds three backticks, which would end its fence"
    if output and not output.endswith("\n"):
        return "the output does not end in a newline, as a fence always does"
    if control := re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", output):
        return f"the output holds the control character {control[0]!r}"
    if blanks := re.search(r"^(.*)[^\S\n]+$", output, re.MULTILINE):
        return f"print without the blanks at the end of a line: {blanks[0]!r}"
    return None


def _failure(error: BaseException, block: Block, page: str, source: str) -> BlockError:
    """Say where and why a block failed; must run while linecache knows the source."""
    summary = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError) and error.filename == page:
        line = error.lineno or block.line
        summary = f"{type(error).__name__}: {error.msg}"
        return BlockError(page, line, f"{summary}\n{_quote(source, line, line, line)}")
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != page:
        trace = trace.tb_next
    inner = _innermost(trace, page)
    line = inner.tb_lineno if inner is not None else block.line
    if isinstance(error, SystemExit):
        summary += " (a block may not stop the interpreter)"
    parts = [summary]
    statement = _statement(source, line)
    if isinstance(statement, ast.Assert) and line == statement.lineno:
        line = statement.test.lineno  # which Python 3.12 does not say itself
    parts.append(_quote(source, statement.lineno, statement.end_lineno or line, line))
    if isinstance(statement, ast.Assert) and inner is not None:
        parts += _values(statement, inner)
    is_chained = error.__cause__ is not None or error.__context__ is not None
    if trace is not None and (trace.tb_next is not None or is_chained):
        error.__traceback__ = trace
        parts.append("\n" + "".join(traceback.format_exception(error)).rstrip())
    return BlockError(page, line, "\n".join(parts))


def _innermost(trace: TracebackType | None, page: str) -> TracebackType | None:
    """The last frame that is in the page."""
    found = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == page:
            found = trace
        trace = trace.tb_next
    return found


def _statement(source: str, line: int) -> ast.stmt:
    """The simple statement on a line, or the line itself in a compound one."""
    with suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.stmt) or hasattr(node, "body"):
                continue
            if node.lineno <= line <= (node.end_lineno or 0):
                return node
    return ast.Pass(lineno=line, end_lineno=line)


def _quote(source: str, first: int, last: int, failed: int) -> str:
    """Lines of the page with their numbers, the failing one marked."""
    lines = [*source.split("\n"), ""]
    return "\n".join(
        f"  {'>' if number == failed else ' '} {number} | {lines[number - 1]}"
        for number in range(first, min(last, len(lines)) + 1)
    )


def _values(statement: ast.Assert, trace: TracebackType) -> Iterator[str]:
    """The variables of a failed assertion; nothing is evaluated again."""
    frame = trace.tb_frame
    nodes = [n for n in ast.walk(statement.test) if isinstance(n, ast.Name)]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    for name in dict.fromkeys(node.id for node in nodes):
        value = frame.f_locals.get(name, frame.f_globals.get(name))
        if not callable(value) and not isinstance(value, ModuleType | None):
            with suppress(Exception):  # a broken __repr__ must not hide the failure
                text = repr(value)
                yield f"    {name} = {text if len(text) < 500 else text[:500] + '...'}"


# ----------------------------------------------------------------------- docstrings


def shown_docstrings(
    text: str, page: str, *, with_examples: bool = True
) -> list[DocTest]:
    """The docstrings that mkdocstrings puts on a page, by default those with examples.

    Their examples know nothing but what they import: readers copy them as they stand.
    """
    finder = doctest.DocTestFinder(exclude_empty=False)
    found: dict[str, DocTest] = {}
    for line, name in directives(text, page):
        try:
            shown = pkgutil.resolve_name(name)
        except Exception as error:
            message = f"cannot import {name}: {type(error).__name__}: {error}"
            raise BlockError(page, line, message) from error
        module = inspect.getmodule(shown)
        for test in finder.find(shown, name, module, globs={}):
            if test.examples or (test.docstring and not with_examples):
                found.setdefault(test.name, test)
    return list(found.values())


def directives(text: str, page: str) -> Iterator[tuple[int, str]]:
    """Line and name of each `::: name` of a page."""
    taken = {n for e in elements(text, page) for n in range(e.line, e.end + 1)}
    for number, line in enumerate(text.split("\n"), 1):
        if number not in taken and (match := _DIRECTIVE.match(line)):
            yield number, match["name"]


def docstring_place(test: DocTest, line: int = 0) -> tuple[str, int]:
    """File and line of a line of a docstring."""
    return page_name(Path(test.filename or "?")), (test.lineno or 0) + line + 1


def check_docstring(test: DocTest) -> None:
    """Run the examples of a docstring; a difference is a BlockError."""
    for example in test.examples:
        if example.options:
            message = f"{test.name}: doctest options weaken the example; write without"
            raise BlockError(*docstring_place(test, example.lineno), message)
    uses_matplotlib = "matplotlib" in (test.docstring or "")
    with fresh_process(test.name, matplotlib=uses_matplotlib):
        try:
            with redirect_stderr(io.StringIO()):
                doctest.DebugRunner(verbose=False).run(test, clear_globs=False)
        except doctest.DocTestFailure as failure:
            example = failure.example
            detail = doctest.OutputChecker().output_difference(example, failure.got, 0)
            summary = "the example does not give what the docstring says"
        except doctest.UnexpectedException as failure:
            example = failure.example
            error = failure.exc_info[1]
            trace = error.__traceback__
            while trace and not trace.tb_frame.f_code.co_filename.startswith(
                "<doctest"
            ):
                trace = trace.tb_next
            error.__traceback__ = trace
            summary = "".join(traceback.format_exception_only(error)).strip()
            detail = "".join(traceback.format_exception(error))
        else:
            return
    code = "".join(f"    {row}\n" for row in example.source.splitlines())
    raise BlockError(
        *docstring_place(test, example.lineno),
        f"{test.name}: {summary}\n{code}{detail.rstrip()}",
    )
