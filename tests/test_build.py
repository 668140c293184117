"""When a site is built again, and what is made before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from doctools import build, hooks, metadata, pages, search, wasm


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# A\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: A\n")
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(wasm, "CACHE", tmp_path / ".cache" / "wasm")
    monkeypatch.delenv("NNREF_REQUIRE_BROWSER", raising=False)
    # This site has no glossary, and not the theme that says what a page is about.
    for part in (search, metadata):
        monkeypatch.setattr(part, "complete", lambda site: None)
    monkeypatch.setattr(hooks, "prepare", lambda: None)
    monkeypatch.setattr(build, "CACHE", tmp_path / ".cache" / "site")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["build", *arguments])
    return build.main()


def test_only_what_has_changed_is_built(project, monkeypatch):
    page, site = project / "docs" / "index.md", project / "site"
    built = []
    start = build._start
    monkeypatch.setattr(build, "_start", lambda *all_: built.append(1) or start(*all_))

    assert run(monkeypatch) == 0
    first = (site / "index.html").read_text()
    (site / "index.html").write_text("spoilt")
    (site / "more.html").write_text("left over")
    assert run(monkeypatch) == 0
    assert (site / "index.html").read_text() == first
    assert not (site / "more.html").exists()
    assert run(monkeypatch, "--site-dir", "elsewhere") == 0
    assert (project / "elsewhere" / "index.html").read_text() == first
    assert len(built) == 2  # one for each language

    page.write_text("# B\n")
    assert run(monkeypatch) == 0
    assert "B" in (site / "index.html").read_text()
    assert "B" in (site / "zh" / "index.html").read_text()
    assert len(built) == 4

    page.write_text("[Nowhere](nowhere.md)\n")
    assert run(monkeypatch) == 1  # a warning, and strict
    assert run(monkeypatch) == 1
    assert len(built) == 8
    page.write_text("# B\n")
    assert run(monkeypatch) == 0
    assert len(list(build.CACHE.iterdir())) == 1


def test_what_a_site_is_built_from(project, monkeypatch):
    found = {build.inputs([])}
    for change in (
        lambda: (project / "docs" / "new.md").write_text(""),
        lambda: (project / "mkdocs.yml").write_text("site_name: B\n"),
        lambda: (project / "nnref").mkdir() or (project / "nnref" / "a.py").touch(),
        lambda: monkeypatch.setitem(os.environ, "NNREF_SITE_URL", "https://b"),
        lambda: monkeypatch.setattr(build, "distributions", list),
    ):
        change()
        found.add(build.inputs([]))
    found.add(build.inputs(["--verbose"]))
    assert len(found) == 7
    assert build.inputs([]) in found
