import numpy as np
import pytest

from train.scoring.pictures import busiest_square


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
