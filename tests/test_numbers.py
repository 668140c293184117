# ruff: noqa: RUF001 - sizes are written with a multiplication sign
import random
from pathlib import Path

import pytest

from doctools import digits, numbers
from doctools.quantities import numbers as read

PATH = Path(__file__).parent / "page.md"
PAGE = """\
# A page

```python
import nnref as nn

options = dict(epochs=30, batch_size=32)
optimizer = nn.SGD(0.5)
print("mean accuracy of 5 seeds 0.713, on a map of 8×8")
print("parameters: 10410")
```

<!--pytest-codeblocks:expected-output-->

```text
mean accuracy of 5 seeds 0.713, on a map of 8×8
parameters: 10410
```

"""


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("It was 0.71, 10,410 and $3 \\times 3$.", [0.71, 10410, 3]),
        (
            "$10^{-5}$, $\\frac14$, $\\eta = 0.1$, $25 \\cdot 6$",
            [1e-5, 0.25, 0.1, 25, 6],
        ),
        ("A third, two thirds, half, and twice the loss", [1 / 3, 2 / 3, 0.5, 2]),
        ("three times as large, 71 %, 4 to 6 percent", [3, 71, 4, 6]),
        ("the third picture, used twice, the right half, the 5th", []),
        ("in 2015, on 2026-11-24, VGG-16, float32, Python 3.11, 1.2.3", []),
        ("[1.3](#claim-1-3), `f(3)`, https://a.org/12, [^2], exercise 3, 3D", []),
        ("$a \\le 4$ and $k^2$ and $1/n$ are checked as formulas", []),
        ("a 1 where it holds and 0 elsewhere", []),
        ("**5. Extend.** The 8×8 pixels", [8]),
    ],
)
def test_numbers_are_read_as_written(text: str, values: list[float]) -> None:
    assert [number.value for number in read(text)] == pytest.approx(values)


def unbound(text: str) -> list[str]:
    return numbers.check(PATH, PAGE + text + "\n", "page.md")


@pytest.mark.parametrize(
    "text",
    [
        "The mean accuracy is 0.713.",
        "A mean accuracy of 0.71 is little.",
        "The mean accuracy is 71 %.",
        "With 5 seeds, 30 epochs and batches of 32.",
        "With the learning rate $\\eta = 0.5$ throughout.",
        "Maps of $8 \\times 8$ and 10,410 parameters.",
        "| what | mean accuracy |\n|---|---|\n| net | 0.71 |",
    ],
)
def test_what_stands_near_needs_no_markup(text: str) -> None:
    assert unbound(text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A mean accuracy of 0.74.", "near are 0.713 (output line 15: "),
        ("The mean accuracy is 72 %.", "0.713"),
        ("With 4 seeds.", '"4" = '),
        ("With 40 epochs.", '"40" = ...'),
        ("With 40 epochs.", "the nearest are 32 (code line 6: "),
        ("With 40 epochs.", '; 30 (code line 6: "options = dict('),
        ("With 31 epochs.", '"31" = code["epochs"]'),
        ("A rate of $\\eta = 0.6$.", '"0.6" = '),
        ("Maps of 8×9.", '"8×9"'),
        ("It weighs 5 kg.", '"5" = out[0][0]'),
        ("There are 10,411 parameters.", 'fact: "10,411" = out[1][0] -->'),
        ("| what | mean accuracy |\n|---|---|\n| net | 0.72 |", "0.72"),
    ],
)
def test_what_is_changed_is_told(text: str, said: str) -> None:
    (message,) = unbound(text)
    assert message.startswith("page.md:")
    assert said in message


def test_a_section_lends_its_blocks_to_links_only() -> None:
    other = "## Other { #other }\n\nA mean accuracy of 0.71"
    whole = PAGE.replace("# A page", "# A page { #first }") + other
    assert len(numbers.check(PATH, whole + ".\n", "page.md")) == 1
    assert numbers.check(PATH, whole + ", [there](#first).\n", "page.md") == []


def test_changed_digits_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(PAGE + "The mean accuracy is 0.713, with 10,410 parameters.\n")
    assert digits.report([path], 0, 0) == 0


def test_a_change_changes_one_number() -> None:
    text = "It was 0.713 and half of it."
    rng = random.Random(0)
    for number in read(text):
        for _ in range(20):
            new = digits.changed(number, text, rng)
            differ = [
                a.value != b.value for a, b in zip(read(text), read(new), strict=True)
            ]
            assert sum(differ) == 1


def test_shares_add_up() -> None:
    total = sum(numbers.shares(numbers.all_pages()[:2]).values(), numbers.Shares())
    held = total.plain + total.fact + total.cited + total.because
    assert total.found == held + total.unbound > 0
