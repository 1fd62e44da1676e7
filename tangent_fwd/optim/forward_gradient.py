"""The optimizer that people hold: parameters, a compiled step, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from numba import njit

from tangent_fwd.forward import ForwardGrad
from tangent_fwd.frontend.parse import unwrap
from tangent_fwd.optim import checkpoint as checkpoint_files
from tangent_fwd.optim import checks, training, tree
from tangent_fwd.optim.directions import Directions, family
from tangent_fwd.optim.history import DivergenceError, History, Row
from tangent_fwd.optim.low_rank import RankOne
from tangent_fwd.optim.optimizers import SGD, Optimizer
from tangent_fwd.optim.plan import EPOCH, FAILED, LOSS, SLOPE, STEP, Plan
from tangent_fwd.optim.schedules import Schedule
from tangent_fwd.optim.step import State, StepFunction, initial_state, roomy
from tangent_fwd.options import Options


class ForwardGradient:
    """Trains parameters with the slopes of the loss along random directions.

    A step draws k directions v, asks for the loss and its slopes along all of them in one pass,
    and hands the mean of slope · v, which is the gradient on average, to an optimizer
    (Baydin, Pearlmutter, Syme, Wood, Torr: "Gradients without Backpropagation", 2022). Nothing of
    the pass is stored, and the whole step is one compiled function.

    The price is noise: the estimate's mean square is about n/k times that of the gradient, so the
    largest rate that holds is smaller than that of gradient descent by about k/(n + k − 1), and
    many more steps are needed.

    Args:
        loss: a function of the parameters and a batch, `loss(params, *batch)`, that returns one
            float; plain or decorated with `forward_grad`, whose choice of active arguments and of
            `fastmath` does not count here.
        params: float32 and float64 arrays (C-contiguous) and floats, alone or in tuples, named
            tuples, dicts and dataclasses, nested. The arrays are updated in place.
        optimizer: a row such as `SGD(lr)`, `Adam(lr)`; plain descent with the rate 1e-3 if left
            out.
        directions: a family such as `Gaussian()`; `RankOne()`, signs, if left out.
        k: directions in each step, all in one pass.
        seed: where the directions and the order of the data come from; the same seed gives the
            same run, bit for bit, on the same machine with the same number of threads.
        frozen: paths of the parts that stay as they are: `("embedding", "0", "layer.W")`.
        clip: slopes are brought into [−clip, clip] first. It bounds how far a step can go, and
            biases the estimate.
        fastmath: let sums be added in any order and multiplications join additions.

    Raises:
        TypeError, ValueError: an argument does not fit; the message names it. What the compiler
            refuses in the loss is raised by the first step.
    """

    def __init__(
        self,
        loss: Callable[..., Any],
        params: Any,
        optimizer: Optimizer | None = None,
        directions: Directions | None = None,
        k: int = 1,
        seed: int = 0,
        *,
        frozen: Sequence[str] = (),
        clip: float | None = None,
        fastmath: bool = True,
    ) -> None:
        self.loss = _differentiable(loss, fastmath)
        names = list(self.loss.parameters)
        if not names:
            raise TypeError(f"`{self.loss.__name__}` takes no parameters to train")
        if isinstance(frozen, str):
            frozen = (frozen,)
        self._plan = Plan(
            tree.read(params, names[0], frozen),
            _compiled_rate(_optimizer(optimizer)),
            RankOne() if directions is None else family("directions", directions),
            checks.whole("k", k, 1),
            None if clip is None else checks.positive("clip", clip),
        )
        self._seed = checks.whole("seed", seed, 0)
        self._course: dict[str, Any] = {}
        self.state: State = initial_state(self._plan, self._seed)
        self.step_fn = StepFunction(self.loss, self._plan, self.state)
        self.history = History()
        self.seconds = 0.0

    def __repr__(self) -> str:
        return (
            f"<ForwardGradient of {self.loss.__name__}: {self._plan.tree.size:,} parameters, "
            f"{self._plan.optimizer.name}, {self._plan.directions!r}, k={self._plan.k}, "
            f"step {self.steps}>"
        )

    @property
    def params(self) -> Any:
        """The parameters with their present values, in the structure that was passed in.

        The arrays are the caller's own; floats are new.
        """
        tree = self._plan.tree
        return tree.build([float(x.value) if x.python else x.value for x in tree.leaves])

    @property
    def steps(self) -> int:
        """Steps taken so far."""
        return int(self.state.clock[STEP])

    @property
    def source(self) -> str:
        """The text of the step for the last types of batch, its derivative included.

        Raises ValueError before the first step.
        """
        maker = self.step_fn.specialiser
        if maker.last is None:
            raise ValueError("no step was taken yet, so the types of the batch are unknown")
        return maker.program(maker.last, 0).text

    def step(self, *batch: Any) -> float:
        """Take one step.

        Args:
            batch: the loss's arguments after the parameters. Other dtypes, ranks or layouts than
                before compile another step.

        Returns:
            The loss before the step.

        Raises:
            DivergenceError: the loss or a slope is not finite; the parameters did not move.
            TypeError, TangentError: an argument does not fit, or the loss cannot be compiled.
        """
        loss = self.step_fn(self.state, *batch)
        self.state = roomy(self.state)
        self.check()
        return float(loss)

    def check(self) -> None:
        """Raise DivergenceError if the last step failed, as after a compiled loop of one's own."""
        if self.state.clock[FAILED]:
            report = self.state.report
            raise DivergenceError(self.steps, float(report[LOSS]), float(report[SLOPE]))

    def fit(
        self,
        data: Any,
        epochs: int,
        batch_size: int,
        *,
        shuffle: bool = True,
        drop_last: bool = False,
        every: int | None = None,
        callbacks: Any = (),
        progress: bool = True,
        checkpoint: str | PathLike[str] | None = None,
        save_every: float = 60.0,
        resume: bool = False,
    ) -> History:
        """Take steps over batches of the data.

        The loop is compiled and handed back to Python every 0.1 s or so. Ctrl-C raises
        KeyboardInterrupt then; parameters and everything else are as after the last whole step,
        and a further `fit` goes on from there.

        Args:
            data: a tuple of arrays, one for each argument of the loss after the parameters, with
                one row for each example.
            epochs: passes over the data to take. The rest of an interrupted pass counts as one.
            batch_size: rows in a batch. The last batch of a pass is smaller where the rows do not
                come out even, as in Keras and PyTorch; nothing is compiled for it.
            shuffle: take the rows of each pass in another order, which depends on the seed and
                the number of the pass.
            drop_last: leave the last batch out if it is smaller.
            every: steps between rows of the history; one row for each pass if left out.
            callbacks: functions that are called with an `Info` after each row of the history;
                training stops when one returns True or raises StopIteration.
            progress: show a bar with loss and rate, if tqdm is installed.
            checkpoint: a file to keep everything in: now and then, at the end, and on Ctrl-C.
            save_every: seconds between checkpoints.
            resume: go on from `checkpoint` if there is one. `epochs` then counts from the
                beginning of the training, so that the same script, started again after a kill,
                ends where it would have ended.

        Returns:
            The history.

        Raises:
            DivergenceError: the loss or a slope is not finite; the parameters are those from
                before the failing step.
            TypeError, ValueError: an argument does not fit; the message names it.
        """
        if resume and checkpoint is None:
            raise ValueError("resume needs a checkpoint")
        path = None if checkpoint is None else Path(checkpoint)
        count = checks.whole("epochs", epochs, 0)
        size = checks.whole("batch_size", batch_size, 1)
        rows = len(training.checked(data)[0])
        present = {"rows": rows, "batch_size": size, "shuffle": shuffle, "drop_last": drop_last}
        if resume and path is not None and checkpoint_files.exists(path):
            self.load(path)
            checkpoint_files.compare(path, self._course, present)
        self._course = present
        course = training.Course(
            goal=count if resume else int(self.state.clock[EPOCH]) + count,
            batch_size=size,
            shuffle=shuffle,
            drop_last=drop_last,
            every=None if every is None else checks.whole("every", every, 1),
            callbacks=training.check_callbacks(callbacks),
            progress=progress,
            checkpoint=path,
            save_every=checks.number("save_every", save_every, least=0.0),
        )
        training.fit(self, data, course)
        return self.history

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything that training needs to go on: a checkpoint.

        It holds parameters, the optimizer's slots, step, seed, place in the data and history, but
        not the loss or the settings, which come from the script. It is an npz file without
        pickles, put in place in one go; the one before it stays as `<path>.previous`.

        Raises OSError where the file cannot be written.
        """
        header = {
            "settings": self._settings(),
            "surroundings": checkpoint_files.surroundings(),
            "course": self._course,
            "seconds": self.seconds,
            "history": [list(row) for row in self.history],
        }
        checkpoint_files.write(Path(path), header, self._kept())

    def load(self, path: str | PathLike[str]) -> None:
        """Take up what `save` wrote, into the present arrays.

        On the same machine, with the same versions, settings and number of threads, training
        then goes on bit for bit as if it had never stopped; where one of them differs, a
        `CheckpointWarning` says so. A damaged file is passed over for the one before it, with a
        warning.

        Raises:
            FileNotFoundError, DamagedCheckpoint: there is no whole file.
            ValueError: the checkpoint holds other parameters, or those of another optimizer.
        """
        path = Path(path)
        header, arrays = checkpoint_files.read(path)
        kept = self._kept()
        _check_same(path, kept, arrays)
        checkpoint_files.compare(path, header["settings"], self._settings())
        checkpoint_files.compare(path, header["surroundings"], checkpoint_files.surroundings())
        for name, array in kept.items():
            array[...] = arrays[name]
        self.seconds = header["seconds"]
        self.history[:] = [Row(*row) for row in header["history"]]
        self._course = header["course"]

    def _kept(self) -> dict[str, Any]:
        """Every array that a checkpoint holds, by name."""
        state, plan = self.state, self._plan
        found = {"clock": state.clock, "report": state.report}
        for leaf in plan.tree.leaves:
            found[f"param {'.'.join(leaf.parts)}"] = leaf.array
        for name, slot in zip(plan.optimizer.slots, state.slots):
            for leaf, array in zip(plan.tree.moved, slot):
                found[f"{name} {'.'.join(leaf.parts)}"] = array
        for leaf, array in zip(plan.tree.moved, state.memory):
            found[f"memory {'.'.join(leaf.parts)}"] = array
        return found

    def _settings(self) -> dict[str, Any]:
        """What the script chose and a checkpoint only remembers."""
        plan = self._plan
        given = [f"{f.__module__}.{f.__qualname__}" for f in plan.given().values()]
        return {
            "optimizer": plan.optimizer.name,
            "numbers": plan.numbers(),
            "rate": plan.rate_text()[0],
            "directions": repr(plan.directions),
            "functions": given,
            "k": plan.k,
            "seed": self._seed,
            "fastmath": self.loss.options.fastmath,
        }


def _differentiable(loss: Callable[..., Any], fastmath: bool) -> ForwardGrad:
    options = loss.options if isinstance(loss, ForwardGrad) else Options()
    chosen = replace(options, argnums=(0,), argnames=None, fastmath=bool(fastmath))
    return ForwardGrad(unwrap(loss), chosen)


def _optimizer(value: Any) -> Optimizer:
    if value is None:
        return SGD(1e-3)
    if not isinstance(value, Optimizer):
        raise TypeError(f"optimizer must be one such as optim.SGD(1e-3), not {value!r}")
    return value


def _compiled_rate(optimizer: Optimizer) -> Optimizer:
    """The optimizer, with a plain function for its rate compiled."""
    lr = optimizer.lr
    if isinstance(lr, Schedule) or hasattr(lr, "py_func"):
        return optimizer
    return replace(optimizer, lr=njit(error_model="numpy", fastmath=False)(lr))


def _check_same(path: Path, kept: dict[str, Any], arrays: dict[str, Any]) -> None:
    """ValueError unless a checkpoint's arrays are those that are to be filled."""
    if kept.keys() != arrays.keys():
        odd = sorted(kept.keys() ^ arrays.keys())
        held = "lacks" if odd[0] in kept else "holds"
        raise ValueError(f"{path} belongs to other parameters or optimizer: it {held} `{odd[0]}`")
    for name, array in kept.items():
        found = arrays[name]
        if (found.dtype, found.shape) != (array.dtype, array.shape):
            raise ValueError(
                f"{path} belongs to other parameters: `{name}` is {found.dtype}"
                f"{list(found.shape)} there and {array.dtype}{list(array.shape)} here"
            )
