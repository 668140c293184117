"""Toy problems: x of n points, and y, their labels or values."""

import numpy as np


def xor():
    """y = 1 where exactly one input is 1: x (4, 2), y (4,)."""
    return np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array(
        [0, 1, 1, 0]
    )


def spirals(n, rng, *, classes=3, noise=0.05):
    """x = t (cos a, sin a) + noise, t = i / n, a = 2 pi (t + y / classes): x (n, 2)."""
    t, y = np.arange(1, n + 1) / n, np.arange(n) % classes
    a = 2 * np.pi * (t + y / classes)
    x = np.stack([t * np.cos(a), t * np.sin(a)], axis=1)
    return x + noise * rng.normal(size=(n, 2)), y


def blobs(n, rng, *, classes=3, noise=0.3):
    """x = (cos a, sin a) + noise, a = 2 pi y / classes: x (n, 2), y (n,)."""
    y = np.arange(n) % classes
    a = 2 * np.pi * y / classes
    x = np.stack([np.cos(a), np.sin(a)], axis=1)
    return x + noise * rng.normal(size=(n, 2)), y


def sine(n, rng, *, noise=0.2):
    """y = sin(2 pi x) + noise, x uniform in [0, 1) and sorted: x (n, 1), y (n, 1)."""
    x = np.sort(rng.uniform(size=(n, 1)), axis=0)
    return x, np.sin(2 * np.pi * x) + noise * rng.normal(size=(n, 1))
