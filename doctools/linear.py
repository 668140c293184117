r"""A formula as it reads in a line of text, in results of the search and descriptions.

Libraries that turn LaTeX into text were tried on formulas of the pages: they leave
out the parentheses of a fraction, or do not know `\ln`, `\operatorname` and `\text`.
"""

# ruff: noqa: RUF001 - the signs of mathematics are meant

from __future__ import annotations

import re
import unicodedata
from xml.etree import ElementTree

__all__ = ["text"]

_RAISED = str.maketrans("0123456789+−()nijk⊤", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱʲᵏᵀ")
_HIGH = set("′″‴∗*†")  # by themselves
_ACCENTS = {"ˆ": "\u0302", "˜": "\u0303", "¯": "\u0304", "~": "\u0303"}
# What needs no parentheses as part of a fraction; below, as an index or under a root.
_TERM = re.compile(r"[^-+−±·⋅×/=<>≤≥≈,|()\s]*(\([^()]*\))?")
_NAME = re.compile(r"\d+|∂?[^\W\d_]\w*[⁰-⁹²³]*|\([^()]*\)|.")
_FACTOR = re.compile(r"[\w(√∑∏∂|‖]")  # what follows
_INDEX = re.compile(r"[^\W_]+|\([^()]*\)|.")


def text(element: ElementTree.Element) -> str:
    """MathML in one line of text: θ², H_o, (a+b)/c, where tags alone would say θ2."""
    line = re.sub("\u2061(?=[([])", "", _line(element)).replace("\u2061", " ")
    return re.sub(r"(?<![\w)\]²]) | $", "", re.sub(" +", " ", line))


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
