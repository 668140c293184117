"""What the Python-Markdown extension makes of a page."""

from __future__ import annotations

import re
from pathlib import Path

import markdown
import pytest

from doctools import figures, marks, pages, wasm

OUTPUT = f"<!--{pages.EXPECTED_OUTPUT}-->"


def html(text: str) -> str:
    return markdown.markdown(
        text,
        extensions=["doctools.markdown", "pymdownx.superfences", "pymdownx.details"],
    )


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[pages.Block]:
    """Stand in for the drawing, which has its own tests."""
    seen: list[pages.Block] = []

    def figure_html(block: pages.Block, **_: object) -> str:
        seen.append(block)
        return "<figure>drawn</figure>"

    monkeypatch.setattr(figures, "figure_html", figure_html)
    return seen


def test_inline_maths_is_mathml():
    found = html("A slope $x^2$ of money, $5 and $6.")
    assert found.count("<math>") == 1
    assert "<msup>" in found
    assert "$5 and $6" in found


@pytest.mark.parametrize("mark", [",", ".", ")", "),", "?", "，", "。"])
def test_a_mark_after_a_formula_begins_no_line(mark: str):
    found = html(f"Take ($x$ and $y${mark} then $z$ again.")
    kept = found[found.index('<span class="nn-kept">') :]
    assert kept.partition("</span>")[0].endswith(f"</math>{mark}")
    assert found.count("nn-kept") == 1


def test_maths_in_code_is_left_alone():
    assert "<math" not in html("`$x$`\n\n```text\n$y$\n$$\nz\n$$\n```\n")


def test_a_displayed_equation_and_its_comment():
    found = html("Text.\n\n<!-- equation\nx = 1\n-->\n$$\nx = 1\n$$\n\nMore.")
    assert '<div class="nn-equation">' in found
    assert "x = 1\n--" not in found
    assert "$$" not in found
    assert found.index("Text.") < found.index("nn-equation") < found.index("More.")


def test_an_equation_inside_a_folded_solution():
    found = html('??? success "Solution"\n\n    $$\n    x\n    $$\n\n    Then.\n')
    inside = found[found.index("<details") : found.index("</details>")]
    assert "nn-equation" in inside
    assert "Then." in inside


def test_an_output_belongs_to_its_block():
    found = html(f"```python\nprint(1)\n```\n\n{OUTPUT}\n\n```text\n1\n```\n")
    assert found.count("nn-output") == 1
    assert "pytest-codeblocks" not in found


def test_a_text_fence_that_is_no_output():
    assert "nn-output" not in html("```text\n1\n```\n")


def test_the_figure_stands_below_the_output(drawn: list[pages.Block]):
    block = "import matplotlib.pyplot as plt\nprint(7)\nplt.show()\n"
    fence = f"<!-- figure: A line. -->\n```python\n{block}```\n"
    found = html(f"{fence}\n{OUTPUT}\n\n```text\n7\n```\n\nAfter.")
    assert [each.caption for each in drawn] == ["A line."]
    assert "figure:" not in found
    order = [found.index(s) for s in ("nn-output", "<figure>drawn", "After.")]
    assert order == sorted(order)


PRINTED = f"```python\nprint(1)\n```\n\n{OUTPUT}\n\n```text\n1\n```\n"
DRAWS = "```python\nplt.plot(x)\nplt.show()\n```\n"


def order(found: str, *parts: str) -> bool:
    """Whether these stand there, once each, in this order."""
    places = [found.index(part) for part in parts]
    return places == sorted(places) and all(found.count(p) == 1 for p in parts)


@pytest.mark.usefixtures("drawn")
def test_folded_code_stands_below_what_it_shows():
    figure = html(f"<!-- figure: X. -->\n{DRAWS}")
    assert order(figure, "drawn", "Code of this figure", "plot", "</details>")
    output = html(f"<!-- code folded -->\n{PRINTED}\nAfter.")
    assert order(output, "nn-above", "Code of this output", ">print<", "</details>")
    assert output.index("</details>") < output.index("After.")
    both = PRINTED.replace("print(1)", "print(1)\nplt.show()")
    fold, caption = "<!-- code folded -->\n", "<!-- figure: X. -->\n"
    for above in (fold + caption, caption + fold):
        found = html(above + both)
        assert order(found, "nn-above", "drawn", "Code of this output", ">print<")
    assert "Code of" not in html(PRINTED)
    shown = html(f"<!-- figure, code shown: X. -->\n{DRAWS}")
    assert order(shown, "plot", "drawn")
    assert "Code of" not in shown


