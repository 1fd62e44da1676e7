"""Ctrl-C between steps."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Interrupt:
    """Keeps a Ctrl-C until it is asked for.

    Python raises KeyboardInterrupt wherever it happens to be, which may be halfway through the
    bookkeeping between two slices, or in the clean-up of some object, where it is lost. Inside
    this context the first Ctrl-C only leaves a mark, for `check` to find; the second one is
    raised at once, as always. A handler of the user's own is left alone, and so are threads other
    than the main one, to which Python sends no signals.
    """

    def __init__(self) -> None:
        self._pressed = False
        self._ours = False

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self._pressed:
            self._pressed = False
            raise KeyboardInterrupt

    def __enter__(self) -> Interrupt:
        main = threading.current_thread() is threading.main_thread()
        self._ours = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._ours:
            signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if error is None:
            self.check()

    def _press(self, number: int, frame: FrameType | None) -> None:
        if self._pressed:
            raise KeyboardInterrupt
        self._pressed = True
