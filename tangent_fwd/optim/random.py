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

What has more bits than that is cut to its low ones, silently, as compiled code does.

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

Nothing here calls the C library or lets the compiler change the order of operations: only sums,
products, quotients and square roots, which IEEE 754 defines to the last bit, and polynomials. So
the bits do not depend on the machine, on its vector width or on the number of threads. Another
target shares the functions of scalars as long as it does not contract products and sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit, types
from numba.core.errors import NumbaTypeError
from numba.extending import overload
from numpy import float32, float64, int32, int64, sqrt, uint32, uint64

# Streams: uses of random numbers that must not meet.
DIRECTIONS = 0
ORDER = 1
DROPOUT = 2
INITIAL = 3

Function = TypeVar("Function", bound=Callable[..., Any])
Words = tuple[uint32, uint32, uint32, uint32]

_OPTIONS = {"error_model": "numpy"}


def _compiled(function: Function) -> Function:
    compiled: Function = njit(**_OPTIONS)(function)
    return compiled


def _scalar(function: Function) -> Function:
    # A call that is not inlined keeps the loop around it from being vectorised.
    compiled: Function = njit(forceinline=True, **_OPTIONS)(function)
    return compiled


# -- what users call ------------------------------------------------------------------------


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
    _check(out, (seed, step, direction, position, stream))
    first = int64(position)
    stop = first + out.size
    for number in range(first >> 7, (stop + 127) >> 7):
        words = block(seed, step, direction, number, stream)
        for k in range(4):
            start = (number << 7) + (k << 5)
            for at in range(max(first, start), min(stop, start + 32)):
                out[uint64(at - first)] = _sign(words[k], at)


