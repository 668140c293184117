"""Entropies of probability distributions, one in each row: p, q (..., k) to (...).

A term with p_k = 0 is 0. Base None is e: nats.
"""

import math

import numpy as np


def entropy(p, *, base=None):
    """H = -sum_k p_k ln p_k / ln(base); p (..., k), H (...)."""
    log_p = np.log(np.where(p > 0, p, 1))
    return -(p * log_p).sum(axis=-1) / math.log(base or math.e)


def entropy_backward(dy, p, *, base=None):
    """dp_k = -dy (ln p_k + 1) / ln(base); dy (...), p (..., k)."""
    dy = dy[..., None] / math.log(base or math.e)
    return -dy * (np.log(p) + 1)


def cross_entropy(p, q, *, base=None):
    """H = -sum_k p_k ln q_k / ln(base); p, q (..., k), H (...)."""
    log_q = np.log(np.where(p > 0, q, 1))
    return -(p * log_q).sum(axis=-1) / math.log(base or math.e)


def cross_entropy_backward(dy, p, q, *, base=None):
    """dp_k = -dy ln q_k / ln(base), dq_k = -dy p_k / q_k / ln(base); dy (...)."""
    dy = dy[..., None] / math.log(base or math.e)
    return -dy * np.log(q), -dy * p / np.where(p > 0, q, 1)


def kl_divergence(p, q, *, base=None):
    """D = sum_k p_k ln(p_k / q_k) / ln(base); p, q (..., k), D (...)."""
    log_p, log_q = (np.log(np.where(p > 0, a, 1)) for a in (p, q))
    return (p * (log_p - log_q)).sum(axis=-1) / math.log(base or math.e)


def kl_divergence_backward(dy, p, q, *, base=None):
    """dp_k = dy (ln(p_k / q_k) + 1) / ln(base), dq_k = -dy p_k / q_k / ln(base)."""
    dy = dy[..., None] / math.log(base or math.e)
    log_p, log_q = np.log(np.where(q > 0, p, 1)), np.log(q)
    return dy * (log_p - log_q + 1), -dy * p / np.where(p > 0, q, 1)
