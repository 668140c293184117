"""Which pages the Chinese edition has."""

from __future__ import annotations

from doctools import pages


def translated_pages() -> list[str]:
    """All pages, by their names below `docs/`; those for makers stay English."""
    names = [p.relative_to(pages.DOCS).as_posix() for p in pages.markdown_pages()]
    return [name for name in names if name not in ENGLISH]


# For those who write or host the site, and who read code and error messages in English.
ENGLISH = ("changelog.md", "hosting.md", "writing-equations.md", "reference/speed.md")
