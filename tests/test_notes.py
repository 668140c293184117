"""The notes, checked: no sentence is missed, each verdict leads to what shows it."""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest

from doctools import pages

PAGE = pages.DOCS / "notes-checked.md"
# What holds a claim to its source is not part of the claim.
HELD = re.compile(r"^<!-- (?:fact|inline)\b.*?-->\n", re.MULTILINE | re.DOTALL)
TEXT = HELD.sub("", PAGE.read_text(encoding="utf-8"))
NOTES = Path(__file__).with_name("notes.zh.txt").read_text(encoding="utf-8")

VERDICTS = {
    "Right": "right",
    "Needs a qualifier": "qualifier",
    "Wrong": "wrong",
    "Left out": "omitted",
}
TOPIC = re.compile(r"^## (?P<number>\d+)\. .+ \{ #topic-(?P<anchor>\d+) \}$", re.M)
QUOTE = re.compile(r'<q lang="zh">(?P<words>.*?)</q>')
LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<page>[\w/-]+\.md)#(?P<anchor>[\w-]+)\)")
CLAIM = re.compile(
    r"""
    ^\[(?P<number>[\d.]+[a-z]?)\]\(\#(?P<self>[\w-]+)\)[ ]
    (?P<term>.+)[ ]\{[ ]\#(?P<id>[\w-]+)[ ]\}\n
    \n
    :[ ]{3}(?:\*(?P<gloss>[^*]+)\*\n[ ]{4})?
    \*\*(?P<verdict>[^*]+)\*\*\{[ ]\.nn-(?P<style>\w+)[ ]\}:[ ]
    (?P<why>(?:.|\n(?!\n)(?!\ {4}\[))+)\n
    [ ]{4}(?P<links>\[(?:.|\n(?!\n))+)$
    """,
    re.M | re.X,
)
HEADING = re.compile(r"(?P<marks>#{1,6}) .*?(?:\{ #(?P<anchor>[\w-]+) \})?$")
HAN = re.compile("[\u4e00-\u9fff]")
# Full width: comma, full stop, semicolon, colon, enumeration comma, question mark.
PUNCTUATION = "\uff0c\u3002\uff1b\uff1a\u3001\uff1f,;:?"


class NotesError(AssertionError):
    """What the page and the notes disagree about."""


def bare(text: str) -> str:
    """The words and formulas: no markup, space or punctuation between them."""
    text = re.sub(r"^(#+|-|\d+\.) ", "", text, flags=re.MULTILINE)
    return re.sub(rf"\*\*|\\\\|[$\s{PUNCTUATION}]", "", text)


def topics(text: str) -> list[str]:
    """What stands below each topic's heading."""
    return TOPIC.split(text)[3::3]


def cover(notes: str, text: str) -> None:
    """Lay the quotes of a page end to end: each topic of the notes must come out.

    A quote may also repeat words of its topic that were quoted before.
    """
    answers = re.split(r"^### ", notes, flags=re.MULTILINE)[1:]
    if len(answers) != len(topics(text)):
        raise NotesError(f"{len(topics(text))} topics of {len(answers)}")
    if QUOTE.search(TOPIC.split(text)[0]):
        raise NotesError("a quote above the first topic")
    for answer, topic in zip(map(bare, answers), topics(text), strict=True):
        done = 0
        for quote in (bare(match["words"]) for match in QUOTE.finditer(topic)):
            if not quote:
                raise NotesError("an empty quote")
            if answer.startswith(quote, done):
                done += len(quote)
            elif quote not in answer[:done]:
                raise NotesError(
                    f"quoted {quote!r}, where {answer[done:][:40]!r} is next"
                )
        if done < len(answer):
            raise NotesError(f"not quoted: {answer[done:]!r}")


def split(number: str) -> tuple[int, int, str]:
    match = re.fullmatch(r"(\d+)\.(\d+)([a-z]?)", number)
    assert match, number
    return int(match[1]), int(match[2]), match[3]


def number(text: str) -> None:
    """Topics, claims and parts of claims are numbered without a gap."""
    numbers = [split(match["number"]) for match in CLAIM.finditer(text)]
    expected = []
    for topic, (_, group) in enumerate(groupby(numbers, lambda n: n[0]), 1):
        for claim, (_, parts) in enumerate(groupby(group, lambda n: n[1]), 1):
            letters = "abcdefgh"[: len(list(parts))]
            expected += [(topic, claim, x) for x in (letters if letters[1:] else [""])]
    for found, due in zip(numbers, expected, strict=True):
        if found != due:
            raise NotesError(f"claim {found}, where {due} is next")
    if text.count("\n:   ") != len(numbers) or not numbers:
        raise NotesError("a claim is not written like the others")
    headings = [match["number"] for match in TOPIC.finditer(text)]
    for heading, topic in zip(headings, topics(text), strict=True):
        for match in CLAIM.finditer(topic):
            if match["number"].partition(".")[0] != heading:
                raise NotesError(f"claim {match['number']} below topic {heading}")


