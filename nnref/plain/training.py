"""Training: minibatches, the training loop, and the accuracy of its result."""

import numpy as np


def minibatches(x, y, batch_size, rng, *, drop_last=False):
    """Pairs (x_batch, y_batch) of shuffled rows; a smaller last one may be dropped."""
    order = rng.permutation(len(x))
    end = len(x) - (len(x) % batch_size if drop_last else 0)
    for i in range(0, end, batch_size):
        rows = order[i : i + batch_size]
        yield x[rows], y[rows]


def accuracy(logits, labels):
    """Fraction of rows where argmax_k z_ik = y_i: logits (n, q), labels (n,)."""
    hits = (logits.argmax(axis=1) == labels) & ~np.isnan(logits).any(axis=1)
    return float(hits.mean())


def confusion_matrix(logits, labels):
    """m_ck = number of rows with y_i = c and argmax_j z_ij = k; m (q, q)."""
    m = np.zeros((logits.shape[1],) * 2, int)
    np.add.at(m, (labels, logits.argmax(axis=1)), 1)
    return m


def loss_and_gradient(model, x, y, loss):
    """L(f(x), y) and the gradients dL/dw by name: x (n, ...), y (n, ...)."""
    loss, loss_backward = loss
    pred = model.forward(x, training=True)
    model.backward(loss_backward(1.0, pred, y))
    return float(loss(pred, y)), model.grads


class History:
    """Losses: of each step, and of each epoch the mean and that of validation."""

    def __init__(self):
        self.step_loss, self.train_loss = [], []
        self.validation_loss, self.validation_accuracy = [], []


def fit(model, x, y, *, loss, optimizer, epochs, batch_size, rng, validation=None):
    """For each batch of x (n, ...), y (n, ...): loss, its gradient, optimizer step."""
    history = History()
    for _ in range(epochs):
        total = 0
        for x_batch, y_batch in minibatches(x, y, batch_size, rng):
            value, grads = loss_and_gradient(model, x_batch, y_batch, loss)
            optimizer.step(model.params, grads)
            history.step_loss.append(value)
            total += value * len(x_batch)
        history.train_loss.append(total / len(x))
        if validation is not None:
            x_val, y_val = validation
            pred = model.forward(x_val)
            history.validation_loss.append(float(loss[0](pred, y_val)))
            if y_val.ndim == 1 and y_val.dtype.kind in "iu":  # labels
                history.validation_accuracy.append(accuracy(pred, y_val))
    return history
