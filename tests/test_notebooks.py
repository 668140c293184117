"""The notebooks hold what their pages hold, and print it when they are run."""

from __future__ import annotations

import base64
import datetime
import re
from pathlib import Path

import pytest

from doctools import notebooks, pages

PAGES = notebooks.notebook_pages()
SITE = "https://example.org/nn/"


@pytest.fixture(params=PAGES, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    """Each page that is a notebook."""
    found: Path = request.param
    return found


def test_holds_every_block_with_its_output(path: Path) -> None:
    """In order, each with what the page says it prints, and its figures."""
    text = path.read_text(encoding="utf-8")
    made = notebooks.notebook(path, SITE)
    cells = [c for c in made.cells if c.cell_type == "code"][1:]  # the first installs
    blocks = pages.blocks(text)
    assert [c.source for c in cells] == [b.code.rstrip("\n") for b in blocks]
    for cell, block in zip(cells, blocks, strict=True):
        streams = [o.text for o in cell.outputs if o.output_type == "stream"]
        assert streams == ([block.output.text] if block.output else [])
        figures = [o for o in cell.outputs if o.output_type == "display_data"]
        assert bool(figures) == block.draws
        for figure in figures:
            picture = base64.b64decode(figure.data["image/png"])
            assert picture.startswith(b"\x89PNG")
            assert len(picture) < 200_000


def test_prose_is_whole(path: Path) -> None:
    """Every formula of the page, and nothing that only the site reads."""
    text = path.read_text(encoding="utf-8")
    made = notebooks.notebook(path, SITE)
    prose = "\n".join(c.source for c in made.cells if c.cell_type == "markdown")
    for equation in pages.elements(text):
        if not isinstance(equation, pages.Equation):
            continue
        assert " ".join(equation.text.split()) in prose
    assert not re.search(r"<!--|^\?\?\?|^!!!|\{ #", prose, re.MULTILINE)
    shown = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    for formula in re.findall(r"(?<![\\$])\$[^$\n]+\$(?!\$)", shown):
        assert formula in prose, formula


def test_links_lead_to_the_site(path: Path) -> None:
    """Each with the address in front; without an address, to nowhere wrong."""
    cells = notebooks.notebook(path, SITE).cells
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    assert not re.findall(r"\]\((?![#]|[a-z]+:)[^)\s]*\)", prose)
    assert f"]({SITE}glossary/#" in prose
    alone = "\n".join(c.source for c in notebooks.notebook(path, "").cells)
    assert ".md" not in "".join(re.findall(r"\]\([^)\s]*\)", alone))


def test_solutions_are_folded(path: Path) -> None:
    """Their text in details, their code and output hidden."""
    text = path.read_text(encoding="utf-8")
    made = notebooks.notebook(path, SITE)
    folded = [c for c in made.cells if c.metadata.get("jupyter")]
    hidden = [
        block
        for block in pages.blocks(text)
        if block.indent and re.search(r"^ *\?\?\?", text, re.MULTILINE)
    ]
    listings = re.findall(r"^ +<!-- source: ", text, re.MULTILINE)
    assert len(folded) <= len(hidden) + len(listings)
    assert bool(folded) == ("??? success" in text)
    for cell in made.cells:
        assert cell.source.count("<details>") == cell.source.count("</details>")


def test_runs_as_on_the_page() -> None:
    """One page a day, in turn, in a real kernel."""
    path = PAGES[datetime.datetime.now(tz=datetime.UTC).toordinal() % len(PAGES)]
    assert notebooks.check(notebooks.notebook(path, "")) == []


def test_a_notebook_that_prints_something_else_is_noticed() -> None:
    """The comparison itself."""
    made = notebooks.notebook(PAGES[0], "")
    code = [c for c in made.cells if c.cell_type == "code" and c.outputs]
    made.cells = [code[0]]
    code[0].source = "print('something else')"
    (fault,) = notebooks.check(made)
    assert "something else" in fault


def test_archive_holds_all(tmp_path: Path) -> None:
    """And writing again changes nothing."""
    import zipfile

    written = notebooks.make(tmp_path, SITE)
    with zipfile.ZipFile(tmp_path / notebooks.ARCHIVE) as archive:
        assert len(archive.namelist()) == len(written) == len(PAGES)
    before = {p: p.stat().st_mtime_ns for p in written}
    notebooks.make(tmp_path, SITE)
    assert {p: p.stat().st_mtime_ns for p in written} == before
