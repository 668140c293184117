"""The pages at the root are not part of the site, but their blocks run as well."""

import pytest

from doctools import blocks, census, pages


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_page_at_the_root(name):
    path = pages.ROOT / name
    assert path.exists()
    assert census.report(path) == []
    for block in pages.blocks(path.read_text(encoding="utf-8"), name):
        blocks.check(block, name)


def test_the_readme_has_an_example():
    assert census.counts([pages.ROOT / "README.md"])["README.md"].blocks > 0
