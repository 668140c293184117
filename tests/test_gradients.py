"""Every gradient in nnref, found by itself and checked at random.

A public function is either an operation, with `f_backward` directly below it and a
recipe for its input in `recipes.py`, or stands in NOT_DIFFERENTIABLE with the reason.
Anything else fails.
"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes import RECIPES, Case, converted

import nnref
from nnref import check_gradient, softmax

NOT_DIFFERENTIABLE = {
    "accuracy": "counts right answers: flat between jumps",
    "blobs": "makes data",
    "check_gradient": "checks other functions",
    "clip_by_norm": "changes gradients",
    "clip_by_value": "changes gradients",
    "confusion_matrix": "counts",
    "conv_output_size": "counts",
    "cosine_decay": "makes a schedule",
    "digits": "reads data",
    "exponential_decay": "makes a schedule",
    "fit": "trains a network",
    "loss_and_gradient": "returns the gradient itself",
    "gradient_norm": "measures gradients",
    "he_normal": "draws random numbers",
    "he_uniform": "draws random numbers",
    "k_fold": "selects rows",
    "load": "reads a file",
    "minibatches": "selects rows",
    "numerical_gradient": "takes a function",
    "receptive_field": "counts",
    "save": "writes a file",
    "sine": "makes data",
    "spirals": "makes data",
    "step_decay": "makes a schedule",
    "train_test_split": "selects rows",
    "warmup": "makes a schedule",
    "xavier_normal": "draws random numbers",
    "xavier_uniform": "draws random numbers",
    "xor": "makes data",
}


# ----------------------------------------------------------------------- discovery


def public_functions(package: ModuleType) -> dict[str, FunctionType]:
    """Return the public functions that the package's public modules define."""
    found: dict[str, FunctionType] = {}
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if "._" in info.name or ".plain" in info.name:  # see test_plain.py
            continue
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if name.startswith("_") or not inspect.isfunction(value):
                continue
            if value.__module__ == module.__name__:
                assert name not in found, f"{name} is defined twice"
                found[name] = value
    return found


def problems(
    package: ModuleType, recipes: Mapping[str, Any], exempt: Mapping[str, str]
) -> list[str]:
    """Return what breaks the rule at the top, or the contract of gradients."""
    functions = public_functions(package)
    found = [f"{n} has a recipe but does not exist" for n in {*recipes} - {*functions}]
    found += [f"{n} is exempt but does not exist" for n in {*exempt} - {*functions}]
    for name, f in functions.items():
        backward = functions.get(f"{name}_backward")
        if name.endswith("_backward"):
            if name.removesuffix("_backward") not in functions:
                found.append(f"{name} is the gradient of nothing")
        elif name in exempt:
            if backward or name in recipes:
                found.append(f"{name} is exempt but has a gradient or a recipe")
        elif backward is None:
            found.append(f"{name} has no {name}_backward and no reason why")
        else:
            if name not in recipes:
                found.append(f"{name} has no recipe for its input")
            if not directly_below(f, backward):
                found.append(f"{name}_backward is not directly below {name}")
            if not same_arguments(f, backward):
                found.append(f"{name}_backward does not take dy and what {name} takes")
    return found


def directly_below(f: FunctionType, backward: FunctionType) -> bool:
    """Whether `backward` is the next function in the file after `f`."""
    module = sys.modules[f.__module__]
    functions = [value for value in vars(module).values() if inspect.isfunction(value)]
    own = [g for g in functions if g.__module__ == f.__module__]
    own.sort(key=lambda g: g.__code__.co_firstlineno)
    return own.index(backward) == own.index(f) + 1


def same_arguments(f: FunctionType, backward: FunctionType) -> bool:
    """Whether `backward` takes dy, the arguments of `f`, and at most options more."""

    def arguments(g: FunctionType) -> list[tuple[str, Any, Any]]:
        parameters = inspect.signature(g).parameters.values()
        return [(p.name, p.kind, p.default) for p in parameters]

    first, *rest = arguments(backward)
    extra = rest[len(arguments(f)) :]
    return (
        first[0] == "dy"
        and rest[: len(arguments(f))] == arguments(f)
        and all(kind == inspect.Parameter.KEYWORD_ONLY for _, kind, _ in extra)
        and all(default is not inspect.Parameter.empty for *_, default in extra)
    )


