"""Descriptors and bits of images, against numpy, scikit-image and closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal

from imaging_jax.transforms import (
    DESCRIPTORS,
    colour_histogram,
    colour_statistics,
    gabor_statistics,
    hamming_distances,
    hellinger_histogram,
    itq,
    log_spectrum,
    lsh,
    pack_bits,
    pca_hashing,
    plain_pixels,
    random_convolutions,
    random_features,
    reduced_pixels,
)

IMAGES = np.random.default_rng(0).random((2, 16, 24, 3)).astype(np.float32)


def test_statistics_are_numpys():
    found = colour_statistics(jnp.asarray(IMAGES))
    expected = np.concatenate([IMAGES.mean(axis=(1, 2)), IMAGES.std(axis=(1, 2))], axis=-1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_histogram_is_numpys():
    found = colour_histogram(jnp.asarray(IMAGES))
    for image, histogram in zip(IMAGES, found, strict=True):
        expected, _ = np.histogramdd(image.reshape(-1, 3), bins=4, range=[(0, 1)] * 3)
        np.testing.assert_allclose(histogram, expected.ravel() / image[..., 0].size, atol=1e-6)
    # White belongs to the last cell.
    assert colour_histogram(jnp.ones((2, 2, 3)))[-1] == 1.0


def test_hellingers_distance_is_its_formula():
    p, q = np.float64(colour_histogram(jnp.asarray(IMAGES)))
    x, y = np.float64(hellinger_histogram(jnp.asarray(IMAGES)))
    np.testing.assert_allclose(np.sum((x - y) ** 2), 2 - 2 * np.sum(np.sqrt(p * q)), rtol=1e-5)


def test_reduced_pixels_are_means_of_blocks():
    found = np.asarray(reduced_pixels(jnp.asarray(IMAGES))).reshape(2, 8, 8, 3)
    for i, j in np.ndindex(8, 8):
        block = IMAGES[:, 2 * i : 2 * i + 2, 3 * j : 3 * j + 3]
        np.testing.assert_allclose(found[:, i, j], block.mean(axis=(1, 2)), rtol=1e-5)
    with pytest.raises(ValueError, match="expected sides that are multiples of 8"):
        reduced_pixels(jnp.ones((12, 16, 3)))


def test_random_convolutions_are_scipys():
    image = IMAGES[0, ..., :1]
    kernels = np.random.default_rng(0).standard_normal((32, 5, 5))
    kernels -= kernels.mean(axis=(1, 2), keepdims=True)
    answers = [scipy.signal.correlate2d(image[..., 0], k, "valid") for k in kernels]
    means = np.array([np.maximum(answer, 0).mean() for answer in answers])
    found = random_convolutions(jnp.asarray(image))
    np.testing.assert_allclose(found, means / np.linalg.norm(means), rtol=1e-4)


def test_random_features_keep_where_things_are():
    # The left half is flat: its cells of 4x4 are 0, as the filters add up to 0.
    image = IMAGES[0].copy()
    image[:, :14] = 0.5
    found = np.asarray(random_features(jnp.asarray(image))).reshape(32, 4, 4)
    np.testing.assert_allclose(found[:, :, :2], 0, atol=1e-5)
    assert (found[:, :, 2:].max(axis=(1, 2)) > 0).all()
    np.testing.assert_array_equal(plain_pixels(jnp.asarray(IMAGES))[1], IMAGES[1].ravel())


def wave(rows, columns, side=32):
    y, x = np.mgrid[:side, :side] / side
    return (0.5 + 0.3 * np.cos(2 * np.pi * (rows * y + columns * x)))[..., None]


def test_the_spectrum_tells_direction_and_frequency_and_no_contrast():
    # A sixteenth of the sampling rate is a ring, 30 degrees are a sector.
    rows, columns = np.meshgrid(*[np.fft.fftfreq(32)] * 2, indexing="ij")
    radius, angle = np.hypot(rows, columns), np.degrees(np.arctan2(rows, columns)) % 180
    for ring, sector in ((2, 0), (5, 3)):
        own = (radius * 16 // 1 == ring) & (angle // 30 == sector)
        white = np.fft.fft2(np.random.default_rng(0).standard_normal((32, 32)))
        # Frequencies stand for those opposite to them, too.
        image = np.fft.ifft2(white * np.where(own, 10, 1)).real
        found = np.asarray(log_spectrum(image[..., None].astype(np.float32))).reshape(8, 6)
        assert np.unravel_index(found.argmax(), found.shape) == (ring, sector)
    noise = np.random.default_rng(0).random((16, 16, 1)).astype(np.float32)
    np.testing.assert_allclose(log_spectrum(noise), log_spectrum(0.3 * noise + 0.2), atol=1e-2)


def test_gabor_filters_answer_to_their_own_wave():
    # Eight cycles over 32 pixels are a quarter of the sampling rate: the first scale.
    means = np.asarray(gabor_statistics(wave(0, 8).astype(np.float32)))[:40].reshape(5, 8)
    assert np.unravel_index(means.argmax(), means.shape) == (0, 0)
    means = np.asarray(gabor_statistics(wave(4, 0).astype(np.float32)))[:40].reshape(5, 8)
    assert np.unravel_index(means.argmax(), means.shape) == (1, 4)


def test_every_descriptor_takes_batches_of_colour():
    sizes = {"colour_histogram": 64, "colour_statistics": 6, "gabor": 80, "hellinger": 64,
             "log_spectrum": 48, "pixels": 1152, "random_convolutions": 32, "random_features": 512,
             "reduced_pixels": 192}  # fmt: skip
    assert sizes.keys() == DESCRIPTORS.keys()
    for name, describe in DESCRIPTORS.items():
        found = describe(jnp.asarray(IMAGES))
        assert found.shape == (2, sizes[name])
        np.testing.assert_allclose(found[1], describe(jnp.asarray(IMAGES[1])), atol=2e-4)


def vectors():
    generator = np.random.default_rng(0)
    return generator.standard_normal((60, 12)) @ np.diag(np.linspace(3, 0.1, 12)) + 5


def test_angles_are_what_random_bits_tell():
    x = vectors()[:2] - vectors().mean(axis=0)
    hashing = lsh(vectors(), 4000)
    agree = np.mean(np.equal(*np.asarray(hashing.bits(vectors()[:2]))))
    angle = np.arccos(x[0] @ x[1] / np.linalg.norm(x[0]) / np.linalg.norm(x[1]))
    assert agree == pytest.approx(1 - angle / np.pi, abs=0.03)


def test_bits_of_components_are_signs_of_their_coordinates():
    x = vectors()
    centred = x - x.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    expected = centred @ axes[:, ::-1][:, :3] > 0
    found = np.asarray(pca_hashing(x, 3).bits(x))
    # The sign of an axis is nobody's choice.
    assert all((a == b).all() or (a != b).all() for a, b in zip(found.T, expected.T, strict=True))


def test_turned_components_lose_less():
    x = vectors()
    lost = {}
    for name, hashing in (("components", pca_hashing(x, 6)), ("turned", itq(x, 6))):
        projected = (x - hashing.mean) @ hashing.projection
        lost[name] = np.mean((projected - np.where(projected > 0, 1, -1)) ** 2)
        np.testing.assert_allclose(hashing.projection.T @ hashing.projection, np.eye(6), atol=1e-10)
    assert lost["turned"] < lost["components"]


def test_packed_bits_differ_as_bits_do():
    bits = np.random.default_rng(0).random((5, 70)) > 0.5
    packed = pack_bits(jnp.asarray(bits))
    assert packed.shape == (5, 3)
    assert int(packed[0, 0]) == sum(int(bit) << place for place, bit in enumerate(bits[0, :32]))
    expected = (bits[:, None] != bits[None]).sum(axis=-1)
    np.testing.assert_array_equal(hamming_distances(packed, packed), expected)


@pytest.mark.parametrize("hashing", [pca_hashing, itq])
def test_more_bits_than_numbers_are_refused(hashing):
    with pytest.raises(ValueError, match="bits=13: wanted 1 to 12"):
        hashing(vectors(), 13)
