"""Every operation, its gradients and the optimizers, held against PyTorch's on the CPU.

Shapes and options come from `recipes.py`, and from EXTREME below. PyTorch is optional:
without it these tests are left out, and say so.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes import RECIPES, Case, converted, normal, sizes

import nnref as nn

if os.environ.get("NNREF_REQUIRE_TORCH"):
    import torch
else:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: make torch")
F = torch.nn.functional
torch.set_num_threads(1)


def rows(f: Callable[..., Any]) -> Callable[..., Any]:
    """Sum over the last axis, and divide by ln(base)."""

    def per_row(*p: Any, base: float | None) -> Any:
        return f(*p).sum(-1) / (np.log(base) if base else 1.0)

    return per_row


def with_stats(x: Any, gamma: Any, beta: Any, *, eps: float, stats: Any = None) -> Any:
    if stats is None:
        return F.batch_norm(x, None, None, gamma, beta, training=True, eps=eps)
    mean, var = (torch.tensor(s, dtype=x.dtype) for s in stats)
    return F.batch_norm(x, mean, var, gamma, beta, training=False, eps=eps)


def pooled(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, size, **options: f(x, size, **options)


# What PyTorch calls them, with our arguments.
PYTORCH: dict[str, Callable[..., Any]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": lambda x: F.softplus(x, threshold=50),
    "gelu": F.gelu,
    "silu": F.silu,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "softmax": lambda x, axis: F.softmax(x, axis),
    "log_softmax": lambda x, axis: F.log_softmax(x, axis),
    "mean_squared_error": F.mse_loss,
    "mean_absolute_error": F.l1_loss,
    "huber": F.huber_loss,
    "sigmoid_cross_entropy": F.binary_cross_entropy_with_logits,
    "softmax_cross_entropy": F.cross_entropy,
    "entropy": rows(torch.special.entr),
    "cross_entropy": rows(lambda p, q: -torch.special.xlogy(p, q)),
    "kl_divergence": rows(
        lambda p, q: torch.special.xlogy(p, p) - torch.special.xlogy(p, q)
    ),
    "dense": lambda x, w, b=None: F.linear(x, w.T, b),
    "batch_norm": with_stats,
    "layer_norm": lambda x, gamma, beta, eps: F.layer_norm(
        x, x.shape[-1:], gamma, beta, eps
    ),
    "group_norm": lambda x, gamma, beta, groups, eps: F.group_norm(
        x, groups, gamma, beta, eps
    ),
    "rms_norm": lambda x, gamma, eps: F.rms_norm(x, x.shape[-1:], gamma, eps),
    "l1_penalty": lambda w, lam: lam * w.abs().sum(),
    "l2_penalty": lambda w, lam: lam / 2 * (w**2).sum(),
    "elastic_net_penalty": lambda w, lam1, lam2: (
        lam1 * w.abs().sum() + lam2 / 2 * (w**2).sum()
    ),
    "soft_threshold": F.softshrink,
    # PyTorch draws the mask by itself, so that only the arithmetic can be compared.
    "dropout": lambda x, p, rng, mask: x * torch.tensor(mask) / (1 - p),
    "conv2d": F.conv2d,
    "max_pool2d": pooled(F.max_pool2d),
    "avg_pool2d": pooled(F.avg_pool2d),
    "global_avg_pool2d": lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1),
    "global_max_pool2d": lambda x: F.adaptive_max_pool2d(x, 1).flatten(1),
}


# ------------------------------------------------------------------------ extremes

Draw = Callable[[st.SearchStrategy[Any]], Any]
EXTREME: dict[str, list[st.SearchStrategy[Case]]] = {}


def extreme(*names: str) -> Callable[[Callable[[Draw], Case]], None]:
    """Register a function that draws a Case at the edge for these operations."""

    def register(make: Callable[[Draw], Case]) -> None:
        for name in names:
            EXTREME.setdefault(name, []).append(st.composite(make)())

    return register


def large(draw: Draw, shape: tuple[int, ...]) -> np.ndarray:
    """Draw numbers of which some are 0 and some as large as 1e4, of either sign."""
    x = normal(draw, shape)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return x * rng.choice([0.0, 1.0, 30.0, 1e4 / 1.5], size=shape)


@extreme("sigmoid", "tanh", "softplus", "gelu", "silu", "relu", "leaky_relu", "elu")
def far_out_elementwise(draw: Draw) -> Case:
    return Case((large(draw, sizes(draw, 1, 3)),))


@extreme("softmax", "log_softmax")
def far_out_logits(draw: Draw) -> Case:
    return Case(
        (large(draw, sizes(draw, 2)),), kwargs={"axis": draw(st.sampled_from([0, 1]))}
    )


@extreme("softmax_cross_entropy")
def far_out_classification(draw: Draw) -> Case:
    """Of one sample, or one class, with probabilities of 0 and 1, smoothed or not."""
    n, q = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    labels = normal(draw, (n, q)).argmax(axis=1)
    target = labels if draw(st.booleans()) else np.eye(q)[labels]
    smoothing = draw(st.sampled_from([0.0, 0.1, 1.0]))
    return Case((large(draw, (n, q)), target), kwargs={"label_smoothing": smoothing})


@extreme("sigmoid_cross_entropy")
def far_out_yes_or_no(draw: Draw) -> Case:
    shape = sizes(draw, 1, 2)
    return Case((large(draw, shape), (normal(draw, shape) > 0).astype(float)))


@extreme("mean_squared_error", "mean_absolute_error", "huber")
def exact_predictions(draw: Draw) -> Case:
    pred = large(draw, sizes(draw, 1, 2))
    return Case((pred, np.where(normal(draw, pred.shape) > 0, pred, 0.0)))


@extreme("l1_penalty", "soft_threshold")
def weights_of_zero(draw: Draw) -> Case:
    return Case((np.round(normal(draw, sizes(draw, 1, 3))), 1.0))


@extreme("batch_norm")
def constant_features(draw: Draw) -> Case:
    n, c = draw(st.integers(2, 5)), draw(st.integers(1, 4))
    x = np.tile(np.arange(c) * 0.25, (n, 1))  # means without rounding
    return Case((x, normal(draw, (c,)), normal(draw, (c,))), (0, 1, 2), {"eps": 1e-5})


@extreme("layer_norm")
def constant_samples(draw: Draw) -> Case:
    n, d = draw(st.integers(1, 5)), draw(st.sampled_from([1, 2, 4]))
    x = np.tile(np.arange(n)[:, None] * 0.25, (1, d))
    return Case((x, normal(draw, (d,)), normal(draw, (d,))), (0, 1, 2), {"eps": 1e-5})


@extreme("group_norm")
def constant_groups(draw: Draw) -> Case:
    n, groups, each = draw(st.integers(1, 3)), draw(st.integers(1, 3)), 2
    x = np.ones((n, groups * each, 1, 2)) * np.arange(n)[:, None, None, None] * 0.25
    gamma, beta = normal(draw, (2, groups * each))
    return Case((x, gamma, beta), (0, 1, 2), {"groups": groups, "eps": 1e-5})


@extreme("rms_norm")
def rows_of_zero(draw: Draw) -> Case:
    n, d = sizes(draw, 2)
    return Case((large(draw, (n, d)), normal(draw, (d,))), (0, 1), {"eps": 1e-5})


@extreme("conv2d")
def empty_margins(draw: Draw) -> Case:
    """Whole rows of outputs see only padding; strides step over the image."""
    x, w = normal(draw, (1, 2, 1, 2)), normal(draw, (4, 1, 2, 4))
    options = {"padding": (5, 7), "stride": (draw(st.integers(1, 9)), 3)}
    options |= {"dilation": (draw(st.integers(1, 4)), 2), "groups": 2}
    return Case((x, w), (0, 1), options)


@extreme("max_pool2d")
def windows_that_tie(draw: Draw) -> Case:
    """Few different values, or only one, so that most windows have several maxima."""
    x = np.round(
        normal(draw, (2, 3, *sizes(draw, 2))) * draw(st.sampled_from([0, 0.7]))
    )
    size = draw(st.integers(1, min(x.shape[2:])))
    options = {"stride": draw(st.integers(1, 9)), "padding": size // 2}
    return Case((x, size), kwargs=options)


@extreme("global_max_pool2d")
def maps_that_tie(draw: Draw) -> Case:
    return Case((np.round(normal(draw, (2, 3, *sizes(draw, 2)))),))


@extreme("avg_pool2d")
def strides_over_the_extent(draw: Draw) -> Case:
    x = normal(draw, (1, 2, *sizes(draw, 2)))
    size = draw(st.integers(1, min(x.shape[2:])))
    options = {"stride": draw(st.integers(1, 9)), "padding": size // 2}
    return Case((x, size), kwargs=options)


# -------------------------------------------------------------------------- checks

at_random = settings(max_examples=40, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 2**32 - 1)


def tensor(a: Any, gradient: bool = False) -> Any:
    """Return an array as a tensor, anything else as it is."""
    if not isinstance(a, np.ndarray | np.floating):
        return a
    return torch.tensor(a, requires_grad=gradient and a.dtype.kind == "f")


def agree(
    name: str, case: Case, seed: int, tolerance: float, gain: float = 1.0
) -> None:
    """Compare the result and all gradients, relative to the largest number in each."""
    arguments = [tensor(a, i in case.wrt) for i, a in enumerate(case.args)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, about shapes
        expected = PYTORCH[name](*arguments, **case.kwargs)
    y = getattr(nn, name)(*case.args, **case.kwargs)
    close(y, expected.detach().numpy(), tolerance, "the result")

    dy = np.random.default_rng(seed).normal(size=y.shape).astype(y.dtype)
    wanted = [arguments[i] for i in case.wrt]
    theirs = torch.autograd.grad(expected, wanted, torch.tensor(dy))
    ours = getattr(nn, f"{name}_backward")(dy, *case.args, **case.kwargs)
    for i, gradient in zip(case.wrt, theirs, strict=True):
        one = ours[i] if isinstance(ours, tuple) else ours
        # It may be the small difference of terms as large as dy times the gain.
        terms = gain * np.abs(dy).max(initial=0.0)
        what = f"the gradient of argument {i}"
        close(one, gradient.numpy(), tolerance, what, terms)


def close(
    ours: Any, theirs: np.ndarray, tolerance: float, what: str, size: float = 0.0
) -> None:
    assert ours.dtype == theirs.dtype, what
    size = np.max(np.abs(theirs), initial=size)
    np.testing.assert_allclose(
        ours, theirs, rtol=tolerance, atol=tolerance * float(size), err_msg=what
    )


def single(case: Case) -> Case:
    return converted(case, lambda a: a.astype(np.float32))


def test_every_operation_has_a_counterpart() -> None:
    assert set(PYTORCH) == set(RECIPES)  # without PyTorch: test_counterparts.py
    assert set(EXTREME) < set(RECIPES)


@pytest.mark.parametrize("name", sorted(RECIPES))
@at_random
@given(data=st.data(), seed=seeds)
def test_float64(name: str, data: st.DataObject, seed: int) -> None:
    agree(name, data.draw(RECIPES[name]), seed, 1e-10)


@pytest.mark.parametrize("name", sorted(RECIPES))
@at_random
@given(data=st.data(), seed=seeds)
def test_float32(name: str, data: st.DataObject, seed: int) -> None:
    agree(name, single(data.draw(RECIPES[name])), seed, 1e-5)


@pytest.mark.parametrize("name", sorted(EXTREME))
@at_random
@given(data=st.data(), seed=seeds)
def test_extremes(name: str, data: st.DataObject, seed: int) -> None:
    for strategy in EXTREME[name]:
        case = data.draw(strategy)
        gain = case.kwargs.get("eps", 1.0) ** -0.5  # what a variance of 0 amplifies by
        agree(name, case, seed, 1e-10, gain)
        agree(name, single(case), seed, 1e-5, gain)


def test_a_difference_is_noticed() -> None:
    """Wrong by 1e-9, relative to the largest: enough in float64, not in float32."""
    theirs = np.array([1.0, 2.0])
    with pytest.raises(AssertionError):
        close(theirs * (1 + 1e-9), theirs, 1e-10, "")
    close(theirs * (1 + 1e-9), theirs, 1e-5, "")
    with pytest.raises(AssertionError):
        close(theirs.astype(np.float32), theirs, 1e-5, "")


# ---------------------------------------------------------------------- optimizers

OPTIMIZERS = [
    (nn.SGD, torch.optim.SGD, {}),
    (nn.SGD, torch.optim.SGD, {"momentum": 0.9}),
    (nn.SGD, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    (nn.SGD, torch.optim.SGD, {"weight_decay": 0.1}),
    (
        nn.SGD,
        torch.optim.SGD,
        {"momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
    ),
    (nn.RMSProp, torch.optim.RMSprop, {}),
    (nn.RMSProp, torch.optim.RMSprop, {"alpha": 0.5, "eps": 0.1, "weight_decay": 0.1}),
    (nn.Adam, torch.optim.Adam, {}),
    (
        nn.Adam,
        torch.optim.Adam,
        {"betas": (0.5, 0.7), "eps": 0.1, "weight_decay": 0.1},
    ),
    (nn.AdamW, torch.optim.AdamW, {}),
    (
        nn.AdamW,
        torch.optim.AdamW,
        {"betas": (0.5, 0.7), "eps": 0.1, "weight_decay": 0.3},
    ),
]


@pytest.mark.parametrize(("ours", "theirs", "options"), OPTIMIZERS)
def test_optimizers_follow_for_50_steps(ours: Any, theirs: Any, options: Any) -> None:
    rng = np.random.default_rng(0)
    start = {"w": rng.normal(size=(3, 4)), "b": rng.normal(size=4)}
    params = {name: a.copy() for name, a in start.items()}
    tensors = [torch.tensor(a, requires_grad=True) for a in start.values()]
    own = dict(options)
    if "alpha" in own:  # as PyTorch calls it
        own["rho"] = own.pop("alpha")
    optimizer = ours(0.05, **own, no_decay=())
    other = theirs(tensors, lr=0.05, **options)
    for _ in range(50):
        grads = {name: rng.normal(size=a.shape) for name, a in params.items()}
        optimizer.step(params, grads)
        for t, g in zip(tensors, grads.values(), strict=True):
            t.grad = torch.tensor(g)
        other.step()
        for a, t in zip(params.values(), tensors, strict=True):
            np.testing.assert_allclose(a, t.detach().numpy(), rtol=1e-10, atol=1e-13)


def test_softplus_goes_on_where_pytorch_stops() -> None:
    """A difference on purpose: PyTorch returns x above 20, with gradient 1."""
    x = np.array([20.5])
    t = torch.tensor(x, requires_grad=True)
    y = F.softplus(t)
    y.backward()
    assert y.item() == 20.5 < nn.softplus(x)[0]
    assert t.grad.item() == 1.0 > nn.softplus_backward(np.ones(1), x)[0]


def test_weight_decay_spares_biases_where_pytorch_does_not() -> None:
    """A difference on purpose: see `no_decay`."""
    options = {"momentum": 0.9, "weight_decay": 0.1}
    params = {"w": np.ones((3, 4)), "b": np.ones(4)}
    tensors = [torch.ones(3, 4, requires_grad=True), torch.ones(4, requires_grad=True)]
    nn.SGD(0.1, **options).step(params, {n: 0 * a for n, a in params.items()})
    for t in tensors:
        t.grad = torch.zeros_like(t)
    torch.optim.SGD(tensors, lr=0.1, **options).step()
    np.testing.assert_allclose(params["w"], tensors[0].detach().numpy())
    np.testing.assert_array_equal(params["b"], 1.0)
    assert tensors[1].max() < 1


# ------------------------------------------------- layers, networks, starting weights


@pytest.mark.parametrize("shape", [(5, 3), (5, 3, 2, 4)])
def test_running_statistics_follow(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    layer = nn.BatchNorm(3, rho=0.7, eps=0.1)
    kind = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    other = kind(3, momentum=0.3, eps=0.1, dtype=torch.float64)
    for _ in range(5):
        x = rng.normal(2, 3, size=shape)
        y = other(torch.tensor(x))
        np.testing.assert_allclose(layer.forward(x, True), y.detach(), rtol=1e-10)
    np.testing.assert_allclose(layer.running_mean, other.running_mean, rtol=1e-10)
    np.testing.assert_allclose(layer.running_var, other.running_var, rtol=1e-10)
    other.eval()
    y = other(torch.tensor(x))
    np.testing.assert_allclose(layer.forward(x), y.detach(), rtol=1e-10)


def networks() -> tuple[Any, Any]:
    """Return the same small network for images twice: ours, and PyTorch's."""
    rng = np.random.default_rng(0)
    ours = nn.Sequential(
        nn.Conv2D(1, 4, 3, rng, stride=2, padding=1, bias=False),
        nn.BatchNorm(4),
        nn.ReLU(),
        nn.Conv2D(4, 6, (3, 2), rng, padding=1, groups=2),
        nn.GELU(),
        nn.MaxPool2D(2),
        nn.Flatten(),
        nn.Dense(6 * 2 * 2, 5, rng),
        nn.LayerNorm(5),
        nn.Tanh(),
        nn.Dense(5, 10, rng),
    )
    t = torch.nn
    theirs = t.Sequential(
        t.Conv2d(1, 4, 3, stride=2, padding=1, bias=False),
        t.BatchNorm2d(4),
        t.ReLU(),
        t.Conv2d(4, 6, (3, 2), padding=1, groups=2),
        t.GELU(),
        t.MaxPool2d(2),
        t.Flatten(),
        t.Linear(6 * 2 * 2, 5),
        t.LayerNorm(5),
        t.Tanh(),
        t.Linear(5, 10),
    ).double()
    with torch.no_grad():
        for p, a in zip(theirs.parameters(), ours.params.values(), strict=True):
            p.copy_(torch.tensor(a.T if a.ndim == 2 else a))
    return ours, theirs


