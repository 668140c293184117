"""Small changes of a module, and whether the pages and tests notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from doctools import copies, mutants
from doctools.equivalent import EQUIVALENT

SOURCE = '''
"""1 + 1 in a docstring stays, and so does what is in no function."""
TWO = 1 + 1


class C:
    def f(self, x: int | None, *, flag=True) -> list[int, 2]:
        if not x < 3:
            raise ValueError(f"{x + 1}" + "!")
        return -x * 7  # é stands before nothing
'''


@pytest.fixture
def found(tmp_path: Path, monkeypatch) -> list[mutants.Mutant]:
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    (tmp_path / "m.py").write_text(SOURCE, encoding="utf-8")
    return mutants.mutants(tmp_path / "m.py")


def test_what_runs_in_functions_is_changed_and_nothing_else(found) -> None:
    changes = {m.change for m in found if m.runs}
    assert {
        "if not x < 3:  ->  if not x <= 3:",
        "if not x < 3:  ->  if not x < 4:",
        "return -x * 7  # é stands before nothing  ->  "
        "return -x / 7  # é stands before nothing",
        "return -x * 7  # é stands before nothing  ->  "
        "return +x * 7  # é stands before nothing",
    } <= changes
    assert any("flag=False" in change for change in changes)
    assert {m.line for m in found} <= {7, 8, 10}
    assert {m.inside for m in found} == {"C.f"}
    for kept in ("x: int | None", "list[int, 2]", 'f"{x + 1}" + "!"', "TWO = 1 + 1"):
        assert all(kept in m.text for m in found)


def test_each_change_is_applied_and_undone(found, tmp_path: Path) -> None:
    other = tmp_path / "copy"
    other.mkdir()
    for mutant in found:
        mutant.apply(other)
        assert (other / "m.py").read_text(encoding="utf-8") != SOURCE
        mutant.undo(other)
        assert (other / "m.py").read_text(encoding="utf-8") == SOURCE


def test_a_draw_takes_a_change_of_every_line_before_a_second(found, tmp_path) -> None:
    drawn = mutants.draw([tmp_path / "m.py"], 3, seed=0)
    assert sorted(m.line for m in drawn) == [7, 8, 10]
    assert all(m.runs for m in drawn)
    everything = mutants.draw([tmp_path / "m.py"], 1000, seed=0)
    assert len(everything) == len({(m.operator, m.occurrence) for m in everything})
    assert len(everything) == sum(m.runs for m in found)


def test_the_page_and_the_tests_of_a_module_come_first() -> None:
    first, *rest = mutants.order("losses")
    assert first == "docs/reference/losses.md"
    assert "docs/concepts/loss-functions.md" in rest
    first, *rest = mutants.tests("losses")
    assert first == "tests/test_losses.py"
    assert "tests/test_gradients.py" in rest
    assert "tests/test_census.py" not in rest


def test_what_is_called_equivalent_is_a_change_that_exists() -> None:
    """After a change of nnref, the list must not keep what is no more."""
    there = set()
    modules = {key.partition(".")[0] for key in EQUIVALENT}
    for path in mutants.package_files():
        module = path.stem
        if module not in modules:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        for m in mutants.mutants(path):
            # To make a change takes its time: only where there is one to compare.
            place = f"{module}.{m.inside}: {lines[m.line - 1].strip()}  ->"
            if any(key.startswith(place) for key in EQUIVALENT):
                there.add(f"{module}.{m.inside}: {m.change}")
    assert set(EQUIVALENT) - there == set()


def test_pages_pass_in_a_copy(tmp_path: Path) -> None:
    """Else no change would be tried; these pages name files from all over."""
    copied = copies.copy(tmp_path)
    assert (copied / "tests" / "site").is_dir()  # not that in which the site is built
    for name in (".git", ".venv", ".cache", "site", "doctools/theme/_py"):
        assert not (copied / name).exists()
    assert mutants.passes(copied, ["docs/getting-started.md", "docs/hosting.md"])
    assert not mutants.passes(copied, ["docs/nowhere.md"])
