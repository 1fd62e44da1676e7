"""From a function and numba types to compiled code, once for each combination."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from numba.core import errors as numba_errors
from numba.core import types
from numba.core.compiler_lock import global_compiler_lock

from tangent_fwd import pipeline, second_order
from tangent_fwd.analysis.activity import holds_float
from tangent_fwd.analysis.alias import is_array, is_container
from tangent_fwd.analysis.numba_typing import uncoloured
from tangent_fwd.backend.load import load
from tangent_fwd.errors import Diagnostic, TypingFailure, raise_all
from tangent_fwd.front import Known
from tangent_fwd.frontend.parse import UserFunction
from tangent_fwd.options import Options
from tangent_fwd.program import Program
from tangent_fwd.source import Span
from tangent_fwd.transform.pairs import Form, holds_pair, is_pair, vector_types

Types = tuple[Any, ...]
# Types of the arguments, lanes, order, and types of the tangents where some hold pairs.
Key = tuple[Types, int, int, Types | None]


@dataclass(frozen=True, eq=False)
class Specialisation:
    """Compiled code for one combination of argument types.

    `types` are those of all parameters, tangents included; `result` is the numba type that comes
    back; `entry` is the fast way in from Python, without numba's own look-up of types.
    """

    program: Program
    dispatcher: Any
    types: Types
    result: Any
    entry: Callable[..., Any]
    lanes: int
    seconds: float

    @property
    def cached(self) -> bool:
        """Whether the machine code came from disk."""
        return self.dispatcher is not None and any(self.dispatcher.stats.cache_hits.values())


class Specialiser:
    """Every program and every compiled form of one function under one set of options.

    The lock is numba's own: a compilation that starts inside the user's `@njit` code already
    holds it when it gets here, and a second lock could be taken in the other order.
    """

    def __init__(self, function: UserFunction, options: Options) -> None:
        self.function = function
        self.options = options
        self.last: Types | None = None
        self.compiled: dict[Key, Specialisation] = {}
        self._programs: dict[Key, Program] = {}
        self._known = Known()

    def program(
        self, arguments: Types, lanes: int, order: int = 1, tangents: Types | None = None
    ) -> Program:
        """The text for these argument types.

        `lanes` = 0 asks for the primal alone, `order` = 2 for a second tangent in one lane;
        `tangents` are the types of the tangents, of one lane, where some are outer products.
        """
        key = (arguments, lanes, order, tangents)
        found = self._programs.get(key)
        if found is None:
            with global_compiler_lock:
                found = self._programs.get(key)
                if found is None:
                    found = self._programs[key] = self._write(key, self.options)
        return found

    def _write(self, key: Key, options: Options) -> Program:
        arguments, lanes, order, tangents = key
        active = self.active(len(arguments)) if lanes else (False,) * len(arguments)
        if order == 2:
            return second_order.differentiate(
                self.function, arguments, active, options, self._known
            )
        return pipeline.differentiate(
            self.function, arguments, active, max(lanes, 1), options, tangents,
            known=self._known,
        )  # fmt: skip

    def _write_serial(self, key: Key, program: Program, error: Exception) -> Program:
        """The program on one thread, where numba fails to make one for several."""
        alone = self._write(key, replace(self.options, parallel=False))
        told = [f"{place}: numba: {_short(error)}" for place in program.report["parallel"]]
        report = {**program.report, "parallel": [], "serial": program.report["serial"] + told}
        return replace(alone, report=report)

    def compile(
        self, arguments: Types, lanes: int, order: int = 1, tangents: Types | None = None
    ) -> Specialisation:
        """The compiled code for these argument types; the other arguments as for `program`."""
        key = (arguments, lanes, order, tangents)
        self.last = arguments
        found = self.compiled.get(key)
        if found is None:
            with global_compiler_lock:
                found = self.compiled.get(key)
                if found is None:
                    found = self._compile(key)
                    self.compiled[key] = found
        return found

    def pairs(self, arguments: Types, tangents: Types) -> Types | None:
        """The types of given tangents, where some are pairs that stand for outer products.

        Raises TypeError where a pair does not fit its argument.
        """
        primals = [t for t, a in zip(arguments, self.active(len(arguments))) if a]
        if not any(map(holds_pair, primals, tangents)):
            return None
        for primal, tangent in zip(primals, tangents):
            _check_pairs(primal, tangent)
        return tangents

    def active(self, count: int) -> tuple[bool, ...]:
        """Which of `count` arguments are active."""
        return tuple(i in self.options.argnums for i in range(count))

    def _compile(self, key: Key) -> Specialisation:
        start = time.perf_counter()
        arguments, lanes, _, tangents = key
        program = self.program(*key)
        signature = self.signature(arguments, lanes, tangents)
        module = load(
            program.text,
            program.name,
            program.entry,
            self.options,
            ", ".join(map(str, signature)),
            program.classes,
        )
        dispatcher = getattr(module, program.entry)
        if not hasattr(dispatcher, "overloads"):
            # NUMBA_DISABLE_JIT: the emitted module runs as the Python that it is.
            return Specialisation(program, None, signature, None, dispatcher, lanes, 0.0)
        try:
            with warnings.catch_warnings():
                # Lists as arguments have been about to go for years, and nothing else takes them.
                pending = numba_errors.NumbaPendingDeprecationWarning
                warnings.simplefilter("ignore", pending)
                dispatcher.compile(signature)
        except Exception as error:
            if program.report.get("parallel"):
                # numba finds some loops too hard for threads late, and says so in many ways.
                self._programs[key] = self._write_serial(key, program, error)
                return self._compile(key)
            if isinstance(error, numba_errors.NumbaError):
                _restate(error, self.function, program, module.__file__ or "")
            raise
        overload = dispatcher.overloads[signature]
        return Specialisation(
            program,
            dispatcher,
            signature,
            overload.signature.return_type,
            overload.entry_point,
            lanes,
            time.perf_counter() - start,
        )

    def signature(self, arguments: Types, lanes: int, tangents: Types | None = None) -> Types:
        """The types of all parameters: the arguments, then each active argument's lanes."""
        if tangents is None:
            active = self.active(len(arguments))
            tangents = tuple(tangent_type(t) for t, a in zip(arguments, active) if a)
        return (*arguments, *(kind for kind in tangents for _ in range(lanes)))