def test_a_network_learns_the_same() -> None:
    """40 steps of Adam on the digits, parameter by parameter."""
    ours, theirs = networks()
    x, y, _, _ = nn.digits()
    x = x.reshape(-1, 1, 8, 8)
    optimizer = nn.Adam(0.01)
    other = torch.optim.Adam(theirs.parameters(), lr=0.01)
    for step in range(40):
        rows = slice(32 * step, 32 * (step + 1))
        z = ours.forward(x[rows], training=True)
        ours.backward(nn.softmax_cross_entropy_backward(1.0, z, y[rows]))
        optimizer.step(ours.params, ours.grads)

        other.zero_grad()
        scores = theirs(torch.tensor(x[rows]))
        F.cross_entropy(scores, torch.tensor(y[rows]).long()).backward()
        other.step()
    for (name, a), p in zip(ours.params.items(), theirs.parameters(), strict=True):
        expected = p.detach().numpy()
        np.testing.assert_allclose(
            a.T if a.ndim == 2 else a, expected, rtol=1e-7, atol=1e-9, err_msg=name
        )
    start, _ = networks()
    assert np.abs(ours.params["0.w"] - start.params["0.w"]).max() > 0.05


@pytest.mark.parametrize("shape", [(300, 200), (40, 30, 3, 5)])
@pytest.mark.parametrize(
    ("ours", "theirs", "options"),
    [
        (nn.he_normal, "kaiming_normal_", {"nonlinearity": "relu"}),
        (nn.he_uniform, "kaiming_uniform_", {"nonlinearity": "relu"}),
        (nn.xavier_normal, "xavier_normal_", {}),
        (nn.xavier_uniform, "xavier_uniform_", {}),
    ],
)
def test_starting_weights_have_the_same_spread(
    ours: Any, theirs: str, options: Any, shape: tuple[int, ...]
) -> None:
    w = ours(shape, np.random.default_rng(0))
    torch.manual_seed(0)
    # PyTorch's dense weights are (out, in).
    other = torch.empty(shape if len(shape) == 4 else shape[::-1], dtype=torch.float64)
    getattr(torch.nn.init, theirs)(other, **options)
    np.testing.assert_allclose(w.std(), other.std(), rtol=0.02)
    if "uniform" in theirs:
        np.testing.assert_allclose(np.abs(w).max(), other.abs().max(), rtol=0.01)


