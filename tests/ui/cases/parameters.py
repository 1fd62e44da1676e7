"""Signatures that cannot be carried over."""

import numpy as np


def any_keyword(s, **options):
    return s


def mutable_default(s, history=[]):
    return s


def dict_default(s, options={}):
    return s


def set_default(s, options={1}):
    return s
