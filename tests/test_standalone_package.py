"""The equation checker alone, on the folder that its README shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from doctools.pages import ROOT, Fence, elements

HOME = ROOT / "equation-checker"
TEXT = (HOME / "README.md").read_text(encoding="utf-8")
FENCES = [element for element in elements(TEXT) if isinstance(element, Fence)]

# Python without this project: what is asked for it is an error.
ALONE = """
import sys
sys.path[:] = [p for p in sys.path if p not in {"", "."}]
sys.path += [CHECKER, SITE]

class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"nnref", "doctools"}:
            raise AssertionError(f"the checker asks for {name}")

sys.meta_path.insert(0, Forbidden())
"""
COMMAND = "from eqcheck.outside.cli import main; sys.exit(main(sys.argv[1:]))"
PYTEST = """import pytest
plugins = ["-p", "no:cacheprovider"]
sys.exit(pytest.main([*plugins, "-p", "eqcheck.outside.pytest_plugin", *sys.argv[1:]]))
"""


def shown(info: str) -> list[str]:
    return [fence.text for fence in FENCES if fence.info == info]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """The package in a place of its own."""
    place = tmp_path_factory.mktemp("alone")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HOME / "eqcheck", place / "eqcheck", ignore=ignored)
    return place


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder of the README."""
    (tmp_path / "docs").mkdir()
    (module,) = shown("python")
    (table,) = shown("toml")
    (page,) = shown("markdown")
    (tmp_path / "variance.py").write_text(module)
    (tmp_path / "pyproject.toml").write_text(table)
    (tmp_path / "docs" / "variance.md").write_text(page)
    return tmp_path


@pytest.fixture
def run(home, folder):
    def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        start = ALONE.replace("CHECKER", repr(str(home)))
        start = start.replace("SITE", repr(sysconfig.get_path("purelib")))
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        # -S: no site-packages with their links to this project, nor entry points
        command = [sys.executable, "-S", "-c", start + code, *arguments]
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True
        )

    return run


def test_the_command_says_what_the_readme_shows(run):
    (said,) = [text for text in shown("text") if "FAILED" in text]
    result = run(COMMAND, "docs")
    assert result.stderr == ""
    assert result.stdout.strip() == said.strip()
    assert result.returncode == 1


def test_with_the_right_formula_it_holds_and_every_change_is_noticed(run, folder):
    page = folder / "docs" / "variance.md"
    wrong, right = "s^2 = \\frac{1}{n}", "s^2 = \\frac{1}{n - 1}"
    page.write_text(page.read_text().replace(wrong, right))
    result = run(COMMAND, "docs")
    assert (result.returncode, result.stderr) == (0, "")
    assert "against variance.sample_variance" in result.stdout
    (caught, tried) = re.search(r"(\d+) of (\d+) changed", result.stdout).groups()
    assert caught == tried


def test_pytest_has_one_test_for_each_equation(run, folder):
    result = run(PYTEST, "docs")
    assert "docs/variance.md F" in result.stdout
    assert "variance.md:10: the two sides of this = disagree" in result.stdout
    (folder / "pyproject.toml").unlink()
    assert "no tests ran" in run(PYTEST, "docs").stdout


def test_the_commands_of_the_readme(run):
    (commands,) = [text for text in shown("text") if "pip install" in text]
    lines = [line.partition("#")[0].split() for line in commands.splitlines()]
    for command in [line for line in lines if line and line[0] == "eqcheck"]:
        result = run(COMMAND, *command[1:])
        assert (result.returncode, result.stderr) == (1, ""), command
        assert "the two sides of this = disagree" in result.stdout


def test_the_table_of_the_readme_lists_every_key():
    from eqcheck.outside.config import _KINDS

    rows = re.findall(r"^\| (`.+?`) \|", TEXT, re.MULTILINE)
    listed = {key for row in rows for key in re.findall(r"`([a-z-]+)`", row)}
    assert listed == set(_KINDS)


def test_what_is_forbidden_is_noticed(run):
    assert "the checker asks for nnref" in run("import nnref").stderr