def test_clipping_by_norm_follows() -> None:
    rng = np.random.default_rng(0)
    grads = {"w": rng.normal(size=(3, 4)), "b": rng.normal(size=4)}
    tensors = [torch.zeros(a.shape, dtype=torch.float64) for a in grads.values()]
    for t, g in zip(tensors, grads.values(), strict=True):
        t.grad = torch.tensor(g)
    norm = torch.nn.utils.clip_grad_norm_(tensors, 1.5)
    np.testing.assert_allclose(nn.gradient_norm(grads), norm.item(), rtol=1e-12)
    clipped = nn.clip_by_norm(grads, 1.5)
    for g, t in zip(clipped.values(), tensors, strict=True):
        # PyTorch adds 1e-6 to the norm.
        np.testing.assert_allclose(g, t.grad.numpy(), rtol=1e-6)


def test_multiply_accumulates_are_half_of_pytorchs_operations() -> None:
    """PyTorch counts a product and its addition as two."""
    from torch.utils.flop_counter import FlopCounterMode

    ours, theirs = networks()
    x_shape = (3, 1, 8, 8)
    with FlopCounterMode(display=False) as counter:
        theirs(torch.zeros(x_shape, dtype=torch.float64))
    last = ours.summary(x_shape).split("\n")[-1]
    assert 2 * int(last.split()[-1].replace(",", "")) == counter.get_total_flops()


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(("n", "size"), [(10, 3), (10, 5), (10, 10), (1437, 2)])
def test_batches_are_as_many_and_as_large(n: int, size: int, drop_last: bool) -> None:
    x = np.arange(n)
    rng = np.random.default_rng(0)
    ours = nn.minibatches(x, x, size, rng, drop_last=drop_last)
    theirs = torch.utils.data.DataLoader(x, batch_size=size, drop_last=drop_last)
    assert [len(a) for a, _ in ours] == [len(batch) for batch in theirs]


@pytest.mark.parametrize("kind", ["Adam", "SGD", "RMSProp"])
def test_a_state_that_is_loaded_goes_on_as_pytorchs_does(kind: str) -> None:
    rng = np.random.default_rng(0)
    options = {"momentum": 0.9} if kind == "SGD" else {}
    make = {"Adam": "Adam", "SGD": "SGD", "RMSProp": "RMSprop"}[kind]
    params, t = {"w": np.ones((2, 3))}, torch.ones(2, 3, dtype=torch.float64)
    t.requires_grad_()
    optimizer = getattr(nn, kind)(0.1, **options)
    other = getattr(torch.optim, make)([t], lr=0.1, **options)
    for step in range(6):
        if step == 3:
            loaded = getattr(nn, kind)(0.1, **options)
            loaded.load_state(optimizer.state)
            optimizer, state = loaded, other.state_dict()
            other = getattr(torch.optim, make)([t], lr=0.1, **options)
            other.load_state_dict(state)
        g = rng.normal(size=(2, 3))
        optimizer.step(params, {"w": g})
        t.grad = torch.tensor(g)
        other.step()
        np.testing.assert_allclose(params["w"], t.detach().numpy(), rtol=1e-10)
