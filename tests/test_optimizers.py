"""Optimizers against sums over all past gradients, closed forms and each other."""

import copy
import math
import pickle
import re

import numpy as np
import pytest

from nnref.optimizers import (
    SGD,
    Adam,
    AdamW,
    Optimizer,
    RMSProp,
    cosine_decay,
    exponential_decay,
    step_decay,
    warmup,
)

ALL = [lambda **k: SGD(k.pop("lr", 0.01), **k), RMSProp, Adam, AdamW]
ids = ["SGD", "RMSProp", "Adam", "AdamW"]
each = pytest.mark.parametrize("make", ALL, ids=ids)


# Each optimizer again, for one number and from its history: gradients h[0..t] (with the
# gradient of the L2 penalty, if there is one) go in, the change of the number out.


def sgd_change(h, lr, momentum=0.0, nesterov=False):
    t = len(h) - 1
    velocity = sum(momentum ** (t - i) * h[i] for i in range(t + 1))
    return -lr * (h[t] + momentum * velocity if nesterov else velocity)


def rmsprop_change(h, lr, rho, eps):
    t = len(h) - 1
    square = sum((1 - rho) * rho ** (t - i) * h[i] ** 2 for i in range(t + 1))
    return -lr * h[t] / (math.sqrt(square) + eps)


def adam_change(h, lr, betas, eps):
    t = len(h) - 1

    def weighted_mean(beta, values):
        weights = [beta ** (t - i) for i in range(t + 1)]
        pairs = zip(weights, values, strict=True)
        return math.fsum(w * v for w, v in pairs) / math.fsum(weights)

    mean = weighted_mean(betas[0], h)
    square = weighted_mean(betas[1], [g * g for g in h])
    return -lr * mean / (math.sqrt(square) + eps)


CASES = [
    (SGD, sgd_change, {"lr": 0.1}, 0.0),
    (SGD, sgd_change, {"lr": 0.1, "momentum": 0.9}, 0.0),
    (SGD, sgd_change, {"lr": 0.1, "momentum": 0.9, "nesterov": True}, 0.0),
    (SGD, sgd_change, {"lr": 0.1, "momentum": 0.7, "nesterov": True}, 0.3),
    (SGD, sgd_change, {"lr": 0.1}, 0.3),
    (RMSProp, rmsprop_change, {"lr": 0.02, "rho": 0.9, "eps": 1e-8}, 0.0),
    (RMSProp, rmsprop_change, {"lr": 0.02, "rho": 0.6, "eps": 0.5}, 0.3),
    (Adam, adam_change, {"lr": 0.02, "betas": (0.9, 0.999), "eps": 1e-8}, 0.0),
    (Adam, adam_change, {"lr": 0.02, "betas": (0.5, 0.8), "eps": 0.5}, 0.3),
    (AdamW, adam_change, {"lr": 0.02, "betas": (0.9, 0.999), "eps": 1e-8}, 0.0),
    (AdamW, adam_change, {"lr": 0.02, "betas": (0.5, 0.8), "eps": 0.5}, 0.3),
]


@pytest.mark.parametrize(("make", "change", "settings", "decay"), CASES)
def test_fifty_steps_equal_a_scalar_computation_from_the_history(
    make, change, settings, decay
):
    rng = np.random.default_rng(0)
    shapes = {"0.w": (3, 2), "0.b": (2,), "s": ()}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    params["s"] = np.array(params["s"])
    # One list of numbers and one of past gradients for each element.
    numbers = {n: p.reshape(-1).tolist() for n, p in params.items()}
    history = {n: [[] for _ in p] for n, p in numbers.items()}
    optimizer = make(**settings, weight_decay=decay)
    for step in range(50):
        grads = {n: rng.normal(size=p.shape) + 0.3 for n, p in params.items()}
        optimizer.step(params, {n: np.asarray(g) for n, g in grads.items()})
        for name, values in numbers.items():
            lam = 0 if name == "0.b" else decay
            for i, g in enumerate(np.ravel(grads[name]).tolist()):
                if make is AdamW:
                    values[i] -= settings["lr"] * lam * values[i]
                else:
                    g += lam * values[i]
                history[name][i].append(g)
                values[i] += change(history[name][i], **settings)
            got = params[name].reshape(-1).tolist()
            assert got == pytest.approx(values, rel=1e-11), (step, name)


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (RMSProp, {"lr": 0.01, "rho": 0.99, "eps": 1e-8, "weight_decay": 0.0}),
        (Adam, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}),
        (AdamW, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}),
    ],
)
def test_defaults_are_those_of_pytorch(make, settings):
    optimizer = make()
    assert {name: getattr(optimizer, name) for name in settings} == settings


