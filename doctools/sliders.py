"""What readers can move in a figure: sliders with a frame for each value, or a script.

A slider is written in the comment of the figure, below its caption:

    slider rate "learning rate η" = np.linspace(0.1, 1.2, 12).round(2)

`rate` is a variable of the block, set once at the top level to a literal, which is one
of the values. A frame is what the very same block draws with another literal there, so
that whatever it asserts of the figure holds in each frame.

    explore convolution with image, kernels

puts what `docs/assets/javascripts/explore/convolution.js` draws in the place of the
figure, from these variables of the block; what it computes is in `maths.js` beside it,
which `tests/test_explorables.py` compares with `nnref`.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from doctools.pages import DOCS, Block

MOST_FRAMES = 64  # of a figure: each weighs some hundred bytes more, compressed

SCRIPTS = DOCS / "assets" / "javascripts" / "explore"

_WRITTEN = re.compile(r'slider (?P<name>\w+) "(?P<label>[^"]+)" = (?P<values>.+)')


_EXPLORED = re.compile(r"explore (?P<name>\w+) with (?P<names>\w+(?:, \w+)*)")


class SliderError(ValueError):
    """A slider that cannot be made; the message says what to write."""


@dataclass(frozen=True)
class Script:
    """A script that draws in the place of a figure, and the variables it is given."""

    name: str
    variables: tuple[str, ...]


@dataclass(frozen=True)
class Slider:
    """A variable of a block, and the values that it takes."""

    name: str
    label: str
    values: tuple[int | float | str, ...]
    start: int  # which of them the block itself has

    def texts(self) -> list[str]:
        """The values as a reader sees them."""
        return [
            v if isinstance(v, str) else f"{v:g}".replace("-", "\N{MINUS SIGN}")
            for v in self.values
        ]


@dataclass(frozen=True)
class Frame:
    """A block with other literals, and what they are."""

    setting: str
    code: str


def sliders(block: Block) -> list[Slider]:
    """The sliders of a block, in the order in which they are written.

    Raises
    ------
    SliderError
        If one is miswritten or does not fit its block.
    """
    rows = [row for row in block.controls if row.startswith("slider")]
    found = [_slider(row, block.code) for row in rows]
    count = int(np.prod([len(slider.values) for slider in found]))
    if count > MOST_FRAMES:
        raise SliderError(f"{count} frames are too many: at most {MOST_FRAMES}")
    return found


def script(block: Block) -> Script | None:
    """The script of a block, if it has one.

    Raises
    ------
    SliderError
        If it is miswritten, is not there, or stands beside sliders.
    """
    rows = [row for row in block.controls if row.startswith("explore")]
    if not rows:
        return None
    if len(block.controls) > 1:
        raise SliderError("a figure has sliders or one script, not both")
    match = _EXPLORED.fullmatch(rows[0])
    if match is None:
        raise SliderError(f"write `explore name with variable, ...`, not `{rows[0]}`")
    if not SCRIPTS.joinpath(f"{match['name']}.js").is_file():
        raise SliderError(f"there is no {match['name']}.js in {SCRIPTS.name}/")
    return Script(match["name"], tuple(match["names"].split(", ")))


def frames(block: Block) -> list[Frame]:
    """What to draw: all combinations of the values, the last slider changing first."""
    found = sliders(block)
    if not found:
        return []
    made = []
    for values in itertools.product(*(slider.values for slider in found)):
        code = block.code
        for slider, value in zip(found, values, strict=True):
            code = _set(code, slider.name, value)
        names = (slider.name for slider in found)
        pairs = zip(names, values, strict=True)
        made.append(Frame(", ".join(f"{n} = {v!r}" for n, v in pairs), code))
    return made


def start(found: list[Slider]) -> int:
    """The number of the frame that the block itself draws."""
    number = 0
    for slider in found:
        number = number * len(slider.values) + slider.start
    return number


def _slider(row: str, code: str) -> Slider:
    match = _WRITTEN.fullmatch(row)
    if match is None:
        raise SliderError(f'write `slider name "label" = values`, not `{row}`')
    name = match["name"]
    own = ast.literal_eval(_literal(code, name))
    try:
        given = eval(match["values"], {"np": np})
        values = tuple(map(_plain, given))
    except Exception as error:
        raise SliderError(f"the values of the slider {name}: {error}") from error
    if len(values) < 2 or len(set(values)) < len(values):
        raise SliderError(f"the slider {name} needs at least two values, all different")
    if own not in values:
        raise SliderError(
            f"the block's own {name} = {own!r} is none of the slider's values"
        )
    return Slider(name, match["label"], values, values.index(own))


def _plain(value: Any) -> int | float | str:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"{value!r} is neither a number nor a text")
    return value


def _literal(code: str, name: str) -> ast.expr:
    """The literal that a block gives a variable at its top level, once."""
    found = list(_given(code, name))
    if len(found) != 1:
        raise SliderError(
            f"{name} is set {len(found)} times at the top level: set it once, "
            f"to a literal, in a line `{name} = ...`"
        )
    try:
        ast.literal_eval(found[0])
    except ValueError as error:
        raise SliderError(f"{name} is not set to a literal") from error
    return found[0]


def _given(code: str, name: str) -> Iterator[ast.expr]:
    for node in ast.parse(code).body:
        if isinstance(node, ast.Assign):
            targets = [t.id for t in node.targets if isinstance(t, ast.Name)]
            if name in targets:
                yield node.value


def _set(code: str, name: str, value: float | str) -> str:
    """The same code with another literal, on the same lines."""
    old = _literal(code, name)
    if ast.literal_eval(old) == value:
        return code  # to the letter: it is not drawn twice
    lines = code.splitlines(keepends=True)
    if old.end_lineno != old.lineno:
        raise SliderError(f"write {name} = ... on one line")
    # Columns count bytes.
    row = lines[old.lineno - 1].encode()
    lines[old.lineno - 1] = b"".join(
        [row[: old.col_offset], repr(value).encode(), row[old.end_col_offset :]]
    ).decode()
    return "".join(lines)
