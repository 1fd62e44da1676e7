"""From an address to random words, and from words to numbers: functions of scalars.

`random` says what an address is and fills arrays. What stands here allocates nothing, raises
nothing and calls nothing of the C library, so that other targets can share it.

Of floating-point numbers only sums, products, quotients and square roots are taken, which IEEE 754
defines to the last bit, and LLVM may neither change their order nor contract them. So the numbers
do not depend on the machine or on its vector width; another target must be held to the same.

The polynomials are minimax: their coefficients make the largest error the least that the degree
allows (Remez's exchange, in 50 digits).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit
from numpy import float32, float64, int32, int64, sqrt, uint32, uint64

Function = TypeVar("Function", bound=Callable[..., Any])
# Four uint32.
Words = tuple[Any, Any, Any, Any]

_LN2 = 0.6931471805599453


def scalar(function: Function) -> Function:
    """Compile a function of scalars into the loops that call it.

    A call that is not inlined keeps the loop around it from being vectorised.
    """
    compiled: Function = njit(error_model="numpy", fastmath=False, forceinline=True)(function)
    return compiled


@scalar
def block(seed: int, step: int, direction: int, number: int, stream: int = 0) -> Words:
    """The four random words of a block, of which all numbers are made.

    Args:
        seed, step, direction, stream: an address; see `random`.
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


@scalar
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


@scalar
def sign(word: Any, bit: int) -> Any:
    """±1 in float32, whose sign bit is one of the word's bits: of `bit` the low five count."""
    # numba takes `.view` of a number only where the call of its dtype stands directly before it.
    chosen = uint32(word) >> (uint32(bit) & uint32(31))
    return uint32(uint32(0x3F800000) | uint32(chosen << uint32(31))).view(float32)


@scalar
def normals32(words: Words) -> tuple[Any, Any, Any, Any]:
    """The four float32 draws from N(0, 1) that a block is: two points of the plane."""
    near = sqrt(_exponential32(words[0]))
    a, b = _circle32(words[1])
    far = sqrt(_exponential32(words[2]))
    c, d = _circle32(words[3])
    return near * a, near * b, far * c, far * d


@scalar
def normals64(words: Words) -> tuple[Any, Any]:
    """The two float64 draws from N(0, 1) that a block is: one point of the plane."""
    radius = sqrt(_exponential64(words[0], words[1]))
    a, b = _circle64(words[2], words[3])
    return radius * a, radius * b


@scalar
def uniforms32(words: Words) -> tuple[Any, Any, Any, Any]:
    """The four float32 draws from [0, 1) that a block is."""
    a, b, c, d = words
    return _uniform32(a), _uniform32(b), _uniform32(c), _uniform32(d)


@scalar
def uniforms64(words: Words) -> tuple[Any, Any]:
    """The two float64 draws from [0, 1) that a block is."""
    return _uniform64(words[0], words[1]), _uniform64(words[2], words[3])


@scalar
def _uniform32(word: Any) -> Any:
    # The conversion of a signed integer is one instruction, that of an unsigned one is five.
    return float32(int32(uint32(word) >> uint32(8))) * float32(2.0**-24)


@scalar
def _uniform64(high: Any, low: Any) -> Any:
    # Both products and the sum are exact.
    return float64(high) * 2.0**-32 + float64(uint32(low) >> uint32(11)) * 2.0**-53


@scalar
def _exponential32(word: Any) -> Any:
    """-2 ln(u) where u is one of the 2**30 odd multiples of 2**-31, rounded to float32.

    u is taken apart into 2**e (1 + f) with 1 + f between √½ and √2, and with s = f / (2 + f)
    the logarithm of 1 + f is 2 artanh(s), an odd polynomial, of which the relative error is
    8.1e-10; with all roundings it is 2.6e-7.
    """
    odd = float32(int32((uint32(word) >> uint32(1)) | uint32(1))).view(uint32)
    root_half = uint32(0x3F3504F3)
    shifted = uint32(odd - uint32(root_half + uint32(31 << 23)))
    e = float32(int32(shifted) >> int32(23))
    f = uint32((shifted & uint32(0x7FFFFF)) + root_half).view(float32) - float32(1)
    s = f / (float32(2) + f)
    y = s * s
    # Two short chains of operations are faster than a long one.
    p = float32(-1.3333355284696464865) * y + float32(-4)
    q = float32(-0.59743763638449777545) * y + float32(-0.79955072272117752717)
    return e * float32(-2 * _LN2) + (q * (y * y) + p) * s


@scalar
def _exponential64(high: Any, low: Any) -> Any:
    """-2 ln(u) where u is one of the 2**63 odd multiples of 2**-64, rounded to float64.

    As in float32; the polynomial's relative error is 1.3e-18, with all roundings it is 4e-16.
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
    return e * (-2 * _LN2) + p * s


@scalar
def _circle32(word: Any) -> tuple[Any, Any]:
    """A point on the unit circle whose angle is one of 2**32, all as likely as each other.

    The low 30 bits are an angle x between -π/4 and π/4, the two bits above say which quarter of
    the circle it is turned into. Polynomials with absolute errors of 3e-9 for sin(x) and 1e-10
    for cos(x); with all roundings they are 1.3e-7.
    """
    w = uint32(word)
    # An odd number of steps, so that every point has its mirror images.
    steps = int32((w << uint32(2)) | uint32(2))
    x = float32(steps) * float32(math.pi / 4 / 2**31)
    y = x * x
    z = y * y
    p = float32(-0.166666549401) * y + float32(1)
    q = float32(-0.000195172666192) * y + float32(0.00833217791355)
    sine = (q * z + p) * x
    p = float32(-0.5) * y + float32(1)
    q = float32(-0.00138873672156) * y + float32(0.0416666468606)
    cosine = (float32(2.44384156262e-5) * z + q) * z + p
    flip = uint32((w << uint32(1)) & uint32(0x80000000))
    turned = uint32(float32(cosine).view(uint32) | flip).view(float32)
    return (sine, turned) if int32(w) < int32(0) else (turned, sine)


@scalar
def _circle64(high: Any, low: Any) -> tuple[Any, Any]:
    """A point on the unit circle whose angle is one of 2**64, all as likely as each other.

    As in float32; the polynomials' absolute errors are 3e-18 and 5e-20, with all roundings 2e-16.
    """
    h, rest = uint32(high), uint32(low)
    upper = int32((h << uint32(2)) | (rest >> uint32(30)))
    lower = uint32((rest << uint32(2)) | uint32(2))
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


@scalar
def of_two(values: tuple[Any, Any], position: int) -> Any:
    """The one of two that stands at a position, counted from the start of any block."""
    return values[1] if uint64(position) & uint64(1) else values[0]


@scalar
def of_four(values: tuple[Any, Any, Any, Any], position: int) -> Any:
    """The one of four that stands at a position, counted from the start of any block."""
    p = uint64(position)
    if p & uint64(2):
        return values[3] if p & uint64(1) else values[2]
    return values[1] if p & uint64(1) else values[0]


@scalar
def joined(high: Any, low: Any) -> Any:
    """64 bits of two words."""
    return uint64(high) << uint64(32) | uint64(low)


@scalar
def product(x: Any, y: Any) -> tuple[Any, Any]:
    """The high and the low half of the product of two 64-bit numbers, by halves of theirs."""
    half, word = uint64(32), uint64(0xFFFFFFFF)
    a, b, c, d = x >> half, x & word, y >> half, y & word
    low = b * d
    middle = a * d + (low >> half)
    other = b * c + (middle & word)
    return a * c + (middle >> half) + (other >> half), x * y
