"""`python -m tangent_fwd`: see `tangent_fwd.cli`."""

from __future__ import annotations

import sys

from tangent_fwd.cli import main

sys.exit(main())
