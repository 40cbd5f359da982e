"""PSNR, SSIM and MS-SSIM against check values, scikit-image and the authors' programs."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.metrics

from imaging_jax.metrics import ms_ssim, psnr, ssim, ssim_map
from tests.metrics.helpers import (
    check_arrays,
    check_gradient,
    grey,
    jit,
    official_values,
    photographs,
)


def check_pairs():
    A, B, C, D = check_arrays()
    return np.stack([A, C]), np.stack([B, D])


CHECKS = [
    (psnr, {}, (31.799090, 36.968142), 5e-7),
    (psnr, {"border": 4}, (31.797265, 37.068183), 6e-7),
    (ssim, {}, (0.98265217, 0.99561885), 5e-9),
    (ms_ssim, {}, (0.99885639, 0.99691126), 5e-9),
]

METRICS = [psnr, ssim, ms_ssim]


@pytest.mark.parametrize(("metric", "options", "expected", "digits"), CHECKS)
def test_check_values(metric, options, expected, digits, x64):
    references, estimates = check_pairs()
    got = jit(lambda *pair: metric(*pair, **options))(references, estimates)
    assert got.shape == (2,)
    np.testing.assert_allclose(got, expected, atol=digits)


@pytest.mark.parametrize(("metric", "options", "expected", "digits"), CHECKS)
def test_check_values_in_float32(metric, options, expected, digits):
    references, estimates = (x.astype(np.float32) for x in check_pairs())
    got = jit(lambda *pair: metric(*pair, **options))(references, estimates)
    assert got.dtype == jnp.float32
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def random_pair(shape=(3, 24, 20, 3)):
    rng = np.random.default_rng(0)
    reference = rng.random(shape)
    return reference, np.clip(reference + 0.1 * rng.standard_normal(shape), 0, 1)


def skimage_ssim(reference, estimate, data_range, **options):
    return skimage.metrics.structural_similarity(
        reference,
        estimate,
        data_range=data_range,
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        **options,
    )


@pytest.mark.parametrize("data_range", [1.0, 255.0])
def test_against_skimage(data_range, x64):
    references, estimates = (data_range * x for x in random_pair())
    shaved = np.s_[:, 2:-2, 2:-2]
    for options, crop in (({}, np.s_[:]), ({"border": 2}, shaved)):
        pairs = list(zip(references[crop], estimates[crop], strict=True))
        got = jit(partial(psnr, data_range=data_range, **options))(references, estimates)
        peak = skimage.metrics.peak_signal_noise_ratio
        expected = [peak(*pair, data_range=data_range) for pair in pairs]
        np.testing.assert_allclose(got, expected, rtol=1e-12)
        got = jit(partial(ssim, data_range=data_range, **options))(references, estimates)
        expected = [skimage_ssim(*pair, data_range) for pair in pairs]
        np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_map_against_skimage(x64):
    reference, estimate = (x[0] for x in random_pair())
    _, full = skimage_ssim(reference, estimate, 1.0, full=True)
    found = jit(ssim_map)(reference, estimate)
    np.testing.assert_allclose(found, full[5:-5, 5:-5], rtol=1e-12)


def test_ssim_in_float32_of_flat_images():
    # No variance at all: what float32 cancels must not show next to c2. Closed form: luminance.
    a, b = np.random.default_rng(0).uniform(0.5, 1, (2, 64))
    c1 = 0.01**2
    expected = (2 * a * b + c1) / (a**2 + b**2 + c1)
    pair = (np.full((16, 16, 1, 64), x, np.float32).transpose(3, 0, 1, 2) for x in (a, b))
    np.testing.assert_allclose(jit(ssim)(*pair), expected, rtol=1e-6)


def test_ms_ssim_is_the_mean_over_channels_and_keeps_leading_axes():
    references, estimates = (x.astype(np.float32) for x in check_pairs())
    stacked = jit(ms_ssim)(np.concatenate(references, -1), np.concatenate(estimates, -1))
    np.testing.assert_allclose(stacked, (0.99885639 + 0.99691126) / 2, rtol=1e-5)


def test_smallest_image_of_ms_ssim():
    x = np.random.default_rng(0).random((161, 161, 1)).astype(np.float32)
    np.testing.assert_allclose(jit(ms_ssim)(x, x), 1, rtol=1e-6)


def test_ms_ssim_of_a_negative_is_zero():
    x = np.random.default_rng(0).random((161, 161, 1)).astype(np.float32)
    assert jit(ms_ssim)(1 - x, x) == 0


@pytest.mark.slow
def test_ms_ssim_of_what_is_no_number_is_none():
    x = jnp.zeros((176, 176, 1))
    assert np.isnan(ms_ssim(x, x.at[90, 90].set(jnp.nan)))


def test_ms_ssim_has_a_finite_gradient_where_it_is_zero():
    x = np.random.default_rng(0).random((161, 161, 1)).astype(np.float32)
    gradient = jax.jit(jax.grad(ms_ssim))(1 - x, x)
    assert jnp.isfinite(gradient).all()


def test_equal_images():
    x = random_pair()[0].astype(np.float32)
    np.testing.assert_array_equal(jit(psnr)(x, x), np.inf)
    np.testing.assert_allclose(jit(ssim)(x, x), 1, rtol=1e-6)


def test_gradients(x64):
    reference, estimate = random_pair((12, 13, 1))
    for metric in (psnr, ssim):
        check_gradient(partial(metric, reference), estimate)


def test_mapped():
    references, estimates = (x.astype(np.float32) for x in random_pair())
    for metric in (psnr, ssim):
        mapped = jit(jax.vmap(metric))(references, estimates)
        np.testing.assert_allclose(mapped, jit(metric)(references, estimates), rtol=1e-6)


def test_official_values_on_photographs(imaging_data, x64):
    # The ssim rows are the authors' programs on grey images, the psnr row is on RGB. MS-SSIM's
    # filters before it decimates, with mirrored borders, where ours averages 2x2 pixels.
    official = official_values(imaging_data)
    pair = [photographs(imaging_data, kind) for kind in ("reference", "distorted")]
    np.testing.assert_allclose(jit(psnr)(*pair), official["psnr"], atol=0.0051)
    pair = [grey(rgb) for rgb in pair]
    np.testing.assert_allclose(jit(ssim)(*pair), official["ssim"], atol=5.1e-5)
    np.testing.assert_allclose(jit(ms_ssim)(*pair), official["ms_ssim"], atol=0.005)


@pytest.mark.parametrize("metric", METRICS)
def test_wrong_pairs(metric):
    x = jnp.zeros((200, 200, 1))
    with pytest.raises(ValueError, match="estimate: expected the shape of reference"):
        metric(x, x[:-1])
    with pytest.raises(ValueError, match="border: expected"):
        metric(x, x, border=100)
    with pytest.raises(ValueError, match="got uint8"):
        metric(x.astype(jnp.uint8), x.astype(jnp.uint8))
    with pytest.raises(ValueError, match="estimate: expected a real image"):
        metric(x, x.astype(jnp.complex64))


def test_too_small_images():
    with pytest.raises(ValueError, match="at least 11 pixels a side without the border"):
        ssim(jnp.zeros((20, 10, 1)), jnp.zeros((20, 10, 1)))
    with pytest.raises(ValueError, match="at least 11 pixels a side without the border"):
        ssim(jnp.zeros((20, 20, 1)), jnp.zeros((20, 20, 1)), border=5)
    with pytest.raises(ValueError, match="at least 161 pixels"):
        ms_ssim(jnp.zeros((200, 160, 1)), jnp.zeros((200, 160, 1)))
