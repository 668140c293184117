"""Tests of doctools.sliders, and of the figures that have them."""

import re
from dataclasses import replace

import pytest

from doctools import census, figures, pages, sliders

CODE = """import matplotlib.pyplot as plt

rate = 0.5  # learning rate, with an é before it
kind = "a"
assert rate < 0.8, "diverges"
plt.plot([0, rate], [0, 1])
plt.title(kind)
plt.show()
"""


def page(*rows, code=CODE):
    """A page with one figure that has these sliders."""
    written = "".join(f"{row}\n" for row in rows)
    return f"# T\n\n<!-- figure: A line.\n{written}-->\n```python\n{code}```\n"


def block(*rows, code=CODE):
    """Its block."""
    (found,) = pages.blocks(page(*rows, code=code))
    return found


RATE = 'slider rate "learning rate η" = np.linspace(0.25, 0.75, 3)'
KIND = 'slider kind "which" = "a", "b"'


def test_values_labels_and_where_it_starts():
    rate, kind = sliders.sliders(block(RATE, KIND))
    assert (rate.name, rate.label, rate.values) == (
        "rate",
        "learning rate η",
        (0.25, 0.5, 0.75),
    )
    assert (rate.start, kind.start) == (1, 0)
    assert kind.values == ("a", "b")
    assert sliders.start([rate, kind]) == 2
    (below,) = sliders.sliders(block('slider rate "x" = -1, 0.5, 2e-05'))
    assert below.texts() == ["\N{MINUS SIGN}1", "0.5", "2e\N{MINUS SIGN}05"]


def test_a_frame_is_the_block_with_other_literals():
    found = sliders.frames(block(RATE, KIND))
    assert [frame.setting for frame in found] == [
        f"rate = {rate}, kind = {kind!r}" for rate in (0.25, 0.5, 0.75) for kind in "ab"
    ]
    assert found[2].code == CODE
    assert found[5].code == CODE.replace("0.5", "0.75").replace('"a"', "'b'")
    after = "é = 1; rate = 0.5\nplt.show()\n"  # columns count bytes
    assert sliders.frames(block(RATE, code=after))[2].code == after.replace(
        "0.5", "0.75"
    )


@pytest.mark.parametrize(
    ("rows", "code", "message"),
    [
        (["slider rate = 1, 2"], CODE, "write `slider name"),
        ([RATE.replace("rate ", "rat ")], CODE, "rat is set 0 times"),
        ([RATE], CODE + "rate = 2\nplt.show()\n", "rate is set 2 times"),
        ([RATE], CODE.replace("0.5", "1 / 2"), "not set to a literal"),
        ([RATE], CODE.replace("0.5", "0.4"), "own rate = 0.4 is none"),
        ([RATE], CODE.replace("0.5", "(\n0.5\n)").replace("0.5\n)", "0.5)"), ""),
        (['slider rate "x" = [0.5]'], CODE, "at least two values"),
        (['slider rate "x" = 0.5, 0.5'], CODE, "all different"),
        (['slider rate "x" = nnref'], CODE, "values of the slider rate"),
        (['slider rate "x" = True, 0.5'], CODE, "neither a number nor a text"),
        (['slider rate "x" = np.arange(99) / 2'], CODE, "99 frames are too many"),
    ],
)
def test_what_cannot_be_made_is_a_fault(rows, code, message, tmp_path):
    path = tmp_path / "page.md"
    path.write_text(page(*rows, code=code), encoding="utf-8")
    faults = [fault.message for fault in census.faults(path)]
    if message:
        assert any(message in fault for fault in faults)
    else:
        assert not any("slider" in fault or "literal" in fault for fault in faults)


def test_a_slider_above_the_caption_is_a_fault(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(
        page(RATE).replace("A line.\n", "A line.\nslider of lines\nis here.\n"), "utf-8"
    )
    assert any("below the caption" in fault.message for fault in census.faults(path))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of drawings."""
    monkeypatch.setattr(figures, "CACHE", tmp_path / "figures")


@pytest.mark.usefixtures("cache")
def test_the_figure_has_its_frames_and_the_first_one_without_javascript():
    made = block(RATE.replace("0.75", "0.7"), KIND)
    made = replace(made, code=CODE.replace("0.5", "0.475"))
    html = figures.figure_html(made, "page.md")
    shown, _, rest = html.partition("<template>")
    frames = re.findall(r"<div>(<svg.*?</svg>)</div>", rest)
    assert len(frames) == 6
    assert shown.count("<svg") == 1
    assert frames[2] in shown  # the block's own
    assert len(set(frames)) == 6
    assert (
        'data-values="[&quot;0.25&quot;, &quot;0.475&quot;, &quot;0.7&quot;]"' in shown
    )
    assert 'aria-valuetext="0.475"' in shown
    assert 'nn-explore__sliders" hidden' in shown  # a script shows what needs it


@pytest.mark.usefixtures("cache")
def test_what_a_block_asserts_holds_in_each_frame(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(page('slider rate "x" = 0.5, 0.6'), encoding="utf-8")
    assert figures.draw_all([path]) == 2
    path.write_text(page('slider rate "x" = 0.5, 0.9'), encoding="utf-8")
    with pytest.raises(figures.FigureError, match=r"(?s)diverges.*rate = 0\.9"):
        figures.draw_all([path])
