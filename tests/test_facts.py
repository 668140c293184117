from pathlib import Path

import pytest

from doctools import census, facts, pages
from doctools.numbers import Page, check

PAGE = """\
# A page

## Losses {{ #losses }}

```python
epochs = 30
print("loss by epoch 3.0 1.5")
print("share of wins 0.042 0.061")
```

<!--pytest-codeblocks:expected-output-->

```text
loss by epoch 3.0 1.5
share of wins 0.042 0.061
```

<!-- fact{head}
{claims}
-->
{text}
"""
PATH = Path(__file__).parent / "page.md"


def messages(claims: str, text: str, head: str = "") -> list[str]:
    return check(PATH, PAGE.format(claims=claims, text=text, head=head), "page.md")


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ('"4 to 6 %" = 100 * out[1][0], 100 * out[1][1]', "Between 4 to 6 % won."),
        ('"half" = out[0][1] / out[0][0]', "It falls to half of\nthat."),
        ('"Twice the" = out[0][0] / out[0][1]', "Twice the loss."),
        ('"a factor of 30" = code["epochs"]', "It grew by a factor of 30."),
        ('"second line" = 1 + text.index(text[1])', "See the second line."),
        ('"10,410" = 10410.2', "There are 10,410 of them."),
        ('"about 1.6" =\n  out[0][1]', "It fell to about 1.6."),
        ('"More than 25" = code["epochs"]', "More than 25 of them."),
        ('"224" from https://a.org/x', "It reads 224 of [them](https://a.org/x)."),
        ('"30 epochs" = found(r"epochs = (.+)")', "After 30 epochs."),
        ('"2 lines" = found(r"^print")', "It has 2 lines."),
        (
            '"2 of 3" = found(r"(\\d) of them or (\\d)", "tests/test_facts.py")',
            "So 2 of 3.",  # 2 of them or 3
        ),
        ('"3×3" = out[0][0]', "A kernel of 3×3."),  # noqa: RUF001
        ('"$2 \\times 3$" = 2, out[0][0]', "A map of $2 \\times 3$ cells."),
        ('"224" because it was counted by hand', "It reads 224 of them."),
        ('"1.5" = out[0][1]', "- one item\n- another of 1.5 here"),
    ],
)
def test_a_fact_binds_what_it_quotes(claims: str, text: str) -> None:
    assert messages(claims, text) == []


@pytest.mark.parametrize(
    ("claims", "text", "said"),
    [
        ('"4 to 7 %" = 100 * out[1][0], 100 * out[1][1]', "So 4 to 7 % won.", "says 7"),
        ('"a third" = out[0][1] / out[0][0]', "It falls to a third.", "gives 0.5"),
        ('"1.6" = out[0][1]', "It fell to 1.6.", "the fact gives 1.5"),
        ('"1.7" = 1.6', "It fell to 1.6.", "does not stand"),
        ('"77" = 77', "It is 77, and 77 again.", "more than once"),
        ('"fell" = 1.6', "It fell far.", "holds no number"),
        ('"1.6" = 1.6, 2', "It fell to 1.6.", "states 1 numbers (1.6), 2 are given"),
        ('"1.6" = out[0][9]', "It fell to 1.6.", "out[0] = [3.0, 1.5]"),
        ('"224" from https://a.org/x', "It reads 224.", "no link and no footnote"),
        ("1.6 = out[0][1]", "It fell to 1.6.", "write `"),
        ("", "It fell.", "an empty fact"),
        ('"More than 35" = code["epochs"]', "More than 35 of them.", "says 35"),
        ('"40 epochs" = found(r"epochs = (.+)")', "After 40 epochs.", "gives 30"),
        ('"40" = found(r"(4)0\\b" + " of")', "It is 40.", "stands nowhere in the page"),
        ('"3×4" = out[0][0]', "A kernel of 3×4.", "2 numbers"),  # noqa: RUF001
        ('"3×5" = 3, 4', "A kernel of 3×5.", "says 5, the fact gives 4"),  # noqa: RUF001
    ],
)
def test_a_fact_that_does_not_hold_is_told(claims: str, text: str, said: str) -> None:
    found = messages(claims, text)
    assert any(said in message and message.startswith("page.md:") for message in found)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("k = 3", {"k": 3}),
        ("a, (b, c) = 1, (2, 'd')", {"a": 1, "b": 2, "c": "d"}),
        ("n, rng = 8, f(seed=2)", {"n": 8, "seed": 2}),
        ("s = {'lr': 0.1, 'rng': rng}", {"s": {"lr": 0.1}}),
        ("s = {'o': {'lr': 0.1, 'f': f}, **t}", {"s": {"o": {"lr": 0.1}}}),
        ("a, b = pair", {}),
        ("s = {'rng': rng}", {}),
        ("k = 3\nk = 4", {"k": 3}),
    ],
)
def test_literals_of_a_block(code: str, value: dict[str, object]) -> None:
    assert facts.literals(code) == value


