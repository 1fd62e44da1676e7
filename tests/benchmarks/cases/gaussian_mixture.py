"""Log-likelihood of a Gaussian mixture with full precision factors, in loops."""

import math
from functools import partial

import numpy as np

from tests.benchmarks import peers
from tests.benchmarks.case import Arguments, Case, fast, strict


def log_likelihood(weights, means, factors, points):
    count, size = points.shape
    scales = np.empty((weights.size, size))
    offset = np.empty(weights.size)
    for k in range(weights.size):
        log_det = 0.0
        for r in range(size):
            scales[k, r] = math.exp(factors[k, r, r])
            log_det += factors[k, r, r]
        offset[k] = weights[k] + log_det
    terms = np.empty(weights.size)
    total = 0.0
    for i in range(count):
        for k in range(weights.size):
            squares = 0.0
            for r in range(size):
                y = scales[k, r] * (points[i, r] - means[k, r])
                for c in range(r):
                    y += factors[k, r, c] * (points[i, c] - means[k, c])
                squares += y * y
            terms[k] = offset[k] - 0.5 * squares
        top = terms.max()
        total += top + np.log(np.sum(np.exp(terms - top)))
    top = weights.max()
    return total - count * (top + np.log(np.sum(np.exp(weights - top))))


def inputs(n: int, d: int, k: int) -> Arguments:
    """Log-weights (k,), means (k, d), factors (k, d, d) of the precisions, points (n, d)."""
    generator = np.random.default_rng(0)
    return (
        generator.standard_normal(k),
        generator.standard_normal((k, d)),
        0.3 * generator.standard_normal((k, d, d)),
        generator.standard_normal((n, d)),
    )


@strict
def log_sum_exp(terms, d_terms):
    """The tangent of the maximum cancels, so it never appears."""
    top = -np.inf
    for k in range(terms.size):
        top = max(top, terms[k])
    total = 0.0
    d_total = 0.0
    for k in range(terms.size):
        e = math.exp(terms[k] - top)
        total += e
        d_total += e * d_terms[k]
    return top + math.log(total), d_total / total


@strict
def constants(weights, factors, d_weights, d_factors, scales, offset, d_offset):
    """What does not depend on the point: exp of the diagonals, and weight + log-determinant."""
    for k in range(weights.size):
        log_det = 0.0
        d_log_det = 0.0
        for r in range(factors.shape[1]):
            scales[k, r] = math.exp(factors[k, r, r])
            log_det += factors[k, r, r]
            d_log_det += d_factors[k, r, r]
        offset[k] = weights[k] + log_det
        d_offset[k] = d_weights[k] + d_log_det


def hand(weights, means, factors, points, d_weights, d_means, d_factors):
    """The user's loops; the factor 2 of the squares meets the 0.5 before the sum."""
    count, size = points.shape
    scales = np.empty((weights.size, size))
    offset = np.empty(weights.size)
    d_offset = np.empty(weights.size)
    constants(weights, factors, d_weights, d_factors, scales, offset, d_offset)
    terms = np.empty(weights.size)
    d_terms = np.empty(weights.size)
    total = 0.0
    d_total = 0.0
    for i in range(count):
        for k in range(weights.size):
            squares = 0.0
            half_d_squares = 0.0
            for r in range(size):
                scale = scales[k, r]
                y = scale * (points[i, r] - means[k, r])
                d_y = y * d_factors[k, r, r] - scale * d_means[k, r]
                for c in range(r):
                    gap = points[i, c] - means[k, c]
                    y += factors[k, r, c] * gap
                    d_y += d_factors[k, r, c] * gap - factors[k, r, c] * d_means[k, c]
                squares += y * y
                half_d_squares += y * d_y
            terms[k] = offset[k] - 0.5 * squares
            d_terms[k] = d_offset[k] - half_d_squares
        value, d_value = log_sum_exp(terms, d_terms)
        total += value
        d_total += d_value
    value, d_value = log_sum_exp(weights, d_weights)
    return total - count * value, d_total - count * d_value


BLOCK = 64


