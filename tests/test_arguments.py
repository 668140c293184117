"""Whatever is given for an argument: it works, or is refused by the argument's name.

The same nonsense goes into every parameter of every public callable of these modules.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nnref as nn

MODULES = (
    "clipping",
    "data",
    "gradcheck",
    "initialization",
    "network",
    "optimizers",
    "saving",
    "training",
    "validation",
)
# They only hold what they are given.
HOLDERS = {"Digits", "DivergenceError", "Flatten", "History"}

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
}


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def dense() -> nn.Layer:
    return nn.Dense(2, 3, rng())


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
    },
    "train_test_split": {
        "x": X,
        "y": Y,
        "test_fraction": 0.4,
        "rng": rng(),
        "stratify": Y,
    },
    "k_fold": {"n": 7, "k": 2, "rng": rng(), "stratify": Y},
}

# What the message calls them, where not by their own name.
CALLED = {
    ("check_gradient", "args"): "argument 0",
    ("Adam", "betas"): "beta",
    ("AdamW", "betas"): "beta",
    ("Sequential", "layers"): "layer 0",
    ("save", "parts"): "model",
    ("load", "parts"): "model",
}
# Nonsense that is none.
FINE = {
    ("digits", "dtype", "None"),  # NumPy's default, float64
    ("save", "path", "text"),
    ("load", "path", "text"),  # there is no such file
    ("fit", "validation", "None"),  # but with patience
    ("numerical_gradient", "x", "nan"),
    ("numerical_gradient", "x", "negative"),
    ("check_gradient", "args", "nan"),
    ("check_gradient", "args", "negative"),
    # Whatever can be called may be a function, or a schedule.
    ("numerical_gradient", "f", "class"),
    ("check_gradient", "f", "class"),
    ("check_gradient", "f_backward", "class"),
    ("warmup", "lr", "class"),
    *(
        (name, "lr", "class")
        for name in ("Optimizer", "SGD", "RMSProp", "Adam", "AdamW")
    ),
}


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
        elif parameter.name == "parts":
            arguments |= arguments.pop("parts")
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
    several = {"args": (value,), "layers": (value,), "parts": {"model": value}}
    arguments[parameter] = several.get(parameter, value)
    default = inspect.signature(f).parameters[parameter].default
    if value is None and default is None:
        call(name, arguments)
        return
    called = CALLED.get((name, parameter), parameter)
    with pytest.raises(ValueError, match=rf"\b{called}"):
        call(name, arguments)
