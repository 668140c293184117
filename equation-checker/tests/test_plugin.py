"""The pytest plugin, the command and what they print."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from eqcheck import CACHE, check_page
from eqcheck.outside.cli import main
from eqcheck.outside.sources import name_of

pytest_plugins = "pytester"

TABLE = """\
[tool.eqcheck]
imports = ["standin"]
against = ["standin"]
without-comment = "{}"
"""
PAGE = """\
# A page

<!-- equation
z = rng.normal(size=4)
p = standin.softmax(z)
-->
$$
p_k = \\frac{e^{z_k}}{\\sum_j e^{z_j}}
$$

<!-- equation -->
$$
\\sum_k p_k = 2
$$

<!-- equation: not checked, because it is an example -->
$$
\\anything
$$
"""
BARE = "\n$$\n1 = 2\n$$\n"
FAILURE = "page.md:13: the two sides of this = disagree"


@pytest.fixture
def run(pytester):
    pytester.makefile(".md", page=PAGE, other="no equation\n")
    pytester.makepyprojecttoml(TABLE.format("fail"))

    def run(*arguments):
        plugins = ("-p", "no:hypothesispytest", "-p", "no:cacheprovider")
        installed = entry_points(group="pytest11", name="eqcheck")
        loaded = () if installed else ("-p", "eqcheck.outside.pytest_plugin")
        return pytester.runpytest_inprocess(*plugins, *loaded, *arguments)

    return run


def test_one_test_for_each_equation(run):
    result = run("-v")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines_random(
        [
            "page.md::equation line 7 PASSED*",
            "page.md::equation line 12 FAILED*",
            "page.md::equation line 17 PASSED*",
            f"*{FAILURE}",
            "left:  1",
            "right: 2",
            "    p  (4,)",
        ]
    )
    result.stdout.no_fnmatch_line("*Error*")


def test_one_can_be_selected(run):
    run("-k", "equation and 7 and not 17").assert_outcomes(passed=1, deselected=2)
    run("page.md::equation line 12").assert_outcomes(failed=1)


def test_a_project_without_a_table_is_left_alone_unless_it_asks(run, pytester):
    (pytester.path / "pyproject.toml").unlink()
    run().assert_outcomes()
    # nobody told it about `standin`, so that the symbols of line 7 are missing
    run("--eqcheck").assert_outcomes(passed=1, failed=2)


def test_only_the_paths_of_the_table(run, pytester):
    pytester.makepyprojecttoml(TABLE.format("fail") + 'paths = ["docs"]\n')
    run().assert_outcomes()
    pytester.mkdir("docs")
    (pytester.path / "page.md").rename(pytester.path / "docs" / "page.md")
    run().assert_outcomes(passed=2, failed=1)


def test_a_wrong_table_is_said_in_a_line(run, pytester):
    pytester.makepyprojecttoml("[tool.eqcheck]\nimport = []\n")
    result = run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*pyproject.toml: import is no key of *"])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("choice", "outcomes"),
    [
        ("ignore", {"passed": 2, "failed": 1}),
        ("warn", {"passed": 3, "failed": 1, "warnings": 1}),
        ("fail", {"passed": 2, "failed": 2}),
    ],
)
def test_an_equation_without_a_comment(run, pytester, choice, outcomes):
    pytester.makepyprojecttoml(TABLE.format(choice))
    pytester.makefile(".md", page=PAGE + BARE)
    result = run("-W", "default")
    result.assert_outcomes(**outcomes)
    if choice == "warn":
        result.stdout.fnmatch_lines(["*page.md:21: no comment stands above it*"])


def test_the_page_is_checked_once_and_kept_for_the_command_too(run, pytester, capsys):
    run()
    kept = list((pytester.path / CACHE).iterdir())
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    run().assert_outcomes(passed=2, failed=1)
    assert main(["page.md"]) == 1
    assert [file.stat().st_mtime_ns for file in (pytester.path / CACHE).iterdir()] == [
        before
    ]


# ----------------------------------------------------------------------- the command


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(TABLE.format("ignore"))
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "page.md").write_text(PAGE + BARE, encoding="utf-8")
    (docs / "good.md").write_text("<!-- equation -->\n$$\n1 + 1 = 2\n$$\n")
    return tmp_path


def test_command(folder, capsys):
    assert main(["docs/page.md"]) == 1
    out = capsys.readouterr().out
    assert "docs/page.md:7: checked (12 comparisons; against standin.softmax; " in out
    assert f"docs/page.md:12: FAILED\ndocs/{FAILURE}" in out
    assert "docs/page.md:17: not checked (not checked, because it is an example)" in out
    assert main(["docs/good.md"]) == 0


def test_messages_name_a_page_by_its_path_in_the_project(folder, monkeypatch):
    """Two pages of a project may have the same file name."""
    page, kept = folder / "docs" / "page.md", folder / "kept"
    for here in (folder, folder / "docs", folder.parent):
        monkeypatch.chdir(here)
        found = check_page(page, cache=kept)
        assert [r for r in found if r.reason.startswith(f"docs/{FAILURE}")]
    assert len(list(kept.iterdir())) == 1  # the same from everywhere
    (folder / "pyproject.toml").unlink()
    assert name_of(page) == "page.md"


def test_a_folder(folder, capsys):
    assert main(["docs"]) == 1
    out = capsys.readouterr().out
    assert out.index("docs/good.md:2: checked") < out.index("docs/page.md:7: checked")


def test_json(folder, capsys):
    assert main(["--json", "docs"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert [(each["page"], each["line"], each["status"]) for each in data] == [
        ("docs/good.md", 2, "checked"),
        ("docs/page.md", 7, "checked"),
        ("docs/page.md", 12, "failed"),
        ("docs/page.md", 17, "not checked"),
    ]
    assert data[1]["against"] == ["standin.softmax"]
    assert FAILURE in data[2]["reason"]


def test_without_trials_and_without_cache(folder, capsys):
    assert main(["--no-trials", "--no-cache", "docs/good.md"]) == 0
    assert "changed forms" not in capsys.readouterr().out
    assert not Path(CACHE).exists()
    assert main(["docs/good.md"]) == 0
    assert "changed forms noticed" in capsys.readouterr().out
    assert len(list(Path(CACHE).iterdir())) == 1


@pytest.mark.parametrize("line", [3, 5, 7, 9])
def test_one_equation_by_any_of_its_lines(folder, capsys, line):
    assert main([f"docs/page.md:{line}"]) == 0
    out = capsys.readouterr().out
    assert "line 8: asserted, 12 comparisons, against standin.softmax" in out
    for part in ("p[k]", "quotient", "\\sum over j", "index k = 1..4", "shape (4,)"):
        assert part in out
    assert "docs/page.md:7: checked" in out
    assert "line 13" not in out


def test_one_equation_that_fails(folder, capsys):
    assert main(["docs/page.md:13"]) == 1
    assert FAILURE in capsys.readouterr().out


def test_one_definition_knows_what_uses_it(folder, capsys):
    text = (
        "<!-- equation\nx = 2.0\n-->\n$$\nL = x^2\n$$\n\n<!-- equation -->\n$$\n{}\n$$"
    )
    Path("a.md").write_text(text.format("L = x x"))
    assert main(["a.md:2"]) == 0
    assert "a definition, used by line 10" in capsys.readouterr().out
    Path("a.md").write_text(text.format("x = 2"))
    assert main(["a.md:2"]) == 1
    assert "nothing asserts anything with it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("nowhere.md", "nowhere.md does not exist"),
        ("nowhere.md:3", "nowhere.md does not exist"),
        ("docs:3", "docs is a folder: a line belongs to a file"),
        ("empty", "empty holds no Markdown files (*.md)"),
        (
            "docs/page.md:1",
            "page.md:1: no equation stands here; the nearest is in line",
        ),
        ("docs/page.md:22", "page.md:22: no comment `<!-- equation` stands above this"),
        ("binary.md", "binary.md cannot be read as text"),
        ("open.md", "open.md:1: this equation is never closed"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(folder, capsys, argument, message):
    Path("empty").mkdir()
    Path("binary.md").write_bytes(b"\xff\xfe\x00")
    Path("open.md").write_text("$$\nx = 1\n")
    assert main([argument]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("eqcheck: ")
    assert message in said.err
    assert said.err.count("\n") == 1


def test_a_wrong_table_is_a_wrong_use(folder, capsys):
    Path("pyproject.toml").write_text("[tool.eqcheck]\nimport = []\n")
    assert main(["docs"]) == 2
    assert "import is no key of [tool.eqcheck]" in capsys.readouterr().err


def test_command_alone(capsys):
    with pytest.raises(SystemExit) as left:
        main([])
    assert left.value.code == 2
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    assert "PAGE[:LINE]" in capsys.readouterr().out
