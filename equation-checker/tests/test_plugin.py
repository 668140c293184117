"""The pytest plugin, the command and what they print."""

from __future__ import annotations

from pathlib import Path

import pytest

from eqcheck.outside.cli import main

pytest_plugins = "pytester"

PAGE = """\
# A page

<!-- equation
z = rng.normal(size=4)
p = nnref.softmax(z)
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
FAILURE = "page.md:13: the two sides of this = disagree"


@pytest.fixture
def run(pytester):
    pytester.makefile(".md", page=PAGE, other="no equation\n")

    def run(*arguments):
        plugins = ("-p", "no:hypothesispytest", "-p", "no:cacheprovider")
        return pytester.runpytest_inprocess(*plugins, *arguments)

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


def test_the_page_is_checked_once_and_kept(run, pytester, monkeypatch):
    monkeypatch.setattr("eqcheck.outside.pytest_plugin.CACHE", Path(".cache/equations"))
    run()
    kept = list((pytester.path / ".cache" / "equations").iterdir())
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    run().assert_outcomes(passed=2, failed=1)
    assert kept[0].stat().st_mtime_ns == before


def test_command(tmp_path, capsys):
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    assert main([str(path)]) == 1
    out = capsys.readouterr().out
    assert f"{path}:7: checked (12 comparisons; against nnref.softmax; " in out
    assert f"{path}:12: FAILED\n{FAILURE}" in out
    assert f"{path}:17: not checked (not checked, because it is an example)" in out


def test_command_explains_one_equation(tmp_path, capsys):
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    assert main([f"{path}:4"]) == 0
    out = capsys.readouterr().out
    assert "line 8: asserted, 12 comparisons, against softmax" in out
    for part in ("p[k]", "quotient", "\\sum over j", "index k = 1..4", "shape (4,)"):
        assert part in out
    assert "line 13" not in out
    assert main([f"{path}:1"]) == 1
    assert "no displayed equation stands here" in capsys.readouterr().out


def test_command_alone(capsys):
    assert main([]) == 2
    assert main(["--help"]) == 0
    assert "PAGE:LINE" in capsys.readouterr().out
