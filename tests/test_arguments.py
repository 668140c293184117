"""Whatever is given for an argument: it works, or is refused by the argument's name.

The same nonsense goes into every parameter of every public callable of these modules.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nnref as nn

MODULES = (
    "activations",
    "clipping",
    "convolution",
    "data",
    "data_parallel",
    "dense",
    "entropies",
    "gradcheck",
    "initialization",
    "layer",
    "losses",
    "network",
    "normalization",
    "optimizers",
    "pooling",
    "regularization",
    "saving",
    "training",
    "validation",
)
# They only hold what they are given.
HOLDERS = {"Digits", "DivergenceError", "History"}

NONSENSE = {
    "text": "text",
    "None": None,
    "object": object(),
    "complex": 1j,
    "dict": {"a": "b"},
    "ragged": [[1, 2], [3]],
    "nan": float("nan"),
    "negative": -1,
    "class": nn.Dense,
    "strings": np.array(["a", "b"]),
    "rank": np.ones((2, 1, 2, 1, 2)),
}


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def dense() -> nn.Layer:
    return nn.Dense(2, 3, rng())


class Client:
    """As much of a client of Dask as an argument is asked for."""

    def scatter(self, data: Any, **_: Any) -> Any:
        return data


X, Y = np.arange(14.0).reshape(7, 2), np.arange(7) % 3
GRADS = {"w": np.ones(3)}
LOSS = nn.softmax_cross_entropy, nn.softmax_cross_entropy_backward
DECAY = {"weight_decay": 0.1, "no_decay": ("b",)}

# Arguments that work, all of them.
VALID: dict[str, dict[str, Any]] = {
    "clip_by_norm": {"grads": GRADS, "max_norm": 1.0},
    "clip_by_value": {"grads": GRADS, "limit": 1.0},
    "gradient_norm": {"grads": GRADS},
    "digits": {"images": True, "dtype": np.float32},
    "xor": {},
    "spirals": {"n": 5, "rng": rng(), "classes": 2, "noise": 0.1},
    "blobs": {"n": 5, "rng": rng(), "classes": 2, "noise": 0.1},
    "sine": {"n": 5, "rng": rng(), "noise": 0.1},
    "numerical_gradient": {"f": np.sum, "x": X},
    "check_gradient": {
        "f": np.sin,
        "f_backward": lambda dy, x: dy * np.cos(x),
        "args": (X,),
        "wrt": [0],
        "rng": rng(),
        "tol": 1e-6,
    },
    "he_normal": {"shape": (3, 4), "rng": rng()},
    "he_uniform": {"shape": (3, 4), "rng": rng()},
    "xavier_normal": {"shape": (3, 4), "rng": rng()},
    "xavier_uniform": {"shape": (3, 4), "rng": rng()},
    "Sequential": {"layers": (dense(),)},
    "Residual": {"f": dense(), "projection": dense()},
    "Optimizer": {"lr": 0.1, **DECAY},
    "SGD": {"lr": 0.1, "momentum": 0.9, "nesterov": True, **DECAY},
    "RMSProp": {"lr": 0.1, "rho": 0.9, "eps": 1e-8, **DECAY},
    "Adam": {"lr": 0.1, "betas": (0.9, 0.9), "eps": 1e-8, **DECAY},
    "AdamW": {"lr": 0.1, "betas": (0.9, 0.9), "eps": 1e-8, **DECAY},
    "step_decay": {"lr": 0.1, "every": 2, "factor": 0.5},
    "exponential_decay": {"lr": 0.1, "factor": 0.5},
    "cosine_decay": {"lr": 0.1, "steps": 2, "final": 0.01},
    "warmup": {"lr": 0.1, "steps": 2},
    "save": {"path": "", "parts": {"model": dense()}},
    "load": {"path": "", "parts": {"model": dense()}},
    "Layer": {"params": {"s": np.ones(2)}},
    "DataParallel": {"client": Client(), "model": dense(), "loss": LOSS},
    "minibatches": {"x": X, "y": Y, "batch_size": 2, "rng": rng(), "drop_last": True},
    "accuracy": {"logits": np.eye(7), "labels": Y},
    "confusion_matrix": {"logits": np.eye(7), "labels": Y},
    "fit": {
        "model": dense(),
        "x": X,
        "y": Y,
        "loss": LOSS,
        "optimizer": nn.SGD(0.01),
        "epochs": 1,
        "batch_size": 2,
        "rng": rng(),
        "validation": (X, Y),
        "patience": 1,
        "progress": False,
        "drop_last": True,
        "gradient": None,
    },
    "loss_and_gradient": {"model": dense(), "x": X, "y": Y, "loss": LOSS},
    "train_test_split": {
        "x": X,
        "y": Y,
        "test_fraction": 0.4,
        "rng": rng(),
        "stratify": Y,
    },
    "k_fold": {"n": 7, "k": 2, "rng": rng(), "stratify": Y},
}

ROW, ROWS = np.array([0.25, 0.75]), np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])
TWO, ONE = np.ones(2), np.array(1.0)
IMAGES, KERNELS = np.arange(80.0).reshape(1, 4, 4, 5), np.ones((2, 4, 3, 2))
POOLED, MAPS = np.ones((1, 4, 2, 2)), np.ones((1, 4))
CONVOLUTION = {"stride": 1, "padding": (0, 1), "dilation": 1, "groups": 1}
CONVOLVED = np.ones((1, 2, 2, 6))
POOLING = {"kernel_size": 2, "stride": (2, 3), "padding": 0}
STATS = {"eps": 1e-5, "stats": (TWO, TWO)}
NORM = {"gamma": TWO, "beta": TWO}


def elementwise(**options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return arguments of such an operation, and of its gradient."""
    return {"x": X, **options}, {"dy": X, "x": X, **options}


