r"""The base class of layers: what a network is made of.

A layer holds what the functions of this package leave to their caller: its parameters,
what the forward pass must remember for the backward pass, and the gradients.

- `y = layer.forward(x, training=False)` computes the output and remembers what
  `backward` needs. `training` matters only to layers that behave differently while they
  learn, such as dropout.
- `dx = layer.backward(dy)` takes the gradient of the loss with respect to the last
  output and returns that with respect to the last input.
- `layer.backward_params(dy)` does the same without dx, which is all that training asks
  of the first layer of a network.
- `layer.params` are the arrays to learn, by name; `layer.grads` are the gradients of
  the last `backward`, under the same names. They replace those of the one before, so
  there is nothing to set to zero.

Optimizers change the arrays in `params` in place. To set a parameter by hand, write
into its array, as `nnref.Dense(2, 3, rng).params["w"][...] = 0` does, or assign to its
name, which does the same. Calling a layer calls its `forward`.

Layers keep the arrays that they get and return until the next forward pass: whoever
changes one in place in between changes the next gradients. `Flatten`, and `Dropout` in
evaluation, return x itself in another shape or as it is: changing y changes x.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnref._arrays import Arrays
from nnref._check import Array, by_name, shown

__all__ = [
    "Layer",
]


class Layer:
    """What all layers share. A layer of one's own derives from it.

    Such a layer defines `forward(x, training=False)`, which keeps in `self._saved` what
    `backward(dy)` takes back by `self._recall()`; `backward` sets `self._grads`. Such a
    layer must not call another one twice: `backward` belongs to the last `forward`.

    Parameters
    ----------
    params : arrays by name
        What the layer learns.

    Raises
    ------
    ValueError
        If one of `params` is no NumPy array of numbers, such as an option that the
        layer lacks.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> class Scale(nnref.Layer):
    ...     def forward(self, x, training=False):
    ...         self._saved = x
    ...         return self.params["s"] * x
    ...
    ...     def backward(self, dy):
    ...         self._grads = {"s": np.sum(dy * self._recall())}
    ...         return self.params["s"] * dy
    >>> layer = Scale(s=np.array(3.0))
    >>> print(layer.forward(np.array([1.0, 2.0])))
    [3. 6.]
    >>> print(layer.backward(np.array([1.0, 10.0])), layer.grads["s"])
    [ 3. 30.] 21.0
    >>> layer.backward_params(np.array([1.0, 0.0]))
    >>> print(layer.grads["s"])
    1.0
    """

    # Whether the output for a sample depends on that sample and the parameters alone.
    per_sample: ClassVar[bool] = True

    def __init__(self, **params: Array) -> None:
        for name, array in params.items():
            if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
                message = f"{name} is {shown(array)}, expected an array to learn"
                raise ValueError(message)
        self._params = params
        self._grads: dict[str, Array] = {}
        self._saved: Any = None

    @property
    def params(self) -> dict[str, Array]:
        """The arrays to learn, by name: the arrays themselves, not copies.

        Assigning to a name writes into its array.
        """
        return Arrays(self._params, "params")

    @property
    def grads(self) -> dict[str, Array]:
        """The gradients of the last `backward`, by the names of `params`."""
        return Arrays(self._grads, "grads")

    @property
    def state(self) -> dict[str, Array]:
        """All arrays that make the layer what it is: `params`, and running statistics.

        `nnref.save` writes them to a file.
        """
        return Arrays(self._params, "state")

    def load_state(self, state: Mapping[str, ArrayLike]) -> None:
        """Copy the `state` of another layer made as this one into that of this one.

        Parameters
        ----------
        state : arrays by name
            Such as `np.load` gives.

        Raises
        ------
        ValueError
            If an array is missing, unknown or of another shape. Nothing has changed
            then.
        """
        Arrays(self.state, "state").fill(by_name(state, "state"))

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the output for the input x."""
        raise NotImplementedError

    def __call__(self, x: Array, training: bool = False) -> Array:
        """Return `forward(x, training)`."""
        return self.forward(x, training)

    def backward(self, dy: Array) -> Array:
        """Return the gradient for the last input, given that for the last output."""
        raise NotImplementedError

    def backward_params(self, dy: Array) -> None:
        """Set `grads` as `backward` does; no gradient for the last input is wanted."""
        self.backward(dy)

    def held(self) -> list["Layer"]:
        """Return this layer and all that it holds, also in lists and dicts."""
        found: dict[int, Layer] = {}
        self._gather(found)
        return [*found.values()]

    def _gather(self, found: dict[int, "Layer"]) -> None:
        found[id(self)] = self
        open_ = [*vars(self).values()]
        while open_:
            thing = open_.pop()
            if isinstance(thing, Layer) and id(thing) not in found:
                thing._gather(found)
            elif isinstance(thing, dict):
                open_ += thing.values()
            elif isinstance(thing, list | tuple):
                open_ += thing

    def multiply_accumulates(self, y_shape: tuple[int, ...]) -> int:
        """Return how many products are added up for an output of this shape.

        Those of matrix products and convolutions; what other layers compute is little
        beside them, and counts as 0.
        """
        return 0

    def _trace(self, x: Array, name: str, rows: list[Any]) -> Array:
        """Return the output, and add a row for `Sequential.summary`."""
        y = self.forward(x)
        size = sum(p.size for p in self.params.values())
        title, *_ = repr(self).split("\n")
        count = self.multiply_accumulates(y.shape)
        rows.append((f"{name[:-1]}: {title}", y.shape, size, count))
        return y

    def _recall(self) -> Any:
        """Return what `forward` saved."""
        if self._saved is None:
            raise RuntimeError(f"backward before forward in {self!r}")
        return self._saved

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