@_compiled
def fill_normals(
    out: Any, seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> None:
    """Fill an array with independent draws from N(0, 1).

    By the transform of Box and Muller (1958): the two coordinates of a point whose squared
    distance from 0 is exponential and whose angle is uniform. The largest number that can
    come out is 6.55 in float32, from 30 random bits, and 9.4 in float64, from 63.

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


@_scalar
def sign_at(
    seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> float32:
    """The number that `fill_signs` puts at a position; float32, to leave other dtypes alone."""
    p = uint64(position)
    words = block(seed, step, direction, p >> uint64(7), stream)
    return _sign(_of_four(words, p >> uint64(5)), p)


@_scalar
def normal_at32(
    seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> float32:
    """The number that `fill_normals` puts at a position of a float32 array."""
    p = uint64(position)
    return _of_four(_normals32(block(seed, step, direction, p >> uint64(2), stream)), p)


@_scalar
def normal_at64(
    seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> float64:
    """The number that `fill_normals` puts at a position of a float64 array."""
    p = uint64(position)
    return _of_two(_normals64(block(seed, step, direction, p >> uint64(1), stream)), p)


@_scalar
def uniform_at32(
    seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> float32:
    """The number that `fill_uniforms` puts at a position of a float32 array."""
    p = uint64(position)
    return _of_four(_uniforms32(block(seed, step, direction, p >> uint64(2), stream)), p)


@_scalar
def uniform_at64(
    seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> float64:
    """The number that `fill_uniforms` puts at a position of a float64 array."""
    p = uint64(position)
    return _of_two(_uniforms64(block(seed, step, direction, p >> uint64(1), stream)), p)


@_compiled
def permutation(out: Any, seed: int, epoch: int) -> None:
    """Fill an array with 0, 1, …, n - 1 in random order, every order as likely as the others.

    The shuffle of Fisher and Yates, with numbers from the stream `ORDER`.

    Args:
        out: int64, of one dimension.
        seed, epoch: the run, and how often it has gone through its data.
    """
    for i in range(out.size):
        out[i] = i
    for i in range(out.size - 1, 0, -1):
        j = integer_below(i + 1, seed, epoch, 0, i, ORDER)
        out[i], out[j] = out[j], out[i]


@_scalar
def integer_below(
    bound: int, seed: int, step: int, direction: int, position: int, stream: int = DIRECTIONS
) -> int64:
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
    high, low = _product(_joined(words[0], words[1]), n)
    if low < n:
        # 2**64 modulo n, which has no name in 64 bits.
        unfair = (uint64(0) - n) % n
        key = uint64(seed)
        while low < unfair:
            words = philox(*words, key, key >> uint64(32))
            high, low = _product(_joined(words[0], words[1]), n)
    return int64(high)


@_scalar
def block(seed: int, step: int, direction: int, number: int, stream: int = DIRECTIONS) -> Words:
    """The four random words of a block, of which all numbers are made.

    Args:
        seed, step, direction, stream: an address; see the module.
        number: of the block, from 0 to 2**48 - 1.
    """
    n = uint64(number)
    s = uint64(step)
    key = uint64(seed)
    low16 = uint64(0xFFFF)
    return philox(
        n,
        (uint64(direction) & low16) | (n >> uint64(32)) << uint64(16),
        s,
        ((s >> uint64(32)) & uint64(0xFFFFFF)) | uint64(stream) << uint64(24),
        key,
        key >> uint64(32),
    )


@_scalar
def philox(c0: int, c1: int, c2: int, c3: int, k0: int, k1: int) -> Words:
    """Philox4x32-10: four random words from a counter of four and a key of two.

    Of every argument the low 32 bits count. The constants are those of the paper (section 4.2):
    the multipliers were searched for, the key grows by the golden ratio and by √3 - 1.
    """
    # A word is kept in 64 bits, where its products fit and where processors multiply vectors.
    word = uint64(0xFFFFFFFF)
    a, b, c, d = uint64(c0) & word, uint64(c1) & word, uint64(c2) & word, uint64(c3) & word
    left, right = uint64(k0) & word, uint64(k1) & word
    for _ in range(10):
        first = uint64(0xD2511F53) * a
        second = uint64(0xCD9E8D57) * c
        a = (second >> uint64(32)) ^ b ^ left
        b = second & word
        c = (first >> uint64(32)) ^ d ^ right
        d = first & word
        left = (left + uint64(0x9E3779B9)) & word
        right = (right + uint64(0xBB67AE85)) & word
    return uint32(a), uint32(b), uint32(c), uint32(d)


# -- from words to numbers ------------------------------------------------------------------
# numba takes `.view` of a number only where the call of its dtype stands directly before it.


@_scalar
def _sign(word: uint32, bit: int) -> float32:
    """±1, whose own sign bit is one of the word's bits."""
    chosen = uint32(word) >> (uint32(bit) & uint32(31))
    return uint32(uint32(0x3F800000) | uint32(chosen << uint32(31))).view(float32)


@_scalar
def _normals32(words: Words) -> tuple[float32, float32, float32, float32]:
    near = sqrt(_exponential32(words[0]))
    a, b = _circle32(words[1])
    far = sqrt(_exponential32(words[2]))
    c, d = _circle32(words[3])
    return near * a, near * b, far * c, far * d


@_scalar
def _normals64(words: Words) -> tuple[float64, float64]:
    radius = sqrt(_exponential64(words[0], words[1]))
    a, b = _circle64(words[2], words[3])
    return radius * a, radius * b


@_scalar
def _uniforms32(words: Words) -> tuple[float32, float32, float32, float32]:
    return (
        _uniform32(words[0]),
        _uniform32(words[1]),
        _uniform32(words[2]),
        _uniform32(words[3]),
    )


@_scalar
def _uniforms64(words: Words) -> tuple[float64, float64]:
    return _uniform64(words[0], words[1]), _uniform64(words[2], words[3])


@_scalar
def _uniform32(word: uint32) -> float32:
    # The conversion of a signed integer is one instruction, that of an unsigned one is five.
    return float32(int32(uint32(word) >> uint32(8))) * float32(2.0**-24)


@_scalar
def _uniform64(high: uint32, low: uint32) -> float64:
    # Both products and the sum are exact.
    return float64(high) * 2.0**-32 + float64(uint32(low) >> uint32(11)) * 2.0**-53


@_scalar
def _exponential32(word: uint32) -> float32:
    """-2 ln(u) where u is one of the 2**30 odd multiples of 2**-31, rounded to float32.

    u is taken apart into 2**e (1 + f) with 1 + f between √½ and √2, and with s = f / (2 + f)
    the logarithm of 1 + f is 2 artanh(s), an odd polynomial. The one here has a relative error
    of 8.1e-10 and minimises it; with all roundings the result is right to 2.5e-7 of itself.
    """
    odd = float32(int32((uint32(word) >> uint32(1)) | uint32(1))).view(uint32)
    root_half = uint32(0x3F3504F3)
    shifted = uint32(odd - uint32(root_half + uint32(31 << 23)))
    e = float32(int32(shifted) >> int32(23))
    f = uint32((shifted & uint32(0x7FFFFF)) + root_half).view(float32) - float32(1)
    s = f / (float32(2) + f)
    y = s * s
    p = float32(-0.59743763638449777545)
    p = p * y + float32(-0.79955072272117752717)
    p = p * y + float32(-1.3333355284696464865)
    p = p * y + float32(-4)
    return e * float32(-2 * math.log(2)) + p * s


@_scalar
def _exponential64(high: uint32, low: uint32) -> float64:
    """-2 ln(u) where u is one of the 2**63 odd multiples of 2**-64, rounded to float64.

    As in float32; the polynomial's relative error is 1.3e-18, the result's 5e-16.
    """
    odd = float64(high) * 2.0**32 + float64(uint32(low) | uint32(1))
    root_half = uint64(0x3FE6A09E667F3BCD)
    shifted = float64(odd).view(uint64) - (root_half + uint64(64 << 52))
    e = float64(int32(int64(shifted) >> int64(52)))
    f = uint64((shifted & uint64((1 << 52) - 1)) + root_half).view(float64) - 1.0
    s = f / (2.0 + f)
    y = s * s
    p = -0.29592209242174302008
    p = p * y - 0.30628071855971413963
    p = p * y - 0.36367129725329808367
    p = p * y - 0.44444397127144096524
    p = p * y - 0.57142857484947651357
    p = p * y - 0.7999999999882865758
    p = p * y - 1.3333333333333468915
    p = p * y - 4.0
    return e * (-2 * math.log(2)) + p * s


@_scalar
def _circle32(word: uint32) -> tuple[float32, float32]:
    """A point on the unit circle whose angle is one of 2**32, all as likely as each other.

    The low 30 bits are an angle x between -π/4 and π/4, the two bits above say which quarter of
    the circle it is turned into. Polynomials with absolute errors of 3e-9 for sin(x) and 1e-10
    for cos(x); with all roundings both coordinates are right to 1.2e-7.
    """
    w = uint32(word)
    # An odd number of steps, so that every point has its mirror images.
    steps = int32((w << uint32(2)) | uint32(2))
    x = float32(steps) * float32(math.pi / 4 / 2**31)
    y = x * x
    p = float32(-0.000195172666192)
    p = p * y + float32(0.00833217791355)
    p = p * y + float32(-0.166666549401)
    sine = (p * y + float32(1)) * x
    p = float32(2.44384156262e-5)
    p = p * y + float32(-0.00138873672156)
    p = p * y + float32(0.0416666468606)
    p = p * y + float32(-0.5)
    cosine = p * y + float32(1)
    flip = uint32((w << uint32(1)) & uint32(0x80000000))
    turned = uint32(float32(cosine).view(uint32) | flip).view(float32)
    return (sine, turned) if int32(w) < int32(0) else (turned, sine)


@_scalar
def _circle64(high: uint32, low: uint32) -> tuple[float64, float64]:
    """A point on the unit circle whose angle is one of 2**64, all as likely as each other.

    As in float32, the quarter in the two high bits; polynomials with absolute errors of 3e-18
    and 5e-20, and with all roundings coordinates that are right to 2.3e-16.
    """
    h, l = uint32(high), uint32(low)
    upper = int32((h << uint32(2)) | (l >> uint32(30)))
    lower = uint32((l << uint32(2)) | uint32(2))
    x = (float64(upper) * 2.0**32 + float64(lower)) * (math.pi / 4 / 2**63)
    y = x * x
    p = 1.5896812052977041305e-10
    p = p * y - 2.5050758389583202869e-8
    p = p * y + 2.7557313693613649045e-6
    p = p * y - 0.00019841269829812533683
    p = p * y + 0.0083333333333224193615
    p = p * y - 0.1666666666666663205
    sine = (p * y + 1.0) * x
    p = -1.1359658618036693983e-11
    p = p * y + 2.0875723476029103807e-9
    p = p * y - 2.7557314353779899382e-7
    p = p * y + 2.4801587289487038775e-5
    p = p * y - 0.0013888888888874131454
    p = p * y + 0.041666666666666599518
    p = p * y - 0.5
    cosine = p * y + 1.0
    flip = uint64(h << uint32(1) & uint32(0x80000000)) << uint64(32)
    turned = uint64(float64(cosine).view(uint64) | flip).view(float64)
    return (sine, turned) if int32(h) < int32(0) else (turned, sine)


# -- parts of the above ---------------------------------------------------------------------


@_scalar
def _of_two(values: tuple[Any, Any], position: int) -> Any:
    return values[1] if uint64(position) & uint64(1) else values[0]


@_scalar
def _of_four(values: tuple[Any, Any, Any, Any], position: int) -> Any:
    p = uint64(position)
    if p & uint64(2):
        return values[3] if p & uint64(1) else values[2]
    return values[1] if p & uint64(1) else values[0]


@_scalar
def _joined(high: uint32, low: uint32) -> uint64:
    return uint64(high) << uint64(32) | uint64(low)


@_scalar
def _product(x: uint64, y: uint64) -> tuple[uint64, uint64]:
    """The high and the low half of the product of two 64-bit numbers, by halves of theirs."""
    half, word = uint64(32), uint64(0xFFFFFFFF)
    a, b, c, d = x >> half, x & word, y >> half, y & word
    low = b * d
    middle = a * d + (low >> half)
    other = b * c + (middle & word)
    return a * c + (middle >> half) + (other >> half), x * y


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
        _refuse_misfits(out, (seed, step, direction, position, stream))
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


def _check(out: Any, address: Any) -> None:
    """Refuse an array or an address that does not fit, while the call is compiled."""


@overload(_check, jit_options=_OPTIONS)  # type: ignore[untyped-decorator]
def _check_types(out: Any, address: Any) -> Any:
    _refuse_misfits(out, address)

    def nothing(out: Any, address: Any) -> Any:
        pass

    return nothing


def _refuse_misfits(out: Any, address: Any) -> None:
    fits = (
        isinstance(out, types.Array)
        and out.ndim == 1
        and out.layout == "C"
        and out.mutable
        and out.dtype in (types.float32, types.float64)
    )
    if not fits:
        raise NumbaTypeError(
            "out must be a writable, C-contiguous array of float32 or float64 with one "
            f"dimension, not {out}"
        )
    for name, word in zip(("seed", "step", "direction", "position", "stream"), address):
        if isinstance(word, types.Omitted):
            continue
        if not isinstance(word, types.Integer):
            raise NumbaTypeError(f"{name} must be an integer, not {word}")


_fill_normals = _filler((4, _normals32, normal_at32), (2, _normals64, normal_at64))
_fill_uniforms = _filler((4, _uniforms32, uniform_at32), (2, _uniforms64, uniform_at64))
