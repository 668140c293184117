"""The limit of numbers known at some distance from it, with an error estimate.

A polynomial in the distance goes through the numbers (Neville's scheme). Of all its
stages, the one whose neighbours agree best is taken, entry by entry: far away the
polynomial is wrong, close by rounding is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from eqcheck.arrays.values import Array


def extrapolate(
    values: Sequence[Array], distances: Sequence[Array | float], noise: Array | float
) -> tuple[Array, Array]:
    """The limit at distance 0 and its error; `noise` is the least error to expect."""
    best = np.asarray(values[-1])
    error = np.full(best.shape, np.inf)
    above: list[Array] = []
    for j, value in enumerate(values):
        row = [np.asarray(value)]
        for k in range(1, j + 1):
            ratio = np.asarray(distances[j - k] / distances[j])
            row.append(row[-1] + (row[-1] - above[k - 1]) / (ratio - 1))
        for k, stage in enumerate(row):
            neighbours = [above[k]] if k < j else []
            neighbours += [row[k - 1], above[k - 1]] if k else []
            if not neighbours:
                continue
            apart = np.max([np.abs(np.real(stage - n)) for n in neighbours], axis=0)
            better = apart < error
            best, error = np.where(better, stage, best), np.where(better, apart, error)
        above = row
    return best, error + noise
