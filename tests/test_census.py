import subprocess
import sys

import pytest

from doctools import census
from doctools.blocks import directives, page_name
from doctools.census import Counts, counts, faults, main
from doctools.pages import DOCS, ROOT

OUTPUT = "<!--pytest-codeblocks:expected-output-->"

GOOD = f"""\
# A page

Text with `code`, ```` ```python ````, `$$` and `<!--pytest-codeblocks:cont-->`, which
are inline and hold three backticks, `~~~` or <!-- a comment --> between words,
        and a line of a paragraph may be indented.

- So may
        that of a list.

```python
import numpy as np

x = np.random.default_rng(0).normal(size=(2, 3))
print(x[..., 0].shape)
```

{OUTPUT}

```text
(2,)
```

1. A list with a block inside:

    ```python
    for i in range(2):

        print(i)
    ```

    {OUTPUT}

    ```text
    0
    1
    ```

    A paragraph of the list.

    - A list in the list,
      going on.

        ```python
        assert 1 + 1 == 2
        ```

!!! note "Nested"

    === "One"

        Text.

        ??? success "Solution"

            ```python
            assert all(n < 3 for n in range(3))
            ```

<div class="wide" markdown>

    <p>HTML may be indented.</p>

</div>

<!-- figure, nothing claimed: A line. -->
```python
import matplotlib.pyplot as plt

plt.plot([0, 1])
plt.show()
```

<!-- code folded -->
<!-- figure, nothing claimed: A line.
slider end "its end" = 1, 2
-->
```python
import matplotlib.pyplot as plt

end = 1
plt.plot([0, end])
plt.show()
```

<!-- equation
x = 1
-->
$$
x = 1
$$

<!-- equation -->
$$
x = x
$$

<!-- equation: not checked, because it is a definition in words -->
$$
y
$$

````text
```python
raise NotImplementedError
```
````

```sh
make test
```
"""


@pytest.fixture
def page(tmp_path):
    def write(text):
        path = tmp_path / "page.md"
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write


def test_a_good_page_has_no_fault(page):
    assert faults(page(GOOD)) == []


def python(code, above="", below=""):
    return f"{above}```python\n{code}\n```\n{below}"


def output(text, fence="```text"):
    return f"\n{OUTPUT}\n\n{fence}\n{text}```\n"


CHECKED = python("assert 1")
FOLD = "<!-- code folded -->\n"

