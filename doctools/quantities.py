# ruff: noqa: RUF001, RUF003 - the signs that texts use
"""Reads the numbers that a text states: digits, fractions, and words such as half.

What is no statement is left out by kind: dates, versions, names such as VGG-16, numbers
of exercises, addresses, code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:e[+-]?\d+)?"
NUMBER = re.compile(rf"(?<![\w.])(?:(?<![\w)\]])[-−])?(?:{DIGITS})(?![\w.]*\d)", re.I)

_CARDINALS = "zero one two three four five six seven eight nine ten eleven twelve"
CARDINALS = {word: n for n, word in enumerate(_CARDINALS.split())}
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"
ORDINALS = {word: n for n, word in enumerate(_ORDINALS.split(), 1)}
SHARES = {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "fifth": 1 / 5}
SHARES |= {"sixth": 1 / 6, "eighth": 1 / 8, "tenth": 1 / 10, "hundredth": 1 / 100}
SHARES |= {"thousandth": 1 / 1000}
MULTIPLES = {"twice": 2.0, "double": 2.0, "doubles": 2.0, "doubled": 2.0}
MULTIPLES |= {"triple": 3.0, "thrice": 3.0, "halved": 1 / 2, "halves": 1 / 2}

_COUNT = "|".join(CARDINALS)
_SHARE = "|".join(word for word in SHARES if word != "half")
WORD = re.compile(
    rf"\b(?:(?P<count>a|an|one|two|three|four|five|six|seven|eight|nine)[ \n-]"
    rf"(?P<share>{_SHARE})s?"
    rf"|(?P<half>half)(?! of the (?:picture|page))"
    rf"|(?P<multiple>{'|'.join(MULTIPLES)})(?!\w|[ \n](?:precision|descent))"
    rf"(?:(?<!twice)(?<!double)|(?=[ \n](?:as|the|its|that|those|what|of|this)\b))"
    rf"|(?P<times>{_COUNT})(?=[ \n](?:times[ \n](?:as|the|that|its|"
    rf"more|larger|longer|smaller|higher|what|those|fewer)|percent)\b))\b",
    re.I,
)

# What is blotted out before numbers are read, each by as many blanks.
_NOT_STATED = [
    re.compile(pattern, re.I)
    for pattern in (
        r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)",  # code
        r"\[\d[\w.]*\]\(\S*?#\S*?\d\S*\)",  # [1.3](#claim-1-3) is a reference
        r"(?<=\])\([^()\s]*(?:\([^()]*\)[^()\s]*)*\)",  # where a link goes
        r"https?://\S+",
        r"\{[:\s]*[#.][^}\n]*\}",  # { #anchor .class }
        r"(?s:<!--.*?-->|<q\b.*?</q>)|<[a-z/][^<>]*>",
        r"\[\^[^\]]*\]:?",
        r"\barXiv:\S+|\b10\.\d{4,}/\S+",
        r"^\s*\d+[.)](?=\s)|\*\*\d+[a-z]?\.",  # of a list, of an exercise
        r"\b\d{4}-\d\d(?:-\d\d)?\b|\b\d+(?:\.\d+){2,}\S*",  # dates, versions
        r"(?<![\d.,])(?:19\d\d|20[0-2]\d)(?![\d.,]*\d)",  # years
        r"\b(?:Python|NumPy|PyTorch|version|WCAG)[ \n]\d[\d.+]*",
        r"\b(?:exercise|section|equation|question|chapter|figure|fig\.|table|"
        r"topic|solution)s?[ \n]\d[\d.]*(?:(?:,| and| to)[ \n]\d+)*",
        r"(?<=[^\W\d_]-)\d[\w.]*|\d*[^\W\d_]+\d[\w.]*",  # VGG-16, float32
        r"\d+(?:st|nd|rd|th|D|d)\b|\b\d+-bit\b",
        r"\b1\s*[×x]\s*1(?=[ \n]conv)",
        r"\b(?:first|second|other|upper|lower|left|right|top|bottom|each)[ \n]half\b",
        r"\bhalf[ \n](?:way|an?[ \n](?:unit|step|pixel))",
    )
]
_TIMES = r"×|\\times"
_SIZE = rf"\d+(?:\s*(?:{_TIMES})\s*\d+)+"
_MATHS = re.compile(r"(?<![\\$])\$(?![\s$])([^$]+?)(?<!\s)\$")
_SETTING = re.compile(
    r"\s*(?P<name>[^=<>]*?)\s*=\s*(?P<value>-?[\d.,]+(?:\\%)?|-?\\frac"
    r"\S+|-?(?:[\d.]+\s*\\cdot\s*)?10\^\S+)\s*"
)
_RELATION = re.compile(
    r"[=<>≤≥≈]|\\(?:le|ge|ne|leq|geq|neq|approx|to|in|sim|propto|ll|gg|mapsto|"
    r"rightarrow|leftarrow|Rightarrow|iff|equiv)\b"
)
_PLAIN_MATHS = re.compile(
    r"(?:[\d.,+\-/\s{}()^%±]|\\(?:times|cdot|frac|,|;|%|pm|left|right)"
    r"(?![a-z]))*"
)
_POWER = re.compile(
    r"(?:(?P<times>[\d.]+)\s*\\cdot\s*)?10\^(?:\{(?P<long>-?\d+)\}|(?P<short>\d))"
)
_FRACTION = re.compile(r"\\frac\s*(?:\{(\d+)\}|(\d))\s*(?:\{(\d+)\}|(\d))")

_ABOUT = re.compile(
    r"\b(?:about|nearly|roughly|some|almost|around|approximately|barely"
    r"|just (?:over|under))"
    r"(?:[ \n](?:a|an|the|one))?[ \n$]*$",
    re.I,
)
_AT_LEAST = re.compile(r"\b(?:more than|over|at least|above)[ \n$]*$", re.I)
_AT_MOST = re.compile(
    r"\b(?:less than|fewer than|under|at most|below|up to)[ \n$]*$", re.I
)


@dataclass(frozen=True)
class Number:
    """A number as it is written; `start` and `end` are places in the text."""

    start: int
    end: int
    text: str
    value: float
    tolerance: float  # half a unit of the last digit; for words a share
    name: str = ""  # the symbol of a setting
    percent: bool = False
    word: bool = False
    size: tuple[str, ...] = ()  # 8 and 8 of 8×8, which is read as one number
    bound: str = ""  # "least" or "most", after words such as more than

    @property
    def shown(self) -> str:
        """As it is written, on one line."""
        return " ".join(self.text.split())

    @property
    def is_trivial(self) -> bool:
        """Whether it is a bare 0 or 1 without a name, as in "a 1 where it holds"."""
        plain = self.text.lstrip("-−") in {"0", "1"}
        return plain and not self.percent and not self.name

    @property
    def digits(self) -> int:
        """How many digits it shows, but for a 0 before the point; a minus is one."""
        plain = re.sub(r"^([-−]?)0\.", r"\1", re.sub(r"e.*", "", self.text.lower()))
        return len(re.sub(r"[^\d\-−]", "", plain))

    @property
    def parts(self) -> list[Number]:
        """The factors of a size, else the number alone."""
        return [
            replace(self, text=factor, value=to_float(factor), size=())
            for factor in self.size
        ] or [self]

    def agrees(self, value: float) -> bool:
        """Whether a value is what is written, to the digits shown."""
        slack = self.tolerance * (1 + 1e-9) + 1e-12 * abs(self.value)
        if self.bound == "least":
            return self.value - slack <= value <= 1.25 * abs(self.value) + slack
        if self.bound == "most":
            return 0.75 * self.value - slack <= value <= self.value + slack
        return abs(value - self.value) <= slack


def to_float(text: str) -> float:
    """The value of written digits."""
    return float(text.replace(",", "").replace("−", "-"))


def half_unit(text: str) -> float:
    """Half a unit of the last digit shown."""
    plain, _, exponent = text.lower().replace(",", "").partition("e")
    places = len(plain.partition(".")[2])
    return 0.5 * 10.0 ** (int(exponent or 0) - places)


def stated(text: str) -> str:
    """The text with everything blotted out in which a number states nothing."""
    formulas = [match.span() for match in _MATHS.finditer(text)]
    for pattern in _NOT_STATED:
        for match in reversed(list(pattern.finditer(text))):
            if not any(a < match.end() and match.start() < b for a, b in formulas):
                blank = re.sub(r"[^\n]", " ", match[0])
                text = text[: match.start()] + blank + text[match.end() :]
    return text


def numbers(text: str, *, ordinals: bool = False) -> list[Number]:
    """All numbers that the text states, in order; ordinals only on request."""
    plain = stated(text)
    found: list[Number] = []
    for match in reversed(list(_MATHS.finditer(plain))):
        found += _in_formula(plain, match)
        blank = re.sub(r"[^\n]", " ", match[0])
        plain = plain[: match.start()] + blank + plain[match.end() :]
    found += _in_words(plain)
    for match in re.finditer(rf"(?<![\w.]){_SIZE}(?!\w)|{NUMBER.pattern}", plain, re.I):
        found.append(_number(text, match.start(), match.end(), match[0]))
    found = [number for number in found if not number.is_trivial]
    if ordinals and not found:
        for word, n in ORDINALS.items():
            for match in re.finditer(rf"\b{word}\b", plain, re.I):
                a, b = match.span()
                found.append(Number(a, b, match[0], n, 0.0, word=True))
    return sorted(found, key=lambda number: number.start)


def _in_formula(text: str, match: re.Match[str]) -> Iterator[Number]:
    latex, name, offset = match[1], "", match.start(1)
    if setting := _SETTING.fullmatch(latex):
        name, latex = setting["name"], setting["value"]
        offset += setting.start("value")
    elif _RELATION.search(latex) or not _PLAIN_MATHS.fullmatch(latex):
        return
    taken: list[tuple[int, int]] = []
    for power in _POWER.finditer(latex):
        times = power["times"] or "1"
        exponent = int(power["long"] or power["short"])
        value = float(f"{times}e{exponent}")
        unit = half_unit(f"{times}e{exponent}") if power["times"] else 0.0
        a, b = power.span()
        taken.append((a, b))
        yield Number(a + offset, b + offset, power[0], value, unit, name)
    for part in _FRACTION.finditer(latex):
        top, bottom = part[1] or part[2], part[3] or part[4]
        a, b = part.span()
        taken.append((a, b))
        value = int(top) / int(bottom) if int(bottom) else float("inf")
        yield Number(
            a + offset, b + offset, part[0], value, 0.03 * value, name, word=True
        )
    for digits in re.finditer(rf"{_SIZE}|-?(?:{DIGITS})", latex):
        a, b = digits.span()
        if not any(c < b and a < d for c, d in taken):
            number = _number(text, a + offset, b + offset, digits[0], name)
            yield number


def _in_words(text: str) -> Iterator[Number]:
    for match in WORD.finditer(text):
        if match["share"]:
            count = CARDINALS.get(match["count"].lower(), 1)
            value = count * SHARES[match["share"].lower()]
        elif match["half"]:
            value = 0.5
        elif match["multiple"]:
            value = MULTIPLES[match["multiple"].lower()]
        else:
            value = float(CARDINALS[match["times"].lower()])
        before = text[: match.start()]
        slack = 0.1 if _ABOUT.search(before) else 0.03
        yield Number(
            match.start(),
            match.end(),
            match[0],
            value,
            slack * value,
            word=True,
            bound=_bound(before),
            percent="percent" in text[match.end() :][:9],
        )


def _number(text: str, start: int, end: int, written: str, name: str = "") -> Number:
    size = tuple(re.findall(r"\d+", written)) if re.search(_TIMES, written) else ()
    value = to_float(size[0] if size else written)
    before, after = text[:start], text[end:]
    tolerance = 0.5 if size else half_unit(written.lstrip("-−"))
    if _ABOUT.search(before):
        tolerance = max(tolerance, 0.1 * abs(value))
    return Number(
        start,
        end,
        written,
        value,
        tolerance,
        name,
        percent=bool(
            re.match(r"(?:\s+(?:to|and|or)\s+[\d.]+)?\$?\s*(?:\\?%|percent)", after)
        ),
        size=size,
        bound=_bound(before),
    )


def _bound(before: str) -> str:
    if _AT_LEAST.search(before):
        return "least"
    return "most" if _AT_MOST.search(before) else ""
