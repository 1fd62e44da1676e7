"""Random numbers with an address: known answers, addresses, statistics, bits.

Every random test has fixed seeds, so it passes always or never. Bounds are four standard
deviations, or probabilities of one in ten thousand.
"""

from __future__ import annotations

import hashlib
import math
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError
from numba.core.runtime import _nrt_python, rtsys
from scipy import stats

from tangent_fwd.optim import words
from tangent_fwd.optim.random import (
    DROPOUT,
    ORDER,
    block,
    fill_normals,
    fill_signs,
    fill_uniforms,
    integer_below,
    normal_at32,
    normal_at64,
    permutation,
    philox,
    sign_at,
    uniform_at32,
    uniform_at64,
)

SINGLE, DOUBLE = np.float32, np.float64
# Each way of filling an array, what gives one number of it, and how many a block holds.
WAYS = {
    "signs32": (fill_signs, SINGLE, sign_at, 128),
    "signs64": (fill_signs, DOUBLE, sign_at, 128),
    "normals32": (fill_normals, SINGLE, normal_at32, 4),
    "normals64": (fill_normals, DOUBLE, normal_at64, 2),
    "uniforms32": (fill_uniforms, SINGLE, uniform_at32, 4),
    "uniforms64": (fill_uniforms, DOUBLE, uniform_at64, 2),
}
EACH = pytest.mark.parametrize("way", WAYS)
UNLIKELY = 1e-4


def draw(way, size, seed=1, step=2, direction=3, position=0, stream=0):
    """An array filled in one call."""
    fill, dtype, _, _ = WAYS[way]
    out = np.full(size, np.nan, dtype)
    fill(out, seed, step, direction, position, stream)
    return out


# -- the generator, beside another one -------------------------------------------------------


def cipher(counter, key):
    """Philox4x32-10 as the paper writes it, in Python's own integers."""
    word = 2**32
    c = list(counter)
    for r in range(10):
        k0, k1 = ((k + r * w) % word for k, w in zip(key, (0x9E3779B9, 0xBB67AE85)))
        high0, low0 = divmod(0xD2511F53 * c[0], word)
        high1, low1 = divmod(0xCD9E8D57 * c[2], word)
        c = [high1 ^ c[1] ^ k0, low1, high0 ^ c[3] ^ k1, low0]
    return tuple(c)


def split(number, count):
    """Words of an integer, the low one first."""
    return tuple(number >> 32 * i & 0xFFFFFFFF for i in range(count))


def expected_block(seed, step, direction, number, stream):
    """The layout of the counter as one number of 128 bits."""
    low, high = number & 0xFFFFFFFF, number >> 32
    counter = low | direction << 32 | high << 48 | step << 64 | stream << 120
    return cipher(split(counter, 4), split(seed, 2))


# The first word is the counter's, as in the file `kat_vectors` of Random123.
@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        (
            "00000000 00000000 00000000 00000000",
            "00000000 00000000",
            "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
        ),
        (
            "ffffffff ffffffff ffffffff ffffffff",
            "ffffffff ffffffff",
            "408f276d 41c83b0e a20bc7c6 6d5451fd",
        ),
        (
            "243f6a88 85a308d3 13198a2e 03707344",
            "a4093822 299f31d0",
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
    ids=["zeros", "ones", "pi"],
)
def test_known_answers(counter, key, answer):
    counter, key, answer = ([int(w, 16) for w in text.split()] for text in (counter, key, answer))
    assert list(philox(*counter, *key)) == answer
    assert list(cipher(counter, key)) == answer


