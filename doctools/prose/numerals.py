"""The numbers that running text states: digits, and words such as half or twice."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from eqcheck.outside.markdown import Paragraph, Span

_WORDS = {
    "half": Fraction(1, 2),
    "halves": Fraction(1, 2),
    "twice": Fraction(2),
    "double": Fraction(2),
    "doubles": Fraction(2),
    "doubled": Fraction(2),
    "triple": Fraction(3),
}
_PARTS = {"third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_COUNTS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "nine": 9}
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")

_DIGITS = r"\d{1,3}(?:[,\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_NUMERAL = re.compile(
    r"(?P<size>(?<![\w.])\d+(?: ?× ?\d+)+(?![\w.]))"
    # not behind letters (float32, L2, VGG-16), not in front of them (2nd, 3D)
    rf"|(?<![\w.#/])(?<![A-Za-z]-)(?P<digits>[-−]?(?:{_DIGITS}))(?![\w#]|\.\d|-[A-Za-z])"
    r"|\b(?P<word>" + "|".join(_WORDS) + r")\b"
    r"|\b(?P<count>"
    + "|".join(_COUNTS)
    + r")[ -](?P<part>"
    + "|".join(_PARTS)
    + r")s?\b"
    r"(?! (?:of )?(?:\w+ ){0,2}(?:picture|panel|time\b))"
    r"|\b(?P<place>" + "|".join(_ORDINALS) + r") (?=line|row|column)",
    re.IGNORECASE,
)
# What is no result: years, labels of exercises and the like, versions, list numbers.
_LABEL = re.compile(
    r"(exercises?|sections?|equations?|chapters?|figures?|version|Python|PyTorch|NumPy|"
    r"Notes?|pp?\.|topics?|MNIST|CC BY|ONNX|HTTP|WCAG|ASCII|UTF-?)[  ]$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(1[89]|20)\d\d")
_HIDDEN = re.compile(
    r"\]\([^)\s]*(?:\s+\"[^\"]*\")?\)|\{[^}]*\}|\[\^[^\]]+\]:?|https?://\S+|<[^>]*>"
    r"|^\s*(?:[-*+]|\d+[.)])\s|\*\*\d+\.|^\s*(?:!!!|\?\?\?\+?)\s+\w+",
    re.MULTILINE,
)
_SYMBOLIC = re.compile(r"\\(?:times|cdot|frac|tfrac|dfrac|pm|,|;|%|ldots|dots)|10\^")


@dataclass(frozen=True)
class Numeral:
    """A number as it is written, and where."""

    start: int  # in the text of its paragraph
    end: int
    text: str
    value: Fraction
    decimals: int | None  # digits behind the point; None for a word
    name: str = ""  # of the symbol that is set to it
    size: tuple[int, ...] = ()  # of 3×3 or 512×7×7

    @property
    def significant(self) -> int:
        """How many digits it has, without zeros at the front."""
        if self.decimals is None:
            return 1
        digits = re.sub(r"\D", "", self.text).lstrip("0")
        return max(1, len(digits))

    def agrees(self, value: float, *, about: bool = False) -> bool:
        """Whether a value, rounded as this is written, gives this number."""
        written = float(self.value)
        if not math.isfinite(value):
            return False
        if about:
            return abs(value - written) <= 0.1 * abs(written)
        if self.decimals is None:
            return abs(value - written) <= 0.03 * abs(written)
        return abs(value - written) <= 0.5 * 10.0**-self.decimals * (1 + 1e-9)


def numerals(paragraph: Paragraph, settings: frozenset[int]) -> Iterator[Numeral]:
    """The numbers of a paragraph that need a source.

    `settings` are the places of inline formulas that set a symbol and that no other
    formula holds; all other formulas with a relation are the equation checker's.
    """
    if paragraph.kind == "heading":
        return
    text = paragraph.plain
    for span in paragraph.maths:
        text = _blot(text, span)
    text = _HIDDEN.sub(lambda m: " " * len(m[0]), text)
    yield from read(text)
    for span in paragraph.maths:
        yield from _of_formula(span, span.start in settings)


def read(text: str) -> Iterator[Numeral]:
    """The numbers of plain text."""
    for match in _NUMERAL.finditer(text):
        before = text[: match.start()]
        if match["size"]:
            yield _size(match.start(), match["size"])
        elif digits := match["digits"]:
            if _LABEL.search(before[-14:]) or _YEAR.fullmatch(digits):
                continue
            yield _numeral(match.start(), digits)
        elif match["word"]:
            value, decimals = _WORDS[match["word"].lower()], None
            yield Numeral(match.start(), match.end(), match[0], value, decimals)
        elif match["part"]:
            value = Fraction(
                _COUNTS[match["count"].lower()], _PARTS[match["part"].lower()]
            )
            yield Numeral(match.start(), match.end(), match[0], value, None)
        else:
            place = _ORDINALS.index(match["place"].lower()) + 1
            start, end = match.start("place"), match.end("place")
            yield Numeral(start, end, match["place"], Fraction(place), 0)


def _numeral(start: int, digits: str, name: str = "") -> Numeral:
    plain = re.sub(r"[,\u202f]", "", digits).replace("−", "-")
    decimals = len(plain.partition(".")[2])
    end = start + len(digits)
    return Numeral(start, end, digits, Fraction(plain), decimals, name)


def _size(start: int, text: str) -> Numeral:
    sides = tuple(map(int, re.findall(r"\d+", text)))
    end = start + len(text)
    return Numeral(start, end, text, Fraction(sides[0]), 0, size=sides)


def _blot(text: str, span: Span) -> str:
    return text[: span.start] + " " * (span.end - span.start) + text[span.end :]


def _of_formula(span: Span, is_setting: bool) -> Iterator[Numeral]:
    """The numbers of a formula without letters, such as 3 x 3, or of a setting."""
    name, equals, right = span.text.partition("=")
    if is_setting and equals:
        offset = span.start + 1 + len(name) + 1
        for match in re.finditer(_DIGITS, right):
            yield _numeral(offset + match.start(), match[0], name.strip())
        return
    bare = _SYMBOLIC.sub(lambda m: " " * len(m[0]), span.text)
    if re.search(r"[A-Za-z=<>\\]", bare):
        return
    power = re.fullmatch(r"10\^\{?(-?\d+)\}?", span.text.strip())
    if power:
        value = Fraction(10) ** int(power[1])
        yield Numeral(span.start + 1, span.end - 1, span.text, value, None)
        return
    if re.fullmatch(r"\d+(\s*\\times\s*\d+)+", span.text.strip()):
        yield _size(span.start + 1, span.text)
        return
    small = r"\\[td]?frac\s*\{?(\d+)\}?\s*\{?(\d+)\}?"
    if re.fullmatch(rf"({small}[\s,]*)+", span.text.strip()):
        for part in re.finditer(small, span.text):
            value = Fraction(int(part[1]), int(part[2]))
            start = span.start + 1 + part.start()
            yield Numeral(start, start + len(part[0]), part[0], value, None)
        return
    for match in re.finditer(_DIGITS, span.text):
        yield _numeral(span.start + 1 + match.start(), match[0])
