"""The classifier is what scikit-learn takes for one, and learns."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from tangent_fwd import optim


@pytest.mark.slow
def test_it_learns_in_three_lines():
    X, y = load_iris(return_X_y=True)
    model = make_pipeline(
        StandardScaler(), optim.ForwardGradientClassifier(hidden=8, random_state=0)
    )
    assert cross_val_score(model, X, y, cv=3).mean() > 0.93


@pytest.mark.slow
def test_softmax_regression_agrees_with_the_solver_of_scikit_learn():
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    mine = optim.ForwardGradientClassifier(epochs=400, random_state=0).fit(X, y)
    its = LogisticRegression(C=1e3).fit(X, y)
    assert np.mean(mine.predict(X) == its.predict(X)) > 0.97
    np.testing.assert_allclose(mine.predict_proba(X).sum(axis=1), 1.0)


@pytest.mark.slow
def test_one_seed_gives_one_model():
    X, y = load_iris(return_X_y=True)
    runs = [
        optim.ForwardGradientClassifier(epochs=3, random_state=7).fit(X, y).params_
        for _ in range(2)
    ]
    for one, two in zip(*runs, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.slow
def test_single_precision_stays():
    X, y = load_iris(return_X_y=True)
    model = optim.ForwardGradientClassifier(epochs=2, random_state=0).fit(X.astype(np.float32), y)
    assert {part.dtype for part in model.params_} == {np.dtype(np.float32)}


@pytest.mark.slow
def test_it_passes_the_checks_of_scikit_learn():
    """All of them; those that need pandas or another switch are skipped by scikit-learn itself."""
    model = optim.ForwardGradientClassifier(random_state=0)
    found = check_estimator(model, on_skip=None)
    passed = [check for check in found if check["status"] == "passed"]
    assert len(passed) > 50


def test_it_says_that_it_was_not_fitted():
    with pytest.raises(NotFittedError):
        optim.ForwardGradientClassifier().predict(np.zeros((2, 2)))
