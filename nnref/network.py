"""Networks: layers made of layers.

A container is a layer itself. The names of its arrays carry the names of its layers:
"0.w" is the `w` of the first if that is a `Dense`.
"""

import copy
import math
from typing import Any, overload

import numpy as np

from nnref._arrays import Arrays
from nnref._check import Array, as_float, as_layer, shaped, shown, whole
from nnref.layer import Layer

__all__ = [
    "Flatten",
    "Residual",
    "Sequential",
]


class _Container(Layer):
    """A layer made of layers, by name; the arrays of "f" are "f.w" and so on."""

    def __init__(self, **layers: Layer) -> None:
        super().__init__()
        self._layers = layers
        seen: dict[int, str] = {}
        for name, layer in layers.items():
            as_layer(layer, _title(name))
            if any(layer is layers[other] for other in seen.values()):
                raise ValueError(
                    f"{_title(name)}, {layer!r}, is there twice; make a new one"
                )
            inside = {id(part): part for part in layer.held()}
            for shared in (part for part in inside if part in seen):
                raise ValueError(
                    f"{inside[shared]!r} is in {_title(seen[shared])} and in "
                    f"{_title(name)}; make a new one"
                )
            seen |= dict.fromkeys([id(layer), *inside], name)

    @property
    def params(self) -> dict[str, Array]:
        """The arrays to learn of all layers: the arrays themselves, not copies."""
        arrays = {name: layer.params for name, layer in self._layers.items()}
        return Arrays(_joined(arrays), "params")

    @property
    def grads(self) -> dict[str, Array]:
        """The gradients of the last `backward`, by the names of `params`."""
        arrays = {name: layer.grads for name, layer in self._layers.items()}
        return Arrays(_joined(arrays), "grads")

    @property
    def state(self) -> dict[str, Array]:
        """All arrays that make the network what it is."""
        arrays = {name: layer.state for name, layer in self._layers.items()}
        return Arrays(_joined(arrays), "state")

    def summary(self, x_shape: tuple[int, ...]) -> str:
        """Return a table of the layers, for an input of this shape.

        Parameters
        ----------
        x_shape : tuple of int
            As `forward` takes it, with the number of samples: (1, 64), say.

        Returns
        -------
        str
            For each layer its output's shape, the size of its parameters, and the
            multiply-accumulates of its forward pass: the products added up in matrix
            products and convolutions. What else is computed is little beside them.

        Raises
        ------
        ValueError
            If x_shape is no tuple of positive integers, or does not fit the network.
        """
        if not isinstance(x_shape, tuple | list):
            message = f"x_shape is {shown(x_shape)}, expected a tuple of integers"
            raise ValueError(message)
        x = np.zeros([whole(size, "a size in x_shape") for size in x_shape])
        model = copy.deepcopy(self)  # so that `backward` still is that of the last x
        model.forward(x)
        rows = list[tuple[str, tuple[int, ...], int, int]]()
        y = model._trace(x, "", rows)
        sizes, products = sum(row[2] for row in rows), sum(row[3] for row in rows)
        rows.append(("in all", y.shape, sizes, products))
        table = [["layer", "output", "parameters", "multiply-accumulates"]]
        table += [[name, str(shape), f"{a:,}", f"{b:,}"] for name, shape, a, b in rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        return "\n".join(
            f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {size:>{widths[2]}}  "
            f"{count:>{widths[3]}}"
            for name, shape, size, count in table
        )

    def _trace(self, x: Array, name: str, rows: list[Any]) -> Array:
        """Return the output, and add the rows of all layers, each of which gets x."""
        for key, layer in self._layers.items():
            layer._trace(x, f"{name}{key}.", rows)
        return self.forward(x)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__}("]
        for name, layer in self._layers.items():
            line = repr(layer).replace("\n", "\n  ")
            if "\n" not in line:  # a container shows its own shapes
                shapes = (f"{name} {p.shape}" for name, p in layer.params.items())
                line = f"{line:<20} {', '.join(shapes)}".rstrip()
            lines.append(f"  {name}: {line}")
        count = sum(p.size for p in self.params.values())
        return "\n".join([*lines, f"): {count} parameters"])


def _title(name: str) -> str:
    return f"layer {name}" if name.isdigit() else name


def _joined(dicts: dict[str, dict[str, Array]]) -> dict[str, Array]:
    """Merge dicts, with the name of each before its names."""
    return {f"{key}.{name}": a for key, d in dicts.items() for name, a in d.items()}


class Sequential(_Container):
    """Layers one after another: each takes the output of the one before.

    The names in `params`, `grads` and `state` carry the position of the layer: "0.w" is
    the "w" of the first. `model[0]` is the first layer, `model[:2]` a network of the
    first two: of these layers, not of copies.

    Parameters
    ----------
    *layers : Layer

    Attributes
    ----------
    layers : tuple of Layer

    Raises
    ------
    ValueError
        If one of `layers` is not a layer (a class such as `ReLU` instead of `ReLU()`,
        say), or the same object comes twice, also inside of others: its memory of the
        forward pass would be overwritten.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> rng = np.random.default_rng(0)
    >>> model = nnref.Sequential(
    ...     nnref.Dense(3, 4, rng), nnref.Tanh(), nnref.Dense(4, 2, rng)
    ... )
    >>> model
    Sequential(
      0: Dense(3, 4)          w (3, 4), b (4,)
      1: Tanh()
      2: Dense(4, 2)          w (4, 2), b (2,)
    ): 26 parameters
    >>> y = model.forward(rng.normal(size=(5, 3)))
    >>> print(y.round(3))
    [[-0.474 -0.022]
     [ 0.402  0.274]
     [-0.991 -0.528]
     [-0.693 -0.348]
     [ 0.603  0.285]]
    >>> print(model.summary((5, 3)))
    layer           output  parameters  multiply-accumulates
    0: Dense(3, 4)  (5, 4)          16                    60
    1: Tanh()       (5, 4)           0                     0
    2: Dense(4, 2)  (5, 2)          10                    40
    in all          (5, 2)          26                   100
    >>> len(model), model[1], len(model[:2])
    (3, Tanh(), 2)
    >>> dx = model.backward(np.ones((5, 2)))
    >>> dx.shape, {name: grad.shape for name, grad in model.grads.items()}
    ((5, 3), {'0.w': (3, 4), '0.b': (4,), '2.w': (4, 2), '2.b': (2,)})
    >>> print(model.grads["2.b"], model.grads["0.b"].round(3))
    [5. 5.] [-7.393 -5.947 -1.341  3.096]
    >>> model.backward_params(-np.ones((5, 2)))  # the same without dx
    >>> print(model.grads["0.b"].round(3))
    [ 7.393  5.947  1.341 -3.096]
    """

    def __init__(self, *layers: Layer) -> None:
        super().__init__(**{str(i): layer for i, layer in enumerate(layers)})
        self.layers = layers

    def __len__(self) -> int:
        return len(self.layers)

    def __bool__(self) -> bool:
        return True  # also an empty one is a network

    @overload
    def __getitem__(self, i: int) -> Layer: ...

    @overload
    def __getitem__(self, i: slice) -> "Sequential": ...

    def __getitem__(self, i: int | slice) -> Layer:
        """Return a layer, or for a slice a network of some, which are not copied."""
        if isinstance(i, slice):
            return Sequential(*self.layers[i])
        return self.layers[i]

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the output of the last layer."""
        for i, layer in enumerate(self.layers):
            try:
                x = layer.forward(x, training)
            except ValueError as error:
                error.add_note(f"in layer {i}, {layer!r}")
                raise
        return x

    def _trace(self, x: Array, name: str, rows: list[Any]) -> Array:
        for i, layer in enumerate(self.layers):
            x = layer._trace(x, f"{name}{i}.", rows)
        return x

    def backward(self, dy: Array) -> Array:
        """Return the gradient for the input of the first layer."""
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy

    def backward_params(self, dy: Array) -> None:
        """Set `grads`: no further back than to the first layer that has any."""
        learning = (i for i, layer in enumerate(self.layers) if layer.params)
        first = next(learning, None)
        if first is not None:
            for layer in self.layers[:first:-1]:
                dy = layer.backward(dy)
            self.layers[first].backward_params(dy)


class Residual(_Container):
    r"""A layer with a shortcut around it, $y = f(x) + x$.

    The gradient for x is $J^\top$ `dy` of the layer plus `dy` itself. Where the layer
    changes the shape, the shortcut needs a projection $P$ that does the same:
    $y = f(x) + P(x)$.

    The names in `params`, `grads` and `state` start with "f." and "projection.".

    Parameters
    ----------
    f : Layer
        The layer, or several in a `Sequential`.
    projection : Layer, optional
        Without one, the shortcut is the identity.

    Raises
    ------
    ValueError
        If `f` or `projection` is not a layer, or both are the same or share one; in
        `forward`, if the layer and the shortcut give different shapes.

    References
    ----------
    He, Zhang, Ren and Sun (2016), Deep Residual Learning for Image Recognition.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.Residual(nnref.ReLU())
    >>> print(layer.forward(np.array([-1.0, 0.5, 2.0])))
    [-1.  1.  4.]
    >>> print(layer.backward(np.array([1.0, 2.0, 3.0])))
    [1. 4. 6.]
    >>> rng = np.random.default_rng(0)
    >>> f = nnref.Sequential(
    ...     nnref.Dense(3, 4, rng), nnref.ReLU(), nnref.Dense(4, 2, rng)
    ... )
    >>> layer = nnref.Residual(f, projection=nnref.Dense(3, 2, rng, bias=False))
    >>> layer
    Residual(
      f: Sequential(
        0: Dense(3, 4)          w (3, 4), b (4,)
        1: ReLU()
        2: Dense(4, 2)          w (4, 2), b (2,)
      ): 26 parameters
      projection: Dense(3, 2, bias=False) w (3, 2)
    ): 32 parameters
    >>> list(layer.params)
    ['f.0.w', 'f.0.b', 'f.2.w', 'f.2.b', 'projection.w']
    >>> x = np.array([[1.0, -2.0, 3.0]])
    >>> print(layer.forward(x).round(4))
    [[3.1944 0.772 ]]
    >>> print(layer.backward(np.array([[1.0, -1.0]])).round(4))
    [[-1.2207 -0.8301  0.6609]]
    >>> layer.backward_params(np.array([[2.0, 0.0]]))
    >>> print(layer.grads["f.2.b"], layer.grads["projection.w"])
    [2. 0.] [[ 2.  0.]
     [-4.  0.]
     [ 6.  0.]]
    >>> drop = nnref.Residual(nnref.Dropout(0.5, rng))
    >>> print(drop.forward(x), drop.forward(x, training=True))
    [[ 2. -4.  6.]] [[ 3. -6.  9.]]
    >>> nnref.Residual(f).forward(x)
    Traceback (most recent call last):
    ValueError: f gives shape (1, 2), the shortcut (1, 3): they cannot be added
    """

    def __init__(self, f: Layer, *, projection: Layer | None = None) -> None:
        shortcut = {} if projection is None else {"projection": projection}
        super().__init__(f=f, **shortcut)
        self.f, self.projection = f, projection

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the output of the layer plus that of the shortcut."""
        y = self.f.forward(x, training)
        p = x if self.projection is None else self.projection.forward(x, training)
        if y.shape != p.shape:
            raise ValueError(
                f"f gives shape {y.shape}, the shortcut {p.shape}: they cannot be added"
            )
        return y + p

    def backward(self, dy: Array) -> Array:
        """Return the gradient through the layer plus that through the shortcut."""
        shortcut = dy if self.projection is None else self.projection.backward(dy)
        return self.f.backward(dy) + shortcut

    def backward_params(self, dy: Array) -> None:
        """Set `grads` of the layer and of the projection."""
        for layer in self._layers.values():
            layer.backward_params(dy)


class Flatten(Layer):
    """Each sample as one row: (n, c, rows, columns) to (n, c * rows * columns).

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> layer = nnref.Flatten()
    >>> layer.forward(np.array([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [0, 1, 2]]]))
    array([[1., 2., 3., 4., 5., 6.],
           [7., 8., 9., 0., 1., 2.]])
    >>> layer.backward(np.arange(12.0).reshape(2, 6))
    array([[[ 0.,  1.,  2.],
            [ 3.,  4.,  5.]],
    <BLANKLINE>
           [[ 6.,  7.,  8.],
            [ 9., 10., 11.]]])
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return x (n, ...) as (n, d)."""
        x = as_float(x, "x")
        if x.ndim == 0:
            raise ValueError("x is one number, expected (n, ...)")
        self._saved = x.shape
        return x.reshape(len(x), math.prod(x.shape[1:]))

    def backward(self, dy: Array) -> Array:
        """Return dy (n, d) in the shape of x."""
        n, *rest = self._recall()
        return shaped(dy, (n, math.prod(rest)), "dy").reshape(n, *rest)
