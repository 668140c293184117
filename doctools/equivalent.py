"""Changes of `nnref` that change no result, each with the reason why it cannot."""

_LENGTHS = "both have the same length already"
_CHECKED = "checked before"
_SPEED = "how much is done at a time, which changes time and memory alone"
_FORWARD = "def forward(self, x: Array, training: bool = {}) -> Array:"
_SAME_IN_TRAINING = (
    "layer.Layer",
    "dense.Dense",
    "convolution.Conv2D",
    "activations._Activation",
    "pooling.MaxPool2D",
    "pooling.AvgPool2D",
    "pooling.GlobalAvgPool2D",
    "normalization.LayerNorm",
    "network.Flatten",
)

# The function, and its line before and after, as `doctools.mutants` prints them.
EQUIVALENT: dict[str, str] = {
    "activations.gelu_backward: near = np.minimum(np.abs(x), 40)  # the density is 0 "
    "beyond, and x**2 may overflow  ->  near = np.minimum(np.abs(x), 41)  # the "
    "density is 0 beyond, and x**2 may overflow": "the density is 0 at 40 and at 41",
    "activations.leaky_relu: return np.where(x > 0, x, slope * x)  ->  "
    "return np.where(x >= 0, x, slope * x)": "both are 0 at 0",
    "data.digits: x = x[:, np.newaxis] if images else x.reshape(len(x), -1)  ->  "
    "x = x[:, np.newaxis] if images else x.reshape(len(x), - 2)": (
        "NumPy takes any negative number for the size that is left"
    ),
    **{
        f"{layer}.forward: {_FORWARD.format(False)}  ->  "
        f"{_FORWARD.format(True)}": "it does not ask for `training`"
        for layer in _SAME_IN_TRAINING
    },
    "rows.some_rows: m = max(1, (1 << 16) // z.shape[1])  ->  "
    "m = max(1, (1 & 16) // z.shape[1])": _SPEED,
    "convolution._patches: height = math.ceil(rows / max(1, read // _BLOCK))  ->  "
    "height = math.ceil(rows / max( 2, read // _BLOCK))": _SPEED,
    "pooling._divisor: return np.full(extent, math.prod(pair(kernel_size, "
    '"kernel_size", 1)), x.dtype)  ->  return np.full(extent, math.prod(pair('
    'kernel_size, "kernel_size", 0)), x.dtype)': _CHECKED,
    "_check.samples: for array, name in zip(arrays, (x_name, y_name), "
    "strict=True):  ->  for array, name in zip(arrays, (x_name, y_name), "
    "strict=False):": _LENGTHS,
    "data_parallel.DataParallel.__call__: [self._client.submit(_part, *fixed, *shard, "
    "pure=False) for shard in shards]  ->  [self._client.submit(_part, *fixed, *shard, "
    "pure=True) for shard in shards]": (
        "Dask then names a task by its arguments; the parameters have a new name in "
        "each call, so nothing is taken from an earlier one"
    ),
}
