r"""Optimizers, which turn gradients into updates, and learning-rate schedules.

Every optimizer takes dicts of arrays: `optimizer.step(params, grads)` changes each
array of `params` in place and leaves `grads` alone. $\theta$ stands for a parameter,
$g$ for its gradient, $\eta$ for the learning rate; all operations act on each element
by itself. The definitions are PyTorch's, down to where $\varepsilon$ stands, with one
difference: weight decay leaves out biases (see `no_decay`).

A learning rate is a number, which may be changed between steps (`optimizer.lr = 0.01`),
or a schedule: a function of the number of steps made so far, 0 at the first. The
schedules here can be pickled with their optimizer, and print as they were made.
"""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from nnref._arrays import Arrays, check_names
from nnref._check import Array, by_name, flag, number, shaped, whole

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSProp",
    "cosine_decay",
    "exponential_decay",
    "step_decay",
    "warmup",
]

Schedule: TypeAlias = Callable[[int], float]

# Biases, and the shift and scale of normalization layers.
NO_DECAY = ("b", "bias", "beta", "gamma")


class Optimizer:
    r"""What all optimizers share: the learning rate, weight decay and checks.

    Parameters
    ----------
    lr : float, or function of the step
        The learning rate $\eta$.
    weight_decay : float
        $\lambda$.
    no_decay : tuple of str
        Weight decay leaves out parameters whose name, behind its last dot, is one of
        these, with or without a number ("b1", "b_2"): by default "b", "bias", "beta"
        and "gamma", the biases and what scales and shifts in normalization layers. `()`
        decays everything, as PyTorch does.

    Attributes
    ----------
    lr : float, or function of the step
    steps : int
        Number of steps made.

    Raises
    ------
    ValueError
        If a number is outside its range, or `no_decay` is no tuple of names.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref

    An optimizer of one's own says how a gradient changes a parameter. If it remembers
    more than the number of steps, `self._memory` names the attributes, dicts of arrays:

    >>> class SignDescent(nnref.Optimizer):
    ...     def _update(self, name, theta, g, lr):
    ...         theta -= lr * np.sign(g)
    >>> params = {"w": np.array([1.0, -1.0]), "b": np.array([1.0])}
    >>> grads = {"w": np.array([3.0, 3.0]), "b": np.array([-1.0])}
    >>> SignDescent(0.1).weight_decay
    0.0
    >>> optimizer = SignDescent(0.1, weight_decay=5.0)
    >>> optimizer.step(params, grads)
    >>> params, optimizer.steps
    ({'w': array([ 0.9, -0.9]), 'b': array([1.1])}, 1)
    >>> optimizer.step(params, {"w": grads["w"]})
    Traceback (most recent call last):
    ValueError: grads has ['w'], expected ['b', 'w'] as in params
    >>> optimizer.step(params | {"w": [1.0, -1.0]}, grads)
    Traceback (most recent call last):
    ValueError: params['w'] must be an array of floats
    >>> optimizer.step(params, grads | {"w": np.array([3.0])})
    Traceback (most recent call last):
    ValueError: grads['w'] has shape (1,), expected (2,)
    >>> optimizer.step({"w": params["w"]}, {"w": grads["w"]})
    Traceback (most recent call last):
    ValueError: params has shapes {'w': (2,)}, the first step had {'w': (2,), 'b': (1,)}
    """

    _memory: tuple[str, ...] = ()  # attributes that hold arrays by name

    def __init__(
        self,
        lr: float | Schedule,
        *,
        weight_decay: float = 0.0,
        no_decay: tuple[str, ...] = NO_DECAY,
    ) -> None:
        self.lr = lr if callable(lr) else number(lr, "lr", "[0, inf)")
        self.weight_decay = number(weight_decay, "weight_decay", "[0, inf)")
        if not isinstance(no_decay, tuple | list) or not all(
            isinstance(name, str) for name in no_decay
        ):
            raise ValueError(f"no_decay is {no_decay!r}, expected a tuple of names")
        self.no_decay = no_decay
        self.steps = 0
        self._shapes: dict[str, tuple[int, ...]] | None = None

    @property
    def state(self) -> dict[str, Array]:
        """What it remembers: `steps`, and arrays such as "mean.0.w", not copies.

        Settings such as the learning rate are not among them. See `nnref.save`.
        """
        steps = np.array(self.steps)
        steps.flags.writeable = False
        arrays = {
            f"{kind}.{name}": array
            for kind in self._memory
            for name, array in getattr(self, kind).items()
        }
        return Arrays({"steps": steps} | arrays, "state")

    def load_state(self, state: Mapping[str, ArrayLike]) -> None:
        """Go on from the `state` of another optimizer of this kind: it is copied.

        Parameters
        ----------
        state : arrays by name
            Such as `np.load` gives.

        Raises
        ------
        ValueError
            If the names are not those of such a state, or its shapes do not fit
            together, or not those of the steps made so far. Nothing has changed then.
        """
        kinds, split = self._memory, [n.partition(".") for n in by_name(state, "state")]
        names = {name for kind, _, name in split if kind in kinds}
        keys = {kind: {name: f"{kind}.{name}" for name in names} for kind in kinds}
        expected = [key for of_kind in keys.values() for key in of_kind.values()]
        check_names(state, ["steps", *expected], "state")
        stored: Any = np.asarray(state["steps"])[()]
        steps = whole(stored, "state['steps']", 0)
        if steps and kinds and not names:
            raise ValueError(f"state lacks {kinds} of {steps} steps")
        known = self._known() if self.steps else None
        if known is not None and kinds and known.keys() != names:
            raise ValueError(f"state is of {sorted(names)}, expected {sorted(known)}")
        loaded: dict[str, dict[str, Array]] = {kind: {} for kind in kinds}
        for kind in kinds:
            for name, key in keys[kind].items():
                like = known[name] if known else np.shape(state[keys[kinds[0]][name]])
                loaded[kind][name] = shaped(state[key], like, f"state[{key!r}]").copy()
        for kind, arrays in loaded.items():
            setattr(self, kind, arrays)
        self.steps = steps
        self._shapes = None  # known again after the next step

    def step(self, params: Mapping[str, Array], grads: Mapping[str, ArrayLike]) -> None:
        """Update every array of `params` in place.

        Parameters
        ----------
        params : arrays by name
            The same arrays in every step.
        grads : arrays by name
            For each parameter its gradient, of the same shape.

        Raises
        ------
        ValueError
            If the names or shapes of `params` and `grads` differ, a parameter is not an
            array of floats, a gradient holds no real numbers or is in half precision,
            names or shapes are not those of the first step, or the learning rate is
            negative or not finite. No parameter has changed then.
        """
        gradients = self._check(params, grads)
        lr = self.lr(self.steps) if callable(self.lr) else self.lr
        lr = number(lr, f"lr at step {self.steps}", "[0, inf)")
        self.steps += 1
        for name, theta in params.items():
            self._update(name, theta, self._decay(name, theta, gradients[name], lr), lr)

    def _start(self, params: Mapping[str, Array]) -> None:
        """Make room for what is remembered of each parameter."""

    def _update(self, name: str, theta: Array, g: Array, lr: float) -> None:
        """Change theta in place."""
        raise NotImplementedError

    def _decays(self, name: str) -> bool:
        """Whether weight decay applies to this parameter."""
        last = name.rpartition(".")[2]
        spared = last in self.no_decay or last.rstrip("_0123456789") in self.no_decay
        return bool(self.weight_decay) and not spared

    def _decay(self, name: str, theta: Array, g: Array, lr: float) -> Array:
        """Return the gradient with that of the penalty lambda / 2 * sum(theta**2)."""
        return g + self.weight_decay * theta if self._decays(name) else g

    def _check(
        self, params: Mapping[str, Array], grads: Mapping[str, ArrayLike]
    ) -> dict[str, Array]:
        """Return the gradients, each an array of floats shaped like its parameter."""
        if by_name(params, "params").keys() != by_name(grads, "grads").keys():
            raise ValueError(
                f"grads has {sorted(grads)}, expected {sorted(params)} as in params"
            )
        shapes, gradients = {}, {}
        for name, theta in params.items():
            if not isinstance(theta, np.ndarray) or theta.dtype.kind != "f":
                raise ValueError(f"params[{name!r}] must be an array of floats")
            if (
                theta.dtype == np.float16
            ):  # there eps is 0, and so is a squared gradient
                raise ValueError(
                    f"params[{name!r}] has dtype float16, expected float32 or float64"
                )
            shapes[name] = theta.shape
            gradients[name] = shaped(grads[name], theta.shape, f"grads[{name!r}]")
        if not self.steps:
            self._start(params)
        elif self._known() not in (None, shapes):
            raise ValueError(
                f"params has shapes {shapes}, the first step had {self._known()}"
            )
        else:
            for kind in self._memory:  # one of them may have been set by hand
                found = _shapes(getattr(self, kind))
                if found != shapes:
                    raise ValueError(f"{kind} has shapes {found}, params has {shapes}")
        self._shapes = shapes
        return gradients

    def _known(self) -> dict[str, tuple[int, ...]] | None:
        """Return the shapes of the parameters, from what is remembered if possible."""
        for kind in self._memory:
            return _shapes(getattr(self, kind))
        return self._shapes


