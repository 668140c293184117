"""The operator tests that ONNX publishes, for every operator that nnref has.

They ship in the package `onnx`, with inputs and outputs. A case is one node: here it is
computed with nnref, or stands in EXCLUDED with the reason why it cannot be.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nnref as nn
from doctools.pages import DOCS

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

# The modules with the cases of each operator; to import all of them takes 10 s.
MODULES = {
    "AveragePool": "averagepool",
    "BatchNormalization": "batch_normalization",
    "Conv": "conv",
    "Dropout": "dropout",
    "Elu": "elu",
    "Flatten": "flatten",
    "Gelu": "gelu",
    "Gemm": "gemm",
    "GlobalAveragePool": "globalaveragepool",
    "LayerNormalization": "layernormalization",
    "LeakyRelu": "leakyrelu",
    "LogSoftmax": "logsoftmax",
    "MatMul": "matmul",
    "MaxPool": "maxpool",
    "Momentum": "momentum",
    "Adam": "adam",
    "Relu": "relu",
    "Shrink": "shrink",
    "Sigmoid": "sigmoid",
    "Softmax": "softmax",
    "SoftmaxCrossEntropyLoss": "softmax_cross_entropy_loss",
    "Softplus": "softplus",
    "Swish": "swish",
    "Tanh": "tanh",
}

ONE_SIDE = "pads one side more than the other"
CEIL = "rounds the output size up"
DILATED = "pools with gaps in the window"
THREE = "images have three axes"
MOSTLY = "pads more than half of the window, which nnref refuses"
WEIGHTS = "weights the classes"
IGNORED = "ignores samples with a certain label"
APPROXIMATE = "asks for the approximation by tanh"
UNCORRECTED = "Adam without the correction of its means, as ONNX has it at step 0"
BATCHES = "multiplies stacks of matrices: samples are rows here"
MASK = "drops at random without giving the mask"

EXCLUDED = {
    "test_adam": UNCORRECTED,
    "test_adam_multiple": UNCORRECTED,
    "test_averagepool_2d_ceil": CEIL,
    "test_averagepool_2d_ceil_last_window_starts_on_pad": CEIL,
    "test_averagepool_2d_dilations": DILATED,
    "test_averagepool_2d_pads": MOSTLY,
    "test_averagepool_2d_pads_count_include_pad": MOSTLY,
    "test_averagepool_2d_same_lower": ONE_SIDE,
    "test_averagepool_2d_same_upper": ONE_SIDE,
    "test_averagepool_3d_default": THREE,
    "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_False": (
        THREE
    ),
    "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_True": (
        THREE
    ),
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_False": (
        THREE
    ),
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True": (
        THREE
    ),
    "test_averagepool_3d_dilations_small": THREE,
    "test_gelu_tanh_1": APPROXIMATE,
    "test_gelu_tanh_2": APPROXIMATE,
    "test_gemm_default_matrix_bias": "adds another bias to each sample",
    "test_matmul_1d_1d": BATCHES,
    "test_matmul_1d_3d": BATCHES,
    "test_matmul_3d": BATCHES,
    "test_matmul_4d": BATCHES,
    "test_matmul_4d_1d": BATCHES,
    "test_matmul_bcast": BATCHES,
    "test_maxpool_2d_ceil": CEIL,
    "test_maxpool_2d_ceil_output_size_reduce_by_one": CEIL,
    "test_maxpool_2d_dilations": DILATED,
    "test_maxpool_2d_pads": MOSTLY,
    "test_maxpool_2d_same_lower": ONE_SIDE,
    "test_maxpool_2d_same_upper": ONE_SIDE,
    "test_maxpool_3d_default": THREE,
    "test_maxpool_3d_dilations": THREE,
    "test_maxpool_3d_dilations_use_ref_impl": THREE,
    "test_maxpool_3d_dilations_use_ref_impl_large": THREE,
    "test_shrink_hard": "the hard threshold, not the soft one",
}


def cases() -> dict[str, Any]:
    """Return the published cases that are one node of such an operator."""
    node = importlib.import_module("onnx.backend.test.case.node")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in MODULES.values():
            importlib.import_module(f"{node.__name__}.{module}")
    return {
        case.name: case
        for case in node._NodeTestCases
        if [n.op_type for n in case.model.graph.node][1:] == []
        and case.model.graph.node[0].op_type in MODULES
    }


CASES = cases()


# ----------------------------------------------------------------- nnref for each node

Arrays = list[np.ndarray]
ADAPTERS: dict[str, Callable[..., Any]] = {}


def adapter(f: Callable[..., Any]) -> Callable[..., Any]:
    ADAPTERS["".join(word.title() for word in f.__name__.split("_"))] = f
    return f


def padding(size: Any, kernel: Any, stride: Any, options: dict[str, Any]) -> Any:
    """Return the padding per side of each axis."""
    if "auto_pad" in options:
        total = [
            (-(-n // s) - 1) * s + k - n
            for n, k, s in zip(size, kernel, stride, strict=True)
        ]
        assert all(t % 2 == 0 for t in total), ONE_SIDE
        return tuple(t // 2 for t in total)
    pads = options.get("pads", [0] * 2 * len(kernel))
    first, last = pads[: len(kernel)], pads[len(kernel) :]
    assert first == last, ONE_SIDE
    return tuple(first)


@adapter
def conv(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    x, w, *b = inputs
    stride = options.get("strides", [1, 1])
    return [
        nn.conv2d(
            x,
            w,
            *b,
            stride=tuple(stride),
            padding=padding(x.shape[2:], w.shape[2:], stride, options),
            dilation=tuple(options.get("dilations", [1, 1])),
            groups=options.get("group", 1),
        )
    ]


def pool(x: np.ndarray, options: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """Return the images, the window and the options; a row is an image of one row."""
    kernel = options["kernel_shape"]
    assert not options.get("ceil_mode"), CEIL
    assert "dilations" not in options, DILATED
    stride = options.get("strides", [1] * len(kernel))
    pad = padding(x.shape[2:], kernel, stride, options)
    assert len(kernel) < 3, THREE
    if len(kernel) == 1:
        x, kernel, stride, pad = x[:, :, None], [1, *kernel], [1, *stride], (0, *pad)
    return x, tuple(kernel), {"stride": tuple(stride), "padding": pad}


@adapter
def average_pool(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    x, kernel, window = pool(inputs[0], options)
    count = bool(options.get("count_include_pad", 0))
    y = nn.avg_pool2d(x, kernel, **window, count_include_pad=count)
    return [y.reshape(*inputs[0].shape[:2], *y.shape[4 - inputs[0].ndim + 2 :])]


@adapter
def max_pool(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    """Where the gradient goes is where the maxima are, the second output of ONNX."""
    x, kernel, window = pool(inputs[0], options)
    y = nn.max_pool2d(x, kernel, **window)
    dx = nn.max_pool2d_backward(np.ones(y.shape), x, kernel, **window)
    order = "F" if options.get("storage_order") else "C"
    where = np.flatnonzero(dx[0, 0].ravel(order)) if x.shape[1] == 1 else None
    return [y.reshape(*inputs[0].shape[:2], *y.shape[4 - inputs[0].ndim + 2 :]), where]


@adapter
def global_average_pool(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    return [nn.global_avg_pool2d(inputs[0])[:, :, None, None]]


@adapter
def batch_normalization(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    """Train through the layer, whose running variance, unlike ONNX's, is unbiased."""
    x, gamma, beta, mean, var = inputs
    eps = options.get("epsilon", 1e-5)
    if not options.get("training_mode"):
        return [nn.batch_norm(x, gamma, beta, eps=eps, stats=(mean, var))]
    layer = nn.BatchNorm(len(gamma), eps=eps, rho=0.9, dtype=x.dtype)
    layer.params["gamma"][...], layer.params["beta"][...] = gamma, beta
    layer.running_mean[...], layer.running_var[...] = mean, var
    y = layer.forward(x, training=True)
    m = x.size // x.shape[1]
    biased = 0.9 * var + (layer.running_var - 0.9 * var) * (m - 1) / m
    return [y, layer.running_mean, biased]