BOX = """\
# A page

```python
print(1.5)
```

<!--pytest-codeblocks:expected-output-->

```text
1.5
```

??? success "Solution"

    <!-- fact: "2.5 kg" = out[0][0] -->
    It weighs 2.5 kg.

    ```python
    print(2.5)
    ```

    <!--pytest-codeblocks:expected-output-->

    ```text
    2.5
    ```
"""


def test_a_solution_is_about_its_own_block() -> None:
    assert check(PATH, BOX, "page.md") == []
    without = BOX[: BOX.index("    ```python")]
    found, *_ = check(PATH, without, "page.md")
    assert "says 2.5, the fact gives 1.5" in found


def test_a_fact_names_its_block() -> None:
    claims, text = '"1.5" = out[0][1]', "## Others\n\nIt fell to 1.5 kg."
    assert any("no text" in m or "stand" in m for m in messages(claims, text))
    whole = PAGE.format(claims='"3" = 3', text="Still 3 kg.", head="") + (
        '\n## Others\n\n<!-- fact of #losses 1: "1.5" = out[0][1] -->\nIt was 1.5 kg.\n'
    )
    assert check(PATH, whole, "page.md") == []
    worse = whole.replace("#losses 1", "#losses 2")
    assert any("1 blocks in its section" in m for m in check(PATH, worse, "page.md"))


CAPTION = """\
<!-- figure: The loss falls to half of what it was.
fact
"half" = out[0][1] / out[0][0]
-->
```python
import matplotlib.pyplot as plt

print(3.0, 1.5)
plt.show()
```

<!--pytest-codeblocks:expected-output-->

```text
3.0 1.5
```
"""


def test_a_caption_holds_its_fact_below_it() -> None:
    assert check(PATH, CAPTION, "page.md") == []
    (block,) = pages.blocks(CAPTION)
    assert block.caption == "The loss falls to half of what it was."
    worse = CAPTION.replace("to half of", "to a third of").replace(
        '"half"', '"a third"'
    )
    found = check(PATH, worse, "page.md")
    assert any(m.startswith("page.md:3: ") and "gives 0.5" in m for m in found)


def test_the_census_knows_facts(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(PAGE.format(claims='"30" = 30', text="It is 30.", head=""))
    assert census.faults(path) == []
    path.write_text(PAGE.format(claims="30 = 30", text="It is 30.", head=""))
    (fault,) = census.faults(path)
    assert "'30 = 30'" in fault.message


def test_facts_do_not_reach_the_built_page() -> None:
    from markdown import markdown

    text = PAGE.format(claims='"30" = 30', text="It is 30.", head="")
    built = markdown(text, extensions=["doctools.markdown"])
    assert "It is 30." in built
    assert "fact" not in built


def test_all_facts_of_a_text_are_used() -> None:
    text = PAGE.format(claims='"1.5" = out[0][1]', text="It was 1.5 kg.", head="")
    (finding,) = Page(PATH, text, "page.md").findings()
    assert (finding.kind, finding.line) == ("fact", 21)