class SGD(Optimizer):
    r"""(Stochastic) gradient descent, with momentum if asked for.

    $$
    \begin{aligned}
    h_t &= g_t + \lambda \theta_{t-1} \\
    v_t &= \mu v_{t-1} + h_t \\
    \theta_t &= \theta_{t-1} - \eta v_t
    \end{aligned}
    $$

    for one number of the parameters, with $g_t$ the gradient at $\theta_{t-1}$. The
    velocity $v$ starts at 0. Nesterov's momentum takes $h_t + \mu v_t$ instead of
    $v_t$ in the last line.

    Parameters
    ----------
    lr : float, or function of the step
        $\eta$.
    momentum : float
        $\mu$ in $[0, 1)$.
    nesterov : bool
    weight_decay : float
        $\lambda$, for the gradient of $\frac{\lambda}{2} \sum \theta^2$.
    no_decay : tuple of str
        Names of parameters that weight decay leaves out. See `Optimizer`.

    Attributes
    ----------
    velocity : arrays by name
        $v$ of each parameter; empty without momentum.

    Raises
    ------
    ValueError
        If a number is outside its range, or `nesterov` is set without momentum.

    References
    ----------
    B. T. Polyak (1964). Some methods of speeding up the convergence of iteration
    methods. USSR Computational Mathematics and Mathematical Physics 4(5).

    I. Sutskever, J. Martens, G. Dahl and G. Hinton (2013). On the importance of
    initialization and momentum in deep learning. ICML. (Nesterov's momentum; with
    $\theta$ for their point ahead $\theta + \mu v$ and a constant learning rate, it is
    the form here.)

    Examples
    --------
    >>> import numpy as np
    >>> import nnref

    Three steps down the loss $\theta^2$, whose gradient is $2 \theta$:

    >>> def descend(optimizer, name="w"):
    ...     params, path = {name: np.array([1.0])}, []
    ...     for _ in range(3):
    ...         optimizer.step(params, {name: 2 * params[name]})
    ...         path.append(round(float(params[name][0]), 4))
    ...     return path
    >>> descend(nnref.SGD(lr=0.1))
    [0.8, 0.64, 0.512]
    >>> descend(nnref.SGD(lr=0.1, momentum=0.5))
    [0.8, 0.54, 0.302]
    >>> descend(nnref.SGD(lr=0.1, momentum=0.5, nesterov=True))
    [0.7, 0.44, 0.248]
    >>> descend(nnref.SGD(lr=0.1, weight_decay=1.0))
    [0.7, 0.49, 0.343]
    >>> descend(nnref.SGD(lr=0.1, weight_decay=1.0), name="0.b")
    [0.8, 0.64, 0.512]
    >>> descend(nnref.SGD(lr=lambda step: 0.4 / (step + 1)))
    [0.2, 0.12, 0.088]
    """

    def __init__(
        self,
        lr: float | Schedule,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        no_decay: tuple[str, ...] = NO_DECAY,
    ) -> None:
        super().__init__(lr, weight_decay=weight_decay, no_decay=no_decay)
        self.momentum = number(momentum, "momentum", "[0, 1)")
        self.nesterov = flag(nesterov, "nesterov")
        if nesterov and not momentum:
            raise ValueError("nesterov needs a momentum above 0")
        self.velocity: dict[str, Array] = {}
        self._memory = ("velocity",) if self.momentum else ()

    def _start(self, params: Mapping[str, Array]) -> None:
        if self.momentum:
            self.velocity = _zeros(params)

    def _update(self, name: str, theta: Array, g: Array, lr: float) -> None:
        if self.momentum:
            v = self.velocity[name]
            v *= self.momentum
            v += g
            g = g + self.momentum * v if self.nesterov else v
        theta -= lr * g


