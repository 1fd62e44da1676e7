"""Helpers of another file, each with something in it that is refused."""

import numpy as np
from numba.extending import overload

MEMORY = np.zeros(2)
SCALE = 2.0


def comprehends(v):
    return v * len(b"abc")


def calls_one_that_comprehends(v):
    return comprehends(v) * SCALE


def drawn(values):
    draw = np.random.poisson(values[0])
    return draw


def indexes(v):
    return v[0]


def misspells(v):
    return v * SCLAE


def remembers(v):
    MEMORY[0] = v
    return MEMORY[0]


def generates(v):
    yield v


async def waits(v):
    return v


def with_history(v, history=[]):
    return v


def returns_nothing(v):
    v * 2.0


def counted(v):
    return np.random.poisson(v)


exec("def _made(v):\n    return v * v\n")
WITHOUT_SOURCE = _made


def overloaded(out):
    """What compiled code runs is written below."""


@overload(overloaded)
def _overloaded(out):
    def fill(out):
        out[:] = 3.0

    return fill
