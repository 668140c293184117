"""The gradient of a batch, computed by several processes or machines together.

The processes are those of a Dask cluster. Its client is asked for them; nothing of Dask
is imported here.
"""

import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nnref._check import Array, as_layer, samples, shown, with_gradient
from nnref.layer import Layer
from nnref.training import Loss, loss_and_gradient

__all__ = [
    "DataParallel",
]


class DataParallel:
    r"""`loss_and_gradient` by the workers of a cluster, a shard of the batch each.

    A batch of $n$ samples is cut into $k$ shards, shard $j$ of $m_j$ samples and the
    loss $S_j$. Where the loss is a mean over samples, that of the batch is the mean of
    the shards', weighted by their sizes, and so is every gradient:

    $$
    \frac{\partial L}{\partial \theta}
      = \sum_{j=1}^{k} \frac{m_j}{n} \frac{\partial S_j}{\partial \theta}
    $$

    The result is that of one process, up to rounding. A shard whose worker dies is
    computed again by one of those that are left.

    Parameters
    ----------
    client : dask.distributed.Client
        Of a cluster whose workers have nnref.
    model : Layer
        Goes to the workers once; its parameters go with every call.
    loss : pair of functions
        The loss, a mean over the batch, and its gradient, as in `fit`.

    Raises
    ------
    ValueError
        If the model holds a layer that is not `per_sample`: a `BatchNorm`, whose output
        for a sample depends on the others in its shard, or a `Dropout`, of which every
        worker would draw the same mask; or if client is no client, model no layer or
        loss no pair of functions.

    Examples
    --------
    The page "When one machine is not enough" has one with a cluster.

    >>> import numpy as np
    >>> import nnref
    >>> rng = np.random.default_rng(0)
    >>> loss = nnref.softmax_cross_entropy, nnref.softmax_cross_entropy_backward
    >>> nnref.DataParallel(None, nnref.Dropout(0.5, rng), loss)
    Traceback (most recent call last):
    ValueError: the model holds Dropout(p=0.5): shards do not add up to the batch
    """

    def __init__(self, client: Any, model: Layer, loss: Loss) -> None:
        for layer in as_layer(model, "model").held():
            if not layer.per_sample:
                raise ValueError(
                    f"the model holds {layer!r}: shards do not add up to the batch"
                )
        if not hasattr(client, "scatter"):
            raise ValueError(
                f"client is {shown(client)}, expected a dask.distributed.Client"
            )
        self._client, self._model = client, model
        self._loss = with_gradient(loss)
        # To every worker: the death of one leaves the others with it.
        # By `hash`, an equal one that another call is just giving up would be taken.
        self._copies = client.scatter(model, broadcast=True, hash=False)

    def __call__(self, x: ArrayLike, y: ArrayLike) -> tuple[float, dict[str, Array]]:
        """Return the loss and the gradients of the batch x, y."""
        x, y = samples(x, y, "x", "y")
        count = max(1, min(len(self._client.ncores()), len(x)))
        shards = zip(np.array_split(x, count), np.array_split(y, count), strict=True)
        (params,) = self._client.scatter(
            [self._model.params], broadcast=True, hash=False
        )
        fixed = self._copies, params, self._loss
        parts = self._client.gather(
            [self._client.submit(_part, *fixed, *shard, pure=False) for shard in shards]
        )
        value = sum(share * part for share, part, _ in parts) / len(x)
        grads = {
            name: sum(share * part[name] for share, _, part in parts) / len(x)
            for name in self._model.params
        }
        return value, grads


def _part(
    model: Layer, params: dict[str, Array], loss: Loss, x: Array, y: Array
) -> tuple[int, float, dict[str, Array]]:
    """Return the number of samples, their loss and their gradients."""
    # A copy: the threads of a worker share one.
    model = copy.deepcopy(model)
    model.params.update(params)
    return len(x), *loss_and_gradient(model, x, y, loss)
