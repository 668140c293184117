"""What is loaded goes on as if nothing had happened, or is refused by name."""

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
    Layer,
    ReLU,
    Residual,
    RMSProp,
    Sequential,
    cosine_decay,
    digits,
    fit,
    load,
    save,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)

DATA = digits(images=True, dtype=np.float32)


def parts(make=Adam, seed=0):
    """Everything that changes in training: layers with all kinds of state."""
    rng = np.random.default_rng(seed)
    model = Sequential(
        Conv2D(1, 3, 3, rng, stride=2, dtype=np.float32),
        Residual(BatchNorm(3, dtype=np.float32)),
        ReLU(),
        Flatten(),
        Dropout(0.2, rng),
        Dense(27, 10, rng),
    )
    return {"model": model, "optimizer": make(), "rng": rng}


def train(epochs, model, optimizer, rng):
    return fit(
        model,
        DATA.x_train[:100],
        DATA.y_train[:100],
        loss=(softmax_cross_entropy, softmax_cross_entropy_backward),
        optimizer=optimizer,
        epochs=epochs,
        batch_size=32,
        rng=rng,
    )


@pytest.mark.parametrize(
    "make",
    [
        Adam,
        RMSProp,
        lambda: SGD(cosine_decay(0.1, 20), momentum=0.9, nesterov=True),
        lambda: SGD(0.1),
    ],
)
def test_the_next_steps_are_the_same_bit_for_bit(make, tmp_path):
    whole, first, second = parts(make), parts(make), parts(make, seed=1)
    losses = train(4, **whole).step_loss
    train(2, **first)
    save(tmp_path / "run.npz", **first)
    load(str(tmp_path / "run.npz"), **second)
    assert train(2, **second).step_loss == losses[8:]
    for name, array in whole["model"].state.items():
        np.testing.assert_array_equal(second["model"].state[name], array)
        assert second["model"].state[name].dtype == array.dtype
    for name, array in whole["optimizer"].state.items():
        np.testing.assert_array_equal(second["optimizer"].state[name], array)


def test_each_part_matters(tmp_path):
    losses, first = train(4, **parts()).step_loss, parts()
    train(2, **first)
    save(tmp_path / "run.npz", **first)
    for left_out in first:
        second = parts(seed=1)
        some = {name: part for name, part in second.items() if name != left_out}
        load(tmp_path / "run.npz", **some)
        assert train(2, **second).step_loss != losses[8:]


def test_the_file_is_one_of_arrays_under_that_name(tmp_path):
    first, path = parts(), tmp_path / "checkpoint"
    train(1, **first)
    save(path, **first)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint"]
    with np.load(path, allow_pickle=False) as file:
        assert {"model.0.w", "optimizer.mean.0.w", "optimizer.steps"} <= {*file}
        np.testing.assert_array_equal(file["model.0.w"], first["model"].params["0.w"])
        assert file["optimizer.steps"] == 4


def test_an_interruption_leaves_the_file_before_whole(tmp_path, monkeypatch):
    first, path = parts(), tmp_path / "run.npz"
    save(path, **first)
    before = path.read_bytes()

    def fail(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        save(path, **first)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_generators_of_every_kind_go_on(kind, tmp_path):
    bits = getattr(np.random, kind)
    first, second = np.random.Generator(bits(0)), np.random.Generator(bits(1))
    first.normal(size=3), first.integers(5, dtype=np.uint32)
    save(tmp_path / "rng.npz", rng=first)
    load(tmp_path / "rng.npz", rng=second)
    np.testing.assert_array_equal(first.normal(size=99), second.normal(size=99))
    other = np.random.Generator(np.random.PCG64DXSM(0))
    with pytest.raises(ValueError, match=r"^rng: state must be for a PCG64DXSM"):
        load(tmp_path / "rng.npz", rng=other)


def test_what_does_not_fit_is_refused_by_name(tmp_path):
    rng, path = np.random.default_rng(0), tmp_path / "run.npz"
    save(path, model=Sequential(Dense(3, 4, rng), BatchNorm(4)), optimizer=Adam())
    for other, message in (
        (Sequential(Dense(3, 5, rng), BatchNorm(5)), "model: state['0.w'] has shape ("),
        (Sequential(Dense(3, 4, rng)), "model: state has ['1.beta', '1.gamma', "),
        (
            Sequential(Dense(3, 4, rng), BatchNorm(4), Dense(4, 1, rng)),
            "model: state lacks ['2.b', '2.w']",
        ),
        (Dense(3, 4, rng), "model: state lacks ['b', 'w'] and has ['0.b', '0.w', "),
        (Adam(), "model: state lacks ['steps'] and has"),
        (np.random.default_rng(0), "model: 'bit_generator"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            load(path, model=other)
    message = "^weights is not in the file, which has ['model', 'optimizer']"
    with pytest.raises(ValueError, match=re.escape(message[1:])):
        load(path, weights=Dense(3, 4, rng))


def test_a_state_that_does_not_fit_changes_nothing():
    rng = np.random.default_rng(0)
    model = Sequential(Dense(3, 4, rng), Dense(4, 2, rng))
    start = model.params["0.w"].copy()
    bad = {name: np.zeros(a.shape) for name, a in model.state.items()}
    bad["1.b"] = np.zeros(3)
    with pytest.raises(
        ValueError, match=r"^state\['1.b'\] has shape \(3,\), expected "
    ):
        model.load_state(bad)
    np.testing.assert_array_equal(model.params["0.w"], start)
    with pytest.raises(ValueError, match=r"^state is None, expected arrays by name"):
        model.load_state(None)


def test_a_single_layer_loads_a_state():
    rng = np.random.default_rng(0)
    first, second = BatchNorm(3), BatchNorm(3)
    first.forward(rng.normal(size=(5, 3)), training=True)
    second.load_state(first.state)
    np.testing.assert_array_equal(second.running_var, first.running_var)
    assert second.running_var is not first.running_var


class Odd(Layer):
    @property
    def state(self):
        return {"name": np.array(["a", None])}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, "there is nothing to save or to load"),
        ({"model": Dense}, "model is <class"),
        (
            {"model": {"w": np.ones(2)}},
            "model is {'w': array([1., 1.])}, expected a la",
        ),
        ({"rng": 0}, "rng is 0, expected a layer, an optimizer or a Generator"),
        ({"a.b": Adam()}, "a.b is <"),
    ],
)
def test_what_cannot_be_saved_is_refused_by_name(parts, message, tmp_path):
    for f in save, load:
        save(tmp_path / "run.npz", model=Adam())
        with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
            f(tmp_path / "run.npz", **parts)
    with pytest.raises(ValueError, match=r"^layer.state\['name'\] is .*, no numbers"):
        save(tmp_path / "run.npz", layer=Odd())
    for f in save, load:
        with pytest.raises(
            ValueError, match=r"^path is None, expected the name of a f"
        ):
            f(None, model=Adam())
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.npz", model=Adam())
