"""Generators in places where their text cannot stand."""

import numpy as np


def _halves(a):
    while a > 0.1:
        yield a
        a = a * 0.5


def _itself(a):
    for v in _itself(a * 0.5):
        yield v


def _handed_on(a):
    yield from _halves(a)


def _sent(a):
    b = yield a
    yield b


def _guarded(a):
    try:
        yield a
    finally:
        a = 0.0


def _with_a_function(a):
    def g(v):
        return v * a

    yield g(a)


def first_of_a_generator(s):
    return next(_halves(s))


def a_generator_that_two_loops_go_over(s):
    found = _halves(s)
    for v in found:
        if v < 0.2:
            break
        s = s + v
    for v in found:
        s = s + v
    return s


def a_generator_that_each_round_goes_over(s, n):
    found = _halves(s)
    for _ in range(n):
        for v in found:
            s = s + v
    return s


def a_generator_beside_another(s):
    for v, w in zip(_halves(s), _halves(s)):
        s = s + v * w
    return s


def a_generator_beside_numbers(s, n):
    for k, w in zip(range(n), _halves(s)):
        s = s + k * w
    return s


def largest_of_a_generator(s):
    return np.max(_halves(s))


def a_generator_that_goes_over_itself(s):
    for v in _itself(s):
        s = s + v
    return s


def a_generator_that_hands_on(s):
    for v in _handed_on(s):
        s = s + v
    return s


def a_generator_that_is_sent_something(s):
    for v in _sent(s):
        s = s + v
    return s


def a_generator_that_catches(s):
    for v in _guarded(s):
        s = s + v
    return s


def a_generator_with_a_function_in_it(s):
    for v in _with_a_function(s):
        s = s + v
    return s


def a_generator_given_too_much(s):
    for v in _halves(s, s):
        s = s + v
    return s
