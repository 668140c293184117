"""Training: minibatches, the training loop, and how right its result is."""

import functools
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnref._check import (
    Array,
    as_array,
    as_float,
    as_layer,
    flag,
    function,
    generator,
    samples,
    shown,
    whole,
    with_gradient,
)
from nnref.layer import Layer

__all__ = [
    "DivergenceError",
    "History",
    "accuracy",
    "confusion_matrix",
    "fit",
    "loss_and_gradient",
    "minibatches",
]

Loss: TypeAlias = tuple[Callable[..., Any], Callable[..., Any]]
_Gradient: TypeAlias = Callable[[Any, Any], tuple[float, dict[str, Array]]]


def minibatches(
    x: ArrayLike,
    y: ArrayLike,
    batch_size: int,
    rng: np.random.Generator,
    *,
    drop_last: bool = False,
) -> Iterator[tuple[Any, Any]]:
    """Shuffle the samples, then give them out batch by batch.

    Every sample comes exactly once. The last batch is smaller if `batch_size` does not
    divide the number of samples; `drop_last` leaves it out. Only one batch at a time is
    copied.

    Parameters
    ----------
    x, y : arrays of shape (n, ...)
        One row a sample, such as inputs and labels.
    batch_size : int
    rng : numpy.random.Generator
        Draws one permutation a call.
    drop_last : bool
        Whether to leave out a last batch that is smaller. Batch normalization cannot
        learn from a batch of one.

    Returns
    -------
    iterator
        Of n / batch_size pairs `(x_batch, y_batch)`, rounded up, or down with
        `drop_last`.

    Raises
    ------
    ValueError
        If x and y differ in length or are empty, `batch_size` is not a positive
        integer, `rng` is not a Generator, or `drop_last` leaves no batch.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> x, y = np.array([[0], [10], [20], [30], [40]]), np.arange(5)
    >>> for x_batch, y_batch in nnref.minibatches(x, y, 2, np.random.default_rng(0)):
    ...     print(x_batch.ravel(), y_batch)
    [20 40] [2 4]
    [30  0] [3 0]
    [10] [1]
    >>> rng = np.random.default_rng(0)
    >>> batches = nnref.minibatches(x, y, 2, rng, drop_last=True)
    >>> [len(x_batch) for x_batch, _ in batches]
    [2, 2]
    >>> nnref.minibatches(x, y[1:], 2, np.random.default_rng(0))
    Traceback (most recent call last):
    ValueError: x has 5 samples and y 4, expected the same number
    >>> nnref.minibatches(x, [], 2, np.random.default_rng(0))
    Traceback (most recent call last):
    ValueError: y has shape (0,), expected (n, ...), n > 0
    """
    x, y = samples(x, y, "x", "y")
    used = batch_size * _steps(len(x), batch_size, drop_last)
    order = generator(rng).permutation(len(x))[:used]
    batches = (order[i : i + batch_size] for i in range(0, len(order), batch_size))
    return ((x[rows], y[rows]) for rows in batches)


def _steps(n: int, batch_size: int, drop_last: bool) -> int:
    """Return the number of batches in an epoch."""
    steps, rest = divmod(n, whole(batch_size, "batch_size"))
    if flag(drop_last, "drop_last"):
        if not steps:
            raise ValueError(
                f"drop_last leaves no batch of {batch_size} in {n} samples"
            )
        return steps
    return steps + (rest > 0)


def accuracy(logits: ArrayLike, labels: ArrayLike) -> float:
    r"""Fraction of the samples whose largest logit is that of the label.

    $$
    A = \frac{1}{n} \sum_{i=1}^{n} \left[\operatorname{argmax}_k z_{ik} = y_i\right]
    $$

    Parameters
    ----------
    logits : array of shape (n, q), with q at least 2
        Probabilities do as well: only their order counts. The first of equal logits is
        taken for the largest; a sample with a logit that is not a number counts as
        wrong. For a single logit per sample, take `np.mean((logits > 0) == labels)`.
    labels : integer array of shape (n,)
        Classes, 0 to q - 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the shapes are others, or `labels` are not integers from 0 to q - 1.

    Examples
    --------
    >>> import nnref
    >>> logits = [[2.0, 1.0, 0.0], [0.0, 3.0, 3.0], [1.0, 0.0, 5.0], [0.0, 1.0, 0.0]]
    >>> nnref.accuracy(logits, [0, 1, 1, 1])
    0.75
    >>> nnref.accuracy([[2.0, 1.0], [float("nan"), 1.0]], [1, 0])
    0.0
    >>> nnref.accuracy(logits, [1, 2, 3, 3])
    Traceback (most recent call last):
    ValueError: labels spans 1 to 3, expected 0 to 2
    >>> nnref.accuracy(logits, [0.0, 1.0, 1.0, 1.0])
    Traceback (most recent call last):
    ValueError: labels has shape (4,) and type float64, expected (4,) and integers
    >>> nnref.accuracy([[2.0], [1.0]], [0, 0])
    Traceback (most recent call last):
    ValueError: logits has shape (2, 1), expected (n, q) with n > 0 and q > 1
    """
    z, t = _classified(logits, labels)
    hits = (z.argmax(axis=1) == t) & ~np.isnan(z).any(axis=1)
    return float(np.mean(hits))


