"""What pages say of the package as a whole: install it, cite it, its changelog."""

from __future__ import annotations

import os
from typing import Any

import yaml

from doctools import concepts, notebooks, offline, pages
from doctools.translations.language import say

# Names the environment variable with the address of the repository, as git clones it.
REPOSITORY = "NNREF_REPO_URL"


def markdown(what: str) -> str:
    """The Markdown for a directive `<!-- about: WHAT -->`."""
    made = {"archive": archive, "install": install, "citation": citation}
    made |= {"changelog": changelog, "wheel": wheel, "notebooks": all_notebooks}
    return (made | {"map": concepts.map_of_concepts})[what]()


def archive() -> str:
    """A link to the site as one archive, which the build packs."""
    return _file(offline.NAME)


def wheel() -> str:
    """The package's wheel, which the site serves, and how to install it."""
    name = notebooks.wheel_name()
    command = f"```text\npip install {name}\n```"
    link = _file(f"assets/{name}")
    words = say("Save {link}, then, in the folder where it is:", link=link)
    return f"{words}\n\n{command}\n"


def all_notebooks() -> str:
    """A link to all notebooks in one archive."""
    return _file(f"assets/notebooks/{notebooks.ARCHIVE}")


def _file(name: str) -> str:
    """A link that saves a file of the site."""
    last = name.rpartition("/")[2]
    link = pages.link("getting-started.md", name)
    return f'<a href="{link}" download>{last}</a>'


def changelog() -> str:
    """The file of that name."""
    return (pages.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def install() -> str:
    """The command that installs the package without a copy of the repository."""
    if not (address := os.environ.get(REPOSITORY)):
        return ""
    return f'```text\npip install "nnref @ git+{address}"\n```\n'


def citation() -> str:
    """`CITATION.cff` as a sentence and as BibTeX."""
    text = (pages.ROOT / "CITATION.cff").read_text(encoding="utf-8")
    about: dict[str, Any] = yaml.safe_load(text)
    authors = " and ".join(
        each.get("name") or f"{each['family-names']}, {each['given-names']}"
        for each in about["authors"]
    )
    version, date = about["version"], str(about["date-released"])
    fields = {
        "author": "{" + authors + "}",
        "title": "{" + about["title"] + "}",
        "year": date[:4],
        "version": version,
    }
    if address := about.get("url") or os.environ.get("NNREF_SITE_URL"):
        fields["url"] = address
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    bibtex = "\n".join(["@software{nnref,", *lines, "}"])
    sentence = say(
        "{authors} ({year}). *{title}*, version {version}",
        authors=authors,
        year=date[:4],
        title=about["title"],
        version=version,
    )
    if address:
        sentence += f", <{address}>"
    return f"{sentence}.\n\n```text\n{bibtex}\n```\n"