# What pytest-codeblocks passes over without a word. Each page, the line of its fault
# and words of the message.
HOLES = {
    "title": ('```python title="a.py"\nassert f()\n```\n', 1, "looks like Python"),
    "linenums": ('```python linenums="1"\nassert f()\n```\n', 1, "looks like Python"),
    "exec": ('```python exec="on"\nassert f()\n```\n', 1, "looks like Python"),
    "braces": ("```{.python}\nassert f()\n```\n", 1, "looks like Python"),
    "attributes": ("``` { .python .a }\nassert f()\n```\n", 1, "looks like Python"),
    "blank": ("``` python\nassert f()\n```\n", 1, "looks like Python"),
    "blank behind": ("```python \nassert f()\n```\n", 1, "looks like Python"),
    "py": ("```py\nassert f()\n```\n", 1, "looks like Python"),
    "Python": ("```Python\nassert f()\n```\n", 1, "looks like Python"),
    "python3": ("```python3\nassert f()\n```\n", 1, "looks like Python"),
    "pycon": ("```pycon\n>>> f()\n```\n", 1, "looks like Python"),
    "ipython": ("```ipython\nf()\n```\n", 1, "looks like Python"),
    "pyodide": ("```pyodide\nf()\n```\n", 1, "looks like Python"),
    "zsh": ("```zsh\nls\n```\n", 1, "a fence with 'zsh'"),
    "bash": ("```bash\nls\n```\n", 1, "a fence with 'bash'"),
    "console": ("```console\n$ python\n```\n", 1, "a fence with 'console'"),
    "no language": ("```\nf()\n```\n", 1, "a fence with 'no language'"),
    "tildes": ("~~~python\nassert f()\n~~~\n", 1, "tildes"),
    "tildes around": ("~~~markdown\n```python\nassert f()\n```\n~~~\n", 1, "tildes"),
    "quotation": ("a\n\n> ```python\n> f()\n> ```\n", 3, "quotation"),
    "list line": ("a\n\n - ```python\n   f()\n   ```\n", 3, "list item"),
    "star": ("* ```python\n  f()\n  ```\n\n" + GOOD, 1, "list item"),
    "number": ("1. ```python\n   f()\n   ```\n", 1, "list item"),
    "parenthesis": ("1) ```python\n   f()\n   ```\n", 1, "list item"),
    "words before": ("see ```python\nf()\n```\n", 1, "neither a fence"),
    "words in one": ("```python f() ``` is it\n", 1, "neither a fence"),
    "skipfile": (f"<!--pytest-codeblocks:skipfile-->\n{CHECKED}", 1, "allowed"),
    "tab": ("a\n\n\t```python\n\tassert f()\n\t```\n", 3, "spaces"),
    "tab inside": (python("if f():\n\tassert g()"), 3, "tab"),
    "nbsp": ("\u00a0```python\n\u00a0assert f()\n\u00a0```\n", 1, "spaces"),
    "byte order mark": (f"\ufeff{CHECKED}", 1, "neither a fence"),
    "comment": (f"<!--\n{CHECKED}-->\n", 1, "in a comment"),
    "comment behind": (f"text <!--\n{CHECKED}-->\n", 1, "line of its own"),
    "html": ('<pre><code class="language-python">f()</code></pre>\n', 1, "HTML"),
    "code": ('a <code class="language-python">f()</code>\n', 1, "HTML"),
    "script": ('<script type="py">f()</script>\n', 1, "HTML"),
    "indented": ("a\n\n    assert f()\n", 3, "indented code"),
    "indented in a list": ("- a\n\n        f()\n", 3, "indented code"),
    "indented in a note": ('!!! note "a"\n\n        f()\n', 3, "indented code"),
    "indented behind a note": (
        '!!! note "a"\n\n    b\n\nc\n\n    f()\n',
        7,
        "indented",
    ),
    "indented below a title": ("# a\n    f()\n", 2, "indented"),
    "snippet": ('--8<-- "a.py"\n', 1, "another file"),
    "fence in a fence": ("````markdown\n```python\nf()\n```\n````\n", 1, "in a fence"),
    "fence in a text": ("```text\n```python\nf()\n```\n", 1, "cannot read the page"),
    "indented less": ("- a\n\n    ```python\n  assert f()\n    ```\n", 4, "as far"),
    "closed elsewhere": ("  ```python\n  assert f()\n```\n", 3, "close a fence"),
    "closed by more": ("```python\nassert f()\n````\n", 3, "close a fence"),
    "never closed": (f"{GOOD}\n```python\nf()\n", GOOD.count("\n") + 2, "never closed"),
}

COMMENTS = {
    "cont": "<!--pytest-codeblocks:cont-->",
    "skip": "<!--pytest-codeblocks:skip-->",
    "skipif": "<!--pytest-codeblocks:skipif(True)-->",
    "importorskip": "<!--pytest-codeblocks:importorskip(torch)-->",
    "exception": "<!--pytest-codeblocks:expect-exception-->",
    "error": "<!--pytest-codeblocks:expect-error-->",
    "unknown": "<!--pytest-codeblocks:skp-->",
    "mark skip": "<!--pytest.mark.skip-->",
    "mark xfail": "<!-- pytest.mark.xfail(strict=False) -->",
    "mark filter": "<!--pytest.mark.filterwarnings('ignore')-->",
    "no s": "<!--pytest-codeblock:expected-output-->",
    "underscore": "<!--pytest_codeblocks:expected-output-->",
    "space": "<!--pytest codeblocks:skip-->",
    "capital": "<!--Pytest-Codeblocks:skip-->",
    "no prefix": "<!--expected-output-->",
    "no colon": "<!--pytest-codeblocks expected-output-->",
    "dashes": "<!---pytest-codeblocks:expected-output--->",
    "ignoring blanks": "<!--pytest-codeblocks:expected-output-ignore-whitespace-->",
    "two lines": "<!--pytest-codeblocks:\nexpected-output-->",
    "words behind": f"{OUTPUT} text",
    "words before": f"text {OUTPUT}",
}

DRAW = "import matplotlib.pyplot as plt\nplt.plot([1])\n"
CAPTION = "<!-- figure, nothing claimed: A point. -->\n"

