"""Every public name's snippet is run without nnref and compared with the package."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import griffe
import pytest

from doctools import pages, standalone
from doctools.griffe_standalone import Standalone
from doctools.standalone import EXCLUDED, Package, StandaloneError

NAMES = [name for name in standalone.public_names() if name not in EXCLUDED]
PLAIN = list(standalone.plain().public())
PLAIN_FUNCTIONS = [name for name in PLAIN if name[0].islower()]

# Runs each docstring's examples with the name from its snippet and any other name from
# that name's own snippet. The expected text is what the package gave: the docstrings
# are doctests of the package as well.
#
# A plain function is held to the same examples by other rules, because it promises
# less: lists and an upstream gradient that is a number are given to it as NumPy's, it
# may warn on the way, the sign of a zero is no result, and an example that shows an
# error is left out.
RUNNER = r"""
import ast, doctest, functools, io, json, re, sys, types, warnings
sys.modules["nnref"] = None
try:
    import nnref
except ImportError:
    pass
else:
    raise SystemExit("nnref can be imported")
import numpy
warnings.simplefilter("error")

spaces, results = {}, {}
cases = json.load(sys.stdin)
for name, case in cases.items():
    spaces[name] = {"__name__": "__main__"}
    try:
        exec(compile(case["snippet"], f"<{name}>", "exec"), spaces[name])
    except Exception as error:
        results[name] = {"examples": 0, "failure": f"{type(error).__name__}: {error}"}

def public(name):
    found = spaces[name][name]
    is_function = isinstance(found, types.FunctionType)
    return of_arrays(found) if cases[name].get("plain") and is_function else found

def of_arrays(function):
    @functools.wraps(function)
    def called(*args, **options):
        args = [as_array(a) for a in args]
        if function.__name__.endswith("_backward"):
            args[0] = numpy.array(args[0], float)
        return function(*args, **{k: as_array(a) for k, a in options.items()})
    return called

def as_array(value):
    if isinstance(value, tuple):
        return tuple(map(as_array, value))
    is_array = isinstance(value, list) and not any(isinstance(v, tuple) for v in value)
    return numpy.array(value) if is_array else value

class SameZeros(doctest.OutputChecker):
    def check_output(self, want, got, flags):
        return super().check_output(unsigned(want), unsigned(got), flags)

def unsigned(text):
    text = re.sub(r"-0\.(?!\d)", " 0.", text)
    return re.sub(r"(?<=[\[(]) +| +(?=[\])])", "", " ".join(text.split()))

def imported(source, space):
    '''Do what `import nnref` or `from nnref import ...` does, with snippets.'''
    node = ast.parse(source).body[0]
    if source.strip() == "import nnref":
        space["nnref"] = types.SimpleNamespace(**everything)
        return True
    if not (isinstance(node, ast.ImportFrom) and node.module.startswith("nnref")):
        return False
    for alias in node.names:
        space[alias.asname or alias.name] = public(alias.name)
    return True

everything = {name: public(name) for name in cases if name not in results}
for name in everything:
    case, space = cases[name], {"np": numpy} | everything
    test = doctest.DocTestParser().get_doctest(case["docstring"], space, name, name, 0)
    test.examples = [e for e in test.examples if not imported(e.source, test.globs)]
    output, checker = io.StringIO(), None
    warnings.simplefilter("error")
    if case.get("plain"):
        warnings.simplefilter("ignore")
        checker = SameZeros()
        test.examples = [
            e for e in test.examples
            if e.exc_msg is None
            and e.source.strip().replace("nnref.", "") not in case["apart"]
        ]
    runner = doctest.DocTestRunner(checker, verbose=False)
    runner.run(test, out=output.write, clear_globs=False)
    results[name] = {"examples": len(test.examples), "failure": output.getvalue()}
print(json.dumps(results))
"""


def run_alone(cases: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Run snippets' examples in one interpreter that knows nothing of nnref."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUNNER],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return results


# What plain functions do not promise: each statement, without `nnref.`, and the reason.
DIVERGES = """try:
    fit(Dense(2, 1, rng), x, x[:, :1], **settings)
