"""`report.html` of a run: one file that shows scores, previews, curves and config by itself."""

import base64
import io
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from PIL import Image

TEMPLATE = Path(__file__).with_name("page.html")
_WIDTH, _HEIGHT, _MARGIN = 416, 220, 44
_SLIDERS = (
    "<p>Left of the bar: {}; right of it: {}. The square with the strongest edges of each image."
    "</p>"
)


def render(
    title: str,
    summary: str,
    table: Sequence[Mapping[str, Any]],
    previews: Mapping[str, tuple[np.ndarray, ...]],
    sides: tuple[str, ...],
    scalars: Sequence[Mapping[str, float]],
    config: Mapping[str, Any],
    starts: Sequence[Mapping[str, Any]],
) -> str:
    """Renders a page that needs no other file.

    Args:
      title: of the page.
      summary: a sentence below it.
      table: rows; what one lacks stays empty.
      previews: {name: pictures}, each (H, W, 3) uint8: one, or two of one size under a slider.
      sides: what the left and the right of a slider are called, where there are any.
      scalars: lines of `scalars.jsonl`.
      config: of the run.
      starts: command, commit and device of every start.
    """
    return Template(TEMPLATE.read_text()).substitute(
        title=escape(title),
        summary=escape(summary),
        table=_table(table),
        sliders=_SLIDERS.format(*map(escape, sides)) if sides else "",
        previews="\n".join(_preview(name, shown, sides) for name, shown in previews.items()),
        curves="\n".join(_curve(name, *points) for name, points in _series(scalars).items()),
        config=escape(json.dumps(config, indent=1)),
        starts=escape(json.dumps(starts, indent=1)),
    )


def columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names that occur in any row, in order of first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "<p>The config names no evaluation.</p>"
    names = columns(rows)
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        f"<tr>{''.join(_cell(row.get(name, '')) for name in names)}</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f'<td class="number">{value:.4f}</td>'
    return f"<td>{escape(str(value))}</td>"


def _preview(name: str, shown: tuple[np.ndarray, ...], sides: tuple[str, ...]) -> str:
    if len(shown) == 2:
        return _slider(name, *shown, sides)
    image = f'<img alt="{escape(name)}" src="{_data_url(shown[0])}">'
    return f"<figure>{image}<figcaption>{escape(name)}</figcaption></figure>"


def _slider(name: str, before: np.ndarray, after: np.ndarray, sides: tuple[str, str]) -> str:
    images = "".join(
        f'<img class="{side}" alt="{escape(name)}, {escape(words)}" src="{_data_url(image)}">'
        for side, words, image in zip(
            ("after", "before"), sides[::-1], (after, before), strict=True
        )
    )
    control = f'<input type="range" min="0" max="100" value="50" aria-label="{escape(name)}">'
    return (
        f'<figure><div class="slider">{images}<div class="bar"></div>{control}</div>'
        f"<figcaption>{escape(name)}</figcaption></figure>"
    )


def _data_url(image: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _series(scalars: Sequence[Mapping[str, float]]) -> dict[str, tuple[list, list]]:
    series: dict[str, tuple[list, list]] = defaultdict(lambda: ([], []))
    for line in scalars:
        for name in line.keys() - {"step", "time"}:
            if not math.isfinite(line[name]):
                continue
            steps, values = series[name]
            steps.append(line["step"])
            values.append(line[name])
    return dict(sorted(series.items()))


def _curve(name: str, steps: list[int], values: list[float]) -> str:
    """A line over the steps, its ends labelled."""
    x, low_x, high_x = _scaled(steps, _MARGIN, _WIDTH - 12)
    y, low_y, high_y = _scaled(values, _HEIGHT - 24, 28)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    label = 'font-size="11" fill="#555"'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(name)}">'
        f'<text x="{_MARGIN}" y="16" font-size="13">{escape(name)}</text>'
        f'<text x="2" y="32" {label}>{high_y:.4g}</text>'
        f'<text x="2" y="{_HEIGHT - 24}" {label}>{low_y:.4g}</text>'
        f'<text x="{_MARGIN}" y="{_HEIGHT - 6}" {label}>{low_x:.0f}</text>'
        f'<text x="{_WIDTH - 12}" y="{_HEIGHT - 6}" text-anchor="end" {label}>{high_x:.0f}</text>'
        f'<polyline points="{points}" fill="none" stroke="#1f5fbf" stroke-width="1.5"/></svg>'
    )


def _scaled(values: Sequence[float], first: float, last: float) -> tuple[np.ndarray, float, float]:
    values = np.asarray(values, np.float64)
    low, high = values.min(), values.max()
    return first + (values - low) / ((high - low) or 1.0) * (last - first), low, high