# Of operations and of their gradients.
PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    **{name: elementwise() for name in ("relu", "softplus", "gelu", "silu")},
    **{name: (elementwise()[0], elementwise(y=X)[1]) for name in ("sigmoid", "tanh")},
    "leaky_relu": elementwise(negative_slope=0.1),
    "elu": elementwise(alpha=0.5),
    **{
        name: (elementwise(axis=1)[0], elementwise(axis=1, y=X)[1])
        for name in ("softmax", "log_softmax")
    },
    **{
        name: ({"pred": X, "target": X}, {"dy": ONE, "pred": X, "target": X})
        for name in ("mean_squared_error", "mean_absolute_error")
    },
    "huber": (
        {"pred": X, "target": X, "delta": 0.5},
        {"dy": ONE, "pred": X, "target": X, "delta": 0.5},
    ),
    "sigmoid_cross_entropy": (
        {"logits": ROWS, "target": ROWS},
        {"dy": ONE, "logits": ROWS, "target": ROWS},
    ),
    "softmax_cross_entropy": (
        {"logits": ROWS, "target": np.array([0, 1, 1]), "label_smoothing": 0.1},
        {"dy": ONE, "logits": ROWS, "target": ROWS, "label_smoothing": 0.1},
    ),
    "entropy": ({"p": ROW, "base": 2}, {"dy": ONE, "p": ROW, "base": 2}),
    **{
        name: (
            {"p": ROWS, "q": ROWS, "base": 2},
            {"dy": np.ones(3), "p": ROWS, "q": ROWS, "base": 2},
        )
        for name in ("cross_entropy", "kl_divergence")
    },
    "dense": (
        {"x": X, "w": np.eye(2), "b": TWO},
        {"dy": X, "x": X, "w": np.eye(2), "b": TWO, "input_gradient": True},
    ),
    "conv2d": (
        {"x": IMAGES, "w": KERNELS, "b": TWO, **CONVOLUTION},
        {
            **CONVOLUTION,
            "dy": CONVOLVED,
            "x": IMAGES,
            "w": KERNELS,
            "b": TWO,
            "input_gradient": True,
        },
    ),
    "max_pool2d": (
        {"x": IMAGES, **POOLING},
        {"dy": POOLED, "x": IMAGES, **POOLING, "y": POOLED},
    ),
    "avg_pool2d": (
        {"x": IMAGES, **POOLING, "count_include_pad": True},
        {"dy": POOLED, "x": IMAGES, **POOLING, "count_include_pad": True},
    ),
    **{
        name: ({"x": IMAGES}, {"dy": MAPS, "x": IMAGES})
        for name in ("global_avg_pool2d", "global_max_pool2d")
    },
    "batch_norm": elementwise(**NORM, **STATS),
    "layer_norm": elementwise(**NORM, eps=1e-5),
    "group_norm": elementwise(**NORM, groups=2, eps=1e-5),
    "rms_norm": elementwise(gamma=TWO, eps=1e-5),
    **{
        name: ({"w": X, "lam": 0.1}, {"dy": ONE, "w": X, "lam": 0.1})
        for name in ("l1_penalty", "l2_penalty")
    },
    "elastic_net_penalty": (
        {"w": X, "lam1": 0.1, "lam2": 0.2},
        {"dy": ONE, "w": X, "lam1": 0.1, "lam2": 0.2},
    ),
    "soft_threshold": ({"w": X, "t": 0.1}, {"dy": X, "w": X, "t": 0.1}),
    "dropout": elementwise(p=0.5, rng=rng(), mask=X > 3),
}
INIT = {"init": nn.he_normal, "bias": True, "dtype": np.float32}
LAYERS: dict[str, dict[str, Any]] = {
    **{name: {} for name in ("Sigmoid", "Tanh", "ReLU", "Softplus", "GELU", "SiLU")},
    "LeakyReLU": {"negative_slope": 0.1},
    "ELU": {"alpha": 0.5},
    "Softmax": {"axis": 1},
    "LogSoftmax": {"axis": 1},
    "Dense": {"d_in": 2, "d_out": 3, "rng": rng(), **INIT},
    "Conv2D": {
        "c_in": 4,
        "c_out": 2,
        "kernel_size": 2,
        "rng": rng(),
        **CONVOLUTION,
        **INIT,
    },
    "MaxPool2D": POOLING,
    "AvgPool2D": {**POOLING, "count_include_pad": True},
    **{name: {} for name in ("GlobalAvgPool2D", "GlobalMaxPool2D", "Flatten")},
    "BatchNorm": {"c": 2, "rho": 0.9, "eps": 1e-5, "dtype": np.float32},
    "LayerNorm": {"d": 2, "eps": 1e-5, "dtype": np.float32},
    "GroupNorm": {"c": 2, "groups": 2, "eps": 1e-5, "dtype": np.float32},
    "RMSNorm": {"d": 2, "eps": 1e-5, "dtype": np.float32},
    "Dropout": {"p": 0.5, "rng": rng()},
}
OPERATIONS = {name: forward for name, (forward, _) in PAIRS.items()}
OPERATIONS |= {f"{name}_backward": backward for name, (_, backward) in PAIRS.items()}
VALID |= OPERATIONS | LAYERS
VALID |= {
    "conv_output_size": {
        "size": 5,
        "kernel_size": 2,
        "stride": 1,
        "padding": 0,
        "dilation": 1,
    },
    "receptive_field": {"layers": [(3, 1), (2, 2)]},
}