except FloatingPointError as error:
    print(error)"""
APART = {
    "check_gradient": {
        "check_gradient(scale, scale_backward, x, w) < 1e-9": "a NumPy bool",
        "check_gradient(scale, lambda dy, x, w: dy * w, x, w, wrt=[0]) < 1e-9": (
            "a NumPy bool"
        ),
    },
    "clip_by_norm": {
        'clip_by_norm({"w": np.array([3e200, -4e200])}, 1.0)  # nothing overflows': (
            "squares do"
        ),
        'clip_by_norm({"w": np.array([3e-200, -4e-200])}, 1e-200)  # nor underflows': (
            "squares do"
        ),
    },
    "fit": {
        DIVERGES: "it goes on, whatever the loss",
        "len(history.step_loss), history.best_epoch": "whoever wants it looks for it",
        "history = fit(model, x, y, validation=(x, 1 - y), patience=2, **settings)": (
            "it has no patience"
        ),
        "history.stopped_early, history.best_epoch, len(history.train_loss)": (
            "it has no patience"
        ),
        "bool(np.isclose(opposite, history.validation_loss[0]))": "it has no patience",
    },
    "gradient_norm": {
        'gradient_norm({"w": np.array([0.0, -4e200])})': "squares overflow"
    },
    "numerical_gradient": {
        "print(np.round(numerical_gradient(np.square, 1e8), 1))": "x is an array",
    },
}


def docstring(name: str) -> str:
    node = standalone.nnref().definition(name).node
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    return ast.get_docstring(node) or ""


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    cases = {}
    refused = {}
    for name in NAMES:
        try:
            snippet = standalone.snippet(name)
            cases[name] = {"snippet": snippet, "docstring": docstring(name)}
        except StandaloneError as error:
            refused[name] = {"examples": 0, "failure": str(error)}
    return run_alone(cases) | refused


def plain_cases() -> dict[str, dict[str, Any]]:
    """All plain names with their examples; the others, because examples call them."""
    cases = {}
    for name in {*NAMES, *PLAIN}:
        if name in PLAIN:
            case = {"snippet": standalone.plain().snippet(name), "plain": True}
            # What a class promises less stands in test_plain.
            examples = docstring(name) if name in PLAIN_FUNCTIONS else ""
            case |= {"docstring": examples, "apart": [*APART.get(name, ())]}
        else:
            case = {"snippet": standalone.snippet(name), "docstring": ""}
        cases[name] = case
    return cases


@pytest.fixture(scope="module")
def plain_results() -> dict[str, Any]:
    return run_alone(plain_cases())


@pytest.mark.parametrize("name", PLAIN_FUNCTIONS)
def test_plain_runs_alone_and_agrees_with_the_package(
    name: str, plain_results: dict[str, Any]
) -> None:
    assert plain_results[name]["failure"] == ""
    assert plain_results[name]["examples"] > 0, f"{name} has no example to compare"


def test_what_plain_functions_do_not_promise_fails() -> None:
    cases = plain_cases()
    for name in APART:
        cases[name]["apart"] = []
    results = run_alone(cases)
    for name, statements in APART.items():
        failure = results[name]["failure"]
        failed = re.findall(r"^Failed example:\n    (.*)$", failure, re.MULTILINE)
        first = {each.splitlines()[0] for each in statements}
        assert {each.replace("nnref.", "") for each in failed} == first
        assert len(failed) == len(statements)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_snippet_needs_numpy_alone_and_begins_with_what_was_asked_for(
    name: str,
) -> None:
    code = standalone.plain().snippet(name)
    assert code.startswith(f"# nnref {standalone.nnref().version}, nnref/plain/")
    body = ast.parse(code).body
    imports = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {
        module.partition(".")[0]
        for node in imports
        for module in (
            [node.module or "nnref"]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert modules - sys.stdlib_module_names <= {"numpy"}
    found = {n.name: n for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    above = list(found)[: list(found).index(name)]
    defaults = {
        default.id
        for node in ast.walk(found[name])
        if isinstance(node, ast.arguments)
        for default in [*node.defaults, *node.kw_defaults]
        if isinstance(default, ast.Name)
    }
    assert set(above) <= {"Layer", *defaults}


def test_the_rules_for_plain_functions() -> None:
    error = ">>> f('a')\nTraceback (most recent call last):\nValueError: a\n"
    example = f">>> f([2.0, 3.0])\narray([0.5, 0.])\n{error}>>> f([1.0], 2)\n7\n"
    body = "return np.where(x < 3, 1 / 2, -0.0 / x)"
    snippet = f"import numpy as np\n\n\ndef f(x):\n    {body}\n"
    case: dict[str, Any] = {"snippet": snippet, "docstring": example}
    assert "TypeError" in run_alone({"f": case})["f"]["failure"]
    case |= {"plain": True, "apart": ["f([1.0], 2)"]}
    assert run_alone({"f": case})["f"] == {"examples": 1, "failure": ""}
    case["snippet"] = snippet.replace("1 / 2", "1 / 4")
    assert "0.25" in run_alone({"f": case})["f"]["failure"]


def test_the_comparison_can_fail() -> None:
    example = ">>> f(2)\n4\n"
    good = "def g(x):\n    return x * x\n\n\ndef f(x):\n    return g(x)\n"
    cases = {
        "f": {"snippet": good, "docstring": example},
        "helper_missing": {
            "snippet": "def helper_missing(x):\n    return g(x)\n",
            "docstring": ">>> helper_missing(2)\n4\n",
        },
        "base_missing": {
            "snippet": "class base_missing(Base): ...\n",
            "docstring": ">>> base_missing()\n",
        },
        "wrong": {
            "snippet": "def wrong(x):\n    return x + x + 1\n",
            "docstring": ">>> from nnref import wrong, f\n>>> f(wrong(2))\n16\n",
        },
        "without": {"snippet": "def without():\n    pass\n", "docstring": "Nothing."},
    }
    results = run_alone(cases)
    assert results["f"] == {"examples": 1, "failure": ""}
    assert "NameError" in results["helper_missing"]["failure"]
    assert "NameError" in results["base_missing"]["failure"]
    assert "25" in results["wrong"]["failure"]
    assert results["without"]["examples"] == 0


@pytest.mark.parametrize("name", NAMES)
def test_snippet_holds_what_is_needed_and_no_more(name: str) -> None:
    code = standalone.snippet(name)
    definition = standalone.nnref().definition(name)
    path = f"nnref/{definition.module.path.name}"
    first = f"# nnref {standalone.nnref().version}, {path} line {definition.line} (MIT)"
    assert code.startswith(f"{first}\n")
    source = (pages.ROOT / path).read_text(encoding="utf-8").splitlines()
    assert f" {name}(" in source[definition.line - 1].replace(":", "(")
    assert ">>>" not in code
    assert "import nnref" not in code
    assert "from nnref" not in code
    tree = ast.parse(code)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            bound = {statement.name}
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            bound = {alias.asname or alias.name for alias in statement.names}
        else:
            stored = [n for n in ast.walk(statement) if isinstance(n, ast.Name)]
            bound = {n.id for n in stored if isinstance(n.ctx, ast.Store)}
        assert bound <= used | {name, "annotations"}


def test_snippets_are_clean(tmp_path: Path) -> None:
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff is None:
        pytest.skip("ruff is not installed")
    for name in NAMES:
        file = tmp_path / f"{name}.py"
        file.write_text(standalone.snippet(name), encoding="utf-8")
    for name in PLAIN:
        file = tmp_path / f"plain_{name}.py"
        file.write_text(standalone.plain().snippet(name), encoding="utf-8")
    config = ["--config", str(pages.ROOT / "pyproject.toml"), "--no-cache"]
    for command in (["check", "--select", "E4,E7,E9,F,I,W"], ["format", "--diff"]):
        done = subprocess.run(
            [ruff, *command, *config, "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


# How names are resolved, on a package made for it.

MODULES = {
    "__init__": """