def confusion_matrix(logits: ArrayLike, labels: ArrayLike) -> NDArray[np.int64]:
    r"""How many samples of each class were taken for each class.

    $$
    M_{ck} = \sum_{i=1}^{n} \left[y_i = c\right]
    \left[\operatorname{argmax}_j z_{ij} = k\right]
    $$

    Row $c$ holds the samples of class $c$, column $k$ what was taken for class $k$, as
    in scikit-learn. Correct ones are on the diagonal: the accuracy is their share. The
    share of its row is the recall of a class, that of its column its precision.

    Parameters
    ----------
    logits : array of shape (n, q), with q at least 2
        As for `accuracy`, but without NaN.
    labels : integer array of shape (n,)
        Classes, 0 to q - 1.

    Returns
    -------
    integer array of shape (q, q)

    Raises
    ------
    ValueError
        If the shapes are others, `labels` are not integers from 0 to q - 1, or a logit
        is not a number.

    Examples
    --------
    >>> import nnref
    >>> logits = [[2.0, 1.0, 0.0], [0.0, 3.0, 3.0], [1.0, 0.0, 5.0], [0.0, 1.0, 0.0]]
    >>> nnref.confusion_matrix(logits, [0, 1, 1, 1])
    array([[1, 0, 0],
           [0, 2, 1],
           [0, 0, 0]])
    """
    z, t = _classified(logits, labels)
    if np.isnan(z).any():
        raise ValueError("logits holds NaN, which is no prediction")
    q = z.shape[1]
    return np.bincount(t * q + z.argmax(axis=1), minlength=q * q).reshape(q, q)


def _classified(
    logits: ArrayLike, labels: ArrayLike
) -> tuple[Array, NDArray[np.int64]]:
    """Return logits (n, q) and labels (n,), which must be classes."""
    z, t = as_float(logits, "logits"), as_array(labels, "labels")
    if z.ndim != 2 or z.shape[1] < 2 or not len(z):
        raise ValueError(
            f"logits has shape {z.shape}, expected (n, q) with n > 0 and q > 1"
        )
    if t.shape != (len(z),) or t.dtype.kind not in "iu":
        raise ValueError(
            f"labels has shape {t.shape} and type {t.dtype}, "
            f"expected ({len(z)},) and integers"
        )
    if t.min() < 0 or t.max() >= z.shape[1]:
        raise ValueError(
            f"labels spans {t.min()} to {t.max()}, expected 0 to {z.shape[1] - 1}"
        )
    return z, t.astype(np.int64)


@dataclass
class History:
    """What happened in training, epoch by epoch.

    Attributes
    ----------
    train_loss : list of float
        For each epoch the mean loss of its samples, each taken when its batch was used.
        The parameters change meanwhile, so it is not the loss at the end of the epoch.
    step_loss : list of float
        For each step the loss of its batch, before the update.
    validation_loss : list of float
        For each epoch the loss of the validation data at its end.
    validation_accuracy : list of float
        The same for the accuracy; empty if the targets are not integer labels.
    stopped_early : bool
        Whether patience ran out.
    interrupted : bool
        Whether Ctrl-C ended training.

    Examples
    --------
    >>> import nnref
    >>> history = nnref.History(validation_loss=[0.5, 0.25, 0.75, 0.25])
    >>> history.best_epoch, history.stopped_early, history.interrupted
    (2, False, False)
    """

    train_loss: list[float] = field(default_factory=list)
    step_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    stopped_early: bool = False
    interrupted: bool = False

    @property
    def best_epoch(self) -> int | None:
        """The epoch, counted from 1, with the least validation loss; the first of them.

        None without validation data.
        """
        losses = [math.inf if math.isnan(v) else v for v in self.validation_loss]
        return losses.index(min(losses)) + 1 if losses else None


