"""The table of symbols against what the pages say their symbols are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import eqcheck
from doctools import pages
from eqcheck.arrays.values import Value
from eqcheck.outside.config import find

CONCEPTS = sorted((pages.DOCS / "concepts").glob("*.md"))
OF_IMAGES = {
    "convolution",
    "one-by-one-convolution",
    "pooling",
    "convolutional-networks",
}
_ROW = re.compile(r"^\| (?P<symbols>\$.*?) \|(?P<code>.*?)\|(?P<rest>.*)\|$", re.M)
_SYMBOL = re.compile(r"\$([A-Za-z]|\\[A-Za-z]+)(?:\^\{\(l\)\})?(?:_i)?\$")
# A page may mean something else by a letter where it says so beside it.
ELSEWHERE = {
    ("data-parallel", "P"): "the number of processes",
    ("vanishing-and-exploding-gradients", "P"): "a loss, beside group normalization",
    ("convolutional-networks", "p"): "probabilities, worked through by hand",
    ("convolutional-networks", "g"): "a gradient, worked through by hand",
    ("one-by-one-convolution", "P"): "a matrix that permutes pixels",
    ("one-by-one-convolution", "s"): "singular values",
    ("convolution", "s"): "one stride for each layer of a stack",
    ("convolution", "d"): "one dilation for each layer of a stack",
    ("convolution", "k"): "one size for each layer of a stack",
    ("pooling", "d"): "a direction, beside subgradients",
    ("pooling", "g"): "a subgradient",
}
COUNTS = set("NCOMPgspdk")
ARRAYS = set("xwzaG")


def table(heading: str) -> dict[str, str]:
    """The symbols of a section of the notation, each with its row."""
    text = (pages.DOCS / "notation.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", text, flags=re.M)
    (found,) = (part for part in section if part.startswith(heading))
    return {
        symbol: row["rest"]
        for row in _ROW.finditer(found)
        for symbol in _SYMBOL.findall(row["symbols"])
    }


def rank(row: str) -> int | None:
    """How many axes the table gives a symbol; None where it does not say."""
    shape = row.split("|")[0].strip()
    if shape == "scalar":
        return 0
    if not shape.startswith("("):
        return None
    return len([part for part in shape.strip("()").split(",") if part.strip()])


def used(path: Path) -> dict[str, set[int]]:
    """The symbols that the comments of a page define, and how many axes they have."""
    page = eqcheck.open_page(find(path), trials=False)
    found: dict[str, set[int]] = {}
    for source in eqcheck.read_page(path):
        page.read(source, check=False)
        for key, given in page.roots[0].given.items():
            if isinstance(given.content, Value):
                symbol = key.partition("^")[0]
                found.setdefault(symbol, set()).add(len(given.content.shape))
    return found


def test_the_tables_are_read() -> None:
    shapes = {symbol: rank(row) for symbol, row in table("Shapes").items()}
    assert shapes["X"] == shapes["W"] == shapes["\\Delta"] == 2
    assert shapes["b"] == shapes["y"] == 1
    assert shapes["L"] == 0
    assert {"N", "C", "O", "s", "p", "d", "g", "G", "w"} <= set(table("Images"))


@pytest.mark.parametrize("path", CONCEPTS, ids=lambda path: path.stem)
def test_capital_letters_have_the_shape_of_the_table(path: Path) -> None:
    """On the pages about networks: matrices are matrices, costs are numbers."""
    if path.stem in OF_IMAGES:
        return
    wanted = {s: rank(row) for s, row in table("Shapes").items()}
    for symbol, ranks in used(path).items():
        if symbol not in wanted or (path.stem, symbol) in ELSEWHERE:
            continue
        if symbol.isupper() or symbol == "\\Delta":
            assert ranks == {wanted[symbol]}, symbol


@pytest.mark.parametrize("name", sorted(OF_IMAGES))
def test_letters_of_images_are_those_of_the_table(name: str) -> None:
    """Counts are numbers; kernels have at most four axes, biases one."""
    found = used(pages.DOCS / "concepts" / f"{name}.md")
    assert set(table("Images")) | {"k"} >= COUNTS | ARRAYS
    for symbol, ranks in found.items():
        if symbol in ARRAYS:
            assert max(ranks) <= 4, symbol
        elif symbol in COUNTS:
            # What is listed is not listed in vain.
            assert (ranks != {0}) == ((name, symbol) in ELSEWHERE), symbol
