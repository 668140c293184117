"""The terms that the search knows: single names, each where it is explained."""

# ruff: noqa: RUF001

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from doctools import maths, pages, search

GLOSSARY = (pages.DOCS / "glossary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("term", "zh", "single"),
    [
        ("Pooling", "池化（汇聚）", ["Pooling", "池化", "汇聚"]),
        ("Nat, bit", "奈特（纳特）、比特", ["Nat", "bit", "奈特", "比特", "纳特"]),
        ("Momentum", "动量（法）", ["Momentum", "动量", "动量法"]),
        ("Bias (parameter)", "偏置", ["Bias", "偏置"]),
        ("Dropout", "暂退法（丢弃法、失活）", ["Dropout", "暂退法", "丢弃法", "失活"]),
    ],
)
def test_names_are_single(term: str, zh: str, single: list[str]) -> None:
    assert search.names(term, zh) == single


def test_a_term_belongs_to_the_section_that_explains_it() -> None:
    found = search.terms(GLOSSARY)
    assert "学习率" in found["concepts/gradient-descent/#learning-rate"]
    assert "过拟合" in found["concepts/overfitting-and-underfitting/"]
    assert "张量" in found["glossary/#tensor"]  # which no concept page explains
    headings = re.findall(r"^### .*$", GLOSSARY, re.MULTILINE)
    assert sum(map(len, found.values())) >= 2 * len(headings) >= 200


def test_the_index_is_completed(tmp_path: Path) -> None:
    path = tmp_path / "search" / "search_index.json"
    path.parent.mkdir()
    docs = [
        {"location": place, "title": "T", "text": "<p>a</p>"}
        for place in search.terms(GLOSSARY)
    ]
    path.write_text(json.dumps({"docs": docs}), encoding="utf-8")
    search.complete(tmp_path)
    made = json.loads(path.read_text(encoding="utf-8"))["docs"]
    assert {doc["text"] for doc in made} == {"<p>a</p>"}
    assert all(doc["names"] for doc in made)


def test_the_index_is_made_from_a_lean_page() -> None:
    """Formulas in a line, no listing to copy, no drawing, and no span for each word."""
    listing = "<pre><span></span><code><span># nnref 0.1.0, x.py</span>\n</code></pre>"
    code = '<pre><code><span class="k">if</span> <a href="#x">x</a></code></pre>'
    formula = ElementTree.tostring(maths.inline("x^2 + y"), encoding="unicode")
    svg = '<svg role="img" data-search-exclude=""><path d=""/><text>t</text></svg>'
    assert search.lean(f"<p>a {formula}</p>{listing}{svg}<span>s</span>{code}") == (
        '<p>a x²+y</p><span>s</span><pre><code>if <a href="#x">x</a></code></pre>'
    )


def test_a_section_that_is_gone_stops_the_build(tmp_path: Path) -> None:
    path = tmp_path / "search" / "search_index.json"
    path.parent.mkdir()
    path.write_text('{"docs": []}', encoding="utf-8")
    with pytest.raises(pages.PageError, match="concepts/gradient-descent/#momentum"):
        search.complete(tmp_path)
