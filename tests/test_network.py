"""Networks chain layers, and put shortcuts around them."""

import copy
import pickle
import re

import numpy as np
import pytest

from nnref import (
    SGD,
    Adam,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    Layer,
    LeakyReLU,
    ReLU,
    Residual,
    Sequential,
    Tanh,
    accuracy,
    fit,
    mean_squared_error,
    mean_squared_error_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_names_carry_the_position_also_of_nested_layers():
    inner = Sequential(ReLU(), Dense(4, 5, rng()))
    model = Sequential(Dense(3, 4, rng(), bias=False), inner, Dense(5, 2, rng()))
    assert list(model.params) == ["0.w", "1.1.w", "1.1.b", "2.w", "2.b"]
    assert model.grads == {}
    model.forward(np.ones((2, 3)))
    model.backward(np.ones((2, 2)))
    shapes = {name: p.shape for name, p in model.params.items()}
    assert {name: g.shape for name, g in model.grads.items()} == shapes


def test_repr_shows_layers_shapes_and_size():
    inner = Sequential(Dense(4, 5, rng(), bias=False), LeakyReLU(negative_slope=0.2))
    model = Sequential(Dense(3, 4, rng()), ReLU(), inner, Dense(5, 2, rng()))
    assert repr(model) == (
        "Sequential(\n"
        "  0: Dense(3, 4)          w (3, 4), b (4,)\n"
        "  1: ReLU()\n"
        "  2: Sequential(\n"
        "    0: Dense(4, 5, bias=False) w (4, 5)\n"
        "    1: LeakyReLU(negative_slope=0.2)\n"
        "  ): 20 parameters\n"
        "  3: Dense(5, 2)          w (5, 2), b (2,)\n"
        "): 48 parameters"
    )


def test_a_network_tells_every_layer_whether_it_trains():
    class Probe(Layer):
        def forward(self, x, training=False):
            seen.append(training)
            return x

    seen = []
    model = Sequential(Probe(), Sequential(Probe()))
    model.forward(np.ones(1))
    model.forward(np.ones(1), training=True)
    assert seen == [False, False, True, True]


def test_state_of_a_network_is_that_of_its_layers():
    class Running(Layer):
        @property
        def state(self):
            return self.params | {"mean": mean}

    mean = np.zeros(2)
    model = Sequential(ReLU(), Running(w=np.ones(3)))
    assert list(model.state) == ["1.w", "1.mean"]
    assert model.state["1.mean"] is mean
    assert list(model.params) == ["1.w"]


def test_an_empty_network_is_the_identity():
    x = rng().normal(size=(2, 3))
    assert Sequential().forward(x) is x
    assert Sequential().backward(x) is x


def test_a_network_refuses_what_is_no_layer():
    with pytest.raises(
        ValueError, match=r"layer 1 is <class .*ReLU'>, expected a Layer"
    ):
        Sequential(Dense(3, 4, rng()), ReLU)
    with pytest.raises(ValueError, match=r"layer 0 is \[.*, expected a Layer"):
        Sequential([Dense(3, 4, rng()), ReLU()])


def test_a_network_refuses_the_same_layer_twice():
    relu = ReLU()
    with pytest.raises(ValueError, match=r"layer 2, ReLU\(\), is there twice"):
        Sequential(relu, Dense(3, 3, rng()), relu)


def test_a_layer_that_is_used_twice_at_any_depth_is_refused():
    """Both uses would get the gradient of the last, and take its step twice."""

    class Mine(Layer):
        def __init__(self, *inner):
            super().__init__()
            self.inner = {"all": [*inner]}

    d = Dense(3, 3, rng())
    for other in (
        Sequential(d),
        Residual(d),
        Residual(ReLU(), projection=d),
        Sequential(Tanh(), Sequential(Residual(Sequential(d)))),
        Mine(ReLU(), d),
    ):
        message = r"^Dense\(3, 3\) is in layer 0 and in layer 2; make a new one$"
        with pytest.raises(ValueError, match=message):
            Sequential(d, Tanh(), other)
        with pytest.raises(ValueError, match=message):
            Sequential(other, Tanh(), Sequential(d))
        with pytest.raises(ValueError, match=r"is in f and in projection; make a new"):
            Residual(other, projection=Sequential(d))
    inner = Sequential(d, ReLU())
    with pytest.raises(
        ValueError, match=r"^Sequential\((.|\n)* is in layer 0 and in l"
    ):
        Sequential(Residual(inner), Residual(inner))


def test_a_layer_that_knows_its_network_is_no_layer_twice():
    inner, tanh = Dense(3, 3, rng()), Tanh()
    model = Sequential(inner, tanh)
    tanh.network = [model]
    assert len(Sequential(model, ReLU())) == 2
    with pytest.raises(ValueError, match="is in layer 0 and in layer 1"):
        Sequential(model, Sequential(tanh))


def test_a_network_can_be_pickled():
    model, x = Sequential(Dense(3, 4, rng()), BatchNorm(4)), rng().normal(size=(5, 3))
    model.forward(x, training=True)
    for clone in pickle.loads(pickle.dumps(model)), copy.deepcopy(model):
        np.testing.assert_array_equal(clone(x), model(x))
        clone.params["0.w"] = np.zeros((3, 4))
        assert not np.array_equal(clone(x), model(x))


def test_assigning_to_a_parameter_writes_into_its_array():
    model = Sequential(Dense(3, 4, rng()), Residual(BatchNorm(4)), Dense(4, 2, rng()))
    w, mean = model.layers[0].params["w"], model.layers[1].f.running_mean
    model.params["0.w"] = np.arange(12.0).reshape(3, 4)
    model.state["1.f.running_mean"] = [1, 2, 3, 4]
    np.testing.assert_array_equal(w, np.arange(12.0).reshape(3, 4))
    np.testing.assert_array_equal(mean, [1, 2, 3, 4])
    assert model.params["0.w"] is w
    model.params["0.w"] -= 1
    model.params.update({"0.b": np.ones(4)}, **{"2.b": np.ones(2)})
    params = model.params
    params |= {"1.f.gamma": [0, 0, 0, 5]}
    np.testing.assert_array_equal(w, np.arange(12.0).reshape(3, 4) - 1)
    assert model.layers[2].params["b"].tolist() == [1, 1]
    assert model.layers[1].f.params["gamma"].tolist() == [0, 0, 0, 5]


def test_a_training_loop_by_assignment_learns():
    """The first loop that one writes by hand; also with gradients that are changed."""
    x = rng().normal(size=(20, 3))
    y, losses = x @ [[1.0], [2.0], [-1.0]], []
    model = Sequential(Dense(3, 5, rng()), Tanh(), Dense(5, 1, rng(1)))
    for _ in range(200):
        pred = model.forward(x)
        losses.append(mean_squared_error(pred, y))
        model.backward(mean_squared_error_backward(1.0, pred, y))
        for name in model.params:
            model.grads[name] = np.clip(model.grads[name], -0.5, 0.5)
            assert np.abs(model.grads[name]).max() <= 0.5
            model.params[name] = model.params[name] - 0.2 * model.grads[name]
    assert losses[-1] < 0.01 * losses[0]


def test_what_does_not_fit_is_not_assigned():
    model = Sequential(Dense(3, 4, rng()), ReLU())
    start = {name: p.copy() for name, p in model.params.items()}
    for name, value, message in (
        ("w", np.ones((3, 4)), "params has no 'w', expected one of ['0.w', '0.b']"),
        ("0.w", np.ones(4), "params['0.w'] has shape (4,), expected (3, 4)"),
        ("0.b", 1.0, "params['0.b'] has shape (), expected (4,)"),
        ("0.b", "abcd", "params['0.b'] has dtype <U4, expected real numbers"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
            model.params[name] = value
    for change in (
        lambda p: p.pop("0.w"),
        lambda p: p.popitem(),
        lambda p: p.clear(),
        lambda p: p.setdefault("a", np.ones(1)),
        lambda p: p.__delitem__("0.w"),
    ):
        with pytest.raises(ValueError, match=r"^the names in params are fixed"):
            change(model.params)
    assert model.params.keys() == start.keys()
    for name, p in start.items():
        np.testing.assert_array_equal(model.params[name], p)


def test_a_copy_of_the_parameters_belongs_to_no_network():
    model = Sequential(Dense(3, 4, rng()))
    for clone in (
        copy.deepcopy(model.params),
        pickle.loads(pickle.dumps(model.params)),
        model.params | {},
    ):
        assert type(clone) is dict
        clone["0.w"] = np.zeros((3, 4))
        clone["new"] = np.zeros(1)
    assert model.params["0.w"].any()


def test_an_error_in_a_network_names_the_layer():
    model = Sequential(Dense(3, 4, rng()), ReLU(), Dense(5, 2, rng()))
    with pytest.raises(ValueError, match="x has shape") as caught:
        model.forward(np.ones((6, 3)))
    assert caught.value.__notes__ == ["in layer 2, Dense(5, 2)"]


def test_running_statistics_are_state_but_not_learned():
    model = Sequential(Dense(2, 3, rng()), BatchNorm(3))
    assert list(model.params) == ["0.w", "0.b", "1.gamma", "1.beta"]
    assert list(model.state)[4:] == ["1.running_mean", "1.running_var"]
    kept = model.state["1.running_mean"]
    model.forward(rng().normal(size=(5, 2)), training=True)
    assert model.state["1.running_mean"] is kept is model.layers[1].running_mean
    assert kept.any()


def test_state_saves_and_restores_running_statistics():
    def network(seed):
        model = Sequential(Dense(3, 4, rng(seed)), Residual(BatchNorm(4)))
        model.forward(rng(seed).normal(size=(6, 3)), training=True)
        return model

    model, other, x = network(0), network(1), rng(2).normal(size=(5, 3))
    assert not np.allclose(model.forward(x), other.forward(x))
    for name, array in model.state.items():
        other.state[name][...] = array
    np.testing.assert_array_equal(model.forward(x), other.forward(x))


def test_patience_restores_running_statistics():
    model = Sequential(BatchNorm(2, rho=0.1), Dense(2, 1, rng()))
    x = rng().normal(size=(20, 2))
    y = x[:, :1]
    history = fit(
        model,
        x,
        y,
        loss=(mean_squared_error, mean_squared_error_backward),
        optimizer=SGD(lr=0.1),
        epochs=20,
        batch_size=4,
        rng=rng(),
        validation=(x, -y),
        patience=3,
    )
    assert history.stopped_early
    found = mean_squared_error(model.forward(x), -y)
    assert found == pytest.approx(min(history.validation_loss), rel=1e-12)


def test_residual_adds_what_it_was_given():
    inner, other = Dense(3, 3, rng()), Dense(3, 3, rng())
    x, dy = rng(1).normal(size=(5, 3)), rng(2).normal(size=(5, 3))
    layer = Residual(inner)
    np.testing.assert_array_equal(layer.forward(x), other.forward(x) + x)
    np.testing.assert_array_equal(layer.backward(dy), other.backward(dy) + dy)
    np.testing.assert_array_equal(layer.grads["f.w"], other.grads["w"])
    assert list(layer.params) == list(layer.grads) == ["f.w", "f.b"]


def test_residual_adds_its_projection():
    f, projection, dy = Dense(3, 2, rng()), Dense(3, 2, rng(1)), np.ones((5, 2))
    layer, x = Residual(f, projection=projection), rng(2).normal(size=(5, 3))
    np.testing.assert_array_equal(
        layer.forward(x), f.forward(x) + projection.forward(x)
    )
    expected = f.backward(dy) + projection.backward(dy)
    np.testing.assert_array_equal(layer.backward(dy), expected)
    names = ["f.w", "f.b", "projection.w", "projection.b"]
    assert list(layer.params) == list(layer.grads) == list(layer.state) == names


def test_residual_tells_both_branches_whether_it_trains():
    f, projection = BatchNorm(3), BatchNorm(3)
    layer = Residual(f, projection=projection)
    layer.forward(rng().normal(size=(5, 3)))
    assert not f.running_mean.any()
    assert not projection.running_mean.any()
    layer.forward(rng().normal(size=(5, 3)), training=True)
    assert f.running_mean.any()
    assert projection.running_mean.any()


def test_residual_refuses_shapes_that_would_be_broadcast():
    layer = Residual(Dense(3, 1, rng()))
    message = re.escape("f gives shape (5, 1), the shortcut (5, 3)")
    with pytest.raises(ValueError, match=message):
        layer.forward(np.ones((5, 3)))
    layer = Residual(ReLU(), projection=Dense(3, 1, rng()))
    message = re.escape("f gives shape (5, 3), the shortcut (5, 1)")
    with pytest.raises(ValueError, match=message):
        layer.forward(np.ones((5, 3)))


def test_residual_refuses_what_is_no_layer_and_the_same_twice():
    with pytest.raises(ValueError, match=r"f is <class .*, expected a Layer"):
        Residual(ReLU)
    with pytest.raises(ValueError, match=r"projection is 3, expected a Layer"):
        Residual(ReLU(), projection=3)
    relu = ReLU()
    with pytest.raises(ValueError, match=r"projection, ReLU\(\), is there twice"):
        Residual(relu, projection=relu)


class Never(Flatten):
    """A layer that must not be asked for its gradient."""

    def backward(self, dy):
        raise AssertionError("not needed")


def learning(c_in=3):
    """A network that begins with layers that learn nothing, with all the others."""
    inner = Sequential(Conv2D(c_in, 4, 3, rng(1), stride=2), ReLU(), BatchNorm(4))
    shortcut = Conv2D(c_in, 4, 3, rng(2), stride=2, bias=False)
    return Residual(inner, projection=shortcut), Flatten(), Dense(36, 2, rng(3))


def test_backward_params_gives_the_gradients_of_backward():
    x, dy = rng().normal(size=(5, 3, 7, 7)), rng(4).normal(size=(5, 2))
    model = Sequential(ReLU(), *learning())
    model.forward(x, training=True)
    model.backward(dy)
    grads = model.grads
    assert len(grads) == 7
    other = Sequential(ReLU(), *learning())
    other.forward(x, training=True)
    assert other.backward_params(dy) is None
    assert other.grads.keys() == grads.keys()
    for name, g in other.grads.items():
        np.testing.assert_array_equal(g, grads[name])


@pytest.mark.parametrize("bias", [True, False])
def test_backward_params_of_a_dense_layer(bias):
    x, dy = rng().normal(size=(5, 3)), rng(1).normal(size=(5, 2))
    layer = Dense(3, 2, rng(), bias=bias)
    with pytest.raises(RuntimeError, match="backward before forward"):
        layer.backward_params(dy)
    layer.forward(x)
    layer.backward(dy)
    grads = layer.grads
    layer.backward_params(dy)
    assert layer.grads is not grads
    assert layer.grads.keys() == grads.keys()
    for name, g in layer.grads.items():
        np.testing.assert_array_equal(g, grads[name])
    with pytest.raises(ValueError, match=r"dy has shape \(5, 1\)"):
        layer.backward_params(dy[:, :1])


def test_training_goes_back_no_further_than_to_the_first_layer_that_learns():
    class First(Dense):
        def backward(self, dy):
            raise AssertionError("not needed")

    model = Sequential(Never(), First(4, 3, rng()), ReLU(), Dense(3, 2, rng()))
    model.forward(np.ones((3, 2, 2)))
    model.backward_params(np.ones((3, 2)))
    assert list(model.grads) == ["1.w", "1.b", "3.w", "3.b"]
    fit(
        model,
        np.ones((3, 2, 2)),
        np.ones((3, 2)),
        loss=(mean_squared_error, mean_squared_error_backward),
        optimizer=SGD(0.1),
        epochs=1,
        batch_size=3,
        rng=rng(),
    )
    Sequential(Never()).backward_params(np.ones((3, 2)))


def test_repr_of_a_residual_network():
    inner = Sequential(BatchNorm(4), Dropout(0.5, rng()))
    model = Sequential(
        Flatten(), Residual(inner), Residual(ReLU(), projection=Dense(4, 4, rng()))
    )
    assert repr(model) == (
        "Sequential(\n"
        "  0: Flatten()\n"
        "  1: Residual(\n"
        "    f: Sequential(\n"
        "      0: BatchNorm(4)         gamma (4,), beta (4,)\n"
        "      1: Dropout(p=0.5)\n"
        "    ): 8 parameters\n"
        "  ): 8 parameters\n"
        "  2: Residual(\n"
        "    f: ReLU()\n"
        "    projection: Dense(4, 4)          w (4, 4), b (4,)\n"
        "  ): 20 parameters\n"
        "): 28 parameters"
    )


def test_flatten_keeps_samples_apart_and_takes_gradients_back():
    layer, x = Flatten(), np.random.default_rng(0).normal(size=(5, 3, 2, 4))
    y = layer.forward(x)
    np.testing.assert_array_equal(y, [sample.ravel() for sample in x])
    np.testing.assert_array_equal(layer.backward(y), x)
    assert layer.forward(x[:0]).shape == (0, 24)
    assert layer.forward(x[0, 0, 0]).shape == (4, 1)


def test_a_network_for_images_learns_to_tell_rows_from_columns():
    x = np.zeros((8, 1, 4, 6))
    y = np.arange(8) % 2
    for i in range(8):
        if y[i]:
            x[i, 0, :, i % 6] = 1
        else:
            x[i, 0, i % 4] = 1
    r = np.random.default_rng(0)
    model = Sequential(
        Conv2D(1, 3, 3, r, padding=1), ReLU(), GlobalAvgPool2D(), Dense(3, 2, r)
    )
    loss = softmax_cross_entropy, softmax_cross_entropy_backward
    settings = {"loss": loss, "optimizer": Adam(0.1), "batch_size": 8, "rng": r}
    fit(model, x, y, epochs=60, **settings)
    assert accuracy(model.forward(x), y) == 1.0


# the shape of a network


def images(c=2):
    return Sequential(
        Conv2D(c, 6, (3, 5), rng(), stride=2, groups=2),
        Residual(Sequential(BatchNorm(6), ReLU(), Conv2D(6, 6, 1, rng()))),
        Residual(ReLU(), projection=Conv2D(6, 6, 1, rng(), bias=False)),
        Flatten(),
        Dense(6 * 3 * 2, 4, rng()),
    )


def test_a_network_has_length_layers_and_parts():
    model = Sequential(Dense(3, 4, rng()), ReLU(), Dense(4, 2, rng()))
    x = rng().normal(size=(5, 3))
    assert len(model) == 3
    assert model[0] is model.layers[0]
    assert model[-1] is model.layers[2]
    assert list(model) == list(model.layers)
    head = model[:-1]
    assert isinstance(head, Sequential)
    assert head.layers == model.layers[:2]
    np.testing.assert_array_equal(model[2](head(x)), model(x))
    head.params["0.b"] = np.ones(4)
    assert model[0].params["b"].all()
    with pytest.raises(IndexError):
        model[3]
    assert len(Sequential()) == 0
    assert Sequential()


def test_calling_a_layer_is_its_forward_pass():
    for layer in Dropout(0.5, rng()), Sequential(Dropout(0.5, rng())):
        x = np.ones((20, 3))
        assert (layer(x) == 1).all()
        assert (layer(x, training=True) == 0).any()
        assert (layer.backward(np.ones((20, 3))) == 0).any()


def test_a_summary_shows_shapes_sizes_and_products():
    lines = images().summary((5, 2, 7, 8)).split("\n")
    assert len({len(line) for line in lines}) == 1
    assert [re.split("  +", line) for line in lines] == [
        ["layer", "output", "parameters", "multiply-accumulates"],
        ["0: Conv2D(2, 6, (3, 5), stride=2, groups=2)", "(5, 6, 3, 2)", "96", "2,700"],
        ["1.f.0: BatchNorm(6)", "(5, 6, 3, 2)", "12", "0"],
        ["1.f.1: ReLU()", "(5, 6, 3, 2)", "0", "0"],
        ["1.f.2: Conv2D(6, 6, (1, 1))", "(5, 6, 3, 2)", "42", "1,080"],
        ["2.f: ReLU()", "(5, 6, 3, 2)", "0", "0"],
        [
            "2.projection: Conv2D(6, 6, (1, 1), bias=False)",
            "(5, 6, 3, 2)",
            "36",
            "1,080",
        ],
        ["3: Flatten()", "(5, 36)", "0", "0"],
        ["4: Dense(36, 4)", "(5, 4)", "148", "720"],
        ["in all", "(5, 4)", "334", "5,580"],
    ]


def test_a_summary_counts_what_the_loops_would_multiply():
    """By pixels, channels and kernels, one product after the other."""
    n, c, h, w, d, k, groups, p = 2, 4, 6, 5, 6, 3, 2, 1
    count = 0
    for _ in np.ndindex(n, d, h + 2 * p - k + 1, w + 2 * p - k + 1):
        count += (c // groups) * k * k
    model = Sequential(Conv2D(c, d, k, rng(), groups=groups, padding=p))
    last = model.summary((n, c, h, w)).split("\n")[-1]
    assert int(last.split()[-1].replace(",", "")) == count


def test_a_summary_leaves_the_network_as_it_was():
    model, x = images(), rng().normal(size=(3, 2, 7, 8))
    model.forward(x, training=True)
    state = {name: a.copy() for name, a in model.state.items()}
    model.summary((1, 2, 7, 8))
    for name, a in model.state.items():
        np.testing.assert_array_equal(a, state[name])
    assert model.backward(np.ones((3, 4))).shape == x.shape


def test_a_summary_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="expected an integer of at least 1"):
        images().summary((1, 2, 7, 0))
    with pytest.raises(
        ValueError, match=r"^x_shape is 7, expected a tuple of integers"
    ):
        images().summary(7)
    with pytest.raises(ValueError, match="x has shape") as caught:
        images().summary((1, 3, 7, 8))
    assert caught.value.__notes__[0].startswith("in layer 0, Conv2D(")


def test_a_single_layer_takes_assignments_too():
    layer = BatchNorm(3)
    gamma, mean = layer.params["gamma"], layer.running_mean
    layer.params["gamma"] = [1, 2, 3]
    layer.state["running_mean"] = [4, 5, 6]
    assert (gamma.tolist(), mean.tolist()) == ([1, 2, 3], [4, 5, 6])
    with pytest.raises(
        ValueError, match=r"^params\['gamma'\] has shape \(2,\), expected"
    ):
        layer.params["gamma"] = [1, 2]
    with pytest.raises(
        ValueError, match=r"^params has no 'g', expected one of \['gamma"
    ):
        layer.params["g"] = [1, 2, 3]
    layer.forward(np.ones((2, 3)))
    layer.backward(np.ones((2, 3)))
    layer.grads["beta"] = np.zeros(3)
    assert not layer.grads["beta"].any()
