"""Plug-and-play with published denoisers: the fact sheet's figures, to its digits."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.io
from PIL import Image

from imaging_jax import pretrained
from imaging_jax.models.restoration import as_denoiser
from imaging_jax.operators import Blur, MaskedFourier, box_kernel, gaussian_kernel
from imaging_jax.solvers import dpir_schedule, pnp_douglas_rachford, pnp_hqs

KERNELS = {
    "gaussian": gaussian_kernel(25, 1.6),
    "box": box_kernel(9),
    "diagonal": jnp.eye(15) / 15,
}
# Kernel, sigma of 255, PSNR degraded and restored: means over Set12's first seven images, then
# those of the cameraman alone.
DEBLURRING = [
    ("gaussian", 2.0, 24.149, 29.272, 27.75),
    ("gaussian", 2.55, 24.102, 28.873, 27.41),
    ("gaussian", 7.65, 23.251, 27.033, 25.72),
    ("box", 2.55, 20.974, 27.820, 27.02),
    ("box", 7.65, 20.543, 25.144, 24.46),
    ("diagonal", 2.55, 19.307, 29.540, 29.00),
    ("diagonal", 7.65, 19.012, 25.439, 24.85),
]
# Image, mask, zero-filling, SimpleCNN, RealSN-SimpleCNN.
RECONSTRUCTION = [
    ("Brain", "Random", 9.596, 16.675, 17.767),
    ("Brain", "Radial", 9.294, 16.831, 17.004),
    ("Brain", "Cartesian", 8.666, 13.034, 12.727),
    ("Bust", "Random", 7.024, 12.558, 14.891),
]


@pytest.fixture(autouse=True)
def published(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))


def load(name):
    return as_denoiser(*pretrained.load(name))


def images(imaging_data, count):
    files = sorted((imaging_data / "denoise/Set12").glob("*.png"))[:count]
    return np.stack([np.asarray(Image.open(file)) for file in files])[..., None] / 255


def psnr(reference, estimate):
    rounded = np.round(np.clip(estimate, 0, 1) * 255) / 255
    return -10 * np.log10(np.mean((reference - rounded) ** 2, axis=(1, 2, 3)))


def deblurred(imaging_data, kernel, sigma, count):
    x = images(imaging_data, count)
    A = Blur(KERNELS[kernel], in_shape=(256, 256, 1))
    noise = np.random.RandomState(0).randn(256, 256)[..., None]
    y = A(jnp.asarray(x, jnp.float32)) + jnp.asarray(sigma / 255 * noise, jnp.float32)
    result = pnp_hqs(A, y, load("ffdnet_gray"), *dpir_schedule(sigma / 255), y)
    return psnr(x, np.asarray(y)), psnr(x, np.asarray(result.x))


def test_ffdnet_deblurs_the_cameraman(imaging_data):
    kernel, sigma, _, _, decibel = DEBLURRING[5]
    _, restored = deblurred(imaging_data, kernel, sigma, 1)
    assert restored[0] == pytest.approx(decibel, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "sigma", "degraded", "restored", "cameraman"), DEBLURRING)
def test_ffdnet_deblurs(kernel, sigma, degraded, restored, cameraman, imaging_data):
    before, after = deblurred(imaging_data, kernel, sigma, 7)
    assert before.mean() == pytest.approx(degraded, abs=0.002)
    assert after.mean() == pytest.approx(restored, abs=0.01)
    assert after[0] == pytest.approx(cameraman, abs=0.01)


class RealPart(MaskedFourier):
    """The authors' data step: that of complex images, of which the real part is kept."""

    @property
    def proximal(self):
        def step(y, z, rho):
            return super(RealPart, self).proximal(y, z, rho).real.astype(z.dtype)

        return step


def normalised(denoiser, sigma):
    """The authors' wrapping: to [0, 1] by extremes, then widened a little about the middle."""

    def denoise(x, _):
        x = x.real
        low, high = x.min(), x.max()
        widened = ((x - low) / (high - low) - 0.5) * (1 + sigma / 2) + 0.5
        narrowed = (denoiser(widened, sigma) - 0.5) / (1 + sigma / 2) + 0.5
        return narrowed * (high - low) + low

    return denoise


def energy_ratio(x, estimate):
    return 10 * np.log10(np.sum(np.abs(x) ** 2) / np.sum(np.abs(x - estimate) ** 2))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mask", "zero_filled", "simple", "realsn"), RECONSTRUCTION)
def test_douglas_rachford_reconstructs(name, mask, zero_filled, simple, realsn, imaging_data):
    folder = imaging_data / "mri"
    x = np.asarray(Image.open(folder / f"{name}.jpg").convert("L"), np.float64) / 255
    sampled = scipy.io.loadmat(folder / f"Q_{mask}30.mat")["Q1"].astype(np.float32)
    noise = 3 * scipy.io.loadmat(folder / "noises.mat")["noises"]
    # Ours is the orthonormal transform, the figures' is not: a factor of 256 for both.
    y = (np.fft.fft2(x) * sampled + noise) / 256
    start = np.fft.ifft2(y, norm="ortho")
    assert energy_ratio(x, start) == pytest.approx(zero_filled, abs=0.002)

    A = RealPart(sampled, in_shape=(256, 256, 1), in_dtype=np.complex64)
    y = jnp.asarray(y[..., None], jnp.complex64)
    found = []
    for weights in ("simple_cnn_sigma15", "realsn_simple_cnn_sigma15"):
        denoiser = normalised(load(weights), 15 / 255)
        result = pnp_douglas_rachford(
            A, y, denoiser, 15 / 255, 1 / 4, jnp.abs(jnp.asarray(start[..., None], jnp.complex64))
        )
        found.append(energy_ratio(x, np.asarray(result.x)[..., 0].real))
    assert found == pytest.approx([simple, realsn], abs=0.02)
