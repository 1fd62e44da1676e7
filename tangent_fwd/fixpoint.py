"""What is said of functions that call themselves, and each other: a guess that confirms itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Fixpoint(Generic[T]):
    """Answers about functions, each computed once, by asking for the answers about others.

    Who asks for an answer that is just being computed is told a guess. If that turns out wrong,
    what was computed from it is dropped, and all is computed again from the better guess.
    """

    def __init__(self, told: Callable[[T], Any]) -> None:
        self.told = told
        self.answers: dict[Hashable, T] = {}
        self.guesses: dict[Hashable, Any] = {}
        self.asked: set[Hashable] = set()

    def of(self, key: Hashable, least: Any, compute: Callable[[], T]) -> Any:
        """What is known for a key: `told` of its answer, or the guess, which begins with `least`.

        Guesses grow, and so must what follows from them, or this never ends.
        """
        if key in self.answers:
            return self.told(self.answers[key])
        if key in self.guesses:
            self.asked.add(key)
            return self.guesses[key]
        self.guesses[key] = least
        try:
            while True:
                before = set(self.answers)
                answer = compute()
                told = self.told(answer)
                if told == self.guesses[key] or key not in self.asked:
                    break
                self.guesses[key] = told
                for later in self.answers.keys() - before:
                    del self.answers[later]
        finally:
            del self.guesses[key]
            self.asked.discard(key)
        self.answers[key] = answer
        return told
