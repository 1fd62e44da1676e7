"""The compiled derivative as an object of its own: `f.tangent`."""

from __future__ import annotations

import inspect
from typing import Any


class Tangent:
    """The compiled derivative itself: primals in order, then the tangents of the active arguments.

    It returns `(value, tangent)`.
    Inside `@njit` code it costs no more than a call written there by hand; from Python it is
    `ForwardGrad.jvp` with another spelling.

    Args:
        owner: the `ForwardGrad` that it belongs to.
    """

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self.__name__ = f"{owner.__name__}_jvp"
        self.__qualname__ = f"{owner.__qualname__}.tangent"
        self.__module__ = owner.__module__
        self.__doc__ = owner.__doc__
        kind = inspect.Parameter.POSITIONAL_ONLY
        names = list(owner.signature.parameters)
        # A function without arguments is refused later, where its text is read.
        for word in [f"d_{names[i]}" for i in owner.options.argnums if i < len(names)]:
            count = sum(word == name or name.startswith(f"{word}_") for name in names)
            names.append(f"{word}_{count + 1}" if word in names else word)
        self.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in names])

    def __repr__(self) -> str:
        return f"<tangent of {self.owner.__module__}.{self.owner.__qualname__}>"

    def __call__(self, *args: Any) -> tuple[Any, Any]:
        """`(value, tangent)` for all primals followed by the tangents."""
        count = len(self.owner.parameters)
        wanted = count + len(self.owner.options.argnums)
        if len(args) != wanted:
            raise TypeError(
                f"`{self.__qualname__}` takes {count} primals and {wanted - count} tangents, "
                f"got {len(args)} arguments"
            )
        result: tuple[Any, Any] = self.owner.jvp(args[:count], args[count:])
        return result

    @property
    def _numba_type_(self) -> Any:
        from tangent_fwd.callable import CompiledType

        return CompiledType(self.owner, 1)

    def __copy__(self) -> Tangent:
        return self

    def __deepcopy__(self, memo: Any) -> Tangent:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self.owner, "tangent")
