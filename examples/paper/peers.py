"""Backpropagation by PyTorch and by JAX, for the paper's experiments; each where it is installed.

Parameters go in and come out in the structure that our losses take: a tuple of (W, b) for each
layer, W of shape (inputs, outputs), or (3, 3, channels, outputs) for a convolution.
"""

from __future__ import annotations

import importlib.util
import math
from typing import Any

import numpy as np

from examples.paper.race import RATE_DECAY, Runner


def installed(name: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(name) is not None


# --- PyTorch -----------------------------------------------------------------------------------


def torch_model(params: Any, threads: int) -> Any:
    """Dense layers with ReLU between them; four convolutions before, where `params` has them."""
    import torch

    class Order(torch.nn.Module):
        """Channels first for PyTorch's convolutions, last for rows of features as ours are."""

        def __init__(self, *axes: int) -> None:
            super().__init__()
            self.axes = axes

        def forward(self, x: Any) -> Any:
            return x.permute(self.axes)

    torch.set_num_threads(threads)
    modules: list[Any] = [Order(0, 3, 1, 2)] if params[0][0].ndim == 4 else []
    for place, (W, b) in enumerate(params):
        if W.ndim == 4:
            module = torch.nn.Conv2d(W.shape[2], W.shape[3], W.shape[:2], padding="same")
            values = W.transpose(3, 2, 0, 1)
        else:
            module = torch.nn.Linear(*W.shape)
            values = W.T
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(values.copy()))
            module.bias.copy_(torch.from_numpy(b))
        modules.append(module)
        if place < len(params) - 1:
            modules.append(torch.nn.ReLU())
        if W.ndim == 4 and place % 2:
            modules.append(torch.nn.MaxPool2d(2))
        if W.ndim == 4 and params[place + 1][0].ndim == 2:
            modules += [Order(0, 2, 3, 1), torch.nn.Flatten()]
    return torch.nn.Sequential(*modules)


def torch_parameters(model: Any) -> Any:
    """The parameters of such a model, as our losses take them."""
    found = []
    for module in model:
        if hasattr(module, "weight"):
            W, b = module.weight.detach().numpy(), module.bias.detach().numpy()
            turned = W.transpose(2, 3, 1, 0) if W.ndim == 4 else W.T
            found.append((np.ascontiguousarray(turned), b))
    return tuple(found)


def torch_runner(
    name: str,
    params: Any,
    rate: float,
    batch: int,
    threads: int = 1,
    decay: float = RATE_DECAY,
    compiled: bool = False,
) -> Runner:
    """Forward, backward and `torch.optim.SGD` for each batch; `compiled`: by torch.compile."""
    import torch

    model = torch_model(params, threads)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    criterion = torch.nn.CrossEntropyLoss()

    def loss(x: Any, y: Any) -> Any:
        return criterion(model(x), y)

    forward = torch.compile(loss) if compiled else loss

    def run(images: Any, labels: Any, first: int) -> None:
        x, y = torch.from_numpy(images), torch.from_numpy(labels)
        for i, start in enumerate(range(0, len(labels), batch)):
            optimizer.param_groups[0]["lr"] = rate * math.exp(-(first + i) * decay)
            optimizer.zero_grad(set_to_none=True)
            forward(x[start : start + batch], y[start : start + batch]).backward()
            optimizer.step()

    return Runner(name, run, lambda: torch_parameters(model))


# --- JAX ---------------------------------------------------------------------------------------


def jax_loss(params: Any, images: Any, labels: Any) -> Any:
    """The same networks, as JAX takes them; images of a convolution are (n, rows, columns, 1)."""
    import jax
    import jax.numpy as jnp

    x = images
    for place, (W, b) in enumerate(params):
        if W.ndim == 4:
            x = jax.lax.conv_general_dilated(
                x, W, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
        else:
            x = x.reshape(len(x), -1) @ W
        x = x + b
        if place < len(params) - 1:
            x = jax.nn.relu(x)
        if W.ndim == 4 and place % 2:
            square = (1, 2, 2, 1)
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, square, square, "VALID")
    right = jnp.take_along_axis(x, labels[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(x, axis=1) - right)


def jax_runner(
    name: str, params: Any, rate: float, batch: int, decay: float = RATE_DECAY
) -> Runner:
    """One compiled step (loss, gradient, update, old parameters given back) for each batch."""
    import jax
    import jax.numpy as jnp

    def step(params: Any, images: Any, labels: Any, rate: Any) -> Any:
        gradient = jax.grad(jax_loss)(params, images, labels)
        return jax.tree.map(lambda p, g: p - rate * g, params, gradient)

    compiled = jax.jit(step, donate_argnums=0)
    held = [jax.tree.map(jnp.array, params)]

    def run(images: Any, labels: Any, first: int) -> None:
        for i, start in enumerate(range(0, len(labels), batch)):
            now = np.float32(rate * math.exp(-(first + i) * decay))
            held[0] = compiled(
                held[0], images[start : start + batch], labels[start : start + batch], now
            )
        jax.block_until_ready(held[0])

    return Runner(name, run, lambda: jax.tree.map(np.asarray, held[0]))
