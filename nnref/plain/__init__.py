"""The reference one reads and copies: every operation in the fewest clear lines.

Names, arguments and results are those of `nnref`, which adds checks, other types of
numbers and speed. `nnref.plain` takes NumPy arrays and checks nothing. With NaN, with
infinity and with float32 far from 0 its result may be another.
"""

from nnref.plain.activations import (
    ELU,
    GELU,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
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
from nnref.plain.clipping import clip_by_norm, clip_by_value, gradient_norm
from nnref.plain.convolution import (
    Conv2D,
    conv2d,
    conv2d_backward,
    conv_output_size,
    receptive_field,
)
from nnref.plain.data import blobs, sine, spirals, xor
from nnref.plain.dense import Dense, dense, dense_backward
from nnref.plain.entropies import (
    cross_entropy,
    cross_entropy_backward,
    entropy,
    entropy_backward,
    kl_divergence,
    kl_divergence_backward,
)
from nnref.plain.gradcheck import check_gradient, numerical_gradient
from nnref.plain.initialization import (
    he_normal,
    he_uniform,
    xavier_normal,
    xavier_uniform,
)
from nnref.plain.layer import Layer
from nnref.plain.losses import (
    huber,
    huber_backward,
    mean_absolute_error,
    mean_absolute_error_backward,
    mean_squared_error,
    mean_squared_error_backward,
    sigmoid_cross_entropy,
    sigmoid_cross_entropy_backward,
    softmax_cross_entropy,
    softmax_cross_entropy_backward,
)
from nnref.plain.network import Flatten, Residual, Sequential
from nnref.plain.normalization import (
    BatchNorm,
    GroupNorm,
    LayerNorm,
    RMSNorm,
    batch_norm,
    batch_norm_backward,
    group_norm,
    group_norm_backward,
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
)
from nnref.plain.optimizers import (
    SGD,
    Adam,
    AdamW,
    RMSProp,
    cosine_decay,
    exponential_decay,
    step_decay,
    warmup,
)
from nnref.plain.pooling import (
    AvgPool2D,
    GlobalAvgPool2D,
    GlobalMaxPool2D,
    MaxPool2D,
    avg_pool2d,
    avg_pool2d_backward,
    global_avg_pool2d,
    global_avg_pool2d_backward,
    global_max_pool2d,
    global_max_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from nnref.plain.regularization import (
    Dropout,
    dropout,
    dropout_backward,
    elastic_net_penalty,
    elastic_net_penalty_backward,
    l1_penalty,
    l1_penalty_backward,
    l2_penalty,
    l2_penalty_backward,
    soft_threshold,
    soft_threshold_backward,
)
from nnref.plain.training import (
    History,
    accuracy,
    confusion_matrix,
    fit,
    loss_and_gradient,
    minibatches,
)
from nnref.plain.validation import k_fold, train_test_split
