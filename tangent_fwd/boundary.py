"""Where values come in from Python: bound to their arguments, named, checked.

Two speeds.
`read` here, `fitting.py` and `apart.py` look at every value and explain what is wrong with it in
a sentence that names the argument.
`dispatch.py` writes, for each signature that has passed, a short function which repeats only the
comparisons that can still differ; when one fails, the call comes back here for the sentence.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Leaf:
    """One value that is not a tuple.

    `dtype` is None where there is none (strings, None); `zero_d` marks a 0-d array, which the
    compiled function receives as a scalar; `ndim` is the number of an array's axes. Of a list, a
    dict or a set, whose class is `holder`, `dtype` is that of what it holds: numbers, or arrays of
    `ndim` axes.
    """

    path: str
    dtype: np.dtype[Any] | None
    is_array: bool = False
    layout: str = ""
    zero_d: bool = False
    ndim: int = 0
    holder: type | None = None

    @property
    def floating(self) -> bool:
        """Whether the value can carry a tangent."""
        if self.dtype is not None and self.dtype.names is not None:
            return _has_floats(self.dtype)
        return self.dtype is not None and self.dtype.kind in "fc"

    @property
    def is_complex(self) -> bool:
        """Whether the value is made of complex numbers."""
        return self.dtype is not None and self.dtype.kind == "c"


@dataclass(frozen=True)
class Branch:
    """A tuple or a named tuple; `parts.py` has others."""

    path: str
    cls: type
    children: tuple[Tree, ...]

    def parts(self, value: Any) -> Sequence[Any]:
        """What stands in the places of the children."""
        found: Sequence[Any] = value
        return found

    def made(self, parts: Sequence[Any]) -> Any:
        """A value of this build with other parts."""
        return tuple(parts) if self.cls is tuple else self.cls(*parts)

    def blocks(self, parts: Sequence[Any]) -> Any:
        """The blocks of a Jacobian, one for each part, where such a value stood."""
        return self.made(parts)


Tree = Leaf | Branch


def _has_floats(dtype: np.dtype[Any]) -> bool:
    if dtype.names is None:
        return dtype.base.kind in "fc"
    return any(_has_floats(dtype[name]) for name in dtype.names)


def leaves(tree: Tree) -> Iterator[Leaf]:
    """The leaves of `tree`, left to right."""
    if isinstance(tree, Leaf):
        yield tree
    else:
        for child in tree.children:
            yield from leaves(child)


def values(tree: Tree, value: Any) -> Iterator[Any]:
    """The values at the leaves of `tree`, left to right."""
    if isinstance(tree, Leaf):
        yield value
    else:
        for child, part in zip(tree.children, tree.parts(value)):
            yield from values(child, part)


def bind(
    name: str, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Any, ...]:
    """`args` and `kwargs` in the order of the parameters, defaults filled in.

    Raises TypeError, with the name of the function and of the argument, as Python would.
    """
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"`{name}`: {error}") from None
    bound.apply_defaults()
    return tuple(bound.arguments.values())


def starred(signature: inspect.Signature) -> int | None:
    """The position of `*args`, if there is such a parameter."""
    kinds = [p.kind for p in signature.parameters.values()]
    several = inspect.Parameter.VAR_POSITIONAL
    return kinds.index(several) if several in kinds else None


def packed(signature: inspect.Signature, primals: Sequence[Any]) -> tuple[Any, ...]:
    """Positional arguments with those that `*args` takes in one tuple, as the function has them."""
    first = starred(signature)
    assert first is not None
    return (*primals[:first], tuple(primals[first:]))


def positional(name: str, signature: inspect.Signature, primals: Sequence[Any]) -> tuple[Any, ...]:
    """All arguments from `primals`, which may leave out trailing ones that have defaults."""
    parameters = list(signature.parameters.values())
    if len(primals) > len(parameters):
        raise TypeError(
            f"`{name}` takes {_count(len(parameters), 'argument')}, "
            f"but primals holds {len(primals)}"
        )
    rest = parameters[len(primals) :]
    missing = [f"`{p.name}`" for p in rest if p.default is p.empty]
    if missing:
        raise TypeError(f"`{name}`: primals lacks {', '.join(missing)}")
    return (*primals, *(p.default for p in rest))


def read(value: Any, path: str, inside: bool = False) -> Tree:
    """What `value`, the argument called `path`, is made of.

    Raises TypeError for what must not reach compiled code: subclasses of `numpy.ndarray` (a mask
    would be ignored), foreign byte orders, half and extended precision, objects, dicts, and lists
    of values of different kinds, or `inside` a tuple.
    """
    if is_holder(value):
        return _holder(value, path, inside)
    if isinstance(value, tuple):
        return _branch(value, path)
    if isinstance(value, np.ndarray):
        if type(value) is not np.ndarray:
            raise TypeError(
                f"`{path}` is a {class_name(value)}, whose behaviour compiled code would ignore; "
                f"pass a plain array, e.g. np.asarray({path})"
            )
        _check_dtype(value.dtype, path)
        dtype = value.dtype
        if dtype.names is None:
            # The one shared object for this type, which the warm path compares by identity.
            dtype = np.dtype(dtype.char)
        if value.ndim == 0 and dtype.names is not None:
            raise TypeError(f"`{path}` is one record; pass an array of one, {path}.reshape(1)")
        if value.ndim == 0:
            return Leaf(path, dtype, zero_d=True)
        return Leaf(path, dtype, is_array=True, layout=layout(value), ndim=value.ndim)
    if isinstance(value, np.void):
        raise TypeError(f"`{path}` is one record; pass an array of one, np.array([{path}])")
    if isinstance(value, (bool, int, float, complex, np.generic)):
        dtype = value.dtype if isinstance(value, np.generic) else _python(value)
        _check_dtype(dtype, path)
        return Leaf(path, dtype)
    if isinstance(value, dict):
        advice = "pass a tuple, a named tuple or a numba.typed.Dict"
        raise TypeError(f"`{path}` is a {type(value).__name__}; {advice}")
    if any(cls.__module__.startswith("numba.experimental.") for cls in type(value).__mro__):
        raise TypeError(
            f"`{path}` is an instance of a class that numba compiles, a jitclass or a structref; "
            "pass its fields as a tuple or a named tuple"
        )
    if isinstance(value, slice):
        raise TypeError(f"`{path}` is a slice; pass where it starts and stops as integers")
    return Leaf(path, None)


def order(layout: str) -> Any:
    """The order in which a new array lies in memory where that of an argument is `layout`."""
    return "F" if layout == "F" else "C"


def layout(array: Array) -> str:
    """`C`, `F` or `A`, as numba would type `array`."""
    flags = array.flags
    return "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"


def _branch(value: tuple[Any, ...], path: str) -> Branch:
    fields = getattr(value, "_fields", None)
    if type(value) is not tuple and fields is None:
        raise TypeError(f"`{path}` is a {class_name(value)}; pass a plain or a named tuple")
    names = (
        [f"{path}.{f}" for f in fields] if fields else [f"{path}[{i}]" for i in range(len(value))]
    )
    parts = (read(part, name, inside=True) for part, name in zip(value, names))
    return Branch(path, type(value), tuple(parts))


def is_holder(value: Any) -> bool:
    """Whether a value is a list, a set, or a list or a dict of numba's."""
    cls = type(value)
    typed = cls.__module__.startswith("numba.typed.") and cls.__name__ in ("List", "Dict")
    return cls is list or cls is set or typed


