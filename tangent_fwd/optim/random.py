"""Random numbers that have an address: the same seed and address give the same bits everywhere.

A direction drawn from an ordinary generator must be stored, because drawing again gives another
one. Here every number is a function of where it stands, so a direction is drawn once for the
pass, drawn again for the update, in pieces or in any order, and a resumed run needs no state:

    fill_signs(out, seed, step, direction, position)    # ±1
    fill_normals(out, seed, step, direction, position)  # N(0, 1)
    sign_at(seed, step, direction, position)            # one of them

All are `@njit` functions, for compiled code and for Python. The address is plain integers:

    seed       64 bits  a run
    step       56 bits  a step of the run
    direction  16 bits  one of the directions of a step
    position   any int64 from 0: which number of the direction, that of `out[0]` for a `fill`
    stream      8 bits  what the numbers are for: `DIRECTIONS`, `ORDER`, `DROPOUT`, `INITIAL`

What has more bits than that is cut to its low ones, silently, as compiled code does. A seed whose
highest bit is set is a negative int64 or a uint64.

The bits come from Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as
easy as 1, 2, 3", 2011), which turns a counter of four 32-bit words under a key of two into a
block of four random words. The key is the seed, its low word first, and the counter is

    word 0  low 32 bits of the block's number
    word 1  direction, and above it the high 16 bits of the block's number
    word 2  low 32 bits of the step
    word 3  high 24 bits of the step, and above them the stream

A block holds 128 signs, four float32 or two float64 numbers; position 0 is the first of block 0.
Numbers of two kinds or dtypes at one address are made of the same bits: give them directions or
streams of their own. Blocks have 48 bits, so numbers repeat after 2**49 float64 of a direction.

The bits do not depend on the machine, on its vector width or on the number of threads: see `words`,
which holds the arithmetic. `docs/decisions/2026-11-25-random-numbers.md` says what was measured.
"""

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.core.errors import NumbaTypeError
from numba.extending import overload
from numpy import int64, uint64

from tangent_fwd.optim.words import (
    Function,
    block,
    joined,
    normals32,
    normals64,
    of_four,
    of_two,
    philox,
    product,
    scalar,
    sign,
    uniforms32,
    uniforms64,
)

# Streams: uses of random numbers that must not meet.
DIRECTIONS = 0
ORDER = 1
DROPOUT = 2
INITIAL = 3
SECOND = 4  # the second vectors of outer products, whose first ones are directions

# Without the second a function is compiled as whoever calls it first, and the bits with it.
_OPTIONS = {"error_model": "numpy", "fastmath": False}


def _compiled(function: Function) -> Function:
    compiled: Function = njit(**_OPTIONS)(function)
    return compiled