def test_an_optimizer_has_no_weight_decay_by_default():
    assert (Optimizer(0.1).weight_decay, SGD(0.1).weight_decay) == (0, 0)


def test_sgd_is_plain_gradient_descent_by_default():
    optimizer = SGD(0.1)
    settings = optimizer.momentum, optimizer.nesterov, optimizer.weight_decay
    assert settings == (0, False, 0)
    assert optimizer.velocity == {}


def quadratic(optimizer, curvature, start, steps):
    """Return the path on sum(curvature * w**2 / 2)."""
    params, path = {"w": np.array(start, float)}, [np.array(start, float)]
    for _ in range(steps):
        optimizer.step(params, {"w": curvature * params["w"]})
        path.append(params["w"].copy())
    return np.array(path)


def test_gradient_descent_on_a_quadratic_is_a_geometric_sequence():
    curvature = np.array([0.1, 1.0, 1.9, 2.1])
    path = quadratic(SGD(1.0), curvature, [1, 1, 1, 1], 50)
    expected = (1 - curvature) ** np.arange(51)[:, None]
    np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize(("lr", "mu", "h"), [(0.1, 0.9, 1.0), (0.3, 0.5, 2.0)])
def test_heavy_ball_on_a_quadratic_has_its_closed_form(lr, mu, h):
    # w'' = (1 + mu - lr h) w' - mu w has the solution A r1^t + B r2^t, where r1, r2 are
    # the roots of r^2 - (1 + mu - lr h) r + mu; here they are complex.
    root = np.sqrt(complex((1 + mu - lr * h) ** 2 - 4 * mu))
    r1, r2 = (1 + mu - lr * h + root) / 2, (1 + mu - lr * h - root) / 2
    a = (1 - lr * h - r2) / (r1 - r2)  # w_0 = 1, w_1 = 1 - lr h
    t = np.arange(61)
    expected = (a * r1**t + (1 - a) * r2**t).real
    path = quadratic(SGD(lr, momentum=mu), h, [1], 60)
    np.testing.assert_allclose(path[:, 0], expected, atol=1e-12)
    assert (path < 0).any()


@pytest.mark.parametrize(
    ("kappa", "ball", "plain"), [(10, 27, 69), (100, 95, 691), (1000, 321, 6908)]
)
def test_the_best_heavy_ball_beats_the_best_gradient_descent(kappa, ball, plain):
    root = math.sqrt(kappa)
    best_ball = SGD((2 / (root + 1)) ** 2, momentum=((root - 1) / (root + 1)) ** 2)
    for optimizer, steps in (best_ball, ball), (SGD(2 / (kappa + 1)), plain):
        path = quadratic(optimizer, np.array([kappa, 1.0]), [1, 1], steps)
        far = abs(path).max(axis=1) > 1e-6
        assert far[:-1].all()
        assert not far[-1]


def test_nesterov_is_the_form_of_sutskever_seen_from_the_point_ahead():
    lr, mu, h = 0.05, 0.9, np.array([1.0, 7.0])
    theta, v = np.array([1.0, -2.0]), np.zeros(2)
    path = quadratic(SGD(lr, momentum=mu, nesterov=True), h, theta, 30)
    for point in path:
        np.testing.assert_allclose(point, theta + mu * v, rtol=1e-10, atol=1e-14)
        v = mu * v - lr * h * (theta + mu * v)
        theta = theta + v


