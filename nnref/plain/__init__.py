"""The reference one reads and copies: every operation in the fewest clear lines.

Names, arguments and results are those of `nnref`, which adds checks, other types of
numbers and speed. `nnref.plain` takes NumPy arrays and checks nothing.
"""

from nnref.plain.activations import (
    elu,
    elu_backward,
    gelu,
    gelu_backward,
    leaky_relu,
    leaky_relu_backward,
    log_softmax,
    log_softmax_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    silu,
    silu_backward,
    softmax,
    softmax_backward,
    softplus,
    softplus_backward,
    tanh,
    tanh_backward,
)
from nnref.plain.dense import dense, dense_backward