class RMSProp(Optimizer):
    r"""Gradient descent in units of the root of the recent mean square gradient.

    $$
    \begin{aligned}
    h_t &= g_t + \lambda \theta_{t-1} \\
    s_t &= \rho s_{t-1} + (1 - \rho) h_t^2 \\
    \theta_t &= \theta_{t-1} - \eta \frac{h_t}{\sqrt{s_t} + \varepsilon}
    \end{aligned}
    $$

    for one number of the parameters, with $g_t$ the gradient at $\theta_{t-1}$; $s$
    starts at 0. As in PyTorch, $\varepsilon$ stands outside the root.

    Parameters
    ----------
    lr : float, or function of the step
        $\eta$.
    rho : float
        $\rho$ in $[0, 1)$.
    eps : float
        $\varepsilon$, above 0.
    weight_decay : float
        $\lambda$, for the gradient of $\frac{\lambda}{2} \sum \theta^2$.
    no_decay : tuple of str
        Names of parameters that weight decay leaves out. See `Optimizer`.

    Attributes
    ----------
    square : arrays by name
        $s$ of each parameter.

    Raises
    ------
    ValueError
        If a number is outside its range.

    References
    ----------
    T. Tieleman and G. Hinton (2012). Lecture 6.5 of the course Neural Networks for
    Machine Learning.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> params = {"w": np.array([1.0, 1.0])}
    >>> optimizer = nnref.RMSProp()
    >>> for g in 1.0, -3.0, 2.0:
    ...     optimizer.step(params, {"w": g * np.array([1.0, 1e-8])})
    ...     print(params["w"].round(6))
    [0.9      0.990909]
    [0.994916 1.013704]
    [0.941253 0.999134]
    >>> params = {"w": np.array([1.0])}
    >>> optimizer = nnref.RMSProp(lr=0.1, rho=0.5, eps=1.0, weight_decay=1.0)
    >>> for _ in range(3):
    ...     optimizer.step(params, {"w": 2 * params["w"]})
    ...     print(params["w"].round(4))
    [0.9039]
    [0.8249]
    [0.7533]
    """

    _memory = ("square",)

    def __init__(
        self,
        lr: float | Schedule = 0.01,
        *,
        rho: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        no_decay: tuple[str, ...] = NO_DECAY,
    ) -> None:
        super().__init__(lr, weight_decay=weight_decay, no_decay=no_decay)
        self.rho = number(rho, "rho", "[0, 1)")
        self.eps = number(eps, "eps", "(0, inf)")
        self.square: dict[str, Array] = {}

    def _start(self, params: Mapping[str, Array]) -> None:
        self.square = _zeros(params)

    def _update(self, name: str, theta: Array, g: Array, lr: float) -> None:
        s = self.square[name]
        s *= self.rho
        s += (1 - self.rho) * g * g
        theta -= lr * g / (np.sqrt(s) + self.eps)


