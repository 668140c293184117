"""Batch, layer, group and root mean square normalization."""

import numpy as np

from nnref.plain.layer import Layer


def batch_norm(x, gamma, beta, *, eps=1e-5, stats=None):
    """y = gamma (x - mean) / sqrt(var + eps) + beta for each channel, x (n, c, ...)."""
    x = np.moveaxis(x, 1, -1)  # (n, ..., c), so that what is (c,) lines up
    others = tuple(range(x.ndim - 1))
    mean, var = stats or (x.mean(axis=others), x.var(axis=others))  # (c,)
    y = gamma * (x - mean) / np.sqrt(var + eps) + beta
    return np.moveaxis(y, -1, 1)


def batch_norm_backward(dy, x, gamma, beta, *, eps=1e-5, stats=None):
    """dx = gamma / std (dy - (dbeta + x_hat dgamma) / m), the first term if stats."""
    x, dy = np.moveaxis(x, 1, -1), np.moveaxis(dy, 1, -1)  # (n, ..., c)
    others = tuple(range(x.ndim - 1))
    mean, var = stats or (x.mean(axis=others), x.var(axis=others))  # (c,)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    dgamma, dbeta = (dy * x_hat).sum(axis=others), dy.sum(axis=others)
    m = x.size / x.shape[-1]  # values in a channel
    through = 0 if stats else (dbeta + x_hat * dgamma) / m  # mean and variance
    dx = gamma / std * (dy - through)
    return np.moveaxis(dx, -1, 1), dgamma, dbeta


def layer_norm(x, gamma, beta, *, eps=1e-5):
    """y = gamma (x - mean) / sqrt(var + eps) + beta for each row, x (..., d)."""
    mean, var = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def layer_norm_backward(dy, x, gamma, beta, *, eps=1e-5):
    """dx = (g - mean(g) - x_hat mean(g x_hat)) / std, with g = dy gamma; x (..., d)."""
    mean, var = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat, g = (x - mean) / std, dy * gamma
    mean_g, mean_g_x_hat = (a.mean(axis=-1, keepdims=True) for a in (g, g * x_hat))
    rows = tuple(range(x.ndim - 1))
    dgamma, dbeta = (dy * x_hat).sum(axis=rows), dy.sum(axis=rows)  # (d,)
    return (g - mean_g - x_hat * mean_g_x_hat) / std, dgamma, dbeta


def group_norm(x, gamma, beta, *, groups, eps=1e-5):
    """y = gamma (x - mean) / sqrt(var + eps) + beta, x (n, c, ...), for each group."""
    rows = x.reshape(len(x), groups, -1)  # the channels of a group and their pixels
    mean, var = rows.mean(axis=2, keepdims=True), rows.var(axis=2, keepdims=True)
    x_hat = ((rows - mean) / np.sqrt(var + eps)).reshape(x.shape)
    gamma, beta = (a.reshape(-1, *[1] * (x.ndim - 2)) for a in (gamma, beta))
    return gamma * x_hat + beta


def group_norm_backward(dy, x, gamma, beta, *, groups, eps=1e-5):
    """dx = (g - mean(g) - x_hat mean(g x_hat)) / std for each group, g = dy gamma."""
    rows = x.reshape(len(x), groups, -1)  # the channels of a group and their pixels
    mean, var = rows.mean(axis=2, keepdims=True), rows.var(axis=2, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = (rows - mean) / std
    g = (dy * gamma.reshape(-1, *[1] * (x.ndim - 2))).reshape(rows.shape)
    mean_g, mean_g_x_hat = (a.mean(axis=2, keepdims=True) for a in (g, g * x_hat))
    dx = (g - mean_g - x_hat * mean_g_x_hat) / std
    others = (0, *range(2, x.ndim))
    dgamma = (dy * x_hat.reshape(x.shape)).sum(axis=others)  # (c,)
    return dx.reshape(x.shape), dgamma, dy.sum(axis=others)


def rms_norm(x, gamma, *, eps=1e-5):
    """y = gamma x / sqrt(mean(x^2) + eps) for each row, x (..., d)."""
    return gamma * x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps)


def rms_norm_backward(dy, x, gamma, *, eps=1e-5):
    """dx = (g - x_hat mean(g x_hat)) / rms, with g = dy gamma; x (..., d)."""
    rms = np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + eps)
    x_hat, g = x / rms, dy * gamma
    dx = (g - x_hat * np.mean(g * x_hat, axis=-1, keepdims=True)) / rms
    return dx, (dy * x_hat).sum(axis=tuple(range(x.ndim - 1)))  # dgamma (d,)


class BatchNorm(Layer):
    """y = batch_norm(x, gamma, beta), by running statistics unless training."""

    def __init__(self, c, *, rho=0.9, eps=1e-5, dtype=np.float64):
        super().__init__(gamma=np.ones(c, dtype), beta=np.zeros(c, dtype))
        self.running_mean, self.running_var = np.zeros(c, dtype), np.ones(c, dtype)
        self.rho, self.eps = rho, eps

    def forward(self, x, training=False):
        self.x, self.stats, rho = x, (self.running_mean, self.running_var), self.rho
        if training:
            rows = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1])  # (m, c)
            mean, var = rows.mean(axis=0), rows.var(axis=0, ddof=1)
            self.running_mean = rho * self.running_mean + (1 - rho) * mean
            self.running_var = rho * self.running_var + (1 - rho) * var
            self.stats = None
        return batch_norm(x, **self.params, eps=self.eps, stats=self.stats)

    def backward(self, dy):
        dx, dgamma, dbeta = batch_norm_backward(
            dy, self.x, **self.params, eps=self.eps, stats=self.stats
        )
        self.grads = {"gamma": dgamma, "beta": dbeta}
        return dx


class LayerNorm(Layer):
    """y = layer_norm(x, gamma, beta)."""

    def __init__(self, d, *, eps=1e-5, dtype=np.float64):
        super().__init__(gamma=np.ones(d, dtype), beta=np.zeros(d, dtype))
        self.eps = eps

    def forward(self, x, training=False):
        self.x = x
        return layer_norm(x, **self.params, eps=self.eps)

    def backward(self, dy):
        dx, dgamma, dbeta = layer_norm_backward(dy, self.x, **self.params, eps=self.eps)
        self.grads = {"gamma": dgamma, "beta": dbeta}
        return dx


class GroupNorm(Layer):
    """y = group_norm(x, gamma, beta)."""

    def __init__(self, c, *, groups, eps=1e-5, dtype=np.float64):
        super().__init__(gamma=np.ones(c, dtype), beta=np.zeros(c, dtype))
        self.options = {"groups": groups, "eps": eps}

    def forward(self, x, training=False):
        self.x = x
        return group_norm(x, **self.params, **self.options)

    def backward(self, dy):
        dx, dgamma, dbeta = group_norm_backward(
            dy, self.x, **self.params, **self.options
        )
        self.grads = {"gamma": dgamma, "beta": dbeta}
        return dx


class RMSNorm(Layer):
    """y = rms_norm(x, gamma)."""

    def __init__(self, d, *, eps=1e-5, dtype=np.float64):
        super().__init__(gamma=np.ones(d, dtype))
        self.eps = eps

    def forward(self, x, training=False):
        self.x = x
        return rms_norm(x, **self.params, eps=self.eps)

    def backward(self, dy):
        dx, dgamma = rms_norm_backward(dy, self.x, **self.params, eps=self.eps)
        self.grads = {"gamma": dgamma}
        return dx
