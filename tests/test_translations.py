"""The Chinese edition: what a translation keeps, and what becomes stale when."""

from __future__ import annotations

import random
import re
import shutil
import unicodedata
from pathlib import Path

import pytest
from markdown import Markdown

from doctools import hooks, pages
from doctools.translations import (
    catalogue,
    checks,
    edition,
    labels,
    language,
    site,
    words,
)
from doctools.translations.__main__ import exported, imported, main

PAGES = edition.translated_pages()
PLACEHOLDER = re.compile(r"\{\w*\}")


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(language.LANGUAGE, "zh")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pages and catalogues that a test may change."""
    shutil.copytree(pages.DOCS, tmp_path / "docs")
    shutil.copytree(catalogue.FOLDER, tmp_path / "zh")
    monkeypatch.setattr(pages, "DOCS", tmp_path / "docs")
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path / "zh")
    for name in ("COMMON", "INTERFACE", "FIGURES"):
        place = getattr(catalogue, name)
        monkeypatch.setattr(catalogue, name, tmp_path / "zh" / place.name)
    return tmp_path


# ------------------------------------------------------------- what is there is sound


@pytest.mark.parametrize("page", PAGES)
def test_a_translation_keeps_what_is_held_to_code(page: str) -> None:
    texts = {unit.text for unit in catalogue.page_units(page)}
    found = [
        f"{english[:60]!r}: {'; '.join(faults)}"
        for english, chinese in catalogue.of_page(page).items()
        if english in texts and (faults := checks.faults(english, chinese, page))
    ]
    assert not found, "\n".join(found)


def test_phrases_keep_their_places() -> None:
    known = catalogue.read(catalogue.INTERFACE)
    for english, chinese in known.items():
        kept = [sorted(PLACEHOLDER.findall(text)) for text in (english, chinese)]
        assert kept[0] == kept[1], english


def test_labels_keep_their_numbers() -> None:
    for english, chinese in catalogue.read(catalogue.FIGURES).items():
        plain = [unicodedata.normalize("NFKC", text) for text in (english, chinese)]
        kept = [re.findall(r"\d+(?:\.\d+)?", text) for text in plain]
        assert sorted(kept[0]) == sorted(kept[1]), english


def test_every_phrase_of_the_site_has_its_chinese() -> None:
    known = catalogue.read(catalogue.INTERFACE)
    assert [text for text in words.all_words() if text not in known] == []


# ------------------------------------------------------------------ changes are noticed


def _digit(text: str, rng: random.Random) -> str | None:
    bare = [
        m for m in re.finditer(r"(?<![\d#.\w-])\d(?![\d\w])", text) if _free(text, m)
    ]
    if not bare:
        return None
    at = rng.choice(bare).start()
    return text[:at] + str((int(text[at]) + rng.randint(1, 8)) % 10) + text[at + 1 :]


def _free(text: str, match: re.Match[str]) -> bool:
    inside = r"\$[^$]+\$|`[^`]+`|\]\([^)]*\)|\{[^{}]*\}|<[^<>]+>"
    return not any(
        other.start() <= match.start() < other.end()
        for other in re.finditer(inside, text)
    )


def _replaced(pattern: str, text: str, rng: random.Random, new: str) -> str | None:
    found = list(re.finditer(pattern, text))
    if not found:
        return None
    hit = rng.choice(found)
    return text[: hit.start()] + new.replace("@", hit[0]) + text[hit.end() :]


CHANGES = {
    "number": _digit,
    "formula": lambda t, rng: _replaced(r"(?<=\$)[^$ ]+(?=\$)", t, rng, "@ + 1"),
    "formula dropped": lambda t, rng: _replaced(r"\$[^$]+\$", t, rng, ""),
    "link": lambda t, rng: _replaced(r"(?<=\]\()[^)]+(?=\))", t, rng, "@x"),
    "code dropped": lambda t, rng: _replaced(r"`[^`]+`", t, rng, ""),
    "emphasis dropped": lambda t, rng: _replaced(r"(?<=\S)\*\*(?=\S)", t, rng, ""),
    "term": lambda t, rng: _replaced(
        r"(?<=\[)[^\]\[]+(?=\]\([^)]*glossary\.md#)", t, rng, "某个词"
    ),
    "mark": lambda t, rng: _replaced(
        r"(?<=[\u4e00-\u9fff])，(?=[\u4e00-\u9fff])", t, rng, ","
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_of_a_translation_is_noticed(kind: str) -> None:
    """Forty changes at random in all, by kind."""
    rng = random.Random(kind)
    pairs = [(p, *pair) for p in PAGES for pair in catalogue.of_page(p).items()]
    rng.shuffle(pairs)
    tried = 0
    for page, english, chinese in pairs:
        changed = CHANGES[kind](chinese, rng)
        if (
            changed is None
            or changed == chinese
            or checks.faults(english, chinese, page)
        ):
            continue
        assert checks.faults(english, changed, page), changed
        tried += 1
        if tried == 5:
            return
    raise AssertionError(f"only {tried} to change")


def test_edits_of_the_english_make_stale_exactly_what_was_edited(copied: Path) -> None:
    """Twenty words changed at random, one after the other, on all pages."""
    rng = random.Random(0)
    places = [(p, u) for p in PAGES for u in catalogue.page_units(p)]
    tried = 0
    while tried < 20:
        page, unit = rng.choice(places)
        known = catalogue.of_page(page)
        plain = re.findall(r"(?<![\w`$(#/\[.-])[a-z]{4,}(?![\w`)\]])", unit.text)
        path = pages.DOCS / page
        text = path.read_text(encoding="utf-8")
        if unit.text not in known or not plain:
            continue
        word = rng.choice(plain)
        line = text.split("\n")[unit.line - 1 : unit.end]
        old = "\n".join(line)
        if len(re.findall(rf"\b{word}\b", old)) != 1:
            continue
        new = re.sub(rf"\b{word}\b", f"{word}x", old)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        lacking = {u.text for u in catalogue.page_units(page) if u.text not in known}
        before = {unit.text for _, unit in places}
        fresh = lacking - before
        assert [t.replace(f"{word}x", word) for t in fresh] == [unit.text], (
            page,
            fresh,
        )
        path.write_text(text, encoding="utf-8")
        tried += 1


def test_what_is_near_is_proposed_and_never_shown(copied: Path, chinese: None) -> None:
    page = "concepts/index.md"
    path = pages.DOCS / page
    text = path.read_text(encoding="utf-8")
    old = "Read the pages in this order if the subject is new:"
    assert text.count(old) == 1
    path.write_text(text.replace(old, old.replace("new", "new to you")), "utf-8")
    _, lacking, near = catalogue.update(page)
    assert (lacking, near) == (1, 1)
    shown = "\n".join(
        line
        for _, lines in edition.lines(path.read_text("utf-8"), page).values()
        for line in lines
    )
    assert '<span lang="en" class="nn-english">' in shown
    assert "new to you" in shown
    assert '<div class="nn-edition" lang="zh-Hans">' in shown
    # It is still one after another look, and fits again when the English comes back.
    assert catalogue.update(page)[1:] == (1, 1)
    path.write_text(text, encoding="utf-8")
    assert catalogue.update(page)[1:] == (0, 0)


# ------------------------------------------------------------------ a page in Chinese


@pytest.mark.parametrize("page", PAGES)
def test_elements_of_a_page_stay(page: str, chinese: None) -> None:
    """Blocks, outputs, equations, comments: the same, in the same order."""
    text = (pages.DOCS / page).read_text(encoding="utf-8")
    rows = text.split("\n")
    replaced = edition.lines(text, page)
    made, i = [], 1
    while i <= len(rows):
        end, new = replaced.get(i, (i, [rows[i - 1]]))
        made += new
        i = end + 1
    before, after = (
        [(type(e).__name__, e.text) for e in pages.elements(t, page)]
        for t in (text, "\n".join(made))
    )
    assert before == after


def test_a_heading_keeps_the_id_of_the_english(chinese: None, copied: Path) -> None:
    text = "# Neural networks from first principles\n\nWords.\n"
    (pages.DOCS / "index.md").write_text(text, encoding="utf-8")
    catalogue.save(
        catalogue.place("index.md"),
        ["Neural networks from first principles"],
        {"Neural networks from first principles": "从头讲神经网络"},
    )
    ((_, (heading, *_)), *_) = edition.lines(text, "index.md").values()
    made = Markdown(extensions=["attr_list", "toc"]).convert(heading)
    assert made == (
        '<h1 id="neural-networks-from-first-principles">从头讲神经网络</h1>'
    )


def test_an_entry_of_the_glossary_begins_with_its_chinese(chinese: None) -> None:
    text = (pages.DOCS / "glossary.md").read_text(encoding="utf-8")
    made = [lines[0] for _, lines in edition.lines(text, "glossary.md").values()]
    assert '### 池化（汇聚） <span lang="en">Pooling</span> { #pooling }' in made


def test_english_is_left_alone() -> None:
    text = (pages.DOCS / "index.md").read_text(encoding="utf-8")
    assert edition.lines(text, "index.md") == {}
    assert labels.translated("<text>loss</text>") == "<text>loss</text>"
    assert language.say("Run") == "Run"


def test_labels_of_figures_keep_the_english_beside_them(chinese: None) -> None:
    made = labels.translated('<text x="1">epoch</text><text>no such label</text>')
    assert made == '<text x="1" data-en="epoch">轮</text><text>no such label</text>'


def test_an_unknown_language_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(language.LANGUAGE, "de")
    with pytest.raises(ValueError, match="NNREF_LANGUAGE is 'de': write en or zh"):
        language.current()


# ------------------------------------------------------------------------------- checks


@pytest.mark.parametrize(
    ("english", "chinese", "said"),
    [
        ("A slope $x^2$.", "斜率$x^3$。", "formula: lost $x^2$, added $x^3$"),
        ("Use `relu`.", "用它。", "code: lost `relu`"),
        ("See [it](a.md#b).", "见[它](a.md#c)。", "link: lost ](a.md#b)"),
        ("Three of 12.", "12 个里有 3 个。", "number: added 3"),
        ("It is −2.", "它是 2。", "number: lost −2, added 2"),
        ("**All** of it.", "全部。", "strong: 2 marks became 0"),
        ("*All* of it.", "全部。", "emphasis: 2 marks became 0"),
        ("a | b", "甲，乙", "another number of cells"),
        ("One, two.", "一,二。", "half-width"),
        ("One. Two", "一。 二", "blank at '。 '"),
        ("12 of them", "１２个", "full-width"),
        ("So.[^a]", "所以。", "footnote: lost [^a]"),
        ("<b>So</b>", "所以", "tag: lost <b> </b>"),
        ("One\nline", "一\n行", "a line break"),
        ("[max](glossary.md#pooling)", "[汇集](glossary.md#pooling)", "term pooling"),
    ],
)
def test_a_fault_is_named(english: str, chinese: str, said: str) -> None:
    assert said in "; ".join(checks.faults(english, chinese))


def test_what_is_right_has_no_fault() -> None:
    english = "**Max pooling** of $2 \\times 2$ windows, 12 in `x`; see [it](a.md)."
    chinese = "**最大池化**用$2 \\times 2$的窗口，`x`里有12个；见[这里](a.md)。"
    assert checks.faults(english, chinese) == []


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ("使用**ReLU**的网络", "使用 **ReLU** 的网络"),
        ("**误差** 是", "**误差**是"),
        ("有 3 个[核](a.md#x)和`f`函数", "有 3 个[核](a.md#x)和 `f` 函数"),
        ("$x$的**平方** $y$ ，好", "$x$ 的**平方** $y$，好"),
        ("[ReLU](b)的 [池化](c)ReLU", "[ReLU](b) 的[池化](c) ReLU"),
        ("第3页，1×1卷积", "第 3 页，1×1 卷积"),
        ("大约50%的图，在 (n, d) 中", "大约 50% 的图，在 (n, d) 中"),
        ("A plain English sentence, *so* to speak.", None),
    ],
)
def test_blanks_stand_between_chinese_and_latin(typed: str, set_: str | None) -> None:
    assert checks.spaced(typed) == (set_ or typed)
    assert checks.spaced(checks.spaced(typed)) == (set_ or typed)


# ------------------------------------------------------------------------- the commands


def test_a_translator_gets_what_is_missing(copied: Path) -> None:
    page = "concepts/index.md"
    path = pages.DOCS / page
    path.write_text(path.read_text("utf-8") + "\nA new sentence, 12 words.\n", "utf-8")
    text = exported(page)
    key = re.fullmatch(r"@(\w{8})\nA new sentence, 12 words\.\n\n", text)
    assert key is not None
    assert imported(page, f"@{key[1]}\n新的一句，13 个词。\n") == [
        f"@{key[1]} 'A new sentence, 12 words.': number: lost 12, added 13"
    ]
    assert imported(page, f"@{key[1]}\n新的一句，12 个词。\n") == []
    assert imported(page, "@00000000\n没有\n")[0].startswith("@00000000: no such")
    assert exported(page) == ""
    assert catalogue.of_page(page)["A new sentence, 12 words."] == "新的一句，12 个词。"


def test_what_lacks_is_counted(
    copied: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(labels, "words", list)  # drawing takes minutes
    monkeypatch.setattr("sys.argv", ["translations"])
    path = pages.DOCS / "concepts" / "index.md"
    path.write_text(path.read_text("utf-8") + "\nSomething entirely new.\n", "utf-8")
    assert main() == 0
    said = capsys.readouterr().out
    assert re.search(r"concepts/index.md: 1 of \d+ lack, for 0 there is a", said)


# ----------------------------------------------------------------- two sites become one


PAGE = (
    '<html lang="{tongue}"><head><link rel="canonical" href="{address}">'
    '<script src="{up}assets/a.js"></script></head>'
    '<body><a href="{up}nnref-site.zip">all</a><a href="{up}b/">b</a></body></html>'
)


def two_sites(folder: Path, address: str) -> tuple[Path, Path]:
    made = []
    for tongue, below in (("en", ""), ("zh", "zh/")):
        root = folder / tongue
        for name in ("", "a/"):
            path = root / name / "index.html"
            path.parent.mkdir(parents=True)
            here = f"{address}{below}{name}" if address else ""
            text = PAGE.format(tongue=tongue, address=here, up="../" * name.count("/"))
            path.write_text(text if address else re.sub("<link[^>]*>", "", text))
        (root / "assets").mkdir()
        (root / "sitemap.xml").write_text("old")
        (root / "404.html").write_text("gone")
        made.append(root)
    return made[0], made[1]


def test_each_page_says_where_it_is_in_which_language(tmp_path: Path) -> None:
    site.join(*two_sites(tmp_path, "https://x.org/n/"))
    english, chinese = (
        tmp_path / "en" / n for n in ("a/index.html", "zh/a/index.html")
    )
    links = re.findall(
        r'rel="alternate" hreflang="(.*?)" href="(.*?)"', english.read_text()
    )
    assert links == [
        ("en", "https://x.org/n/a/"),
        ("zh-Hans", "https://x.org/n/zh/a/"),
        ("x-default", "https://x.org/n/a/"),
    ]
    text = chinese.read_text()
    assert re.findall(r'rel="alternate" hreflang="(.*?)" href="(.*?)"', text) == links
    assert '<link rel="canonical" href="https://x.org/n/zh/a/">' in text
    # What both need is fetched once; links to pages stay in the edition.
    assert 'src="../../assets/a.js"' in text
    assert 'href="../../nnref-site.zip"' in text
    assert 'href="../b/"' in text
    assert not (tmp_path / "en" / "zh" / "assets").exists()
    assert not (tmp_path / "en" / "zh" / "404.html").exists()
    sitemap = (tmp_path / "en" / "sitemap.xml").read_text()
    assert sitemap.count("<loc>") == 4
    assert sitemap.count("<xhtml:link") == 8
    assert not (tmp_path / "en" / "zh" / "sitemap.xml").exists()


def test_without_an_address_nothing_is_said(tmp_path: Path) -> None:
    site.join(*two_sites(tmp_path, ""))
    assert "alternate" not in (tmp_path / "en" / "index.html").read_text()
    assert (tmp_path / "en" / "sitemap.xml").read_text() == "old"


def test_the_preview_makes_a_page_again_whose_catalogue_changed(
    copied: Path, chinese: None
) -> None:
    """And no other; the catalogue that all pages share changes all."""
    paths = [
        pages.DOCS / "concepts" / name for name in ("pooling.md", "convolution.md")
    ]
    before = [hooks.rests_on(path) for path in paths]
    place = catalogue.place("concepts/pooling.md")
    place.write_text(place.read_text("utf-8").replace("池化", "汇聚"), encoding="utf-8")
    after = [hooks.rests_on(path) for path in paths]
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True]
    with catalogue.INTERFACE.open("a", encoding="utf-8") as out:
        out.write('\nmsgid "new"\nmsgstr "新"\n')
    assert hooks.rests_on(paths[1]) != after[1]


def test_one_mends_a_catalogue_where_that_is_the_source(chinese: None) -> None:
    address = "https://x.org/edit/main/docs/concepts/pooling.md"
    mended = site.edit_address(address, "concepts/pooling.md")
    assert mended == "https://x.org/edit/main/translations/zh/concepts/pooling.po"
    english = address.replace("concepts/pooling", "hosting")
    assert site.edit_address(english, "hosting.md") == english