def loss_and_gradient(
    model: Layer, x: ArrayLike, y: ArrayLike, loss: Loss
) -> tuple[float, dict[str, Array]]:
    """Return the loss of a batch and its gradient for every parameter.

    One forward pass in training mode, and one backward pass.

    Parameters
    ----------
    model : Layer
    x : array of shape (n, ...)
    y : array of shape (n, ...)
    loss : pair of functions
        The loss and its gradient, as in `fit`.

    Returns
    -------
    loss : float
    grads : dict of arrays
        By the names of `model.params`.

    Raises
    ------
    ValueError
        If model is no layer, loss no pair of functions, or x or y does not fit them.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> model = nnref.Dense(2, 1, np.random.default_rng(0))
    >>> model.params["w"][:] = 1.0
    >>> x, y = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[2.0], [9.0]])
    >>> loss = nnref.mean_squared_error, nnref.mean_squared_error_backward
    >>> value, grads = nnref.loss_and_gradient(model, x, y, loss)
    >>> print(value, grads["w"].T, grads["b"])
    1.0 [[-2. -3.]] [0.]
    """
    as_layer(model, "model"), with_gradient(loss)
    pred = model.forward(as_array(x, "x"), training=True)
    value = float(loss[0](pred, y))
    model.backward_params(loss[1](1.0, pred, y))
    return value, model.grads


