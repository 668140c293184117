"""The glossary: complete entries, found by both names, and no link into nothing."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from doctools import pages

GLOSSARY = pages.DOCS / "glossary.md"
TEXT = GLOSSARY.read_text(encoding="utf-8")
ENTRY = re.compile(
    r'### (?P<term>.+?) <span lang="zh">(?P<zh>[^<]+)</span> \{ #(?P<anchor>[\w-]+) \}'
)
HEADINGS = re.findall(r"^###? .*$", TEXT, re.MULTILINE)
TERMS = [heading for heading in HEADINGS if heading.startswith("### ")]
ENTRIES = [match for term in TERMS if (match := ENTRY.fullmatch(term))]
LETTERS = [heading[3:] for heading in HEADINGS if re.fullmatch("## [A-Z]", heading)]
LINKS = re.findall(r"\[[^\]]*\]\(([^)]+)\)", TEXT)
HAN = re.compile("[\u4e00-\u9fff]")


def body(anchor: str) -> str:
    """What stands below an entry's heading."""
    after = TEXT.partition(f"{{ #{anchor} }}\n")[2]
    return re.split(r"^##", after, maxsplit=1, flags=re.MULTILINE)[0].strip()


def repeated(words: list[str]) -> list[str]:
    return [word for word, count in Counter(words).items() if count > 1]


def names(heading: str) -> list[str]:
    """The single Chinese names in a heading, without brackets and commas."""
    return [name for name in re.split("[\uff08\uff09\u3001]", heading) if name]


def test_every_term_has_both_names_and_an_anchor() -> None:
    assert len(ENTRIES) == len(TERMS) >= 100
    assert [e["term"] for e in ENTRIES if not HAN.search(e["zh"])] == []


def test_chinese_is_marked_as_such_for_screen_readers() -> None:
    assert HAN.findall(re.sub(r'<span lang="zh">[^<]*</span>', "", TEXT)) == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["anchor"])
def test_every_term_is_defined_in_a_few_words(entry: re.Match[str]) -> None:
    words = body(entry["anchor"]).partition(" See ")[0].split()
    assert 3 <= len(words) <= 75


def test_no_term_twice() -> None:
    assert repeated([e["anchor"] for e in ENTRIES] + [x.lower() for x in LETTERS]) == []
    assert repeated([e["term"].lower() for e in ENTRIES]) == []
    assert repeated([name for e in ENTRIES for name in names(e["zh"])]) == []


def test_in_order() -> None:
    found: list[str] = []
    for heading in HEADINGS:
        if match := ENTRY.fullmatch(heading):
            words = re.sub(
                "[^a-z ]", "", re.sub("[-\u2013]", " ", match["term"].lower())
            )
            assert words[0] == found[-1][0]
            found.append(words)
        elif heading[3:] in LETTERS:
            found.append(heading[3:].lower())
    assert found == sorted(found)
    assert re.findall(r"\[([A-Z])\]\(#[a-z]\)", TEXT) == LETTERS


@pytest.mark.parametrize("link", sorted(set(LINKS)))
def test_links_lead_somewhere(link: str) -> None:
    path, _, anchor = link.partition("#")
    if not path:
        assert anchor in [e["anchor"] for e in ENTRIES] + [x.lower() for x in LETTERS]
        return
    page = GLOSSARY.parent / path
    assert page.is_file()
    if anchor and page.parent.name == "concepts":
        assert f"{{ #{anchor} }}" in page.read_text(encoding="utf-8")
    elif anchor:
        module = page.stem
        assert f"::: nnref.{module}" in page.read_text(encoding="utf-8")
        source = (pages.ROOT / "nnref" / f"{module}.py").read_text(encoding="utf-8")
        name = anchor.removeprefix(f"nnref.{module}.")
        assert re.search(rf"^(def|class) {name}\b", source, re.MULTILINE)


def linking_pages() -> list[Path]:
    return [page for page in pages.markdown_pages() if page != GLOSSARY]


def test_other_pages_link_to_terms_that_exist() -> None:
    anchors = {e["anchor"] for e in ENTRIES}
    missing = [
        f"{page.relative_to(pages.ROOT)}: {anchor}"
        for page in linking_pages()
        for anchor in re.findall(
            r"glossary\.md#([\w-]+)", page.read_text(encoding="utf-8")
        )
        if anchor not in anchors
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("regularization", "normalization"),
        ("bias", "bias-statistics"),
        ("accuracy", "precision"),
        ("stride", "step-size"),
    ],
)
def test_terms_easily_confused_name_each_other(one: str, other: str) -> None:
    assert f"(#{other})" in body(one)
    assert f"(#{one})" in body(other)