# What leaves a block or an equation unchecked: code above the page, line, message.
BLOCKS = {
    "nothing": (python("x = f()"), 1, "nothing holds this block"),
    "prints": (python("\nprint(1)"), 3, "no output is compared"),
    "draws and prints": (python(f"print(1)\n{DRAW}plt.show()", CAPTION), 3, "compared"),
    "constant": (python("assert True"), 1, "nothing holds"),
    "in a function": (python("def f():\n    assert g()"), 1, "nothing holds"),
    "claim not asserted": (
        python(f"{DRAW}plt.show()", "<!-- figure: A point. -->\n"), 2, "held to what"
    ),
    "claim asserted of nothing drawn": (
        python(f"{DRAW}assert True\nplt.show()", "<!-- figure: A point. -->\n"),
        2,
        "held to what",
    ),
    "claims all the same": (
        python(f"{DRAW}plt.show()", "<!-- figure, nothing claimed: It falls. -->\n"),
        1,
        "`falls` claims something",
    ),
    "claims a number": (
        python(f"{DRAW}plt.show()", "<!-- figure, nothing claimed: At 0.4. -->\n"),
        1,
        "`0.4` claims something",
    ),
    "comment that nothing reads": (
        "<!-- remark: four -->\nfour\n", 1, "no check reads this comment: remark"
    ),
    "no caption": (python(f"{DRAW}plt.show()"), 1, "needs <!-- figure"),
    "empty caption": (python(f"{DRAW}plt.show()", "<!-- figure: -->\n"), 1, "empty"),
    "caption only": (python("assert f()", CAPTION), 2, "must end in plt.show()"),
    "caption above text": (CAPTION + "text\n" + CHECKED, 1, "caption belongs"),
    "folds text": (FOLD + "text\n" + CHECKED, 1, "right above the block"),
    "folds everything": (python("assert 1", FOLD), 2, "in view"),
    "caption last": (CHECKED + CAPTION, 4, "caption belongs"),
    "show in between": (
        python(f"{DRAW}plt.show()\n{DRAW}plt.show()", CAPTION), 5, "last statement"
    ),
    "show not last": (python(f"{DRAW}plt.show()\nassert f()"), 4, "last statement"),
    "show in a comment": (python(f"{DRAW}# plt.show()", CAPTION), 4, "end the block"),
    "show in a loop": (
        python(f"{DRAW}for _ in a:\n    plt.show()", CAPTION), 6, "last statement"
    ),
    "stub": (python("def f():\n    ...\nassert f()"), 3, "stub"),
    "stub value": (python("x = ...\nassert x"), 2, "stub"),
    "not implemented": (
        python("def f():\n    raise NotImplementedError\nassert 2"),
        3,
        "NotImplementedError",
    ),
    "legacy": (python("import numpy as np\nassert np.random.rand()"), 3, "legacy"),
    "legacy import": (
        python("from numpy.random import rand\nassert rand()"), 2, "legacy"
    ),
    "no seed": (
        python("import numpy as np\nassert np.random.default_rng()"), 3, "seed"
    ),
    "random": (python("import random\nassert f()"), 2, "default_rng"),
    "clock": (python("import time\nassert time.time()"), 2, "clock"),
    "clock from": (python("from timeit import timeit\nassert f()"), 2, "clock"),
    "doctools": (python("import doctools.pages\nassert f()"), 2, "imports doctools"),
    "torch": (python("from torch import nn\nassert f()"), 2, "imports torch"),
    "relative": (python("from . import a\nassert f()"), 2, "relative"),
    "output after text": (
        CHECKED + "\n```sh\nls\n```\n" + output("a\n"), 9, "belongs right below"
    ),
    "output after words": (
        python("print(1)") + "a\n" + output("1\n"), 6, "right below"
    ),
    "words in output": (
        python("print(1)") + f"{OUTPUT}\na\n```text\n1\n```\n", 4, "```text fence"
    ),
    "output first": (output("1\n") + CHECKED, 2, "belongs right below"),
    "output nowhere": (python("assert f()") + OUTPUT, 4, "```text fence"),
    "no output language": (python("print(1)") + output("1\n", "```"), 7, "```text"),
    "output of python": (python("print(1)") + output("1\n", "```python"), 7, "```text"),
    "empty output": (python("print(1)") + output(""), 7, "empty output"),
    "output indented": (
        python("print(1)") + f"\n    {OUTPUT}\n\n    ```text\n    1\n    ```\n",
        5,
        "as indented",
    ),
    "equation alone": ("$$\nx\n$$\n", 1, "say in a comment"),
    "equation apart": ("<!-- equation\nx = 1\n-->\n\n$$\nx\n$$\n", 1, "line above"),
    "equation far": ("<!-- equation -->\na\n$$\nx\n$$\n", 3, "say in a comment"),
    "equation word": ("<!-- equation x = 1 -->\n$$\nx\n$$\n", 1, "next lines"),
    "no reason": ("<!-- equation: not checked -->\n$$\nx\n$$\n", 1, "because"),
    "dollars": ("a $$x$$ b\n", 1, "two lines"),
    "dollars first": ("$$x\n$$\n", 1, "two lines"),
    "brackets": ("\\[ x \\]\n", 1, "two lines"),
    "environment": ("\\begin{align}\nx\n\\end{align}\n", 1, "two lines"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOLES.values(), ids=HOLES)
def test_python_that_would_not_be_run(page, case):
    text, line, message = case
    assert_fault(page(text), line, message)


@pytest.mark.parametrize("comment", COMMENTS.values(), ids=COMMENTS)
def test_comments_that_change_what_is_run(page, comment):
    text = python("print(1)") + f"\n{comment}\n\n```text\n1\n```\n"
    found = faults(page(text))
    assert found
    assert {fault.line for fault in found} <= {1, 2, 5}
    assert any(fault.line == 5 for fault in found)


@pytest.mark.parametrize("case", BLOCKS.values(), ids=BLOCKS)
def test_what_nothing_would_check(page, case):
    text, line, message = case
    assert_fault(page(text), line, message)


def assert_fault(path, line, message):
    found = faults(path)
    assert any(fault.line == line and message in fault.message for fault in found), (
        found
    )


def test_what_running_reports_is_no_fault_here(page):
    assert faults(page(python("x = ("))) == []
    assert_fault(page(python(r"x = f('\d')")), 1, "nothing holds")


def test_both_scanners_read_the_same_code(page, monkeypatch):
    path = page(GOOD)

    def other(path):
        found = census_reader(path)
        found[0].code = found[0].code.replace("0", "1")
        return found

    census_reader = census.extract_from_file
    monkeypatch.setattr(census, "extract_from_file", other)
    (fault,) = faults(path)
    assert fault.line == GOOD[: GOOD.index("```python\nimport")].count("\n") + 1
    assert "do not read the same block" in fault.message


def test_both_scanners_read_the_same_output(page, monkeypatch):
    census_reader = census.extract_from_file

    def other(path):
        found = census_reader(path)
        found[1].expected_output += "2\n"
        return found

    monkeypatch.setattr(census, "extract_from_file", other)
    (fault,) = faults(page(GOOD))
    assert "do not read the same block" in fault.message


def test_a_fence_in_a_docstring_is_a_fault(page, tmp_path, monkeypatch):
    (tmp_path / "fenced.py").write_text('def f():\n    """F.\n\n    ```\n    """\n')
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "plain.py").write_text('def f():\n    """F."""\n')
    assert faults(page("# A\n\n::: plain\n")) == []
    path = page("# A\n\n::: fenced\n")
    assert_fault(path, 3, "fenced.py:2: a fence in a docstring is not run")
    assert_fault(page("::: no_such_module\n"), 1, "cannot import no_such_module")


