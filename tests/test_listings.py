"""The listings to copy, as they stand on a page."""

from __future__ import annotations

import re
import statistics

import markdown
import pytest

from doctools import listings, plain_speed, standalone

EXTENSIONS = ["doctools.markdown", "pymdownx.superfences", "pymdownx.details"]


def unfolded(listing: str) -> list[str]:
    """The lines inside `??? quote`."""
    lines = listing.splitlines()
    assert all(line == "" or line.startswith("    ") for line in lines[1:])
    return [line.removeprefix("    ") for line in lines[1:]]


def fence(lines: list[str]) -> str:
    start, end = (i for i, line in enumerate(lines) if line.startswith("```"))
    return "\n".join(lines[start + 1 : end]) + "\n"


def test_the_plain_version_is_shown_and_the_other_folded_below() -> None:
    listing = listings.markdown("softmax_backward")
    shown, quote, folded = listing.partition("??? quote nn-package")
    code = standalone.plain().snippet("softmax_backward")
    assert fence(shown.splitlines()) == code
    count = len(code.splitlines())
    assert f'title="softmax_backward, plain: {count} lines to copy"' in shown
    whole = standalone.snippet("softmax_backward")
    lines = unfolded(quote + folded)
    assert fence(lines) == whole
    title = f"as in the package: {len(whole.splitlines())} lines"
    assert title in folded.splitlines()[0]
    said = "On 1,024 rows of 1,000 logits it took"
    assert f"{listings.BUYS} {said}" in "\n".join(lines)


def test_what_the_sentence_says_holds_of_every_function() -> None:
    for name in filter(str.islower, standalone.plain().public()):
        whole = standalone.nnref().definition(name).text
        # xor takes nothing.
        assert name == "xor" or re.search(r"^    Raises\n    ------$", whole, re.M), (
            name
        )


def test_times_are_those_of_the_operations_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert set(plain_speed.times()) == set(plain_speed.ON)
    assert set(plain_speed.ON) <= set(standalone.plain().public())
    assert plain_speed.sentence("clip_by_norm") == ""
    monkeypatch.setattr(plain_speed, "times", lambda: {"max_pool2d": (0.3434, 18.2)})
    assert plain_speed.sentence("max_pool2d") == (
        f"On {plain_speed.ON['max_pool2d']} it took 0.34 ms, the plain one 18 ms."
    )


def test_only_what_is_faster_is_called_fast() -> None:
    assert "checked and fast, as in" in listings.markdown("max_pool2d")
    assert "`relu` checked, as in" in listings.markdown("relu")


def test_the_page_says_how_long_the_listings_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = listings.counts()
    short, whole = standalone.plain(), standalone.nnref()
    lines = sorted(listings.lines(short, name) for name in short.public())
    assert f"{statistics.median(lines):.0f} lines, and the longest {lines[-1]}" in said
    assert f"{len(lines)} names" in said
    monkeypatch.setattr(
        listings, "lines", lambda package, _: 7 if package.top == whole.top else 3
    )
    assert "3 lines, and the longest 3" in listings.counts()
    assert "have 7 and 7." in listings.counts()


def test_without_a_plain_version_the_whole_is_folded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(listings.SOURCE_URL, raising=False)
    listing = listings.markdown("Optimizer")
    first = '??? quote "Source of `Optimizer`, to copy and run alone"'
    assert listing.splitlines()[0] == first
    assert fence(unfolded(listing)) == standalone.snippet("Optimizer")
    for name, reason in standalone.EXCLUDED.items():
        listing = listings.markdown(name)
        assert reason in listing.splitlines()[0]
        assert f"def {name}(" in listing


def test_a_link_to_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    line = standalone.nnref().definition("softmax").line
    monkeypatch.setenv(listings.SOURCE_URL, "https://example.org/{path}#L{line}")
    address = f"https://example.org/nnref/activations.py#L{line}"
    linked = f"[nnref/activations.py, line {line}]({address})"
    assert linked in listings.markdown("softmax")


@pytest.mark.parametrize("indent", ["", "    "])
def test_on_a_page(indent: str) -> None:
    """Title, code and the folded one, on a page or inside something folded."""
    page = f"{indent}<!-- source: silu -->\n"
    if indent:
        page = '??? success "Solution"\n\n' + page
    found = markdown.markdown(page, extensions=EXTENSIONS)
    order = [
        'class="nn-plain',
        "silu, plain: ",
        "nnref/plain/activations.py",
        "<summary><code>silu</code> checked",
        "nnref/activations.py",
    ]
    places = [found.index(part) for part in order]
    assert places == sorted(places)
    assert found.count("<details") == 1 + bool(indent)