@pytest.mark.parametrize("g", [1e-3, 1.0, -1e3])
def test_the_first_step_of_adam_has_the_length_of_the_learning_rate(g):
    params = {"w": np.zeros(1)}
    Adam(0.25).step(params, {"w": np.array([g])})
    assert params["w"][0] == pytest.approx(-0.25 * np.sign(g), rel=1e-4)


def test_the_first_step_of_rmsprop_is_a_sign_too():
    params = {"w": np.zeros(2)}
    RMSProp(0.1, rho=0.99).step(params, {"w": np.array([1e-3, -1e3])})
    np.testing.assert_allclose(params["w"], [-1, 1], rtol=1e-4)


@pytest.mark.parametrize("make", [RMSProp, Adam, AdamW])
def test_scaling_the_loss_changes_nothing(make):
    paths = []
    for scale in 1, 1e6:
        params = {"w": np.array([1.0, -2.0])}
        optimizer = make(lr=0.01)
        for _ in range(20):
            optimizer.step(params, {"w": scale * params["w"] ** 3})
        paths.append(params["w"])
    np.testing.assert_allclose(*paths, rtol=1e-6)


def test_l2_ends_where_penalty_and_loss_balance_and_decoupled_decay_elsewhere():
    h, lam = np.array([10.0, 0.1]), 0.1  # loss: sum(h * (w - 1)**2 / 2)
    balance = h / (h + lam)
    ends = []
    for optimizer in (
        SGD(0.05, weight_decay=lam),
        Adam(exponential_decay(0.05, 0.998), weight_decay=lam),
        AdamW(exponential_decay(0.05, 0.998), weight_decay=lam),
    ):
        params = {"w": np.zeros(2)}
        for _ in range(4000):
            optimizer.step(params, {"w": h * (params["w"] - 1)})
        ends.append(params["w"])
    np.testing.assert_allclose(ends[0], balance, atol=1e-6)
    np.testing.assert_allclose(ends[1], balance, atol=1e-3)
    assert abs(ends[2] - balance).max() > 0.3


def test_adamw_shrinks_all_weights_alike_and_adam_does_not():
    params = {"w": np.array([2.0, 2.0])}
    AdamW(0.1, weight_decay=0.5, eps=1e-12).step(params, {"w": np.array([1.0, 1e-9])})
    np.testing.assert_allclose(params["w"], 2 * (1 - 0.1 * 0.5) - 0.1, rtol=1e-2)


@each
def test_weight_decay_leaves_out_biases_unless_told(make):
    def decayed(**settings):
        names = (*weights, *spared)
        params = {name: np.ones(2) for name in names}
        grads = {name: np.zeros(2) for name in names}
        make(lr=0.1, weight_decay=0.5, **settings).step(params, grads)
        return {name for name, p in params.items() if (p != 1).any()}

    # A number may follow: what a hand-written network calls them.
    spared = {"b", "0.b", "1.2.beta", "3.gamma", "b1", "b2", "b_1", "f.bias", "beta12"}
    weights = {"w", "0.w", "b.w", "bb", "b1.w", "w1", "1", "bias_w", "gammas"}
    assert decayed() == weights
    assert decayed(no_decay=()) == weights | spared
    named = {"w", "0.w", "b.w", "bb", "b1.w", "w1"}
    assert decayed(no_decay=("w", "bb")) == (weights | spared) - named
    assert decayed(no_decay=("b1",)) == (weights | spared) - {"b1"}


@each
def test_steps_change_params_in_place_and_leave_gradients_alone(make):
    w, g = np.array([1.0, 2.0]), np.array([0.5, -0.5])
    params, grads = {"w": w}, {"w": g}
    optimizer = make(lr=0.1, weight_decay=0.1)
    for _ in range(3):
        optimizer.step(params, grads)
    assert params["w"] is w
    assert (w != [1, 2]).all()
    np.testing.assert_array_equal(g, [0.5, -0.5])
    assert optimizer.steps == 3


