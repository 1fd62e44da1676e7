"""Helpers that live in another module than the programs that call them."""

import math

import numpy as np
from numba import njit

GRAVITY = 9.81


def softplus(a):
    """A smooth relu."""
    return math.log1p(math.exp(a))


@njit
def swish(a):
    return a / (1.0 + math.exp(-a))


@njit
def center(v):
    return v - np.mean(v)


def fall(time):
    """Uses a constant of this module, which the caller's module does not have."""
    return 0.5 * GRAVITY * time**2


def fill_powers(base, target):
    """Write 1, base, base**2, ... into ``target``."""
    target[0] = 1.0
    for i in range(1, target.size):
        target[i] = target[i - 1] * base


def gauss(a):
    return a * 3.0


def halves(a, n):
    """`a` and its halves."""
    for _ in range(n):
        yield np.tanh(a)
        a = a / GRAVITY
