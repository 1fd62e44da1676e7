"""Random defined programs, their derivatives, and where these disagree with the oracle."""