def test_momentum_leaves_gradients_alone_too():
    for nesterov in False, True:
        params, g = {"w": np.ones(2)}, np.array([0.5, -0.5])
        optimizer = SGD(0.1, momentum=0.9, nesterov=nesterov)
        optimizer.step(params, {"w": g})
        optimizer.step(params, {"w": g})
        np.testing.assert_array_equal(g, [0.5, -0.5])
        assert optimizer.velocity["w"] is not g


@each
def test_float32_stays_float32(make):
    params = {"w": np.ones((2, 3), np.float32)}
    optimizer = make(lr=lambda step: np.float64(0.1), weight_decay=0.1)
    optimizer.step(params, {"w": np.ones((2, 3), np.float32)})
    assert params["w"].dtype == np.float32
    memories = [v for v in vars(optimizer).values() if isinstance(v, dict)]
    for array in (a for m in memories for a in m.values() if isinstance(a, np.ndarray)):
        assert array.dtype == np.float32


@each
def test_two_params_do_not_mix(make):
    rng = np.random.default_rng(0)
    grads = [{"a": rng.normal(size=3), "b": rng.normal(size=(2, 3))} for _ in range(5)]
    both = {"a": np.ones(3), "b": np.ones((2, 3))}
    alone = {"a": np.ones(3)}
    first, second = make(lr=0.1), make(lr=0.1)
    for g in grads:
        first.step(both, g)
        second.step(alone, {"a": g["a"]})
    np.testing.assert_array_equal(both["a"], alone["a"])


@each
def test_a_schedule_gets_the_number_of_steps_made(make):
    seen = []

    def schedule(step):
        seen.append(step)
        return 0.1 / (step + 1)

    params, by_hand = {"w": np.ones(2)}, {"w": np.ones(2)}
    scheduled, changed = make(lr=schedule), make(lr=99.0)
    for step in range(4):
        scheduled.step(params, {"w": params["w"] * 2})
        changed.lr = 0.1 / (step + 1)
        changed.step(by_hand, {"w": by_hand["w"] * 2})
    assert seen == [0, 1, 2, 3]
    np.testing.assert_array_equal(params["w"], by_hand["w"])


@each
@pytest.mark.parametrize("lr", [-0.1, math.nan, math.inf])
def test_a_bad_learning_rate_is_refused(make, lr):
    with pytest.raises(
        ValueError, match=rf"lr is {lr}, expected a number in \[0, inf\)"
    ):
        make(lr=lr)
    params = {"w": np.ones(2)}
    optimizer = make(lr=lambda step: lr if step == 1 else 0.1)
    optimizer.step(params, {"w": np.ones(2)})
    kept = params["w"].copy()
    with pytest.raises(ValueError, match=f"lr at step 1 is {lr}, expected"):
        optimizer.step(params, {"w": np.ones(2)})
    np.testing.assert_array_equal(params["w"], kept)
    assert optimizer.steps == 1


@each
def test_a_learning_rate_of_zero_changes_nothing(make):
    params = {"w": np.ones(2)}
    make(lr=0, weight_decay=0.1).step(params, {"w": np.ones(2)})
    np.testing.assert_array_equal(params["w"], 1)


