"""The examples run, and do what they say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from examples import digits, lotka_volterra
from examples.paper import functions


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[list, Path]:
    folder = tmp_path_factory.mktemp("results")
    return digits.main(["--quick", "--results", str(folder)]), folder


@pytest.mark.slow
def test_digits_learns_in_a_fiftieth_of_the_steps(quick: tuple[list, Path]) -> None:
    for _, runs in quick[0]:
        for run in runs:
            assert run.losses[-1] < 0.75 * run.losses[0]
            assert run.accuracy > 0.5


@pytest.mark.slow
def test_digits_leaves_curves_and_emitted_sources(quick: tuple[list, Path]) -> None:
    folder = quick[1]
    assert (folder / "digits.png").read_bytes().startswith(b"\x89PNG")
    for name in ("softmax_loss", "mlp_loss"):
        text = (folder / f"{name}_jvp.py").read_text(encoding="utf-8")
        assert f"def {name}_jvp(params, images, targets, d_params):" in text
        assert "import tangent_fwd" not in text


@pytest.mark.slow
def test_digits_slope_is_that_of_the_exact_gradient() -> None:
    random = np.random.default_rng(1)
    data = digits.digits()
    batch = data.images[:8], data.targets[:8]
    for model in digits.MODELS:
        theta, params = digits.initial(model)
        theta += 0.1 * random.standard_normal(theta.size)
        direction, directions = digits.flat_and_views(model.shapes)
        direction[:] = random.standard_normal(theta.size)
        _, slope = model.loss.jvp((params, *batch), (directions,))
        gradient = np.concatenate([part.ravel() for part in model.loss.grad(params, *batch)])
        assert slope == pytest.approx(gradient @ direction, rel=1e-10)


@pytest.mark.slow
def test_digits_reaches_what_it_promises(tmp_path: Path) -> None:
    outcomes = digits.main(["--results", str(tmp_path)])
    for _, runs in outcomes:
        for run in runs:
            assert run.accuracy >= 0.95


def test_lotka_volterra_needs_fewer_runs_for_the_same_optimum(tmp_path: Path) -> None:
    ours, theirs = lotka_volterra.main(["--results", str(tmp_path)])
    assert (tmp_path / "lotka_volterra.png").read_bytes().startswith(b"\x89PNG")
    assert ours.evaluations < theirs.evaluations / 3
    assert ours.evaluations + ours.passes <= theirs.evaluations
    assert ours.cost == pytest.approx(theirs.cost, rel=1e-9)
    np.testing.assert_allclose(ours.parameters, theirs.parameters, rtol=1e-6)
    # The noise of 0.1 moves the optimum away from the truth by a few times its own share.
    np.testing.assert_allclose(ours.parameters, lotka_volterra.TRUTH, rtol=0.02)


@pytest.mark.slow
def test_the_papers_functions_come_as_far_as_in_the_paper(tmp_path: Path) -> None:
    for case, found in functions.main(["--results", str(tmp_path)]):
        assert np.median(found.forward[:, -1]) <= 2.0 * case.paper
    assert (tmp_path / "functions.png").stat().st_size > 10_000