# What the message calls them, where not by their own name.
CALLED = {
    ("check_gradient", "args"): "argument 0",
    ("Adam", "betas"): "beta",
    ("AdamW", "betas"): "beta",
    ("Sequential", "layers"): "layer 0",
    ("receptive_field", "layers"): "layer",
    ("loss_and_gradient", "y"): "target",
    ("save", "parts"): "model",
    ("load", "parts"): "model",
    ("Layer", "params"): "s",
}
# Nonsense that is none.
FINE = {
    *((name, "dtype", "None") for name in ("digits", *LAYERS)),  # NumPy's: float64
    ("Layer", "params", "rank"),
    ("save", "path", "text"),
    ("load", "path", "text"),  # there is no such file
    ("fit", "validation", "None"),  # but with patience
    *(("numerical_gradient", "x", key) for key in ("nan", "negative", "rank")),
    *(("check_gradient", "args", key) for key in ("nan", "negative", "rank")),
    # Whatever can be called may be a function, or a schedule.
    ("numerical_gradient", "f", "class"),
    ("check_gradient", "f", "class"),
    ("check_gradient", "f_backward", "class"),
    ("warmup", "lr", "class"),
    ("fit", "gradient", "class"),
    *(
        (name, "lr", "class")
        for name in ("Optimizer", "SGD", "RMSProp", "Adam", "AdamW")
    ),
    *((name, "init", "class") for name in ("Dense", "Conv2D")),
    *((name, "axis", "negative") for name in VALID),
    *((name, "rng", "None") for name in ("dropout", "dropout_backward")),
}
# Of an array they are wrong only beside the shapes of others.
NUMBERS = {"nan", "negative", "rank"}


