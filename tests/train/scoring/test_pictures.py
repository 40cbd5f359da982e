import numpy as np
import pytest

from train.scoring.pictures import busiest_square, in_colours


@pytest.mark.parametrize("place", [(0, 0), (3, 7), (15, 24)])
def test_finds_the_square_that_holds_the_edges(place):
    image = np.zeros((25, 34, 3), np.uint8)
    top, left = place
    image[top : top + 10 : 2, left : left + 10] = 255
    found_top, found_left, side = busiest_square(image, 10)
    assert side == 10
    assert (found_top, found_left) == pytest.approx(place, abs=1)


def test_a_whole_image_is_its_own_square():
    image = np.random.default_rng(0).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    assert busiest_square(image, 12) == (0, 0, 12)


def test_colours_are_brighter_the_larger_the_value():
    values = np.linspace(-1, 3, 9)[None]
    painted = in_colours(values, 0.0, 2.0).astype(int)
    assert painted.shape == (1, 9, 3)
    np.testing.assert_array_equal(painted[0, 0], painted[0, 2])  # below the range, and its end
    np.testing.assert_array_equal(painted[0, 6], painted[0, 8])
    # BT.601.
    assert np.all(np.diff(painted[0, 2:7] @ [0.299, 0.587, 0.114]) > 10)
    np.testing.assert_array_equal(in_colours(np.full((2, 2), 5.0), 5.0, 5.0).std((0, 1)), 0)
