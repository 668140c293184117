"""`nnref.plain` is complete, short, and gives what `nnref` gives.

Every public name of nnref has a plain form with the same parameters, or stands in
WITHOUT or LEFT_OUT with the reason. Operations that have a gradient are compared on
`recipes.py`, all other names by a function here, registered under their names.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import io
import itertools
import math
import pkgutil
import statistics
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes import RECIPES

import nnref
from nnref import plain

WITHOUT = {
    "DataParallel": "computes on a cluster",
    "Digits": "holds data",
    "DivergenceError": "a check",
    "Optimizer": "each plain optimizer stands alone, to be copied alone",
    "digits": "reads a file of the package",
    "load": "reads a file",
    "save": "writes a file",
}
LEFT_OUT = {
    ("History", "interrupted"): "plain training has no Ctrl-C",
    ("History", "stopped_early"): "goes with patience",
    ("fit", "drop_last"): "minibatches has it",
    ("fit", "gradient"): "for a cluster, which computes it elsewhere",
    ("fit", "patience"): "early stopping is as long as all the rest of training",
    ("fit", "progress"): "display",
}
PLAIN_FILES = sorted(Path(plain.__file__).parent.glob("*.py"))


def public(module: ModuleType) -> dict[str, Any]:
    """Return the functions and classes by name that the module's files define."""
    files = pkgutil.iter_modules(module.__path__, f"{module.__name__}.")
    modules = [
        importlib.import_module(file.name)
        for file in files
        if not file.ispkg and "._" not in file.name
    ]
    return {
        name: value
        for part in modules
        for name, value in vars(part).items()
        if getattr(value, "__module__", None) == part.__name__ and name[0] != "_"
    }


PUBLIC, PLAIN = public(nnref), public(plain)
# Types such as Schedule are no operations.
PUBLIC = {
    name: value
    for name, value in PUBLIC.items()
    if inspect.isfunction(value) or inspect.isclass(value)
}


# ------------------------------------------------------------------------ complete


def test_every_public_name_has_a_plain_form() -> None:
    assert set(PUBLIC) - set(PLAIN) == set(WITHOUT)
    assert set(PLAIN) - set(PUBLIC) == set()


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_names_stand_in_the_same_file_and_can_be_had_flat(name: str) -> None:
    _, _, file = PUBLIC[name].__module__.partition("nnref.")
    assert PLAIN[name].__module__ == f"nnref.plain.{file}"
    assert getattr(plain, name) is PLAIN[name]


def parameters(name: str, f: Any) -> list[tuple[str, Any, Any]]:
    """Return name, kind and default of each parameter, but for LEFT_OUT.

    Also without the `**params` that layers inherit.
    """
    return [
        (p.name, p.kind, p.default)
        for p in inspect.signature(f).parameters.values()
        if (name, p.name) not in LEFT_OUT
        and (p.kind is not p.VAR_KEYWORD or name in {"Layer", "check_gradient"})
    ]


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_parameters_are_the_same(name: str) -> None:
    if name == "History":  # no one makes one by hand
        return
    expected = parameters(name, PUBLIC[name])
    for (key, kind, default), (*own, own_default) in itertools.zip_longest(
        expected, parameters(name, PLAIN[name]), fillvalue=(None, None, None)
    ):
        assert [key, kind] == own
        if inspect.isfunction(default):  # he_normal
            assert own_default is PLAIN[default.__name__]
        else:
            assert default == own_default


LAYER_NAMES = sorted(
    name
    for name, value in PLAIN.items()
    if inspect.isclass(value) and issubclass(value, plain.Layer)
)


@pytest.mark.parametrize("method", ["forward", "backward"])
@pytest.mark.parametrize("name", [name for name in LAYER_NAMES if name != "Layer"])
def test_parameters_of_methods_are_the_same(name: str, method: str) -> None:
    own, expected = (getattr(kind[name], method) for kind in (PLAIN, PUBLIC))
    assert parameters(name, own) == parameters(name, expected)


