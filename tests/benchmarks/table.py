"""The rows as text: one table of ratios, and what has to be said beside it."""

from __future__ import annotations

from tests.benchmarks import peers
from tests.benchmarks.measure import Times
from tests.benchmarks.runs import LANES, Row

HEADERS = (
    "case",
    "njit primal us",
    "hand / primal",
    "tuned / primal",
    "emitted / primal",
    "emitted / hand",
    "emitted / tuned",
    f"K={LANES} / {LANES} passes",
    "directional2 / emitted",
    "emitted / NumPy primal",
    *(f"{peers.COLUMNS[peer]} / {{edge}}" for peer in peers.MODULES),
)

LEGEND = """\
Medians of the ratios within a round; `~` where the ratio of the minima differs by over 20 %.
primal: plain njit. hand: fused by hand, the user's loops. tuned: the best strict version found,
loops restructured. All three compiled by plain numba with strict sums. directional2: value, slope
and curvature in one pass, beside the emitted pass of value and slope. Peers are called from
Python, and so is the derivative that they are divided by ({edge}); the other columns are
timed inside compiled code. One thread."""


def render(rows: list[Row]) -> str:
    """The table, its legend and the notes."""
    edge = "emitted" if any("emitted" in row.times.rounds for row in rows) else "hand"
    lines = [tuple(header.format(edge=edge) for header in HEADERS)]
    lines += [_cells(row.times, row.case.name) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADERS))]
    text = [
        " | ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    text.insert(1, "-+-".join("-" * width for width in widths))
    text += ["", LEGEND.format(edge=edge)]
    text += [note for row in rows for note in row.notes]
    return "\n".join(text)


def render_variants(rows: list[Row]) -> str:
    """Every other way of writing the references, as ratios to the primal."""
    lines = []
    for row in rows:
        for name in row.times.rounds:
            if name.startswith("hand, "):
                shown = _show(row.times.ratio(name, "primal"))
                lines.append(f"{row.case.name}: {name} / primal: {shown}")
    return "\n".join(lines)


def _cells(times: Times, name: str) -> tuple[str, ...]:
    lanes = times.ratio(f"emitted, {LANES} lanes", "emitted")
    each = None if lanes is None else (lanes[0] / LANES, lanes[1] / LANES)
    return (
        name,
        f"{times.microseconds('primal'):.1f}",
        _show(times.ratio("hand", "primal")),
        _show(times.ratio("tuned", "primal")),
        _show(times.ratio("emitted", "primal")),
        _show(times.ratio("emitted", "hand")),
        _show(times.ratio("emitted", "tuned")),
        _show(each),
        _show(times.ratio("directional2", "emitted")),
        _show(times.ratio("emitted", "numpy")),
        *(_show(times.ratio(peer, "edge")) for peer in peers.MODULES),
    )


def _show(ratio: tuple[float, float] | None) -> str:
    if ratio is None:
        return "-"
    median, minima = ratio
    doubt = "~" if abs(median - minima) > 0.2 * minima else ""
    digits = 2 if median < 100 else 0
    return f"{doubt}{median:.{digits}f}"
