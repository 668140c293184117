"""Networks chain layers, and put shortcuts around them."""

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
    layer, x = Residual(f, projection), rng(2).normal(size=(5, 3))
    np.testing.assert_array_equal(
        layer.forward(x), f.forward(x) + projection.forward(x)
    )
    expected = f.backward(dy) + projection.backward(dy)
    np.testing.assert_array_equal(layer.backward(dy), expected)
    names = ["f.w", "f.b", "projection.w", "projection.b"]
    assert list(layer.params) == list(layer.grads) == list(layer.state) == names


def test_residual_tells_both_branches_whether_it_trains():
    f, projection = BatchNorm(3), BatchNorm(3)
    layer = Residual(f, projection)
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
    layer = Residual(ReLU(), Dense(3, 1, rng()))
    message = re.escape("f gives shape (5, 3), the shortcut (5, 1)")
    with pytest.raises(ValueError, match=message):
        layer.forward(np.ones((5, 3)))


def test_residual_refuses_what_is_no_layer_and_the_same_twice():
    with pytest.raises(ValueError, match=r"f is <class .*, expected a Layer"):
        Residual(ReLU)
    with pytest.raises(ValueError, match=r"projection is 3, expected a Layer"):
        Residual(ReLU(), 3)
    relu = ReLU()
    with pytest.raises(ValueError, match=r"projection, ReLU\(\), is there twice"):
        Residual(relu, relu)


class Never(Flatten):
    """A layer that must not be asked for its gradient."""

    def backward(self, dy):
        raise AssertionError("not needed")


def learning(c_in=3):
    """A network that begins with layers that learn nothing, with all the others."""
    inner = Sequential(Conv2D(c_in, 4, 3, rng(1), stride=2), ReLU(), BatchNorm(4))
    shortcut = Conv2D(c_in, 4, 3, rng(2), stride=2, bias=False)
    return Residual(inner, shortcut), Flatten(), Dense(36, 2, rng(3))


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
    model = Sequential(Flatten(), Residual(inner), Residual(ReLU(), Dense(4, 4, rng())))
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
