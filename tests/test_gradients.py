"""Every gradient in nnref, found by itself and checked at random.

A public function is either an operation, with `f_backward` directly below it and a
recipe for its input here, or stands in NOT_DIFFERENTIABLE with the reason. Anything
else fails.
"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import nnref
from nnref import check_gradient, softmax

NOT_DIFFERENTIABLE = {
    "accuracy": "counts right answers: flat between jumps",
    "blobs": "makes data",
    "check_gradient": "checks other functions",
    "clip_by_norm": "changes gradients",
    "clip_by_value": "changes gradients",
    "conv_output_size": "counts",
    "cosine_decay": "makes a schedule",
    "digits": "reads data",
    "exponential_decay": "makes a schedule",
    "fit": "trains a network",
    "he_normal": "draws random numbers",
    "he_uniform": "draws random numbers",
    "k_fold": "selects rows",
    "minibatches": "selects rows",
    "numerical_gradient": "takes a function",
    "receptive_field": "counts",
    "sine": "makes data",
    "spirals": "makes data",
    "step_decay": "makes a schedule",
    "train_test_split": "selects rows",
    "warmup": "makes a schedule",
    "xavier_normal": "draws random numbers",
    "xavier_uniform": "draws random numbers",
    "xor": "makes data",
}


# ------------------------------------------------------------------------- recipes


@dataclass(frozen=True)
class Case:
    """Arguments for an operation, and which of them are differentiable."""

    args: tuple[Any, ...]
    wrt: tuple[int, ...] = (0,)
    kwargs: dict[str, Any] = field(default_factory=dict)


Draw = Callable[[st.SearchStrategy[Any]], Any]
RECIPES: dict[str, st.SearchStrategy[Case]] = {}


def recipe(*names: str) -> Callable[[Callable[[Draw], Case]], None]:
    """Register a function that draws a Case for these operations."""

    def register(make: Callable[[Draw], Case]) -> None:
        for name in names:
            RECIPES[name] = st.composite(make)()

    return register


def sizes(draw: Draw, least: int, most: int | None = None) -> tuple[int, ...]:
    """Draw dimensions, no two equal."""
    most = least if most is None else most
    numbers = st.lists(st.integers(1, 7), min_size=least, max_size=most, unique=True)
    return tuple(draw(numbers))


def normal(draw: Draw, shape: tuple[int, ...], scale: float = 1.5) -> np.ndarray:
    """Draw an array of normal numbers, from another stream than that of dy."""
    rng = np.random.default_rng([1, draw(st.integers(0, 2**32 - 1))])
    return np.asarray(scale * rng.normal(size=shape))


def away(x: np.ndarray, *kinks: float) -> np.ndarray:
    """Move what is closer than 0.01 to a kink to 0.01 beside it."""
    for kink in kinks:
        x = np.where(np.abs(x - kink) < 0.01, kink + np.where(x < kink, -0.01, 0.01), x)
    return x


@recipe("sigmoid", "tanh", "softplus", "gelu", "silu")
def smooth_elementwise(draw: Draw) -> Case:
    return Case((normal(draw, sizes(draw, 0, 4)),))


@recipe("relu")
def kinked_elementwise(draw: Draw) -> Case:
    return Case((away(normal(draw, sizes(draw, 0, 4)), 0),))


@recipe("leaky_relu", "elu")
def kinked_with_slope(draw: Draw) -> Case:
    alpha = draw(st.sampled_from([0.0, 0.01, 0.7, 1.0, 1.5]))
    return Case((away(normal(draw, sizes(draw, 0, 4)), 0), alpha))


@recipe("softmax", "log_softmax")
def along_an_axis(draw: Draw) -> Case:
    x = normal(draw, sizes(draw, 1, 4))
    return Case((x, draw(st.integers(-x.ndim, x.ndim - 1))))


@recipe("mean_squared_error")
def regression(draw: Draw) -> Case:
    shape = sizes(draw, 0, 3)
    return Case((normal(draw, shape), normal(draw, shape)))


@recipe("mean_absolute_error")
def regression_without_hits(draw: Draw) -> Case:
    shape = sizes(draw, 0, 3)
    target = normal(draw, shape)
    return Case((np.asarray(target + away(normal(draw, shape), 0)), target))


@recipe("huber")
def regression_beside_delta(draw: Draw) -> Case:
    shape, delta = sizes(draw, 0, 3), draw(st.sampled_from([0.5, 1.0, 2.0]))
    target = normal(draw, shape)
    residual = away(normal(draw, shape), -delta, delta)
    return Case((np.asarray(target + residual), target, delta))


@recipe("binary_cross_entropy")
def yes_or_no(draw: Draw) -> Case:
    shape = sizes(draw, 0, 3)
    return Case((normal(draw, shape), np.abs(np.cos(normal(draw, shape)))))


@recipe("softmax_cross_entropy")
def classification(draw: Draw) -> Case:
    n, q = sizes(draw, 2)
    z, t = normal(draw, (n, q)), softmax(normal(draw, (n, q)))
    labels = draw(st.booleans())
    # With one class the gradient is zero, and what a smoothing of 1e-42 leaves of it in
    # floating point has no digit in common with that.
    smoothing = draw(st.just(0.0) | st.floats(0.01, 1))
    return Case((z, t.argmax(axis=1) if labels else t, smoothing))


@recipe("entropy")
def distributions(draw: Draw) -> Case:
    p = softmax(normal(draw, sizes(draw, 1, 3), 0.5))
    return Case((p, draw(st.sampled_from([None, 2, 10.0]))))


@recipe("cross_entropy", "kl_divergence")
def pairs_of_distributions(draw: Draw) -> Case:
    shape = sizes(draw, 1, 3)
    p, q = (softmax(normal(draw, shape, 0.5)) for _ in range(2))
    return Case((p, q, draw(st.sampled_from([None, 2, 10.0]))), wrt=(0, 1))


@recipe("dense")
def dense_layer(draw: Draw) -> Case:
    n, d_in, d_out = sizes(draw, 3)
    x, w = normal(draw, (n, d_in)), normal(draw, (d_in, d_out))
    if draw(st.booleans()):
        return Case((x, w), wrt=(0, 1))
    return Case((x, w, normal(draw, (d_out,))), wrt=(0, 1, 2))


# Normalized, few numbers close together leave a gradient too small to be measured.


@recipe("batch_norm")
def normalized_channels(draw: Draw) -> Case:
    n, c, *pixels = sizes(draw, 2, 4)
    x, gamma, beta = (normal(draw, shape) for shape in [(n, c, *pixels), (c,), (c,)])
    options: dict[str, Any] = {"eps": draw(st.sampled_from([1e-5, 0.1, 1.0]))}
    if draw(st.booleans()):
        options["stats"] = normal(draw, (c,)), normal(draw, (c,)) ** 2 + 0.1
    else:
        axes = (0, *range(2, x.ndim))
        assume(x.size > 4 * c and x.std(axis=axes).min() > 0.3)
    return Case((x, gamma, beta), wrt=(0, 1, 2), kwargs=options)


@recipe("layer_norm")
def normalized_samples(draw: Draw) -> Case:
    shape = sizes(draw, 1, 4)
    x, gamma, beta = (normal(draw, s) for s in [shape, shape[-1:], shape[-1:]])
    assume(shape[-1] > 4 and x.std(axis=-1).min() > 0.3)
    eps = draw(st.sampled_from([1e-5, 0.1, 1.0]))
    return Case((x, gamma, beta), wrt=(0, 1, 2), kwargs={"eps": eps})


strengths = st.sampled_from([0.0, 0.01, 0.7, 1.5])


@recipe("l1_penalty", "l2_penalty")
def penalized_weights(draw: Draw) -> Case:
    return Case((away(normal(draw, sizes(draw, 0, 4)), 0), draw(strengths)))


@recipe("elastic_net_penalty")
def doubly_penalized_weights(draw: Draw) -> Case:
    w = away(normal(draw, sizes(draw, 0, 4)), 0)
    return Case((w, draw(strengths), draw(strengths)))


@recipe("soft_threshold")
def weights_beside_the_threshold(draw: Draw) -> Case:
    t = draw(strengths)
    return Case((away(normal(draw, sizes(draw, 0, 4)), -t, t), t))


@recipe("dropout")
def with_a_given_mask(draw: Draw) -> Case:
    x, p = normal(draw, sizes(draw, 0, 4)), draw(st.sampled_from([0.0, 0.2, 0.7]))
    return Case((x, p, None), kwargs={"mask": normal(draw, x.shape) > 0})


def window(draw: Draw, most_padding: int | None = None) -> tuple[int, ...]:
    """Draw a window that fits: size, kernel, stride, padding, dilation of one axis."""
    kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    if most_padding is None:  # pooling
        padding, dilation = draw(st.integers(0, kernel // 2)), 1
    else:
        padding, dilation = draw(st.integers(0, most_padding)), draw(st.integers(1, 3))
    least = max(1, dilation * (kernel - 1) + 1 - 2 * padding)
    return draw(st.integers(least, least + 4)), kernel, stride, padding, dilation


@recipe("conv2d")
def convolution_layer(draw: Draw) -> Case:
    size, kernel, *options = zip(window(draw, 5), window(draw, 5), strict=True)
    groups, n = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    c_in, c_out = sizes(draw, 2)
    x = normal(draw, (n, groups * c_in, *size))
    w = normal(draw, (groups * c_out, c_in, *kernel))
    kwargs = dict(zip(["stride", "padding", "dilation"], options, strict=True))
    kwargs["groups"] = groups
    if draw(st.booleans()):
        return Case((x, w), (0, 1), kwargs)
    return Case((x, w, normal(draw, w.shape[:1])), (0, 1, 2), kwargs)


def pooled(draw: Draw) -> tuple[np.ndarray, tuple[int, ...], dict[str, Any]]:
    """Draw images, size and options; no two pixels are close, and all are negative."""
    size, kernel, *options, _ = zip(window(draw), window(draw), strict=True)
    x = normal(draw, (*sizes(draw, 2), *size))
    ranks = x.ravel().argsort().argsort().reshape(x.shape)
    kwargs = dict(zip(["stride", "padding"], options, strict=True))
    if draw(st.booleans()):
        kwargs["stride"] = None
    return 0.1 * (ranks - x.size), kernel, kwargs


@recipe("max_pool2d")
def max_pooling(draw: Draw) -> Case:
    x, kernel, kwargs = pooled(draw)
    return Case((x, kernel), kwargs=kwargs)


@recipe("avg_pool2d")
def average_pooling(draw: Draw) -> Case:
    x, kernel, kwargs = pooled(draw)
    return Case((x, kernel), kwargs=kwargs | {"count_include_pad": draw(st.booleans())})


@recipe("global_avg_pool2d")
def global_pooling(draw: Draw) -> Case:
    return Case((normal(draw, sizes(draw, 4)),))


# ----------------------------------------------------------------------- discovery


def public_functions(package: ModuleType) -> dict[str, FunctionType]:
    """Return the public functions that the package's public modules define."""
    found: dict[str, FunctionType] = {}
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if "._" in info.name:
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
    """Whether `backward` takes dy, the arguments of `f`, and at most keywords more."""

    def arguments(g: FunctionType) -> list[tuple[str, Any, Any]]:
        parameters = inspect.signature(g).parameters.values()
        return [(p.name, p.kind, p.default) for p in parameters]

    first, *rest = arguments(backward)
    extra = rest[len(arguments(f)) :]
    return (
        first[0] == "dy"
        and rest[: len(arguments(f))] == arguments(f)
        and all(k == inspect.Parameter.KEYWORD_ONLY and d is None for _, k, d in extra)
    )


