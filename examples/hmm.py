"""Find calm and stormy days: fit a hidden Markov model by its exact gradient.

    python examples/hmm.py [--results FOLDER]

The forward algorithm sums over all paths of hidden states, in logarithms so that nothing
underflows. BFGS climbs the log-likelihood with the exact gradient; beside it the same search with
SciPy's finite differences.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")  # a picture in a file needs no screen

import matplotlib.pyplot as plt
import numpy as np
from numba import njit
from scipy.optimize import minimize

from tangent_fwd import forward_grad

DAYS, STATES = 600, 2


# ---- the forward algorithm as somebody else wrote it ------------------------------------------


@njit
def logsumexp(values):
    largest = np.max(values)
    total = 0.0
    for value in values:
        total += np.exp(value - largest)
    return largest + np.log(total)


@njit
def log_likelihood(theta, returns, states):
    """`theta`: the logits of each row of the transition matrix, then means, then log widths."""
    logits = theta[: states * states].reshape(states, states)
    means = theta[states * states : states * states + states]
    log_widths = theta[states * states + states :]
    log_transitions = np.empty((states, states))
    for i in range(states):
        total = logsumexp(logits[i])
        for j in range(states):
            log_transitions[i, j] = logits[i, j] - total

    alpha = np.full(states, -np.log(states))  # each state is as likely on the first day
    ways = np.empty(states)
    for t in range(len(returns)):
        new = np.empty(states)
        for j in range(states):
            if t == 0:
                new[j] = alpha[j]
            else:
                for i in range(states):
                    ways[i] = alpha[i] + log_transitions[i, j]
                new[j] = logsumexp(ways)
            z = (returns[t] - means[j]) / np.exp(log_widths[j])
            new[j] -= 0.5 * z * z + log_widths[j] + 0.5 * np.log(2.0 * np.pi)
        alpha = new
    return logsumexp(alpha)


# ---- its fit ------------------------------------------------------------------------------------

exact = forward_grad(log_likelihood)


class Fit(NamedTuple):
    """One search: where it ended, the log-likelihood there, and the calls that it took."""

    transitions: np.ndarray
    means: np.ndarray
    widths: np.ndarray
    log_likelihood: float
    calls: int
    theta: np.ndarray


STAY = np.array([0.98, 0.94])  # the chance to stay calm, and to stay stormy
MEANS, WIDTHS = np.array([0.05, -0.1]), np.array([0.6, 2.0])


def simulated():
    """Daily returns in percent, and the hidden state of each day."""
    random = np.random.default_rng(1)
    hidden = np.zeros(DAYS, np.int64)
    for t in range(1, DAYS):
        stays = random.random() < STAY[hidden[t - 1]]
        hidden[t] = hidden[t - 1] if stays else 1 - hidden[t - 1]
    return MEANS[hidden] + WIDTHS[hidden] * random.standard_normal(DAYS), hidden


def fit(returns, with_exact_gradient):
    """BFGS from a guess that only knows that there is a calm and a stormy state."""
    calls = 0
    spread = np.log(np.std(returns))
    guess = np.array([2.0, 0.0, 0.0, 2.0, 0.0, 0.0, spread - 0.5, spread + 0.5])

    def loss(theta):
        nonlocal calls
        calls += 1
        return -log_likelihood(theta, returns, STATES)

    def loss_and_gradient(theta):
        nonlocal calls
        calls += 1
        value, gradient = exact.value_and_grad(theta, returns, STATES)
        return -value, -gradient

    if with_exact_gradient:
        found = minimize(loss_and_gradient, guess, jac=True, method="BFGS")
    else:
        found = minimize(loss, guess, method="BFGS")
    logits, means, widths = np.split(found.x, [STATES**2, STATES**2 + STATES])
    odds = np.exp(logits.reshape(STATES, STATES))
    transitions = odds / odds.sum(axis=1, keepdims=True)
    return Fit(transitions, means, np.exp(widths), -float(found.fun), calls, found.x)


def draw(returns, hidden, fitted, path):
    """The returns, the stormy days, and the fitted densities of both states."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), width_ratios=(2.5, 1))
    days = np.arange(DAYS)
    left.plot(days, returns, linewidth=0.7, color="C0")
    stormy = hidden == 1
    left.fill_between(days, -6, 6, where=stormy, color="C1", alpha=0.2, label="truly stormy")
    left.set(xlabel="day", ylabel="return, %", ylim=(-6, 6))
    left.legend(fontsize=8)
    grid = np.linspace(-6, 6, 300)
    for name, mean, width in zip(("calm", "stormy"), fitted.means, fitted.widths):
        density = np.exp(-0.5 * ((grid - mean) / width) ** 2) / (width * np.sqrt(2 * np.pi))
        right.plot(grid, density, label=f"{name}: {mean:.2f} ± {width:.2f}")
    right.set(xlabel="return, %", title="fitted states")
    right.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Run both searches; returns `(with the exact gradient, with finite differences)`."""
    parser = argparse.ArgumentParser(description="Fit a hidden Markov model by its gradient.")
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="FOLDER")
    options = parser.parse_args(arguments)
    options.results.mkdir(parents=True, exist_ok=True)

    returns, hidden = simulated()
    fits = fit(returns, True), fit(returns, False)
    draw(returns, hidden, fits[0], options.results / "hmm.png")
    print(f"{'':<26}{'exact gradient':>16}{'differences':>14}{'truth':>8}")
    for k, name in enumerate(("calm", "stormy")):
        rows = (
            ("stays", [f.transitions[k, k] for f in fits], STAY[k]),
            ("mean", [f.means[k] for f in fits], MEANS[k]),
            ("width", [f.widths[k] for f in fits], WIDTHS[k]),
        )
        for what, (ours, theirs), truth in rows:
            print(f"{name + ', ' + what:<26}{ours:>16.5f}{theirs:>14.5f}{truth:>8.2f}")
    print(f"{'log-likelihood':<26}{fits[0].log_likelihood:>16.5f}{fits[1].log_likelihood:>14.5f}")
    print(f"{'calls':<26}{fits[0].calls:>16}{fits[1].calls:>14}")
    return fits


if __name__ == "__main__":
    main()
