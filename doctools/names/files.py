"""All inline code of pages and modules: what it names, what is wrong, the shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nnref
from doctools import pages
from doctools.blocks import page_name
from doctools.names import known
from doctools.names.docstrings import DocstringNames, docstrings
from doctools.names.text import Name, PageNames

ROOT_PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


@dataclass(frozen=True)
class Share:
    """How many pieces of inline code there are, what they are, how many are marked."""

    spans: int
    kinds: dict[str, int]

    @property
    def marked(self) -> int:
        """How many are marked as not to be found here."""
        return self.kinds.get("marked", 0)


def all_pages() -> list[Path]:
    """The pages of the site and those at the root.

    The checker's README speaks of another project; a test runs its example.
    """
    roots = [pages.ROOT / name for name in ROOT_PAGES]
    return [*pages.markdown_pages(), *filter(Path.exists, roots)]


def package_files() -> list[Path]:
    """The public modules of the package."""
    folder = Path(str(nnref.__file__)).parent
    return [
        p
        for p in sorted(folder.glob("*.py"))
        if p.stem in known.package_modules() | {"__init__"}
    ]


def sources(path: Path) -> list[PageNames]:
    """What has inline code in a file: a page, or the docstrings of a module."""
    if path.suffix == ".py":
        return [DocstringNames(each) for each in docstrings(path)]
    return [PageNames(path.read_text(encoding="utf-8"), page_name(path))]


def names(path: Path) -> list[Name]:
    """Each piece of inline code of a page or module, and what it was found to be."""
    return [name for source in sources(path) for name in source.names()]


def faults(path: Path) -> list[str]:
    """What names nothing, as `page:line: what, why, what is near`."""
    return [str(name) for name in names(path) if name.fault]


def share(paths: Iterable[Path] | None = None) -> Share:
    """Count the inline code of pages and docstrings by what it names."""
    chosen = [*all_pages(), *package_files()] if paths is None else paths
    found = [name for path in chosen for name in names(path)]
    return Share(len(found), dict(Counter(name.kind for name in found).most_common()))
