"""Where values come in from Python: bound to their arguments, named, checked.

Two speeds.
`read`, `tangents_of` and `overlap` look at every value and explain what is wrong with it in a
sentence that names the argument.
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

from tangent_fwd.marks import Outer

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
    """A tuple or a named tuple."""

    path: str
    cls: type
    children: tuple[Tree, ...]


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
        for child, part in zip(tree.children, value):
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
                f"`{path}` is a {_class(value)}, whose behaviour compiled code would ignore; "
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


def layout(array: Array) -> str:
    """`C`, `F` or `A`, as numba would type `array`."""
    flags = array.flags
    return "C" if flags.c_contiguous else "F" if flags.f_contiguous else "A"


def _branch(value: tuple[Any, ...], path: str) -> Branch:
    fields = getattr(value, "_fields", None)
    if type(value) is not tuple and fields is None:
        raise TypeError(f"`{path}` is a {_class(value)}; pass a plain or a named tuple")
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
    what = {"List": "typed list", "Dict": "typed dict"}.get(type(value).__name__, _class(value))
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


def check_active(name: str, tree: Tree) -> None:
    """Raise TypeError unless the active argument described by `tree` can carry a tangent."""
    if any(leaf.floating for leaf in leaves(tree)):
        return
    if isinstance(tree, Branch):
        what, advice = "a tuple without floats", "pass floats, or choose another with argnums"
    elif tree.dtype is None:
        what, advice = "neither a float nor an array", "choose another with argnums"
    elif tree.is_array:
        what = f"an array of {tree.dtype}"
        advice = f"pass {tree.path}.astype(float), or choose another with argnums"
    else:
        what, advice = f"of type {tree.dtype}", "pass a float, or choose another with argnums"
    raise TypeError(
        f"cannot differentiate `{name}` with respect to `{tree.path}`: it is {what}; {advice}"
    )


def check_tangents(name: str, trees: Sequence[Tree], primals: Sequence[Any], tangents: Any) -> None:
    """Compare `tangents` with the active arguments, whose descriptions are `trees`.

    Raises TypeError or ValueError naming the argument: one too few or too many, another
    structure, shape or dtype.
    """
    wanted = ", ".join(f"`{tree.path}`" for tree in trees)
    if not isinstance(tangents, (tuple, list)):
        raise TypeError(
            f"`{name}`: tangents must be a tuple with one entry for each of {wanted}, "
            f"not {_class(tangents)}"
        )
    if len(tangents) < len(trees):
        missing = ", ".join(f"`{tree.path}`" for tree in trees[len(tangents) :])
        raise TypeError(f"`{name}`: tangents lacks an entry for {missing}")
    if len(tangents) > len(trees):
        raise TypeError(
            f"`{name}`: tangents holds {len(tangents)} entries, but only {wanted} "
            f"{'is' if len(trees) == 1 else 'are'} active"
        )
    for tree, primal, tangent in zip(trees, primals, tangents):
        _check_tangent(tree, primal, tangent)


def _check_tangent(tree: Tree, primal: Any, tangent: Any) -> None:
    if isinstance(tree, Branch):
        size = len(tree.children)
        if not isinstance(tangent, tuple) or len(tangent) != size:
            got = _class(tangent) if not isinstance(tangent, tuple) else f"{len(tangent)}"
            raise TypeError(
                f"the tangent of `{tree.path}` must be a tuple of {size} entries, got {got}"
            )
        for child, part, moved in zip(tree.children, primal, tangent):
            _check_tangent(child, part, moved)
    elif not tree.floating:
        return  # never active: whatever stands there is replaced by zero
    elif tangent is None:
        raise TypeError(f"the tangent of `{tree.path}` is missing: it is None")
    elif tree.holder is not None:
        _check_holder(tree, primal, tangent)
    elif tree.is_array and isinstance(tangent, Outer):
        _check_outer(tree, primal, tangent)
    elif tree.is_array:
        _check_array(tree, primal, tangent)
    else:
        _check_scalar(tree, tangent)


def _check_holder(tree: Leaf, primal: Any, given: Any) -> None:
    """Compiled code looks at the first of several values only, so all are looked at here."""
    kinds = [getattr(value, "_numba_type_", None) for value in (primal, given)]
    of = "" if kinds[0] is None else f" of {tree.dtype}"
    if _class(given) != _class(primal) or kinds[0] != kinds[1]:
        what, got = type(primal).__name__ + of, _class(given)
        raise TypeError(
            f"the tangent of `{tree.path}` must be a {what} as `{tree.path}` is, got {got}"
        )
    if given is primal:
        raise ValueError(f"the tangent of `{tree.path}` is `{tree.path}` itself; pass a copy")
    if len(given) != len(primal):
        raise ValueError(
            f"the tangent of `{tree.path}` holds {len(given)} values, "
            f"but `{tree.path}` holds {len(primal)}"
        )
    part = replace(tree, holder=None, is_array=tree.ndim > 0)
    places: Any = list(primal) if hasattr(primal, "keys") else range(len(primal))
    for place in places:
        if hasattr(primal, "keys") and place not in given:
            raise ValueError(f"the tangent of `{tree.path}` lacks the key {place!r}")
        path, moved = f"{tree.path}[{place!r}]", given[place]
        if not part.is_array and np.asarray(moved).dtype != tree.dtype:
            raise TypeError(f"the tangent of `{path}` must be {tree.dtype}, got {moved!r}")
        _check_tangent(replace(part, path=path), primal[place], moved)
        if part.is_array and tree.layout != "A" and layout(moved) != tree.layout:
            raise ValueError(f"the tangent of `{path}` is not laid out in memory as `{path}` is")


def _check_array(tree: Leaf, primal: Array, tangent: Any) -> None:
    if type(tangent) is not np.ndarray:
        raise TypeError(f"the tangent of `{tree.path}` must be an array, got {_class(tangent)}")
    if tangent.dtype != primal.dtype:
        raise TypeError(
            f"the tangent of `{tree.path}` has dtype {tangent.dtype}, "
            f"but `{tree.path}` has {primal.dtype}"
        )
    if tangent.shape != primal.shape:
        raise ValueError(
            f"the tangent of `{tree.path}` has shape {tangent.shape}, "
            f"but `{tree.path}` has {primal.shape}"
        )


def _check_outer(tree: Leaf, primal: Array, tangent: Outer) -> None:
    if primal.ndim < 2:
        raise TypeError(
            f"the tangent of `{tree.path}` is an outer product, but `{tree.path}` has one axis"
        )
    *front, rows, columns = primal.shape
    shapes = {"u": [(*front, rows)], "v": [(*front, columns), (columns,)]}
    if getattr(tangent.u, "ndim", 0) == primal.ndim:  # a sum of products, at least of one
        rank = max(tangent.u.shape[-1], 1)
        shapes = {"u": [(*front, rows, rank)], "v": [(columns, rank)]}
    for letter, vector in zip("uv", tangent):
        if type(vector) is not np.ndarray or vector.dtype != primal.dtype:
            got = vector.dtype if isinstance(vector, np.ndarray) else _class(vector)
            raise TypeError(
                f"`{letter}` of the tangent of `{tree.path}` must be an array of {primal.dtype}, "
                f"got {got}"
            )
        if vector.shape not in shapes[letter]:
            asked = " or ".join(dict.fromkeys(map(str, shapes[letter])))
            raise ValueError(
                f"`{letter}` of the tangent of `{tree.path}` has shape {vector.shape}, but the "
                f"shape {primal.shape} of `{tree.path}` asks for {asked}"
            )


def _check_scalar(tree: Leaf, tangent: Any) -> None:
    dtypes = "fiuc" if tree.is_complex else "fiu"
    number = type(tangent) is np.ndarray and tangent.ndim == 0 and tangent.dtype.kind in dtypes
    if tree.is_complex and isinstance(tangent, (complex, np.complexfloating)):
        return
    if not number and not isinstance(tangent, (int, float, np.integer, np.floating)):
        got = f"an array of shape {tangent.shape}" if isinstance(tangent, np.ndarray) else None
        raise TypeError(
            f"the tangent of `{tree.path}` must be a real number, got {got or _class(tangent)}"
        )


def _class(value: object) -> str:
    cls = type(value)
    return (
        cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
