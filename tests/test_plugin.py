import pytest

pytest_plugins = "pytester"

# Each run inside a test would import Hypothesis anew, which takes a second.
WITHOUT = ["-p", "no:hypothesispytest", "-p", "no:cacheprovider"]

GOOD = """\
# Page

```python
print("a")
```

<!--pytest-codeblocks:expected-output-->

```text
a
```

??? success "Solution"

    ```python
    assert 1 + 1 == 2
    ```
"""

BAD = """\
# Page

```python
print("a")
```

<!--pytest-codeblocks:expected-output-->

```text
b
```

```python
def f(x):
    assert x

f(0)
assert f
```

```python
import sys

assert sys
sys.exit()
```

```py
never()
```
"""


@pytest.fixture
def site(pytester, monkeypatch):
    """A folder with pages, and a function that runs pytest on it in this process."""
    monkeypatch.syspath_prepend(pytester.path)
    pytester.mkdir("docs")

    def run(*arguments, **pages):
        for name, text in pages.items():
            path = pytester.path / "docs" / f"{name}.md"
            path.write_text(text, encoding="utf-8")
        plugins = ["-p", "doctools.plugin", *WITHOUT]
        return pytester.runpytest(*plugins, "--codeblocks", *arguments)

    return run


def names(result):
    return [line for line in result.outlines if line.startswith("docs/")]


def test_a_page_is_its_census_and_its_blocks(site):
    result = site("--collect-only", "-q", good=GOOD)
    assert names(result) == [
        "docs/good.md::census",
        "docs/good.md::line 3",
        "docs/good.md::line 15",
    ]


def test_a_good_page_passes(site):
    site(good=GOOD).assert_outcomes(passed=3)


def test_one_page_or_one_block_can_be_chosen(site):
    site("docs/good.md", good=GOOD, bad=BAD).assert_outcomes(passed=3)
    site("docs/bad.md::line 13").assert_outcomes(failed=1)
    site("-k", "line and 15").assert_outcomes(passed=1, deselected=6)


def test_failures_name_page_line_type_and_source(site):
    result = site("docs/bad.md", bad=BAD)
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(
        [
            "*_ census of docs/bad.md _*",
            "docs/bad.md:28: '```py' looks like Python and is not run*",
            "*_ line 3 of docs/bad.md _*",
            "docs/bad.md:3: the output on the page is not what the block prints*",
            "--- docs/bad.md:9 (the page)",
            "+++ docs/bad.md:3 (this run)",
            "-b",
            "+a",
            "*_ line 13 of docs/bad.md _*",
            "docs/bad.md:15: AssertionError",
            "  > 15 |     assert x",
            "    x = 0",
            '  File "docs/bad.md", line 17, in <module>',
            "*_ line 21 of docs/bad.md _*",
            "docs/bad.md:25: SystemExit*",
            "  > 25 | sys.exit()",
        ]
    )
    # Neither the runner nor pytest stands between a reader and the line.
    assert "blocks.py" not in result.stdout.str()


def test_the_place_of_an_item_is_its_line(site, pytester):
    pytester.makeconftest(
        """
        def pytest_runtest_logreport(report):
            if report.when == "call":
                print("PLACE", *report.location)
        """
    )
    result = site("-s", good=GOOD)
    result.stdout.fnmatch_lines(
        [
            "*PLACE docs/good.md 0 census of docs/good.md",
            "*PLACE docs/good.md 2 line 3 of docs/good.md",
            "*PLACE docs/good.md 14 line 15 of docs/good.md",
        ]
    )


def test_a_page_that_cannot_be_read_fails_and_the_others_run(site):
    result = site(broken="# Page\n\n```python\nx = 1\n", good=GOOD)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["docs/broken.md:3: this fence is never closed"])


def test_skipfile_skips_nothing(site):
    text = f"<!--pytest-codeblocks:skipfile-->\n{GOOD}"
    result = site(page=text)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["docs/page.md:1: only <!--pytest-codeblocks:*"])


@pytest.mark.parametrize(
    "mark", ["pytest.mark.skip", "pytest.mark.xfail", "pytest-codeblocks:skip"]
)
def test_no_block_is_skipped_or_expected_to_fail(site, mark):
    text = f"<!--{mark}-->\n\n```python\nassert 1 + 1 == 3\n```\n"
    site(page=text).assert_outcomes(failed=2)


def test_shell_fences_are_not_run(site, pytester):
    result = site(page="# Page\n\n```sh\ntouch made\n```\n")
    result.assert_outcomes(passed=1)
    assert not (pytester.path / "made").exists()


def test_without_the_option_pages_are_no_tests(pytester):
    pytester.makefile(".md", page=GOOD)
    result = pytester.runpytest("-p", "doctools.plugin", *WITHOUT)
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


PACKAGE = '''\
"""A module.

>>> from shown import f
>>> f(2)
4
"""

def f(x):
    """Double.

    Examples
    --------
    >>> import numpy as np
    >>> from shown import f
    >>> f(1)
    2
    >>> f(np.array([1, 2]))
    array([2, 5])
    """
    return 2 * x


class A:
    """A class without examples."""

    def g(self):
        """A method.

        >>> from shown import A
        >>> A().g()
        Traceback (most recent call last):
        ...
        ValueError: no
        """
        raise ValueError("no")
'''


def test_docstrings_shown_on_a_page_are_tests_of_the_page(site, pytester):
    pytester.makepyfile(shown=PACKAGE)
    result = site("-v", reference="# Reference\n\n::: shown\n    options:\n")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "docs/reference.md::census PASSED*",
            "docs/reference.md::shown PASSED*",
            "docs/reference.md::shown.A.g PASSED*",
            "docs/reference.md::shown.f FAILED*",
            "*/shown.py:17: shown.f: the example does not give*",
            "    f(np.array([[]1, 2[]]))",
            "Expected:",
            "    array([[]2, 5[]])",
            "Got:",
            "    array([[]2, 4[]])",
        ]
    )
    site("docs/reference.md::shown.A.g").assert_outcomes(passed=1)


def test_a_module_that_cannot_be_imported_fails_the_census(site):
    result = site(reference="# Reference\n\n::: no_such_module\n", good=GOOD)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["docs/reference.md:3: cannot import no_such_module:*"])


def test_other_plugins_add_tests_of_a_page(site, pytester):
    pytester.makeconftest(
        """
        from doctools.plugin import PageItem

        class Length(PageItem):
            line = 5

            def runtest(self):
                assert len(self.parent.text) > 100

        def pytest_page_items(page):
            return [Length.from_parent(page, name="length line 5")]
        """
    )
    result = site(good=GOOD, short="# Short\n")
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*assert len(self.parent.text) > 100"])
    site("docs/good.md::length line 5").assert_outcomes(passed=1)


def test_it_works_under_xdist(site, pytester):
    plugins = ["-p", "doctools.plugin", *WITHOUT, "--codeblocks", "-n", "2"]
    for name, text in {"good": GOOD, "bad": BAD}.items():
        (pytester.path / "docs" / f"{name}.md").write_text(text)
    result = pytester.runpytest_subprocess(*plugins)
    result.assert_outcomes(passed=3, failed=4)
    result.stdout.fnmatch_lines_random(["docs/bad.md:15: AssertionError"])
