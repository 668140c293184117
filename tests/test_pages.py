import sys

import pytest

from doctools.pages import (
    Comment,
    Equation,
    Fence,
    PageError,
    blocks,
    elements,
    equations,
    link,
)

PAGE = """\
# Title

<!-- figure: A line
that rises. -->
```python
import matplotlib.pyplot as plt

plt.plot([0, 1])
plt.show()
```

??? success "Solution"

    ```python
    if True:

        print("a")
        print()
        print("  b")
    ```

    <!--pytest-codeblocks:expected-output-->

    ```text
    a

      b
    ```

<!-- equation
x = 1
-->
$$
x = 1
$$

$$
y
$$
"""


def test_elements_in_order_with_their_lines():
    found = [(type(e), e.line, e.end) for e in elements(PAGE)]
    assert found == [
        (Comment, 3, 4),
        (Fence, 5, 10),
        (Fence, 14, 20),
        (Comment, 22, 22),
        (Fence, 24, 28),
        (Comment, 30, 32),
        (Equation, 33, 35),
        (Equation, 37, 39),
    ]


def test_blocks_have_caption_output_and_place():
    drawing, solution = blocks(PAGE)
    assert drawing.draws
    assert drawing.caption == "A line that rises."
    assert drawing.output is None
    assert not solution.draws
    assert (solution.line, solution.end, solution.indent) == (14, 20, "    ")
    assert solution.code == (
        'if True:\n\n    print("a")\n    print()\n    print("  b")\n'
    )
    assert solution.output is not None
    assert solution.output.text == "a\n\n  b\n"


def test_equations_have_the_comment_right_above():
    (first, symbols), (second, none) = equations(PAGE)
    assert first.text == "x = 1\n"
    assert symbols is not None
    assert symbols.text == "equation\nx = 1"
    assert second.text == "y\n"
    assert none is None


def test_four_backticks_hold_three():
    (fence,) = elements("````text\n```python\n1\n```\n````\n")
    assert isinstance(fence, Fence)
    assert fence.text == "```python\n1\n```\n"


def test_other_fences_take_no_output_from_a_block_above():
    page = (
        "```python\n1\n```\n```sh\nls\n```\n"
        "<!--pytest-codeblocks:expected-output-->\n```text\na\n```\n"
    )
    (block,) = blocks(page)
    assert block.output is None


def test_a_form_feed_ends_no_line():
    (block,) = blocks("```python\na = 1\x0cb = 2\n```\n")
    assert block.code == "a = 1\x0cb = 2\n"


@pytest.mark.parametrize("opening", ["```python", "<!-- a", "$$"])
def test_what_is_never_closed_names_its_line(opening):
    with pytest.raises(PageError, match=r"^a\.md:3: .* never closed"):
        list(elements(f"text\n\n{opening}\n", "a.md"))


def test_a_fence_without_a_language_does_not_close_itself():
    (fence,) = elements("```\na\n```\n")
    assert (fence.line, fence.end, fence.text) == (1, 3, "a\n")


def test_other_comments_are_no_captions_and_keep_an_output_away():
    page = (
        "<!-- a remark -->\n```python\n1\n```\n<!-- another -->\n"
        "<!--pytest-codeblocks:expected-output-->\n```text\na\n```\n"
    )
    (block,) = blocks(page)
    assert block.caption is None
    assert block.output is None


def test_a_caption_belongs_to_one_block():
    first, second = blocks("<!-- figure: A. -->\n" + 2 * "```python\n1\n```\n")
    assert (first.caption, second.caption) == ("A.", None)


def test_a_comment_is_dedented():
    (comment,) = elements("    <!-- equation\n    if a:\n      b\n    -->\n")
    assert isinstance(comment, Comment)
    assert comment.text == "equation\nif a:\n  b"


@pytest.mark.parametrize(
    ("page", "target", "mkdocs", "zensical"),
    [
        ("a/b.md", "c/d.md", "../../c/d/", "../c/d.md"),
        ("a/index.md", "c/d.md", "../c/d/", "../c/d.md"),
        ("a.md", "c/index.md", "../c/", "c/index.md"),
        ("index.md", "c/d.md", "c/d/", "c/d.md"),
        ("a.md", "x.zip", "../x.zip", "x.zip"),
    ],
)
def test_links_in_html(page, target, mkdocs, zensical, monkeypatch):
    assert link(page, target) == mkdocs
    monkeypatch.setitem(sys.modules, "zensical", None)
    assert link(page, target) == zensical
