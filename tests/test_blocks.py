import linecache
import os
import random
import sys
import textwrap
import warnings
from pathlib import Path
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pytest

from doctools.blocks import (
    BlockError,
    check,
    check_docstring,
    page_name,
    run,
    shown_docstrings,
)
from doctools.pages import ROOT, blocks


def block(code, output=None, above="# Page\n\n"):
    """A block whose code begins on line 4, unless more stands above."""
    page = f"{above}```python\n{textwrap.dedent(code)}```\n"
    if output is not None:
        page += f"\n<!--pytest-codeblocks:expected-output-->\n\n```text\n{output}```\n"
    (found,) = blocks(page)
    return found


def failure(code, output=None, **kwargs):
    with pytest.raises(BlockError) as info:
        check(block(code, output, **kwargs), "docs/page.md")
    return str(info.value)


def test_pages_are_named_from_the_root(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT / "docs")
    assert page_name(Path("index.md")) == "docs/index.md"
    assert page_name(tmp_path / "a.md") == str(tmp_path / "a.md")


# ---------------------------------------------------------------- what a block sees


def test_output_is_what_was_printed():
    assert run(block("print('é')\nprint()\nprint(2)\n"), "p.md").output == "é\n\n2\n"


def test_each_block_starts_from_an_empty_namespace():
    run(block("x = 1\n"), "p.md")
    message = failure("print(x)\n", "1\n")
    expected = "docs/page.md:4: NameError: name 'x' is not defined\n  > 4 | print(x)"
    assert message == expected


def test_it_runs_as_main_and_this_process_keeps_its_own():
    before = sys.modules["__main__"]
    code = """\
    import inspect
    import pickle

    class A:
        def f(self):
            return 2

    if __name__ == "__main__":
        print(pickle.loads(pickle.dumps(A())).f())
        print(inspect.getsource(A), end="")
        print(inspect.getsource(A.f), end="")
    """
    method = "    def f(self):\n        return 2\n"
    check(block(code, f"2\nclass A:\n{method}{method}"), "p.md")
    assert sys.modules["__main__"] is before


def test_future_imports_of_the_runner_do_not_reach_the_block():
    run(block("def f(x: int): ...\nassert f.__annotations__ == {'x': int}\n"), "p.md")


def test_it_runs_in_an_empty_folder_without_standard_input():
    code = """\
    import os, sys
    print(os.listdir(), sys.argv)
    open("left.txt", "w").close()
    """
    check(block(code, "[] ['p.md']\n"), "p.md")
    check(block(code, "[] ['p.md']\n"), "p.md")
    assert "EOFError" in failure("input()\n")


# --------------------------------------------------- what a block leaves to the next


LEAVES = """\
import builtins, os, random, sys, types
import numpy as np
import matplotlib.pyplot as plt
import nnref.losses

np.seterr(all="ignore")
np.set_printoptions(precision=2)
np.random.seed(0)
random.seed(0)
os.environ["LEFT"] = "1"
os.environ.pop("PATH")
with open("made.py", "w") as file:
    file.write("x = 1")
sys.path.append("")
import made
os.chdir("/")
sys.path.append("left")
sys.modules["left"] = types.ModuleType("left")
sys.modules["numpy"] = None
sys.setrecursionlimit(77_777)
sys.argv = sys.stdin = sys.excepthook = None
builtins.left = 1
nnref.losses.entropy = None
nnref.losses.left = 1
plt.rcParams["lines.linewidth"] = 7
plt.switch_backend("svg")
"""


def test_nothing_is_left_for_the_next_block():
    import nnref.losses

    def state():
        return {
            "errors": np.geterr(),
            "print": np.get_printoptions(),
            "legacy": np.random.get_state()[1].tolist(),  # noqa: NPY002
            "random": random.getstate(),
            "environment": dict(os.environ),
            "folder": Path.cwd(),
            "path": list(sys.path),
            "modules": sorted(sys.modules),
            "sys": (sys.argv, sys.stdin, sys.excepthook, sys.displayhook),
            "numpy": sys.modules["numpy"],
            "limit": sys.getrecursionlimit(),
            "builtins": sorted(vars(sys.modules["builtins"])),
            "nnref": dict(vars(nnref.losses)),
            "width": mpl.rcParams["lines.linewidth"],
        }

    run(block("import matplotlib.backends.backend_svg\n"), "p.md")
    before = state()
    run(block(LEAVES), "p.md")
    assert state() == before
    code = "import matplotlib\nassert matplotlib.get_backend().lower() == 'agg'\n"
    run(block(code), "p.md")


def test_nothing_is_left_when_the_block_fails_either():
    folder = Path.cwd()
    assert "ZeroDivisionError" in failure(LEAVES + "1 / 0\n")
    assert Path.cwd() == folder
    assert "LEFT" not in os.environ
    assert "left" not in sys.modules
    assert "docs/page.md" not in linecache.cache


