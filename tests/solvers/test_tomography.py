"""Tomography from few views: what a prior is worth beside filtered back-projection."""

import jax.numpy as jnp
import numpy as np
import pytest
from skimage.data import shepp_logan_phantom
from skimage.metrics import peak_signal_noise_ratio
from skimage.transform import iradon, radon, resize

from imaging_jax.operators import Radon, filtered_back_projection, vstack
from imaging_jax.solvers import FiniteDifferences, primal_dual, project_box

SIZE, VIEWS = 256, np.arange(40) * 180 / 40


@pytest.fixture(scope="module")
def phantom():
    return resize(shepp_logan_phantom(), (SIZE, SIZE), anti_aliasing=True).astype(np.float32)


@pytest.fixture(scope="module")
def sinogram(phantom):
    return radon(phantom, VIEWS).astype(np.float32)


def test_filtered_back_projection_is_as_good_as_scikit_images(phantom, sinogram):
    theirs = iradon(sinogram, VIEWS)
    ours = filtered_back_projection(sinogram[..., None], VIEWS.astype(np.float32))[..., 0]
    wanted, found = (peak_signal_noise_ratio(phantom, np.float32(x)) for x in (theirs, ours))
    assert found == pytest.approx(wanted, abs=0.1)


@pytest.mark.slow
def test_total_variation_beats_filtered_back_projection(phantom, sinogram):
    image = {"in_shape": (SIZE, SIZE, 1)}
    A = Radon(VIEWS.astype(np.float32), **image)
    # Both parts of K with a norm of about 1.
    scale = float(A.norm(jnp.asarray(np.array([0, 1], np.uint32)), iterations=20))
    K = vstack([(1 / scale) * A, FiniteDifferences(**image)])
    y, weight = jnp.asarray(sinogram[..., None]) / scale, 0.05

    def dual_proximal(p, s):
        data, (down, right) = p
        length = jnp.maximum(jnp.sqrt(down**2 + right**2) / weight, 1)
        return (data - s * y) / (1 + s / scale**2), (down / length, right / length)

    x0 = filtered_back_projection(scale * y, VIEWS.astype(np.float32))
    result = primal_dual(K, project_box, dual_proximal, x0, tolerance=0, max_iterations=300)
    before, after = (
        peak_signal_noise_ratio(phantom, np.asarray(x)[..., 0]) for x in (x0, result.x)
    )
    assert after >= before + 5