class Adam(Optimizer):
    r"""Momentum in units of the root of the recent mean square gradient.

    $$
    \begin{aligned}
    h_t &= g_t + \lambda \theta_{t-1} \\
    m_t &= \beta_1 m_{t-1} + (1 - \beta_1) h_t \\
    s_t &= \beta_2 s_{t-1} + (1 - \beta_2) h_t^2 \\
    \theta_t &= \theta_{t-1} -
    \eta \frac{m_t / (1 - \beta_1^t)}{\sqrt{s_t / (1 - \beta_2^t)} + \varepsilon}
    \end{aligned}
    $$

    for one number of the parameters, with $g_t$ the gradient at $\theta_{t-1}$, in step
    $t = 1, 2, \dots$ The means $m$ and $s$ start at 0; the two denominators
    $1 - \beta^t$ make up for that.

    Parameters
    ----------
    lr : float, or function of the step
        $\eta$.
    betas : (float, float)
        $\beta_1, \beta_2$ in $[0, 1)$.
    eps : float
        $\varepsilon$, above 0.
    weight_decay : float
        $\lambda$, for the gradient of $\frac{\lambda}{2} \sum \theta^2$.
    no_decay : tuple of str
        Names of parameters that weight decay leaves out. See `Optimizer`.

    Attributes
    ----------
    mean, square : arrays by name
        $m$ and $s$ of each parameter.

    Raises
    ------
    ValueError
        If a number is outside its range.

    References
    ----------
    D. P. Kingma and J. Ba (2015). Adam: A method for stochastic optimization. ICLR.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> params = {"w": np.array([1.0, 1.0])}
    >>> optimizer = nnref.Adam()
    >>> for g in 1.0, -3.0, 2.0:
    ...     optimizer.step(params, {"w": g * np.array([1.0, 1e-8])})
    ...     print(params["w"].round(6))
    [0.999  0.9995]
    [0.999494 0.999841]
    [0.999475 0.999829]
    >>> params = {"w": np.array([1.0])}
    >>> optimizer = nnref.Adam(lr=0.1, betas=(0.5, 0.75), eps=1.0, weight_decay=1.0)
    >>> for _ in range(3):
    ...     optimizer.step(params, {"w": 2 * params["w"]})
    ...     print(params["w"].round(4))
    [0.925]
    [0.8514]
    [0.7797]
    """

    _memory = ("mean", "square")

    def __init__(
        self,
        lr: float | Schedule = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        no_decay: tuple[str, ...] = NO_DECAY,
    ) -> None:
        super().__init__(lr, weight_decay=weight_decay, no_decay=no_decay)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ValueError(f"betas is {betas!r}, expected two numbers")
        beta1, beta2 = betas
        self.betas = number(beta1, "beta1", "[0, 1)"), number(beta2, "beta2", "[0, 1)")
        self.eps = number(eps, "eps", "(0, inf)")
        self.mean: dict[str, Array] = {}
        self.square: dict[str, Array] = {}

    def _start(self, params: Mapping[str, Array]) -> None:
        self.mean, self.square = _zeros(params), _zeros(params)

    def _update(self, name: str, theta: Array, g: Array, lr: float) -> None:
        beta1, beta2 = self.betas
        m, s = self.mean[name], self.square[name]
        m *= beta1
        m += (1 - beta1) * g
        s *= beta2
        s += (1 - beta2) * g * g
        root = np.sqrt(s / (1 - beta2**self.steps))
        theta -= lr / (1 - beta1**self.steps) * m / (root + self.eps)


