"""The training loop does what it says, also when it is stopped or goes wrong."""

import io
import math
import pickle
import re

import numpy as np
import pytest

from nnref import BatchNorm, Dense, Layer, ReLU, Tanh, training
from nnref.data import blobs, digits, sine, xor
from nnref.losses import (
    mean_squared_error,
    mean_squared_error_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)
from nnref.network import Sequential
from nnref.optimizers import SGD, Adam
from nnref.training import (
    DivergenceError,
    History,
    accuracy,
    confusion_matrix,
    fit,
    minibatches,
)

CROSS_ENTROPY = softmax_cross_entropy, softmax_cross_entropy_backward
SQUARED_ERROR = mean_squared_error, mean_squared_error_backward


def rng(seed=0):
    return np.random.default_rng(seed)


def mlp(d_in=2, hidden=8, d_out=3, seed=0):
    r = rng(seed)
    return Sequential(Dense(d_in, hidden, r), Tanh(), Dense(hidden, d_out, r))


def train(model=None, data=None, **settings):
    """Fit with defaults for all that the test does not care about."""
    x, y = data or blobs(50, rng(3))
    default = {
        "loss": CROSS_ENTROPY,
        "optimizer": SGD(0.3),
        "epochs": 3,
        "batch_size": 16,
        "rng": rng(),
    }
    return fit(model or mlp(), x, y, **(default | settings))


class At:
    """An optimizer that calls `act` in its n-th step, counted from 1."""

    def __init__(self, n, act, optimizer=None):
        self.n, self.act, self.optimizer = n, act, optimizer or SGD(0.3)
        self.steps = 0

    def step(self, params, grads):
        self.steps += 1
        self.optimizer.step(params, grads)
        if self.steps == self.n:
            self.act(params)


def interrupt(params):
    raise KeyboardInterrupt


# minibatches


@pytest.mark.parametrize(("n", "size"), [(10, 3), (10, 5), (10, 1), (10, 10), (10, 99)])
def test_minibatches_cover_each_sample_once(n, size):
    x, y = np.arange(n * 2).reshape(n, 2), np.arange(n) * 10
    batches = list(minibatches(x, y, size, rng()))
    assert [len(a) for a, _ in batches[:-1]] == [size] * (len(batches) - 1)
    assert len(batches) == math.ceil(n / size)
    all_x = np.concatenate([a for a, _ in batches])
    all_y = np.concatenate([b for _, b in batches])
    assert sorted(all_y.tolist()) == y.tolist()
    np.testing.assert_array_equal(all_x, x[all_y // 10])  # rows stay with their labels


@pytest.mark.parametrize(("n", "size"), [(10, 3), (10, 5), (10, 1), (10, 10), (9, 2)])
def test_minibatches_may_drop_a_last_batch_that_is_smaller(n, size):
    x = np.arange(n)
    all_of_them = [b.tolist() for b, _ in minibatches(x, x, size, rng())]
    kept = [b.tolist() for b, _ in minibatches(x, x, size, rng(), drop_last=True)]
    assert kept == [b for b in all_of_them if len(b) == size]
    assert len(kept) == n // size


@pytest.mark.parametrize(("n", "size"), [(10, 3), (10, 5), (10, 10), (3, 4)])
def test_an_epoch_has_as_many_steps_as_batches(n, size):
    history = train(data=blobs(n, rng()), batch_size=size, epochs=1)
    assert len(history.step_loss) == training._steps(n, size, False)
    assert training._steps(n, size, False) == math.ceil(n / size)


def test_minibatches_are_shuffled_anew_by_the_generator():
    x = np.arange(40)

    def order(r):
        return np.concatenate([b for b, _ in minibatches(x, x, 7, r)]).tolist()

    r = rng(1)
    first, second = order(r), order(r)
    assert first != second
    assert first == order(rng(1))
    assert first == rng(1).permutation(40).tolist()


def test_minibatches_copy_one_batch_at_a_time():
    x = np.zeros((9, 2))
    batches = minibatches(x, x, 4, rng())
    first, _ = next(batches)
    first[...] = 5
    assert (x == 0).all()
    x[...] = 7  # what is not given out yet is still in the original
    assert (next(batches)[0] == 7).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": np.ones((4, 2))}, "x has 4 samples and y 5, expected the same"),
        ({"y": np.ones(0)}, "y has shape (0,), expected (n, ...), n > 0"),
        ({"x": 3.0}, "x has shape (), expected (n, ...), n > 0"),
        ({"batch_size": 0}, "batch_size is 0, expected an integer of at least 1"),
        ({"batch_size": 2.0}, "batch_size is 2.0, expected an integer"),
        ({"rng": 0}, "rng is 0, expected such as np.random.default_rng(0)"),
        ({"drop_last": 1}, "drop_last is 1, expected True or False"),
        (
            {"drop_last": True, "batch_size": 6},
            "drop_last leaves no batch of 6 in 5 samples",
        ),
    ],
)
def test_minibatches_refuse_bad_arguments_when_called(change, message):
    arguments = {"x": np.ones((5, 2)), "y": np.ones(5), "batch_size": 2, "rng": rng()}
    with pytest.raises(ValueError, match=re.escape(message)):
        minibatches(**(arguments | change))