@pytest.mark.parametrize(
    ("make", "name", "settings"),
    [
        (SGD, "weight_decay", {"lr": 0.1, "weight_decay": -1}),
        (SGD, "momentum", {"lr": 0.1, "momentum": 1.0}),
        (SGD, "momentum", {"lr": 0.1, "momentum": -0.1}),
        (SGD, "nesterov", {"lr": 0.1, "nesterov": True}),
        (RMSProp, "rho", {"rho": 1.0}),
        (RMSProp, "rho", {"rho": -0.1}),
        (RMSProp, "eps", {"eps": 0}),
        (RMSProp, "weight_decay", {"weight_decay": math.nan}),
        (Adam, "beta1", {"betas": (1.0, 0.9)}),
        (Adam, "beta2", {"betas": (0.9, 1.0)}),
        (Adam, "beta1", {"betas": (-0.1, 0.9)}),
        (Adam, "beta2", {"betas": (0.9, -0.1)}),
        (Adam, "eps", {"eps": -1e-8}),
        (Adam, "eps", {"eps": 0}),
        (AdamW, "weight_decay", {"weight_decay": -0.1}),
        (Adam, "betas is 0.9, expected two numbers", {"betas": 0.9}),
        (Adam, "betas is .*, expected two numbers", {"betas": (0.9, 0.9, 0.9)}),
        (SGD, "nesterov is 'yes', expected", {"lr": 1, "nesterov": "yes"}),
        (SGD, "lr is '0.1', expected a number in", {"lr": "0.1"}),
        (Adam, "no_decay is 'bb', expected a tuple of names", {"no_decay": "bb"}),
        (Adam, "no_decay is \\(0,\\), expected", {"no_decay": (0,)}),
    ],
)
def test_settings_outside_their_range_are_refused(make, name, settings):
    with pytest.raises(ValueError, match=name):
        make(**settings)


@pytest.mark.parametrize("value", [0, 0.999])
def test_settings_at_the_edge_of_their_range_are_fine(value):
    SGD(0.1, momentum=value)
    RMSProp(rho=value)
    Adam(betas=(value, value))


@each
@pytest.mark.parametrize(
    ("grads", "message"),
    [
        ({}, "grads has [], expected ['w']"),
        ({"w": np.ones(2), "v": np.ones(2)}, "grads has ['v', 'w'], expected ['w']"),
        ({"v": np.ones(2)}, "grads has ['v'], expected ['w']"),
        ({"w": np.ones(1)}, "grads['w'] has shape (1,), expected (2,)"),
        ({"w": np.ones((2, 1))}, "grads['w'] has shape (2, 1), expected (2,)"),
        ({"w": 1.0}, "grads['w'] has shape (), expected (2,)"),
    ],
)
def test_gradients_must_fit_the_params(make, grads, message):
    params = {"w": np.ones(2)}
    with pytest.raises(ValueError, match=re.escape(message)):
        make().step(params, grads)
    np.testing.assert_array_equal(params["w"], 1)


@each
@pytest.mark.parametrize(
    ("g", "message"),
    [
        (["a", "b"], "dtype <U1, expected real numbers"),
        ([1j, 2.0], "dtype complex128, expected real numbers"),
        (np.ones(2, np.float16), "dtype float16, expected float32 or float64"),
        (None, "dtype object, expected real numbers"),
    ],
)
def test_a_gradient_of_another_kind_changes_no_parameter(make, g, message):
    optimizer, params = make(), {"v": np.ones(2), "w": np.ones(2)}
    with pytest.raises(ValueError, match=re.escape(f"grads['w'] has {message}")):
        optimizer.step(params, {"v": np.ones(2), "w": g})
    assert optimizer.steps == 0
    np.testing.assert_array_equal(params["v"], 1)


@each
@pytest.mark.parametrize("convert", [np.ndarray.tolist, np.bool_, np.int64])
def test_gradients_may_be_lists_and_whole_numbers(make, convert):
    g, ends = np.array([1.0, 0.0]), []
    for given in g, convert(g):
        optimizer, params = make(weight_decay=0.1), {"w": np.ones(2), "b": np.ones(2)}
        for _ in range(2):
            optimizer.step(params, {"w": given, "b": given})
        ends.append([*params.values()])
    np.testing.assert_array_equal(*ends)


@each
@pytest.mark.parametrize(
    "w", [1.0, [1.0, 2.0], np.float64(1), np.array([1, 2])], ids=repr
)
def test_params_must_be_arrays_of_floats(make, w):
    with pytest.raises(ValueError, match=r"params\['w'\] must be an array of floats"):
        make().step({"w": w}, {"w": np.ones(np.shape(w))})
    half = {"w": np.zeros(2, np.float16)}  # 0 / 0 there, by Adam
    with pytest.raises(ValueError, match=r"params\['w'\] has dtype float16, expected"):
        make().step(half, half)