def test_what_is_left_out_exists() -> None:
    for name, parameter in LEFT_OUT:
        assert parameter in inspect.signature(PUBLIC[name]).parameters


# --------------------------------------------------------------------------- short


def code_lines(source: str) -> int:
    """Return how many lines hold code: no docstring, comment or blank line."""
    strings = set()
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", [])
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            constant = body[0].value
            if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                strings.update(range(constant.lineno, (constant.end_lineno or 0) + 1))
    nothing = {
        *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
        *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
    }
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in nothing:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - strings)


def test_code_lines() -> None:
    source = '''
def f(a,  # a comment
      b):
    """Text,
    more of it."""

    # a comment
    c = """a
    string"""
    return c
'''
    assert code_lines(source) == 5


def functions() -> Iterator[tuple[str, int]]:
    """Yield every function and method of nnref.plain, and its lines of code."""
    for file in PLAIN_FILES:
        source = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef):
                segment = ast.get_source_segment(source, node)
                assert segment is not None
                yield f"{file.stem}.{node.name}:{node.lineno}", code_lines(segment)


def test_functions_are_short() -> None:
    counts = dict(functions())
    assert len(counts) > len(PLAIN)
    assert {name: n for name, n in counts.items() if n > 25} == {}
    assert statistics.median(counts.values()) <= 8


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_one_docstring_line(name: str) -> None:
    text = PLAIN[name].__doc__
    assert text
    assert "\n" not in text


@pytest.mark.parametrize("file", PLAIN_FILES, ids=lambda file: file.stem)
def test_nothing_but_numpy_math_and_plain_is_imported(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "."]
        else:
            continue
        for name in names:
            top = name.split(".")[0]
            assert top in {"numpy", "math"} or name.startswith("nnref.plain."), name


