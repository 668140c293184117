"""Saving to one file, and going on from it as if nothing had happened."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from nnref._check import Array, shown

__all__ = [
    "load",
    "save",
]


@runtime_checkable
class _HasState(Protocol):
    """A layer, a network, an optimizer."""

    @property
    def state(self) -> Mapping[str, Array]: ...

    def load_state(self, state: Mapping[str, Any]) -> None: ...


_Part: TypeAlias = _HasState | np.random.Generator


def save(path: str | os.PathLike[str], **parts: _Part) -> None:
    """Write models, optimizers and random generators to a file.

    The file is that of `np.savez`, without pickle: arrays such as "model.0.w" and
    "optimizer.mean.0.w". It is written beside the path first and then moved there, so
    that an interruption leaves the file before whole.

    Parameters
    ----------
    path : str or path
        Such as "run.npz".
    **parts : Layer, Optimizer or numpy.random.Generator
        Whatever training changes, by names of one's choice. Of a model, `state` is
        saved, which has the running statistics of batch normalization; of an optimizer,
        what it remembers, but not its settings; of a generator, where it is, so that
        minibatches and dropout go on with the same draws.

    Raises
    ------
    ValueError
        If there are no parts, or one is none of these.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> from tempfile import TemporaryDirectory
    >>> x, y = nnref.spirals(100, np.random.default_rng(0))
    >>> loss = nnref.softmax_cross_entropy, nnref.softmax_cross_entropy_backward
    >>> def parts():
    ...     rng = np.random.default_rng(0)
    ...     model = nnref.Dense(2, 3, rng)
    ...     return {"model": model, "optimizer": nnref.Adam(), "rng": rng}
    >>> def train(epochs, model, **others):
    ...     settings = {"loss": loss, "batch_size": 32, "epochs": epochs}
    ...     return nnref.fit(model, x, y, **settings, **others)

    Two epochs, saved, loaded into new objects, and two more are four, bit for bit:

    >>> first, second, whole = parts(), parts(), parts()
    >>> _ = train(2, **first)
    >>> with TemporaryDirectory() as folder:
    ...     nnref.save(f"{folder}/run.npz", **first)
    ...     nnref.load(f"{folder}/run.npz", **second)
    >>> _, _ = train(2, **second), train(4, **whole)
    >>> np.array_equal(second["model"].params["w"], whole["model"].params["w"])
    True
    """
    arrays: dict[str, Any] = {}
    for name, part in _checked(parts).items():
        for key, array in _state(part).items():
            if np.asarray(array).dtype.hasobject:
                message = f"{name}.state[{key!r}] is {shown(array)}, no numbers"
                raise ValueError(message)
            arrays[f"{name}.{key}"] = array
    whole = _path(path)
    beside = whole.with_name(f"{whole.name}.part")
    with beside.open("wb") as file:
        np.savez(file, **arrays)
    beside.replace(whole)


def load(path: str | os.PathLike[str], **parts: _Part) -> None:
    """Put what `save` wrote into objects that are made as those were.

    Parameters
    ----------
    path : str or path
    **parts : Layer, Optimizer or numpy.random.Generator
        Under the names that they were saved by. Not all need be loaded: a model alone
        to use it, with its optimizer and generator to go on.

    Raises
    ------
    ValueError
        If the file has nothing by a name; if arrays are missing in a part, unknown in
        it or of another shape, or a generator is of another kind. The parts before it
        have been loaded then.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> from tempfile import TemporaryDirectory
    >>> def network(d):
    ...     rng = np.random.default_rng(0)
    ...     first, last = nnref.Dense(3, d, rng), nnref.Dense(d, 1, rng)
    ...     return nnref.Sequential(first, nnref.Tanh(), last)
    >>> with TemporaryDirectory() as folder:
    ...     nnref.save(f"{folder}/run.npz", model=network(4))
    ...     nnref.load(f"{folder}/run.npz", model=network(4))
    ...     nnref.load(f"{folder}/run.npz", model=network(5))
    Traceback (most recent call last):
    ValueError: model: state['0.w'] has shape (3, 4), expected (3, 5)
    """
    with np.load(_path(path), allow_pickle=False) as file:
        arrays = dict(file)
    for name, part in _checked(parts).items():
        start = f"{name}."
        state = {
            k.removeprefix(start): a for k, a in arrays.items() if k.startswith(start)
        }
        if not state:
            saved = sorted({key.partition(".")[0] for key in arrays})
            raise ValueError(f"{name} is not in the file, which has {saved}")
        try:
            if isinstance(part, np.random.Generator):
                part.bit_generator.state = json.loads(str(state["bit_generator"]))
            else:
                part.load_state(state)
        except (ValueError, KeyError) as error:
            raise ValueError(f"{name}: {error}") from None


def _path(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"path is {path!r}, expected the name of a file")
    return Path(path)


def _checked(parts: dict[str, _Part]) -> dict[str, _Part]:
    """Return parts if there are any, each of which has a state."""
    if not parts:
        raise ValueError("there is nothing to save or to load, such as model=model")
    for name, part in parts.items():
        has_state = isinstance(part, np.random.Generator | _HasState)
        if isinstance(part, type) or not has_state or "." in name:
            message = "expected a layer, an optimizer or a Generator"
            raise ValueError(f"{name} is {shown(part)}, {message}")
    return parts


def _state(part: _Part) -> Mapping[str, Any]:
    """Return arrays by name; that of a generator is a dict of integers, as JSON."""
    if not isinstance(part, np.random.Generator):
        return part.state
    state = json.dumps(part.bit_generator.state, default=np.ndarray.tolist)
    return {"bit_generator": np.array(state)}
