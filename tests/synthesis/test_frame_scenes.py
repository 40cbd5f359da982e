"""Frames of a scene: what each of them is made of, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.operators import lanczos_shift, resize
from imaging_jax.solvers import registration_shift
from imaging_jax.synthesis import frame_scene

ROWS, COLUMNS = np.mgrid[:52, :58]
SCENE = (0.5 + 0.2 * np.sin(0.5 * ROWS) + 0.2 * np.cos(0.37 * COLUMNS + 0.2 * ROWS))[..., None]
SCENE = jnp.asarray(SCENE, jnp.float32)


def drawn(key=0, **values):
    settings = {"margin": 8, "sigma": 0.0, "brightness": 0.0, "cloudy": 0.0}
    return jax.jit(lambda k: frame_scene(k, SCENE, (12, 14), **(settings | values)))(
        jax.random.key(key)
    )


def test_the_first_frame_is_the_image_shrunk():
    made = drawn()
    np.testing.assert_array_equal(made.image, SCENE[8:-8, 8:-8])
    np.testing.assert_allclose(made.frames[0], resize(made.image, 1 / 3), atol=0.02)
    assert made.frames.shape == (9, 12, 14, 1)
    assert made.clear.all()
    assert made.image_clear.all()


def test_the_others_are_moved_by_fractions_of_a_pixel():
    made = drawn()
    candidates = [(y, x) for y in np.arange(-3, 3.1, 0.25) for x in np.arange(-3, 3.1, 0.25)]
    views = jax.jit(jax.vmap(lambda d: resize(lanczos_shift(SCENE, d)[8:-8, 8:-8], 1 / 3)))(
        jnp.asarray(candidates)
    )
    found = []
    for frame in made.frames[1:]:
        errors = jnp.abs(views - frame).max(axis=(1, 2, 3))
        assert errors.min() < 0.05
        found.append(candidates[int(errors.argmin())])
    assert len({shift for shift in found}) > 6
    assert np.abs(found).max() > 1.5


def test_clouds_are_told_and_the_first_has_none():
    made = drawn(cloudy=1.0)
    assert made.clear[0].all()
    shares = np.asarray(made.clear[1:]).mean(axis=(1, 2, 3))
    assert shares.min() < 0.8
    bright = np.asarray(made.frames[1:])[np.asarray(made.clear[1:]) == 0]
    assert bright.mean() > np.asarray(made.frames[0]).mean() + 0.1
    again = drawn()
    np.testing.assert_allclose(
        np.where(made.clear > 0, made.frames - again.frames, 0), 0, atol=0.03
    )


def test_noise_and_brightness_have_their_size():
    plain, noisy = drawn(), drawn(sigma=0.02)
    assert float(jnp.std(noisy.frames - plain.frames)) == pytest.approx(0.02, rel=0.1)
    ratios = (drawn(brightness=0.1).frames / plain.frames).mean(axis=(1, 2, 3))
    assert float(ratios[0]) == pytest.approx(1.0, abs=1e-6)
    assert 0.02 < float(jnp.abs(ratios - 1).max()) <= 0.1 + 1e-5


def test_a_frame_moved_by_three_pixels_of_the_image_is_one_of_its_own_away():
    made = drawn(shift=3.0)
    shifts = [
        registration_shift(made.frames[0], frame, made.clear[0], clear, reach=3)
        for frame, clear in zip(made.frames, made.clear, strict=True)
    ]
    assert np.abs(shifts).max() == 1


@pytest.mark.parametrize(
    ("scene", "margin", "message"),
    [
        (SCENE, 2, "margin=2: wanted 3, the largest shift, at least"),
        (np.ones((9, 9), np.float32), 4, "scene"),
    ],
)
def test_bad_input(scene, margin, message):
    with pytest.raises(ValueError, match=message):
        frame_scene(jax.random.key(0), scene, (3, 3), margin=margin)
