"""A few functions that the equations of the tests are held against."""

import numpy as np


def softmax(z):
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def entropy(p):
    return -np.sum(p * np.log(p))


def relu_backward(dy, x):
    return dy * (x > 0)


def huber(pred, target, delta=1.0):
    r = np.abs(pred - target)
    return np.mean(np.where(r <= delta, r**2 / 2, delta * (r - delta / 2)))


def soft_threshold(w, t):
    return np.sign(w) * np.maximum(np.abs(w) - t, 0)


def soft_threshold_backward(dy, w, t):
    return dy * (np.abs(w) > t)