@each
@pytest.mark.parametrize(
    "other", [{"w": np.ones(3)}, {"v": np.ones(2)}, {"w": np.ones(2), "v": np.ones(2)}]
)
def test_params_must_stay_those_of_the_first_step(make, other):
    optimizer = make()
    optimizer.step({"w": np.ones(2)}, {"w": np.ones(2)})
    with pytest.raises(ValueError, match=r"the first step had \{'w': \(2,"):
        optimizer.step(other, {name: np.ones_like(p) for name, p in other.items()})


@each
def test_a_failed_first_step_may_be_repeated(make):
    optimizer = make(lr=0.1)
    optimizer.lr = math.nan
    with pytest.raises(ValueError, match="lr at step 0 is nan"):
        optimizer.step({"w": np.ones(2)}, {"w": np.ones(2)})
    optimizer.lr = 0.1
    optimizer.step({"v": np.ones(3)}, {"v": np.ones(3)})


@pytest.mark.parametrize("square", [{}, {"w": np.ones(1)}], ids=["none", "another"])
def test_what_is_set_by_hand_must_fit_the_params(square):
    optimizer = Adam()
    optimizer.steps, optimizer.mean, optimizer.square = 1, {"w": np.ones(2)}, square
    params = {"w": np.ones(2)}
    with pytest.raises(ValueError, match=r"^square has shapes \{.*, params has \{'w'"):
        optimizer.step(params, params)
    np.testing.assert_array_equal(params["w"], 1)
    optimizer.square = {"w": np.ones(2)}
    optimizer.step(params, {"w": np.ones(2)})
    assert optimizer.steps == 2


def test_the_base_class_has_no_update():
    with pytest.raises(NotImplementedError):
        Optimizer(0.1).step({"w": np.ones(2)}, {"w": np.ones(2)})


def test_step_decay_multiplies_after_every_so_many_steps():
    schedule = step_decay(0.5, every=3, factor=0.2)
    expected = [0.5] * 3 + [0.1] * 3 + [0.02] * 3
    assert [schedule(t) for t in range(9)] == pytest.approx(expected)
    assert step_decay(1.0, 1)(2) == pytest.approx(0.01)


def test_exponential_decay_multiplies_at_every_step():
    schedule = exponential_decay(0.5, 0.9)
    rate = 0.5
    for t in range(10):
        assert schedule(t) == pytest.approx(rate)
        rate *= 0.9


def test_cosine_decay_starts_flat_ends_flat_and_stays():
    schedule = cosine_decay(0.9, 10, final=0.1)
    rates = [schedule(t) for t in range(13)]
    assert rates[0] == pytest.approx(0.9)
    assert rates[5] == pytest.approx(0.5)
    assert rates[10:] == pytest.approx([0.1] * 3)
    falls = -np.diff(rates[:11])
    assert falls.argmax() in (4, 5)
    np.testing.assert_allclose(falls, falls[::-1])  # it is symmetric about the middle
    assert rates[2] == pytest.approx(0.1 + 0.8 * math.cos(0.1 * math.pi) ** 2)
    assert cosine_decay(0.9, 10)(10) == pytest.approx(0)


def test_warmup_rises_to_the_schedule_and_then_follows_it():
    schedule = warmup(cosine_decay(0.9, 10), 4)
    plain = cosine_decay(0.9, 10)
    assert [schedule(t) / plain(t) for t in range(6)] == pytest.approx(
        [0.25, 0.5, 0.75, 1, 1, 1]
    )
    assert [warmup(2.0, 2)(t) for t in range(4)] == [1, 2, 2, 2]
    assert warmup(2.0, 1)(0) == 2


