"""What layers share."""


class Layer:
    """y = forward(x), dx = backward(dy); params and grads are arrays by name."""

    def __init__(self, **params):
        self.params, self.grads = params, {}
