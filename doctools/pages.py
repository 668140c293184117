"""What stands on a page: its Python blocks with what belongs to them, and all pages.

Everything that looks at a page (census, outputs, figures, prose) reads it here, by the
scanner of the equation checker, so that all of them agree on what a block is.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from eqcheck.outside.markdown import (
    Comment,
    Element,
    Equation,
    Fence,
    PageError,
    dedent,
    elements,
    equations,
)

__all__ = [
    "DOCS",
    "EXPECTED_OUTPUT",
    "ROOT",
    "Block",
    "Comment",
    "Element",
    "Equation",
    "Fence",
    "PageError",
    "blocks",
    "dedent",
    "elements",
    "equations",
    "fact_of_caption",
    "link",
    "locate",
    "markdown_pages",
]

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"

# A caption, whether its code is in view, whether it claims nothing, and the facts that
# hold its numbers.
CAPTION = re.compile(
    r"figure(?P<code>, code shown)?(?P<nothing>, nothing claimed)?:(?P<caption>.*?)"
    r"(?:\n\s*(?P<facts>fact(?: of \S+(?: \d+)?)?\s*(?::|\n|$).*))?",
    re.DOTALL,
)

EXPECTED_OUTPUT = "pytest-codeblocks:expected-output"


@dataclass(frozen=True)
class Block:
    """A Python block with what belongs to it."""

    line: int  # of the opening fence
    code: str
    output: Fence | None = None
    caption: str | None = None
    claims: bool = True  # whether the caption states more than what is drawn
    in_view: bool = True  # else its code is folded under its figure
    end: int = 0  # line of the closing fence
    indent: str = ""

    @property
    def draws(self) -> bool:
        """Whether the last statement is `plt.show()`."""
        return self.code.rstrip().endswith("plt.show()")


def blocks(text: str, name: str = "page") -> list[Block]:
    """The Python blocks of a page, each with its output and caption.

    A caption stands in a comment `figure: ...` above the block, an output in the fence
    below the comment that pytest-codeblocks reads, which follows its block.
    """
    found: list[Block] = []
    caption: str | None = None
    claims = in_view = True
    follows_python = output_next = False
    for element in elements(text, name):
        if isinstance(element, Comment):
            if element.text == EXPECTED_OUTPUT:
                output_next = follows_python
            elif match := CAPTION.fullmatch(element.text):
                caption = " ".join(match["caption"].split())
                claims = match["nothing"] is None
                in_view = match["code"] is not None
            follows_python = False
        elif isinstance(element, Fence):
            follows_python = element.info == "python" and not output_next
            if output_next:
                found[-1] = replace(found[-1], output=element, in_view=True)
                output_next = False
            elif element.info == "python":
                block = Block(element.line, element.text, None, caption, claims)
                # What prints is read with what it prints.
                folds = block.draws and not in_view
                block = replace(block, end=element.end, indent=element.indent)
                found.append(replace(block, in_view=not folds))
                caption = None
    return found


def fact_of_caption(text: str) -> tuple[str, str, int]:
    """The caption of a `figure:` comment, the fact below it, and the fact's line."""
    match = CAPTION.fullmatch(text)
    if match is None:
        return text, "", 0
    fact = "\n".join(row.strip() for row in (match["facts"] or "").split("\n"))
    return match["caption"], fact, text[: match.start("facts")].count("\n")


def markdown_pages(root: Path = DOCS) -> list[Path]:
    """All pages below a folder, in a stable order."""
    return sorted(root.rglob("*.md"))


def locate(text: str, root: Path = DOCS) -> tuple[Path, int] | None:
    """The page that holds this text, and how many lines of front matter precede it.

    Python-Markdown hands an extension the text of a page but not its name.
    """
    text = text.strip("\n")  # Markdown adds some, MkDocs drops some
    for path in markdown_pages(root):
        whole = path.read_text(encoding="utf-8").rstrip("\n")
        before = whole.removesuffix(text)
        if text and len(before) + len(text) == len(whole):
            if not before:
                return path, 0
            if before.startswith("---\n") and before.rstrip("\n").endswith("\n---"):
                return path, before.count("\n")
    return None


def link(page: str, target: str) -> str:
    """What HTML on a page writes for another file of the site; both below `docs/`.

    MkDocs leaves links in HTML as they are; Zensical reads them, like those in
    Markdown, as from the page's file.
    """
    if "zensical" in sys.modules:
        return "../" * page.count("/") + target
    return "../" * _address(page).count("/") + _address(target)


def _address(file: str) -> str:
    """Where a file below `docs/` stands in the site."""
    name = file.removesuffix("index.md")
    return name.removesuffix(".md") + "/" if name.endswith(".md") else name
