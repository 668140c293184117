"""What is made before a build, and what the preview does."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.exceptions import Abort

from doctools import checks, figures, hooks, pages
from eqcheck.outside import code

PAGE = """# A page

Words.

<!-- equation
y = loaded_before.double(3.0)
-->
$$
y = 6
$$
"""


def test_equations_are_held_to_the_package_as_it_is_now(tmp_path, monkeypatch):
    module, page = tmp_path / "loaded_before.py", tmp_path / "page.md"
    module.write_text("def double(x):\n    return 2 * x\n")
    page.write_text(PAGE)
    table = "imports = ['loaded_before']\nagainst = ['loaded_before']\n"
    (tmp_path / "pyproject.toml").write_text(f"[tool.eqcheck]\n{table}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(checks, "CACHE", tmp_path / "kept")
    monkeypatch.delitem(sys.modules, "loaded_before", raising=False)
    import loaded_before

    monkeypatch.setattr(checks, "PACKAGE", module)
    monkeypatch.setattr(checks, "_loaded", code.read(module))
    (result,) = checks.results(page)
    assert result.status == "checked"
    module.write_text("def double(x):\n    return 2 * x + 1\n")
    os.utime(module, ns=(0, 0))
    assert loaded_before.double(1) == 2  # this process goes on with what it loaded
    (result,) = checks.results(page)
    assert result.status == "failed"


FUNCTION = '''
def {0}():
    """Of {0}."""
    return {1}
'''
USES_F = {"reference", "listing", "figure"}


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "nnref"
    folder.mkdir()
    (folder / "one.py").write_text('"""Doc."""' + FUNCTION.format("f", "g()"))
    (folder / "two.py").write_text(FUNCTION.format("g", "1"))
    monkeypatch.setattr(figures, "PACKAGE", folder)
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(hooks, "SHARED", ("shared.css",))
    (tmp_path / "shared.css").write_text("")
    texts = {
        "prose": "Nothing of it.",
        "figure": "```python\nnnref.f()\n```",
        "listing": "<!-- source: f -->",
        "reference": "::: nnref.one",
        "other": "::: nnref.two",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.md").write_text(f"{text}\n")
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "made"),
    [
        ("nnref/one.py", "Doc", "Docs", {"reference"}),
        ("nnref/one.py", "Of f", "About f", {"reference", "listing"}),
        ("nnref/one.py", "g()", "g() + 1", USES_F),
        ("nnref/two.py", "Of g", "About g", {"reference", "listing", "other"}),
        (
            "nnref/two.py",
            "return 1",
            "return 2",
            {"reference", "listing", "figure", "other"},
        ),
        ("prose.md", "Nothing", "Anything", {"prose"}),
        (
            "shared.css",
            "",
            "a {}",
            {"prose", "figure", "listing", "reference", "other"},
        ),
    ],
)
def test_a_page_is_made_again_when_what_it_shows_has_changed(
    package, file, old, new, made
):
    root = package.parent

    def found() -> dict[str, bytes]:
        return {path.stem: hooks.rests_on(path) for path in root.glob("*.md")}

    before = found()
    path = root / file
    path.write_text(path.read_text().replace(old, new, 1))
    os.utime(path, ns=(1, 1))
    after = found()
    assert {name for name in before if before[name] != after[name]} == made


def test_mkdocs_is_told_which_pages_to_make(package, tmp_path, monkeypatch):
    source, target = tmp_path / "prose.md", tmp_path / "prose.html"
    file = SimpleNamespace(
        src_uri="prose.md", abs_src_path=str(source), abs_dest_path=str(target)
    )
    files = SimpleNamespace(documentation_pages=lambda: [file])

    def is_modified() -> bool:  # as MkDocs asks
        hooks.on_files(files)
        return target.stat().st_mtime < source.stat().st_mtime

    hooks.on_startup(command="serve", dirty=True)
    target.write_text("")
    assert is_modified()
    assert not is_modified()
    (tmp_path / "shared.css").write_text("a {}")
    assert is_modified()
    hooks.on_build_error(error=ValueError())  # so that nothing was made
    assert is_modified()
    assert not is_modified()
    hooks.on_startup(command="build", dirty=False)


def test_an_error_of_a_page_is_one_message():
    with pytest.raises(Abort, match=r"page\.md:3: wrong"):
        hooks.on_build_error(error=pages.PageError("page.md:3: wrong"))


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ("a link 'nowhere.md', but the target is not found", "docs/a.md:3, 5: "),
        ("a link '#no', but there is no such anchor on this page.", "docs/a.md:4: "),
        ("an absolute link '/there', it was left as is.", "docs/a.md:5: "),
        ("a link 'in-a-docstring.md', but the target is not found", ""),
    ],
)
def test_a_dead_link_is_named_with_its_line(said, place, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "DOCS", tmp_path / "docs")
    pages.DOCS.mkdir()
    text = "# A\n\n[x](nowhere.md)\n[y](#no)\n[z](nowhere.md) [t](/there)\n"
    (pages.DOCS / "a.md").write_text(text, encoding="utf-8")
    message = f"Doc file 'a.md' contains {said}"
    record = logging.LogRecord("mkdocs", logging.WARNING, "", 0, message, (), None)
    assert hooks.locate_link(record)
    assert record.getMessage() == place + message


def test_the_browser_shows_what_is_wrong_while_it_is():
    wrong: list[str] = []

    def builder() -> None:
        logging.getLogger("mkdocs.livereload").warning("GET / 500")
        if "link" in wrong:
            logging.getLogger("mkdocs.pages").warning("a link to <nowhere>")
        if "page" in wrong:
            raise pages.PageError("page.md:3: wrong")

    def site(environ, start_response):
        start_response("200 OK", [])
        return [b"the site"]

    preview = hooks.Preview(builder, site)

    def answer(path: str) -> tuple[str, str]:
        status = []
        preview.build()
        body = preview.answer({"PATH_INFO": path}, lambda s, _: status.append(s))
        return status[0], b"".join(body).decode()

    assert answer("/") == ("200 OK", "the site")
    wrong[:] = ["page"]
    status, body = answer("/concepts/")
    assert status.startswith("500")
    assert "page.md:3: wrong" in body
    assert 'http-equiv="refresh"' in body
    assert answer("/assets/site.css") == ("200 OK", "the site")
    wrong[:] = ["link"]
    assert "a link to &lt;nowhere&gt;" in answer("/")[1]
    wrong[:] = []
    assert answer("/") == ("200 OK", "the site")