def blocked(weights, means, factors, points, d_weights, d_means, d_factors):
    """Loops interchanged: a block of points lies in the SIMD lanes, constants outside."""
    count, size = points.shape
    k_count = weights.size
    scales = np.empty((k_count, size))
    offset = np.empty(k_count)
    d_offset = np.empty(k_count)
    constants(weights, factors, d_weights, d_factors, scales, offset, d_offset)
    terms = np.empty((k_count, BLOCK))
    d_terms = np.empty((k_count, BLOCK))
    across = np.empty((size, BLOCK))
    gap = np.empty((size, BLOCK))
    y = np.empty(BLOCK)
    d_y = np.empty(BLOCK)
    squares = np.empty(BLOCK)
    half_d_squares = np.empty(BLOCK)
    top = np.empty(BLOCK)
    sums = np.empty(BLOCK)
    d_sums = np.empty(BLOCK)
    total = 0.0
    d_total = 0.0
    for start in range(0, count, BLOCK):
        here = min(BLOCK, count - start)
        for b in range(here):
            top[b] = -np.inf
            sums[b] = 0.0
            d_sums[b] = 0.0
            for r in range(size):
                across[r, b] = points[start + b, r]
        for k in range(k_count):
            for b in range(here):
                squares[b] = 0.0
                half_d_squares[b] = 0.0
            for r in range(size):
                shift = scales[k, r] * d_means[k, r]
                for c in range(r):
                    shift += factors[k, r, c] * d_means[k, c]
                scale = scales[k, r]
                d_scale = scale * d_factors[k, r, r]
                mean = means[k, r]
                for b in range(here):
                    gap[r, b] = across[r, b] - mean
                    y[b] = scale * gap[r, b]
                    d_y[b] = d_scale * gap[r, b] - shift
                for c in range(r):
                    factor = factors[k, r, c]
                    d_factor = d_factors[k, r, c]
                    for b in range(here):
                        y[b] += factor * gap[c, b]
                        d_y[b] += d_factor * gap[c, b]
                for b in range(here):
                    squares[b] += y[b] * y[b]
                    half_d_squares[b] += y[b] * d_y[b]
            for b in range(here):
                terms[k, b] = offset[k] - 0.5 * squares[b]
                d_terms[k, b] = d_offset[k] - half_d_squares[b]
                top[b] = max(top[b], terms[k, b])
        for k in range(k_count):
            for b in range(here):
                e = math.exp(terms[k, b] - top[b])
                sums[b] += e
                d_sums[b] += e * d_terms[k, b]
        for b in range(here):
            total += top[b] + math.log(sums[b])
            d_total += d_sums[b] / sums[b]
    value, d_value = log_sum_exp(weights, d_weights)
    return total - count * value, d_total - count * d_value


def _jax_program(weights, means, factors, points):
    jnp = peers.jax_numpy()
    from jax.scipy.special import logsumexp

    size = points.shape[1]
    diagonal = jnp.diagonal(factors, axis1=1, axis2=2)
    lower = jnp.tril(factors, -1) + jnp.exp(diagonal)[:, :, None] * jnp.eye(size)
    y = jnp.einsum("krc,nkc->nkr", lower, points[:, None, :] - means[None])
    terms = weights + diagonal.sum(axis=1) - 0.5 * (y**2).sum(axis=2)
    return logsumexp(terms, axis=1).sum() - points.shape[0] * logsumexp(weights)


def _torch_program(weights, means, factors, points):
    torch = peers.torch()
    diagonal = torch.diagonal(factors, dim1=1, dim2=2)
    lower = torch.tril(factors, -1) + torch.diag_embed(torch.exp(diagonal))
    y = torch.einsum("krc,nkc->nkr", lower, points[:, None, :] - means[None])
    terms = weights + diagonal.sum(dim=1) - 0.5 * (y**2).sum(dim=2)
    return torch.logsumexp(terms, 1).sum() - points.shape[0] * torch.logsumexp(weights, 0)


ENZYME = """
template<std::size_t K, std::size_t D, std::size_t N>
void program(enzyme::tensor<double, 1>& out, const enzyme::tensor<double, K>& weights,
             const enzyme::tensor<double, K, D>& means,
             const enzyme::tensor<double, K, D, D>& factors,
             const enzyme::tensor<double, N, D>& points) {
  double scales[K][D], offset[K], terms[K];
  for (std::size_t k = 0; k < K; k++) {
    offset[k] = weights[k];
    for (std::size_t r = 0; r < D; r++) {
      scales[k][r] = __builtin_exp(factors[k][r][r]);
      offset[k] += factors[k][r][r];
    }
  }
  double total = 0.0;
  for (std::size_t i = 0; i < N; i++) {
    double top = -1e300;
    for (std::size_t k = 0; k < K; k++) {
      double squares = 0.0;
      for (std::size_t r = 0; r < D; r++) {
        double y = scales[k][r] * (points[i][r] - means[k][r]);
        for (std::size_t c = 0; c < r; c++)
          y += factors[k][r][c] * (points[i][c] - means[k][c]);
        squares += y * y;
      }
      terms[k] = offset[k] - 0.5 * squares;
      top = terms[k] > top ? terms[k] : top;
    }
    double sum = 0.0;
    for (std::size_t k = 0; k < K; k++) sum += __builtin_exp(terms[k] - top);
    total += top + __builtin_log(sum);
  }
  double sum = 0.0;
  for (std::size_t k = 0; k < K; k++) sum += __builtin_exp(weights[k]);
  out[0] = total - N * __builtin_log(sum);
}
"""

CASES = [
    Case(
        name="gaussian mixture",
        primal=log_likelihood,
        argnums=(0, 1, 2),
        inputs=partial(inputs, 1024, 10, 25),
        small_inputs=partial(inputs, 70, 3, 4),
        hand_jvp=strict(hand),
        tuned_jvp=strict(blocked),
        bump=0,
        scalar=True,
        variants={"fastmath": fast(hand)},
        peers={
            "jax": peers.jax_jvp(_jax_program, (0, 1, 2)),
            "torch": peers.torch_jvp(_torch_program, (0, 1, 2)),
            "enzyme": peers.enzyme_jvp(ENZYME, (0, 1, 2)),
        },
    )
]