def test_a_method_replaced_on_a_class_of_the_package_comes_back(monkeypatch):
    package = ModuleType("nnref.made_up")
    package.Layer = type("Layer", (), {"f": 1, "__module__": "nnref.made_up"})
    monkeypatch.setitem(sys.modules, "nnref.made_up", package)
    code = """\
    import sys
    layer = sys.modules["nnref.made_up"].Layer
    layer.f, layer.g = 2, 3
    """
    run(block(code), "p.md")
    assert package.Layer.f == 1
    assert not hasattr(package.Layer, "g")


# ------------------------------------------------------------------------- failures


def test_an_exception_names_the_line_in_the_page_and_shows_it():
    message = failure("def f(x):\n    return 1 / x\n\nf(0)\n")
    assert message.startswith(
        "docs/page.md:5: ZeroDivisionError: division by zero\n"
        "  > 5 |     return 1 / x\n"
    )
    assert 'File "docs/page.md", line 7, in <module>\n    f(0)\n' in message
    assert "blocks.py" not in message


def test_an_exception_in_the_package_names_the_line_that_called_it():
    message = failure("import nnref\n\nnnref.softmax('a')\n")
    assert message.startswith("docs/page.md:6: ValueError: x ")
    assert "activations.py" in message


def test_lines_count_inside_an_indented_fence():
    page = '# P\n\n??? note "N"\n\n    ```python\n    a = 1\n\n    1 / 0\n    ```\n'
    (found,) = blocks(page)
    with pytest.raises(BlockError, match=r"^p\.md:8: ZeroDivisionError"):
        run(found, "p.md")


def test_a_bare_assert_shows_itself_and_its_variables():
    message = failure("a = [1]\nb = 2\nassert (\n    len(a)\n    == b\n)\n")
    assert message.splitlines()[0] == "docs/page.md:7: AssertionError"
    assert "    6 | assert (\n  > 7 |     len(a)\n    8 |     == b\n" in message
    assert message.endswith(")\n    a = [1]\n    b = 2")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "x = 1\ny = (\n",
            "docs/page.md:5: SyntaxError: '(' was never closed\n  > 5 |",
        ),
        ("if 1:\nx\n", "docs/page.md:5: IndentationError"),
        ("\nprint('\\d')\n", "docs/page.md:5: SyntaxError: "),
        ("\nimport sys\nsys.exit(0)\n", "docs/page.md:6: SystemExit: 0"),
        ("raise SystemExit\n", "docs/page.md:4: SystemExit"),
        ("import pytest\npytest.skip('s')\n", "docs/page.md:5: Skipped: s"),
        ("import warnings\nwarnings.warn('w')\n", "docs/page.md:5: UserWarning: w"),
        (
            "import numpy as np\nnp.ones(2) / 0\n",
            "docs/page.md:5: RuntimeWarning: divide by zero",
        ),
        ("raise KeyError('k') from ValueError('v')\n", "docs/page.md:4: KeyError: 'k'"),
    ],
)
def test_everything_else_that_goes_wrong_is_one_failure(code, expected):
    assert failure(code).startswith(expected)


def test_the_head_of_a_loop_can_fail():
    message = failure("for x in 1 / 0:\n    x\n")
    assert message.endswith("\n  > 4 | for x in 1 / 0:")


def test_a_block_that_exits_is_told_why_it_may_not():
    assert "may not stop the interpreter" in failure("raise SystemExit\n")


def test_warnings_are_errors_whatever_was_set_before():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "UserWarning" in failure("import warnings\nwarnings.warn('w')\n")
        warnings.warn("still ignored", stacklevel=1)


def test_a_chained_exception_shows_its_cause():
    message = failure("raise KeyError('k') from ValueError('v')\n")
    assert "ValueError: v" in message


def test_ctrl_c_is_not_a_failure_of_the_block():
    with pytest.raises(KeyboardInterrupt):
        run(block("raise KeyboardInterrupt\n"), "p.md")


# -------------------------------------------------------------------------- outputs


def test_a_different_output_is_shown_as_a_diff():
    message = failure("print('a')\nprint('b')\n", "a\nc\n")
    assert message.startswith("docs/page.md:3: ")
    assert "--- docs/page.md:10 (the page)\n+++ docs/page.md:3 (this run)\n" in message
    assert message.endswith(" a\n-c\n+b")


@pytest.mark.parametrize("output", ["a \n", "a\n\n", "", "A\n", "a\nb\n"])
def test_outputs_are_compared_to_the_letter(output):
    failure("print('a')\n", output)


def test_a_block_that_prints_needs_an_output():
    message = failure("import sys\nsys.stdout.write('a\\n')\n")
    assert "prints 1 line(s), the first 'a', but no output" in message


def test_a_block_that_prints_nothing_has_no_output():
    assert "is not what the block prints" in failure("x = 1\n", "a\n")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("print('```')\n", "three backticks"),
        ("print('a', end='')\n", "newline"),
        ("print('a\\rb')\n", "control character '\\r'"),
        ("print('a\\tb')\n", "control character '\\t'"),
        ("print('a  ')\n", "end of a line: 'a  '"),
    ],
)
def test_what_a_fence_cannot_show_is_refused(code, why):
    assert why in failure(code, "a\n")
    assert why in failure(code)


