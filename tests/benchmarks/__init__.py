"""Ratios of emitted, hand-written and peers' derivatives, measured side by side in one run."""
