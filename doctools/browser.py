"""Runs a block in the reader's browser: loaded there, by Pyodide, and nowhere else.

What a block finds is made by the code that runs the blocks in the tests
(`blocks.fresh_process`), and figures are drawn as for the page.
"""

from __future__ import annotations

import ast
import io
import linecache
import os
import sys
import traceback
from contextlib import ExitStack, suppress
from typing import Any

import nnref  # noqa: F401 - known before a block, so that what that sets is put back
from doctools import blocks

os.environ["MPLBACKEND"] = "agg"


def draws(code: str) -> bool:
    """Whether a block needs Matplotlib."""
    return "matplotlib" in code


def run(code: str, name: str, *, echo: bool = False) -> dict[str, Any]:
    """Run a block as a new interpreter would; what it prints goes to standard output.

    `name` stands in tracebacks. With `echo` it is an example as in a docstring, typed
    line by line: expressions print their value, errors their last line. Returns the
    figures that were shown as SVG elements, and the traceback of an error, or "".
    """
    figures: list[str] = []
    error = ""
    lines = io.StringIO(code).readlines()
    linecache.cache[name] = (len(code), None, lines, name)
    with ExitStack() as stack:
        if draws(code):
            stack.enter_context(_style())
        process = blocks.fresh_process(name, matplotlib=draws(code), source=code)
        main = stack.enter_context(process)
        if draws(code):
            stack.enter_context(_show(figures))
        try:
            if echo:
                _type(code, name, vars(main))
            else:
                whole = compile(code, name, "exec", dont_inherit=True, optimize=0)
                exec(whole, vars(main))
        except BaseException as fault:
            error = _report(fault, name)
        with suppress(Exception):  # a block may have closed it
            sys.stdout.flush()
    return {"figures": figures, "error": error}


def _type(code: str, name: str, namespace: dict[str, Any]) -> None:
    """Run statement by statement, and show of errors what a docstring shows."""
    for node in ast.parse(code, name).body:
        try:
            exec(compile(ast.Interactive([node]), name, "single"), namespace)
        except Exception as error:
            last = "".join(traceback.format_exception_only(error))
            print(f"Traceback (most recent call last):\n{last}", end="")


def _style() -> Any:
    import matplotlib as mpl

    from doctools.figures import drawing, style

    drawing._add_font()
    mpl.rcdefaults()
    return mpl.rc_context(style.rc_params())


def _show(figures: list[str]) -> Any:
    """Let `plt.show()` draw what is open in the style of the site."""
    from matplotlib import pyplot as plt

    from doctools.figures import drawing

    def show(*_: object, **__: object) -> None:
        figures.extend(drawing._svg(plt.figure(n)) for n in plt.get_fignums())
        plt.close("all")

    stack = ExitStack()
    stack.enter_context(drawing._unicode_log_ticks())
    stack.enter_context(blocks._replaced_show(show))
    return stack


def _report(fault: BaseException, name: str) -> str:
    """A traceback as Python's, from the block on."""
    if isinstance(fault, SystemExit):
        return "" if fault.code in (None, 0) else f"SystemExit: {fault.code}\n"
    trace = fault.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != name:
        trace = trace.tb_next
    found = traceback.format_exception(type(fault), fault, trace)
    if isinstance(fault, MemoryError):
        found.append("The browser gives Python no more memory than this.\n")
    return "".join(found)