# accuracy


def test_accuracy_counts_the_labels_with_the_largest_logit():
    logits = rng().normal(size=(50, 4))
    labels = rng(1).integers(4, size=50)
    right = [max(range(4), key=row.__getitem__) for row in logits] == labels
    assert accuracy(logits, labels) == right.sum() / 50
    assert type(accuracy(logits, labels)) is float
    assert accuracy(logits, logits.argmax(axis=1)) == 1
    assert accuracy(-logits, logits.argmax(axis=1)) == 0


def test_accuracy_takes_the_first_of_equal_logits():
    assert accuracy([[1.0, 1.0], [1.0, 1.0]], [0, 1]) == 0.5


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (np.ones(3), [0, 1, 0], "logits has shape (3,), expected (n, q)"),
        (np.ones((3, 1)), [0, 1, 0], "logits has shape (3, 1), expected (n, q)"),
        (np.ones((0, 2)), [], "logits has shape (0, 2), expected (n, q)"),
        (np.ones((1, 3, 2)), [0], "logits has shape (1, 3, 2), expected (n, q)"),
        (
            np.ones((3, 2)),
            [0, 1],
            "labels has shape (2,) and type int64, expected (3,)",
        ),
        (np.ones((3, 2)), [[0], [1], [0]], "labels has shape (3, 1) and type int64"),
        (np.ones((3, 2)), [0.0, 1.0, 0.0], "labels has shape (3,) and type float64"),
        (np.ones((3, 2)), [1, 2, 1], "labels spans 1 to 2, expected 0 to 1"),
        (np.ones((3, 2)), [-1, 1, 1], "labels spans -1 to 1, expected 0 to 1"),
    ],
)
def test_accuracy_refuses_what_it_would_get_wrong(logits, labels, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        accuracy(logits, labels)


# fit


def test_fit_is_the_loop_written_out():
    x, y = blobs(50, rng(3))
    model, by_hand = mlp(), mlp()
    history = train(model, (x, y), optimizer=Adam(0.01), epochs=4, rng=rng(7))
    optimizer, r = Adam(0.01), rng(7)
    losses, epochs = [], []
    for _ in range(4):
        order = r.permutation(50)
        for rows in np.split(order, [16, 32, 48]):
            z = by_hand.forward(x[rows], training=True)
            losses.append(softmax_cross_entropy(z, y[rows]))
            by_hand.backward(softmax_cross_entropy_backward(1.0, z, y[rows]))
            optimizer.step(by_hand.params, by_hand.grads)
        epochs.append(np.average(losses[-4:], weights=[16, 16, 16, 2]))
    for name, p in model.params.items():
        np.testing.assert_array_equal(p, by_hand.params[name])
    assert history.step_loss == losses
    assert history.train_loss == pytest.approx(epochs)
    assert (history.validation_loss, history.validation_accuracy) == ([], [])
    assert (history.best_epoch, history.stopped_early) == (None, False)
    assert history.interrupted is False


def test_fit_repeats_with_the_generator_and_differs_without():
    def params(seed):
        model = mlp()
        train(model, rng=rng(seed))
        return np.concatenate([p.ravel() for p in model.params.values()])

    np.testing.assert_array_equal(params(1), params(1))
    assert (params(1) != params(2)).any()


def test_fitting_twice_goes_on():
    once, twice = mlp(), mlp()
    r, optimizer = rng(5), SGD(0.1, momentum=0.9)
    full = train(once, optimizer=SGD(0.1, momentum=0.9), epochs=5, rng=rng(5))
    first = train(twice, optimizer=optimizer, epochs=2, rng=r)
    second = train(twice, optimizer=optimizer, epochs=3, rng=r)
    assert first.step_loss + second.step_loss == full.step_loss


def test_layers_learn_in_training_mode_and_are_validated_in_the_other():
    class Probe(Layer):
        def forward(self, x, training=False):
            seen.append((len(x), training))
            return x

        def backward(self, dy):
            return dy

    seen = []
    x, y = blobs(20, rng())
    r = rng()
    model = Sequential(Probe(), Dense(2, 3, r))
    train(model, (x, y), epochs=2, validation=(x[:7], y[:7]))
    assert seen == [(16, True), (4, True), (7, False)] * 2


def test_validation_is_measured_at_the_end_of_each_epoch():
    x, y = blobs(60, rng(3))
    model = mlp()
    seen = []

    class Noting(SGD):
        def step(self, params, grads):
            super().step(params, grads)
            z = model.forward(x[40:])
            seen.append((softmax_cross_entropy(z, y[40:]), accuracy(z, y[40:])))

    history = train(
        model,
        (x[:40], y[:40]),
        optimizer=Noting(0.3),
        epochs=3,
        batch_size=20,
        validation=(x[40:], y[40:]),
    )
    ends = seen[1::2]
    assert history.validation_loss == pytest.approx([loss for loss, _ in ends])
    assert history.validation_accuracy == [a for _, a in ends]
    assert history.validation_accuracy[-1] > 0.9


def test_targets_that_are_no_labels_have_no_accuracy():
    x, y = sine(30, rng())
    history = train(mlp(1, 8, 1), (x, y), loss=SQUARED_ERROR, validation=(x, y))
    assert len(history.validation_loss) == 3
    assert history.validation_accuracy == []
    labels = blobs(30, rng())[1]
    history = train(
        mlp(1, 8, 3), (x, labels), validation=(x, np.eye(3)[labels]), epochs=1
    )
    assert history.validation_accuracy == []


def test_a_layer_alone_may_be_fitted():
    x = rng().normal(size=(40, 3))
    target = x @ [[1.0], [-2.0], [3.0]] + 0.5
    layer = Dense(3, 1, rng())
    train(layer, (x, target), loss=SQUARED_ERROR, optimizer=SGD(0.1), epochs=100)
    np.testing.assert_allclose(layer.params["w"][:, 0], [1, -2, 3], atol=1e-6)
    np.testing.assert_allclose(layer.params["b"], 0.5, atol=1e-6)


def test_lists_do_as_data():
    history = train(mlp(2, 3, 2), ([[0.0, 1.0], [1.0, 0.0]], [0, 1]), epochs=1)
    assert len(history.step_loss) == 1


def test_fit_learns_xor():
    x, y = xor()
    model = mlp(2, 8, 2)
    train(model, (x, y), optimizer=SGD(0.5), epochs=300, batch_size=4)
    assert accuracy(model.forward(x), y) == 1


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_digits_are_learned_in_twenty_epochs(seed):
    data = digits()
    r = rng(seed)
    model = Sequential(Dense(64, 32, r), ReLU(), Dense(32, 10, r))
    history = train(
        model,
        (data.x_train, data.y_train),
        optimizer=SGD(0.5),
        epochs=20,
        batch_size=32,
        rng=r,
        validation=(data.x_test, data.y_test),
    )
    assert 2.2 < history.step_loss[0] < 2.9
    assert history.validation_accuracy[-1] >= 0.97
    assert len(history.step_loss) == 20 * 45


# stopping


def scripted(losses):
    """Return a loss pair with given values for the validation data, of 20 samples."""
    values = iter(losses)

    def loss(pred, y):
        return next(values) if len(y) == 20 else softmax_cross_entropy(pred, y)

    return loss, softmax_cross_entropy_backward


def stop(losses, patience, epochs=9, optimizer=None):
    x, y = blobs(60, rng(3))
    model, snapshots = mlp(), []

    class Keeping(SGD):
        def step(self, params, grads):
            super().step(params, grads)
            snapshots.append({name: p.copy() for name, p in params.items()})

    arrays = dict(model.params)
    history = train(
        model,
        (x[:40], y[:40]),
        loss=scripted(losses),
        optimizer=optimizer or Keeping(0.3),
        epochs=epochs,
        batch_size=40,
        validation=(x[40:], y[40:]),
        patience=patience,
    )
    assert all(model.params[name] is p for name, p in arrays.items())
    ends = [
        i + 1
        for i, s in enumerate(snapshots)
        if all((s[name] == p).all() for name, p in model.params.items())
    ]
    return history, ends


@pytest.mark.parametrize(
    ("losses", "patience", "ran", "best", "stopped"),
    [
        ([3, 2, 4, 1, 5, 6, 7, 8, 9], 2, 6, 4, True),
        ([3, 2, 4, 1, 5, 6, 7, 8, 9], 1, 3, 2, True),
        ([3, 2, 4, 1, 5, 6, 7, 8, 9], 9, 9, 4, False),
        ([9, 8, 7, 6, 5, 4, 3, 2, 1], 1, 9, 9, False),
        ([2, 2, 2, 2, 2, 2, 2, 2, 2], 3, 4, 1, True),  # as low is not lower
        ([1, 2, 3, 4, 5, 6, 7, 8, 9], 4, 5, 1, True),
    ],
)
def test_early_stopping_restores_the_best_epoch(losses, patience, ran, best, stopped):
    history, ends = stop(losses, patience)
    assert history.validation_loss == losses[:ran]
    assert len(history.train_loss) == ran
    assert history.best_epoch == best
    assert history.stopped_early is stopped
    assert ends == [best]


def test_without_patience_nothing_is_restored():
    history, ends = stop([3, 2, 4, 1, 5, 6, 7, 8, 9], None)
    assert (ends, history.best_epoch, history.stopped_early) == ([9], 4, False)


def test_early_stopping_restores_all_state():
    class Counting(Layer):
        """Counts the batches, as a running statistic would."""

        def __init__(self):
            super().__init__()
            self.count = np.zeros(1)

        @property
        def state(self):
            return {"count": self.count}

        def forward(self, x, training=False):
            self.count += training
            return x

        def backward(self, dy):
            return dy

    x, y = blobs(60, rng(3))
    counting = Counting()
    train(
        Sequential(counting, Dense(2, 3, rng())),
        (x[:40], y[:40]),
        loss=scripted([2, 1, 3, 3]),
        epochs=5,
        batch_size=10,
        validation=(x[40:], y[40:]),
        patience=2,
    )
    assert counting.count == 8  # four batches in each of two epochs


def test_ctrl_c_returns_what_there_is():
    model = mlp()
    history = train(model, optimizer=At(6, interrupt), validation=blobs(9, rng()))
    assert history.interrupted
    assert len(history.train_loss) == len(history.validation_loss) == 1
    assert len(history.step_loss) == 5
    assert not history.stopped_early


def test_ctrl_c_restores_the_best_epoch_if_there_is_patience():
    history, _ = stop([3, 1, 2, 4], 9, optimizer=At(5, interrupt))
    assert (history.interrupted, history.best_epoch) == (True, 2)
    x, y = blobs(60, rng(3))
    model, reference = mlp(), mlp()
    common = {"batch_size": 40, "validation": (x[40:], y[40:])}
    train(
        model,
        (x[:40], y[:40]),
        loss=scripted([3, 1, 2, 4]),
        patience=9,
        optimizer=At(5, interrupt),
        epochs=9,
        **common,
    )
    train(reference, (x[:40], y[:40]), epochs=2, **common)
    for name, p in model.params.items():
        np.testing.assert_array_equal(p, reference.params[name])


def test_ctrl_c_in_the_first_epoch_leaves_the_model_as_it_is():
    history = train(optimizer=At(1, interrupt), validation=blobs(9, rng()), patience=2)
    assert history.interrupted
    assert (history.train_loss, history.step_loss) == ([], [])


# going wrong


def spoil(value):
    def act(params):
        for p in params.values():
            p[...] = value

    return act


@pytest.mark.parametrize(
    ("n", "value", "message"),
    [
        (2, np.nan, "the training loss became nan in epoch 1, step 3 (lr too large?)"),
        (4, np.nan, "the training loss became nan in epoch 2, step 1 (lr too large?)"),
        (5, np.inf, "the training loss became nan in epoch 2, step 2 (lr too large?)"),
    ],
)
def test_a_loss_that_is_no_number_is_reported_where_it_appears(n, value, message):
    with pytest.raises(FloatingPointError, match=re.escape(message)):
        train(optimizer=At(n, spoil(value)))


def test_a_learning_rate_far_too_large_is_an_error_not_a_warning():
    x, y = sine(40, rng())
    with pytest.raises(FloatingPointError, match=r"loss became (inf|nan) in epoch \d"):
        train(mlp(1, 8, 1), (x, y), loss=SQUARED_ERROR, optimizer=SGD(1e20), epochs=99)


def test_params_are_not_updated_with_a_loss_that_is_no_number():
    model = mlp()
    calls = []

    def loss(pred, y):
        return math.nan if len(calls) == 2 else 1.0

    class Counted(SGD):
        def step(self, params, grads):
            calls.append(1)
            super().step(params, grads)

    with pytest.raises(FloatingPointError, match="epoch 1, step 3"):
        train(model, loss=(loss, CROSS_ENTROPY[1]), optimizer=Counted(0.1))
    assert len(calls) == 2
    assert all(np.isfinite(p).all() for p in model.params.values())


def test_a_validation_loss_that_is_no_number_is_reported():
    with pytest.raises(
        FloatingPointError, match="validation loss became nan in epoch 2"
    ):
        train(optimizer=At(8, spoil(np.nan)), validation=blobs(9, rng()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": (np.ones((5, 2)), np.zeros(4, int))}, "x has 5 samples and y 4"),
        ({"data": (np.ones((0, 2)), np.zeros(0, int))}, "x has shape (0, 2), expected"),
        (
            {"data": (np.full((5, 2), np.nan), np.zeros(5, int))},
            "x holds NaN or infinity",
        ),
        (
            {"data": (np.ones((5, 2)), np.full((5, 3), np.inf))},
            "y holds NaN or infinity",
        ),
        (
            {"validation": (np.ones((5, 2)), np.zeros(4, int))},
            "validation x has 5 samples and validation y 4",
        ),
        (
            {"validation": (np.full((5, 2), np.inf), np.zeros(5, int))},
            "validation x holds NaN or infinity",
        ),
        ({"epochs": 0}, "epochs is 0, expected an integer of at least 1"),
        ({"epochs": 1.5}, "epochs is 1.5, expected an integer"),
        ({"batch_size": 0}, "batch_size is 0, expected an integer"),
        ({"rng": 3}, "rng is 3, expected such as"),
        ({"patience": 2}, "patience needs validation data"),
        (
            {"patience": 0, "validation": (np.ones((5, 2)), np.zeros(5, int))},
            "patience is 0, expected an integer",
        ),
        ({"loss": softmax_cross_entropy}, "expected the pair (loss, loss_backward)"),
        ({"loss": CROSS_ENTROPY[:1]}, "expected the pair (loss, loss_backward)"),
    ],
)
def test_fit_refuses_bad_arguments(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        train(**change)


def test_a_mistake_in_the_labels_is_not_hidden():
    x, y = blobs(50, rng())
    with pytest.raises(ValueError, match="target"):
        train(mlp(), (x, y + 1))
    with pytest.raises(ValueError, match="target"):
        train(mlp(2, 8, 1), (x, y), loss=SQUARED_ERROR)


def test_best_epoch_is_the_first_of_the_lowest():
    assert History().best_epoch is None
    assert History(validation_loss=[2.0, 1.0, 3.0, 1.0]).best_epoch == 2


# progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Replace the clock by one that moves on by `clock.tick` seconds a look."""

    class Clock:
        now, tick = 0.0, 0.0

        def monotonic(self):
            self.now += self.tick
            return self.now

    clock = Clock()
    monkeypatch.setattr(training, "time", clock)
    return clock


def shown(monkeypatch, stream, **settings):
    monkeypatch.setattr("sys.stderr", stream)
    train(**settings)
    return stream.getvalue()


def test_progress_is_silent_where_nobody_looks(monkeypatch, capsys):
    assert shown(monkeypatch, io.StringIO()) == ""
    assert shown(monkeypatch, Terminal(), progress=False) == ""
    assert capsys.readouterr().out == ""


def test_progress_off_a_terminal_is_a_line_an_epoch(monkeypatch, clock):
    text = shown(monkeypatch, io.StringIO(), progress=True, validation=blobs(9, rng()))
    lines = text.splitlines()
    assert text.endswith("\n")
    assert len(lines) == 3
    bars = ["###.......", "######....", "##########"]
    for i, (line, bar) in enumerate(zip(lines, bars, strict=True), start=1):
        pattern = (
            rf"epoch {i}/3 \[{re.escape(bar)}\] loss \d\.\d{{4}} "
            r"validation \d\.\d{4} accuracy \d\.\d{4} 0\.0 s"
        )
        assert re.fullmatch(pattern, line), line


def test_progress_shows_the_numbers_of_the_history(monkeypatch, clock):
    monkeypatch.setattr("sys.stderr", stream := io.StringIO())
    clock.tick = 1.5
    history = train(progress=True, epochs=2)
    assert stream.getvalue() == (
        f"epoch 1/2 [#####.....] loss {history.train_loss[0]:.4f} 1.5 s\n"
        f"epoch 2/2 [##########] loss {history.train_loss[1]:.4f} 3.0 s\n"
    )


def test_progress_on_a_terminal_is_one_line_redrawn(monkeypatch, clock):
    text = shown(monkeypatch, Terminal())
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert text.startswith("\r")
    drawn = text.rstrip("\n").split("\r")[1:]
    assert [line[:9] for line in drawn] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]


def test_progress_within_an_epoch_is_drawn_ten_times_a_second(monkeypatch, clock):
    clock.tick = 0.06  # one look a step, one more a drawing: every second step is drawn
    drawn = shown(monkeypatch, Terminal(), batch_size=1, epochs=1).split("\r")[1:]
    assert 20 < len(drawn) < 30
    assert drawn[0].startswith("epoch 1/1 [..........] loss ")
    assert drawn[10].startswith("epoch 1/1 [####")
    clock.tick = 0.0
    assert len(shown(monkeypatch, Terminal(), batch_size=1, epochs=1).split("\r")) == 2


def test_a_shorter_line_wipes_out_the_longer_one(monkeypatch, clock):
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    bar = training._Progress(None, 10, 1)
    bar.draw(History(step_loss=[1.0], train_loss=[123456.0]))
    bar.draw(History(step_loss=[1.0], train_loss=[1.0]))
    bar.close()
    first, second = stream.getvalue().rstrip("\n").split("\r")[1:]
    assert len(second) == len(first)
    assert second.endswith("s     ")


def test_a_line_is_cut_where_the_terminal_ends(monkeypatch, clock):
    monkeypatch.setenv("COLUMNS", "20")
    text = shown(monkeypatch, Terminal(), epochs=1)
    assert text == "\repoch 1/1 [########\n"


def test_the_line_is_ended_also_after_ctrl_c_and_errors(monkeypatch, clock):
    text = shown(monkeypatch, Terminal(), optimizer=At(6, interrupt))
    assert text.endswith("s\n")
    monkeypatch.setattr("sys.stderr", stream := Terminal())
    with pytest.raises(FloatingPointError):
        train(optimizer=At(6, spoil(np.nan)))
    assert stream.getvalue().endswith("s\n")


# when training goes wrong


def diverging(patience=None, at=11):
    """Train; the parameters become huge in a step of the third epoch."""

    def explode(params):
        for p in params.values():
            p[...] = np.inf

    model, (x, y) = mlp(), blobs(50, rng(3))
    settings = {"optimizer": At(at, explode), "epochs": 9, "validation": (x, y)}
    with pytest.raises(FloatingPointError, match="training loss became nan") as caught:
        train(model, (x, y), patience=patience, **settings)
    return model, caught.value


def test_the_history_survives_divergence():
    _, error = diverging()
    same = train(mlp(), epochs=2, validation=blobs(50, rng(3)))
    assert isinstance(error, DivergenceError)
    assert error.history.train_loss == same.train_loss
    assert error.history.validation_loss == same.validation_loss
    assert error.history.step_loss[:8] == same.step_loss
    assert len(error.history.step_loss) == 11
    assert np.isfinite(error.history.step_loss).all()
    clone = pickle.loads(pickle.dumps(error))
    assert (str(clone), clone.history) == (str(error), error.history)


def test_the_best_weights_survive_divergence_if_there_is_patience():
    model, _ = diverging(patience=5)
    same = mlp()
    train(same, epochs=2)
    for name, p in model.params.items():
        np.testing.assert_array_equal(p, same.params[name])
    model, _ = diverging()
    assert all(np.isinf(p).all() for p in model.params.values())


@pytest.mark.parametrize("kind", [ValueError, MemoryError, RuntimeError])
def test_the_best_weights_survive_any_error(kind):
    def fail(params):
        params["0.w"][...] = 0
        raise kind

    model, (x, y) = mlp(), blobs(50, rng(3))
    with pytest.raises(kind):
        train(model, (x, y), optimizer=At(6, fail), validation=(x, y), patience=2)
    same = mlp()
    train(same, epochs=1)
    np.testing.assert_array_equal(model.params["0.w"], same.params["0.w"])


def test_the_best_epoch_is_none_that_is_not_a_number():
    assert History(validation_loss=[math.nan, 0.5, 0.3, math.nan]).best_epoch == 3
    assert History(validation_loss=[math.nan]).best_epoch == 1


# a last batch of one


def test_a_last_batch_of_one_can_be_dropped_for_batch_normalization():
    def model():
        return Sequential(Dense(2, 4, rng()), BatchNorm(4), Dense(4, 3, rng()))

    data = blobs(33, rng(3))
    with pytest.raises(ValueError, match=r"expected at least two values") as caught:
        train(model(), data)
    note = "the last batch has 1 sample: drop_last=True skips it"
    assert note in caught.value.__notes__
    with pytest.raises(ValueError, match=r"expected at least two values") as caught:
        train(model(), data, batch_size=1)
    assert note not in caught.value.__notes__
    history = train(model(), data, drop_last=True)
    assert len(history.step_loss) == 3 * 2
    assert history.train_loss[0] == pytest.approx(np.mean(history.step_loss[:2]))


def test_each_epoch_drops_other_samples():
    seen = []

    class Noting(Dense):
        def forward(self, x, training=False):
            seen.append(len(x))
            return super().forward(x, training)

    train(Noting(2, 3, rng()), drop_last=True, epochs=2)
    assert seen == [16] * 6
    with pytest.raises(
        ValueError, match=r"^drop_last leaves no batch of 64 in 50 samp"
    ):
        train(drop_last=True, batch_size=64)


# confusion matrix


def test_a_confusion_matrix_counts_by_class():
    labels = rng().integers(0, 4, size=200)
    logits = rng(1).normal(size=(200, 5)) + np.eye(5)[labels]
    found = confusion_matrix(logits, labels)
    assert found.shape == (5, 5)
    assert found.dtype == np.int64
    for c in range(5):
        for k in range(5):
            both = (labels == c) & (logits.argmax(axis=1) == k)
            assert found[c, k] == both.sum()
    assert found[4].sum() == 0
    assert found.trace() / 200 == pytest.approx(accuracy(logits, labels))
    np.testing.assert_array_equal(
        confusion_matrix(logits, labels.astype(np.uint8)), found
    )


def test_many_classes_of_small_integers_do_not_overflow():
    labels = np.arange(200, dtype=np.uint8)
    np.testing.assert_array_equal(confusion_matrix(np.eye(200), labels), np.eye(200))


def test_what_is_not_a_number_is_no_hit_and_no_prediction():
    logits = np.array([[np.nan, 1.0], [0.0, 1.0], [0.0, np.nan], [np.inf, -np.inf]])
    assert accuracy(logits, [0, 1, 1, 0]) == 0.5
    assert accuracy(logits, [1, 1, 0, 0]) == 0.5
    with pytest.raises(ValueError, match=r"^logits holds NaN, which is no prediction"):
        confusion_matrix(logits, [0, 1, 1, 0])


@pytest.mark.parametrize("f", [accuracy, confusion_matrix])
@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ("ab", [0, 1], "logits has dtype <U2, expected real numbers"),
        ([[1, 2], [3]], [0, 1], "logits is [[1, 2], [3]], expected rows of equal"),
        ([[1, 2]], None, "labels has shape () and type object, expected (1,) and int"),
        (
            [[1, 2]],
            [True],
            "labels has shape (1,) and type bool, expected (1,) and int",
        ),
        ([[1, 2]], [-1], "labels spans -1 to -1, expected 0 to 1"),
    ],
)
def test_what_is_no_classification_is_refused(f, logits, labels, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        f(logits, labels)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": Dense}, "model is <class 'nnref"),
        ({"model": 3}, "model is 3, expected a Layer"),
        ({"optimizer": Adam}, "optimizer is <class 'nnref"),
        ({"optimizer": 0.1}, "optimizer is 0.1, expected an object with a method step"),
        ({"loss": (mean_squared_error, 1.0)}, "loss is (<function mean_squared_error"),
        ({"validation": (1, 2, 3)}, "validation has length 3, expected a pair (x,"),
        ({"validation": 3}, "validation is 3, expected a pair (x, y)"),
        ({"validation": [np.eye(9)]}, "validation has length 1, expected a pair (x,"),
        ({"validation": np.eye(9)}, "validation is of type ndarray, expected a pair"),
        ({"loss": [np.eye(9)]}, "loss is of type list, expected the pair (loss, loss"),
        ({"optimizer": np.eye(9)}, "optimizer is of type ndarray, expected an object"),
        ({"validation": np.ones(2)}, "validation is array([1., 1.]), expected a pair"),
        ({"progress": "yes"}, "progress is 'yes', expected True or False"),
        ({"drop_last": None}, "drop_last is None, expected True or False"),
        ({"epochs": "3"}, "epochs is '3', expected an integer of at least 1"),
    ],
)
def test_fit_refuses_by_name_before_it_starts(settings, message):
    model = mlp()
    start = model.params["0.w"].copy()
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        train(**({"model": model} | settings))
    np.testing.assert_array_equal(model.params["0.w"], start)
