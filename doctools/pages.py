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
    "FOLDED",
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

# A caption, whether its code is in view, whether it claims nothing, the controls of the
# figure and the facts that hold the caption's numbers.
CAPTION = re.compile(
    r"figure(?P<code>, code shown)?(?P<nothing>, nothing claimed)?:(?P<caption>.*?)"
    r"(?P<controls>(?:\n\s*(?:slider|explore) [^\n]*)*)"
    r"(?:\n\s*(?P<facts>fact(?: of \S+(?: \d+)?)?\s*(?::|\n|$).*))?",
    re.DOTALL,
)

EXPECTED_OUTPUT = "pytest-codeblocks:expected-output"
FOLDED = "code folded"


@dataclass(frozen=True)
class Block:
    """A Python block with what belongs to it."""

    line: int  # of the opening fence
    code: str
    output: Fence | None = None
    caption: str | None = None
    claims: bool = True  # whether the caption states more than what is drawn
    controls: tuple[str, ...] = ()  # sliders and scripts, as they are written
    in_view: bool = True  # else its code is folded under what it shows
    end: int = 0  # line of the closing fence
    indent: str = ""

    @property
    def draws(self) -> bool:
        """Whether the last statement is `plt.show()`."""
        return self.code.rstrip().endswith("plt.show()")


def blocks(text: str, name: str = "page") -> list[Block]:
    """The Python blocks of a page, each with its output and caption.

    A caption stands in a comment `figure: ...` above the block, an output in the fence
    below the comment that pytest-codeblocks reads, which follows its block. Code that
    only draws is folded, and that of a block below the comment `code folded`.
    """
    found: list[Block] = []
    caption: re.Match[str] | None = None
    folded = folds = follows_python = output_next = False
    for element in elements(text, name):
        if isinstance(element, Comment):
            if element.text == EXPECTED_OUTPUT:
                output_next = follows_python
            elif element.text == FOLDED:
                folds = True
            elif match := CAPTION.fullmatch(element.text):
                caption = match
            follows_python = False
        elif isinstance(element, Fence):
            follows_python = element.info == "python" and not output_next
            if output_next:
                # What prints is read with what it prints.
                in_view = not folded
                found[-1] = replace(found[-1], output=element, in_view=in_view)
                output_next = False
            elif element.info == "python":
                block = _block(element, caption, folds=folds)
                found.append(block)
                folded, folds, caption = folds, False, None
    return found


def _block(fence: Fence, caption: re.Match[str] | None, *, folds: bool) -> Block:
    """A block without its output, and what the comments above it say."""
    block = Block(fence.line, fence.text, end=fence.end, indent=fence.indent)
    if caption is not None:
        block = replace(
            block,
            caption=" ".join(caption["caption"].split()),
            claims=caption["nothing"] is None,
            controls=tuple(row.strip() for row in caption["controls"].split("\n")[1:]),
        )
        folds |= block.draws and caption["code"] is None
    return replace(block, in_view=not folds)


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
