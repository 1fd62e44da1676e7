"""The same derivatives through JAX, PyTorch and Enzyme, each skipped where it is not installed."""

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks.case import Arguments, PeerBuilder

# What each peer needs, and the name of its column.
MODULES = {"jax": "jax", "torch": "torch", "enzyme": "enzyme_ad"}
COLUMNS = {"jax": "jax jvp", "torch": "torch.func.jvp", "enzyme": "Enzyme fwd"}


def installed(peer: str) -> bool:
    """Whether the peer's package can be found, without importing it."""
    return importlib.util.find_spec(MODULES[peer]) is not None


def torch() -> Any:
    """PyTorch on one thread."""
    module = importlib.import_module("torch")
    module.set_num_threads(1)
    return module


def jax_numpy() -> Any:
    """`jax.numpy` with float64 allowed."""
    importlib.import_module("jax").config.update("jax_enable_x64", True)
    return importlib.import_module("jax.numpy")


def _split(arguments: Arguments, argnums: tuple[int, ...]) -> Callable[..., Arguments]:
    """A function that puts active arguments back among the others."""

    def join(active: Arguments) -> Arguments:
        whole = list(arguments)
        for index, value in zip(argnums, active, strict=True):
            whole[index] = value
        return tuple(whole)

    return join


def jax_jvp(
    program: Callable[..., Any], argnums: tuple[int, ...], static: tuple[int, ...] = ()
) -> PeerBuilder:
    """`jax.jit` of `jax.jvp`; arguments lie on the device, `static` ones are constants."""

    def build(arguments: Arguments, tangents: Arguments) -> Callable[[], Any]:
        jax_numpy()
        jax = importlib.import_module("jax")
        traced = tuple(i for i in range(len(arguments)) if i not in static)
        given = jax.device_put(tuple(arguments[i] for i in traced))
        directions = jax.device_put(tangents)

        def derivative(values: Arguments, lanes: Arguments) -> Any:
            whole = list(arguments)
            for index, value in zip(traced, values, strict=True):
                whole[index] = value
            join = _split(tuple(whole), argnums)
            active = tuple(whole[index] for index in argnums)
            lanes = tuple(
                jax.numpy.asarray(lane, jax.numpy.asarray(value).dtype)
                for lane, value in zip(lanes, active, strict=True)
            )
            active = tuple(jax.numpy.asarray(value) for value in active)
            return jax.jvp(lambda *values: program(*join(values)), active, lanes)

        compiled = jax.jit(derivative)
        return lambda: jax.block_until_ready(compiled(given, directions))

    return build


def torch_jvp(
    program: Callable[..., Any], argnums: tuple[int, ...], slow: bool = False
) -> PeerBuilder:
    """`torch.func.jvp`, eager; `slow` marks a program that takes seconds."""

    def build(arguments: Arguments, tangents: Arguments) -> Callable[[], Any]:
        module = torch()

        def tensor(value: Any, active: bool) -> Any:
            if isinstance(value, np.ndarray):
                return module.from_numpy(value)
            return module.tensor(value, dtype=module.float64) if active else value

        given = tuple(tensor(value, i in argnums) for i, value in enumerate(arguments))
        # Some programs hand every float to a function that takes tensors only.
        given = tuple(tensor(v, isinstance(v, float)) for v in given)
        directions = tuple(tensor(value, True) for value in tangents)
        join = _split(given, argnums)
        active = tuple(given[index] for index in argnums)
        return lambda: module.func.jvp(lambda *v: program(*join(v)), active, directions)

    build.slow = slow  # type: ignore[attr-defined]
    return build


def enzyme_jvp(source: str, argnums: tuple[int, ...]) -> PeerBuilder:
    """Enzyme's forward mode of a C++ `program(out, arguments...)`, called under `jax.jit`."""

    def build(arguments: Arguments, tangents: Arguments) -> Callable[[], Any]:
        jnp = jax_numpy()
        jax = importlib.import_module("jax")
        enzyme = importlib.import_module("enzyme_ad.jax")

        def program(*values: Any) -> Any:
            values = tuple(jnp.atleast_1d(jnp.asarray(v, jnp.float64)) for v in values)
            (out,) = enzyme.cpp_call(
                *values,
                out_shapes=[jax.core.ShapedArray([1], jnp.float64)],
                source=source,
                fn="program",
                argv=("-O3",),
            )
            return out[0]

        return jax_jvp(program, argnums)(arguments, tangents)

    return build
