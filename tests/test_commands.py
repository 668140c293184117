"""The commands that pages tell a reader to type exist, with their options and files."""

from __future__ import annotations

import subprocess
import sys

import pytest

from doctools import commands, names, pages
from doctools.commands import fault, on_page

ALL = [each for path in names.all_pages() for each in on_page(path)]


@pytest.mark.parametrize("command", ALL, ids=lambda command: command.place)
def test_a_command_of_a_page(command):
    why = fault(command.text)
    assert not why, f"{command.place}: `{command.text}`: {why}"


def test_the_node_ids_shown_are_collected():
    shown = {
        word
        for each in ALL
        for words in commands._split(each.text)
        for word in words
        if "::" in word
    }
    assert shown
    options = [sys.executable, "-m", "pytest", "--collect-only", "-q"]
    result = subprocess.run(
        [*options, *sorted(shown)],
        cwd=pages.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert all(node in result.stdout for node in shown)


def test_every_target_of_the_makefile_can_run():
    targets = [target for target in commands.targets() if target.isalpha()]
    assert {"test", "site", "lock", "bench"} <= set(targets)
    for target in targets:
        assert not fault(f"make {target}"), target


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("make tests", "the Makefile has no target tests; nearest: test"),
        ("python -m doctools.bild", "no module doctools.bild"),
        ("python -m doctools.build server", "invalid choice: 'server'"),
        ("python -m doctools.names --mutant 3", "unrecognized arguments"),
        ("python -m doctools.names --count x", "invalid int value: 'x'"),
        ("python -m venv --with-pip .venv", "python -m venv has no option --with-pip"),
        ("python docs/none.py", "no file docs/none.py"),
        ("pip install --hashes -r requirements/dev.txt", "no option --hashes"),
        ("pip install -r requirements/all.txt", "no file requirements/all.txt"),
        ("pip install -e .[figure]", "no extra figure; there are figures"),
        ("pip install -e equation-cheker", "pyproject.toml does not name it"),
        ("pip install tensorflow", "pyproject.toml does not name it"),
        ("mypy -X dev", "mypy has no option -X"),  # which Python has
        ("pytest doc", "no file doc"),
        ("pytest --colour docs", "has no option --colour"),
        ("pytest -k equatoin docs", "pytest -k equatoin selects no test"),
        ("pytest 'docs/index.md::equation line 1'", "has no test 'equation line 1'"),
        ("pytest tests/test_names.py::test_none", "has no test test_none"),
        ("pytest -n many", "takes a number or auto"),
        ("python -m eqcheck docs/notation.md:1", "no displayed equation at line 1"),
        ("python -m eqcheck docs/none.md", "no file docs/none.md"),
        ("python -m eqcheck --frobnicate docs", "eqcheck has no option --frobnicate"),
        ("mkdocs server", "mkdocs has no command server"),
        ("mkdocs serve --fast", "mkdocs serve has no option --fast"),
        ("ruff chek .", "ruff chek"),
        ("git push --all", "no check for git push"),
        ("npm start", "no check for npm: add it to CHECKS"),
        (". venv/bin/activate", "only .venv/bin/activate"),
        ("make test && make tests", "no target tests"),
        ("make 'test", "a shell cannot read this"),
    ],
)
def test_what_cannot_work_is_noticed(text, why):
    assert why in fault(text)


@pytest.mark.parametrize(
    "text",
    [
        "make test  # everything",
        "OMP_NUM_THREADS=1 make lint PYTHON=python3",
        "pip install nnref[figures]",
        "pip install '.[dev]'",
        "pytest tests/test_names.py::test_docstrings -x",
        "python -m doctools.build build --strict",
        "python -m eqcheck docs/concepts/PAGE.md",
        "ruff check .",
    ],
)
def test_what_works(text):
    assert fault(text) == ""


def test_a_renamed_file_fails_the_recipe(monkeypatch):
    made = {**commands.targets(), "env": (["requirements/gone.txt"], [])}
    monkeypatch.setattr(commands, "targets", lambda: made)
    assert "which does not exist" in fault("make test")
    made["lint"] = ([], [".venv/bin/python -m doctools.gone"])
    made["env"] = ([], [])
    assert "no module doctools.gone" in fault("make lint")


def test_commands_are_found_by_rule(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# P\n\nType `make test`, or `npm start`.\n\n"
        "```text\n$ pip install .\nplain\n```\n"
        "\n```python\nprint('make it')\n```\n\n"
        "<!--pytest-codeblocks:expected-output-->\n\n```text\nmake it\n```\n\n"
        "```sh\nfrobnicate\n```\n",
        encoding="utf-8",
    )
    found = [(c.place.rpartition(":")[2], c.text) for c in on_page(page)]
    assert sorted(found) == [
        ("21", "frobnicate"),
        ("3", "make test"),
        ("3", "npm start"),
        ("6", "pip install ."),
    ]
    assert "no check for frobnicate" in fault("frobnicate")