def introduce(text: str) -> None:
    """The introduction counts the verdicts and names the wrong claims."""
    intro, claims = TOPIC.split(text)[0], list(CLAIM.finditer(text))
    stated = re.findall(r"\*\*([\w ]+)\*\*\{ \.nn-(\w+) \} \((\d+)\)", intro)
    counts = Counter(claim["verdict"] for claim in claims)
    if stated != [(name, VERDICTS[name], str(counts[name])) for name in VERDICTS]:
        raise NotesError(f"the introduction says {stated}, the claims {counts}")
    named = re.findall(r"\[([\d.]+\w?)\]\(#(claim-[\w-]+)\)", intro)
    if named != [(c["number"], c["id"]) for c in claims if c["verdict"] == "Wrong"]:
        raise NotesError("the introduction does not name the wrong claims, in order")


class Section(NamedTuple):
    start: int
    end: int


def section(page: str, anchor: str) -> Section | None:
    """From a heading to the next of its level or above it, by lines."""
    inside = {n for e in pages.elements(page) for n in range(e.line, e.end + 1)}
    level = start = 0
    for number, line in enumerate(page.split("\n"), 1):
        match = HEADING.fullmatch(line)
        if not match or number in inside:
            continue
        if start and len(match["marks"]) <= level:
            return Section(start, number)
        if not start and match["anchor"] == anchor:
            level, start = len(match["marks"]), number
    return Section(start, page.count("\n") + 2) if start else None


def shows(page: str, anchor: str) -> bool:
    """Whether the section holds a Python block or a displayed equation."""
    found = section(page, anchor)
    if found is None:
        return False
    lines = [block.line for block in pages.blocks(page)]
    lines += [equation.line for equation, _ in pages.equations(page)]
    return any(found.start < line < found.end for line in lines)


CLAIMS = list(CLAIM.finditer(TEXT))
each_claim = pytest.mark.parametrize(
    "claim", CLAIMS, ids=[claim["number"] for claim in CLAIMS]
)


# --------------------------------------------------------------- nothing is missed


def test_every_sentence_of_the_notes_is_quoted_and_nothing_else() -> None:
    cover(NOTES, TEXT)


def test_claims_are_numbered_without_a_gap() -> None:
    number(TEXT)


def test_the_introduction_counts_right_and_names_the_wrong_ones() -> None:
    introduce(TEXT)


def drop(text: str, label: str) -> str:
    (claim,) = (match for match in CLAIM.finditer(text) if match["number"] == label)
    return text[: claim.start()] + text[claim.end() :]


def swap(text: str, one: str, other: str) -> str:
    assert text.count(one) == 1, one
    return text.replace(one, other)


@each_claim
def test_a_dropped_claim_is_noticed(claim: re.Match[str]) -> None:
    changed = drop(TEXT, claim["number"])
    with pytest.raises(NotesError):
        introduce(changed)
    # Words that stand in another claim too are missed by that claim's number.
    quote = QUOTE.search(claim["term"])
    if quote and TEXT.count(quote["words"]) == 1:
        with pytest.raises(NotesError):
            cover(NOTES, changed)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("且数值大多<0", "且数值大多>0"),
        ("输入入", "输入"),
        ("H(y_i)$</q>", "H(y)$</q>"),
        ("等等</q>", "等</q>"),
        ("提高精度</q>", '提高精度</q> <q lang="zh">很多</q>'),
        ("提高精度", ""),
        ("## 9. ", "## Nine. "),
        ("十、", "九、"),
        ("- **Right**", '- <q lang="zh">提高精度</q>'),
    ],
)
def test_a_changed_quote_is_noticed(one: str, other: str) -> None:
    with pytest.raises(NotesError):
        cover(NOTES, swap(TEXT, one, other))


def test_claims_in_another_order_are_noticed() -> None:
    one, other = '<q lang="zh">增加计算速度</q>', '<q lang="zh">抛弃不必要的细节'
    changed = swap(swap(TEXT, one, "HERE"), other, one.removesuffix("</q>"))
    with pytest.raises(NotesError):
        cover(NOTES, swap(changed, "HERE", other + "</q>"))


