"""Training without backpropagation: a random direction, the slope of the loss along it, a move.

    from tangent_fwd import optim

    trainer = optim.ForwardGradient(loss, params, optim.SGD(1e-3))
    trainer.fit((images, labels), epochs=10, batch_size=64)

`forward_gradient`   `ForwardGradient`, what users hold
`training`           `fit`: epochs in slices, progress, callbacks, history
`checkpoint`         files that survive a kill
`step`               one step as machine code, from Python and inside `@njit`
`text`, `plan`, `writing`
                     one step as text
`directions`, `low_rank`, `together`, `newton`, `vectors`
                     families of random directions
`optimizers`, `schedules`
                     what is done with the gradient, and how fast
`tree`, `checks`     structures of parameters; numbers that users pass
`random`             the numbers behind it all
`classifier`         `ForwardGradientClassifier`, which needs scikit-learn
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tangent_fwd.optim.checkpoint import CheckpointWarning, DamagedCheckpoint
from tangent_fwd.optim.directions import (
    Custom,
    Directions,
    Gaussian,
    Rademacher,
    Sparse,
    Sphere,
)
from tangent_fwd.optim.forward_gradient import ForwardGradient
from tangent_fwd.optim.history import DivergenceError, History, Row
from tangent_fwd.optim.low_rank import LowRank, RankOne
from tangent_fwd.optim.newton import Newton
from tangent_fwd.optim.optimizers import (
    SGD,
    Adam,
    AdamW,
    Optimizer,
    OptimizerState,
    RMSprop,
    apply_updates,
)
from tangent_fwd.optim.schedules import (
    Schedule,
    constant,
    cosine,
    exponential,
    linear,
    sequence,
    warm_up,
)
from tangent_fwd.optim.step import State, StepFunction, Workspace
from tangent_fwd.optim.together import ControlVariate, Guess, Orthogonal, Projection
from tangent_fwd.optim.training import Info

if TYPE_CHECKING:
    from tangent_fwd.optim.classifier import ForwardGradientClassifier

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "CheckpointWarning",
    "ControlVariate",
    "Custom",
    "DamagedCheckpoint",
    "Directions",
    "DivergenceError",
    "ForwardGradient",
    "ForwardGradientClassifier",
    "Gaussian",
    "Guess",
    "History",
    "Info",
    "LowRank",
    "Newton",
    "Optimizer",
    "OptimizerState",
    "Orthogonal",
    "Projection",
    "RMSprop",
    "Rademacher",
    "RankOne",
    "Row",
    "Schedule",
    "Sparse",
    "Sphere",
    "State",
    "StepFunction",
    "Workspace",
    "apply_updates",
    "constant",
    "cosine",
    "exponential",
    "linear",
    "sequence",
    "warm_up",
]


def __getattr__(name: str) -> Any:
    """Import scikit-learn only for those who ask for the classifier."""
    if name == "ForwardGradientClassifier":
        from tangent_fwd.optim.classifier import ForwardGradientClassifier

        return ForwardGradientClassifier
    raise AttributeError(f"module 'tangent_fwd.optim' has no attribute {name!r}")
