"""The object that a decorated function becomes."""

from __future__ import annotations

import functools
import inspect
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from tangent_fwd import boundary, dispatch
from tangent_fwd.backend import blas, special, vector_math
from tangent_fwd.compiled import Tangent
from tangent_fwd.frontend.parse import UserFunction, parse
from tangent_fwd.options import Options

if TYPE_CHECKING:
    from tangent_fwd.program import Program
    from tangent_fwd.report import Report
    from tangent_fwd.routes import Router
    from tangent_fwd.specialise import Specialiser

# The user's own cached functions may contain derivatives that call these libraries; reading them
# back without them would end the process.
vector_math.library()
blas.library()


def _unready(arguments: Any) -> Any:
    """Stands for numba's fingerprint until numba, which takes long to import, is needed."""
    raise KeyError


_fingerprint: Callable[[Any], Any] = _unready
# Not seen before, or made of what numba gives no fingerprint for (strings, big integers, a list
# of nothing).
_UNKNOWN = (KeyError, NotImplementedError, OverflowError, ValueError)


class ForwardGrad:
    """A function that knows its derivative; made by `forward_grad`.

    Calling it computes the primal, compiled.
    It works the same from Python and inside `@njit` code, can be sent to other processes when it
    stands at module level, and compiles once for each combination of dtypes, ranks and layouts.
    """

    __wrapped__: Callable[..., Any]
    __name__: str
    __qualname__: str

    def __init__(self, function: Any, options: Options) -> None:
        if isinstance(function, UserFunction):
            self.__name__, self.__qualname__ = function.name, function.qualname
            self.__module__, self.__wrapped__ = function.module, cast("Any", function)
            self.signature = function.plain
        else:
            functools.update_wrapper(self, function, updated=())
            self.signature = inspect.signature(function)
        self.options = options
        self._starred = boundary.starred(self.signature) is not None
        self.tangent = Tangent(self)
        self._routes: dict[Any, dispatch.Call] = {}
        self._made: tuple[Specialiser, Router] | None = None
        self._settled: dict[Any, ForwardGrad] = {(): self}  # by functions that are arguments
        self._last: ForwardGrad = self

    def __repr__(self) -> str:
        return f"<forward_grad of {self.__module__}.{self.__qualname__}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The primal, compiled; arguments as for the function itself."""
        if kwargs or self._starred:
            args = self._bound(args, kwargs)
        try:
            call = self._routes[_fingerprint((args, ()))]
        except _UNKNOWN:
            call = self._router.call
        return call(args, ())

    def jvp(self, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        """Value and directional derivative, in one pass.

        One pass costs little more than the function itself, because both share every
        intermediate result.

        Args:
            primals: a tuple of all arguments, in order; trailing defaults may be left out.
            tangents: a tuple with one entry for each active argument: the direction, with the
                structure, shapes and dtypes of that argument. Entries that stand beside integers,
                strings or None inside a tuple are ignored. What `*args` takes is one argument, a
                tuple.

        Returns:
            `(value, tangent)`; the tangent has the structure of the value.

        Raises:
            TypeError, ValueError: an argument or a direction does not fit; the message names it.
            TangentError: the function cannot be differentiated; the message shows where.
        """
        if self._starred:
            primals = boundary.packed(self.signature, primals)
        try:
            call = self._routes[_fingerprint((primals, tangents))]
        except _UNKNOWN:
            call = self._router.jvp
        result: tuple[Any, Any] = call(primals, tangents)
        return result

    def directional2(self, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any, Any]:
        """Value, slope and curvature along one direction, in one pass.

        The slope is that of `jvp`, ∇f·v, and the curvature its own slope along the same
        direction, vᵀHv, which a Newton step or a line search asks for.

        Args:
            primals, tangents: as for `jvp`.

        Returns:
            `(value, slope, curvature)`; the last two have the structure of the value.

        Raises:
            TypeError, ValueError, TangentError: as `jvp`.
        """
        if self._starred:
            primals = boundary.packed(self.signature, primals)
        try:
            call = self._routes[_fingerprint((primals, tangents, 2))]
        except _UNKNOWN:
            call = self._router.directional2
        result: tuple[Any, Any, Any] = call(primals, tangents)
        return result

    def value_and_grad(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Value and exact gradient, in one pass for every eight entries of the active arguments.

        For thousands of entries backpropagation is faster by as many times; this is for few
        parameters, and for checking.
        What the function does besides computing (printing, drawing numbers) it does in each pass.

        Returns:
            `(value, gradient)`; the gradient has the structure and dtypes of the active argument,
            and is a tuple of such when several are active. Integers give None, fields of them 0.

        Raises:
            TypeError: the function does not return one float, or an argument does not fit.
            TangentError: the function cannot be differentiated; the message shows where.
        """
        if kwargs or self._starred:
            args = self._bound(args, kwargs)
        try:
            call = self._routes[_fingerprint((args, None))]
        except _UNKNOWN:
            call = self._router.gradient
        result: tuple[Any, Any] = call(args, None)
        return result

    def grad(self, *args: Any, **kwargs: Any) -> Any:
        """The gradient alone; see `value_and_grad`."""
        return self.value_and_grad(*args, **kwargs)[1]

    def jacobian(self, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        """The exact Jacobian, in one pass for every eight entries of the active arguments.

        Beyond the result, memory is that of one pass.

        Args:
            args, kwargs: as for a call; an argument of the function that is called `out` goes by
                position.
            out: where to write the result, if given: an array of its shape and dtype, or for a
                result of several arrays all of them in its structure.

        Returns:
            An array of shape `output.shape + input.shape`; a float where both are scalars.
            Where the function returns a tuple, one for each of its parts; where the active
            argument is a tuple, or several are active, each of those is a tuple of one for each
            part; lists alike, and dicts by key or field. None stands where nothing is carried.

        Raises:
            TypeError, ValueError: the function returns no floats, or an argument or `out` does
                not fit; the message names it.
            TangentError: the function cannot be differentiated; the message shows where.
        """
        if kwargs:
            args = boundary.bind(self.__name__, self.signature, args, kwargs)
        return self._router.jacobian(args, out)

    def hvp(self, args: Sequence[Any], v: Any) -> tuple[Any, Any]:
        """Value and Hv, the product of the Hessian with a direction, exact to rounding.

        It costs a pass for every eight entries of the active arguments, as a gradient does, and
        each pass is about twice as long: forward mode goes through all entries of the product.
        For vᵀHv alone, `directional2` needs one pass.

        Args:
            args: a tuple of all arguments; the function returns one float.
            v: the direction in the structure of the gradient, or the tuple that `jvp` takes.

        Returns:
            `(value, product)`; the product has the structure of the gradient.

        Raises:
            TypeError, ValueError, TangentError: as `jvp` and `value_and_grad`.
        """
        return cast("tuple[Any, Any]", self._router.hvp(args, v))

    def hessian(self, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        """The exact Hessian of a function that returns one float.

        Its n(n + 1)/2 different entries are computed once each, eight in a pass, and written on
        both sides of the diagonal: it is symmetric to the last bit.

        Args:
            args, kwargs, out: as for `jacobian`.

        Returns:
            An array of shape `input.shape + input.shape`; a float for a scalar. Where the active
            argument is a tuple, or several are active, it is a tuple of one for each part, of
            which each is such a tuple itself.

        Raises:
            TypeError, ValueError, TangentError: as `value_and_grad`, and where `out` does not
                fit.
        """
        if kwargs:
            args = boundary.bind(self.__name__, self.signature, args, kwargs)
        return self._router.hessian(args, out)

    @property
    def source(self) -> str:
        """The derivative as Python text, for the argument types of the last call.

        Raises ValueError before the first call; `source_for` needs none.
        """
        return self._last.specialiser.program(self._last_types(), 1).text

    def source_for(self, *args: Any, order: int = 1, **kwargs: Any) -> str:
        """The derivative as Python text, for arguments like these; nothing is compiled.

        Args:
            args, kwargs: as for a call; numba types may stand for values.
            order: 2 for what `directional2` runs. An argument of this name goes by position.
        """
        made, kinds = self._types_of(args, kwargs)
        return made._program(kinds, order).text

    def show(
        self, *args: Any, stages: bool = False, order: int = 1, file: TextIO | None = None
    ) -> None:
        """Print the derivative.

        Args:
            args: arguments, or numba types, to show it for; those of the last call if left out.
            stages: print what every pass made of the function before it.
            order: 2 for what `directional2` runs.
            file: where to print; the standard output if left out.
        """
        made, kinds = self._types_of(args, {}) if args else (self._last, self._last_types())
        program = made._program(kinds, order)
        if stages:
            for name, text in (*program.stages, ("emit", program.text)):
                print(f"# ---- {name} " + "-" * max(0, 70 - len(name)), file=file)
                print(text.rstrip() + "\n", file=file)
        else:
            print(program.text.rstrip(), file=file)

    def save(self, path: str | PathLike[str]) -> None:
        """Write `source` to a file: a module that runs without this package, and without numba.

        One that calls special functions of SciPy's runs as plain Python, because numba alone does
        not know these.
        """
        Path(path).write_text(special.alone(self.source), encoding="utf-8")

    def report(self) -> Report:
        """What was compiled so far, how long it took, and what the compiler found; print it."""
        from tangent_fwd.report import Report

        made = [f._made[0] for f in self._settled.values() if f._made]
        return Report.of(self.__qualname__, made)

    @property
    def py_func(self) -> Callable[..., Any]:
        """The plain Python function, under the name that numba's own functions use for it."""
        return getattr(self.__wrapped__, "py_func", self.__wrapped__)

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The arguments, in order."""
        return self.signature.parameters

    @property
    def specialiser(self) -> Specialiser:
        """What compiles this function; made at first use, because it needs numba and the text."""
        return self._ready()[0]

    @property
    def _router(self) -> Router:
        return self._ready()[1]

    @property
    def _numba_type_(self) -> Any:
        # numba asks for this when the object turns up in compiled code.
        from tangent_fwd.callable import CompiledType

        return CompiledType(self, 0)

    def _ready(self) -> tuple[Specialiser, Router]:
        global _fingerprint
        if self._made is None:
            from numba._dispatcher import compute_fingerprint
            from numba.core.compiler_lock import global_compiler_lock

            from tangent_fwd.frontend.lower import lower
            from tangent_fwd.routes import Router
            from tangent_fwd.specialise import Specialiser

            _fingerprint = compute_fingerprint
            with global_compiler_lock:
                if self._made is None:
                    function = parse(self.__wrapped__)
                    if function.node.args.kwarg:
                        # Arguments that cannot be counted: let the compiler say so, before
                        # they are looked at.
                        lower(function)
                    specialiser = Specialiser(function, self.options)
                    router = Router(
                        self.__name__, function.plain, specialiser, self._routes, _fingerprint,
                        self.settle)  # fmt: skip
                    self._made = specialiser, router
        return self._made

    def _bound(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        """The arguments in the order of the parameters."""
        if kwargs:
            return boundary.bind(self.__name__, self.signature, args, kwargs)
        return boundary.packed(self.signature, args)

    def _program(self, kinds: tuple[Any, ...], order: int) -> Program:
        if order not in (1, 2):
            raise ValueError(f"order is 1 or 2, not {order!r}")
        return self.specialiser.program(kinds, 1, order)

    def _last_types(self) -> tuple[Any, ...]:
        last = self._last._made[0].last if self._last._made else None
        if last is None:
            raise ValueError(
                f"`{self.__name__}` has not been called yet, so its argument types are unknown; "
                "call it, or use source_for(*args)"
            )
        return last

    def _types_of(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[ForwardGrad, tuple[Any, ...]]:
        every = boundary.bind(self.__name__, self.signature, args, kwargs)
        made, rest, _ = self._router.settled(every) or (self, every, ())
        return made, made._router.types_of(rest)

    def settle(self, functions: Mapping[int, Any]) -> ForwardGrad:
        """The function of the other arguments, for functions at these positions."""
        from tangent_fwd.frontend.functions import settled

        key = tuple(functions.items())
        if key not in self._settled:
            function = self.specialiser.function
            chosen = {function.params[k]: value for k, value in functions.items()}
            active = (i - sum(k < i for k in functions) for i in self.options.argnums)
            made = settled(function, chosen), replace(self.options, argnums=tuple(active))
            self._settled[key] = ForwardGrad(*made)
        self._last = self._settled[key]
        return self._last

    # A function is one object: copies are itself, and other processes find it by its name.

    def __copy__(self) -> ForwardGrad:
        return self

    def __deepcopy__(self, memo: Any) -> ForwardGrad:
        return self

    def __reduce__(self) -> str:
        found: Any = sys.modules.get(self.__module__)
        for part in self.__qualname__.split("."):
            found = getattr(found, part, None)
        if found is not self:
            where = (
                "it is defined inside a function"
                if "<locals>" in self.__qualname__
                else f"`{self.__module__}.{self.__qualname__}` is something else"
            )
            raise pickle.PicklingError(
                f"cannot pickle the derivative of `{self.__qualname__}`: {where}; other processes "
                "find it by its name, so decorate a function at module level"
            )
        return str(self.__qualname__)
