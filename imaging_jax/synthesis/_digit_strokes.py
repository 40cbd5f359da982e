"""How the ten digits are written: strokes through control points, as linear maps of these."""

from typing import NamedTuple

import numpy as np

_STEPS = 4
"""Straight pieces between two control points of a curve."""

# A way of writing is a list of strokes, a stroke a list of points (x, y) of the unit square, y
# downwards: a straight line through two, a smooth curve through more. Strokes that share a point
# stay attached there.
_ZERO = [
    (0.55, 0.0),
    (0.2, 0.14),
    (0.03, 0.5),
    (0.17, 0.86),
    (0.5, 1.0),
    (0.83, 0.86),
    (0.97, 0.5),
    (0.83, 0.14),
    (0.55, 0.0),
]
_THREE = [
    [(0.1, 0.12), (0.42, 0.0), (0.78, 0.12), (0.74, 0.35), (0.38, 0.47)],
    [(0.38, 0.47), (0.78, 0.57), (0.88, 0.8), (0.52, 1.0), (0.05, 0.9)],
]
_SEVEN = [[(0.05, 0.06), (0.92, 0.03)], [(0.92, 0.03), (0.62, 0.48), (0.4, 1.0)]]
_EIGHT = [
    (0.82, 0.14),
    (0.52, 0.0),
    (0.2, 0.14),
    (0.28, 0.37),
    (0.66, 0.57),
    (0.84, 0.81),
    (0.5, 1.0),
    (0.17, 0.82),
    (0.34, 0.57),
    (0.72, 0.37),
    (0.82, 0.14),
]

_WAYS = [
    [[_ZERO], [[*_ZERO[:-1], (0.66, 0.03), (0.4, 0.1)]]],
    [
        [[(0.5, 0.0), (0.5, 1.0)]],
        [[(0.52, 0.0), (0.47, 0.5), (0.5, 1.0)]],
        [[(0.36, 0.22), (0.55, 0.0)], [(0.55, 0.0), (0.52, 1.0)]],
    ],
    [
        [
            [(0.1, 0.2), (0.36, 0.0), (0.74, 0.08), (0.76, 0.36), (0.42, 0.72), (0.05, 0.97)],
            [(0.05, 0.97), (0.5, 0.93), (0.97, 0.97)],
        ],
        [
            [
                (0.12, 0.18),
                (0.4, 0.0),
                (0.74, 0.12),
                (0.68, 0.45),
                (0.32, 0.88),
                (0.08, 0.96),
                (0.12, 0.76),
                (0.42, 0.84),
                (0.98, 0.95),
            ]
        ],
    ],
    [_THREE, [[*_THREE[0], *_THREE[1][1:]]]],
    [
        [
            [(0.16, 0.02), (0.08, 0.34), (0.18, 0.52), (0.5, 0.52), (0.88, 0.44)],
            [(0.84, 0.04), (0.8, 0.46), (0.74, 1.0)],
        ],
        [[(0.2, 0.0), (0.1, 0.55)], [(0.1, 0.55), (0.92, 0.52)], [(0.76, 0.06), (0.66, 1.0)]],
        [[(0.68, 0.0), (0.05, 0.62)], [(0.05, 0.62), (0.95, 0.6)], [(0.68, 0.0), (0.62, 1.0)]],
    ],
    [
        [
            [(0.9, 0.02), (0.3, 0.05)],
            [(0.3, 0.05), (0.2, 0.42)],
            [(0.2, 0.42), (0.58, 0.4), (0.86, 0.62), (0.74, 0.9), (0.38, 1.0), (0.04, 0.9)],
        ],
        [
            [(0.95, 0.0), (0.36, 0.06)],
            [(0.36, 0.06), (0.24, 0.36), (0.6, 0.52), (0.76, 0.76), (0.5, 0.98), (0.06, 0.94)],
        ],
    ],
    [
        [
            [
                (0.72, 0.0),
                (0.36, 0.22),
                (0.12, 0.6),
                (0.2, 0.92),
                (0.52, 1.0),
                (0.82, 0.84),
                (0.74, 0.6),
                (0.44, 0.56),
                (0.14, 0.74),
            ]
        ],
        [
            [
                (0.42, 0.0),
                (0.18, 0.34),
                (0.1, 0.72),
                (0.28, 0.98),
                (0.64, 0.98),
                (0.84, 0.78),
                (0.62, 0.58),
                (0.3, 0.66),
                (0.16, 0.86),
            ]
        ],
    ],
    [
        _SEVEN,
        [[(0.1, 0.18), (0.05, 0.06)], *_SEVEN],
        [*_SEVEN, [(0.34, 0.5), (0.86, 0.46)]],
    ],
    [[_EIGHT], [[*_EIGHT[:-1], (0.9, 0.04)]]],
    [
        [
            [(0.84, 0.18), (0.52, 0.0), (0.16, 0.18), (0.2, 0.44), (0.54, 0.48), (0.84, 0.18)],
            [(0.84, 0.18), (0.78, 0.56), (0.62, 1.0)],
        ],
        [
            [(0.84, 0.18), (0.5, 0.0), (0.14, 0.2), (0.22, 0.46), (0.56, 0.46), (0.84, 0.18)],
            [(0.84, 0.18), (0.86, 0.6), (0.72, 0.92), (0.34, 1.0)],
        ],
    ],
]


