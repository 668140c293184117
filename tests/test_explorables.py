"""What the explorables compute in the reader's browser, held to nnref.

Every function of `maths.js` is called on random inputs under Node and compared with the
package; a census refuses one that has no comparison here, and a script that computes
what `maths.js` should.
"""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import nnref
from doctools import pages, sliders

RUN = pages.ROOT / "tests" / "explorables.mjs"
EXACT = 1e-12  # relative to the largest number of a result
CASES = 200
RATE, STEPS = 0.02, 25  # long enough for a wrong step to show

needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="explorables are compared under Node"
)


def call(calls):
    """What JavaScript makes of [[name, arguments], ...]."""
    run = subprocess.run(
        ["node", str(RUN)],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def lists(value):
    """Arrays as nested lists."""
    if isinstance(value, tuple | list):
        return [lists(each) for each in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def assert_close(found, expected):
    """Compare nested arrays, relative to the largest entry."""
    if isinstance(expected, tuple | list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_close(one, other)
        return
    expected = np.asarray(expected)
    found = np.asarray(found, dtype=float)
    assert found.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=EXACT * scale)


def options(rng):
    """A convolution that has at least one output."""
    while True:
        found = {
            "stride": int(rng.integers(1, 4)),
            "padding": int(rng.integers(0, 3)),
            "dilation": int(rng.integers(1, 4)),
        }
        size, kernel = int(rng.integers(3, 9)), int(rng.integers(1, 4))
        rows = size + int(rng.integers(0, 3))
        span = found["dilation"] * (kernel - 1) + 1
        if size + 2 * found["padding"] >= span:
            x = rng.normal(size=(rows, size))
            return x, rng.normal(size=(kernel, kernel)), found


def conv2d(rng):
    """Forward."""
    x, w, given = options(rng)
    expected = nnref.conv2d(x[None, None], w[None, None], **given)[0, 0]
    return [x, w, given], expected


def conv2d_backward(rng):
    """Both gradients, at a random upstream gradient."""
    x, w, given = options(rng)
    dz = rng.normal(size=nnref.conv2d(x[None, None], w[None, None], **given).shape)
    dx, dw, *_ = nnref.conv2d_backward(dz, x[None, None], w[None, None], **given)
    return [dz[0, 0], x, w, given], [dx[0, 0], dw[0, 0]]


def output_size(rng):
    """The size along one axis."""
    x, w, given = options(rng)
    expected = nnref.conv_output_size(x.shape[1], w.shape[0], **given)
    return [x.shape[1], w.shape[0], given], expected


def products(rng):
    """Which pixels meet which weights: the output is the sum of their products."""
    x, w, given = options(rng)
    z = nnref.conv2d(x[None, None], w[None, None], **given)[0, 0]
    i, j = (int(rng.integers(0, n)) for n in z.shape)
    size, d = len(w), given["dilation"]
    places = [
        [
            i * given["stride"] - given["padding"] + u * d,
            j * given["stride"] - given["padding"] + v * d,
            u,
            v,
        ]
        for u in range(size)
        for v in range(size)
    ]
    rows, columns = x.shape
    inside = [p for p in places if 0 <= p[0] < rows and 0 <= p[1] < columns]
    assert np.isclose(sum(x[r, c] * w[u, v] for r, c, u, v in inside), z[i, j])
    return [i, j, size, given], places


def network(rng):
    """A small network: JavaScript's weights, nnref's model, a batch."""
    name = str(rng.choice(["ReLU", "Tanh", "none"]))
    sizes = [2, *map(int, rng.integers(2, 6, size=rng.integers(0, 3))), 3]
    layers = []
    for k in range(len(sizes) - 1):
        layers.append(nnref.Dense(sizes[k], sizes[k + 1], rng=rng))
        if k < len(sizes) - 2 and name != "none":
            layers.append(getattr(nnref, name)())
    model = nnref.Sequential(*layers)
    x, y = rng.normal(size=(7, 2)), rng.integers(0, 3, size=7)
    return model, weights(model), x, y, name


def weights(model):
    """[w, b] of each dense layer."""
    dense = [layer for layer in model.layers if isinstance(layer, nnref.Dense)]
    return [[each.params["w"].copy(), each.params["b"].copy()] for each in dense]


def logits(rng):
    """What `forward` ends in."""
    model, w, x, _, name = network(rng)
    return [w, x, name], model.forward(x)


def softmax(rng):
    """One row of logits."""
    z = rng.normal(scale=10.0 ** rng.integers(-1, 4), size=rng.integers(1, 6))
    return [z], nnref.softmax(z)


def loss_and_gradient(rng):
    """Cross-entropy, and the gradient of each weight."""
    model, w, x, y, name = network(rng)
    z = model.forward(x, training=True)
    loss = nnref.softmax_cross_entropy(z, y)
    model.backward(nnref.softmax_cross_entropy_backward(1.0, z, y))
    dense = [layer for layer in model.layers if isinstance(layer, nnref.Dense)]
    gradient = [[each.grads["w"], each.grads["b"]] for each in dense]
    return [w, x, y, name], [loss, gradient]


def train(rng):
    """Steps of Adam on the whole batch."""
    model, w, x, y, name = network(rng)
    before = lists(w)
    optimizer = nnref.Adam(RATE)
    for _ in range(STEPS):
        z = model.forward(x, training=True)
        model.backward(nnref.softmax_cross_entropy_backward(1.0, z, y))
        optimizer.step(model.params, model.grads)
    return [before, x, y, name, STEPS, RATE], weights(model)


# By the name in JavaScript; `train` stands for `adam`, `logits` for `forward`.
RECIPES = {
    "outputSize": output_size,
    "products": products,
    "conv2d": conv2d,
    "conv2dBackward": conv2d_backward,
    "logits": logits,
    "softmax": softmax,
    "lossAndGradient": loss_and_gradient,
    "train": train,
}
STANDS_FOR = {"logits": "forward", "train": "adam"}


@needs_node
@pytest.mark.parametrize("name", RECIPES)
def test_javascript_computes_what_nnref_does(name):
    rng = np.random.default_rng(len(name))
    made = [RECIPES[name](rng) for _ in range(CASES)]
    found = call([[name, lists(given)] for given, _ in made])
    for one, (_, expected) in zip(found, made, strict=True):
        assert_close(one, expected)


@needs_node
def test_every_function_is_compared():
    compared = {STANDS_FOR.get(name, name) for name in RECIPES}
    assert compared == set(call("names"))


def test_scripts_that_draw_leave_computing_to_maths():
    scripts = sorted(sliders.SCRIPTS.glob("*.js"))
    assert len(scripts) >= 2
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        if script.name != "maths.js":
            assert script.name == "view.js" or 'from "./maths.js"' in text
            # What only a computation needs.
            assert not re.search(r"Math\.(exp|log|tanh|sqrt|pow)|\*\*", text), script


def test_every_script_is_used():
    used = {
        found.name
        for path in pages.markdown_pages()
        for block in pages.blocks(path.read_text(encoding="utf-8"), path.name)
        if (found := sliders.script(block))
    }
    names = {path.stem for path in sliders.SCRIPTS.glob("*.js")} - {"maths", "view"}
    assert used == names