def test_schedules_drive_an_optimizer():
    params = {"w": np.zeros(1)}
    optimizer = SGD(warmup(step_decay(1.0, every=2), steps=2))
    for _ in range(4):
        optimizer.step(params, {"w": -np.ones(1)})
    assert params["w"][0] == pytest.approx(0.5 + 1 + 0.1 + 0.1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: step_decay(-1, 2), "lr is -1"),
        (lambda: step_decay(1, 0), "every is 0, expected an integer of at least 1"),
        (lambda: step_decay(1, 2.5), "every is 2.5, expected an integer"),
        (lambda: step_decay(1, 2, factor=0), "factor is 0"),
        (lambda: step_decay(1, 2, factor=1.5), "factor is 1.5"),
        (lambda: exponential_decay(math.nan, 0.5), "lr is nan"),
        (lambda: exponential_decay(1, 0.0), "factor is 0.0"),
        (lambda: exponential_decay(1, 1.1), "factor is 1.1"),
        (lambda: cosine_decay(-1, 2), "lr is -1"),
        (lambda: cosine_decay(1, 0), "steps is 0, expected an integer"),
        (lambda: cosine_decay(1, 2, final=-0.1), "final is -0.1"),
        (lambda: warmup(-1, 2), "lr is -1"),
        (lambda: warmup(1, 0), "steps is 0, expected an integer"),
    ],
)
def test_schedules_refuse_what_is_no_schedule(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("schedule", "shown"),
    [
        (step_decay(0.5, every=3), "step_decay(lr=0.5, every=3, factor=0.1)"),
        (exponential_decay(0.5, 0.9), "exponential_decay(lr=0.5, factor=0.9)"),
        (cosine_decay(0.5, 4), "cosine_decay(lr=0.5, steps=4, final=0.0)"),
        (warmup(0.5, 4), "warmup(lr=0.5, steps=4)"),
        (
            warmup(exponential_decay(0.5, 0.9), 2),
            "warmup(lr=exponential_decay(lr=0.5, factor=0.9), steps=2)",
        ),
    ],
)
def test_schedules_show_their_settings_and_can_be_pickled(schedule, shown):
    assert repr(schedule) == shown
    for clone in pickle.loads(pickle.dumps(schedule)), copy.deepcopy(schedule):
        assert repr(clone) == shown
        assert [clone(t) for t in range(9)] == [schedule(t) for t in range(9)]


def walk(optimizer, params, steps, seed):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        optimizer.step(params, {n: rng.normal(size=p.shape) for n, p in params.items()})


KINDS = [
    lambda: SGD(cosine_decay(0.1, 9), weight_decay=0.1),
    lambda: SGD(0.1, momentum=0.9, nesterov=True),
    lambda: RMSProp(step_decay(0.1, 2)),
    lambda: Adam(warmup(exponential_decay(0.1, 0.9), 7)),
    AdamW,
]


def pickled(optimizer, make):
    return pickle.loads(pickle.dumps(optimizer))


def restored(optimizer, make):
    other = make()
    other.load_state(optimizer.state)
    return other


def by_attributes(optimizer, make):
    other = make()
    for name in "steps", "velocity", "mean", "square":
        if hasattr(other, name):
            setattr(other, name, copy.deepcopy(getattr(optimizer, name)))
    return other


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("way", [pickled, restored, by_attributes])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_optimizer_goes_on_where_another_stopped(make, way, dtype):
    start = {"0.w": np.ones((2, 3), dtype), "0.b": np.ones(3, dtype)}
    params, optimizer = copy.deepcopy(start), make()
    walk(optimizer, params, 5, seed=0)
    other, others = way(optimizer, make), copy.deepcopy(params)
    walk(optimizer, params, 4, seed=1)
    walk(other, others, 4, seed=1)
    assert other.steps == optimizer.steps == 9
    for name, p in params.items():
        np.testing.assert_array_equal(others[name], p)
    fresh = copy.deepcopy(start)
    walk(make(), fresh, 9, seed=0)
    assert (fresh["0.w"] != params["0.w"]).any()
    with pytest.raises(ValueError, match=r"^params has shapes \{'0.w': \(1,\)\}, the"):
        other.step({"0.w": np.ones(1)}, {"0.w": np.ones(1)})