class AdamW(Adam):
    r"""Adam with weight decay kept apart from the gradient.

    Before a step of `Adam` without decay,

    $$
    \tilde{\theta} = \theta - \eta \lambda \theta
    $$

    Every weight then shrinks at the same rate $\eta \lambda$. In `Adam`, the gradient
    of the penalty is divided by $\sqrt{s}$ like all of the gradient, so weights with
    large gradients shrink less.

    Parameters
    ----------
    lr : float, or function of the step
        $\eta$.
    betas : (float, float)
        $\beta_1, \beta_2$ in $[0, 1)$.
    eps : float
        $\varepsilon$, above 0.
    weight_decay : float
        $\lambda$.
    no_decay : tuple of str
        Names of parameters that weight decay leaves out. See `Optimizer`.

    Attributes
    ----------
    mean, square : arrays by name
        $m$ and $s$ of each parameter.

    Raises
    ------
    ValueError
        If a number is outside its range.

    References
    ----------
    I. Loshchilov and F. Hutter (2019). Decoupled weight decay regularization. ICLR.

    Examples
    --------
    >>> import numpy as np
    >>> import nnref
    >>> params = {"w": np.array([1.0, 1.0]), "b": np.array([1.0])}
    >>> optimizer = nnref.AdamW()
    >>> for g in 1.0, -3.0, 2.0:
    ...     grads = {"w": g * np.array([1.0, 1e-8]), "b": np.array([g])}
    ...     optimizer.step(params, grads)
    ...     print(params["w"].round(6), params["b"].round(6))
    [0.99899 0.99949] [0.999]
    [0.999474 0.999822] [0.999494]
    [0.999445 0.999799] [0.999475]
    >>> params = {"w": np.array([1.0])}
    >>> optimizer = nnref.AdamW(lr=0.1, betas=(0.5, 0.75), eps=1.0, weight_decay=1.0)
    >>> for _ in range(3):
    ...     optimizer.step(params, {"w": 2 * params["w"]})
    ...     print(params["w"].round(4))
    [0.8333]
    [0.6869]
    [0.5596]
    """

    def __init__(
        self,
        lr: float | Schedule = 0.001,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        no_decay: tuple[str, ...] = NO_DECAY,
    ) -> None:
        super().__init__(
            lr, betas=betas, eps=eps, weight_decay=weight_decay, no_decay=no_decay
        )

    def _decay(self, name: str, theta: Array, g: Array, lr: float) -> Array:
        """Shrink theta in place, and return the gradient as it is."""
        if self._decays(name):
            theta *= 1 - lr * self.weight_decay
        return g


