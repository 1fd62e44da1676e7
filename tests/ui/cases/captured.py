"""Values from outside the function that cannot be frozen into its derivative."""

import enum
import math
from fractions import Fraction

import numpy as np

BIG = np.zeros(5000)
LIST = [1.0, 2.0]
DICT = {"rate": 0.1}
SET = {1.0}
TEXTS = np.array(["a", "b"])
OBJECTS = np.array([1.0, None], dtype=object)
HALF = Fraction(1, 2)
MIXED = (1.0, [2.0])
NESTED = ((1.0, 2.0), (3.0, 4.0))
MATRIX = np.ones((1, 2)).view(np.matrix)
MASKED = np.ma.masked_array([1.0, 2.0], [True, False])
DATE = np.datetime64("2020-01-01")
RECORD = np.zeros(2, dtype=[("a", float)])
RNG = np.random.default_rng(0)


class Rate(enum.Enum):
    SLOW = 0.1


class Config:
    rate = 0.1


CONFIG = Config()


def large_array(x):
    return np.sum(x) * BIG[0]


def a_list(s):
    return s * LIST[0]


def a_dict(s):
    return s * DICT["rate"]


def a_set(s):
    return s if s in SET else 0.0


def array_of_text(s):
    return s if TEXTS[0] == "a" else 0.0


def array_of_objects(s):
    return s * OBJECTS[0]


def fraction(s):
    return s * HALF


def tuple_with_a_list(s):
    return s * MIXED[1][0]


def tuple_with_a_list_as_a_whole(s):
    pair = MIXED
    return s * pair[0]


def place_outside_of_a_nested_tuple(s):
    return s * NESTED[0][2]


def matrix(s):
    return s * MATRIX[0, 0]


def masked_array(s):
    return s * MASKED[0]


def date(s):
    return s * DATE


def record_array(s):
    return s * RECORD[0]["a"]


def generator(s):
    return s * RNG.normal()


def enumeration(s):
    return s * Rate.SLOW.value


def attribute_of_an_object(s):
    return s * CONFIG.rate


def a_module(s):
    return s * math


def a_function(s):
    return s * math.sin


def a_class(s):
    return s * Config


def ellipsis(s):
    return s * ...


def index_past_the_end(s):
    return s * NESTED[2]


THREE = (1.0, 2.0, 3.0)


def index_past_the_end_of_numbers(s):
    return s * THREE[3]


def attribute_of_a_constant(s):
    return s * BIG.sizze
