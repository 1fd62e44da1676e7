"""Whether what is given as tangents fits the arguments: structure, shapes, dtypes.

Compiled code would misread what does not, so each mistake is told in a sentence before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tangent_fwd.boundary import Array, Branch, Leaf, Tree, class_name, layout, leaves
from tangent_fwd.marks import Outer


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
            f"not {class_name(tangents)}"
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
            got = class_name(tangent) if not isinstance(tangent, tuple) else f"{len(tangent)}"
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
    if class_name(given) != class_name(primal) or kinds[0] != kinds[1]:
        what, got = type(primal).__name__ + of, class_name(given)
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
        raise TypeError(f"the tangent of `{tree.path}` must be an array, got {class_name(tangent)}")
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
            got = vector.dtype if isinstance(vector, np.ndarray) else class_name(vector)
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
            f"the tangent of `{tree.path}` must be a real number, got {got or class_name(tangent)}"
        )