def _shapes(arrays: Mapping[str, Array]) -> dict[str, tuple[int, ...]]:
    return {name: np.shape(a) for name, a in arrays.items()}


def _zeros(params: Mapping[str, Array]) -> dict[str, Array]:
    """Return zeros in the shape and dtype of each parameter."""
    return {name: np.zeros_like(theta) for name, theta in params.items()}


class _Schedule(functools.partial[float]):
    """A formula with its settings; unlike a closure, it can be saved by pickle."""

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={x!r}" for name, x in self.keywords.items())
        return f"{self.func.__name__.removeprefix('_')}({settings})"


def step_decay(lr: float, every: int, *, factor: float = 0.1) -> Schedule:
    r"""Learning rate that falls by a factor after every so many steps.

    $$
    \eta_t = \eta_0 \, \gamma^{\lfloor t / k \rfloor}
    $$

    Parameters
    ----------
    lr : float
        $\eta_0$.
    every : int
        $k$, a number of steps. An epoch has n / batch_size steps, rounded up.
    factor : float
        $\gamma$ in $(0, 1]$.

    Returns
    -------
    function
        From the step $t = 0, 1, \dots$ to the learning rate $\eta_t$.

    Raises
    ------
    ValueError
        If `lr` is negative, `every` is not a positive integer, or `factor` is outside
        its range.

    Examples
    --------
    >>> import nnref
    >>> schedule = nnref.step_decay(0.5, every=2)
    >>> [round(schedule(t), 4) for t in range(6)]
    [0.5, 0.5, 0.05, 0.05, 0.005, 0.005]
    >>> schedule = nnref.step_decay(1.0, every=1, factor=0.5)
    >>> [schedule(t) for t in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """
    lr, factor = number(lr, "lr", "[0, inf)"), number(factor, "factor", "(0, 1]")
    every = whole(every, "every")
    return _Schedule(_step_decay, lr=lr, every=every, factor=factor)