@_compiled
def fill_signs(
    out: Any, seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> None:
    """Fill an array with +1 and -1, each as likely as the other and independent.

    They are the directions of least variance, and the cheapest: one bit each.

    Args:
        out: C-contiguous float32 or float64, of one dimension.
        seed, step, direction, position, stream: the address of `out[0]`; see the module.

    Raises:
        numba.TypingError: `out` is another array, or a part of the address is no integer.
    """
    _check_floats(out, (seed, step, direction, position, stream))
    first = int64(position)
    stop = first + out.size
    for number in range(first >> 7, (stop + 127) >> 7):
        words = block(seed, step, direction, number, stream)
        for k in range(4):
            start = (number << 7) + (k << 5)
            for at in range(max(first, start), min(stop, start + 32)):
                out[uint64(at - first)] = sign(words[k], at)


@_compiled
def fill_normals(
    out: Any, seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> None:
    """Fill an array with independent draws from N(0, 1).

    By the transform of Box and Muller (1958): the two coordinates of a point whose squared
    distance from 0 is exponential and whose angle is uniform. The largest number that can
    come out is 6.56 in float32, from 30 random bits, and 9.42 in float64, from 63.

    Args:
        out: C-contiguous float32 or float64, of one dimension. The numbers of the two dtypes are
            not roundings of each other.
        seed, step, direction, position, stream: the address of `out[0]`; see the module.

    Raises:
        numba.TypingError: `out` is another array, or a part of the address is no integer.
    """
    _fill_normals(out, seed, step, direction, position, stream)


@_compiled
def fill_uniforms(
    out: Any, seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> None:
    """Fill an array with independent draws from [0, 1).

    Every multiple of 2**-24 in float32, or of 2**-53 in float64, is as likely as the others.

    Args:
        out: C-contiguous float32 or float64, of one dimension.
        seed, step, direction, position, stream: the address of `out[0]`; see the module.

    Raises:
        numba.TypingError: `out` is another array, or a part of the address is no integer.
    """
    _fill_uniforms(out, seed, step, direction, position, stream)


@scalar
def sign_at(seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS) -> Any:
    """The number that `fill_signs` puts at a position; float32, to leave other dtypes alone."""
    p = uint64(position)
    words = block(seed, step, direction, p >> uint64(7), stream)
    return sign(of_four(words, p >> uint64(5)), p)


@scalar
def normal_at32(
    seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> Any:
    """The number that `fill_normals` puts at a position of a float32 array."""
    p = uint64(position)
    return of_four(normals32(block(seed, step, direction, p >> uint64(2), stream)), p)


@scalar
def normal_at64(
    seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> Any:
    """The number that `fill_normals` puts at a position of a float64 array."""
    p = uint64(position)
    return of_two(normals64(block(seed, step, direction, p >> uint64(1), stream)), p)


@scalar
def uniform_at32(
    seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> Any:
    """The number that `fill_uniforms` puts at a position of a float32 array."""
    p = uint64(position)
    return of_four(uniforms32(block(seed, step, direction, p >> uint64(2), stream)), p)


@scalar
def uniform_at64(
    seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> Any:
    """The number that `fill_uniforms` puts at a position of a float64 array."""
    p = uint64(position)
    return of_two(uniforms64(block(seed, step, direction, p >> uint64(1), stream)), p)


@_compiled
def permutation(out: Any, seed: int, epoch: int) -> None:
    """Fill an array with 0, 1, …, n - 1 in random order, every order as likely as the others.

    The shuffle of Fisher and Yates, with numbers from the stream `ORDER`.

    Args:
        out: C-contiguous int64, of one dimension.
        seed, epoch: the run, and how often it has gone through its data.

    Raises:
        numba.TypingError: `out` is another array, or `seed` or `epoch` is no integer.
    """
    _check_integers(out, (seed, epoch))
    for i in range(out.size):
        out[i] = i
    for i in range(out.size - 1, 0, -1):
        j = integer_below(i + 1, seed, epoch, 0, i, ORDER)
        out[i], out[j] = out[j], out[i]


@scalar
def integer_below(
    bound: int, seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> Any:
    """An integer from 0 to `bound` - 1, every one as likely as the others.

    The upper half of the product of 64 random bits and the bound; where that favours some
    integers, the lower half tells, and the bits are thrown away (Lemire, "Fast random integer
    generation in an interval", 2019). The next ones come from the block whose counter is the
    block thrown away, so no address is used up.

    Args:
        bound: from 1 to 2**63 - 1.
        seed, step, direction, position, stream: an address, at which this takes a whole block.
    """
    n = uint64(bound)
    words = block(seed, step, direction, position, stream)
    high, low = product(joined(words[0], words[1]), n)
    if low < n:
        # 2**64 modulo n, which has no name in 64 bits.
        unfair = (uint64(0) - n) % n
        key = uint64(seed)
        while low < unfair:
            words = philox(*words, key, key >> uint64(32))
            high, low = product(joined(words[0], words[1]), n)
    return int64(high)


def _filler(single: tuple[int, Any, Any], double: tuple[int, Any, Any]) -> Any:
    """What fills an array with numbers made of blocks, to be called from compiled code.

    Args:
        single: for float32, how many numbers a block is, what makes all of them out of its words,
            and what makes the number at an address.
        double: the same for float64.
    """

    def fill(
        out: Any, seed: int, step: int, direction: int, position: int, stream: int
    ) -> None: ...

    @overload(fill, jit_options=_OPTIONS)  # type: ignore[untyped-decorator]
    def specialised(
        out: Any, seed: Any, step: Any, direction: Any, position: Any, stream: Any
    ) -> Any:
        address = (seed, step, direction, position, stream)
        _refuse_misfits(out, _FLOATS, dict(zip(_ADDRESS, address)))
        per, values, at = single if out.dtype == types.float32 else double

        def loop(out: Any, seed: Any, step: Any, direction: Any, position: Any, stream: Any) -> Any:
            first = int64(position)
            head = min(out.size, -first % per)
            blocks = (out.size - head) // per
            tail = head + blocks * per
            for i in range(head):
                out[i] = at(seed, step, direction, first + i, stream)
            middle = out[head:tail]
            number = uint64((first + head) // per)
            for j in range(blocks):
                lanes = values(block(seed, step, direction, number + uint64(j), stream))
                for k in range(per):
                    middle[uint64(per) * uint64(j) + uint64(k)] = lanes[k]
            for i in range(tail, out.size):
                out[i] = at(seed, step, direction, first + i, stream)

        return loop

    return fill


def _checker(dtypes: tuple[Any, ...], names: tuple[str, ...]) -> Any:
    """What refuses a wrong array or address while a call is compiled, and then does nothing."""

    def check(out: Any, address: Any) -> None: ...

    @overload(check)  # type: ignore[untyped-decorator]
    def specialised(out: Any, address: Any) -> Any:
        _refuse_misfits(out, dtypes, dict(zip(names, address)))

        def nothing(out: Any, address: Any) -> Any: ...

        return nothing

    return check


def _refuse_misfits(out: Any, dtypes: tuple[Any, ...], address: dict[str, Any]) -> None:
    array = isinstance(out, types.Array) and out.ndim == 1 and out.layout == "C" and out.mutable
    if not array or out.dtype not in dtypes:
        raise NumbaTypeError(
            "out must be a writable, C-contiguous array of "
            f"{' or '.join(map(str, dtypes))} with one dimension, not {out}"
        )
    for name, word in address.items():
        if not isinstance(word, types.Integer):
            raise NumbaTypeError(f"{name} must be an integer, not {word}")


_FLOATS = (types.float32, types.float64)
_ADDRESS = ("seed", "step", "direction", "position", "stream")
_check_floats = _checker(_FLOATS, _ADDRESS)
_check_integers = _checker((types.int64,), ("seed", "epoch"))
_fill_normals = _filler((4, normals32, normal_at32), (2, normals64, normal_at64))
_fill_uniforms = _filler((4, uniforms32, uniform_at32), (2, uniforms64, uniform_at64))