COUNTED = Counts(6, outputs=2, figures=2, assertions=2, equations=3, symbols=2)


def test_counts(page):
    path = page(GOOD)
    assert counts([path]) == {str(path): COUNTED + Counts(not_checked=1)}


def test_main_prints_counts_and_faults(page, capsys):
    assert main([str(page(GOOD))]) == 0
    head, *_, total = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["blocks", "outputs"]
    assert total.split()[:3] == ["all", "6", "2"]
    path = page("```py\n1\n```\n")
    assert main([str(path)]) == 1
    assert capsys.readouterr().err.startswith(f"{path}:1: '```py' looks like Python")
    assert main([str(page("```python\n"))]) == 1
    assert "never closed" in capsys.readouterr().err


def test_all_pages_are_those_of_the_site_and_of_the_root():
    names = {page_name(path) for path in census.all_pages()}
    assert {"docs/index.md", "docs/reference/losses.md", "README.md"} <= names


def test_every_page_of_the_site_is_collected():
    # MkDocs takes files that pytest-codeblocks does not, and pytest skips some folders.
    endings = {".md", ".markdown", ".mdown", ".mkdn", ".mkd"}
    files = [path for path in DOCS.rglob("*") if path.suffix in endings]
    command = [sys.executable, "-m", "pytest", "docs", "--collect-only", "-q"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.endswith("::census")]
    expected = sorted(f"{page_name(path)}::census" for path in files)
    assert expected
    assert sorted(lines) == expected


def test_every_docstring_with_examples_is_shown_on_a_page():
    shown = {name for path in DOCS.rglob("*.md") for _, name in shown_in(path)}
    with_examples = {
        f"nnref.{path.stem}"
        for path in (ROOT / "nnref").glob("*.py")
        if ">>>" in path.read_text(encoding="utf-8")
    }
    assert with_examples
    assert with_examples <= shown


def shown_in(path):
    return directives(path.read_text(encoding="utf-8"), path.name)


def test_it_is_a_command(page):
    command = [sys.executable, "-m", "doctools.census", str(page(GOOD))]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0
