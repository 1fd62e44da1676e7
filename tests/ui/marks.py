"""Which argument a case differentiates, where it is not the first."""

from collections.abc import Callable
from typing import Any


def active(*names: str) -> Callable[[Any], Any]:
    """Ask for the derivative with respect to these arguments."""

    def mark(function: Any) -> Any:
        function.active = names
        return function

    return mark