def call(name: str, arguments: dict[str, Any]) -> Any:
    """Call it, with those that stand for several spread out."""
    arguments = dict(arguments)
    f = getattr(nn, name)
    first: tuple[Any, ...] = ()
    for parameter in inspect.signature(f).parameters.values():
        value = arguments.get(parameter.name)
        if parameter.kind is parameter.VAR_POSITIONAL:
            arguments.pop(parameter.name)
            before = [p for p in ("f", "f_backward") if p in arguments]
            first = (*(arguments.pop(p) for p in before), *value)
        elif parameter.kind is parameter.VAR_KEYWORD and value:
            arguments |= arguments.pop(parameter.name)
    return f(*first, **arguments)


def public(module: str) -> list[str]:
    return [
        name
        for name in nn.__all__
        if getattr(nn, name).__module__ == f"nnref.{module}" and name not in HOLDERS
    ]


def test_every_public_callable_is_here() -> None:
    names = [name for module in MODULES for name in public(module)]
    assert sorted(names) == sorted(VALID)
    for name, arguments in VALID.items():
        parameters = {*inspect.signature(getattr(nn, name)).parameters} - {"kwargs"}
        assert parameters == {*arguments}, name


CASES = [
    pytest.param(name, parameter, key, id=f"{name}-{parameter}-{key}")
    for name, arguments in VALID.items()
    for parameter in arguments
    for key in NONSENSE
    if (name, parameter, key) not in FINE
]


@pytest.mark.parametrize("name", sorted(VALID))
def test_what_is_right_works(name: str, tmp_path: Any) -> None:
    arguments = dict(VALID[name])
    if "path" in arguments:
        arguments["path"] = tmp_path / "model.npz"
        nn.save(**{"path": arguments["path"], **VALID["save"]["parts"]})
    call(name, arguments)


@pytest.mark.parametrize(("name", "parameter", "key"), CASES)
def test_nonsense_is_refused_by_the_name_of_the_argument(
    name: str, parameter: str, key: str, tmp_path: Any
) -> None:
    f: Callable[..., Any] = getattr(nn, name)
    arguments, value = dict(VALID[name]), NONSENSE[key]
    if "path" in arguments:
        arguments["path"] = tmp_path / "model.npz"
        nn.save(**{"path": arguments["path"], **VALID["save"]["parts"]})
    several = {
        "args": (value,),
        "layers": (value,),
        "parts": {"model": value},
        "params": {"s": value},
    }
    arguments[parameter] = several.get(parameter, value)
    default = inspect.signature(f).parameters[parameter].default
    needed = ("dropout_backward", "mask")  # in spite of its default
    if value is None and default is None and (name, parameter) != needed:
        call(name, arguments)
        return
    called = CALLED.get((name, parameter), parameter)
    is_array = isinstance(VALID[name][parameter], np.ndarray)
    if key in NUMBERS and name in OPERATIONS and is_array:
        try:
            call(name, arguments)
        except ValueError as error:
            assert re.search(rf"\b({'|'.join(arguments)})\b", str(error))  # noqa: PT017
        return
    with pytest.raises(ValueError, match=rf"\b{called}"):
        call(name, arguments)


# Sequential and check_gradient take any number by position, these any name.
TAKES_ANY_NAME = {"check_gradient", "save", "load", "Layer"}


@pytest.mark.parametrize("name", sorted({*VALID} - TAKES_ANY_NAME))
def test_an_unknown_keyword_is_refused_by_name(name: str) -> None:
    with pytest.raises(TypeError, match="'keepdims'"):
        call(name, {**VALID[name], "keepdims": True})


