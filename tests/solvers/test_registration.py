"""Frames registered under hidden pixels, against scikit-image's search."""

import jax
import numpy as np
import pytest
import skimage
from skimage.registration import phase_cross_correlation

from imaging_jax.solvers import register_frames, registration_shift

CAMERA = skimage.data.camera()[100:220, 180:310].astype(np.float32) / 255
SHIFTS = [(0, 0), (3, -5), (-7, 2), (8, 8)]


def pair(shift, height=80, width=90):
    """Two views of one size, hidden in part, with nonsense there."""
    rows, columns = shift
    first = CAMERA[20 : 20 + height, 20 : 20 + width].copy()
    second = CAMERA[20 - rows : 20 - rows + height, 20 - columns : 20 - columns + width].copy()
    clear = np.ones((2, height, width), np.float32)
    clear[0, 10:40, 20:50] = 0
    clear[1, 40:70, 30:70] = 0
    first[clear[0] == 0], second[clear[1] == 0] = 0.0, 1.0
    return first, second, clear


@pytest.mark.parametrize("shift", SHIFTS)
def test_is_what_scikit_image_finds(shift):
    first, second, clear = pair(shift)
    theirs = phase_cross_correlation(
        first, second, reference_mask=clear[0] > 0, moving_mask=clear[1] > 0, overlap_ratio=0.3
    )[0]
    found = registration_shift(
        first[..., None], second[..., None], clear[0][..., None], clear[1][..., None]
    )
    assert found.tolist() == theirs.tolist() == [-n for n in shift]


def test_frames_lie_upon_the_first_and_what_came_from_outside_isnt_clear():
    views = [pair(shift) for shift in SHIFTS[1:]]
    first, _, clear = views[0]
    frames = np.stack([first, *(second for _, second, _ in views)])[..., None]
    seen = np.stack([clear[0], *(mask[1] for *_, mask in views)])[..., None]
    moved, moved_clear = jax.jit(register_frames)(frames, seen)
    for frame, mask, (rows, columns) in zip(moved[1:], moved_clear[1:], SHIFTS[1:], strict=True):
        both = (np.asarray(mask) * seen[0])[..., 0] > 0
        np.testing.assert_array_equal(np.asarray(frame)[..., 0][both], first[both])
        outside = np.ones(mask.shape[:2], bool)
        outside[max(-rows, 0) : 80 - max(rows, 0), max(-columns, 0) : 90 - max(columns, 0)] = False
        assert not np.asarray(mask)[outside].any()
    np.testing.assert_array_equal(moved[0], frames[0])


def test_what_shows_nothing_stays():
    flat, clear = np.full((2, 16, 16, 1), 0.5, np.float32), np.ones((2, 16, 16, 1), np.float32)
    clear[1] = 0
    assert registration_shift(*flat, *clear, reach=2).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"moving": np.ones((8, 9, 1), np.float32)}, r"moving: expected shape \(8, 8, 1\)"),
        ({"moving_clear": np.ones((8, 8), np.float32)}, r"moving_clear: expected shape \(8, 8, 1"),
        ({"reach": 8}, "reach=8: expected 0 to 7"),
    ],
)
def test_bad_input(values, message):
    names = ("reference", "moving", "reference_clear", "moving_clear")
    given = {name: np.ones((8, 8, 1), np.float32) for name in names} | {"reach": 2} | values
    with pytest.raises(ValueError, match=message):
        registration_shift(*(given[name] for name in names), reach=given["reach"])
