"""The shares on the page that says how all is checked."""

from __future__ import annotations

import pytest

from doctools import kept, shares


def test_each_drift_of_the_example_is_seen():
    text = shares.drifts()
    for drift in shares.DRIFTS:
        assert f"{drift.kind}: {drift.old}  ->  {drift.new}" in text
    assert "the two sides of this = disagree" in text
    assert "80" in text
    assert "rate" in text


def test_a_drift_that_is_not_seen_stops_the_build(monkeypatch):
    blind = shares.Drift("a number", "After 60 epochs", "After 80 epochs", lambda _: [])
    monkeypatch.setattr(shares, "DRIFTS", (blind,))
    with pytest.raises(AssertionError, match="a number: the change is not seen"):
        shares.drifts()


def test_everything_is_held_or_explained():
    for row in shares.rows():
        assert row.found > 0, row
        assert row.held + row.explained == row.found, row
        assert row.held >= 0.6 * row.found, row


def test_the_table_has_a_row_for_each_kind():
    lines = shares.table().splitlines()
    assert len(lines) == 2 + len(shares.rows())
    assert all(line.count("|") == 5 for line in lines)


def test_pages_are_counted_once_and_again_after_a_change(monkeypatch, tmp_path):
    monkeypatch.setattr(kept.pages, "ROOT", tmp_path)
    monkeypatch.setattr(kept, "CACHE", tmp_path / "cache")
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "page.md"
    asked = []

    def ask(name: str) -> int:
        def count() -> int:
            asked.append(name)
            return len(asked)

        return kept.by_files(name, kept.sources(), count)

    assert [ask("a"), ask("a"), ask("b")] == [1, 1, 2]
    page.write_text("one")
    assert ask("a") == 3
    page.write_text("two")
    assert [ask("a"), ask("a"), ask("b")] == [4, 4, 5]
    page.rename(page.with_name("other.md"))
    assert ask("a") == 6
