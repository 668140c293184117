"""The Python-Markdown extension that puts figures, outputs and maths on a page.

It is an extension and not an MkDocs plugin, so that it works wherever Python-Markdown
runs. A preprocessor reads the page with the same scanner as the tests and replaces

- a block that draws, with its `figure:` comment, by the figure and the folded code; one
  that prints, too, stays above its figure, unless the comment `code folded` folds it,
- the fence of a block that runs in the browser by one that `run.js` knows,
- an output fence by one that is styled as part of its block,
- a displayed equation by MathML, and `$...$` likewise,
- `<!-- source: NAME -->` by a listing that can be copied and run alone,
- `<!-- counts -->` by what was counted in this build,
- `<!-- about: WHAT -->` by how to install and cite the package, and its changelog.

Afterwards methods get their full names in the table of contents, readers can run the
examples of docstrings, and what changes nothing is taken out of listings.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from markdown import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from pymdownx.arithmatex import ArithmatexExtension

from doctools import maths, pages, wasm
from doctools.translations import edition, language
from doctools.translations.language import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from markdown import Markdown

DIRECTIVES = (
    "figure",
    "fact",
    pages.FOLDED,
    "names",
    "equation",
    "inline equations",
    "source:",
    "counts",
    "about:",
    "names:",
    pages.EXPECTED_OUTPUT,
)

_PLAIN_TOKEN = re.compile(r'<span class="[nw]">([^<]*)</span>')  # in the colour of text
_EXAMPLE = 'class="language-pycon highlight"'  # as mkdocstrings shows one
_MARKS = "，。；：！？、）》”.,;:?!)"


class PagePreprocessor(Preprocessor):
    """Replaces the elements of a page that are ours; leaves every other line alone.

    In a translated edition it replaces the paragraphs, too.
    """

    _say: Callable[[str], str | None] = str  # what the page says, in this language

    def run(self, lines: list[str]) -> list[str]:
        """Rewrite the page; what is HTML already goes to Markdown's stash."""
        text = "\n".join(lines)
        found = list(pages.elements(text))
        # Whatever the page does not use must not slow down or break other Markdown,
        # such as the docstrings that mkdocstrings converts piece by piece.
        page = self._page(text)
        if not found and page is None:
            return lines
        replaced: dict[int, tuple[int, list[str]]] = {}
        after: dict[int, list[str]] = {}
        if page is not None:
            replaced |= edition.lines(text, page)
        self._say = edition.translator(page) if page else str
        blocks = {block.line: block for block in pages.blocks(text)}
        outputs = {b.output.line: b for b in blocks.values() if b.output is not None}
        number, marks = 0, self._marks(text, found)
        buttons = bool(blocks) and self._has_buttons(text)
        for element in found:
            new: list[str] | None = None
            if isinstance(element, pages.Comment):
                if element.text.startswith(DIRECTIVES):
                    new = self._comment(element)
            elif isinstance(element, pages.Equation):
                number += 1
                mark = marks.get(element.line, "")
                # Those in docstrings have no address: they would repeat the numbers.
                ident = f"equation-{number}" if mark and pages.locate(text) else None
                new = self._stash(maths.display(element.text, ident, mark=mark))
            elif isinstance(element, pages.Fence):
                if element.line in outputs:
                    above = "" if outputs[element.line].in_view else " .nn-above"
                    opening = f"{element.ticks} {{ .text .nn-output{above} }}"
                    new = [opening, *element.text.splitlines(), element.ticks]
                block = blocks.get(element.line)
                if block is not None:
                    runs = buttons and wasm.runs(block.code)
                    time = wasm.seconds(block.code) if runs else None
                    long = f' data-seconds="{time}"' if time else ""
                    language = f"{{ .python .nn-runs{long} }}" if runs else "python"
                    opening = f"{element.ticks} {language}"
                    code = [opening, *element.text.splitlines(), element.ticks]
                    new, below = self._arranged(block, code)
                    last = block.output.end if block.output else element.end
                    after[last] = self._indent(below, element.indent)
            if new is not None:
                replaced[element.line] = (
                    element.end,
                    self._indent(new, element.indent),
                )
        if (button := self._notebook(text)) is not None:
            after.setdefault(1, []).extend(button)
        result: list[str] = []
        i = 1
        while i <= len(lines):
            end, new_lines = replaced.get(i, (i, [lines[i - 1]]))
            result += new_lines
            for k in range(i, end + 1):
                result += after.get(k, [])
            i = end + 1
        return result

    @staticmethod
    def _page(text: str) -> str | None:
        """Which page this is, where that matters: in another language."""
        if not language.is_translated():
            return None
        located = pages.locate(text)
        return edition.name_of(located[0]) if located else None

    @staticmethod
    def _has_buttons(text: str) -> bool:
        """Whether readers can run the blocks of the page."""
        located = pages.locate(text)
        if located is None or not wasm.has_buttons(located[0]):
            return False
        return wasm.available()

    def _notebook(self, text: str) -> list[str] | None:
        """What leads from a concept page to its notebook, below the title."""
        located = pages.locate(text)
        if located is None:
            return None
        from doctools import notebooks

        path, offset = located
        has_title = not offset and text.startswith("# ")
        if not has_title or not notebooks.is_notebook(path):
            return None
        link = f'<a href="{notebooks.link(path)}" download>{say("Notebook")}</a>'
        return self._stash(f'<p class="nn-tools">{link}</p>')

    @staticmethod
    def _marks(text: str, found: list[pages.Element]) -> dict[int, str]:
        """What stands beside each equation of a page or of a docstring."""
        if not any(isinstance(element, pages.Equation) for element in found):
            return {}
        located = pages.locate(text)
        from doctools.marks import docstring_mark, marks

        if located is None:
            return {
                element.line: docstring_mark(element.text)
                for element in found
                if isinstance(element, pages.Equation)
            }
        path, offset = located
        return {line - offset: mark for line, mark in marks(path).items()}

    @staticmethod
    def _indent(lines: list[str], indent: str) -> list[str]:
        return (
            textwrap.indent("\n".join(lines), indent).split("\n") if indent else lines
        )

    def _stash(self, html: str) -> list[str]:
        return ["", self.md.htmlStash.store(html), ""]

    def _arranged(
        self, block: pages.Block, code: list[str]
    ) -> tuple[list[str], list[str]]:
        """What stands in the place of a block, and what below its output."""
        figure = self._figure(block) if block.draws else []
        if block.in_view:
            return code, figure
        prints = block.output is not None
        title = say("Code of this output") if prints else say("Code of this figure")
        kind = "nn-code nn-prints" if prints else "nn-code"
        inner = textwrap.indent("\n".join(code), "    ").split("\n")
        folded = [*figure, f'??? {kind} "{title}"', "", *inner, ""]
        return ([""], folded) if prints else (folded, [])

    def _figure(self, block: pages.Block) -> list[str]:
        from doctools.figures import figure_html

        return self._stash(figure_html(block, say=self._say))

    def _comment(self, comment: pages.Comment) -> list[str]:
        keyword, _, rest = comment.text.partition(":")
        if keyword == "source":
            from doctools import listings

            return ["", *listings.markdown(rest.strip()).splitlines(), ""]
        if keyword == "counts":
            from doctools.summary import markdown

            return ["", *markdown(rest.strip()).splitlines(), ""]
        if keyword == "about":
            from doctools.about import markdown as about

            return ["", *about(rest.strip()).splitlines(), ""]
        return [""]


