"""Losses: one number, the mean over the batch. The gradient is that to pred or logits.

dy is one number too, 1.0 in training.
"""

import numpy as np

from nnref.plain.activations import log_softmax, sigmoid, softmax, softplus


def mean_squared_error(pred, target):
    """L = sum_i (pred_i - target_i)^2 / n over all elements; both of one shape."""
    return np.mean((pred - target) ** 2)


def mean_squared_error_backward(dy, pred, target):
    """dpred = dy 2 (pred - target) / n."""
    return dy * 2 * (pred - target) / pred.size


def mean_absolute_error(pred, target):
    """L = sum_i |pred_i - target_i| / n over all elements; both of one shape."""
    return np.mean(np.abs(pred - target))


def mean_absolute_error_backward(dy, pred, target):
    """dpred = dy sign(pred - target) / n."""
    return dy * np.sign(pred - target) / pred.size


def huber(pred, target, *, delta=1.0):
    """L = mean of r^2 / 2 where |r| <= delta, else delta (|r| - delta / 2)."""
    r = np.abs(pred - target)
    return np.mean(np.where(r <= delta, r**2 / 2, delta * (r - delta / 2)))


def huber_backward(dy, pred, target, *, delta=1.0):
    """dpred = dy min(max(pred - target, -delta), delta) / n."""
    return dy * np.clip(pred - target, -delta, delta) / pred.size


def sigmoid_cross_entropy(logits, target):
    """L = mean of -t ln p - (1 - t) ln(1 - p), where p = sigmoid(logits); any shape."""
    z, t = logits, target
    return np.mean(t * softplus(-z) + (1 - t) * softplus(z))  # -ln sigmoid(z)


def sigmoid_cross_entropy_backward(dy, logits, target):
    """dlogits = dy (sigmoid(logits) - target) / n."""
    return dy * (sigmoid(logits) - target) / logits.size


def softmax_cross_entropy(logits, target, *, label_smoothing=0.0):
    """L = -sum_ik t_ik ln p_ik / n, p of logits (n, q); target (n,) or (n, q)."""
    n, q = logits.shape
    t = np.eye(q)[target] if target.ndim == 1 else target  # labels as rows of 0 and 1
    t = (1 - label_smoothing) * t + label_smoothing / q
    log_p = np.where(t > 0, log_softmax(logits), 0)  # 0 ln 0 is 0
    return -np.sum(t * log_p) / n


def softmax_cross_entropy_backward(dy, logits, target, *, label_smoothing=0.0):
    """dlogits = dy (p - t) / n, p of logits (n, q); target (n,) or (n, q)."""
    n, q = logits.shape
    t = np.eye(q)[target] if target.ndim == 1 else target
    t = (1 - label_smoothing) * t + label_smoothing / q
    return dy * (softmax(logits) - t) / n