# -------------------------------------------------------------------------- figures

DRAW = "import matplotlib.pyplot as plt\n\n"


def test_figures_are_drawn_counted_and_closed():
    import matplotlib.pyplot as plt

    show = plt.show
    seen = []
    code = f"{DRAW}plt.plot([1, 2])\nplt.show()\n"
    found = block(code)
    assert found.draws
    result = run(found, "p.md", show=lambda: seen.append(plt.get_fignums()))
    assert result.figures == 1
    assert seen == [[1]]
    assert plt.get_fignums() == []
    assert plt.show is show


def test_what_fails_in_drawing_only_is_a_failure():
    message = failure(f"{DRAW}plt.figure().text(0, 0, '$\\\\nope$')\nplt.show()\n")
    assert message.startswith("docs/page.md:7: ValueError")


def test_figures_of_others_do_not_count():
    import matplotlib.pyplot as plt

    plt.figure()
    run(block("x = 1\n"), "p.md")


def test_show_needs_a_figure():
    message = failure(f"{DRAW}plt.show()\n")
    assert message == "docs/page.md:6: plt.show() has no figure to show"


def test_a_figure_needs_show():
    assert "last line must be plt.show()" in failure(f"{DRAW}plt.plot([1])\n")


# ----------------------------------------------------------------------- docstrings


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A package `toy` whose module `toy.part` has the docstring that is asked for."""

    def make(*lines):
        folder = tmp_path / "toy"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").write_text("def public(): return 1\n")
        lines = (">>> from toy.part import f", *lines)
        examples = "".join(f"    {line}\n" for line in lines)
        text = (
            f'\n\ndef f(x):\n    r"""Double.\n\n{examples}    """\n    return 2 * x\n'
        )
        (folder / "part.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        for name in [name for name in sys.modules if name.startswith("toy")]:
            monkeypatch.delitem(sys.modules, name)
        (test,) = shown_docstrings("# Page\n\n::: toy.part\n    options:\n", "p.md")
        return test

    yield make
    for name in [name for name in sys.modules if name.startswith("toy")]:
        del sys.modules[name]


def test_examples_know_only_what_they_import(toy):
    test = toy(">>> import numpy as np", ">>> f(np.arange(3))", "array([0, 2, 4])")
    assert test.name == "toy.part.f"
    check_docstring(test)
    for code in ("np.arange(3)", "public()"):
        with pytest.raises(BlockError, match="NameError"):
            check_docstring(toy(f">>> {code}"))


def test_an_example_with_another_value_says_where_expected_and_got(toy):
    with pytest.raises(BlockError) as info:
        check_docstring(toy(">>> f(1)", "2", ">>> f(2)", "5", ">>> f(3)", "6"))
    message = str(info.value)
    place, _, rest = message.partition(": ")
    assert place.endswith("toy/part.py:9")
    assert rest.startswith("toy.part.f: the example does not give what")
    assert "    f(2)\nExpected:\n    5\nGot:\n    4" in rest


def test_an_example_that_raises_says_where(toy):
    with pytest.raises(BlockError) as info:
        check_docstring(toy(">>> f(1)", "2", ">>> 1 / 0", ">>> f(3)"))
    message = str(info.value)
    assert "toy/part.py:9: toy.part.f: ZeroDivisionError: division by zero\n" in message
    assert "    1 / 0\nTraceback" in message
    assert "doctest.py" not in message


@pytest.mark.parametrize("code", ["raise SystemExit", "np.ones(2) / 0"])
def test_an_example_may_not_exit_or_warn(toy, code):
    with pytest.raises(BlockError, match=r"SystemExit|RuntimeWarning"):
        check_docstring(toy(">>> import numpy as np", f">>> {code}"))


def test_doctest_options_are_refused(toy):
    with pytest.raises(BlockError, match="options weaken"):
        check_docstring(toy(">>> f(1)  # doctest: +SKIP", "3"))


def test_examples_leave_nothing(toy):
    check_docstring(
        toy(">>> import numpy as np", ">>> np.set_printoptions(precision=1)")
    )
    assert np.get_printoptions()["precision"] == 8
    assert not hasattr(sys.modules["builtins"], "_")


def test_a_single_object_can_be_shown(toy):
    toy(">>> f(1)", "2")
    (test,) = shown_docstrings("::: toy.part.f\n", "p.md")
    assert test.name == "toy.part.f"


def test_what_cannot_be_imported_names_page_and_line():
    with pytest.raises(BlockError, match=r"^p\.md:2: cannot import no_such\.thing"):
        shown_docstrings("\n::: no_such.thing\n", "p.md")


def test_a_directive_in_a_fence_is_text():
    assert shown_docstrings("```text\n::: no_such\n```\n", "p.md") == []