class InlineMaths(Treeprocessor):
    """Turns what arithmatex recognized as inline maths into MathML."""

    def run(self, root: ElementTree.Element) -> None:
        """Replace each `span.arithmatex` in place."""
        for parent in root.iter():
            for i, child in enumerate(parent):
                if child.tag == "span" and child.get("class") == "arithmatex":
                    new = maths.inline(child.text or "")
                    new.tail = child.tail
                    parent[i] = _with_mark(new)


def _with_mark(formula: ElementTree.Element) -> ElementTree.Element:
    """A formula with the marks after it, which must not begin a line."""
    after = formula.tail or ""
    rest = after.lstrip(_MARKS)
    if rest == after:
        return formula
    kept = ElementTree.Element("span", {"class": "nn-kept"})
    formula.tail, kept.tail = after[: len(after) - len(rest)], rest
    kept.append(formula)
    return kept


class MethodNames(Treeprocessor):
    """Names methods with their class in the table of contents of a reference page."""

    def run(self, root: ElementTree.Element) -> None:
        """Change what mkdocstrings says of its headings, which the table reads."""
        for heading in root.iter():
            above = heading.get("id", "").split(".")[-2:]
            if heading.get("data-toc-label") == above[-1] and above[0][:1].isupper():
                heading.set("data-toc-label", ".".join(above))


class Listings(Postprocessor):
    """What is left to be done to listings, whoever made them."""

    def run(self, text: str) -> str:
        """Mark the examples that run in the browser; leave out idle tokens."""
        if _EXAMPLE in text and wasm.available():
            text = text.replace(_EXAMPLE, _EXAMPLE.replace('="', '="nn-runs '))
        return _PLAIN_TOKEN.sub(r"\1", text)


class NnrefExtension(Extension):
    """Everything above, registered in one go."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        """Register with Python-Markdown."""
        # Only arithmatex' inline part: displayed equations are read by our scanner.
        ArithmatexExtension(
            generic=True,
            tex_inline_wrap=["", ""],
            inline_syntax=["dollar"],
            block_syntax=[],
        ).extendMarkdown(md)
        # After white space is normalized (30), which would tear out what the stash left
        # in the lines; before superfences (25) and raw HTML (20) take the lines away.
        md.preprocessors.register(PagePreprocessor(md), "nnref-page", 29)
        # After inline patterns (20), before the tree is prettified (10).
        md.treeprocessors.register(InlineMaths(md), "nnref-inline-maths", 15)
        # Before the table of contents is made (5).
        md.treeprocessors.register(MethodNames(md), "nnref-method-names", 6)
        # After what was stashed is back in its place (30).
        md.postprocessors.register(Listings(md), "nnref-listings", 5)


def makeExtension(**kwargs: object) -> NnrefExtension:  # noqa: N802
    """Return the extension, as Python-Markdown asks for it."""
    return NnrefExtension(**kwargs)
