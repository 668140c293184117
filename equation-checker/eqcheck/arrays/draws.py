"""Random numbers for means: evenly spread, and in groups that tell the error.

The draws stand in groups, each a set of points of its own that fill the unit cube more
evenly than independent ones do (multiples of irrational numbers, shifted at random and
folded). Every draw by itself has the distribution asked for and the groups are
independent of each other, so that what differs from group to group is the error.
"""

from __future__ import annotations

from itertools import count, islice
from statistics import NormalDist
from typing import Any

import numpy as np

from eqcheck.arrays.values import Array

GROUPS = 25
_FEWEST = 1000  # fewer numbers along the first axis are not draws
_inverse_normal = np.frompyfunc(NormalDist().inv_cdf, 1, 1)


def group_starts(draws: int) -> Array:
    """Where each group of draws begins."""
    return np.arange(0, draws, -(-draws // GROUPS))


class Stream(np.random.Generator):
    """The `rng` of an equation, and beside it the one for its samples."""

    def __init__(self, seed: list[int]) -> None:
        super().__init__(np.random.PCG64(seed))
        self.sampler = Sampler(self.bit_generator)


class Sampler(np.random.Generator):
    """Evenly spread draws along the first axis, for the usual distributions.

    Any other distribution, and any array too short to be draws, is plainly random.
    """

    def __init__(self, bits: np.random.BitGenerator) -> None:
        super().__init__(bits)
        self.lengths: set[int] = set()  # of the first axes
        self._roots = (np.sqrt(p) for p in count(2) if _is_prime(p))

    def _spread(self, size: Any) -> Array | None:
        shape = tuple(np.atleast_1d(() if size is None else size).astype(int))
        if not shape or shape[0] < _FEWEST:
            return None
        draws, columns = shape[0], int(np.prod(shape[1:], dtype=int))
        self.lengths.add(draws)
        steps = np.array(list(islice(self._roots, columns)))
        starts = group_starts(draws)
        shifts = super().random((len(starts), columns))
        length = int(starts[1])
        group, place = np.divmod(np.arange(draws), length)
        points = (place[:, None] * steps + shifts[group]) % 1
        folded = np.clip(1 - np.abs(2 * points - 1), 1e-16, 1 - 1e-16)
        return np.asarray(folded.reshape(shape))

    def random(self, size: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Uniform on 0 to 1."""
        points = self._spread(size)
        return super().random(size, *args, **kwargs) if points is None else points

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        """Uniform on an interval."""
        points = self._spread(size)
        if points is None:
            return super().uniform(low, high, size)
        return low + (high - low) * points

    def standard_normal(self, size: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Of mean 0 and variance 1."""
        points = self._spread(size)
        if points is None:
            return super().standard_normal(size, *args, **kwargs)
        return _normal(points)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        """Of a mean and a standard deviation."""
        points = self._spread(size)
        if points is None:
            return super().normal(loc, scale, size)
        return loc + scale * _normal(points)

    def exponential(self, scale: Any = 1.0, size: Any = None) -> Any:
        """Of this mean."""
        points = self._spread(size)
        if points is None:
            return super().exponential(scale, size)
        return -scale * np.log(points)

    def integers(
        self, low: Any, high: Any = None, size: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Whole numbers from low up to, without, high."""
        plain = not args and not kwargs and np.ndim(low) == 0 and np.ndim(high) == 0
        points = self._spread(size) if plain else None
        if points is None:
            return super().integers(low, high, size, *args, **kwargs)
        first, beyond = (0, low) if high is None else (low, high)
        return first + np.floor((beyond - first) * points).astype(int)

    def binomial(self, n: Any, p: Any, size: Any = None) -> Any:
        """How many of n tries with probability p succeed."""
        points = self._spread(size) if np.ndim(n) == np.ndim(p) == 0 else None
        if points is None:
            return super().binomial(n, p, size)
        one = np.array([1 - p, p])
        weights = np.ones(1)
        for _ in range(n):
            weights = np.convolve(weights, one)
        return np.minimum(np.searchsorted(np.cumsum(weights), points), n)


def _normal(points: Array) -> Array:
    return np.asarray(_inverse_normal(points), dtype=float)


def _is_prime(number: int) -> bool:
    return all(number % k for k in range(2, int(number**0.5) + 1))
