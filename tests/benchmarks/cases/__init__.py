"""The programs that are measured, one small module each; `all_cases` lists them in table order."""

from tests.benchmarks.case import Case
from tests.benchmarks.cases import (
    black_scholes,
    gaussian_mixture,
    lotka_volterra,
    mlp,
    nbody,
    nbody_columns,
    rosenbrock,
    softmax,
    tanh_sum,
)


def all_cases() -> list[Case]:
    """Every case, in the order of the table."""
    modules = (
        rosenbrock,
        lotka_volterra,
        black_scholes,
        nbody_columns,
        nbody,
        gaussian_mixture,
        softmax,
        mlp,
        tanh_sum,
    )
    return [case for module in modules for case in module.CASES]