def test_a_sentence_more_in_the_notes_is_noticed() -> None:
    with pytest.raises(NotesError, match="not quoted: '并且更快'"):
        cover(NOTES + "\n- 并且更快\n", TEXT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[3.4](#claim-3-4)", "[3.5](#claim-3-4)"),
        ("[8.14b](#claim-8-14b)", "[8.14c](#claim-8-14b)"),
        ("[8.14b](#claim-8-14b)", "[8.15](#claim-8-14b)"),
        ("[1.10](#claim-1-10) When", "1.10 When"),
        ("{ #topic-9 }", ""),
    ],
)
def test_a_gap_is_noticed(one: str, other: str) -> None:
    with pytest.raises(NotesError):
        number(swap(TEXT, one, other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("**Wrong**{ .nn-wrong } (", "**Wrong**{ .nn-wrong } (1"),
        ("- **Left out**", "- Left out"),
        ("- **Wrong**{ .nn-wrong }", "- **Wrong**{ .nn-right }"),
        ("[4.4](#claim-4-4) · ", ""),
        ("[4.4](#claim-4-4) · ", "[4.3](#claim-4-4) · "),
    ],
)
def test_a_wrong_introduction_is_noticed(one: str, other: str) -> None:
    with pytest.raises(NotesError):
        introduce(swap(TEXT, one, other))


# ------------------------------------------------------------------- each claim


@each_claim
def test_a_claim_is_complete(claim: re.Match[str]) -> None:
    quotes = QUOTE.findall(claim["term"])
    assert claim["style"] == VERDICTS[claim["verdict"]]
    assert claim["id"] == claim["self"] == "claim-" + claim["number"].replace(".", "-")
    if claim["verdict"] == "Left out":
        assert not quotes
        assert claim["gloss"] is None
    else:
        assert claim["term"] == f'<q lang="zh">{quotes[0]}</q>'
        assert claim["gloss"]


@each_claim
def test_the_reason_is_one_short_sentence(claim: re.Match[str]) -> None:
    why = " ".join(re.sub(r"\]\([^)]*\)", "]", claim["why"]).split())
    assert why.endswith(".")
    assert not re.search(r"[.?!] ", why)
    assert 4 <= len(re.sub(r"\$[^$]+\$", "x", why).split()) <= 30


@each_claim
def test_a_claim_links_to_what_shows_it(claim: re.Match[str]) -> None:
    """Every link lands, and the section of one holds a block or an equation."""
    links = list(LINK.finditer(claim["links"]))
    assert links
    shown = []
    for link in links:
        page = (PAGE.parent / link["page"]).read_text(encoding="utf-8")
        assert section(page, link["anchor"]), f"no {link['page']}#{link['anchor']}"
        shown.append(shows(page, link["anchor"]))
    assert any(shown), f"nothing is shown at {claim['links']}"


def unseen(claim: re.Match[str], why: str) -> list[str]:
    """Numbers of two digits or more that no linked section has."""
    seen = ""
    for link in LINK.finditer(claim["links"]):
        page = (PAGE.parent / link["page"]).read_text(encoding="utf-8")
        found = section(page, link["anchor"])
        assert found
        seen += "\n".join(page.split("\n")[found.start - 1 : found.end - 1]) + "\n"
    numbers = re.findall(r"[\d.]*\d", re.sub(r"\[.*?\]\(.*?\)|,(?=\d)", "", why))
    seen = re.sub(r",(?=\d{3})", "", seen)
    return [
        number
        for number in numbers
        if len(number) > 1
        and not re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", seen)
    ]


MEASURED = [claim for claim in CLAIMS if int(claim["number"].split(".")[0]) <= 4]


@pytest.mark.parametrize("claim", MEASURED, ids=lambda claim: claim["number"])
def test_its_numbers_stand_where_it_links_to(claim: re.Match[str]) -> None:
    """In the topics whose reasons name measurements; elsewhere it is arithmetic."""
    assert unseen(claim, claim["why"]) == []
    assert unseen(claim, claim["why"] + " 0.12345 or 98,765") == ["0.12345", "98765"]


SAMPLE = """\
# Page
## One { #one }
Words, and `# no heading`.
### Inner { #inner }
```python
# ## Not a heading { #not }
print(1)
```
## Two { #two }
```text
print(1)
```
### Three { #three }
$$
x = 1
$$
## Four { #four }
"""


@pytest.mark.parametrize(
    ("anchor", "shown"),
    [
        ("one", True),
        ("inner", True),
        ("not", False),
        ("two", True),
        ("three", True),
        ("four", False),
    ],
)
def test_a_section_ends_where_the_next_one_starts(anchor: str, shown: bool) -> None:
    assert shows(SAMPLE, anchor) is shown
    assert (section(SAMPLE, anchor) is None) is (anchor == "not")
    # Without the block and the equation, nothing is left to be shown.
    assert not shows(SAMPLE.replace("$$", "").replace("python", "text"), anchor)


# ---------------------------------------------------------------- the whole page


def test_chinese_is_marked_as_such_for_screen_readers() -> None:
    marked = re.sub(r'<(q|span) lang="zh">.*?</\1>', "", TEXT)
    assert HAN.findall(marked) == []


def test_links_between_claims_land() -> None:
    ids = {claim["id"] for claim in CLAIMS}
    assert set(re.findall(r"\]\(#(claim-[\w-]+)\)", TEXT)) == ids