FUNCTIONS = public_functions(nnref)
OPERATIONS = sorted(name for name in RECIPES if f"{name}_backward" in FUNCTIONS)


def test_every_public_function_keeps_the_rule() -> None:
    assert problems(nnref, RECIPES, NOT_DIFFERENTIABLE) == []


def test_everything_public_is_exported() -> None:
    """Classes, too: whatever a module defines can be had from nnref itself."""
    public = set(FUNCTIONS)
    for info in pkgutil.iter_modules(nnref.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"nnref.{info.name}")
        for name, value in vars(module).items():
            if inspect.isclass(value) and value.__module__ == module.__name__:
                public.add(name)
    public = {name for name in public if not name.startswith("_")}
    assert set(nnref.__all__) == public
    assert all(hasattr(nnref, name) for name in public)


# -------------------------------------------------------------------------- checks

at_random = settings(max_examples=30, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 2**32 - 1)
operations = pytest.mark.parametrize("name", OPERATIONS)


def call(name: str, dy: Any, case: Case, **extra: Any) -> tuple[np.ndarray, ...]:
    """Return the gradients as a tuple."""
    gradients = FUNCTIONS[f"{name}_backward"](dy, *case.args, **case.kwargs, **extra)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    return tuple(g for g in gradients if g is not None)


@operations
@at_random
@given(data=st.data(), seed=seeds)
def test_gradient_is_right(name: str, data: st.DataObject, seed: int) -> None:
    case = data.draw(RECIPES[name])
    f, f_backward = FUNCTIONS[name], FUNCTIONS[f"{name}_backward"]
    rng = np.random.default_rng(seed)
    check_gradient(f, f_backward, *case.args, wrt=case.wrt, rng=rng, **case.kwargs)


@operations
@at_random
@given(data=st.data(), seed=seeds)
def test_float32_stays_and_agrees(name: str, data: st.DataObject, seed: int) -> None:
    case = data.draw(RECIPES[name])
    single = converted(case, lambda a: a.astype(np.float32))
    y = FUNCTIONS[name](*case.args, **case.kwargs)
    y32 = FUNCTIONS[name](*single.args, **single.kwargs)
    assert y32.dtype == np.float32
    np.testing.assert_allclose(y32, y, rtol=1e-4, atol=1e-5 * np.max(np.abs(y)))
    dy = np.random.default_rng(seed).normal(size=np.shape(y))
    for dx, dx32 in zip(
        call(name, dy, case), call(name, dy.astype(np.float32), single), strict=True
    ):
        assert dx32.dtype == np.float32
        largest = np.max(np.abs(dx))
        np.testing.assert_allclose(dx32, dx, rtol=1e-4, atol=1e-4 * largest + 1e-6)


@operations
@at_random
@given(data=st.data(), seed=seeds)
def test_arguments_are_left_alone(name: str, data: st.DataObject, seed: int) -> None:
    """Neither changed nor read in the wrong memory order."""
    case = data.draw(RECIPES[name])
    y = FUNCTIONS[name](*case.args, **case.kwargs)
    dy = np.random.default_rng(seed).normal(size=np.shape(y))
    gradients = call(name, dy, case)

    def strided(a: np.ndarray) -> np.ndarray:
        """Return a read-only view in column order, every other element."""
        view = np.repeat(a.T, 2, axis=0)[::2].T if a.ndim else a.copy()
        view.flags.writeable = False
        return view

    other = converted(case, strided)
    np.testing.assert_allclose(FUNCTIONS[name](*other.args, **other.kwargs), y)
    for dx, expected in zip(call(name, strided(dy), other), gradients, strict=True):
        np.testing.assert_allclose(dx, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        n
        for n in OPERATIONS
        if "y" in inspect.signature(FUNCTIONS[f"{n}_backward"]).parameters
    ],
)
@at_random
@given(data=st.data(), seed=seeds)
def test_saved_result_is_used(name: str, data: st.DataObject, seed: int) -> None:
    case = data.draw(RECIPES[name])
    y = FUNCTIONS[name](*case.args, **case.kwargs)
    dy = np.random.default_rng(seed).normal(size=np.shape(y))
    np.testing.assert_array_equal(call(name, dy, case, y=y), call(name, dy, case))
    with pytest.raises(ValueError, match="y has shape"):
        call(name, dy, case, y=np.zeros((9, 9)))
    if name == "max_pool2d":  # where y decides: see test_pooling
        return
    half = call(name, dy, case, y=y / 2)
    assert not np.array_equal(half, call(name, dy, case)) or not y.any()