class DivergenceError(FloatingPointError):
    """The loss became infinite or not a number, which `fit` tells by this.

    Attributes
    ----------
    history : History
        What happened before; it holds finite losses only.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> rng, x = np.random.default_rng(0), np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> loss = nnref.mean_squared_error, nnref.mean_squared_error_backward
    >>> settings = dict(loss=loss, epochs=9, batch_size=2, rng=rng)
    >>> try:
    ...     model, optimizer = nnref.Dense(2, 1, rng), nnref.SGD(1e60)
    ...     nnref.fit(model, x, x[:, :1], optimizer=optimizer, **settings)
    ... except FloatingPointError as error:
    ...     print(error)
    ...     print(len(error.history.train_loss), "epochs before")
    the training loss became inf in epoch 4, step 1 (lr too large?)
    3 epochs before
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history

    def __reduce__(self) -> Any:
        return type(self), (*self.args, self.history)


class _HasStep(Protocol):
    """What `fit` needs of an optimizer."""

    def step(
        self, params: Mapping[str, Array], grads: Mapping[str, Array], /
    ) -> object: ...


def fit(
    model: Layer,
    x: ArrayLike,
    y: ArrayLike,
    *,
    loss: Loss,
    optimizer: _HasStep,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    patience: int | None = None,
    progress: bool | None = None,
    drop_last: bool = False,
    gradient: _Gradient | None = None,
) -> History:
    """Train a model by minibatches, in place.

    In every epoch each sample is used once, in an order drawn anew; with `drop_last`,
    those are left out that do not fill a batch. For each batch: the
    model's forward pass, the loss, the gradient of the loss, the model's backward pass
    (`backward_params`: no gradient for x), and a step of the optimizer. Calling `fit`
    again goes on where it stopped.

    Ctrl-C ends training without an exception: what was reached so far is returned.

    Parameters
    ----------
    model : Layer
        Such as a `Sequential`.
    x : array of shape (n, ...)
    y : array of shape (n, ...)
    loss : pair of functions
        The loss and its gradient: `loss(pred, y)`, a mean over the batch, and
        `loss_backward(dy, pred, y)`, such as
        `(softmax_cross_entropy, softmax_cross_entropy_backward)`.
    optimizer : object with a method `step(params, grads)`
        To do something between gradient and update, such as clipping, wrap an optimizer
        in an object with such a `step`.
    epochs : int
        At most so many.
    batch_size : int
    rng : numpy.random.Generator
        Draws one permutation an epoch.
    validation : pair of arrays, optional
        Inputs and targets. After every epoch, their loss is computed, and the accuracy
        if the targets are integer labels of shape (n,).
    patience : int, optional
        Training stops when the validation loss has not been below its least value for
        so many epochs. At the end, also after Ctrl-C or an error, the model gets back
        the parameters of the best epoch.
    progress : bool, optional
        Whether to show progress on stderr; by default, if that is a terminal.
    drop_last : bool
        Whether to leave out a last batch that is smaller. Batch normalization cannot
        learn from a batch of one.
    gradient : callable, optional
        `gradient(x, y)` returns the loss and the gradients of a batch; by default, as
        `loss_and_gradient` does. A `DataParallel` has them computed by a cluster.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If inputs and targets differ in number, are empty or hold NaN or infinity; if
        `epochs`, `batch_size` or `patience` is not a positive integer, `rng` is not a
        Generator, `loss` is not a pair of functions, `validation` no pair of arrays,
        `model` or `optimizer` a class or no such object; if there is `patience` without
        `validation`, or `drop_last` leaves no batch.
    DivergenceError
        If the loss becomes infinite or not a number: a FloatingPointError, whose
        message says in which epoch and step, and which holds the history until then.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> rng = np.random.default_rng(0)
    >>> model = nnref.Sequential(
    ...     nnref.Dense(2, 5, rng), nnref.Tanh(), nnref.Dense(5, 2, rng)
    ... )
    >>> x, y = nnref.xor()
    >>> loss = nnref.softmax_cross_entropy, nnref.softmax_cross_entropy_backward
    >>> settings = dict(loss=loss, optimizer=nnref.SGD(lr=0.5), batch_size=3, rng=rng)
    >>> history = nnref.fit(model, x, y, epochs=100, validation=(x, y), **settings)
    >>> [round(history.train_loss[epoch], 3) for epoch in (0, 1, 99)]
    [0.801, 0.793, 0.029]
    >>> [round(history.validation_loss[epoch], 3) for epoch in (0, 1, 99)]
    [0.758, 0.76, 0.028]
    >>> history.validation_accuracy[0], history.validation_accuracy[-1]
    (0.5, 1.0)
    >>> len(history.step_loss), history.best_epoch
    (200, 100)

    Validated on the opposite, more training only makes it worse. Patience ends it two
    epochs after the best, and the model is again as it was then:

    >>> settings.update(epochs=9, batch_size=4)
    >>> history = nnref.fit(model, x, y, validation=(x, 1 - y), patience=2, **settings)
    >>> history.stopped_early, history.best_epoch, len(history.train_loss)
    (True, 1, 3)
    >>> opposite = nnref.softmax_cross_entropy(model.forward(x), 1 - y)
    >>> bool(np.isclose(opposite, history.validation_loss[0]))
    True

    A learning rate that is far too large:

    >>> loss = nnref.mean_squared_error, nnref.mean_squared_error_backward
    >>> settings.update(loss=loss)
    >>> settings.update(optimizer=nnref.SGD(lr=1e30))
    >>> try:
    ...     nnref.fit(nnref.Dense(2, 1, rng), x, x[:, :1], **settings)
    ... except FloatingPointError as error:
    ...     print(error)
    the training loss became inf in epoch 7, step 1 (lr too large?)

    Data that are no numbers are refused before:

    >>> nnref.fit(nnref.Dense(2, 1, rng), x * np.nan, x[:, :1], **settings)
    Traceback (most recent call last):
    ValueError: x holds NaN or infinity, expected finite numbers
    """
    as_layer(model, "model"), with_gradient(loss)
    _check_optimizer(optimizer)
    x, y = _finite(x, y, "x", "y")
    if validation is not None:
        validation = _finite(*_two(validation), "validation x", "validation y")
    if patience is not None:
        whole(patience, "patience")
        if validation is None:
            raise ValueError("patience needs validation data")
    steps = _steps(len(x), batch_size, drop_last)
    if gradient is None:
        gradient = functools.partial(loss_and_gradient, model, loss=loss)
    function(gradient, "gradient")
    history, best = History(), dict[str, Array]()
    show = None if progress is None else flag(progress, "progress")
    bar = _Progress(show, whole(epochs, "epochs"), steps)
    try:
        # An overflow is no mere warning here: the loss shows it, and that is an error.
        with np.errstate(over="ignore", invalid="ignore"):
            for epoch in range(1, epochs + 1):
                batches = minibatches(x, y, batch_size, rng, drop_last=drop_last)
                _train_epoch(model, batches, gradient, optimizer, history, bar)
                if validation is not None:
                    _validate(model, *validation, loss[0], history)
                bar.draw(history)
                if patience is not None:
                    waited = epoch - (history.best_epoch or epoch)
                    if waited == 0:
                        best = {name: a.copy() for name, a in model.state.items()}
                    elif waited >= patience:
                        history.stopped_early = True
                        break
    except KeyboardInterrupt:
        history.interrupted = True
    finally:
        bar.close()
        state = model.state
        for name, array in best.items():
            state[name][...] = array
    return history


def _check_optimizer(optimizer: _HasStep) -> None:
    """Refuse classes, and what has no method `step`."""
    if isinstance(optimizer, type) or not hasattr(optimizer, "step"):
        raise ValueError(
            f"optimizer is {shown(optimizer)}, expected an object with a method step, "
            "such as SGD(0.1)"
        )


def _two(validation: tuple[ArrayLike, ArrayLike]) -> tuple[ArrayLike, ArrayLike]:
    """Return validation if it is a pair; an array of two rows is none."""
    if not isinstance(validation, tuple | list):
        raise ValueError(f"validation is {shown(validation)}, expected a pair (x, y)")
    if len(validation) != 2:
        length = len(validation)
        raise ValueError(f"validation has length {length}, expected a pair (x, y)")
    return validation


def _train_epoch(
    model: Layer,
    batches: Iterator[tuple[Array, Array]],
    gradient: _Gradient,
    optimizer: _HasStep,
    history: History,
    bar: "_Progress",
) -> None:
    """Make one step for each batch, and note the losses."""
    epoch, total, count = len(history.train_loss) + 1, 0.0, 0
    params = model.params  # the arrays themselves, the same in each step
    for step, (x, y) in enumerate(batches, start=1):
        try:
            value, grads = gradient(x, y)
        except ValueError as error:
            if len(x) == 1 < count:
                error.add_note("the last batch has 1 sample: drop_last=True skips it")
            raise
        _check_finite(value, "training loss", f"epoch {epoch}, step {step}", history)
        optimizer.step(params, grads)
        total += value * len(x)
        count += len(x)
        history.step_loss.append(value)
        bar.step(history)
    history.train_loss.append(total / count)


def _finite(
    x: ArrayLike, y: ArrayLike, x_name: str, y_name: str
) -> tuple[Array, Array]:
    """Return `samples` if no float among them is infinite or not a number."""
    arrays = samples(x, y, x_name, y_name)
    for array, name in zip(arrays, (x_name, y_name), strict=True):
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinity, expected finite numbers")
    return arrays


def _check_finite(loss: float, what: str, when: str, history: History) -> None:
    """Raise an error if the loss is infinite or not a number."""
    if not math.isfinite(loss):
        message = f"the {what} became {loss} in {when} (lr too large?)"
        raise DivergenceError(message, history)


def _validate(
    model: Layer, x: Array, y: Array, loss: Callable[..., Any], history: History
) -> None:
    """Append the loss on x and y, and the accuracy if y is labels."""
    pred = model.forward(x)
    value = float(loss(pred, y))
    epoch = f"epoch {len(history.train_loss)}"
    _check_finite(value, "validation loss", epoch, history)
    history.validation_loss.append(value)
    if y.ndim == 1 and y.dtype.kind in "iu" and pred.ndim == 2:
        history.validation_accuracy.append(accuracy(pred, y))


class _Progress:
    """One line on stderr: redrawn on a terminal, else a line an epoch."""

    def __init__(self, show: bool | None, epochs: int, steps: int) -> None:
        self.redraw = sys.stderr.isatty()
        self.show = self.redraw if show is None else show
        self.epochs, self.steps = epochs, steps
        self.start = self.drawn = time.monotonic()
        self.width = 0

    def step(self, history: History) -> None:
        """Draw at most ten times a second, so that drawing takes next to no time."""
        if self.show and self.redraw and time.monotonic() - self.drawn > 0.1:
            self.draw(history)

    def draw(self, history: History) -> None:
        """Draw the state of training."""
        if not self.show:
            return
        self.drawn = time.monotonic()
        done = len(history.step_loss) / self.steps
        filled = int(10 * done / self.epochs)
        shown = {
            "loss": history.train_loss or history.step_loss,
            "validation": history.validation_loss,
            "accuracy": history.validation_accuracy,
        }
        numbers = (f"{name} {v[-1]:.4f}" for name, v in shown.items() if v)
        line = (
            f"epoch {math.ceil(done)}/{self.epochs} [{'#' * filled:.<10}] "
            f"{' '.join(numbers)} {self.drawn - self.start:.1f} s"
        )
        if self.redraw:
            line = line[: shutil.get_terminal_size().columns - 1]
            line, self.width = "\r" + line.ljust(self.width), len(line)
        sys.stderr.write(line if self.redraw else line + "\n")
        sys.stderr.flush()

    def close(self) -> None:
        """End the line."""
        if self.width:
            sys.stderr.write("\n")
