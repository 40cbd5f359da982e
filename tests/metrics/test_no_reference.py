"""Average gradient, NIQE and PI against check values and the authors' programs."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.metrics import NIQEModel, average_gradient, niqe, niqe_model, perceptual_index
from imaging_jax.metrics._niqe import _RATIOS, _nearest
from imaging_jax.operators import round_to_8bit, shave
from imaging_jax.pretrained import read
from imaging_jax.transforms import luminance
from tests.metrics.helpers import (
    check_arrays,
    check_gradient,
    grey,
    jit,
    official_values,
    photographs,
)

steepness = jit(average_gradient, static_argnames=("differences", "data_range"))
AVERAGE_GRADIENTS = {
    "forward": (40.414571, 4.499251),
    "forward_with_border": (40.792731, 4.525805),
    "central": (24.773430, 4.486261),
}


@pytest.mark.parametrize("differences", AVERAGE_GRADIENTS)
def test_average_gradient_check_values(differences, x64):
    A, _, C, _ = check_arrays()
    expected = AVERAGE_GRADIENTS[differences]
    found = steepness(np.stack([A, C]), differences=differences)
    np.testing.assert_allclose(found, expected, atol=6e-7)
    of_channels = steepness(np.concatenate([A, C], axis=-1), differences=differences)
    np.testing.assert_allclose(of_channels, np.mean(expected), atol=6e-7)
    in_levels = steepness(255 * A, data_range=255, differences=differences)
    assert in_levels == pytest.approx(expected[0], abs=6e-7)


def test_average_gradient_in_float32():
    A, _, C, _ = check_arrays()
    got = steepness(np.stack([A, C]).astype(np.float32))
    assert got.dtype == jnp.float32
    np.testing.assert_allclose(got, AVERAGE_GRADIENTS["forward"], rtol=1e-5)


@pytest.mark.parametrize("differences", ["forward", "central"])
def test_average_gradient_of_a_ramp(differences, x64):
    i, j = np.mgrid[:9, :7]
    ramp = (3 * i + 4 * j)[..., None] / 255
    got = steepness(ramp, differences=differences)
    assert got == pytest.approx(np.sqrt((3**2 + 4**2) / 2), rel=1e-12)


@pytest.mark.parametrize("differences", AVERAGE_GRADIENTS)
def test_average_gradient_has_gradients(differences, x64):
    score = partial(average_gradient, differences=differences)
    check_gradient(score, np.random.default_rng(0).random((6, 5, 2)))
    np.testing.assert_array_equal(jit(jax.grad(score))(np.full((6, 5, 2), 0.5)), 0)


def test_average_gradient_errors():
    x = jnp.zeros((4, 4, 1))
    with pytest.raises(ValueError, match="differences: expected one of forward"):
        average_gradient(x, differences="sobel")
    with pytest.raises(ValueError, match="image: expected at least 2 pixels"):
        average_gradient(x[:1])
    with pytest.raises(ValueError, match="image: expected a real floating-point image, got uint8"):
        average_gradient(x.astype(jnp.uint8))
    with pytest.raises(ValueError, match=r"image: expected an image \(..., H, W, C\)"):
        average_gradient(x[..., 0])


@pytest.fixture(scope="session")
def pristine(imaging_data):
    return niqe_model(read(imaging_data / "weights" / "niqe_pris_params.npz"))


compiled_niqe = jit(niqe)


def luminance_8bit(rgb):
    with jax.enable_x64(True):
        return np.asarray(jit(lambda x: round_to_8bit(luminance(x)))(rgb))


def test_pristine_parameters(pristine):
    assert pristine.mean.dtype == pristine.covariance.dtype == np.float64
    first = [2.60131368, 0.90570272, 0.81204778, 0.09042671]
    np.testing.assert_allclose(pristine.mean[:4], first, atol=5e-9)
    np.testing.assert_array_equal(pristine.covariance, pristine.covariance.T)


def test_niqe_of_the_official_program(imaging_data, pristine):
    # I19 is 30 % flat and I08 blocky: there the official score depends on rounding errors.
    official = official_values(imaging_data)["niqe"]
    got = niqe(grey(photographs(imaging_data, "distorted")), pristine)
    assert got.dtype == np.float64
    tolerances = np.array([0.2, 0.1, 0.1, 1, 0.5]) / 100
    assert (np.abs(np.asarray(got) / official - 1) < tolerances).all(), (got, official)


def test_niqe_of_an_independent_program(imaging_data, pristine):
    # In numpy and scipy, without the rule for flat windows.
    references = [5.1219, 3.6463, 3.1435, 3.4673, 2.8261]
    got = niqe(grey(photographs(imaging_data, "reference")), pristine)
    np.testing.assert_allclose(got, references, rtol=1e-4)
    distorted_luminance = [15.6104, 3.7932, 3.1894, 3.1464, 8.9872]
    got = niqe(luminance_8bit(photographs(imaging_data, "distorted")), pristine)
    tolerances = np.array([0.5, 0.05, 0.05, 0.3, 5]) / 100
    assert (np.abs(np.asarray(got) / distorted_luminance - 1) < tolerances).all(), got


def test_niqe_is_of_whole_blocks_and_no_rounding_errors(imaging_data, pristine):
    # Half a turn of the 4x5 blocks keeps the products of neighbours, but sums them in another
    # order; the columns beyond are cropped.
    images = grey(photographs(imaging_data, "distorted"))
    turned = np.zeros_like(images)
    turned[:, :, :480] = images[:, ::-1, 479::-1]
    np.testing.assert_allclose(niqe(turned, pristine), niqe(images, pristine), rtol=1e-9)


def small_images():
    return np.random.default_rng(0).random((3, 96, 288, 1)).astype(np.float32)


def test_niqe_composes(pristine):
    images = small_images()
    mapped = jit(jax.vmap(niqe, (0, None)))(images, pristine)
    np.testing.assert_allclose(mapped, compiled_niqe(images, pristine), rtol=1e-5)


def test_niqe_of_flat_blocks(pristine):
    images = small_images()
    images[0, :, 192:] = 0.5
    images[1] = 0.5
    scores = compiled_niqe(images, pristine)
    np.testing.assert_array_equal(np.isnan(scores), [False, True, False])


def test_nearest_is_nearest_in_squared_difference(x64):
    rng = np.random.default_rng(0)
    middles = (_RATIOS[:-1] + _RATIOS[1:]) / 2
    x = np.concatenate([rng.uniform(0, 0.8, 500), rng.choice(_RATIOS, 50), rng.choice(middles, 50)])
    expected = [np.argmin((_RATIOS - value) ** 2) for value in x]
    np.testing.assert_array_equal(jit(_nearest)(_RATIOS, x), expected)


def test_niqe_errors(pristine):
    image = jnp.zeros((96, 192, 1))
    with pytest.raises(ValueError, match="at least 2 blocks of 96x96 pixels, got 1"):
        niqe(image[:, :-1], pristine)
    with pytest.raises(ValueError, match=r"image: expected shape \(..., H, W, 1\)"):
        niqe(jnp.zeros((96, 192, 3)), pristine)
    with pytest.raises(ValueError, match="image: expected a real floating-point image, got uint8"):
        niqe(image.astype(jnp.uint8), pristine)
    with pytest.raises(ValueError, match=r"model: expected a mean \(36,\)"):
        niqe(image, NIQEModel(pristine.mean[None], pristine.covariance))
    with pytest.raises(ValueError, match="arrays: expected"):
        niqe_model({"mu_pris_param": pristine.mean[None]})


@pytest.mark.slow
def test_perceptual_index_of_photographs(imaging_data, pristine):
    # The program's index of shaved luminance, but its Ma score is only at hand of whole images:
    # the two photographs where shaving changes little.
    official = official_values(imaging_data)
    shaved = shave(photographs(imaging_data, "distorted")[[0, 2]], 4)
    scores = niqe(luminance_8bit(shaved), pristine)
    got = perceptual_index(np.asarray(scores), np.array(official["nrqm"])[[0, 2]])
    np.testing.assert_allclose(got, np.array(official["pi"])[[0, 2]], rtol=0.02)


def test_perceptual_index_of_the_extremes():
    assert perceptual_index(0.0, 10.0) == 0
    assert perceptual_index(4.0, 8.0) == 3
