"""LaTeX to MathML at build time, for display and inline maths.

math-core does the translation; what is ours is small: where a formula stands in the
page, that its LaTeX stays in it (`<annotation>`), so that it can be copied, and how it
reads in a line of plain text, such as a result of the search.
"""

# ruff: noqa: RUF001 - the signs of mathematics are meant

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache
from xml.etree import ElementTree

from math_core import LatexError, LatexToMathML


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
    annotation.set("data-search-exclude", "")  # the index has the formula once,
    if (line := plain(shown)) != "".join(shown.itertext()):  # as it reads in a line
        # What is left out ends with the first end of such a tag: one not used inside.
        whole = ElementTree.Element("mpadded", {"data-search-exclude": ""})
        whole.append(shown)
        semantics[0] = whole
        ElementTree.SubElement(
            semantics, "annotation", encoding="text/plain"
        ).text = line
    return found


_RAISED = str.maketrans("0123456789+−()nijk⊤", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱʲᵏᵀ")
_HIGH = set("′″‴∗*†")  # by themselves
_ACCENTS = {"ˆ": "\u0302", "˜": "\u0303", "¯": "\u0304", "~": "\u0303"}
# What needs no parentheses as part of a fraction; below, as an index or under a root.
_TERM = re.compile(r"[^-+−±·⋅×/=<>≤≥≈,|()\s]*(\([^()]*\))?")
_NAME = re.compile(r"\d+|∂?[^\W\d_]\w*[⁰-⁹²³]*|\([^()]*\)|.")
_FACTOR = re.compile(r"[\w(√∑∏∂|‖]")  # what follows
_INDEX = re.compile(r"[^\W_]+|\([^()]*\)|.")


def plain(element: ElementTree.Element) -> str:
    """MathML in one line of text: θ², H_o, (a+b)/c, where tags alone would say θ2."""
    text = re.sub("\u2061(?=[([])", "", _line(element)).replace("\u2061", " ")
    return re.sub(r"(?<![\w)\]²]) | $", "", re.sub(" +", " ", text))


def _line(element: ElementTree.Element) -> str:
    parts = [_line(child) for child in element]
    match element.tag, parts:
        case "msup", [base, power]:
            return base + _power(power)
        case "msub", [base, index]:
            return f"{base}_{_grouped(index, _INDEX)}"
        case "msubsup", [base, index, power]:
            return f"{base}_{_grouped(index, _INDEX)}{_power(power)}"
        case "munder", [base, index]:
            return f"{base}_{_grouped(index, _INDEX)} "
        case "munderover", [base, index, power]:
            return f"{base}_{_grouped(index, _INDEX)}{_power(power)} "
        case "mspace", _:
            return " "
        case "mover", [base, accent] if accent in _ACCENTS and len(base) == 1:
            return unicodedata.normalize("NFC", base + _ACCENTS[accent])
        case "mfrac", [above, below]:
            return f"{_grouped(above, _TERM)}/{_grouped(below, _NAME)}"
        case "msqrt", _:
            return f"√{_grouped(''.join(parts), _NAME)}"
        case "mroot", [base, degree]:
            return f"{_power(degree)}√{_grouped(base, _NAME)}"
    for i, after in enumerate(parts[1:]):
        closes = element[i + 1].get("form") == "postfix"
        if element[i].tag == "mfrac" and _FACTOR.match(after) and not closes:
            parts[i] = f"({parts[i]})"
        elif after == "\u2061":  # a function, applied
            parts[i] = f" {parts[i]}"
    return (element.text or "") + "".join(parts)


def _grouped(text: str, whole: re.Pattern[str]) -> str:
    text = text.strip()
    return text if whole.fullmatch(text) else f"({text})"


def _power(text: str) -> str:
    raised = text.translate(_RAISED)
    if text in _HIGH or not set(raised) & set(text):
        return raised
    return f"^{_grouped(text, _INDEX)}"


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
