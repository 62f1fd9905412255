"""Learning curves as SVG text, so that the page needs no library and no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 240
MARGIN: Final = 44
COLOURS: Final = ("#0b6e99", "#c4500b", "#3d7a2a", "#7a3d8f")

Points = Sequence[tuple[float, float]]
"""(step, value) pairs, in order."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One drawing with one or more named lines over training steps."""

    title: str
    lines: Mapping[str, Points] = field(default_factory=dict)


def svg(curve: Curve) -> str:
    """Return the drawing; a line of one point is a dot."""
    points = [point for line in curve.lines.values() for point in line]
    if not points:
        return ""
    right, top = max(step for step, _ in points), max(value for _, value in points)
    left, bottom = min(step for step, _ in points), min(0.0, *(value for _, value in points))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x = MARGIN + (point[0] - left) / ((right - left) or 1) * (WIDTH - 2 * MARGIN)
        y = HEIGHT - MARGIN - (point[1] - bottom) / ((top - bottom) or 1) * (HEIGHT - 2 * MARGIN)
        return round(x, 1), round(y, 1)

    opening = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(curve.title)}">'
    parts = [opening, _axes(left, right, bottom, top)]
    for number, (name, line) in enumerate(curve.lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x},{y}" for x, y in map(place, line))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>' for x, y in map(place, line)]
        x = MARGIN + 150 * number
        parts.append(f'<text x="{x}" y="16" fill="{colour}" font-size="13">{escape(name)}</text>')
    return "".join([*parts, "</svg>"])


def _axes(left: float, right: float, bottom: float, top: float) -> str:
    floor, edge = HEIGHT - MARGIN, WIDTH - MARGIN
    labels = (
        (MARGIN, floor + 18, "middle", left), (edge, floor + 18, "middle", right),
        (MARGIN - 6, floor, "end", bottom), (MARGIN - 6, MARGIN + 4, "end", top),
    )  # fmt: skip
    lines = f'<path d="M{MARGIN} {MARGIN}V{floor}H{edge}" fill="none" stroke="#888"/>'
    texts = (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="12" fill="#555">{value:.4g}</text>'
        for x, y, anchor, value in labels
    )
    return lines + "".join(texts)
