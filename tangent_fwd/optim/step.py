"""From a plan and the types of a batch to one compiled step, from Python and inside `@njit`."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numba
import numpy as np
from numba._dispatcher import compute_fingerprint as _fingerprint
from numba.core import errors as numba_errors
from numba.core import types

from tangent_fwd import boundary, pipeline
from tangent_fwd.errors import TangentError
from tangent_fwd.forward import ForwardGrad
from tangent_fwd.frontend.parse import differentiated
from tangent_fwd.marks import Outer
from tangent_fwd.optim.plan import CLOCK, REPORT, SEED, Plan
from tangent_fwd.optim.text import compose
from tangent_fwd.options import Options
from tangent_fwd.program import Program, Types
from tangent_fwd.routes import NO_FINGERPRINT, with_pairs
from tangent_fwd.specialise import Key, Specialisation, Specialiser

# What the fast way takes without another look; a subclass of an array may not behave like one.
_PLAIN = frozenset({np.ndarray, bool, int, float, np.float32, np.float64, np.int64})


class State(NamedTuple):
    """Everything that a step reads and changes, in arrays.

    Attributes:
        params: one array for each leaf of the parameters, a float as an array of one element.
        directions: for each of the k directions what it stores for each leaf.
        slots: for each of the optimizer's slots one flat array for each leaf that moves.
        work: what the family of directions needs besides.
        memory: the gradient as it is remembered, one flat array for each leaf that moves, if the
            family asks for it.
        numbers: rates and other settings, float64.
        clock: step, seed, epoch, row within the epoch, whether the last step failed; int64.
        report: the last loss, slope and rate; the losses since the last row of the history times
            their rows, and these rows; float64.
        kept: memory for the arrays of a pass.
    """

    params: tuple[Any, ...]
    directions: tuple[tuple[Any, ...], ...]
    slots: tuple[tuple[Any, ...], ...]
    work: tuple[Any, ...]
    memory: tuple[Any, ...]
    numbers: Any
    clock: Any
    report: Any
    kept: Workspace


class Workspace(NamedTuple):
    """Memory for the arrays of a pass, kept from step to step.

    Attributes:
        single, double: float32 and float64.
        used: how much of each the last pass asked for; int64. What there was not enough room for
            was allocated.
    """

    single: Any
    double: Any
    used: Any


def roomy(state: State) -> State:
    """The state with as much memory as the last pass asked for."""
    kept = state.kept
    single, double = (
        np.empty(int(wanted), array.dtype) if wanted > array.size else array
        for wanted, array in zip(kept.used, (kept.single, kept.double))
    )
    if single is kept.single and double is kept.double:
        return state
    return state._replace(kept=Workspace(single, double, kept.used))


def initial_state(plan: Plan, seed: int) -> State:
    """The state before the first step."""
    plan.directions.prepare(plan.tree, plan.k)

    def storage(leaf: Any, lane: int) -> Any:
        if leaf.moved or plan.directions.pairs(leaf):
            return plan.directions.storage(leaf, lane)
        return np.zeros_like(leaf.array)

    def flat_zeros() -> tuple[Any, ...]:
        return tuple(np.zeros(leaf.array.size, leaf.array.dtype) for leaf in plan.tree.moved)

    clock = np.zeros(len(CLOCK), np.int64)
    clock[SEED] = seed
    return State(
        params=tuple(leaf.array for leaf in plan.tree.leaves),
        directions=tuple(
            tuple(storage(leaf, lane) for leaf in plan.tree.leaves) for lane in range(plan.k)
        ),
        slots=tuple(flat_zeros() for _ in plan.optimizer.slots),
        work=plan.directions.work(plan.k),
        memory=() if plan.share is None else flat_zeros(),
        numbers=np.array(plan.numbers(), np.float64),
        clock=clock,
        report=np.zeros(len(REPORT)),
        kept=Workspace(np.empty(0, np.float32), np.empty(0), np.zeros(2, np.int64)),
    )


class StepSpecialiser(Specialiser):
    """Compiles steps the way derivatives are compiled; only text and signature are others.

    A function of the user's (a schedule, a family of directions) may depend on anything, so that
    no key could tell when its machine code is stale: steps with one are not kept on disk.
    """

    def __init__(self, loss: ForwardGrad, plan: Plan, state: State) -> None:
        options = loss.options
        if plan.given():
            options = replace(options, cache=False)
        super().__init__(loss.specialiser.function, options)
        self.plan = plan
        self.state_type = numba.typeof(state)
        tree = plan.tree
        self.params_type = numba.typeof(tree.compiled([leaf.value for leaf in tree.leaves]))
        moved = [Outer(*w) if isinstance(w, tuple) else w for w in state.directions[0]]
        # With the factor that is stored transposed, which has as many axes.
        self.way_type = with_pairs(self.params_type, tree.compiled(moved))

    def _write(self, key: Key, options: Options) -> Program:
        """The derivative for these types with the step behind it."""
        state, *batch = key[0]
        if state != self.state_type:
            raise numba_errors.TypingError(
                f"the step of `{self.function.name}` was called with another state than its own"
            )
        kinds = (self.params_type, *batch)
        active, pairs = self.active(len(kinds)), self.pairs(kinds, (self.way_type,))
        function, k = self.function, self.plan.k
        if self.plan.directions.second:
            function, kinds = differentiated(function, active), (*kinds, self.params_type)
            active, pairs = (*active, False), None
        derivative = pipeline.differentiate(function, kinds, active, k, options, pairs, kept=True)
        names = self.function.params
        if 0 in derivative.mutated:
            raise TypeError(
                f"`{self.function.name}` writes to `{names[0]}`, which only the optimizer may move"
            )
        arrays = [isinstance(kind, types.Array) for kind in batch]
        return compose(derivative, self.plan, names[1:], arrays)

    def signature(self, arguments: Types, lanes: int, tangents: Types | None = None) -> Types:
        """The state and the batch."""
        return arguments

    def _compile(self, key: Key) -> Specialisation:
        try:
            made = super()._compile(key)
        except (TangentError, numba_errors.NumbaError):
            self._check_result(self._result(key[0]))
            raise
        if made.result is not None:
            self._check_result(made.result)
        return made

    def _result(self, arguments: Types) -> Any:
        """What the loss itself returns, or None where it has no type."""
        try:
            kinds = (self.params_type, *arguments[1:])
            return pipeline.Module(1).type(self.function, kinds).result
        except (TangentError, numba_errors.NumbaError):
            return None

    def _check_result(self, result: Any) -> None:
        if result is not None and not isinstance(result, types.Float):
            raise TypeError(
                f"`{self.function.name}` returns {result}; a loss is one float, "
                "for example the mean over the batch"
            )


class StepFunction:
    """The step as a function of the state and the batch, from Python and inside `@njit` code.

    It changes the arrays in the state in place and returns the loss before the step. Where the
    loss or a slope is not finite nothing moves, and the loss comes back all the same.
    """

    tangent: Any = None

    def __init__(self, loss: ForwardGrad, plan: Plan, state: State) -> None:
        self.specialiser = StepSpecialiser(loss, plan, state)
        self.__name__ = f"{loss.__name__}_step"
        self.__qualname__ = self.__name__
        first, *batch = loss.signature.parameters.values()
        word = "state" if all(p.name != "state" for p in batch) else "state_"
        self.signature = inspect.Signature([first.replace(name=word), *batch])
        self._state = state
        self._entries: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __call__(self, state: State, *batch: Any) -> float:
        """One step; arguments as for the loss, with the state in place of the parameters."""
        if state is not self._state:
            self._take(state)
        try:
            entry = self._entries[_fingerprint(batch)]
        except (KeyError, *NO_FINGERPRINT):
            return self._first(state, batch)
        if not all(type(value) in _PLAIN for value in batch):
            return self._first(state, batch)
        result: float = entry(state, *batch)
        return result

    def _first(self, state: State, batch: tuple[Any, ...]) -> float:
        """The long way, on which everything is checked; leaves the short one behind."""
        values = boundary.bind(self.__name__, self.signature, (state, *batch), {})[1:]
        entry = self.compiled(values).entry
        plain = tuple(map(boundary.scalars, values))
        if len(values) == len(batch) and all(a is b for a, b in zip(plain, values)):
            with contextlib.suppress(*NO_FINGERPRINT):
                self._entries[_fingerprint(batch)] = entry
        result: float = entry(state, *plain)
        return result

    def _take(self, state: State) -> None:
        """Look at a state that was not the last one; TypeError where it is of another kind."""
        wanted = self.specialiser.state_type
        if type(state) is not State or numba.typeof(state) != wanted:
            raise TypeError(f"`{self.__name__}` was called with another state than its own")
        self._state = state

    def compiled(self, batch: tuple[Any, ...]) -> Specialisation:
        """The step for a batch like this one.

        Raises TypeError for what compiled code cannot take, and what the compiler refuses.
        """
        names = list(self.signature.parameters)[1:]
        for value, name in zip(batch, names):
            boundary.read(value, name)
        kinds = [_type(boundary.scalars(value), name) for value, name in zip(batch, names)]
        return self.specialiser.compile((self.specialiser.state_type, *kinds), 0)

    def loop(self, compiled: Specialisation) -> Any:
        """The loop over batches that stands in the same text as the step; see `text.py`."""
        function = getattr(compiled.dispatcher, "py_func", compiled.entry)
        return function.__globals__[compiled.program.report["loop"]]

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """The arguments, in order."""
        return self.signature.parameters

    @property
    def _numba_type_(self) -> Any:
        # numba asks for this when the object turns up in compiled code.
        from tangent_fwd.callable import CompiledType

        return CompiledType(self, 0)


def _type(value: Any, name: str) -> Any:
    try:
        return types.unliteral(numba.typeof(value))
    except (ValueError, *NO_FINGERPRINT) as error:
        told = f"{type(value).__module__}.{type(value).__qualname__}"
        raise TypeError(f"numba cannot take `{name}`, which is a {told}") from error