class Strokes(NamedTuple):
    """Every way of writing every digit, padded to the largest.

    Attributes:
        ways: ``(10,)``, how many ways a digit has.
        controls: ``(10, ways, K, 2)``, points (x, y).
        weights: ``(10, ways, 2, S, K)``: times the controls, the two ends of S straight pieces.
            Where there are fewer, the last end is repeated, as pieces without length.
    """

    ways: np.ndarray
    controls: np.ndarray
    weights: np.ndarray


def strokes() -> Strokes:
    """Builds the constants of `digit` from the points above."""
    built = [[_linear(way) for way in ways] for ways in _WAYS]
    points = max(len(controls) for ways in built for controls, _ in ways)
    pieces = max(weights.shape[1] for ways in built for _, weights in ways)
    most = max(len(ways) for ways in built)
    controls = np.zeros((len(built), most, points, 2), np.float32)
    weights = np.zeros((len(built), most, 2, pieces, points), np.float32)
    for digit, ways in enumerate(built):
        for way, (own, matrix) in enumerate(ways):
            controls[digit, way, : len(own)] = own
            weights[digit, way, :, : matrix.shape[1], : len(own)] = matrix
            weights[digit, way, :, matrix.shape[1] :, : len(own)] = matrix[1, -1]
    return Strokes(np.array([len(ways) for ways in built]), controls, weights)


def _linear(way):
    """A way's distinct points ``(K, 2)``, and the ends of its pieces ``(2, S, K)`` as weights."""
    points = sorted({point for stroke in way for point in stroke})
    curves = []
    for stroke in way:
        through = np.eye(len(points))[[points.index(point) for point in stroke]]
        curve = through if len(stroke) == 2 else _catmull_rom(through)
        curves.append(np.stack([curve[:-1], curve[1:]]))
    return np.array(points), np.concatenate(curves, axis=1)


def _catmull_rom(points):
    """Points of the uniform Catmull-Rom curve through ``(n, D)``, ends included."""
    before, after = 2 * points[0] - points[1], 2 * points[-1] - points[-2]
    p = np.concatenate([[before], points, [after]])
    t = np.arange(_STEPS)[:, None] / _STEPS
    spans = [
        p[i + 1]
        + t / 2 * (p[i + 2] - p[i])
        + t**2 / 2 * (2 * p[i] - 5 * p[i + 1] + 4 * p[i + 2] - p[i + 3])
        + t**3 / 2 * (3 * p[i + 1] - p[i] - 3 * p[i + 2] + p[i + 3])
        for i in range(len(points) - 1)
    ]
    return np.concatenate([*spans, points[-1:]])
