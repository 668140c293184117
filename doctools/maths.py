"""LaTeX to MathML at build time, for display and inline maths.

math-core does the translation; what is ours is small: where a formula stands in the
page, and that its LaTeX stays in it (`<annotation>`), so that it can be copied.
"""

from __future__ import annotations

import html
from functools import cache
from xml.etree import ElementTree

from math_core import LatexError, LatexToMathML

from doctools import linear


class MathsError(ValueError):
    """LaTeX that cannot be translated; the message quotes it."""


@cache
def mathml(latex: str, *, display: bool = False) -> str:
    """The MathML of a formula, with its LaTeX as an annotation."""
    converter = LatexToMathML(annotation=True, fancy_error=False)
    try:
        found = str(converter.convert_with_local_state(latex, displaystyle=display))
    except LatexError as error:
        raise MathsError(f"LaTeX that cannot be set: {error}\n    {latex}") from error
    return found


def inline(latex: str) -> ElementTree.Element:
    """Inline maths as an element for Python-Markdown's tree."""
    # math-core writes this one HTML entity, which XML does not know.
    text = mathml(latex).replace("&ApplyFunction;", "\u2061")
    found = ElementTree.fromstring(text)
    (semantics,) = found
    shown, annotation = semantics
    # A search index has the formula once, as it reads in a line.
    annotation.set("data-search-exclude", "")
    if (line := linear.text(shown)) != "".join(shown.itertext()):
        # What is left out ends with the first end of such a tag: one not used inside.
        whole = ElementTree.Element("mpadded", {"data-search-exclude": ""})
        whole.append(shown)
        semantics[0] = whole
        read = ElementTree.SubElement(semantics, "annotation", encoding="text/plain")
        read.text = line
    return found


def display(latex: str, ident: str | None, *, mark: str = "") -> str:
    """A displayed equation, in a box that scrolls by itself when it is too wide.

    `mark` is HTML that stands beside the equation: what it was checked against.
    """
    address = f' id="{html.escape(ident)}"' if ident else ""
    return (
        f'<div class="nn-equation"{address}>'
        '<div class="nn-equation__body" data-search-exclude>'
        f"{mathml(latex.strip(), display=True)}</div>"
        f"{mark}</div>"
    )
