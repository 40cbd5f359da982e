import jax
import numpy as np
import pytest

from imaging_jax.synthesis import burst


@pytest.fixture(scope="module")
def drawn():
    keys = jax.random.split(jax.random.key(0), 200)
    return jax.jit(jax.vmap(lambda key: burst(key, (16, 20), leaves=20)))(keys)


def test_shapes_and_ranges(drawn):
    assert drawn.frames.shape == (200, 3, 16, 20, 3)
    assert drawn.mask.shape == (200, 3)
    assert drawn.image.shape == (200, 16, 20, 3)
    assert 0 <= drawn.image.min() < drawn.image.max() <= 1


def test_the_first_frame_is_there_and_two_thirds_of_the_others(drawn):
    mask = np.asarray(drawn.mask)
    assert (mask[:, 0] == 1).all()
    # 400 draws: four deviations of the binomial.
    assert mask[:, 1:].mean() == pytest.approx(2 / 3, abs=4 * np.sqrt(2 / 9 / 400))
    missing = np.asarray(drawn.frames)[mask == 0]
    assert not missing.any()


def test_the_first_frame_is_the_image_under_white_noise(drawn):
    noise = np.asarray(drawn.frames[:, 0] - drawn.image)
    assert noise.std() == pytest.approx(25 / 255, rel=0.01)
    assert noise.mean() == pytest.approx(0, abs=1e-3)


@pytest.mark.slow
def test_frames_are_shaken_by_at_most_a_pixel():
    calm = burst(jax.random.key(3), (24, 24), sigma=0.0)
    first, image = np.asarray(calm.frames[0]), np.asarray(calm.image)
    np.testing.assert_array_equal(first, image)
    inner = image[2:-2, 2:-2]
    for frame, there in zip(np.asarray(calm.frames), np.asarray(calm.mask), strict=True):
        moved = [frame[2 + i : 22 + i, 2 + j : 22 + j] for i in (-1, 0, 1) for j in (-1, 0, 1)]
        assert not there or any(np.array_equal(view, inner) for view in moved)