FUNCTIONS = public_functions(nnref)
OPERATIONS = sorted(name for name in RECIPES if f"{name}_backward" in FUNCTIONS)


def test_every_public_function_keeps_the_rule() -> None:
    assert problems(nnref, RECIPES, NOT_DIFFERENTIABLE) == []


def test_everything_public_is_exported() -> None:
    """Classes, too: whatever a module defines can be had from nnref itself."""
    public = set(FUNCTIONS)
    for info in pkgutil.iter_modules(nnref.__path__):
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
    return gradients if isinstance(gradients, tuple) else (gradients,)


def converted(case: Case, convert: Callable[[np.ndarray], np.ndarray]) -> Case:
    """Return the case with every float array converted."""
    args = tuple(
        convert(a) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a
        for a in case.args
    )
    return Case(args, case.wrt, case.kwargs)


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
        "def f(x, *, k=1): ...\ndef f_backward(dy, x, *, k=1, y=None): ..."
    )
    assert problems(fake, {"double": 0, "f": 0}, {"seed": "not of x"}) == []


def test_all_ones_would_not_do() -> None:
    """At an upstream of ones the zero gradient of softmax is right."""
    x = np.random.default_rng(0).normal(size=(3, 5))
    np.testing.assert_allclose(
        nnref.softmax_backward(np.ones((3, 5)), x), 0, atol=1e-15
    )
    with pytest.raises(AssertionError, match="argument 0 is off by 1"):
        check_gradient(softmax, lambda dy, x: 0 * dy, x)