def test_it_is_imported_when_asked_for() -> None:
    code = """
import sys, nnref
assert "nnref.plain" not in sys.modules
assert nnref.plain.relu(-1.0) == 0
assert not hasattr(nnref, "palin")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# --------------------------------------------------------------------------- equal


def same(own: Any, expected: Any, terms: float = 1.0) -> None:
    """Assert that both are the same to 1e-12, whatever they are made of.

    Where a sum cancels out, its error is beside its terms, which are of that size.
    """
    if isinstance(expected, dict):
        assert list(own) == list(expected)
        same(list(own.values()), list(expected.values()), terms)
    elif isinstance(expected, list | tuple):
        assert len(own) == len(expected)
        for a, b in zip(own, expected, strict=True):
            same(a, b, terms)
    elif expected is None or isinstance(expected, bool | int | str):
        assert own == expected
    else:
        assert np.shape(own) == np.shape(expected)
        assert np.asarray(own).dtype == np.asarray(expected).dtype
        finite = np.abs(np.asarray(expected, float)[np.isfinite(expected)])
        atol = 1e-14 * finite.max(initial=terms)
        np.testing.assert_allclose(own, expected, rtol=1e-12, atol=atol)


OPERATIONS = sorted(name for name in RECIPES if f"{name}_backward" in PUBLIC)
at_random = settings(max_examples=30, deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize("name", OPERATIONS)
@at_random
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_operation_and_gradient(name: str, data: st.DataObject, seed: int) -> None:
    case = data.draw(RECIPES[name])
    y = PUBLIC[name](*case.args, **case.kwargs)
    same(PLAIN[name](*case.args, **case.kwargs), y)
    dy = np.random.default_rng(seed).normal(size=np.shape(y))
    backward, options = f"{name}_backward", [{}]
    extra = inspect.signature(PUBLIC[backward]).parameters
    if "y" in extra:
        options.append({"y": y})
    if "input_gradient" in extra:
        options.append({"input_gradient": False})
    for more in options:
        arguments = dy, *case.args
        expected = PUBLIC[backward](*arguments, **case.kwargs, **more)
        same(PLAIN[backward](*arguments, **case.kwargs, **more), expected)


def arrays(*values: Any) -> tuple[Any, ...]:
    return tuple(np.array(v) if isinstance(v, list) else v for v in values)


KINKS = [-2.0, -1.0, -0.0, 0.0, 1.0, 2.0]
FAR = [-1e4, -750.0, -40.0, 40.0, 750.0, 1e4]
P, Q = [[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]], [[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]
LOGITS = [[1e4, 0.0, -1e4], [0.0, -np.inf, 1.0]]
TIES = np.array([[[[3.0, 3.0, 1.0, 2.0], [3.0, 3.0, 2.0, 2.0]]]])
# Where recipes do not go: kinks, ties, zeros, far out.
EDGES = [
    *(
        (name, arrays(x), {})
        for name in ("relu", "leaky_relu", "elu", "softplus", "gelu", "silu")
        for x in (KINKS, FAR)
    ),
    ("sigmoid", arrays(FAR), {}),
    ("tanh", arrays(FAR), {}),
    ("softmax", arrays(LOGITS), {}),
    ("log_softmax", arrays(LOGITS), {}),
    ("mean_absolute_error", arrays(KINKS, KINKS[::-1]), {}),
    ("huber", arrays(KINKS, [0.0] * 6), {}),
    ("sigmoid_cross_entropy", arrays(FAR, [0.0, 1.0, 0.5, 0.5, 1.0, 0.0]), {}),
    ("softmax_cross_entropy", arrays(LOGITS, [2, 0]), {}),
    ("softmax_cross_entropy", arrays(LOGITS[:1], [[0.5, 0.0, 0.5]]), {}),
    ("entropy", arrays(P), {"base": 2}),
    ("cross_entropy", arrays(P, Q), {"base": 2}),
    ("kl_divergence", arrays(P, Q), {"base": 2}),
    ("l1_penalty", arrays(KINKS, 0.5), {}),
    ("elastic_net_penalty", arrays(KINKS, 0.5, 0.3), {}),
    ("soft_threshold", arrays(KINKS, 1.0), {}),
    ("max_pool2d", (TIES, 2), {}),
    ("max_pool2d", (TIES, 2), {"stride": 1, "padding": 1}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), EDGES)
def test_edges(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    with np.errstate(all="ignore"):
        y = PUBLIC[name](*args, **kwargs)
        same(PLAIN[name](*args, **kwargs), y, terms=0)
        dy = np.random.default_rng(0).normal(size=np.shape(y))
        expected = PUBLIC[f"{name}_backward"](dy, *args, **kwargs)
        same(PLAIN[f"{name}_backward"](dy, *args, **kwargs), expected, terms=0)


# -------------------------------------------------------- equal: what has no gradient

Case = Callable[[Any, np.random.Generator], Any]
CASES: dict[str, Case] = {}


def case(*names: str) -> Callable[[Case], Case]:
    """Register a function of nnref or nnref.plain, whose results must be the same."""

    def register(f: Case) -> Case:
        for name in names:
            CASES[name] = f
        return f

    return register


@case("conv_output_size")
def _(n: Any, rng: Any) -> Any:
    options = itertools.product(range(1, 9), (1, 2, 3), (1, 2, 3), (0, 1), (1, 2))
    return [
        n.conv_output_size(size, k, stride=s, padding=p, dilation=d)
        for size, k, s, p, d in options
        if d * (k - 1) + 1 <= size + 2 * p
    ]


@case("receptive_field")
def _(n: Any, rng: Any) -> Any:
    stacks = [[], [(3,)], [(5, 2), (2, 3), (3, 1)], [(3,), (3, 2, 2), (4, 1, 3), (2,)]]
    return [n.receptive_field(stack) for stack in stacks]


def gradients(rng: np.random.Generator, size: float) -> dict[str, np.ndarray]:
    return {"w": size * rng.normal(size=(3, 4)), "b": size * rng.normal(size=4)}


@case("clip_by_norm")
def _(n: Any, rng: Any) -> Any:
    grads = [gradients(rng, size) for size in (0.01, 1.0, 100.0)]
    return [n.clip_by_norm(g, 1.5) for g in [*grads, {"w": np.zeros(2)}]]


def test_exploding_gradients_are_clipped_in_float32() -> None:
    grads = {"w": np.array([3e20, -4e20], np.float32)}
    for n in plain, nnref:
        clipped = n.clip_by_norm(grads, 1.0)["w"]
        np.testing.assert_allclose(clipped, [0.6, -0.8], rtol=1e-6)
        assert clipped.dtype == np.float32


@case("gradient_norm")
def _(n: Any, rng: Any) -> Any:
    exploding = {"w": np.array([3e20, -4e20], np.float32)}  # squares overflow there
    grads = [*(gradients(rng, size) for size in (0.1, 1.0)), exploding]
    return [n.gradient_norm(g) for g in grads]


@case("clip_by_value")
def _(n: Any, rng: Any) -> Any:
    return [n.clip_by_value(gradients(rng, size), 0.7) for size in (0.1, 1.0)]


@case("he_normal", "he_uniform", "xavier_normal", "xavier_uniform")
def _(n: Any, rng: Any) -> Any:
    shapes = [(3, 4), (5, 3, 2, 4)]
    names = ("he_normal", "he_uniform", "xavier_normal", "xavier_uniform")
    return [getattr(n, name)(shape, rng) for name in names for shape in shapes]


@case("xor", "spirals", "blobs", "sine")
def _(n: Any, rng: Any) -> Any:
    return [
        n.xor(),
        *(f(7, rng) for f in (n.spirals, n.blobs, n.sine)),
        *(f(7, rng, classes=2, noise=0.4) for f in (n.spirals, n.blobs)),
        n.sine(7, rng, noise=0.4),
    ]


@case("train_test_split")
def _(n: Any, rng: Any) -> Any:
    x, y = rng.normal(size=(11, 2)), rng.integers(0, 3, 11)
    parts = (0.25, 0.5, 0.7)
    drawn = [n.train_test_split(x, y, part, rng) for part in parts]
    y = np.array([0, 2] * 4 + [1] * 3)
    return drawn + [n.train_test_split(x, y, part, rng, stratify=y) for part in parts]


@case("k_fold")
def _(n: Any, rng: Any) -> Any:
    y = rng.integers(0, 3, 11)
    folds = [n.k_fold(11, k, rng) for k in (2, 3, 11)]
    return folds + [n.k_fold(11, k, rng, stratify=y) for k in (2, 3, 11)]


@case("minibatches")
def _(n: Any, rng: Any) -> Any:
    x, y = rng.normal(size=(11, 2)), rng.integers(0, 3, 11)
    sizes = [(1, False), (3, False), (20, False), (1, True), (3, True), (11, True)]
    return [
        [*n.minibatches(x, y, size, rng, drop_last=drop_last)]
        for size, drop_last in sizes
    ]


@case("accuracy", "confusion_matrix")
def _(n: Any, rng: Any) -> Any:
    z = rng.integers(0, 3, (20, 4)).astype(float)  # with ties
    y = rng.integers(0, 4, 20)
    spoilt = z.copy()
    spoilt[rng.random(z.shape) < 0.3] = np.nan
    return n.accuracy(z, y), n.confusion_matrix(z, y), n.accuracy(spoilt, y)


@case("numerical_gradient")
def _(n: Any, rng: Any) -> Any:
    x = rng.normal(size=(3, 4)) * [1e-3, 1.0, 10.0, 1e5]
    return n.numerical_gradient(lambda x: np.sum(np.sin(x) * x), x)


def test_numerical_gradient_leaves_x_alone() -> None:
    x = np.array([1.0, 2.0])
    plain.numerical_gradient(np.sum, x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def scale(x: Any, w: Any, *, power: int = 1) -> Any:
    return x * w**power


def scale_backward(dy: Any, x: Any, w: Any, *, power: int = 1) -> Any:
    return dy * w**power, (dy * x * power * w ** (power - 1)).sum(axis=0)


@case("check_gradient")
def _(n: Any, rng: Any) -> Any:
    """A wrong gradient: of a right one the error is rounding, everywhere another."""
    x, w = rng.normal(size=(3, 2)), rng.normal(size=2) + 3

    def wrong(dy: Any, x: Any, w: Any, *, power: int = 1) -> Any:
        dx, dw = scale_backward(dy, x, w, power=power)
        return dx, 2 * dw

    labels = np.array([1, 0, 1])
    loss = n.softmax_cross_entropy
    errors = [
        n.check_gradient(loss, lambda dy, x, y: x, x, labels, tol=1e9),
        n.check_gradient(scale, wrong, x, w, tol=1e9, power=2),
        n.check_gradient(scale, wrong, x, w, tol=1e9, rng=rng),
        n.check_gradient(np.square, lambda dy, x: dy * x, x, wrt=[0], tol=1e9),
    ]
    return [round(float(error), 8) for error in errors]


def test_check_gradient_lets_right_ones_pass_and_no_wrong_one() -> None:
    x, w = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([2.0, 3.0])
    assert plain.check_gradient(scale, scale_backward, x, w, power=3) < 1e-9
    with pytest.raises(AssertionError, match=r"off by 0\.5"):
        plain.check_gradient(np.square, lambda dy, x: dy * x, x)


@case("step_decay", "exponential_decay", "cosine_decay", "warmup")
def _(n: Any, rng: Any) -> Any:
    schedules = [
        n.step_decay(0.5, 3),
        n.step_decay(0.5, 4, factor=0.7),
        n.exponential_decay(0.8, 0.9),
        n.cosine_decay(0.4, 20),
        n.cosine_decay(0.4, 20, final=0.1),
        n.warmup(0.8, 5),
        n.warmup(n.exponential_decay(0.8, 0.9), 5),
    ]
    return [[float(schedule(t)) for t in range(30)] for schedule in schedules]


@case("SGD", "RMSProp", "Adam", "AdamW")
def _(n: Any, rng: Any) -> Any:
    """Over 200 steps, each with a gradient of its own."""
    decay = {"weight_decay": 0.1}
    optimizers = [
        n.SGD(0.1),
        n.SGD(0.1, momentum=0.9, **decay),
        n.SGD(n.cosine_decay(0.1, 150), momentum=0.9, nesterov=True, **decay),
        n.SGD(0.1, no_decay=(), **decay),
        n.RMSProp(),
        n.RMSProp(n.warmup(0.1, 20), rho=0.9, eps=0.1, no_decay=("w2", "b"), **decay),
        n.Adam(),
        n.Adam(n.step_decay(0.1, 50), betas=(0.5, 0.9), eps=0.1, **decay),
        n.AdamW(),
        n.AdamW(0.1, betas=(0.5, 0.9), eps=0.1, no_decay=(), weight_decay=0.2),
        n.AdamW(n.exponential_decay(0.1, 0.99)),
    ]
    path = []
    for optimizer in optimizers:
        shapes = {"0.w": (3, 2), "0.b": (2,), "bias": (2,), "b_1": (2,), "w2": (2,)}
        params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
        kept = dict(params)
        for _ in range(200):
            grads = {name: rng.normal(size=a.shape) for name, a in params.items()}
            optimizer.step(params, grads)
            path.append({name: a.copy() for name, a in params.items()})
        assert all(params[name] is a for name, a in kept.items())
        path.append({"steps": optimizer.steps})
    return path


Built = tuple[Callable[[Any, Any], Any], tuple[int, ...]]
IMAGES = (3, 4, 7, 6)
LAYERS: dict[str, list[Built]] = {
    **{
        name: [(lambda n, rng, name=name: getattr(n, name)(), (3, 4))]
        for name in ("Sigmoid", "Tanh", "ReLU", "Softplus", "GELU", "SiLU")
    },
    "LeakyReLU": [
        (lambda n, rng: n.LeakyReLU(), (3, 4)),
        (lambda n, rng: n.LeakyReLU(negative_slope=0.3), (3, 4)),
    ],
    "ELU": [
        (lambda n, rng: n.ELU(), (3, 4)),
        (lambda n, rng: n.ELU(alpha=0.3), (3, 4)),
    ],
    "Softmax": [
        (lambda n, rng: n.Softmax(), (3, 4)),
        (lambda n, rng: n.Softmax(axis=0), (3, 4)),
    ],
    "LogSoftmax": [
        (lambda n, rng: n.LogSoftmax(), (3, 4)),
        (lambda n, rng: n.LogSoftmax(axis=0), (3, 4)),
    ],
    "Dense": [
        (lambda n, rng: n.Dense(4, 2, rng), (3, 4)),
        (lambda n, rng: n.Dense(4, 2, rng, init=n.xavier_normal, bias=False), (3, 4)),
    ],
    "Conv2D": [
        (lambda n, rng: n.Conv2D(4, 6, 3, rng), IMAGES),
        (
            lambda n, rng: n.Conv2D(
                *(4, 6, (2, 3), rng),
                stride=(2, 1),
                padding=1,
                dilation=(1, 2),
                groups=2,
                init=n.he_uniform,
                bias=False,
            ),
            IMAGES,
        ),
    ],
    "MaxPool2D": [
        (lambda n, rng: n.MaxPool2D(2), IMAGES),
        (lambda n, rng: n.MaxPool2D((2, 3), stride=(1, 2), padding=1), IMAGES),
    ],
    "AvgPool2D": [
        (lambda n, rng: n.AvgPool2D(2), IMAGES),
        (
            lambda n, rng: n.AvgPool2D(
                (2, 3), stride=(1, 2), padding=1, count_include_pad=False
            ),
            IMAGES,
        ),
    ],
    "GlobalAvgPool2D": [(lambda n, rng: n.GlobalAvgPool2D(), IMAGES)],
    "GlobalMaxPool2D": [(lambda n, rng: n.GlobalMaxPool2D(), IMAGES)],
    "BatchNorm": [
        (lambda n, rng: n.BatchNorm(4), (5, 4)),
        (lambda n, rng: n.BatchNorm(4, rho=0.3, eps=0.1), IMAGES),
    ],
    "LayerNorm": [
        (lambda n, rng: n.LayerNorm(4), (3, 4)),
        (lambda n, rng: n.LayerNorm(6, eps=0.1), IMAGES),
    ],
    "GroupNorm": [
        (lambda n, rng: n.GroupNorm(4, groups=1), (3, 4)),
        (lambda n, rng: n.GroupNorm(4, groups=2, eps=0.1), IMAGES),
    ],
    "RMSNorm": [
        (lambda n, rng: n.RMSNorm(4), (3, 4)),
        (lambda n, rng: n.RMSNorm(6, eps=0.1), IMAGES),
    ],
    "Dropout": [(lambda n, rng: n.Dropout(0.3, rng), (3, 4))],
    "Flatten": [(lambda n, rng: n.Flatten(), IMAGES)],
    "Sequential": [
        (lambda n, rng: n.Sequential(n.Dense(4, 3, rng), n.ReLU()), (3, 4)),
        (
            lambda n, rng: n.Sequential(
                n.Sequential(n.Conv2D(4, 2, 3, rng), n.BatchNorm(2)), n.Flatten()
            ),
            IMAGES,
        ),
    ],
    "Residual": [
        (lambda n, rng: n.Residual(n.Dense(4, 4, rng)), (3, 4)),
        (
            lambda n, rng: n.Residual(
                n.Sequential(n.Dense(4, 2, rng), n.Tanh()),
                projection=n.Dense(4, 2, rng),
            ),
            (3, 4),
        ),
    ],
}


@case(*LAYERS)
def _(n: Any, rng: Any) -> Any:
    """Twice in training, then in evaluation; each time with the gradients."""
    results = []
    for build, shape in itertools.chain(*LAYERS.values()):
        layer = build(n, rng)
        for array in layer.params.values():
            array += 0.1 * rng.normal(size=array.shape)
        for training in (True, True, False):
            y = layer.forward(rng.normal(size=shape), training)
            dx = layer.backward(rng.normal(size=y.shape))
            results.append((y, dx, layer.grads, layer.params))
        if isinstance(layer, n.BatchNorm):
            results.append((layer.running_mean, layer.running_var))
    return results


@case("Layer")
def _(n: Any, rng: Any) -> Any:
    class Scale(n.Layer):
        def forward(self, x: Any, training: bool = False) -> Any:
            return self.params["s"] * x

    layer = Scale(s=np.array([3.0]))
    return layer.params, layer.grads, layer.forward(np.array([2.0, 5.0]))


@case("loss_and_gradient")
def _(n: Any, rng: Any) -> Any:
    x, y = rng.normal(size=(7, 4)), rng.integers(0, 3, 7)
    model = n.Sequential(n.Dense(4, 5, rng), n.Tanh(), n.Dense(5, 3, rng))
    loss = n.softmax_cross_entropy, n.softmax_cross_entropy_backward
    return n.loss_and_gradient(model, x, y, loss)


@case("fit", "History")
def _(n: Any, rng: Any) -> Any:
    """An MLP and a small CNN that classify, and a regression without validation."""
    results = []
    x, y = rng.normal(size=(22, 1, 6, 6)), rng.integers(0, 3, 22)
    loss = n.softmax_cross_entropy, n.softmax_cross_entropy_backward
    mlp = n.Sequential(
        *(n.Flatten(), n.Dense(36, 8, rng, bias=False), n.BatchNorm(8), n.ReLU()),
        *(n.Dropout(0.2, rng), n.Dense(8, 3, rng)),
    )
    cnn = n.Sequential(
        *(n.Conv2D(1, 4, 3, rng, padding=1), n.ReLU(), n.MaxPool2D(2)),
        *(n.Conv2D(4, 6, 2, rng), n.GELU(), n.GlobalAvgPool2D(), n.Dense(6, 3, rng)),
    )
    for model, optimizer in (mlp, n.Adam(0.01)), (cnn, n.SGD(0.1, momentum=0.9)):
        history = n.fit(
            *(model, x[:15], y[:15]),
            loss=loss,
            optimizer=optimizer,
            epochs=3,
            batch_size=4,
            rng=rng,
            validation=(x[15:], y[15:]),
        )
        assert len(history.validation_accuracy) == 3
        results.append((vars_of(history), model.params))
    x, t = n.sine(9, rng)
    model = n.Dense(1, 1, rng)
    history = n.fit(
        *(model, x, t),
        loss=(n.mean_squared_error, n.mean_squared_error_backward),
        optimizer=n.SGD(0.1),
        epochs=2,
        batch_size=4,
        rng=rng,
        validation=(x, t),
    )
    assert not history.validation_accuracy
    return [*results, (vars_of(history), model.params)]


def vars_of(history: Any) -> dict[str, list[float]]:
    kinds = ("train_loss", "step_loss", "validation_loss", "validation_accuracy")
    return {kind: getattr(history, kind) for kind in kinds}


def test_every_name_is_compared() -> None:
    gradients = {f"{name}_backward" for name in OPERATIONS}
    assert {*OPERATIONS, *gradients, *CASES} == set(PLAIN)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "names",
    [[n for n in CASES if CASES[n] is f] for f in dict.fromkeys(CASES.values())],
    ids=lambda names: names[0],
)
def test_results_are_the_same(names: list[str], seed: int) -> None:
    f = CASES[names[0]]
    own, expected = (f(n, np.random.default_rng(seed)) for n in (plain, nnref))
    same(own, expected)


def test_a_difference_is_found() -> None:
    for own, expected in [
        (np.array([1.0, 1.0 + 1e-11]), np.array([1.0, 1.0])),
        (np.array([1e-13, 1.0]), np.array([0.0, 1.0])),
        (np.array([[1.0]]), np.array([1.0])),
        (np.array([1.0], np.float32), np.array([1.0])),
        ({"w": 1.0}, {"b": 1.0}),
        ([1.0], [1.0, 2.0]),
        (math.nan, 1.0),
        (2, 1),
    ]:
        same(expected, expected)
        with pytest.raises(AssertionError):
            same(own, expected)