def test_a_source_listing_can_be_copied():
    found = html("<!-- source: relu -->")
    assert "<details" in found
    assert "nnref/activations.py" in found


def test_other_comments_stay():
    assert "<!-- a remark -->" in html("Text.\n\n<!-- a remark -->\n\nText.")


def test_a_page_is_found_by_its_text(tmp_path: Path):
    plain, front = tmp_path / "a.md", tmp_path / "b.md"
    plain.write_text("# A\n\nText.\n")
    front.write_text("---\nhide: toc\n---\n\n# B\n")
    assert pages.locate("# A\n\nText.\n\n", tmp_path) == (plain, 0)
    assert pages.locate("# B\n", tmp_path) == (front, 4)
    assert pages.locate("Text.\n", tmp_path) is None
    assert pages.locate("", tmp_path) is None


def test_equations_of_a_page_are_numbered_and_marked(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    path = tmp_path / "concepts" / "p.md"
    path.parent.mkdir()
    path.write_text(
        "<!-- equation\nz = rng.normal(size=3)\np = nnref.softmax(z)\n-->\n"
        "$$\np_k = \\frac{e^{z_k}}{\\sum_{j=1}^{3} e^{z_j}}\n$$\n\n"
        "$$\nL = -\\ln p_1\n$$\n"
    )
    with pytest.raises(pages.PageError, match="no comment"):
        marks.marks(path)
    path.write_text(path.read_text().replace("$$\nL", "<!-- equation\n-->\n$$\nL"))
    with pytest.raises(pages.PageError, match="nothing asserts anything with it"):
        marks.marks(path)
    text = path.read_text()
    path.write_text(text + "\n<!-- equation\n-->\n$$\ne^{-L} = p_1\n$$\n")
    first, second, _ = marks.marks(path).values()
    assert '<a href="#equation-1"' in first
    assert 'href="../../reference/activations/#nnref.activations.softmax"' in first
    assert '✓ in <a href="#equation-3">(3)</a>' in second


def test_a_page_with_a_false_equation_is_not_built(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(pages, "DOCS", tmp_path)
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    path = tmp_path / "p.md"
    path.write_text("<!-- equation\nx = 2.0\n-->\n$$\nx + x = 3 x\n$$\n")
    with pytest.raises(pages.PageError, match=r"p\.md:5: the two sides"):
        marks.marks(path)


def test_references_from_pages_at_any_depth():
    for page, up in (("index.md", ""), ("a.md", "../"), ("b/c.md", "../../")):
        link = marks.reference("relu", pages.DOCS / page)
        address = f'href="{up}reference/activations/#nnref.activations.relu"'
        assert address in link
    assert 'href="../reference/' in marks.reference("relu", pages.DOCS / "b/index.md")


def test_listings_hold_no_tokens_in_the_colour_of_text():
    found = html("```python\nx = len(y) + 1\n```\n")
    assert '<span class="nb">len</span>' in found
    assert "x <span" in found
    assert not re.search(r'class="[nw]"', found)


@pytest.mark.parametrize("fetched", [True, False])
def test_examples_run_where_what_they_need_is_there(monkeypatch, fetched: bool):
    monkeypatch.setattr(wasm, "available", lambda: fetched)
    example = '<div class="language-pycon highlight"><pre>&gt;&gt;&gt; 1</pre></div>'
    assert ('class="nn-runs language-pycon highlight"' in html(example)) == fetched
    assert "nn-runs" not in html("```text\n>>> 1\n```\n")


@pytest.mark.parametrize(
    ("ident", "label"),
    [
        ("nnref.pooling.MaxPool2D.forward", "MaxPool2D.forward"),
        ("nnref.pooling.forward", "forward"),
        ("forward", "forward"),
    ],
)
def test_the_table_of_contents_says_whose_a_method_is(ident: str, label: str):
    page = f"## forward {{ #{ident} data-toc-label=forward }}\n"
    md = markdown.Markdown(extensions=["doctools.markdown", "toc", "attr_list"])
    assert ">forward</h2>" in md.convert(page)
    assert [entry["name"] for entry in md.toc_tokens] == [label]