def test_an_option_that_a_layer_of_ones_own_lacks_is_no_parameter() -> None:
    with pytest.raises(ValueError, match="start_dim is 1, expected an array to learn"):
        nn.Layer(start_dim=1)


INPUTS = {
    **dict.fromkeys(LAYERS, X),
    **{name: IMAGES for name in LAYERS if "2D" in name},
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", sorted(LAYERS))
def test_layers_take_lists_as_functions_do(name: str, training: bool) -> None:
    x, results = INPUTS[name], []
    for convert in (np.asarray, np.ndarray.tolist):
        layer = call(
            name, LAYERS[name] | ({"rng": rng()} if "rng" in LAYERS[name] else {})
        )
        y = layer.forward(convert(x), training)
        results.append((y, layer.backward(convert(np.ones(y.shape)))))
    for expected, found in zip(*results, strict=True):
        assert isinstance(found, np.ndarray)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("key", sorted({*NONSENSE} - NUMBERS))
@pytest.mark.parametrize("name", sorted(LAYERS))
def test_layers_refuse_what_holds_no_numbers(name: str, key: str) -> None:
    layer = call(name, LAYERS[name])
    for training in False, True:
        with pytest.raises(ValueError, match=r"^x "):
            layer.forward(NONSENSE[key], training)
    y = layer.forward(INPUTS[name])
    with pytest.raises(ValueError, match=r"^dy "):
        layer.backward(NONSENSE[key])
    assert isinstance(layer.backward(np.ones(y.shape)), np.ndarray)


# Whatever arrays by name are asked for, beside what is no dict.
NO_ARRAYS = {key: {"w": value} for key, value in NONSENSE.items() if key != "dict"}
OPTIMIZERS = {name: VALID[name] for name in ("SGD", "RMSProp", "Adam", "AdamW")}


@pytest.mark.parametrize("argument", ["params", "grads"])
@pytest.mark.parametrize("key", sorted(NONSENSE))
@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_a_step_refuses_what_is_no_array(name: str, key: str, argument: str) -> None:
    optimizer, w = call(name, VALID[name]), np.ones(2)
    for nonsense in NONSENSE[key], NO_ARRAYS.get(key, {}):
        arguments = {"params": {"w": w}, "grads": {"w": np.ones(2)}, argument: nonsense}
        with pytest.raises(ValueError, match=r"^(params|grads)\b"):
            optimizer.step(**arguments)
        assert optimizer.steps == 0
    np.testing.assert_array_equal(w, 1)


@pytest.mark.parametrize("key", sorted(NONSENSE))
@pytest.mark.parametrize("name", sorted(LAYERS | OPTIMIZERS))
def test_load_state_refuses_what_is_no_state(name: str, key: str) -> None:
    part = call(name, VALID[name])
    for nonsense in NONSENSE[key], NO_ARRAYS.get(key, {"w": 0}):
        with pytest.raises(ValueError, match=r"^state\b"):
            part.load_state(nonsense)


@pytest.mark.parametrize("key", [*sorted(NONSENSE), "one"])
@pytest.mark.parametrize("name", ["BatchNorm", "Dropout"])
def test_training_is_true_or_false(name: str, key: str) -> None:
    layer = call(name, LAYERS[name])
    for model in layer, nn.Sequential(layer), nn.Residual(layer):
        with pytest.raises(ValueError, match=r"^training is .*, expected True or"):
            model.forward(X, NONSENSE.get(key, 1))
    layer.forward(X, np.True_)


@pytest.mark.parametrize("key", sorted(NONSENSE))
@pytest.mark.parametrize("argument", ["x", "y"])
def test_a_cluster_gets_samples(key: str, argument: str) -> None:
    spread = nn.DataParallel(Client(), dense(), LOSS)
    with pytest.raises(ValueError, match=r"^[xy] "):
        spread(**{"x": X, "y": Y, argument: NONSENSE[key]})
    with pytest.raises(ValueError, match="x has 7 samples and y 6"):
        spread(X, Y[:6])