from pack.a import alone, docs, loop, many, shout
from pack.b import Chain, Later, Node, Other
from pack.b import captured, changed, clash, dotted, inner, lost, renamed, same
from pack.b import through, value
from pack.d import Derived, Quarter, asked, early, given, quartered, table
from pack.c import digits, needs_digits
""",
    "_base": """
import math

TWO = 2  # two

# Above the constant.
FOUR = TWO * TWO


def unused():
    return 0


def half(x):
    \"\"\"Half of x.

    More words.
    \"\"\"
    return x / TWO
""",
    "a": """
import decimal as d
import math
import os.path
import numpy as np
from decimal import getcontext, Decimal, Decimal as Number, ROUND_UP
from os import path
from pack._base import FOUR, half


def same():
    return "a"


def one():
    return Number(1)


def alone(x, half=None):
    \"\"\"A local name hides the helper.\"\"\"
    return x if half is None else path.join(half, "é", str(math.pi))


def loop(n):
    return 0 if n == 0 else back(n - 1)


def back(n):
    return loop(n)


def _quiet(f):
    return f


# Says it aloud.
@_quiet
def shout(x):
    return [half(y) for y in (x, FOUR)]


def many():
    imported = os.path, d, path, math, np, ROUND_UP, getcontext, Decimal
    return one, same, loop, shout, back, FOUR, imported


