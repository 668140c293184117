"""The map of the home page: arrows are what the pages say they need."""

import re

import pytest

from doctools import concepts, configuration

FOUND = concepts.concepts()


def closure(pairs):
    """All pairs that a chain of these connects."""
    known = set(pairs)
    while more := {(a, d) for a, b in known for c, d in known if b == c} - known:
        known |= more
    return known


def test_arrows_are_the_needs_of_the_pages():
    needs = {(need, each.page) for each in FOUND for need in each.needs}
    drawn = set(concepts.arrows(FOUND))
    assert drawn <= needs
    assert closure(drawn) == closure(needs)
    for arrow in drawn:  # none is there twice, by a detour
        assert arrow not in closure(drawn - {arrow})


def test_every_page_is_on_the_map_after_what_it_needs():
    order = [each.page for each in FOUND]
    assert sorted(order) == sorted(
        path.stem for path in concepts.FOLDER.glob("*.md") if path.stem != "index"
    )
    for k, each in enumerate(FOUND):
        assert each.needs <= set(order[:k]), each.page
        assert re.search(
            r"^Needs: ", (concepts.FOLDER / f"{each.page}.md").read_text(), re.M
        )
        assert each.learn.endswith(".")


def test_the_navigation_has_the_same_order():
    parts = configuration.read()["nav"]
    (nav,) = (part["Concepts"] for part in parts if "Concepts" in part)
    assert nav[1:] == [f"concepts/{each.page}.md" for each in FOUND]


def test_boxes_hold_their_text_and_lie_apart():
    drawn = concepts.map_of_concepts()
    boxes = re.findall(r'<rect x="(\d+)" y="(\d+)"', drawn)
    assert len(set(boxes)) == len(boxes) == len(FOUND)
    for each in FOUND:
        title = concepts._wrapped(each.title, 24)
        rows = title + concepts._wrapped(each.learn, concepts.LETTERS)
        assert len(rows) <= 5, each.page
        assert max(map(len, rows)) <= concepts.LETTERS
    assert drawn.count("<a ") == len(FOUND)


@pytest.mark.parametrize("missing", ["loss-functions"])
def test_a_detour_hides_an_arrow(missing):
    a, b, c = (
        concepts.Concept(page, page, "x.", frozenset(needs))
        for page, needs in [("a", ""), ("b", "a"), ("c", "ab")]
    )
    assert concepts.arrows([a, b, c]) == [("a", "b"), ("b", "c")]