def test_a_state_that_is_loaded_is_copied():
    first, second, params = Adam(), Adam(), {"w": np.ones(2)}
    walk(first, params, 3, seed=0)
    second.load_state(first.state)
    walk(second, params, 3, seed=0)
    assert (first.steps, second.steps) == (3, 6)
    assert (first.mean["w"] != second.mean["w"]).all()
    assert list(first.state) == ["steps", "mean.w", "square.w"]
    assert first.state["mean.w"] is first.mean["w"]
    with pytest.raises(ValueError, match="read-only"):
        first.state["steps"] = 5
    first.state["mean.w"] = [5, 6]
    assert first.mean["w"].tolist() == [5, 6]


STATE = {
    "steps": 3,
    "mean.0.w": np.ones((2, 3)),
    "mean.0.b": np.ones(3),
    "square.0.w": np.ones((2, 3)),
    "square.0.b": np.ones(3),
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mean.0.w": None}, "state lacks ['mean.0.w']"),
        ({"steps": None}, "state lacks ['steps']"),
        ({"lr": 0.1}, "state has ['lr'], which are unknown here"),
        ({"velocity.0.w": np.ones(1)}, "state has ['velocity.0.w'], which are unknown"),
        (
            {"square.0.b": np.ones(2)},
            "state['square.0.b'] has shape (2,), expected (3,)",
        ),
        ({"square.0.b": ["a"] * 3}, "state['square.0.b'] has dtype <U1"),
        ({"steps": -1}, "state['steps'] is -1, expected an integer of at least 0"),
        ({"steps": 2.5}, "state['steps'] is 2.5, expected an integer"),
        ({"steps": [1, 2]}, "state['steps'] is array([1, 2]), expected an integer"),
        (dict.fromkeys([*STATE][1:]), "state lacks ('mean', 'square') of 3 steps"),
    ],
)
def test_a_state_of_another_kind_is_refused(change, message):
    optimizer, params = Adam(), {"0.w": np.ones((2, 3)), "0.b": np.ones(3)}
    optimizer.load_state(STATE)
    walk(optimizer, params, 1, seed=0)
    mean = optimizer.mean["0.w"].copy()
    bad = {name: a for name, a in (STATE | change).items() if a is not None}
    for one in optimizer, Adam():
        with pytest.raises(ValueError, match=re.escape(message)):
            one.load_state(bad)
    assert optimizer.steps == 4
    np.testing.assert_array_equal(optimizer.mean["0.w"], mean)


def test_a_state_must_fit_the_steps_made_so_far():
    optimizer = Adam()
    walk(optimizer, {"w": np.ones(2)}, 1, seed=0)
    with pytest.raises(
        ValueError, match=r"^state is of \['0.b', '0.w'\], expected \['w"
    ):
        optimizer.load_state(STATE)
    bad = {"steps": 1, "mean.w": np.ones(3), "square.w": np.ones(3)}
    with pytest.raises(
        ValueError, match=r"^state\['mean.w'\] has shape \(3,\), expect"
    ):
        optimizer.load_state(bad)
    with pytest.raises(ValueError, match=r"^state is \[\], expected arrays by name"):
        optimizer.load_state([])
    plain = SGD(0.1)
    with pytest.raises(
        ValueError, match=r"state has \['mean.0.b', .*, which are unkno"
    ):
        plain.load_state(STATE)
    plain.load_state({"steps": 7})
    assert plain.steps == 7


@each
def test_params_and_gradients_come_by_name(make):
    with pytest.raises(ValueError, match=r"^params is \[.*, expected arrays by name"):
        make().step([np.ones(2)], {"w": np.ones(2)})
    with pytest.raises(ValueError, match=r"^grads is None, expected arrays by name"):
        make().step({"w": np.ones(2)}, None)


def test_schedules_may_keep_the_rate_or_be_zero():
    assert step_decay(0, 1, factor=1)(5) == 0
    assert exponential_decay(0.5, 1)(7) == 0.5
    assert cosine_decay(0, 1)(0) == 0