# ---------------------------------------------------------- the rule, on a package

RIGHT = """
def double(x):
    return 2 * x

def double_backward(dy, x):
    return 2 * dy
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a function that makes a package of one module with this source."""

    def make(source: str) -> ModuleType:
        (tmp_path / "fakeref").mkdir()
        (tmp_path / "fakeref" / "__init__.py").write_text("")
        (tmp_path / "fakeref" / "ops.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        for name in ["fakeref", "fakeref.ops"]:
            monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        return importlib.import_module("fakeref")

    yield make
    for name in ["fakeref", "fakeref.ops"]:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("source", "recipes", "exempt", "message"),
    [
        ("def f(x): return x", ["double"], {}, "f has no f_backward and no reason"),
        ("def f(x): return x", ["double", "f"], {}, "f has no f_backward and"),
        ("", [], {}, "double has no recipe for its input"),
        ("", ["double", "f"], {}, "f has a recipe but does not exist"),
        ("", ["double"], {"f": "?"}, "f is exempt but does not exist"),
        ("", [], {"double": "?"}, "double is exempt but has a gradient or a recipe"),
        ("def f_backward(dy, x): ...", ["double"], {}, "f_backward is the gradient of"),
        (
            "def f(x): ...\ndef _g(): ...\ndef f_backward(dy, x): ...",
            ["double", "f"],
            {},
            "f_backward is not directly below f",
        ),
        (
            "def f(x, a): ...\ndef f_backward(dy, x): ...",
            ["double", "f"],
            {},
            "f_backward does not take dy and what f takes",
        ),
        (
            "def f(x, a): ...\ndef f_backward(x, a, dy): ...",
            ["double", "f"],
            {},
            "f_backward does not take dy and what f takes",
        ),
        (
            "def f(x, a=1): ...\ndef f_backward(dy, x, a=2): ...",
            ["double", "f"],
            {},
            "f_backward does not take dy and what f takes",
        ),
        (
            "def f(x): ...\ndef f_backward(dy, x, y): ...",
            ["double", "f"],
            {},
            "f_backward does not take dy and what f takes",
        ),
        (
            "def f(x): ...\ndef f_backward(dy, x, *, y): ...",
            ["double", "f"],
            {},
            "f_backward does not take dy and what f takes",
        ),
        (
            "def f(x): ...\ndef f_backward(dy, x, y=None): ...",
            ["double", "f"],
            {},
            "f_backward does not take dy and what f takes",
        ),
    ],
)
def test_rule_can_fail(package, source, recipes, exempt, message) -> None:
    fake = package(RIGHT + source)
    found = problems(fake, dict.fromkeys(recipes), exempt)
    assert len(found) == 1
    assert found[0].startswith(message)


def test_rule_can_hold(package) -> None:
    fake = package(
        RIGHT + "def seed(): ...\n"
        "def f(x, *, k=1): ...\ndef f_backward(dy, x, *, k=1, y=None, z=True): ..."
    )
    assert problems(fake, {"double": 0, "f": 0}, {"seed": "not of x"}) == []


@pytest.mark.parametrize("name", ["dense", "conv2d"])
@at_random
@given(data=st.data(), seed=seeds)
def test_the_gradient_of_the_input_can_be_left_out(
    name: str, data: st.DataObject, seed: int
) -> None:
    case = data.draw(RECIPES[name])
    shape = np.shape(FUNCTIONS[name](*case.args, **case.kwargs))
    dy = np.random.default_rng(seed).normal(size=shape)
    _, *others = call(name, dy, case)
    left = call(name, dy, case, input_gradient=False)
    for gradient, expected in zip(left, others, strict=True):
        np.testing.assert_array_equal(gradient, expected)


def test_all_ones_would_not_do() -> None:
    """At an upstream of ones the zero gradient of softmax is right."""
    x = np.random.default_rng(0).normal(size=(3, 5))
    np.testing.assert_allclose(
        nnref.softmax_backward(np.ones((3, 5)), x), 0, atol=1e-15
    )
    with pytest.raises(AssertionError, match="argument 0 is off by 1"):
        check_gradient(softmax, lambda dy, x: 0 * dy, x)