def docs(x):
    r\"\"\"Summary with \\\\alpha.

    Text.

    Examples
    --------
    >>> from pack import docs
    >>> docs(1)
    1

    References
    ----------
    A book.
    \"\"\"
    def helper():
        \"\"\"Inside.\"\"\"
    return x
""",
    "b": """
from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction as Number
from typing import TYPE_CHECKING

import pack._base
import pack._base as base
from pack import _base
from pack._base import half as halve
from . import a
from .a import same as same_a

if TYPE_CHECKING:
    from decimal import Decimal

LIST = []
LIST.append(1)


def same(x: Decimal) -> str:
    return same_a() + "b"


def clash():
    return Number(1) + a.one()


def through(x):
    return "é" + str(a.shout(x)), base.half(base.TWO), _base.FOUR


def renamed(x):
    return halve(x) + sum(halve(y) for y in [x])


def captured(half):
    return halve(half)


def value(x):
    return getattr(base, x)


def inner(x):
    from pack import a
    return a.alone(x)


def changed():
    return LIST


def dotted():
    return pack.half(1)


def lost():
    return nowhere


class Node:
    def children(self) -> Iterator[Node]:
        return iter([])


class Chain:
    def join(self, other: Chain) -> None:
        pass


class Later(Node):
    def other(self) -> "Other":
        return None


class Other(Node):
    pass
""",
    "c": """
def digits():
    return open("digits.npz")


def needs_digits():
    return digits()
""",
    "d": """
from pack._base import half


def _doubled(x):
    return half(4 * x)


def _twice(f):
    return lambda x: _doubled(f(x))


@_twice
def early(x):
    return x


def quartered(x, *, by=_doubled(2)):
    return x / by


class Quarter:
    by = _doubled(2)

    def of(self, x, by=_doubled(2)):
        return x / by


def asked(x):
    return _more(x) if x else half(x)


def _more(x, by=asked(0)):
    return x + by


def given(x, *, by=_doubled):
    return by(x)


class Base:
    def half(self, x):
        return half(x)


class Derived(Base):
    pass


TABLE = {"half": half(2)}


def table():
    return TABLE
""",
}


@pytest.fixture
def pack(tmp_path: Path) -> Package:
    folder = tmp_path / "pack"
    folder.mkdir()
    for name, source in MODULES.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    return Package(folder, "1.0")


def run(code: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "alone"}
    exec(compile(code, "<snippet>", "exec"), space)
    return space


def defined(code: str) -> list[str]:
    kinds = ast.FunctionDef | ast.ClassDef
    return [node.name for node in ast.parse(code).body if isinstance(node, kinds)]


def test_a_local_name_needs_nothing(pack: Package) -> None:
    code = pack.snippet("alone")
    assert code.startswith(
        "# pack 1.0, pack/a.py line 19 (MIT)\n\nimport math\nfrom os import path\n"
    )
    assert defined(code) == ["alone"]
    assert run(code)["alone"](3) == 3


def test_helpers_follow_but_what_a_definition_uses_precedes_it(pack: Package) -> None:
    code = pack.snippet("shout")
    assert defined(code) == ["_quiet", "shout", "half"]
    assert "TWO = 2  # two\n\n# Above the constant.\nFOUR = TWO * TWO\n" in code
    assert "# Says it aloud.\n@_quiet\ndef shout" in code
    assert run(code)["shout"](3) == [1.5, 2]
    assert defined(pack.snippet("loop")) == ["loop", "back"]
    order = ["many", "same", "one", "loop", "back", "_quiet", "shout", "half"]
    assert defined(pack.snippet("many")) == order
    assert defined(pack.snippet("early")) == ["half", "_doubled", "_twice", "early"]
    for default in ("quartered", "Quarter"):
        assert defined(pack.snippet(default)) == ["half", "_doubled", default]
    # What is not called there is not needed in full.
    assert defined(pack.snippet("given")) == ["_doubled", "given", "half"]
    assert defined(pack.snippet("Derived")) == ["Base", "Derived", "half"]


def test_imports_are_sorted_and_renamed_as_in_the_source(pack: Package) -> None:
    imports = pack.snippet("many").split("\n\n")[1:3]
    assert imports[0].splitlines() == [
        "import decimal as d",
        "import math",
        "import os.path",
        "from decimal import ROUND_UP, Decimal, Decimal as Number, getcontext",
        "from os import path",
    ]
    assert imports[1].splitlines() == ["import numpy as np"]


def test_module_prefixes_and_renamed_imports_are_resolved(pack: Package) -> None:
    assert run(pack.snippet("through"))["through"](3) == ("é[1.5, 2.0]", 1.0, 4)
    assert run(pack.snippet("renamed"))["renamed"](3) == 3


def test_docstrings(pack: Package) -> None:
    code = pack.snippet("docs")
    whole = 'r"""Summary with \\\\alpha.\n\n    Text.\n\n    References\n'
    assert whole + '    ----------\n    A book.\n    """\n' in code
    assert '"""Inside."""' in code
    assert '    """Half of x."""\n' in pack.snippet("shout")


