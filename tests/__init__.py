"""Tests of tangent_fwd."""
