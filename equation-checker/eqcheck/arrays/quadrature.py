"""Adaptive Gauss-Legendre quadrature from 0 to 1 of many functions at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from eqcheck.arrays.values import Array

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(15)
_LEVELS = 110  # how often a panel is halved: kinks and integrable poles need many
_PANELS = 2000  # more at once than these do not settle down
ACCURACY = 1e-13  # of the integral of the absolute value, for each panel


class NotSettledError(Exception):
    """Halving the panels does not bring the integral to rest."""


def integrate(function: Callable[[Array], Array]) -> Array:
    """Integrate a function whose values stand along the last axis.

    Panels are halved until the two halves agree with the whole. The real and the
    imaginary part, which may carry a derivative, settle each by itself.
    """
    edges = np.linspace(0.0, 1.0, 9)
    panels = np.stack([edges[:-1], edges[1:]], axis=-1)
    coarse = _panels(function, panels)
    total = np.zeros(coarse.shape[1:])
    size = np.abs(coarse).sum(axis=0)
    for _ in range(_LEVELS):
        middle = panels.mean(axis=-1)
        halves = np.stack(
            [np.stack([panels[:, 0], middle], -1), np.stack([middle, panels[:, 1]], -1)]
        )
        fine = _panels(function, halves.reshape(-1, 2))
        fine = fine.reshape(2, len(panels), *fine.shape[1:])
        error = np.abs(fine.sum(axis=0) - coarse)
        settled = np.all((error <= ACCURACY * size).reshape(len(panels), -1), axis=-1)
        total = total + fine[:, settled].sum(axis=(0, 1))
        if settled.all():
            return _joined(total)
        panels = halves[:, ~settled].reshape(-1, 2)
        coarse = fine[:, ~settled].reshape(-1, *fine.shape[2:])
        size = np.maximum(size, np.abs(total))
        if len(panels) > _PANELS:
            break
    raise NotSettledError


def _panels(function: Callable[[Array], Array], panels: Array) -> Array:
    """The integral over each panel, its real and imaginary part last."""
    half = (panels[:, 1] - panels[:, 0]) / 2
    middle = panels.mean(axis=-1)
    places = middle[:, None] + half[:, None] * _NODES
    values = np.asarray(function(places.ravel()))
    if not np.all(np.isfinite(values)):
        raise NotSettledError
    values = values.reshape(*values.shape[:-1], *places.shape)
    integrals = np.moveaxis((values * _WEIGHTS).sum(axis=-1) * half, -1, 0)
    return np.stack([np.real(integrals), np.imag(integrals)], axis=-1)


def _joined(parts: Array) -> Array:
    real, imaginary = parts[..., 0], parts[..., 1]
    return real + 1j * imaginary if np.any(imaginary) else real
