"""The corrected PSNR against its check value and a search in numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.metrics import cpsnr
from tests.metrics.helpers import check_arrays, check_gradient, jit

scored = jit(cpsnr, static_argnames=("border", "data_range"))


def check_scene():
    reference = check_arrays()[2]
    estimate = np.roll(reference, (1, 2), axis=(0, 1)) * 0.98 + 0.01
    i, j = np.mgrid[:192, :192]
    mask = (i // 16 + j // 16) % 5 > 0
    return reference, estimate, mask[..., None]


def random_scenes(shape=(2, 14, 12, 1)):
    rng = np.random.default_rng(0)
    references = rng.random(shape)
    shifted = np.stack([np.roll(x, n, axis=(0, 1)) for n, x in enumerate(references)])
    estimates = shifted + 0.1 * rng.standard_normal(shape) + 0.2
    return references, estimates, rng.random(shape) > 0.3


def searched(reference, estimate, mask, border):
    """The definition, one offset after the other."""
    centre = estimate[border:-border, border:-border]
    height, width, _ = centre.shape
    scores = {}
    for u in range(2 * border + 1):
        for v in range(2 * border + 1):
            clear = mask[u : u + height, v : v + width]
            difference = (reference[u : u + height, v : v + width] - centre)[clear]
            scores[u, v] = -10 * np.log10(np.var(difference))
    best = max(scores, key=scores.get)
    return scores[best], best


def test_check_value(x64):
    reference, estimate, mask = check_scene()
    assert 100 * mask.mean() == pytest.approx(79.8611, abs=5e-5)
    value, offset = scored(reference, estimate, mask)
    assert value == pytest.approx(47.96555365, abs=5e-9)
    assert offset.tolist() == [2, 1]


def test_check_value_in_float32():
    reference, estimate, mask = check_scene()
    value, offset = scored(reference.astype(np.float32), estimate.astype(np.float32), mask)
    assert value.dtype == jnp.float32
    assert float(value) == pytest.approx(47.96555365, abs=1e-3)
    assert offset.tolist() == [2, 1]


@pytest.mark.parametrize("border", [1, 2, 3])
def test_against_a_search(border, x64):
    references, estimates, masks = random_scenes()
    values, offsets = scored(references, estimates, masks, border=border)
    for k, scene in enumerate(zip(references, estimates, masks, strict=True)):
        expected, best = searched(*scene, border)
        assert values[k] == pytest.approx(expected, rel=1e-12)
        assert tuple(offsets[k].tolist()) == best


def test_brightness_does_not_matter(x64):
    reference, estimate, mask = check_scene()
    value, _ = scored(reference, estimate + 0.25, mask)
    assert value == pytest.approx(47.96555365, abs=5e-9)
    value, offset = scored(reference, reference + 0.25, mask)
    assert value > 250
    assert offset.tolist() == [3, 3]


def test_hidden_pixels_do_not_matter(x64):
    reference, estimate, mask = check_scene()
    hidden = np.where(mask, reference, np.nan)
    value, offset = scored(hidden, estimate, mask)
    assert value == pytest.approx(47.96555365, abs=5e-9)
    assert offset.tolist() == [2, 1]
    gradient = jit(jax.grad(lambda x: cpsnr(hidden, x, mask)[0]))(estimate)
    assert jnp.isfinite(gradient).all()


def test_units(x64):
    reference, estimate, mask = check_scene()
    status = 255 * mask.astype(np.uint8)
    value, _ = scored(65535 * reference, 65535 * estimate, status, data_range=65535)
    assert value == pytest.approx(47.96555365, abs=5e-9)


def test_no_clear_pixel():
    reference, estimate, mask = (x[:20, :20] for x in check_scene())
    value, _ = scored(reference, estimate, 0 * mask)
    assert value == -np.inf


def test_mapped():
    scenes = random_scenes()
    values, offsets = scored(*scenes)
    mapped = jit(jax.vmap(cpsnr))(*scenes)
    np.testing.assert_allclose(mapped[0], values, rtol=1e-6)
    np.testing.assert_array_equal(mapped[1], offsets)


def test_gradient(x64):
    reference, estimate, mask = (x[0] for x in random_scenes())
    check_gradient(lambda x: cpsnr(reference, x, mask, border=2)[0], estimate)


def test_errors():
    x = jnp.zeros((20, 20, 1))
    with pytest.raises(ValueError, match="estimate: expected the shape of reference"):
        cpsnr(x, x[:-1], x)
    with pytest.raises(ValueError, match="mask: expected the shape of reference"):
        cpsnr(x, x, x[..., 0])
    with pytest.raises(ValueError, match=r"reference: expected shape \(..., H, W, 1\)"):
        cpsnr(jnp.zeros((20, 20, 3)), jnp.zeros((20, 20, 3)), jnp.zeros((20, 20, 3)))
    with pytest.raises(ValueError, match="border: expected"):
        cpsnr(x, x, x, border=10)
    with pytest.raises(ValueError, match="got uint8"):
        cpsnr(x.astype(jnp.uint8), x.astype(jnp.uint8), x)