def _step_decay(t: int, lr: float, every: int, factor: float) -> float:
    return lr * factor ** (t // every)


def exponential_decay(lr: float, factor: float) -> Schedule:
    r"""Learning rate that falls by a factor at every step.

    $$
    \eta_t = \eta_0 \, \gamma^t
    $$

    Parameters
    ----------
    lr : float
        $\eta_0$.
    factor : float
        $\gamma$ in $(0, 1]$.

    Returns
    -------
    function
        From the step $t = 0, 1, \dots$ to the learning rate $\eta_t$.

    Raises
    ------
    ValueError
        If `lr` is negative or `factor` is outside its range.

    Examples
    --------
    >>> import nnref
    >>> schedule = nnref.exponential_decay(0.8, factor=0.5)
    >>> [round(schedule(t), 4) for t in range(4)]
    [0.8, 0.4, 0.2, 0.1]
    """
    lr, factor = number(lr, "lr", "[0, inf)"), number(factor, "factor", "(0, 1]")
    return _Schedule(_exponential_decay, lr=lr, factor=factor)


def _exponential_decay(t: int, lr: float, factor: float) -> float:
    return lr * factor**t


def cosine_decay(lr: float, steps: int, *, final: float = 0.0) -> Schedule:
    r"""Learning rate that falls along half a wave of the cosine, then stays.

    $$
    \eta_t = \eta_T + \frac{\eta_0 - \eta_T}{2}
    \left(1 + \cos\left(\pi \, \frac{\min(t, T)}{T}\right)\right)
    $$

    Parameters
    ----------
    lr : float
        $\eta_0$.
    steps : int
        $T$.
    final : float
        $\eta_T$, reached at step $T$.

    Returns
    -------
    function
        From the step $t = 0, 1, \dots$ to the learning rate $\eta_t$.

    Raises
    ------
    ValueError
        If `lr` or `final` is negative, or `steps` is not a positive integer.

    References
    ----------
    I. Loshchilov and F. Hutter (2017). SGDR: Stochastic gradient descent with warm
    restarts. ICLR.

    Examples
    --------
    >>> import nnref
    >>> schedule = nnref.cosine_decay(0.4, steps=4)
    >>> [round(schedule(t), 4) for t in range(6)]
    [0.4, 0.3414, 0.2, 0.0586, 0.0, 0.0]
    >>> schedule = nnref.cosine_decay(0.4, steps=3, final=0.1)
    >>> [round(schedule(t), 4) for t in range(5)]
    [0.4, 0.325, 0.175, 0.1, 0.1]
    """
    lr, final = number(lr, "lr", "[0, inf)"), number(final, "final", "[0, inf)")
    return _Schedule(_cosine_decay, lr=lr, steps=whole(steps, "steps"), final=final)


def _cosine_decay(t: int, lr: float, steps: int, final: float) -> float:
    falling = (1 + math.cos(math.pi * min(t, steps) / steps)) / 2
    return final + (lr - final) * falling


def warmup(lr: float | Schedule, steps: int) -> Schedule:
    r"""Learning rate that rises in equal steps to what it would be without warm-up.

    $$
    \tilde{\eta}_t = \eta_t \, \min\left(1, \frac{t + 1}{T}\right)
    $$

    Parameters
    ----------
    lr : float, or function of the step
        $\eta_t$.
    steps : int
        $T$. The first step takes a $T$-th of its learning rate.

    Returns
    -------
    function
        From the step $t = 0, 1, \dots$ to the learning rate $\tilde{\eta}_t$.

    Raises
    ------
    ValueError
        If `lr` is negative or `steps` is not a positive integer.

    References
    ----------
    P. Goyal et al. (2017). Accurate, large minibatch SGD: Training ImageNet in 1 hour.
    arXiv:1706.02677.

    Examples
    --------
    >>> import nnref
    >>> schedule = nnref.warmup(0.8, steps=4)
    >>> [round(schedule(t), 4) for t in range(6)]
    [0.2, 0.4, 0.6, 0.8, 0.8, 0.8]
    >>> schedule = nnref.warmup(nnref.exponential_decay(1.0, 0.5), steps=2)
    >>> [schedule(t) for t in range(4)]
    [0.5, 0.5, 0.25, 0.125]
    """
    base = lr if callable(lr) else number(lr, "lr", "[0, inf)")
    return _Schedule(_warmup, lr=base, steps=whole(steps, "steps"))


def _warmup(t: int, lr: float | Schedule, steps: int) -> float:
    rate = lr(t) if callable(lr) else lr
    return rate * min(1, (t + 1) / steps)
