"""The C library's vector functions, described so that LLVM's loop vectoriser can call them.

numba calls the scalar functions of the C library, and one such call keeps a whole loop scalar.
glibc has vector forms of them in libmvec, named by the x86-64 vector ABI:
`_ZGVdN4v_tanh` is tanh of four float64 with AVX2 registers. LLVM uses them when the declaration
of the scalar function names them.

LLVM also knows what `log` is, and rewrites it, before it looks at loops, into forms that have no
vector function. So while a module is optimised `log` goes by the name `tangent_fwd.log`, which
means nothing to LLVM except what its declaration says, and gets its own name back afterwards.
This file writes the LLVM text for that; `numba_pipeline` links it in. Where there is no libmvec
there is no text, and every loop works as it always did.
"""

from __future__ import annotations

import ctypes
import functools
import platform
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass

LIBRARY = "libmvec.so.1"
PREFIX = "tangent_fwd."

# Functions of the C library that glibc may have in vector form, by number of arguments.
UNARY = ["acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "erf", "erfc"]
UNARY += ["exp", "exp10", "exp2", "expm1", "log", "log10", "log1p", "log2", "sin", "sinh"]
UNARY += ["tan", "tanh"]
BINARY = ["atan2", "hypot", "pow"]

# Register letter of the vector ABI, its width in bytes, and the processor features that the
# functions of that letter execute without asking.
_REGISTERS = [("b", 16, ("sse4.2",)), ("d", 32, ("avx2", "fma")), ("e", 64, ("avx512f",))]

_TYPES = {"double": 8, "float": 4}


def _scalar_functions() -> dict[str, tuple[str, int]]:
    """Symbol of every scalar function: its LLVM type and its number of arguments."""
    table = {}
    for names, arity in ((UNARY, 1), (BINARY, 2)):
        for name in names:
            table[name] = ("double", arity)
            table[name + "f"] = ("float", arity)
    return table


SCALAR = _scalar_functions()


@functools.cache
def library() -> ctypes.CDLL | None:
    """The vector library, loaded so that LLVM finds its symbols, or None where there is none.

    Machine code read from a cache refers to these symbols by name, and the process dies if they
    cannot be found then. So this is called before any such code is read; it needs no numba.
    """
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "AMD64"):
        return None
    if sys.maxsize < 2**32:
        return None
    try:
        return ctypes.CDLL(LIBRARY, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return None


def _vector_symbols(name: str, features: Collection[str]) -> list[tuple[str, int]]:
    """Vector forms of one scalar function on this machine: symbol and number of lanes."""
    loaded = library()
    if loaded is None:
        return []
    kind, arity = SCALAR[name]
    found = []
    for letter, width, needed in _REGISTERS:
        lanes = width // _TYPES[kind]
        symbol = f"_ZGV{letter}N{lanes}{'v' * arity}_{name}"
        if all(feature in features for feature in needed) and hasattr(loaded, symbol):
            found.append((symbol, lanes))
    return found


@dataclass(frozen=True)
class Disguise:
    """How to hide a module's scalar functions from LLVM's rewriting.

    Attributes:
        renames: for each symbol that the module declares, the name it has to get.
        text: LLVM text that says what those names mean, to be linked in before the module.
    """

    renames: dict[str, str]
    text: str


def hidden(symbol: str) -> str:
    """The name of a C function while a module is optimised."""
    return PREFIX + symbol


def disguise(symbols: Iterable[str], features: Collection[str], stage: str) -> Disguise:
    """Hide those symbols that have vector forms on this machine.

    Args:
        symbols: what a module declares, such as `tanh` or `llvm.exp.f64`.
        features: names of the processor features that the compiler may use.
        stage: a word that no earlier disguise of the same module used.
    """
    renames = {}
    bodies = []
    scalars = set()
    for symbol in sorted(symbols):
        scalar = meaning(symbol)
        if scalar is None:
            continue
        name = f"{PREFIX}{stage}.{symbol}"
        if scalar == "tanh" and _vector_symbols("expm1", features):
            scalar = "expm1"
            bodies.append(_TANH.format(name=name, expm1=hidden("expm1")))
        elif _vector_symbols(scalar, features):
            bodies.append(_forwarder(name, hidden(scalar), scalar))
        else:
            continue
        renames[symbol] = name
        scalars.add(scalar)
    text = "\n".join([declarations(scalars, features), *bodies])
    return Disguise(renames, text if renames else "")


def meaning(symbol: str) -> str | None:
    """The C function that a symbol stands for, or None.

    >>> meaning("tanh"), meaning("llvm.exp.f32"), meaning("llvm.fabs.f64")
    ('tanh', 'expf', None)
    """
    head, _, rest = symbol.partition(".")
    name, _, width = rest.partition(".")
    if head == "llvm":
        symbol = name + {"f64": "", "f32": "f"}.get(width, ".")
    return symbol if symbol in SCALAR else None


def _forwarder(name: str, target: str, scalar: str) -> str:
    """LLVM text of a function `name` that calls `target`; `scalar` has the type of both."""
    kind, arity = SCALAR[scalar]
    parameters = ", ".join(f"{kind} %x{index}" for index in range(arity))
    return (
        f'define linkonce_odr {kind} @"{name}"({parameters}) alwaysinline {{\n'
        f'  %result = call {kind} @"{target}"({parameters})\n'
        f"  ret {kind} %result\n}}"
    )


def revelation(scalar: str) -> str:
    """LLVM text that defines the hidden name of a C function as a call of the function."""
    kind, arity = SCALAR[scalar]
    declaration = f"declare {kind} @{scalar}({', '.join([kind] * arity)})"
    return declaration + "\n" + _forwarder(hidden(scalar), scalar, scalar)


# The vector tanh of float64 costs twice its vector expm1. With t = expm1(-2|x|), which lies in
# (-1, 0], tanh|x| is -t/(t + 2): nothing overflows, nothing cancels, and NaN passes through.
_TANH = """\
define linkonce_odr double @"{name}"(double %x) alwaysinline {{
  %size = call double @llvm.fabs.f64(double %x)
  %twice = fadd double %size, %size
  %power = fneg double %twice
  %t = call double @"{expm1}"(double %power)
  %below = fadd double %t, 2.0
  %minus_t = fneg double %t
  %positive = fdiv double %minus_t, %below
  %result = call double @llvm.copysign.f64(double %positive, double %x)
  ret double %result
}}
declare double @llvm.fabs.f64(double)
declare double @llvm.copysign.f64(double, double)"""


def declarations(symbols: Iterable[str], features: Collection[str]) -> str:
    """LLVM text that declares scalar functions, hidden, together with their vector forms.

    A function without a vector form on this machine is left out.

    Args:
        symbols: symbols of C functions; unknown ones are ignored.
        features: names of the processor features that the compiler may use.
    """
    lines: list[str] = []
    kept: list[str] = []
    for name in sorted(set(symbols)):
        forms = _vector_symbols(name, features) if name in SCALAR else []
        if not forms:
            continue
        kind, arity = SCALAR[name]
        mappings = []
        for symbol, lanes in forms:
            shape = f"{lanes}{'v' * arity}"
            masked = hidden(f"masked_{shape}_{name}")
            mappings.append(f"_ZGV_LLVM_N{shape}_{hidden(name)}({symbol})")
            mappings.append(f"_ZGV_LLVM_M{shape}_{hidden(name)}({masked})")
            vector = f"<{lanes} x {kind}>"
            lines.append(
                f"declare {vector} @{symbol}({', '.join([vector] * arity)}) "
                "nounwind willreturn memory(none)"
            )
            lines.append(_masked(masked, symbol, name, lanes))
            kept += [f"ptr @{symbol}", f"ptr @{masked}"]
        lines.append(
            f"declare {kind} @{hidden(name)}({', '.join([kind] * arity)}) "
            f'nounwind willreturn memory(none) "vector-function-abi-variant"="{",".join(mappings)}"'
        )
    if kept:
        # Without a use the optimiser drops the vector forms before it gets to the loops.
        lines.append(
            f"@llvm.compiler.used = appending global [{len(kept)} x ptr] [{', '.join(kept)}], "
            'section "llvm.metadata"'
        )
    return "\n".join(lines)


def _masked(masked: str, symbol: str, name: str, lanes: int) -> str:
    """LLVM text of a vector function for calls inside an `if`.

    The lanes that did not take the branch hold whatever they hold. A negative number handed to
    log makes libmvec leave its fast path for the whole vector, so those lanes get a number that
    every function likes.
    """
    kind, arity = SCALAR[name]
    vector = f"<{lanes} x {kind}>"
    harmless = f"{vector} splat ({kind} {0.5 if name.startswith('atanh') else 1.0})"
    parameters = [f"{vector} %x{index}" for index in range(arity)]
    chosen = [
        f"  %y{index} = select <{lanes} x i1> %mask, {parameter}, {harmless}"
        for index, parameter in enumerate(parameters)
    ]
    arguments = ", ".join(f"{vector} %y{index}" for index in range(arity))
    header = f"{vector} @{masked}({', '.join(parameters)}, <{lanes} x i1> %mask)"
    return "\n".join(
        [
            f"define linkonce_odr {header} nounwind willreturn memory(none) {{",
            *chosen,
            f"  %result = call {vector} @{symbol}({arguments})",
            f"  ret {vector} %result",
            "}",
        ]
    )
