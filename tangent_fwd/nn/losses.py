"""Losses: from scores, one row for each sample, to one number that is to become small."""

from __future__ import annotations

from typing import Any

import numpy as np

from tangent_fwd.marks import stop_gradient


def softmax_cross_entropy(scores: Any, labels: Any) -> Any:
    """Give the mean of −log softmax(scores)[label], for samples that have one label each.

    Scores of any size are safe, because the largest of each row is taken off before `exp`; that
    changes nothing in exact arithmetic, and so has no part in the derivative.

    Args:
        scores: (n, classes).
        labels: the right class of each sample, (n,), integers from 0 to classes − 1.

    Returns:
        One float, in nats.

    Raises:
        ValueError: the number of labels is not that of the samples, or one names no class.
    """
    n, classes = scores.shape
    if labels.size != n:
        raise ValueError("softmax_cross_entropy: `labels` must have one entry for each sample")
    total = 0.0
    for i in range(n):
        label = labels[i]
        if label < 0 or label >= classes:
            raise ValueError("softmax_cross_entropy: `labels` must be from 0 to classes - 1")
        row = scores[i]
        top = stop_gradient(np.max(row))
        total += np.log(np.sum(np.exp(row - top))) + top - row[label]
    return total / n


def soft_cross_entropy(scores: Any, targets: Any) -> Any:
    """Give the mean of −Σ target log softmax(scores), for targets that are shares of all classes.

    Rows with a single one give what `softmax_cross_entropy` gives for the labels; smoothed or
    mixed labels, and another model's probabilities, are the reason to have it.

    Args:
        scores: (n, classes).
        targets: the share of each class in each sample, (n, classes), floats; rows that add up to
            one are usual.

    Returns:
        One float, in nats.

    Raises:
        ValueError: the shapes differ.
    """
    n, classes = scores.shape
    if targets.shape[0] != n or targets.shape[1] != classes:
        raise ValueError("soft_cross_entropy: `targets` must have the shape of `scores`")
    total = 0.0
    for i in range(n):
        row = scores[i]
        top = stop_gradient(np.max(row))
        log_sum = np.log(np.sum(np.exp(row - top))) + top
        total += np.sum(targets[i] * (log_sum - row))
    return total / n
