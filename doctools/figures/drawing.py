"""Runs one block and returns what it drew; used inside a worker process only."""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from importlib.resources import files
from typing import Any
from unittest.mock import patch

import matplotlib as mpl
from matplotlib import font_manager, ticker
from matplotlib import pyplot as plt
from matplotlib.cm import ScalarMappable

from doctools import blocks, sliders
from doctools.figures import style, svg
from doctools.pages import Block

# Colormaps of black on white, shown as ink on the page whatever its theme.
INK = frozenset(
    {"gray_r", "grey_r", "Greys", "Grays", "binary", "gist_yarg", "gist_yerg"}
)
_UP = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class CannotShow(ValueError):  # noqa: N818 - the author reads the message only
    """A figure that cannot be put on a page."""


def draw(
    block: Block,
    page: str,
    pictures: list[str] | None = None,
    run: Callable[..., object] = blocks.run,
) -> list[str]:
    """The figures that were open at each `plt.show()` of a block, in order.

    For a script that explores it, the variables that it asks for come last, as JSON.
    `pictures` gets the figures as PNG in base64, for those who show no SVG; `run` runs
    the block.

    Raises
    ------
    BlockError
        If the block fails, or draws what the site cannot show.
    """
    _add_font()
    drawn: list[str] = []
    data: list[str] = []
    script = sliders.script(block) if block.controls else None
    faults: list[str] = []

    def show() -> None:
        try:
            for figure in map(plt.figure, plt.get_fignums()):
                # Twice, until nothing moves; the PNG is laid out as the SVG.
                figure.draw_without_rendering()
                drawn.append(_svg(figure))
                if pictures is not None:
                    figure.set_layout_engine("none")
                    pictures.append(_png(figure))
            if script is not None:
                data.append(_json(script.variables))
        except CannotShow as fault:
            faults.append(str(fault))
        plt.close("all")

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(style.rc_params())
        with _unicode_log_ticks():
            run(block, page, show=show)
    if faults:
        last = block.line + len(block.code.rstrip().splitlines())
        raise blocks.BlockError(page, last, faults[0])
    return drawn + data


def _json(names: tuple[str, ...]) -> str:
    """Variables of the block that is running, for a script."""
    found = vars(sys.modules["__main__"])
    if missing := [name for name in names if name not in found]:
        raise CannotShow(f"the block has no variable {missing[0]!r}")

    def plain(value: Any) -> Any:
        return value.tolist()  # arrays, scalars

    data = json.dumps({name: found[name] for name in names}, default=plain)
    data = data.replace("<", "\\u003c")
    return f'<script type="application/json">{data}</script>'


def _svg(figure: Any) -> str:
    width = figure.get_figwidth()
    if width > style.MAX_WIDTH:
        raise CannotShow(
            f"this figure is {width:g} inches wide; more than {style.MAX_WIDTH:g} "
            "cannot be read on a phone: give a smaller figsize"
        )
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    mapped = [a for a in figure.findobj() if isinstance(a, ScalarMappable)]
    ink = any(artist.get_cmap().name in INK for artist in mapped)
    drawing = svg.themed(out.getvalue(), ink=ink)
    if text := svg.mathtext(drawing):
        raise CannotShow(
            f"mathtext in a figure: {text!r}. Its text is set in the site's font, so "
            "write Unicode instead: ∂L/∂z, λ₁, ‖g‖"
        )
    return drawing


def _png(figure: Any) -> str:
    out = io.BytesIO()
    about = {"Software": None}
    figure.savefig(out, format="png", dpi=100, facecolor="white", metadata=about)
    return base64.b64encode(out.getvalue()).decode()


@cache
def _add_font() -> None:
    """Let matplotlib measure with the font that the site sets text in."""
    for face in ("Regular", "It", "Semibold"):
        file = files("font_source_sans_pro").joinpath(f"files/SourceSansPro-{face}.otf")
        font_manager.fontManager.addfont(str(file))


def _unicode_log_ticks() -> AbstractContextManager[object]:
    """Label logarithmic axes 10⁻³, where matplotlib writes mathtext."""
    original = ticker.LogFormatterMathtext.__call__

    def plain(self: Any, x: float, pos: int | None = None) -> str:
        return unicode_power(original(self, x, pos))

    return patch.object(ticker.LogFormatterMathtext, "__call__", plain)


def unicode_power(label: str) -> str:
    r"""Rewrite `$\mathdefault{10^{-3}}$` as 10⁻³."""
    text = label.removeprefix(r"$\mathdefault{").removesuffix("}$")
    base, caret, exponent = text.replace(
        r"\times", "\N{MULTIPLICATION SIGN}"
    ).partition("^{")
    base = base.replace("-", "\N{MINUS SIGN}")
    return base + (exponent.removesuffix("}").translate(_UP) if caret else "")
