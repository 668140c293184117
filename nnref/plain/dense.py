"""The dense layer, also called fully connected."""


def dense(x, w, b=None):
    """z = x w + b: x (n, d_in), w (d_in, d_out), b (d_out,) give z (n, d_out)."""
    return x @ w if b is None else x @ w + b


def dense_backward(dy, x, w, b=None, *, input_gradient=True):
    """dx = dy w^T, dw = x^T dy, db = sum_i dy_i; dy (n, d_out)."""
    dx = dy @ w.T if input_gradient else None  # (n, d_in)
    dw = x.T @ dy  # (d_in, d_out)
    db = None if b is None else dy.sum(axis=0)  # (d_out,)
    return dx, dw, db
