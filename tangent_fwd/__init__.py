"""Exact directional derivatives of numeric Python, as Python you can read.

    from tangent_fwd import forward_grad

    @forward_grad
    def loss(x): ...

    value, slope = loss.jvp((x,), (v,))    # the function and its derivative along v, in one pass
    print(loss.source)                     # the derivative

The map, from what users call down to the words we think in:

`api`, `forward`       `forward_grad`, the object it returns, and twins of its methods
`optim`                training with random directions: `ForwardGradient` and what it is made of
`testing`, `cli`       `check_jvp`, and `python -m tangent_fwd`
`nn`, `data`           layers and losses to build networks of; labelled images to train them on
`callable`, `compiled` the same object inside compiled code; `f.tangent`
`routes`, `dispatch`   the long and the short way from Python into a compiled function
`gradient`, `jacobian`, `curvature`, `seeds`, `blocks`
                       exact gradients, Jacobians and Hessians, several directions in each pass
`specialise`           text and compiled code for each combination of types
`pipeline`             the list of passes
`transform`            programs to programs: tangent, simplify, fuse, nest
`frontend`, `analysis`, `backend`
                       text to programs; types and activity; programs to text and to machine code
`ir`, `rules`          the language of the passes, and the table of derivatives
`custom`               rules of users, for functions of theirs and of others
`boundary`, `fields`, `parts`, `fitting`, `apart`, `choices`, `options`, `marks`, `source`,
`errors`
                       arguments, options, positions in text, messages

Importing this module imports neither numba nor NumPy: names are fetched when they are used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tangent_fwd import optim as optim
    from tangent_fwd import testing as testing
    from tangent_fwd.api import forward_grad as forward_grad
    from tangent_fwd.api import hessian as hessian
    from tangent_fwd.api import hvp as hvp
    from tangent_fwd.api import jacfwd as jacfwd
    from tangent_fwd.api import jvp as jvp
    from tangent_fwd.api import value_and_grad as value_and_grad
    from tangent_fwd.custom import custom_jvp as custom_jvp
    from tangent_fwd.custom import register_jvp as register_jvp
    from tangent_fwd.errors import ActivityError as ActivityError
    from tangent_fwd.errors import NoRule as NoRule
    from tangent_fwd.errors import SourceUnavailable as SourceUnavailable
    from tangent_fwd.errors import TangentError as TangentError
    from tangent_fwd.errors import TypingFailure as TypingFailure
    from tangent_fwd.errors import UnsupportedFunction as UnsupportedFunction
    from tangent_fwd.errors import UnsupportedSyntax as UnsupportedSyntax
    from tangent_fwd.forward import ForwardGrad as ForwardGrad
    from tangent_fwd.marks import Outer as Outer
    from tangent_fwd.marks import stop_gradient as stop_gradient

__version__ = "0.1.0"

_HOMES = {
    "forward_grad": "api",
    "hessian": "api",
    "hvp": "api",
    "jacfwd": "api",
    "jvp": "api",
    "value_and_grad": "api",
    "ForwardGrad": "forward",
    "custom_jvp": "custom",
    "register_jvp": "custom",
    "Outer": "marks",
    "stop_gradient": "marks",
    "TangentError": "errors",
    "UnsupportedSyntax": "errors",
    "UnsupportedFunction": "errors",
    "NoRule": "errors",
    "ActivityError": "errors",
    "TypingFailure": "errors",
    "SourceUnavailable": "errors",
}

_ROOMS = ("optim", "testing")

__all__ = [*_HOMES, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"tangent_fwd.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'tangent_fwd' has no attribute {name!r}")
    found = getattr(importlib.import_module(f"tangent_fwd.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