def _holder(value: Any, path: str, inside: bool) -> Leaf:
    """What a list, a dict or a set is made of."""
    what = {"List": "typed list", "Dict": "typed dict"}.get(type(value).__name__, class_name(value))
    if inside:
        raise TypeError(f"`{path}` is a {what} inside a tuple or a list, which cannot be passed on")
    if len(value) == 0:
        raise TypeError(f"`{path}` is an empty {what}: nothing tells what it may hold")
    parts = list(value.values()) if hasattr(value, "values") else list(value)
    found = [read(part, path, inside=True) for part in parts]  # alike, or not equal
    first = found[0]
    if not isinstance(first, Leaf) or first.dtype is None or first.zero_d:
        raise TypeError(f"`{path}` is a {what} of neither numbers nor arrays; pass a tuple")
    if any(other != first for other in found):
        raise TypeError(f"`{path}` is a {what} of values of different kinds; pass a tuple")
    if isinstance(value, set) and first.floating:
        raise TypeError(f"`{path}` is a set of floats, which has no tangent; pass a list")
    if any(isinstance(part, np.ndarray) and not part.flags.writeable for part in parts):
        raise TypeError(f"`{path}` is a {what} that holds a read-only array; pass a copy of it")
    return replace(first, is_array=False, holder=type(value))


def _python(value: object) -> np.dtype[Any]:
    kinds = ((bool, np.bool_), (int, np.int64), (float, np.float64), (complex, np.complex128))
    return np.dtype(next(kind for cls, kind in kinds if isinstance(value, cls)))


def _check_dtype(dtype: np.dtype[Any], path: str) -> None:
    if not dtype.isnative:
        raise TypeError(
            f"`{path}` has dtype {dtype} in a foreign byte order; "
            f"convert it with {path}.astype({path}.dtype.newbyteorder('='))"
        )
    if dtype.kind == "O" or (dtype.kind in "fc" and dtype.char not in "fdFD"):
        raise TypeError(f"`{path}` has dtype {dtype}, which numba does not compile")


def scalars(value: Any) -> Any:
    """`value` with its 0-d arrays as scalars, which is how compiled code receives them."""
    if isinstance(value, tuple):
        parts = tuple(map(scalars, value))
        return parts if type(value) is tuple else type(value)(*parts)
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def class_name(value: object) -> str:
    """The class of a value as messages say it."""
    cls = type(value)
    return (
        cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def all_owners(*held: Any) -> bool:
    """Whether each is an array that owns its memory and stands here once: then all are apart, and
    the many pairs of a function with many arguments need not be looked at.
    """
    for array in held:
        if type(array) is not np.ndarray or not array.flags.owndata:
            return False
    return len(set(map(id, held))) == len(held)