def _check_pairs(primal: Any, tangent: Any) -> None:
    if is_pair(primal, tangent):
        wanted = [vector_types(primal, form) for form in Form]
        if primal.ndim < 2 or tuple(tangent) not in wanted:
            pairs = " or ".join(dict.fromkeys(f"{u} and {v}" for u, v in wanted))
            raise TypeError(
                f"the tangent of {primal} can be an array, or {pairs} for an outer product; "
                f"got {tangent}"
            )
    elif isinstance(primal, types.Array) and tangent != tangent_type(primal):
        raise TypeError(f"the tangent of {primal} has type {tangent}")
    elif isinstance(primal, types.BaseTuple) and isinstance(tangent, types.BaseTuple):
        for part, moved in zip(primal, tangent):
            _check_pairs(part, moved)


def tuple_of(like: Any, parts: list[Any]) -> Any:
    """The type of a tuple of these types, of the class of another tuple type."""
    if isinstance(like, types.BaseNamedTuple):
        return types.NamedTuple(parts, like.instance_class)
    return types.BaseTuple.from_types(parts)


def tangent_type(primal: Any) -> Any:
    """The numba type of a tangent: that of its primal, with an integer where there are no floats.

    That integer is always 0; it keeps the structure of a tuple without carrying anything.
    """
    if isinstance(primal, types.BaseTuple):
        return tuple_of(primal, list(map(tangent_type, primal)))
    if is_container(primal) or is_array(primal):
        return primal if holds_float(primal) else types.int64
    return primal if isinstance(primal, (types.Float, types.Complex)) else types.int64


def _restate(error: Exception, function: UserFunction, program: Program, filename: str) -> None:
    """Say a numba failure about emitted code at the user's line; `error` stays as the cause."""
    # numba names the file by its path, possibly relative; the last mention is the innermost.
    name = re.escape(filename.replace("\\", "/").rsplit("/", 1)[-1])
    lines = re.findall(name + r'"?, line (\d+)', str(error)) or re.findall(
        name + r" \((\d+)\)", str(error)
    )
    emitted = next((int(n) for n in reversed(lines) if int(n) in program.line_map), None)
    line = program.line_map[emitted] if emitted else function.node.lineno
    text = function.source.line(line)
    start = len(text) - len(text.lstrip())
    diagnostic = Diagnostic(
        code="typing",
        message=f"numba cannot compile `{function.name}` for these arguments",
        span=Span(line, start, line, len(text.rstrip().encode())),
        notes=(_short(error),),
        help="the whole message of numba is the cause (`__cause__`) of this error",
    )
    try:
        raise_all([diagnostic], function.source)
    except TypingFailure as restated:
        raise restated from error


def _short(error: Exception) -> str:
    """The sentence in numba's message that says what is wrong."""
    rows = [row.strip() for row in uncoloured(error).splitlines() if row.strip()]
    skip = ("Failed in", "File ", "During", "^", "<source", "def ", "There are", "-")
    told = [row for row in rows if not row.startswith(skip)]
    return (told or rows or [type(error).__name__])[0][:200]