ADDRESSES = [
    # seed, step, direction, number of the block, stream
    (0, 0, 0, 0, 0),
    (2**63 - 1, 2**56 - 1, 2**16 - 1, 2**48 - 1, 255),
    (0xA409382200000001, 2**32 - 1, 1, 2**32 - 1, 1),
    (2**32, 2**32, 2, 2**32, 2),
    (123456789123456789, 2**40 + 17, 40_000, 2**45 + 12345, 3),
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_blocks_are_addressed_as_documented(address):
    assert block(signed(address[0]), *address[1:]) == expected_block(*address)


def signed(bits):
    """The int64 of 64 bits; larger integers numba does not take from Python."""
    return bits - 2**64 * (bits >> 63)


def test_fields_of_an_address_do_not_overlap():
    base = (5, 6, 7, 8, 2)
    found = {block(*base)}
    for field, bits in enumerate((64, 56, 16, 48, 8)):
        for bit in range(bits):
            moved = list(base)
            moved[field] ^= 1 << bit
            found.add(block(signed(moved[0]), *moved[1:]))
    assert len(found) == 1 + 64 + 56 + 16 + 48 + 8


def test_bits_beyond_a_field_are_cut():
    base = block(5, 6, 7, 8, 2)
    assert block(5, 6 + 2**56, 7, 8, 2) == base
    assert block(5, 6, 7 + 2**16, 8, 2) == base
    assert block(5, 6, 7, 8 + 2**48, 2) == base
    assert block(5, 6, 7, 8, 2 + 2**8) == base
    assert block(-1, 0, 0, 0, 0) == block(np.uint64(2**64 - 1), 0, 0, 0, 0)


# -- numbers out of words, beside exact arithmetic -------------------------------------------


def some_words(count):
    found = []
    for number in range(count // 4):
        found += expected_block(1, 2, 3, number, 0)
    return found


def test_signs_are_bits():
    bits = [w >> i & 1 for w in some_words(20) for i in range(32)]
    for way in ("signs32", "signs64"):
        assert draw(way, len(bits)).tolist() == [1.0 - 2.0 * b for b in bits]


def test_uniforms_are_high_bits():
    w = some_words(400)
    assert draw("uniforms32", len(w)).tolist() == [(x >> 8) / 2**24 for x in w]
    pairs = [(h << 32 | low) >> 11 for h, low in zip(w[::2], w[1::2])]
    assert draw("uniforms64", len(pairs)).tolist() == [x / 2**53 for x in pairs]


def exact_circle(word, bits):
    """The point that a word stands for: an angle in a quarter of the circle."""
    steps = (word << 2 | 2) % 2**bits
    steps -= 2**bits * (steps >> (bits - 1))
    angle = mpmath.mpf(steps) * mpmath.pi / 4 / 2 ** (bits - 1)
    large, small = mpmath.cos(angle), mpmath.sin(angle)
    if word >> (bits - 2) & 1:
        large = -large
    return (small, large) if word >> (bits - 1) else (large, small)


def exact_radius(word, bits, dtype):
    """The distance from 0 that a word stands for, with u rounded to the dtype."""
    odd = word >> 1 | 1 if bits == 32 else word | 1
    u = mpmath.mpf(float(dtype(odd))) / 2 ** (31 if bits == 32 else 64)
    return mpmath.sqrt(-2 * mpmath.log(u))


def test_normals32_are_those_of_box_and_muller():
    w = some_words(4000)
    expected = []
    for near, angle in zip(w[::2], w[1::2]):
        radius = exact_radius(near, 32, np.float32)
        expected += [radius * x for x in exact_circle(angle, 32)]
    error = np.abs(draw("normals32", len(expected)) - np.array(expected, dtype=float))
    assert error.max() < 8e-7


def test_normals64_are_those_of_box_and_muller():
    w = some_words(4000)
    expected = []
    with mpmath.workdps(30):
        for i in range(0, len(w), 4):
            radius = exact_radius(w[i] << 32 | w[i + 1], 64, np.float64)
            expected += [radius * x for x in exact_circle(w[i + 2] << 32 | w[i + 3], 64)]
        found = draw("normals64", len(expected))
        error = max(abs(x - e) for x, e in zip(found.tolist(), expected))
    assert error < 2e-15


@njit(error_model="numpy")
def exponentials32(given, out):
    for i in range(given.size):
        out[i] = words._exponential32(given[i])


@njit(error_model="numpy")
def circles32(given, out):
    for i in range(given.size):
        out[i, 0], out[i, 1] = words._circle32(given[i])


def test_polynomials_are_as_good_as_their_docstrings_say():
    edges = [0, 1, 2, 3, 2**31 - 1, 2**31, 2**30 - 1, 2**30, 2**32 - 1, 2**32 - 2]
    given = np.array([*range(0, 2**32, 4099), *edges], dtype=np.uint32)

    found = np.empty(given.size, np.float32)
    exponentials32(given, found)
    u = (given >> 1 | 1).astype(np.float32).astype(float) / 2**31
    assert (found[u == 1.0] == 0.0).all() and (u == 1.0).any()
    inside = u < 1.0
    assert np.abs(found[inside] / (-2 * np.log(u[inside])) - 1).max() < 2.6e-7

    points = np.empty((given.size, 2), np.float32)
    circles32(given, points)
    angle = (given << np.uint32(2) | np.uint32(2)).view(np.int32) * (math.pi / 4 / 2**31)
    large = np.cos(angle) * np.where(given >> 30 & 1, -1, 1)
    swapped = (given >> 31).astype(bool)
    first = np.where(swapped, np.sin(angle), large)
    second = np.where(swapped, large, np.sin(angle))
    assert np.abs(points - np.stack([first, second], 1)).max() < 1.3e-7


EXTREME = [0, 1, 2**30, 2**31 - 1, 2**31, 3 * 2**30, 2**32 - 2, 2**32 - 1]


def test_extreme_words_give_finite_numbers():
    singles, doubles = [], []
    for first in EXTREME:
        for second in EXTREME:
            w = tuple(map(np.uint32, (first, second, second, first)))
            singles += words.normals32(w)
            doubles += words.normals64(w)
            assert 0.0 <= min(words.uniforms32(w)) <= max(words.uniforms32(w)) < 1.0
            assert 0.0 <= min(words.uniforms64(w)) <= max(words.uniforms64(w)) < 1.0
    assert np.isfinite(singles).all() and np.isfinite(doubles).all()
    # An angle of nearly 0 or nearly the diagonal: no point is further out than its radius.
    assert 0.999 * math.sqrt(62 * math.log(2)) < max(map(abs, singles)) < 6.5557
    assert 0.999 * math.sqrt(128 * math.log(2)) < max(map(abs, doubles)) < 9.4194
    assert 0.0 in singles and 0.0 in doubles


# -- addresses -------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("start", [0, 1, 127, "a block before 2**32", "2**40"])
def test_pieces_give_the_bits_of_the_whole(way, start):
    fill, dtype, at, per = WAYS[way]
    if start == "2**40":
        start = 2**40 + 3
    elif isinstance(start, str):
        # Block 2**32 begins in the middle of the array.
        start = 2**32 * per - 300
    whole = draw(way, 700, position=start)
    assert np.isfinite(whole).all()

    random = np.random.default_rng(start % 1000)
    for _ in range(20):
        cuts = np.sort(random.integers(0, 701, random.integers(1, 12)))
        out = np.full(700, np.nan, dtype)
        for piece, offset in zip(np.split(out, cuts), [0, *cuts.tolist()]):
            fill(piece, 1, 2, 3, start + offset)
        assert out.tobytes() == whole.tobytes()

    alone = np.array([at(1, 2, 3, start + i) for i in range(700)], dtype)
    assert alone.tobytes() == whole.tobytes()


@EACH
def test_a_few_elements_at_any_offset(way):
    fill, dtype, _, _ = WAYS[way]
    whole = draw(way, 150)
    for offset in range(140):
        for size in range(10):
            out = np.empty(size, dtype)
            fill(out, 1, 2, 3, offset)
            assert out.tobytes() == whole[offset : offset + size].tobytes()


@EACH
def test_positions_beyond_32_bits_are_other_numbers(way):
    starts = [0, 2**32, 2**33, 2**34, 2**39, 2**40]
    assert len({draw(way, 256, position=p).tobytes() for p in starts}) == len(starts)


@EACH
def test_every_part_of_the_address_counts(way):
    base = {"seed": 1, "step": 2, "direction": 3, "position": 4, "stream": 0}
    found = {draw(way, 256, **base).tobytes()}
    for name in base:
        found.add(draw(way, 256, **{**base, name: base[name] + 1}).tobytes())
    assert len(found) == 6


@njit(error_model="numpy")
def moved(weights, rate, seed, step):
    """An update that draws its direction again, from the user's own compiled code."""
    for i in range(weights.size):
        weights[i] -= rate * normal_at32(seed, step, 0, i) * sign_at(seed, step, 1, i)


@njit(error_model="numpy")
def drawn(weights, seed, step):
    fill_normals(weights, seed, step, 0, 0)
    fill_signs(weights[10:20], seed, step, 1, 10)
    fill_uniforms(weights[20:30], seed, step, 1, 20, DROPOUT)


def test_callable_from_compiled_code():
    weights = np.zeros(1000, SINGLE)
    moved(weights, np.float32(0.5), 7, 8)
    expected = draw("normals32", 1000, 7, 8, 0) * draw("signs32", 1000, 7, 8, 1)
    assert weights.tobytes() == (0 - SINGLE(0.5) * expected).tobytes()

    drawn(weights, 7, 8)
    assert weights[:10].tolist() == draw("normals32", 10, 7, 8, 0).tolist()
    assert weights[10:20].tolist() == draw("signs32", 10, 7, 8, 1, 10).tolist()
    assert weights[20:30].tolist() == draw("uniforms32", 10, 7, 8, 1, 20, DROPOUT).tolist()


@pytest.fixture
def allocations():
    """Numbers of numba's allocations so far; it counts them only when asked to."""
    counted = _nrt_python.memsys_stats_enabled()
    _nrt_python.memsys_enable_stats()
    yield lambda: rtsys.get_allocation_stats().alloc
    if not counted:
        _nrt_python.memsys_disable_stats()


@njit(error_model="numpy")
def allocates(out):
    return out + 1


@EACH
def test_nothing_is_allocated(way, allocations):
    fill, dtype, _, _ = WAYS[way]

    @njit(error_model="numpy")
    def thrice(out):
        for step in range(3):
            fill(out, 1, step, 3, 5)

    def made(function):
        function(out)
        before = allocations()
        function(out)
        return allocations() - before

    out = np.empty(1000, dtype)
    # One is numba's record of the array that Python hands in.
    assert made(thrice) == 1
    assert made(allocates) > 1


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="reads x86 instructions")
def test_normals_are_computed_several_at_a_time():
    draw("normals32", 8)
    code = "\n".join(fill_normals.inspect_asm().values())
    assert re.search(r"\bv?sqrtps\b", code)
    assert re.search(r"\bv?pmuludq\b", code)


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", [fill_signs, fill_normals, fill_uniforms])
def test_arrays_that_do_not_fit_are_refused(fill):
    frozen = np.zeros(4)
    frozen.flags.writeable = False
    wrong = [np.zeros(4, np.int64), np.zeros((2, 2)), np.zeros(8)[::2], frozen, np.zeros(4, "f2")]
    for out in wrong:
        with pytest.raises(TypingError, match="out must be a writable, C-contiguous array of floa"):
            fill(out, 1, 2, 3, 4)
    with pytest.raises(TypingError, match="step must be an integer, not float64"):
        fill(np.zeros(4), 1, 2.0, 3, 4)


def test_permutation_refuses_what_does_not_fit():
    with pytest.raises(TypingError, match="array of int64 with one dimension, not"):
        permutation(np.zeros(4, np.int32), 1, 2)
    with pytest.raises(TypingError, match="epoch must be an integer, not float64"):
        permutation(np.zeros(4, np.int64), 1, 2.0)


# -- integers and orders ---------------------------------------------------------------------


def expected_integer(bound, seed, step, direction, position, stream):
    """Lemire's method in Python's own integers, and how many blocks it took."""
    w = expected_block(seed, step, direction, position, stream)
    for tries in range(1, 100):
        high, low = divmod((w[0] << 32 | w[1]) * bound, 2**64)
        if low >= 2**64 % bound:
            return high, tries
        w = cipher(w, split(seed, 2))
    raise AssertionError("a hundred blocks refused")


def test_integers_are_those_of_lemire():
    most = 0
    # A third of all blocks is refused for the largest of these bounds.
    for bound in (1, 2, 3, 10, 2**32, 2**32 + 1, 2**53 - 1, 2**63 - 1, 2**64 // 3 + 1):
        for position in range(40):
            expected, tries = expected_integer(bound, 9, 8, 7, position, ORDER)
            assert integer_below(bound, 9, 8, 7, position, ORDER) == expected
            assert 0 <= expected < bound
            most = max(most, tries)
    assert most > 2


@njit(error_model="numpy")
def integers(out, bound):
    for i in range(out.size):
        out[i] = integer_below(bound, 1, 2, 3, i)


@pytest.mark.parametrize("bound", [2, 3, 10, 1000])
def test_integers_are_uniform(bound):
    out = np.empty(1_000_000, np.int64)
    integers(out, bound)
    assert stats.chisquare(np.bincount(out, minlength=bound)).pvalue > UNLIKELY


def orders(size, epochs, seed=3):
    out = np.empty((epochs, size), np.int64)
    for epoch, row in enumerate(out):
        permutation(row, seed, epoch)
    return out


def test_permutations_are_those_of_fisher_and_yates():
    expected = list(range(50))
    for i in range(49, 0, -1):
        j, _ = expected_integer(i + 1, 3, 4, 0, i, ORDER)
        expected[i], expected[j] = expected[j], expected[i]
    out = np.empty(50, np.int64)
    permutation(out, 3, 4)
    assert out.tolist() == expected


@pytest.mark.parametrize("size", [0, 1, 2, 1000])
def test_permutations_hold_every_number_once(size):
    for row in orders(size, 3):
        assert sorted(row) == list(range(size))


def test_permutations_depend_on_seed_and_epoch():
    rows = [*orders(100, 4, seed=1), *orders(100, 4, seed=2)]
    assert len({row.tobytes() for row in rows}) == 8


def test_every_order_is_as_likely():
    rows = orders(4, 24_000) @ np.array([64, 16, 4, 1])
    assert stats.chisquare(np.unique(rows, return_counts=True)[1]).pvalue > UNLIKELY
    assert np.unique(rows).size == 24


# -- statistics ------------------------------------------------------------------------------

MANY = 4_000_000


@pytest.mark.parametrize("way", ["normals32", "normals64"])
def test_normals_have_the_moments_of_a_normal(way):
    z = draw(way, MANY, seed=11).astype(float)
    # E z^k, and the variance of z^k.
    for power, mean, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((z**power).mean() - mean) < 4 * math.sqrt(variance / MANY)


@pytest.mark.parametrize("way", ["normals32", "normals64"])
def test_normals_have_the_distribution_of_a_normal(way):
    z = draw(way, 1_000_000, seed=12).astype(float)
    assert stats.kstest(z, "norm").pvalue > UNLIKELY
    # Each lane of a block for itself: they are made in different ways.
    for lane in range(4):
        assert stats.kstest(z[lane::4], "norm").pvalue > UNLIKELY


@pytest.mark.parametrize("way", ["normals32", "normals64"])
def test_tails_are_as_heavy_as_they_should_be(way):
    beyond = {3.0: 0, 4.0: 0, 5.0: 0}
    largest = 0.0
    for position in range(0, 10 * MANY, MANY):
        z = np.abs(draw(way, MANY, seed=13, position=position))
        largest = max(largest, z.max())
        for limit in beyond:
            beyond[limit] += np.count_nonzero(z > limit)
    for limit, count in beyond.items():
        expected = stats.poisson(10 * MANY * 2 * stats.norm.sf(limit))
        assert expected.ppf(UNLIKELY) <= count <= expected.isf(UNLIKELY)
    # Where the largest of so many lies, but for one case in ten thousand on either side.
    unlikely = np.array([UNLIKELY, 1 - UNLIKELY])
    low, high = stats.norm.isf(-np.expm1(np.log(unlikely) / (10 * MANY)) / 2)
    assert low < largest < high


@pytest.mark.parametrize("way", ["uniforms32", "uniforms64"])
def test_uniforms_are_uniform(way):
    u = draw(way, 1_000_000, seed=14).astype(float)
    assert stats.kstest(u, "uniform").pvalue > UNLIKELY
    assert abs(u.mean() - 0.5) < 4 * math.sqrt(1 / 12 / u.size)


def test_signs_are_fair():
    signs = draw("signs32", MANY, seed=15)
    assert abs(signs.mean(dtype=float)) < 4 / math.sqrt(MANY)
    # All patterns of eight neighbours, and every bit of a block for itself.
    bits = (signs < 0).reshape(-1, 8)
    assert stats.chisquare(np.bincount(bits @ (1 << np.arange(8)))).pvalue > UNLIKELY
    ones = bits.reshape(-1, 128).sum(axis=0)
    blocks = MANY // 128
    assert stats.chi2.sf(((ones - blocks / 2) ** 2).sum() / (blocks / 4), 128) > UNLIKELY


def standardised(x):
    x = x.astype(float)
    x -= x.mean()
    x /= x.std()
    return x


def unrelated(x, y):
    """Whether two standardised samples are uncorrelated."""
    return abs(x @ y) < 4 * math.sqrt(x.size)


def with_square(way, x):
    """What must tell nothing about other numbers: the number and, unless it is 1, its square."""
    x = standardised(x)
    return [x] if way.startswith("signs") else [x, standardised(x**2)]


@EACH
def test_numbers_tell_nothing_about_later_ones(way):
    for x in with_square(way, draw(way, 1_000_000, seed=16)):
        # Lags inside a block, from block to block, and beyond.
        for lag in (1, 2, 3, 4, 5, 8, 32, 127, 128, 129, 1024):
            assert unrelated(x[:-lag], x[lag:]), lag


DISTANCES = {
    "seed": [1, 2, 2**32, 0x9E3779B9],
    "step": [1, 2, 2**32],
    "direction": [1, 2, 2**15],
    "position": [2**32, 2**40],
    "stream": [1, 2],
}


@EACH
@pytest.mark.parametrize("name", DISTANCES)
def test_neighbouring_addresses_are_independent(way, name):
    here = {"seed": 17, "step": 18, "direction": 19, "position": 0, "stream": 0}
    first = with_square(way, draw(way, 1_000_000, **here))
    for distance in DISTANCES[name]:
        there = {**here, name: here[name] + distance}
        for x, y in zip(first, with_square(way, draw(way, 1_000_000, **there))):
            assert unrelated(x, y), distance


# -- bits ------------------------------------------------------------------------------------

SEED = 0x123456789ABCDEF
# SHA-256 of 4096 numbers at one address, as little-endian bytes. They must never change: a run that
# is resumed with other numbers is another run.
DIGESTS = {
    "signs32": "02d13187336c7a4441a09d63d2237a0d7f7704887c54946a0767c48f3796cba6",
    "signs64": "37bfcecbfaac47e5eab4b20cbcfb84552a2bc98e077bdb904e4e774395419e96",
    "normals32": "2939701f63258615d15dd8a41d42adf868089bc0c360bbd012e878350f53fbee",
    "normals64": "f22fb2e288ec8bfc2502c366e469e62ca9f6b1eed617361d4161a165c66d1d0c",
    "uniforms32": "a236699b110fad63b82b9b929bdf70921a55cc7c5ac18146c7bbe42395ce10ae",
    "uniforms64": "19d38119ec858069bc8cbfdeef731699025d4f0a093437914c83d304238d36bc",
    "permutation": "cae4e0132ee83c10eb3831004c8b9ee6714932a36f6c607bad20784863fa7c26",
}


def digest(name):
    if name == "permutation":
        out = np.empty(4096, np.int64)
        permutation(out, SEED, 6)
    else:
        out = draw(name, 4096, SEED, step=2**33 + 5, direction=6, position=7, stream=1)
    return hashlib.sha256(out.astype(out.dtype.newbyteorder("<")).tobytes()).hexdigest()


@pytest.mark.parametrize("name", DIGESTS)
def test_bits_never_change(name):
    assert digest(name) == DIGESTS[name]


@pytest.mark.slow
def test_bits_do_not_depend_on_who_asks_first():
    """numba compiles a function that says nothing of fastmath as its first caller is compiled."""
    program = """
import numba
from tests.test_random import *

@numba.njit(fastmath=True)
def first(out, seed):
    fill_signs(out, seed, seed, seed, seed, seed)
    fill_normals(out, seed, seed, seed, seed, seed)
    fill_uniforms(out, seed, seed, seed, seed, seed)

first(np.empty(9, np.float32), 1)
first(np.empty(9), 1)
assert DIGESTS == {n: digest(n) for n in DIGESTS}
"""
    _in_a_new_process(program)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
        {"NUMBA_LOOP_VECTORIZE": "0", "NUMBA_SLP_VECTORIZE": "0"},
        {"NUMBA_OPT": "0"},
    ],
    ids=["oldest processor", "no vectors", "not optimised"],
)
def test_bits_do_not_depend_on_the_instructions(settings):
    _in_a_new_process(
        "from tests.test_random import *; assert DIGESTS == {n: digest(n) for n in DIGESTS}",
        **settings,
    )


def _in_a_new_process(program, **settings):
    root = Path(__file__).resolve().parent.parent
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, **settings}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, cwd=root)
