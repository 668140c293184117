"""The table `[tool.eqcheck]`."""

from __future__ import annotations

import ast

import pytest

from eqcheck import Config, check_page, check_text
from eqcheck.outside.config import ConfigError, find

BARE = "$$\n1 = 2\n$$\n"


@pytest.fixture
def table(tmp_path, monkeypatch):
    def write(text: str) -> Config:
        (tmp_path / "pyproject.toml").write_text(f"[tool.eqcheck]\n{text}\n")
        return find()

    monkeypatch.chdir(tmp_path)
    return write


def test_every_key(table, tmp_path):
    config = table(
        'imports = ["standin", "numpy.linalg as la"]\nagainst = ["standin"]\n'
        'without-comment = "warn"\nseed = 7\ndraws = 2\npaths = ["docs", "*.md"]'
    )
    assert config.packages.imports == {"standin": "standin", "la": "numpy.linalg"}
    assert config.against == ("standin",)
    assert (config.without_comment, config.seed, config.draws) == ("warn", 7, 2)
    assert config.folder == tmp_path
    assert config.covers(tmp_path / "docs" / "deep" / "a.md")
    assert config.covers(tmp_path / "README.md")
    config = table('paths = ["docs/", "notes/*.md"]')
    assert config.covers(tmp_path / "notes" / "a.md")
    assert not config.covers(tmp_path / "README.md")
    assert not config.covers(tmp_path.parent / "docs" / "a.md")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('import = ["a"]', "import is no key of [tool.eqcheck]; there are imports, ag"),
        ('imports = "a"', "imports in [tool.eqcheck] must be a list of strings"),
        ("imports = [1]", "imports in [tool.eqcheck] must be a list of strings"),
        ("seed = true", "seed in [tool.eqcheck] must be a number"),
        ("draws = 0", "draws in [tool.eqcheck] must be 1 or more"),
        ('without-comment = "no"', 'must be one of "ignore", "warn", "fail"'),
        ('imports = ["a b"]', '"a b" is neither "module" nor "package.module as name"'),
        ('imports = ["a.b"]', '"a.b" is neither "module" nor'),
        ('against = ["a"]', "names a, which `imports` does not list"),
        ("seed = ", "Invalid value"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(table, tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        table(text)
    assert str(caught.value).startswith(f"{tmp_path / 'pyproject.toml'}: ")
    assert message in str(caught.value)


def test_the_nearest_table_above_the_page_counts(table, tmp_path):
    table("draws = 2")
    inner = tmp_path / "inner" / "docs"
    inner.mkdir(parents=True)
    (inner.parent / "pyproject.toml").write_text("[tool.other]\n")
    assert find(inner / "a.md").draws == 2  # a file without the table is passed over
    (inner.parent / "pyproject.toml").write_text("[tool.eqcheck]\ndraws = 5\n")
    assert find(inner / "a.md").draws == 5


def test_without_a_table_nothing_is_covered_and_nothing_imported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find(tmp_path / "a.md") == Config()
    assert not Config().covers(tmp_path / "a.md")
    text = "<!-- equation\nx = standin.sigmoid(0.0)\n-->\n$$\nx = 0.5\n$$\n"
    (result,) = check_text(text, config=Config())
    assert "page.md:2: NameError: name 'standin' is not defined" in result.reason
    assert '[tool.eqcheck] imports = ["standin"]' in result.reason
    missing = text.replace("standin", "missing_module")
    (result,) = check_text(missing, config=Config(imports=("missing_module",)))
    assert "No module named 'missing_module' (from `imports`" in result.reason


def test_what_an_equation_without_a_comment_means():
    assert check_text(BARE, config=Config(without_comment="ignore")) == []
    (warned,) = check_text(BARE, config=Config(without_comment="warn"))
    assert (warned.status, warned.comparisons) == ("not checked", 0)
    assert warned.reason == "not checked, because no comment stands above it"
    (failed,) = check_text(BARE, config=Config(without_comment="fail"))
    assert failed.reason.startswith("page.md:1: no comment `<!-- equation` stands")


def test_only_what_is_held_against_is_named():
    text = "<!-- equation\nx = {}(0.0)\n-->\n$$\nx = {}\n$$\n"
    both = Config(imports=("standin as s", "math"), against=("standin",))
    (result,) = check_text(text.format("s.sigmoid", 0.5), config=both)
    assert (result.against, result.bound) == (("standin.sigmoid",), ("sigmoid",))
    (result,) = check_text(text.format("math.cos", 1), config=both)
    assert (result.status, result.against) == ("checked", ())
    deep = Config(imports=("numpy as np",), against=("numpy.linalg", "numpy"))
    assert deep.packages.held_against(ast.parse("np.linalg.norm(x).sum()")) == {
        "numpy.linalg.norm"
    }


def test_seed_and_draws():
    text = "<!-- equation\nx = rng.normal()\n-->\n$$\nx = {}\n$$\n"
    reasons = {
        check_text(text.format(0), config=Config(seed=s))[0].reason for s in (0, 1, 2)
    }
    assert len(reasons) == 3
    (result,) = check_text(text.format("x"), config=Config(draws=5))
    assert result.comparisons == 5


def test_the_cache_knows_what_a_result_rests_on(tmp_path):
    path = tmp_path / "page.md"
    path.write_text("<!-- equation\nx = rng.normal()\n-->\n$$\nx = x + 0\n$$\n")
    kept = tmp_path / "kept"

    def comparisons(**options):
        (result,) = check_page(path, cache=kept, **options)
        return result.comparisons, bool(result.mutants)

    assert comparisons(config=Config()) == (3, True)
    assert comparisons(config=Config(), trials=False) == (3, False)
    assert comparisons(config=Config(draws=4)) == (4, True)
    assert len(list(kept.iterdir())) == 1  # the newest
