"""Derivatives that users write themselves, for functions of theirs and of others.

A rule is a flat function, written in the language that the compiler takes: the arguments, then a
tangent for each of them; it returns the value and its tangent.

    @custom_jvp
    def log1pexp(x):
        return np.log(1.0 + np.exp(x))

    @log1pexp.defjvp
    def rule(x, d_x):
        return np.log(1.0 + np.exp(x)), d_x / (1.0 + np.exp(-x))
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_RULES: dict[Any, Callable[..., Any] | None] = {}


class CustomJvp:
    """A function with a derivative of its own; `custom_jvp` makes it.

    It is called like the function, from Python and inside `@njit` code.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.py_func = getattr(function, "py_func", function)
        self.__name__: str = self.py_func.__name__
        self.__qualname__: str = self.py_func.__qualname__
        self.__module__ = self.py_func.__module__
        self.__doc__ = self.py_func.__doc__
        _RULES[self.py_func] = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.py_func(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<custom_jvp {self.__module__}.{self.__qualname__}>"

    def defjvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Take a function as the derivative, as `register_jvp` does, and give it back."""
        register_jvp(self.py_func, rule)
        return rule

    @functools.cached_property
    def _dispatcher(self) -> Any:
        from numba import njit

        return njit(error_model="numpy", fastmath=False)(self.py_func)

    @property
    def _numba_type_(self) -> Any:
        # numba asks for this when the object turns up in compiled code.
        return self._dispatcher._numba_type_


def custom_jvp(function: Callable[..., Any]) -> CustomJvp:
    """Mark a function as one whose derivative is given by hand, with `@function.defjvp`.

    Use it where the derivative of the text is not the one you want: it loses digits, goes through
    an iteration whose end is known, or through what cannot be differentiated.

    Args:
        function: a plain function or a numba dispatcher. It must not write to its arguments.

    Returns:
        An object that is called like the function and has the decorator `defjvp`.
    """
    return CustomJvp(function)


def register_jvp(function: Callable[..., Any], rule: Callable[..., Any]) -> None:
    """Give a function that is not yours a derivative, before what calls it is differentiated.

    Args:
        function: a Python function, a numba dispatcher, a NumPy or SciPy function: what the name
            in the code to be differentiated stands for. Where it has no Python source its value
            comes from the rule as well.
        rule: `rule(x, y, d_x, d_y)` returns `(value, tangent)`, for tangents of the types and
            shapes of the arguments. The tangent of an argument that stands still is zeros, and
            None for one that can have none, such as an integer. It is compiled like any function
            that is differentiated, and is differentiated itself for second derivatives.

    Raises:
        TypeError: one of both cannot be called.
    """
    for given in (function, rule):
        if not callable(given):
            raise TypeError(f"register_jvp takes two functions, not {given!r}")
    _RULES[_key(function)] = getattr(rule, "py_func", rule)


def rule_of(function: Any) -> Callable[..., Any] | None:
    """The rule that was given for a function; None where there is none, or none yet."""
    return _RULES.get(_key(function)) if has_rule(function) else None


def has_rule(function: Any) -> bool:
    """Whether a function's derivative is given by a rule, be it still to come."""
    try:
        return _key(function) in _RULES
    except TypeError:  # what cannot be looked up has none
        return False


def _key(function: Any) -> Any:
    return getattr(function, "py_func", function)
