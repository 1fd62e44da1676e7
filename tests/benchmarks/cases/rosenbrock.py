"""Rosenbrock's function as a scalar loop: one long sum, two array elements read per term."""

from functools import partial

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.case import Arguments, Case, fast, strict


def rosenbrock(x):
    total = 0.0
    for i in range(x.size - 1):
        total += (1.0 - x[i]) ** 2 + 100.0 * (x[i + 1] - x[i] ** 2) ** 2
    return total


def inputs(n: int) -> Arguments:
    """A point of `n` coordinates drawn from the standard normal distribution."""
    return (np.random.default_rng(0).standard_normal(n),)


def hand(x, d_x):
    """Fused, the constant 2 of the tangent taken out of its sum (exact: a power of two)."""
    total = 0.0
    half_slope = 0.0
    for i in range(x.size - 1):
        a = 1.0 - x[i]
        b = x[i + 1] - x[i] * x[i]
        hundred_b = 100.0 * b
        total += a * a + hundred_b * b
        half_slope += hundred_b * (d_x[i + 1] - 2.0 * x[i] * d_x[i]) - a * d_x[i]
    return total, 2.0 * half_slope


def by_statement(x, d_x):
    """Each operation followed by its tangent, as a simple generator would print it."""
    total = 0.0
    d_total = 0.0
    for i in range(x.size - 1):
        a = 1.0 - x[i]
        d_a = -d_x[i]
        b = x[i + 1] - x[i] ** 2
        d_b = d_x[i + 1] - 2.0 * x[i] * d_x[i]
        d_total += 2.0 * a * d_a + 100.0 * (2.0 * b * d_b)
        total += a**2 + 100.0 * b**2
    return total, d_total


BLOCK = 256


def blocked(x, d_x):
    """Terms of a block into two buffers (SIMD), then both sums in order (scalar)."""
    total = 0.0
    d_total = 0.0
    terms = np.empty(BLOCK)
    d_terms = np.empty(BLOCK)
    start = 0
    while start < x.size - 1:
        count = min(BLOCK, x.size - 1 - start)
        # Slices let LLVM see that indices within a block are not negative.
        here = x[start : start + count + 1]
        d_here = d_x[start : start + count + 1]
        for j in range(count):
            a = 1.0 - here[j]
            b = here[j + 1] - here[j] * here[j]
            terms[j] = a * a + 100.0 * (b * b)
            d_terms[j] = (
                200.0 * b * (d_here[j + 1] - 2.0 * here[j] * d_here[j]) - 2.0 * a * d_here[j]
            )
        for j in range(count):
            total += terms[j]
            d_total += d_terms[j]
        start += count
    return total, d_total


def array_rosenbrock(x):
    return ((1.0 - x[:-1]) ** 2 + 100.0 * (x[1:] - x[:-1] ** 2) ** 2).sum()


ENZYME = """
template<std::size_t N>
void program(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, N>& x) {
  double total = 0.0;
  for (std::size_t i = 0; i + 1 < N; i++) {
    double a = 1.0 - x[i];
    double b = x[i + 1] - x[i] * x[i];
    total += a * a + 100.0 * b * b;
  }
  out[0] = total;
}
"""


def _case(name: str, n: int) -> Case:
    return Case(
        name=name,
        primal=rosenbrock,
        argnums=(0,),
        inputs=partial(inputs, n),
        small_inputs=partial(inputs, 300),
        hand_jvp=strict(hand),
        tuned_jvp=strict(blocked),
        bump=0,
        scalar=True,
        variants={"by statement": strict(by_statement), "fastmath": fast(hand)},
        peers={
            "jax": peers.jax_jvp(array_rosenbrock, (0,)),
            "torch": peers.torch_jvp(array_rosenbrock, (0,)),
            "enzyme": peers.enzyme_jvp(ENZYME, (0,)),
        },
    )


CASES = [_case("rosenbrock 1k", 1_000), _case("rosenbrock 100k", 100_000)]
