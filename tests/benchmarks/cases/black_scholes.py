"""Monte Carlo price of a European call, written with arrays: one exp per path, then a mean."""

import math
from functools import partial

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.case import Arguments, Case, fast, strict


def call_price(spot, strike, rate, volatility, years, z):
    growth = (rate - 0.5 * volatility**2) * years
    final = spot * np.exp(growth + volatility * np.sqrt(years) * z)
    payoff = np.maximum(final - strike, 0.0)
    return np.exp(-rate * years) * np.mean(payoff)


def inputs(paths: int) -> Arguments:
    """A call slightly out of the money, one year, and `paths` standard normal draws."""
    return 100.0, 105.0, 0.03, 0.2, 1.0, np.random.default_rng(0).standard_normal(paths)


def hand(spot, strike, rate, volatility, years, z, d_spot, d_rate, d_volatility):
    """One loop; the selection as ternaries, the discount and the 1/n after the loop."""
    growth = (rate - 0.5 * volatility * volatility) * years
    d_growth = (d_rate - volatility * d_volatility) * years
    spread = volatility * math.sqrt(years)
    d_spread = d_volatility * math.sqrt(years)
    total = 0.0
    d_total = 0.0
    for i in range(z.size):
        ratio = math.exp(growth + spread * z[i])
        final = spot * ratio
        d_final = d_spot * ratio + final * (d_growth + d_spread * z[i])
        gain = final - strike
        pays = gain >= 0.0
        total += gain if pays else 0.0
        d_total += d_final if pays else 0.0
    mean = total / z.size
    d_mean = d_total / z.size
    discount = math.exp(-rate * years)
    return discount * mean, discount * (d_mean - d_rate * years * mean)


def _peer_price(library):
    def price(spot, strike, rate, volatility, years, z):
        growth = (rate - 0.5 * volatility**2) * years
        final = spot * library.exp(growth + volatility * years**0.5 * z)
        payoff = library.where(final > strike, final - strike, 0.0)
        return library.exp(-rate * years) * payoff.mean()

    return price


ENZYME = """
template<std::size_t N>
void program(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, 1>& spot,
             const enzyme::tensor<double, 1>& strike, const enzyme::tensor<double, 1>& rate,
             const enzyme::tensor<double, 1>& volatility, const enzyme::tensor<double, 1>& years,
             const enzyme::tensor<double, N>& z) {
  double s = volatility[0], t = years[0], r = rate[0];
  double growth = (r - 0.5 * s * s) * t;
  double spread = s * __builtin_sqrt(t);
  double total = 0.0;
  for (std::size_t i = 0; i < N; i++) {
    double gain = spot[0] * __builtin_exp(growth + spread * z[i]) - strike[0];
    total += gain >= 0.0 ? gain : 0.0;
  }
  out[0] = __builtin_exp(-r * t) * total / N;
}
"""

CASES = [
    Case(
        name="black-scholes 1e6",
        primal=call_price,
        argnums=(0, 2, 3),
        inputs=partial(inputs, 1_000_000),
        small_inputs=partial(inputs, 500),
        hand_jvp=strict(hand),
        bump=5,
        scalar=True,
        variants={"fastmath": fast(hand)},
        peers={
            "jax": peers.jax_jvp(lambda *a: _peer_price(peers.jax_numpy())(*a), (0, 2, 3)),
            "torch": peers.torch_jvp(lambda *a: _peer_price(peers.torch())(*a), (0, 2, 3)),
            "enzyme": peers.enzyme_jvp(ENZYME, (0, 2, 3)),
        },
    )
]
