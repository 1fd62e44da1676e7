"""Every pass begins with a program before and a program after; pytest runs them with the tests."""

from __future__ import annotations

import doctest
import importlib

import pytest

PASSES = [
    "frontend.lower",
    "transform.split",
    "analysis.infer",
    "transform.loops",
    "transform.fuse",
    "transform.flatten",
    "transform.simplify",
    "transform.tangent",
    "transform.nest",
    "transform.naming",
    "backend.emit",
]


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_shows_what_it_does(name: str) -> None:
    """Its examples print a program, and words say which is the one before and which after."""
    module = importlib.import_module(f"tangent_fwd.{name}")
    texts = [module.__doc__ or "", getattr(module, name.split(".")[1]).__doc__ or ""]
    text = "\n".join(texts)
    assert "Before" in text
    assert "After" in text
    examples = doctest.DocTestParser().get_examples(text)
    assert any("\n" in example.want.strip() for example in examples)
