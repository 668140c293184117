"""Random first weights: shape (in, out), or (out, in, rows, columns) of kernels."""

import math


def _fans(shape):
    """How many inputs an output sums over, and how many outputs an input feeds."""
    d_in, d_out = shape if len(shape) == 2 else (shape[1], shape[0])
    area = math.prod(shape[2:])
    return d_in * area, d_out * area


def he_normal(shape, rng):
    """w normal, mean 0, variance 2 / fan_in."""
    fan_in, _ = _fans(shape)
    return rng.normal(0, math.sqrt(2 / fan_in), shape)


def he_uniform(shape, rng):
    """w uniform in [-a, a], a = sqrt(6 / fan_in)."""
    fan_in, _ = _fans(shape)
    a = math.sqrt(6 / fan_in)
    return rng.uniform(-a, a, shape)


def xavier_normal(shape, rng):
    """w normal, mean 0, variance 2 / (fan_in + fan_out)."""
    return rng.normal(0, math.sqrt(2 / sum(_fans(shape))), shape)


def xavier_uniform(shape, rng):
    """w uniform in [-a, a], a = sqrt(6 / (fan_in + fan_out))."""
    a = math.sqrt(6 / sum(_fans(shape)))
    return rng.uniform(-a, a, shape)
