"""Radon transform and filtered back-projection against scikit-image."""

import warnings
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.transform
from jax.test_util import check_grads
from skimage.data import shepp_logan_phantom

from imaging_jax.metrics import psnr
from imaging_jax.operators import Radon, filtered_back_projection, radon, radon_transpose

ANGLES = np.array([0.0, 10, 45, 77, 90, 133, 180, 211, 315])


def random(seed, shape):
    return np.random.default_rng(seed).random(shape)


@pytest.mark.parametrize("size", [8, 9])
def test_projections_against_scikit_image(size, x64):
    x = random(0, (size, size, 2))
    found = jax.jit(radon)(x, ANGLES)
    assert found.shape == (size, len(ANGLES), 2)
    with warnings.catch_warnings():
        # The corners aren't empty: more of the border is tested.
        warnings.simplefilter("ignore")
        for channel in range(2):
            wanted = skimage.transform.radon(x[..., channel], ANGLES)
            np.testing.assert_allclose(found[..., channel], wanted, atol=1e-13)


@pytest.mark.parametrize("size", [7, 10])
def test_transpose_is_that_of_the_matrix(size, x64):
    # Row by row, without any transposition by JAX.
    basis = np.eye(size**2).reshape(size**2, size, size, 1)
    matrix = np.asarray(jax.jit(radon)(basis, ANGLES)).reshape(size**2, -1)
    y = random(1, (size, len(ANGLES), 1))
    wanted = (matrix @ y.ravel()).reshape(size, size, 1)
    np.testing.assert_allclose(radon_transpose(y, ANGLES), wanted, atol=1e-12)

    A = Radon(ANGLES, in_shape=(size, size, 1), in_dtype=np.float64)
    for transpose in (A.T, A.H):
        np.testing.assert_allclose(transpose(y), wanted, atol=1e-12)
    gradient = jax.grad(lambda x: jnp.vdot(y, A(x)))(basis[0])
    np.testing.assert_allclose(gradient, wanted, atol=1e-12)
    doubled = (2 * (A.H @ A)).T(basis[3])
    np.testing.assert_allclose(doubled.ravel(), 2 * matrix @ matrix[3], atol=1e-12)


def test_the_transpose_gathers():
    A = Radon(jnp.asarray(ANGLES), in_shape=(16, 16, 1))

    def loss(x):
        return jnp.sum(A(x) ** 2)

    y = jax.ShapeDtypeStruct(A.out_shape, jnp.float32)
    x = jax.ShapeDtypeStruct(A.in_shape, jnp.float32)
    for function, argument in ((A.H, y), (A.normal, x), (jax.grad(loss), x)):
        assert "scatter" not in jax.jit(function).lower(argument).as_text()
    # It would be found: by itself JAX transposes a gather into it.
    plain = jax.linear_transpose(lambda x: x[jnp.array([0, 2, 2])], jnp.zeros(3))
    assert "scatter" in jax.jit(plain).lower(jnp.zeros(3)).as_text()


def test_complex_images(x64):
    x = random(0, (6, 6, 1)) + 1j * random(1, (6, 6, 1))
    wanted = radon(x.real, ANGLES) + 1j * radon(x.imag, ANGLES)
    np.testing.assert_allclose(radon(x, ANGLES), wanted, atol=1e-13)


def test_derivatives_in_image_and_angles(x64):
    x, angles = random(0, (6, 6, 1)), np.array([13.0, 58.0, 101.0])
    forward = jax.jit(radon)
    check_grads(forward, (x, angles), order=1, modes=["fwd", "rev"])
    backward = jax.jit(radon_transpose)
    check_grads(backward, (random(1, (6, 3, 1)), angles), order=1, modes=["fwd", "rev"])


def test_mapped_over_images_and_angles(x64):
    x, angles = random(0, (2, 5, 5, 1)), np.array([[13.0, 58.0], [101.0, 2.0]])

    def derivative(x, angles):
        return jax.grad(lambda a: jnp.vdot(radon(x, a), radon(x[::-1], a)))(angles)

    @partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
    def mapped_and_alone(x, angles):
        return [
            (jax.vmap(radon)(x, angles)[1], radon(x[1], angles[1])),
            (jax.vmap(radon, (None, 0))(x[0], angles)[1], radon(x[0], angles[1])),
            (jax.vmap(derivative)(x, angles)[1], derivative(x[1], angles[1])),
        ]

    for mapped, alone in mapped_and_alone(x, angles):
        np.testing.assert_allclose(mapped, alone, atol=1e-12)


@pytest.fixture(scope="module")
def phantom():
    """The phantom at 160 x 160 and its projections under 160 angles, by scikit-image."""
    image = skimage.transform.rescale(shepp_logan_phantom(), 0.4, mode="reflect")
    angles = np.linspace(0, 180, 160, endpoint=False)
    return image, angles, skimage.transform.radon(image, angles)


# The fact sheet's root mean square errors.
FILTERS = {
    "ramp": 0.028274,
    "shepp-logan": 0.032801,
    "cosine": 0.041980,
    "hamming": 0.049625,
    "hann": 0.051572,
    "none": 30.93,
}


def test_filtered_back_projection_of_the_phantom(phantom, x64):
    image, angles, sinogram = phantom
    for name, error in FILTERS.items():
        found = filtered_back_projection(sinogram[..., None], angles, name)[..., 0]
        digits = 5e-3 if name == "none" else 5e-7
        assert np.sqrt(np.mean((found - image) ** 2)) == pytest.approx(error, abs=digits)
        filter_name = None if name == "none" else name
        wanted = skimage.transform.iradon(sinogram, angles, filter_name=filter_name)
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_mass_of_every_projection(phantom, x64):
    image, angles, _ = phantom
    mass = radon(image[..., None], angles).sum(axis=(0, 2))
    assert (round(float(mass.min()), 2), round(float(mass.max()), 2)) == (3151.30, 3152.90)


def test_psnr_of_a_phantom_in_float32():
    image = skimage.transform.resize(shepp_logan_phantom(), (256, 256)).astype(np.float32)
    angles = np.linspace(0, 180, 60, endpoint=False)
    wanted = skimage.transform.iradon(skimage.transform.radon(image, angles), angles)
    found = filtered_back_projection(radon(image[..., None], angles), angles)
    scores = [float(psnr(image[..., None], x)) for x in (wanted[..., None], found)]
    assert scores[1] == pytest.approx(scores[0], abs=0.01)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: radon(np.ones((4, 5, 1)), ANGLES), "x: expected a square image"),
        (lambda: radon(np.ones((4, 4, 1)), 1j * ANGLES), "angles: expected a real vector"),
        (lambda: radon(np.ones((4, 4, 1)), 3.0), "angles: expected a real vector"),
        (lambda: radon_transpose(np.ones((4, 5, 1)), ANGLES), "angles: expected one for each of 5"),
        (lambda: filtered_back_projection(np.ones((4, 9, 1)), ANGLES, "ram-lak"), "filter_name"),
        (lambda: filtered_back_projection(np.ones((4, 9, 1)) + 0j, ANGLES), "y: expected a real"),
        (lambda: filtered_back_projection(np.ones((4, 5, 1)), ANGLES), "angles: expected one for"),
    ],
)
def test_wrong_arguments(function, message):
    with pytest.raises(ValueError, match=message):
        function()