@adapter
def layer_normalization(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    """Flatten the axes that are normalized to one."""
    x, gamma, beta = inputs
    axis = options.get("axis", -1) % x.ndim
    flat = x.reshape(*x.shape[:axis], -1)
    eps = options.get("epsilon", 1e-5)
    return [nn.layer_norm(flat, gamma.ravel(), beta.ravel(), eps=eps).reshape(x.shape)]


@adapter
def softmax(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    return [nn.softmax(inputs[0], axis=options.get("axis", -1))]


@adapter
def log_softmax(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    return [nn.log_softmax(inputs[0], axis=options.get("axis", -1))]


@adapter
def softmax_cross_entropy_loss(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    """Put classes last; the loss of each sample by itself, where all are asked for."""
    scores, labels, *weights = inputs
    assert not weights, WEIGHTS
    assert "ignore_index" not in options, IGNORED
    rows = np.moveaxis(scores, 1, -1).reshape(-1, scores.shape[1])
    flat = labels.ravel()
    if options.get("reduction", b"mean") == b"none":
        each = [
            nn.softmax_cross_entropy(row[None], label[None])
            for row, label in zip(rows, flat, strict=True)
        ]
        loss = np.array(each).reshape(labels.shape)
    else:
        loss = nn.softmax_cross_entropy(rows, flat)
        loss = loss * (len(flat) if options.get("reduction") == b"sum" else 1)
    return [loss, nn.log_softmax(scores, axis=1)]


@adapter
def gemm(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    a, b, *c = inputs
    a = options.get("alpha", 1.0) * (a.T if options.get("transA") else a)
    b = b.T if options.get("transB") else b
    bias = [np.broadcast_to(v, (1, b.shape[1]))[0] for v in c]
    return [nn.dense(a, b, *(options.get("beta", 1.0) * v for v in bias))]


@adapter
def mat_mul(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    return [nn.dense(*inputs)]


@adapter
def dropout(inputs: Arrays, options: dict[str, Any], outputs: Arrays = ()) -> Arrays:
    """With the mask that is given, or else with that which the output shows."""
    x, *rest = inputs
    p = float(rest[0]) if rest else 0.5
    if len(rest) < 2 or not rest[1]:  # not training
        kept = nn.Dropout(p, np.random.default_rng(0)).forward(x)
        return [kept, np.ones(x.shape, bool)]
    mask = outputs[1] if len(outputs) > 1 else outputs[0] != 0
    return [nn.dropout(x, p, None, mask=mask), mask]


@adapter
def flatten(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    """Merge the axes before the first that is flattened to samples."""
    x = inputs[0]
    axis = options.get("axis", 1)
    samples = int(np.prod(x.shape[:axis]))
    return [nn.Flatten().forward(x.reshape(samples, *x.shape[axis:], 1))]


@adapter
def momentum(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    """Step 0, where the gradient enters whole, from the velocity that is given."""
    rate, step, *rest = inputs
    assert step == 0
    count = len(rest) // 3
    xs, gs, vs = (rest[i * count : (i + 1) * count] for i in range(3))
    optimizer = nn.SGD(
        float(rate),
        momentum=options["alpha"],
        nesterov=options["mode"] == b"nesterov",
        weight_decay=options["norm_coefficient"],
    )
    params = {f"w{i}": x.copy() for i, x in enumerate(xs)}
    optimizer.step(params, {name: np.zeros_like(a) for name, a in params.items()})
    for (name, a), x, v in zip(params.items(), xs, vs, strict=True):
        a[...], optimizer.velocity[name][...] = x, v
    grads = {f"w{i}": g for i, g in enumerate(gs)}
    optimizer.step(params, grads)
    return [*params.values(), *optimizer.velocity.values()]


@adapter
def adam(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    rate, _, x, g, *_ = inputs[:4]
    betas = options["alpha"], options["beta"]
    optimizer = nn.Adam(float(rate), betas=betas, eps=options["epsilon"])
    params = {"w": x.copy()}
    optimizer.step(params, {"w": g})
    return [params["w"]]


@adapter
def shrink(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    assert options.get("bias") == options["lambd"]
    return [nn.soft_threshold(inputs[0], options["bias"])]


@adapter
def gelu(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    assert "approximate" not in options, APPROXIMATE
    return [nn.gelu(inputs[0])]


@adapter
def swish(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    assert options["alpha"] == 1.0
    return [nn.silu(inputs[0])]


@adapter
def elu(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    return [nn.elu(inputs[0], alpha=options.get("alpha", 1.0))]


@adapter
def leaky_relu(inputs: Arrays, options: dict[str, Any]) -> Arrays:
    return [nn.leaky_relu(inputs[0], negative_slope=options.get("alpha", 0.01))]


for name in ("relu", "sigmoid", "softplus", "tanh"):
    ADAPTERS[name.title()] = lambda inputs, options, f=name: [getattr(nn, f)(inputs[0])]


# ---------------------------------------------------------------------------- the test


def excluded(name: str) -> str | None:
    """Why a case is left out, if it is."""
    if name.startswith("test_sce"):
        if "weight" in name and "no_weight" not in name:
            return WEIGHTS
        return IGNORED if "_ii" in name else None
    return EXCLUDED.get(name)


def run(name: str) -> None:
    """Compute a case and compare each output that nnref has."""
    case = CASES[name]
    node = case.model.graph.node[0]
    options = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    for inputs, outputs in case.data_sets:
        arrays, expected = [*map(np.asarray, inputs)], [*map(np.asarray, outputs)]
        extra = {"outputs": expected} if node.op_type == "Dropout" else {}
        computed = ADAPTERS[node.op_type](arrays, options, **extra)
        for ours, theirs, output in zip(computed, expected, node.output, strict=False):
            if ours is not None:
                if (node.op_type, output) == ("MaxPool", "z"):
                    theirs = np.unique(theirs)
                np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", sorted(n for n in CASES if not excluded(n)))
def test_case(name: str) -> None:
    run(name)


@pytest.mark.parametrize("name", sorted(filter(excluded, CASES)))
def test_an_excluded_case_would_not_pass(name: str) -> None:
    with pytest.raises((AssertionError, ValueError, TypeError)):
        run(name)


def test_every_exclusion_is_a_case() -> None:
    assert set(EXCLUDED) <= set(CASES)


def test_counts_on_the_page_are_these() -> None:
    text = (DOCS / "how-it-is-checked.md").read_text(encoding="utf-8")
    total, held = len(CASES), sum(not excluded(name) for name in CASES)
    found = re.search(r"Of the (\d+) cases .*?,\s+(\d+) are computed", text, re.DOTALL)
    assert found
    assert [int(n) for n in found.groups()] == [total, held]
