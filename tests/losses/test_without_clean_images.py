"""Blind spots, and the clean image behind one that is noisier still."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.losses import blind_spots, masked_mse, noisier2noise_estimate

IMAGES = np.random.default_rng(0).random((3, 19, 26, 2), np.float32)
KEY = jax.random.key(0)


@pytest.mark.parametrize("replacement", ["uniform", "median"])
def test_each_box_has_one_hidden_pixel_and_all_else_stays(replacement):
    hidden, mask = blind_spots(KEY, IMAGES, box=6, radius=2, replacement=replacement)
    hidden, mask = np.asarray(hidden), np.asarray(mask)
    np.testing.assert_array_equal(hidden[mask[..., 0] == 0], IMAGES[mask[..., 0] == 0])
    for top in range(0, 18, 6):
        for left in range(0, 24, 6):
            assert (mask[:, top : top + 6, left : left + 6].sum(axis=(1, 2, 3)) == 1).all()
    # Boxes that reach beyond the image have at most one.
    assert (mask[:, 18:].sum(axis=(1, 2, 3)) <= 5).all()


def window(image, row, column, radius):
    size = 2 * radius + 1
    top, left = (
        int(np.clip(place - radius, 0, length - size))
        for place, length in zip((row, column), image.shape[:2], strict=True)
    )
    return image[top : top + size, left : left + size], row - top, column - left


def test_a_uniform_replacement_is_a_pixel_of_the_window_all_channels_together():
    hidden, mask = map(np.asarray, blind_spots(KEY, IMAGES, box=4, radius=1))
    for item, row, column, _ in np.argwhere(mask):
        around, *_ = window(IMAGES[item], row, column, 1)
        found = (around == hidden[item, row, column]).all(axis=-1)
        assert found.sum() == 1


def test_the_median_leaves_the_pixel_itself_out():
    hidden, mask = map(np.asarray, blind_spots(KEY, IMAGES, box=4, radius=2, replacement="median"))
    for item, row, column, _ in np.argwhere(mask):
        around, y, x = window(IMAGES[item], row, column, 2)
        others = np.delete(around.reshape(25, 2), 5 * y + x, axis=0)
        np.testing.assert_allclose(hidden[item, row, column], np.median(others, axis=0), rtol=1e-6)


def test_no_gradient_comes_from_a_hidden_pixel_to_its_own_prediction():
    kernel = np.random.default_rng(1).standard_normal((5, 5)).astype(np.float32)

    def predictions(images):
        hidden, mask = blind_spots(KEY, images, box=30, radius=2, replacement="median")
        filtered = jax.scipy.signal.convolve2d(hidden[0, ..., 0], kernel, mode="same")
        return jnp.sum(filtered * mask[0, ..., 0]), mask

    image = jnp.asarray(IMAGES[:1, ..., :1])
    gradient, mask = jax.grad(predictions, has_aux=True)(image)
    assert np.asarray(mask).sum() == 1
    assert np.abs(np.asarray(gradient)[np.asarray(mask) == 1]).max() == 0
    # Its neighbours tell of it; had nothing been hidden, so would the pixel itself.
    assert np.count_nonzero(gradient) >= 15
    assert kernel[2, 2] != 0


def test_only_marked_pixels_count():
    prediction, target = IMAGES[:1], IMAGES[1:2]
    mask = np.zeros((1, 19, 26, 1), np.float32)
    mask[0, 3, 4] = mask[0, 7, 9] = 1
    wanted = np.mean(((prediction - target) ** 2)[0, [3, 7], [4, 9]])
    assert masked_mse(prediction, target, mask) == pytest.approx(wanted, rel=1e-6)
    assert masked_mse(prediction, target, 0 * mask) == 0


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_the_estimate_is_wieners_where_all_is_gaussian(alpha, x64):
    signal, noise = 0.7**2, 0.3**2
    z = np.random.default_rng(2).standard_normal((1, 4, 4, 1))
    # Linear regressions of the noisy and of the clean image on the noisier one.
    whole = signal + (1 + alpha**2) * noise
    predicted = (signal + noise) / whole * z
    found = noisier2noise_estimate(predicted, z, alpha)
    np.testing.assert_allclose(found, signal / whole * z, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": IMAGES[0]}, "expected \\(N, H, W, C\\)"),
        ({"radius": 10}, "21 pixels a side"),
        ({"box": 0}, "box"),
        ({"replacement": "mean"}, "replacement: expected one of"),
    ],
)
def test_what_does_not_fit_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        blind_spots(**{"key": KEY, "images": IMAGES, **change})
