"""Optimizers: for each a row with its kernel, its memory and its constants.

From a row come both forms. The pure one, `init` and `update`, has the shape of optax's and works
on structures of NumPy arrays. In a compiled step the kernel stands inside the loop over each leaf,
so that the gradient is never stored. Kernels see numbers of the leaf's own dtype only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tangent_fwd.optim import tree
from tangent_fwd.optim.checks import number, positive
from tangent_fwd.optim.schedules import Rate, as_rate


class OptimizerState(NamedTuple):
    """What an optimizer remembers: steps taken, and for each of its slots one array per leaf."""

    step: int
    slots: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Optimizer:
    """One way to turn gradients into changes.

    `kernel(theta, g, *slots, *constants)` gives the change of a parameter, and with it the new
    slots if there are any. It is arithmetic on numbers or arrays of one dtype, without any name
    but `np` and without a literal that has a point, which would widen a float32.
    `constants(step, rate, *settings)` gives the kernel's constants for one step.
    """

    name: str
    lr: Rate
    kernel: Callable[..., Any]
    constants: Callable[..., Any]
    slots: tuple[str, ...] = ()
    settings: tuple[tuple[str, float], ...] = ()

    def init(self, params: Any) -> OptimizerState:
        """The state before the first step, for parameters of this structure.

        Args:
            params: float32 and float64 arrays and floats in tuples, named tuples, dicts and
                dataclasses.

        Raises:
            TypeError, ValueError: something in it cannot be trained; the message says where.
        """
        leaves = tree.read(params, "params", in_place=False).leaves
        zeros = [tuple(np.zeros_like(leaf.array) for leaf in leaves) for _ in self.slots]
        return OptimizerState(0, tuple(zeros))

    def update(self, grads: Any, state: OptimizerState, params: Any) -> tuple[Any, OptimizerState]:
        """The changes for one step, which `apply_updates` adds to the parameters.

        Nothing is changed in place, and everything keeps the dtype of its parameter.

        Args:
            grads: the gradient, in the structure of `params`.
            state: what `init` or the last `update` returned.
            params: the parameters.

        Returns:
            `(updates, state)`, the updates in the structure of `params`.

        Raises:
            TypeError, ValueError: the two structures differ; the message says where.
        """
        held = tree.read(params, "params", in_place=False)
        given = tree.same_shape(held, grads, "grads")
        changes: list[Any] = []
        slots: list[list[Any]] = []
        for i, (leaf, grad) in enumerate(zip(held.leaves, given.leaves)):
            constants = [leaf.array.dtype.type(c) for c in self.constants_at(state.step)]
            mine = [slot[i] for slot in state.slots]
            made = self.kernel(leaf.array, grad.array, *mine, *constants)
            change, *new = made if mine else (made,)
            changes.append(change[0] if leaf.scalar else change)
            slots.append(new)
        updates = held.build(changes)
        return updates, OptimizerState(state.step + 1, tuple(zip(*slots)))

    def constants_at(self, step: int) -> tuple[float, ...]:
        """The kernel's constants for a step, counted from 0."""
        settings = [value for _, value in self.settings]
        return tuple(self.constants(step, float(self.lr(step)), *settings))

    def constant_names(self) -> list[str]:
        """What the kernel calls its constants."""
        return list(inspect.signature(self.kernel).parameters)[2 + len(self.slots) :]


def apply_updates(params: Any, updates: Any) -> Any:
    """`params` plus `updates`, as new arrays in the same structure.

    Raises TypeError or ValueError, naming the leaf, where the two do not fit.
    """
    held = tree.read(params, "params", in_place=False)
    given = tree.same_shape(held, updates, "updates")
    return held.build([a.value + b.value for a, b in zip(held.leaves, given.leaves)])


def SGD(
    lr: Any, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0
) -> Optimizer:
    """Gradient descent, plain or with momentum.

    Args:
        lr: the rate: a number, a schedule, or a function of the step that numba can compile.
        momentum: the share of the last change that stays; 0 keeps no memory.
        nesterov: look ahead along the momentum (Sutskever et al., 2013, in the form that PyTorch
            uses).
        weight_decay: added to the gradient, times the parameter.

    Raises:
        TypeError, ValueError: a number is none, or out of bounds.
    """
    decay = ("weight_decay", number("weight_decay", weight_decay, least=0.0))
    mass = number("momentum", momentum, least=0.0, below=1.0)
    if not mass:
        if nesterov:
            raise ValueError("nesterov needs a momentum above 0")
        return Optimizer("SGD", as_rate(lr), sgd, sgd_constants, (), (decay,))
    return Optimizer(
        "SGD",
        as_rate(lr),
        sgd_nesterov if nesterov else sgd_momentum,
        momentum_constants,
        ("velocity",),
        (("momentum", mass), decay),
    )


def Adam(
    lr: Any = 1e-3, b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8, weight_decay: float = 0.0
) -> Optimizer:
    """Adam (Kingma and Ba, 2015, algorithm 1).

    Args:
        lr: as for `SGD`.
        b1, b2: how much of the mean of the gradient, and of its square, stays at each step.
        eps: added to the root, so that nothing is divided by zero.
        weight_decay: added to the gradient, times the parameter.

    Raises:
        TypeError, ValueError: a number is none, or out of bounds.
    """
    settings = _moments(b1, b2, eps, weight_decay)
    return Optimizer("Adam", as_rate(lr), adam, adam_constants, ("mean", "square"), settings)