def test_the_future_import_only_where_it_is_needed(pack: Package) -> None:
    future = "from __future__ import annotations\n"
    assert future in pack.snippet("Node")
    assert future in pack.snippet("Chain")
    assert defined(pack.snippet("Later")) == ["Node", "Later", "Other"]
    assert "Array" in standalone.snippet("softmax")
    assert future not in standalone.snippet("softmax")
    for name in ("Chain", "Later", "Node", "Other"):
        assert name in run(pack.snippet(name))


def test_a_helper_that_its_caller_needs_at_once(pack: Package) -> None:
    """A default of a helper calls the function that was asked for."""
    for name in ("early", "quartered", "Quarter", "asked", "table"):
        assert name in run(pack.snippet(name))
    assert defined(pack.snippet("asked")) == ["asked", "half", "_more"]
    assert defined(pack.snippet("table")) == ["half", "table"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("same", "two things named same"),
        ("clash", "two things named Number"),
        ("captured", "half is also a local name"),
        ("value", "the module base is used as a value"),
        ("inner", "imports pack in its body"),
        ("changed", "line 19 may change it too"),
        ("dotted", "pack.half is no definition"),
        ("lost", "nowhere is not defined"),
        ("digits", "it reads the images from a file"),
        ("needs_digits", "digits cannot run alone"),
        ("half", "not a public function or class of pack"),
        ("_base", "not a public function or class of pack"),
    ],
)
def test_refuses_what_it_cannot_resolve(name: str, reason: str, pack: Package) -> None:
    with pytest.raises(StandaloneError, match=reason):
        pack.snippet(name)


# On pages.


def test_excluded_names_are_public_and_say_why() -> None:
    assert set(EXCLUDED) <= set(standalone.public_names())
    for name, reason in EXCLUDED.items():
        with pytest.raises(StandaloneError, match=reason):
            standalone.snippet(name)


def test_reference_entries_end_in_their_listing() -> None:
    loader = griffe.GriffeLoader(
        search_paths=[pages.ROOT],
        extensions=griffe.load_extensions(Standalone),
        docstring_parser=griffe.Parser.numpy,
    )
    loader.load("nnref")
    listed = []
    for module in loader.modules_collection["nnref"].modules.values():
        for name, member in module.members.items():
            if member.is_alias or not (member.is_function or member.is_class):
                continue
            sections = member.docstring.parsed if member.docstring else []
            values = [s.value for s in sections if isinstance(s.value, str)]
            comments = [value for value in values if "<!-- source:" in value]
            if comments:
                assert sections[-1].value == f"<!-- source: {name} -->"
                assert len(comments) == 1
                listed.append(name)
            for inner in member.members.values():
                if inner.docstring and not inner.is_alias:
                    assert "<!-- source:" not in str(inner.docstring.value)
    assert sorted(listed) == sorted(standalone.public_names())


def test_a_method_named_like_a_public_function_has_no_listing() -> None:
    method = griffe.Function("softmax", docstring=griffe.Docstring("A method."))
    griffe.Class("Classifier").set_member("softmax", method)
    Standalone().on_function(func=method)
    assert method.docstring is not None
    assert [section.value for section in method.docstring.parsed] == ["A method."]
