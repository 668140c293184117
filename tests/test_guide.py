"""What the guide for authors says about equations is so."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from doctools import pages
from eqcheck import check_page, check_text, read_page
from eqcheck.latex.names import identifier
from eqcheck.outside.cli import main
from eqcheck.outside.config import find
from eqcheck.symbols.comment import is_helper, read_comment

GUIDE = pages.DOCS / "writing-equations.md"
TEXT = GUIDE.read_text(encoding="utf-8")
FENCES = [e for e in pages.elements(TEXT) if isinstance(e, pages.Fence)]
EXAMPLES = [fence for fence in FENCES if fence.info == "markdown"]
# the left column of the table of comment lines
COMMENT = TEXT.partition("## The comment")[2].partition("\n## ")[0]
LINES = re.findall(r"^\| `(.+?)` \|", COMMENT, re.MULTILINE)
COMMANDS = re.findall(r"^python -m eqcheck (.+?)(?: +#.*)?$", TEXT, re.MULTILINE)
NODES = re.findall(r"""pytest "(.+?::.+?)\"""", TEXT)


def test_its_equations_hold():
    results = check_page(GUIDE)
    assert {result.status for result in results} <= {"checked", "setting"}
    assert all(not result.survivors for result in results)


@pytest.mark.parametrize("fence", EXAMPLES, ids=lambda fence: f"line {fence.line}")
def test_its_examples_hold(fence):
    results = check_text(fence.text, "example.md")
    assert results
    assert {result.status for result in results} <= {"checked", "definition"}


def test_the_example_shown_is_the_one_rendered():
    (shown,) = [fence for fence in EXAMPLES if "softmax" in fence.text]
    assert shown.text in TEXT.replace("````markdown\n" + shown.text, "", 1)


def test_the_failure_shown_is_the_one_it_gets():
    (shown,) = [fence for fence in FENCES if "disagree" in fence.text]
    (example,) = [fence for fence in EXAMPLES if "softmax" in fence.text]
    wrong = example.text.replace("p_i - y_i", "p_i + y_i")
    (result,) = check_text(wrong, "loss-functions.md")
    assert result.reason == shown.text.strip()


def test_there_are_commands_to_run():
    assert any(":" in command for command in COMMANDS)
    assert NODES


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_do_what_it_says(command, monkeypatch, capsys):
    monkeypatch.chdir(pages.ROOT)
    assert main(command.split()) == 0
    said = capsys.readouterr()
    assert said.err == ""
    page, _, line = command.partition(":")
    shown = re.findall(rf"^{re.escape(page)}:(\d+): checked", said.out, re.MULTILINE)
    assert len(shown) == 1 if line else len(shown) > 10
    assert ("side 1: " in said.out) == bool(line)


@pytest.mark.parametrize("node", NODES)
def test_its_node_ids_exist(node):
    page, _, name = node.partition("::")
    names = {f"equation line {each.line}" for each in read_page(pages.ROOT / page)}
    assert name in names
    line = name.rpartition(" ")[2]
    assert f"whose `$$` opens in line {line}." in TEXT
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", node]
    found = subprocess.run(command, cwd=pages.ROOT, capture_output=True, text=True)
    assert node in found.stdout, found.stdout + found.stderr


def test_the_switches_it_names_are_those_of_the_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    offered = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert offered == set(re.findall(r"`(--[a-z-]+)`", TEXT)) - {"--eqcheck"}


def test_the_table_it_shows_is_the_one_of_this_project():
    config = find(GUIDE)
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| `(.+?)` \|", TEXT, re.MULTILINE))
    assert rows
    for key, value in rows.items():
        told = getattr(config, key.replace("-", "_"))
        assert json.loads(value) == (list(told) if isinstance(told, tuple) else told)
    assert f"| `draws`, `seed` | {config.draws}, {config.seed} |" in TEXT


def test_the_misspelt_symbol_it_shows_gets_this_error():
    (shown,) = [fence.text for fence in FENCES if "is given here" in fence.text]
    page = (
        "<!-- equation\nr = rng.normal(size=3)\nL_{\\mathrm{Huber}} = np.sum(r ** 2)\n"
        "-->\n$$\nL_{\\mathrm{Hub}} = \\sum_i r_i^2\n$$\n"
    )
    (result,) = check_text(page)
    assert result.reason == shown.strip()


def test_every_line_of_the_table_is_read():
    assert len(LINES) >= 15
    for line in LINES:
        comment = read_comment(f"equation\n{line}", 1)
        assert comment != read_comment("equation", 1), line


@pytest.mark.parametrize(
    ("latex", "name"),
    [
        ("\\hat{y}", "y_hat"),
        ("n_{in}", "n_in"),
        ("\\lambda", "lambda_"),
        ("\\mathbf{x}", "x"),
        ("\\Delta w", "Deltaw"),
        ("\\sigma_{\\max}", "sigma_max"),
        ("w^{*}", "w_star"),
        ("f'", "f_prime"),
        ("\\bar{x}_{1}", "x_bar_1"),
    ],
)
def test_python_names(latex, name):
    assert identifier(latex) == name


def test_names_of_python_only():
    assert all(map(is_helper, ["labels", "w_true", "x1", "dW"]))
    assert not any(map(is_helper, ["x", "H_o", "x_0", "\\hat{y}"]))