def AdamW(
    lr: Any = 1e-3,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 1e-2,
) -> Optimizer:
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019, algorithm 2).

    Args and exceptions as for `Adam`; the parameter shrinks by the share lr · weight_decay.
    """
    settings = _moments(b1, b2, eps, weight_decay)
    return Optimizer("AdamW", as_rate(lr), adamw, adamw_constants, ("mean", "square"), settings)


def RMSprop(
    lr: Any = 1e-2, decay: float = 0.99, eps: float = 1e-8, momentum: float = 0.0
) -> Optimizer:
    """The gradient over the root of the mean of its square (Tieleman and Hinton, 2012).

    Args:
        lr: as for `SGD`.
        decay: how much of the mean of the square stays at each step.
        eps: added to the root.
        momentum: as for `SGD`, over the scaled gradient.

    Raises:
        TypeError, ValueError: a number is none, or out of bounds.
    """
    settings = (
        ("decay", number("decay", decay, least=0.0, below=1.0)),
        ("eps", positive("eps", eps)),
    )
    mass = number("momentum", momentum, least=0.0, below=1.0)
    if not mass:
        return Optimizer("RMSprop", as_rate(lr), rmsprop, rmsprop_constants, ("square",), settings)
    return Optimizer(
        "RMSprop",
        as_rate(lr),
        rmsprop_momentum,
        rmsprop_momentum_constants,
        ("square", "velocity"),
        (*settings, ("momentum", mass)),
    )


def _moments(b1: Any, b2: Any, eps: Any, weight_decay: Any) -> tuple[tuple[str, float], ...]:
    return (
        ("b1", number("b1", b1, least=0.0, below=1.0)),
        ("b2", number("b2", b2, least=0.0, below=1.0)),
        ("eps", positive("eps", eps)),
        ("weight_decay", number("weight_decay", weight_decay, least=0.0)),
    )


# Kernels and constants. Their text is copied into the compiled step.


def sgd(theta: Any, g: Any, rate: Any, decay: Any) -> Any:
    """Down the gradient."""
    return -rate * (g + decay * theta)


def sgd_constants(step: Any, rate: Any, decay: Any) -> Any:
    """The constants of `sgd`."""
    return rate, decay


def sgd_momentum(theta: Any, g: Any, velocity: Any, rate: Any, mass: Any, decay: Any) -> Any:
    """Down a running sum of gradients."""
    velocity = mass * velocity + (g + decay * theta)
    return -rate * velocity, velocity


def sgd_nesterov(theta: Any, g: Any, velocity: Any, rate: Any, mass: Any, decay: Any) -> Any:
    """Down a running sum of gradients, one step ahead of itself."""
    g = g + decay * theta
    velocity = mass * velocity + g
    return -rate * (g + mass * velocity), velocity


def momentum_constants(step: Any, rate: Any, mass: Any, decay: Any) -> Any:
    """The constants of `sgd_momentum` and `sgd_nesterov`."""
    return rate, mass, decay


def adam(
    theta: Any, g: Any, mean: Any, square: Any,
    b1: Any, rest1: Any, b2: Any, rest2: Any, stride: Any, lift: Any, eps: Any, decay: Any,
) -> Any:  # fmt: skip
    """The mean of the gradient over the root of the mean of its square."""
    g = g + decay * theta
    mean = b1 * mean + rest1 * g
    square = b2 * square + rest2 * (g * g)
    return -stride * mean / (lift * np.sqrt(square) + eps), mean, square


def adam_constants(step: Any, rate: Any, b1: Any, b2: Any, eps: Any, decay: Any) -> Any:
    """The constants of `adam`: means that begin at zero are scaled up in the first steps."""
    stride = rate / (1.0 - b1 ** (step + 1))
    lift = 1.0 / np.sqrt(1.0 - b2 ** (step + 1))
    return b1, 1.0 - b1, b2, 1.0 - b2, stride, lift, eps, decay


def adamw(
    theta: Any, g: Any, mean: Any, square: Any,
    b1: Any, rest1: Any, b2: Any, rest2: Any, stride: Any, lift: Any, eps: Any, shrink: Any,
) -> Any:  # fmt: skip
    """Adam, and the parameter shrinks by a share of its own."""
    mean = b1 * mean + rest1 * g
    square = b2 * square + rest2 * (g * g)
    return -stride * mean / (lift * np.sqrt(square) + eps) - shrink * theta, mean, square


def adamw_constants(step: Any, rate: Any, b1: Any, b2: Any, eps: Any, decay: Any) -> Any:
    """The constants of `adamw`: means that begin at zero are scaled up in the first steps."""
    stride = rate / (1.0 - b1 ** (step + 1))
    lift = 1.0 / np.sqrt(1.0 - b2 ** (step + 1))
    return b1, 1.0 - b1, b2, 1.0 - b2, stride, lift, eps, rate * decay


def rmsprop(theta: Any, g: Any, square: Any, rate: Any, stay: Any, rest: Any, eps: Any) -> Any:
    """The gradient over the root of the mean of its square."""
    square = stay * square + rest * (g * g)
    return -rate * g / (np.sqrt(square) + eps), square


def rmsprop_constants(step: Any, rate: Any, decay: Any, eps: Any) -> Any:
    """The constants of `rmsprop`."""
    return rate, decay, 1.0 - decay, eps


def rmsprop_momentum(
    theta: Any, g: Any, square: Any, velocity: Any,
    rate: Any, stay: Any, rest: Any, eps: Any, mass: Any,
) -> Any:  # fmt: skip
    """Down a running sum of scaled gradients."""
    square = stay * square + rest * (g * g)
    velocity = mass * velocity + g / (np.sqrt(square) + eps)
    return -rate * velocity, square, velocity


def rmsprop_momentum_constants(step: Any, rate: Any, decay: Any, eps: Any, mass: Any) -> Any:
    """The constants of `rmsprop_momentum`."""
    return rate, decay, 1.0 - decay, eps, mass
