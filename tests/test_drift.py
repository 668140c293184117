"""Small changes of formulas are made where they say, and what notices them is run."""

from pathlib import Path

import pytest

from doctools import drift
from doctools.drift import KINDS, Change

PAGE = """\
# A page

<!-- equation
x = rng.normal()
y = x**2 + 1
-->
$$
y = x^2 + 1
$$

```python
import nnref as nn

print("rate", nn.SGD(lr=0.25).lr)
```

<!--pytest-codeblocks:expected-output-->

```text
rate 0.25
```

Here $y > 0$, and the rate is $\\eta = 0.25$.
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(drift, "ROOT", tmp_path)
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def changed(page: Path, kind: str, old: str, new: str) -> Change:
    """The change of the first formula of a kind that holds `old`."""
    formula = next(f for f in KINDS[kind].formulas(page) if old in f.latex)
    start = formula.start + formula.latex.index(old)
    return Change(formula.text, formula.line, start, start + len(old), new)


@pytest.mark.parametrize(
    ("kind", "old", "new", "seen"),
    [
        ("display", "+", "-", True),
        ("display", "x^2 + 1", "1 + x^2", False),
        ("inline", "y > 0", "y < 0", True),
        ("inline", "y > 0", "y > -1", False),
        ("inline", "0.25", "0.35", True),  # only the check of numbers sees it
    ],
)
def test_a_change_of_a_page_is_noticed_if_a_check_sees_it(
    page: Path, kind: str, old: str, new: str, *, seen: bool
) -> None:
    change = changed(page, kind, old, new)
    assert PAGE[change.start : change.end] == old
    assert drift.noticed(change, KINDS[kind]) is seen


def test_formulas_of_docstrings_are_changed_in_their_text() -> None:
    module = Path(drift.ROOT / "nnref" / "losses.py")
    lines = module.read_text(encoding="utf-8").splitlines()
    found = list(drift.in_docstrings(module))
    assert len(found) > 10
    for formula in found:
        assert formula.text.text.startswith(formula.latex, formula.start)
        first = formula.latex.strip().splitlines()[0]
        row = formula.text.text[: formula.start].count("\n")
        assert first in "".join(lines[row : row + 2])
    kind = KINDS["docstring"]
    change = changed(module, "docstring", r"\frac{1}{2} r_i", r"\frac{1}{3} r_i")
    assert change.text.docstring == "losses.huber"
    assert drift.noticed(change, kind)
    assert not drift.noticed(changed(module, "docstring", "r_i", "r_i"), kind)


def test_pages_can_be_chosen(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(page), "--kind", "display", "--count", "5", "--seed", "1"]
    assert drift.main(arguments) == 0
    assert capsys.readouterr().out == "display: 1 of 1 changes noticed\n"
