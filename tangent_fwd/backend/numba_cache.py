"""numba's cache, kept in our files.

This file imports numba at the top; import it from inside functions.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import re
from typing import Any

from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.core.sigutils import normalize_signature

from tangent_fwd.backend.cache import Entry


class SealedCache(_Cache):  # type: ignore[misc]  # numba has no types
    """numba's view of one entry of our cache.

    numba's own files are used as they are found: a flipped bit in one can end the process, and
    two processes that write different signatures at once can serve each other's code. Here each
    function and signature has a file of its own, checked before it is used.
    """

    def __init__(self, function: Any, entry: Entry) -> None:
        self._function = function
        self._entry = entry
        self._enabled = True

    @property
    def cache_path(self) -> str:
        return str(self._entry.path)

    def enable(self) -> None:
        self._enabled = True

    def disable(self) -> None:
        self._enabled = False

    def flush(self) -> None:
        """Forget this function's compiled code; numba asks for it before a recompilation."""
        for path in self._entry.path.glob(self._prefix() + "*.object"):
            path.unlink(missing_ok=True)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for a signature, or None if it has to be compiled."""
        if not self._enabled:
            return None
        target_context.refresh()
        name = self._file(sig)
        payload = self._entry.load(name)
        if payload is None:
            return None
        # The file is what we wrote, so an error now means that numba cannot read its own work
        # back. Compiling again is always possible, and the caller made no mistake.
        with contextlib.suppress(Exception):
            arguments, reduced = pickle.loads(payload)
            if arguments == self._arguments(sig):
                return CompileResult._rebuild(target_context, *reduced)
        self._entry.discard(name)
        return None

    def save_overload(self, sig: Any, cres: Any) -> None:
        """Keep the compiled function for a signature, if its code means anything elsewhere."""
        if not self._enabled or cres.library.has_dynamic_globals:
            return
        if not all(lifted.can_cache for lifted in cres.lifted):
            return
        if " at 0x" in str(self._arguments(sig)):  # an address, which no other process shares
            return
        self._entry.save(self._file(sig), dumps((self._arguments(sig), cres._reduce())))

    @staticmethod
    def _arguments(sig: Any) -> tuple[Any, ...]:
        return tuple(normalize_signature(sig)[0])

    def _prefix(self) -> str:
        name = re.sub(r"\W", "_", self._function.__name__, flags=re.ASCII)[:40]
        return f"{name}-{self._function.__code__.co_firstlineno}-"

    def _file(self, sig: Any) -> str:
        arguments = hashlib.sha256(str(self._arguments(sig)).encode())
        return f"{self._prefix()}{arguments.hexdigest()[:16]}.object"
