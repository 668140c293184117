"""Optimizers, and schedules: functions of the steps made so far.

`step(params, grads)` changes the arrays of params in place: theta is one, g its
gradient. lr is a number or a schedule.
"""

import math

import numpy as np

NO_DECAY = "b", "bias", "beta", "gamma"  # and with a number, such as "b1"


class SGD:
    """v = momentum v + g; theta -= lr v."""

    def __init__(
        self, lr, *, momentum=0.0, nesterov=False, weight_decay=0.0, no_decay=NO_DECAY
    ):
        self.lr, self.momentum, self.nesterov = lr, momentum, nesterov
        self.weight_decay, self.no_decay = weight_decay, no_decay
        self.steps, self.velocity = 0, {}

    def step(self, params, grads):
        lr = self.lr(self.steps) if callable(self.lr) else self.lr
        self.steps += 1
        for name, theta in params.items():
            g = grads[name]
            last = name.split(".")[-1]
            if not {last, last.rstrip("_0123456789")} & {*self.no_decay}:
                g = g + self.weight_decay * theta
            v = self.momentum * self.velocity.get(name, 0) + g
            self.velocity[name] = v
            theta -= lr * (g + self.momentum * v if self.nesterov else v)


class RMSProp:
    """s = rho s + (1 - rho) g^2; theta -= lr g / (sqrt(s) + eps)."""

    def __init__(
        self, lr=0.01, *, rho=0.99, eps=1e-8, weight_decay=0.0, no_decay=NO_DECAY
    ):
        self.lr, self.rho, self.eps = lr, rho, eps
        self.weight_decay, self.no_decay = weight_decay, no_decay
        self.steps, self.square = 0, {}

    def step(self, params, grads):
        lr = self.lr(self.steps) if callable(self.lr) else self.lr
        self.steps += 1
        for name, theta in params.items():
            g = grads[name]
            last = name.split(".")[-1]
            if not {last, last.rstrip("_0123456789")} & {*self.no_decay}:
                g = g + self.weight_decay * theta
            s = self.rho * self.square.get(name, 0) + (1 - self.rho) * g**2
            self.square[name] = s
            theta -= lr * g / (np.sqrt(s) + self.eps)


class Adam:
    """m, s = means of g, g^2; theta -= lr m_hat / (sqrt(s_hat) + eps)."""

    def __init__(
        self,
        lr=0.001,
        *,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0.0,
        no_decay=NO_DECAY,
    ):
        self.lr, self.betas, self.eps = lr, betas, eps
        self.weight_decay, self.no_decay = weight_decay, no_decay
        self.steps, self.mean, self.square = 0, {}, {}

    def step(self, params, grads):
        lr = self.lr(self.steps) if callable(self.lr) else self.lr
        self.steps += 1
        (b1, b2), t = self.betas, self.steps
        for name, theta in params.items():
            g = grads[name]
            last = name.split(".")[-1]
            if not {last, last.rstrip("_0123456789")} & {*self.no_decay}:
                g = g + self.weight_decay * theta
            m = b1 * self.mean.get(name, 0) + (1 - b1) * g
            s = b2 * self.square.get(name, 0) + (1 - b2) * g**2
            self.mean[name], self.square[name] = m, s
            m_hat, s_hat = m / (1 - b1**t), s / (1 - b2**t)
            theta -= lr * m_hat / (np.sqrt(s_hat) + self.eps)


class AdamW:
    """theta -= lr weight_decay theta, then Adam without decay."""

    def __init__(
        self,
        lr=0.001,
        *,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0.01,
        no_decay=NO_DECAY,
    ):
        self.lr, self.betas, self.eps = lr, betas, eps
        self.weight_decay, self.no_decay = weight_decay, no_decay
        self.steps, self.mean, self.square = 0, {}, {}

    def step(self, params, grads):
        lr = self.lr(self.steps) if callable(self.lr) else self.lr
        self.steps += 1
        (b1, b2), t = self.betas, self.steps
        for name, theta in params.items():
            g = grads[name]
            last = name.split(".")[-1]
            if not {last, last.rstrip("_0123456789")} & {*self.no_decay}:
                theta -= lr * self.weight_decay * theta
            m = b1 * self.mean.get(name, 0) + (1 - b1) * g
            s = b2 * self.square.get(name, 0) + (1 - b2) * g**2
            self.mean[name], self.square[name] = m, s
            m_hat, s_hat = m / (1 - b1**t), s / (1 - b2**t)
            theta -= lr * m_hat / (np.sqrt(s_hat) + self.eps)


def step_decay(lr, every, *, factor=0.1):
    """lr_t = lr factor^floor(t / every)."""
    return lambda t: lr * factor ** (t // every)


def exponential_decay(lr, factor):
    """lr_t = lr factor^t."""
    return lambda t: lr * factor**t


def cosine_decay(lr, steps, *, final=0.0):
    """lr_t = final + (lr - final) (1 + cos(pi min(t, steps) / steps)) / 2."""
    return lambda t: (
        final + (lr - final) * (1 + math.cos(math.pi * min(t, steps) / steps)) / 2
    )


def warmup(lr, steps):
    """lr_t min(1, (t + 1) / steps), where lr is a number or itself a schedule."""
    return lambda t: (lr(t) if callable(lr) else lr) * min(1, (t + 1) / steps)
