"""A scikit-learn classifier that is trained without backpropagation."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from tangent_fwd.optim.directions import Directions
from tangent_fwd.optim.forward_gradient import ForwardGradient
from tangent_fwd.optim.optimizers import AdamW


def _cross_entropy(scores: Any, labels: Any) -> Any:
    """Of integer labels; log-sum-exp is taken about the largest score."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1))
    total = np.sum(log_total)
    for i in range(labels.size):
        total -= shifted[i, labels[i]]
    return total / labels.size


def _linear(params: Any, X: Any) -> Any:
    W, b = params
    return X @ W + b


def _network(params: Any, X: Any) -> Any:
    W1, b1, W2, b2 = params
    return np.tanh(X @ W1 + b1) @ W2 + b2


def _linear_loss(params: Any, X: Any, labels: Any) -> Any:
    return _cross_entropy(_linear(params, X), labels)


def _network_loss(params: Any, X: Any, labels: Any) -> Any:
    return _cross_entropy(_network(params, X), labels)


class ForwardGradientClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Softmax regression, or a network with one hidden layer, trained by forward gradients.

    To try the method in three lines on data of one's own, inside pipelines and searches.
    Features should have about unit variance, as after `StandardScaler`.

    Args:
        hidden: units of a hidden layer of tanh; None for softmax regression.
        learning_rate: of AdamW.
        directions: a family such as `optim.Gaussian()`; `optim.RankOne()` if left out.
        k: directions in each step; more make a step dearer and less noisy.
        epochs: passes over the data.
        batch_size: rows in a batch.
        decay: how fast parameters shrink by themselves, times the learning rate.
        random_state: an integer, a NumPy RandomState or None, as scikit-learn takes it.

    Attributes:
        classes_: the labels, sorted.
        params_: the trained arrays: weights and biases, layer by layer.
        history_: rows of loss against steps, as `ForwardGradient.history`.
        n_features_in_, n_iter_: features seen in `fit`, and steps taken.
    """

    def __init__(
        self,
        hidden: int | None = None,
        learning_rate: float = 0.02,
        directions: Directions | None = None,
        k: int = 4,
        epochs: int = 200,
        batch_size: int = 32,
        decay: float = 1e-4,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.directions = directions
        self.k = k
        self.epochs = epochs
        self.batch_size = batch_size
        self.decay = decay
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> ForwardGradientClassifier:
        """Train on rows of `X`, shape (rows, features), with labels `y`, shape (rows,).

        Raises ValueError for what scikit-learn's own classifiers refuse.
        """
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 classes; the data holds 1 class"
            )
        random = check_random_state(self.random_state)
        loss = _linear_loss if self.hidden is None else _network_loss
        trainer = ForwardGradient(
            loss,
            self._initial(X, random),
            AdamW(self.learning_rate, weight_decay=self.decay),
            self.directions,
            self.k,
            seed=int(random.randint(2**31 - 1)),
        )
        trainer.fit(
            (np.ascontiguousarray(X), labels.astype(np.int64)),
            self.epochs,
            self.batch_size,
            progress=False,
        )
        self.params_ = trainer.params
        self.history_ = trainer.history
        self.n_iter_ = trainer.steps
        return self

    def _initial(self, X: Any, random: Any) -> tuple[Any, ...]:
        """Zeros for softmax regression; random weights of unit gain in front of a hidden layer."""
        features, classes = X.shape[1], len(self.classes_)
        if self.hidden is None:
            return np.zeros((features, classes), X.dtype), np.zeros(classes, X.dtype)
        first = random.standard_normal((features, self.hidden)) / np.sqrt(features)
        return (
            first.astype(X.dtype),
            np.zeros(self.hidden, X.dtype),
            np.zeros((self.hidden, classes), X.dtype),
            np.zeros(classes, X.dtype),
        )

    def decision_function(self, X: Any) -> Any:
        """Scores, shape (rows, classes); with two classes the second's lead, shape (rows,)."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> Any:
        """Probabilities of the classes, shape (rows, classes)."""
        scores = self._scores(X)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Any:
        """The most probable label of each row, shape (rows,)."""
        best = self._scores(X).argmax(axis=1)
        return self.classes_[best]

    def _scores(self, X: Any) -> Any:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return (_linear if self.hidden is None else _network)(self.params_, X)
