"""Networks: layers made of layers. Of layer "f", the array "w" is "f.w"."""

from nnref.plain.layer import Layer


class Sequential(Layer):
    """y = f_n(... f_1(x)); the layers are "0", "1" and so on."""

    def __init__(self, *layers):
        self.layers, self.grads = layers, {}
        self.params = {
            f"{i}.{name}": a
            for i, layer in enumerate(layers)
            for name, a in layer.params.items()
        }

    def forward(self, x, training=False):
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, dy):
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        self.grads = {
            f"{i}.{name}": g
            for i, layer in enumerate(self.layers)
            for name, g in layer.grads.items()
        }
        return dy


class Residual(Layer):
    """y = f(x) + projection(x), or f(x) + x without a projection."""

    def __init__(self, f, *, projection=None):
        self.layers, self.grads = {"f": f}, {}
        if projection:
            self.layers["projection"] = projection
        self.params = {
            f"{key}.{name}": a
            for key, layer in self.layers.items()
            for name, a in layer.params.items()
        }

    def forward(self, x, training=False):
        y = sum(layer.forward(x, training) for layer in self.layers.values())
        return y if "projection" in self.layers else y + x

    def backward(self, dy):
        dx = sum(layer.backward(dy) for layer in self.layers.values())
        self.grads = {
            f"{key}.{name}": g
            for key, layer in self.layers.items()
            for name, g in layer.grads.items()
        }
        return dx if "projection" in self.layers else dx + dy


class Flatten(Layer):
    """x (n, ...) to y (n, d)."""

    def forward(self, x, training=False):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy):
        return dy.reshape(self.shape)
