import subprocess
import sys

import pytest

from doctools.outputs import rewrite
from doctools.pages import ROOT

OUTPUT = "<!--pytest-codeblocks:expected-output-->"

PAGE = f"""\
# Page\t with odd  blanks  \n
```python
print("one\\n\\ntwo")
```

{OUTPUT}

```text
old
```

??? success "Solution"

    ```python
    for word in ["three", "", "  four"]:

        print(word)
    ```

    {OUTPUT}

    ```text
    ```

    And on.

```python
print("five")
```
Directly below.

```python
assert True is not False
```

Last line without an end"""

REWRITTEN = (
    PAGE.replace("old\n", "one\n\ntwo\n")
    .replace("    ```text\n", "    ```text\n    three\n\n      four\n")
    .replace("Directly", f"\n{OUTPUT}\n\n```text\nfive\n```\n\nDirectly")
)


@pytest.fixture
def page(tmp_path):
    def write(text, name="page.md"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write


def test_outputs_are_rewritten_and_nothing_else(page):
    result = rewrite(page(PAGE))
    assert result.errors == ()
    assert result.before == PAGE
    assert result.after == REWRITTEN


def test_twice_is_as_once(page):
    assert rewrite(page(REWRITTEN)).after == REWRITTEN


def test_rewriting_makes_the_page_pass(page):
    from doctools.blocks import check
    from doctools.pages import blocks

    for block in blocks(REWRITTEN):
        check(block, "page.md")


def test_windows_line_ends_stay(page):
    windows = PAGE.replace("\n", "\r\n")
    assert rewrite(page(windows)).after == REWRITTEN.replace("\n", "\r\n")


@pytest.mark.parametrize("text", [PAGE + "\r\n", "a\rb\n"])
def test_mixed_line_ends_are_refused(page, text):
    result = rewrite(page(text))
    assert "end in different ways" in result.errors[0]
    assert result.after == text


def test_an_output_at_the_very_end_is_inserted(page):
    text = "    ```python\n    print(1)\n    ```"
    added = f"\n\n    {OUTPUT}\n\n    ```text\n    1\n    ```"
    assert rewrite(page(text)).after == text + added


def test_a_failing_block_keeps_its_output_and_the_others_do_not(page):
    text = f"""\
```python
1 / 0
```

{OUTPUT}

```text
kept
```

```python
print("new")
```
"""
    result = rewrite(page(text))
    (error,) = result.errors
    assert error.startswith(f"{result.path}:2: ZeroDivisionError")
    assert "kept" in result.after
    assert result.after.endswith("```text\nnew\n```\n")


@pytest.mark.parametrize(
    ("code", "line", "why"),
    [
        ("print('```')", 1, "three backticks"),
        ("print('a ')", 1, "blanks at the end"),
        ("pass", 7, "prints nothing"),
    ],
)
def test_what_no_fence_can_show_is_refused(page, code, line, why):
    text = f"```python\n{code}\n```\n\n{OUTPUT}\n\n```text\nold\n```\n"
    result = rewrite(page(text))
    assert result.after == text
    (error,) = result.errors
    assert error.startswith(f"{result.path}:{line}: ")
    assert why in error


def test_python_in_the_place_of_an_output_is_not_overwritten(page):
    text = f"```python\nprint(1)\n```\n\n{OUTPUT}\n\n```python\nprint(2)\n```\n"
    result = rewrite(page(text))
    assert result.after == text
    assert ":7: not an output" in result.errors[0]


def test_a_page_that_cannot_be_read_is_left_alone(page):
    result = rewrite(page("a\n```python\nprint(1)\n"))
    assert result.after == result.before
    assert result.errors == (f"{result.path}:2: this fence is never closed",)


def run(*arguments):
    command = [sys.executable, "-m", "doctools.outputs", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_command_rewrites_all_pages_and_reports_all_failures(page):
    good = page(PAGE, "good.md")
    same = page(REWRITTEN, "same.md")
    bad = page("```python\nprint(1)\n```\n\n```python\nprint(x)\n```\n", "bad.md")
    untouched = same.stat().st_mtime_ns
    done = run(good, same, bad)
    assert done.returncode == 1
    assert done.stdout == f"{good}: rewritten\n{bad}: rewritten\n"
    assert f"{bad}:6: NameError" in done.stderr
    assert good.read_bytes().decode() == REWRITTEN
    assert same.stat().st_mtime_ns == untouched
    assert bad.read_text().count("```text\n1\n```\n") == 1


def test_check_writes_nothing_and_shows_the_difference(page):
    old, same = page(PAGE, "old.md"), page(REWRITTEN, "same.md")
    done = run("--check", old, same)
    assert done.returncode == 1
    assert "-old\n+one\n+\n+two\n" in done.stdout
    assert old.read_bytes().decode() == PAGE
    done = run("--check", same)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
