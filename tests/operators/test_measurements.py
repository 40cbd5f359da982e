"""Mosaics, pan-sharpening, snapshots of spectra, compressive sensing, blur that varies, haze."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.ndimage

from imaging_jax.operators import (
    BayerMosaic,
    Cassi,
    CompressiveSensing,
    Inpainting,
    SpatiallyVaryingBlur,
    SubsampledTransform,
    add_clouds,
    bayer_mask,
    bayer_mosaic,
    blur,
    cassi,
    fractal_noise,
    haze,
    mtf_kernel,
    optical_transfer_function,
    pansharpening,
    sample_cloud_opacity,
    sample_gaussian_matrix,
    sample_inpainting_mask,
    sample_subsampled_transform,
    spatially_varying_blur,
    to_grey,
    walsh_hadamard,
)

KEY = jax.random.key(0)

# Programs that run once: optimised, they take twice as long to compile.
jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


def random(seed, shape):
    return np.random.default_rng(seed).standard_normal(shape)


def test_mosaic(x64):
    x = random(0, (2, 4, 5, 3))
    y = bayer_mosaic(x)[..., 0]
    np.testing.assert_array_equal(y[:, ::2, ::2], x[:, ::2, ::2, 0])
    np.testing.assert_array_equal(y[:, ::2, 1::2], x[:, ::2, 1::2, 1])
    np.testing.assert_array_equal(y[:, 1::2, ::2], x[:, 1::2, ::2, 1])
    np.testing.assert_array_equal(y[:, 1::2, 1::2], x[:, 1::2, 1::2, 2])
    A = BayerMosaic(in_shape=(4, 5, 3), in_dtype=np.float64)
    np.testing.assert_array_equal(A(A.H(y[..., None])), y[..., None])
    np.testing.assert_array_equal(bayer_mask((2, 2)).sum(axis=-1), 1)


def test_grey(x64):
    x, weights = random(0, (4, 5, 3)), np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(to_grey(x, weights)[..., 0], x @ weights, atol=1e-14)


def test_inpainting_mask():
    mask = sample_inpainting_mask(KEY, (200, 100), 0.8)
    assert mask.shape == (200, 100, 1)
    assert set(np.unique(mask)) == {0, 1}
    assert float(mask.mean()) == pytest.approx(0.2, abs=4 * 0.4 / np.sqrt(20000))
    A = Inpainting(mask[:5, :6], in_shape=(5, 6, 3))
    np.testing.assert_array_equal(A(np.ones((5, 6, 3), np.float32))[..., 1], mask[:5, :6, 0])


@pytest.mark.parametrize("step", [0, 1, 2])
def test_snapshot_and_its_gram(step, x64):
    x, mask = random(0, (2, 4, 5, 3)), random(1, (4, 5))
    wanted = np.zeros((2, 4, 5 + 2 * step))
    gram = np.zeros((4, 5 + 2 * step))
    for band in range(3):
        wanted[..., step * band : step * band + 5] += mask * x[..., band]
        gram[:, step * band : step * band + 5] += mask**2
    found = jit(cassi, static_argnums=2)(x, mask, step)
    np.testing.assert_allclose(found[..., 0], wanted, atol=1e-14)
    A = Cassi(mask, step, in_shape=(4, 5, 3), in_dtype=np.float64)
    np.testing.assert_allclose(A.gram[..., 0], gram, atol=1e-14)
    y = random(2, A.out_shape)
    np.testing.assert_allclose(jit(A @ A.H)(y), A.gram * y, atol=1e-13)
    adjoint = np.stack([mask * y[:, step * c : step * c + 5, 0] for c in range(3)], axis=-1)
    np.testing.assert_array_equal(A.H(y), adjoint)


def test_size_and_gram_of_the_benchmark_of_28_bands():
    mask = (random(0, (256, 256)) > 0).astype(np.float32)
    A = Cassi(mask, in_shape=(256, 256, 28))
    assert A.out_shape == (256, 310, 1)
    eight = Cassi(mask[:32, :32], in_shape=(32, 32, 8))
    # The fact sheet: whole numbers from 0 to at most the number of bands.
    assert set(np.unique(eight.gram)) - {8} == set(range(8))


def test_kernel_of_a_given_gain_at_the_nyquist_frequency(x64):
    kernel = np.asarray(jit(lambda: mtf_kernel(4, 0.3))())
    columns = np.arange(len(kernel)) - (len(kernel) - 1) / 2
    sigma = np.sqrt(np.sum(kernel.sum(0) * columns**2))
    # The fact sheet's 1.976, less what is cut off beyond 3 sigma.
    assert sigma == pytest.approx(1.976, abs=0.03)
    gain = abs(optical_transfer_function(kernel, (64, 64))[0, 8])
    assert gain == pytest.approx(0.3, abs=0.005)
    assert mtf_kernel(3).shape[0] % 2 == 1


@pytest.mark.parametrize("ratio", [2, 3, 4])
def test_pansharpening_keeps_the_image_in_place(ratio, x64):
    size = 12 * ratio
    ramp = np.broadcast_to(np.arange(size, dtype=float)[:, None], (size, size))
    x = np.stack([ramp, 2 * ramp.T], axis=-1)
    weights = np.array([0.25, 0.75])
    sense = jit(lambda x: pansharpening(x, mtf_kernel(ratio), weights, ratio))
    coarse, grey = sense(x)
    assert coarse.shape == (12, 12, 2)
    middles = ratio * np.arange(12) + (ratio - 1) / 2
    np.testing.assert_allclose(coarse[3:-3, 5, 0], middles[3:-3], atol=1e-11)
    np.testing.assert_allclose(coarse[5, 3:-3, 1], 2 * middles[3:-3], atol=1e-11)
    np.testing.assert_allclose(grey[..., 0], 0.25 * ramp + 1.5 * ramp.T, atol=1e-12)


def test_walsh_hadamard(x64):
    x = random(0, (3, 16))
    np.testing.assert_allclose(
        jit(walsh_hadamard)(x), x @ scipy.linalg.hadamard(16) / 4, atol=1e-13
    )
    np.testing.assert_allclose(jit(walsh_hadamard)(jit(walsh_hadamard)(x)), x, atol=1e-13)
    np.testing.assert_array_equal(walsh_hadamard(x[:, :1]), x[:, :1])


def test_subsampled_transforms(x64):
    x, signs, indices = random(0, (4, 8, 2)), np.sign(random(1, (4, 8))), np.array([3, 0, 21])
    domain = {"in_shape": x.shape, "in_dtype": np.float64}
    signed = signs[..., None] * x
    hadamard = scipy.linalg.hadamard(32) @ signed.reshape(32, 2) / np.sqrt(32)
    A = SubsampledTransform(signs, indices, **domain)
    np.testing.assert_allclose(jit(A)(x), hadamard[indices], atol=1e-13)
    cosines = scipy.fft.dctn(signed, axes=(0, 1), norm="ortho").reshape(32, 2)
    A = SubsampledTransform(signs, indices, "dct", **domain)
    np.testing.assert_allclose(jit(A)(x), cosines[indices], atol=1e-13)
    y = random(2, (3, 2))
    np.testing.assert_allclose(jit(A @ A.H)(y), y, atol=1e-13)


def test_random_measurements():
    A = sample_subsampled_transform(KEY, (8, 16, 1), 40)
    assert len(set(A.indices.tolist())) == 40
    assert set(np.unique(A.signs)) == {-1, 1}
    assert A.out_shape == (40, 1)
    matrix = sample_gaussian_matrix(KEY, 50, 400)
    assert float(matrix.std()) == pytest.approx(1 / np.sqrt(50), rel=4 / np.sqrt(2 * 20000))
    # Marchenko and Pastur: the norm is near 1 + sqrt(n / m).
    assert np.linalg.norm(matrix, 2) == pytest.approx(1 + np.sqrt(8), rel=0.05)
    rows = sample_gaussian_matrix(KEY, 5, 12, orthonormal_rows=True)
    np.testing.assert_allclose(rows @ rows.T, np.eye(5), atol=1e-6)
    x = random(0, (3, 4, 2)).astype(np.float32)
    y = CompressiveSensing(rows, in_shape=(3, 4, 2))(x)
    np.testing.assert_allclose(y, rows @ x.reshape(12, 2), atol=1e-6)


def test_blur_that_does_not_vary_is_a_blur(x64):
    x, kernel = random(0, (2, 9, 8, 1)), random(1, (3, 4))
    kernels = np.broadcast_to(kernel, (2, 3, 3, 4))
    found = jit(partial(spatially_varying_blur, boundary="reflect"))(x, kernels)
    wanted = jit(partial(blur, boundary="reflect"))(x, kernel)
    np.testing.assert_allclose(found, wanted, atol=1e-13)


def test_blur_at_and_between_the_middles_of_tiles(x64):
    x, kernels = random(0, (9, 12, 1)), random(1, (1, 2, 3, 3))
    A = SpatiallyVaryingBlur(kernels, "zero", in_shape=x.shape, in_dtype=np.float64)
    left, right = (scipy.ndimage.convolve(x[..., 0], k, mode="constant") for k in kernels[0])
    # The tiles' middles are at 2.5 and 8.5.
    y = jit(A)(x)[..., 0]
    np.testing.assert_allclose(y[:, :3], left[:, :3], atol=1e-13)
    np.testing.assert_allclose(y[:, 9:], right[:, 9:], atol=1e-13)
    wanted = (3.5 * left[:, 5] + 2.5 * right[:, 5]) / 6
    np.testing.assert_allclose(y[:, 5], wanted, atol=1e-13)
    gradient = jit(jax.grad(lambda A: jnp.vdot(left, A(x)[..., 0])))(A).kernels
    unit = np.zeros((3, 3))
    unit[0, 2] = 1
    weight = np.clip((8.5 - np.arange(12)) / 6, 0, 1)
    moved = scipy.ndimage.convolve(x[..., 0], unit, mode="constant")
    np.testing.assert_allclose(gradient[0, 0, 0, 2], np.sum(weight * left * moved), atol=1e-11)


def test_haze(x64):
    x, depth = random(0, (2, 3, 4, 3)), np.abs(random(1, (3, 4, 1)))
    t = np.exp(-1.2 * depth)
    np.testing.assert_allclose(haze(x, depth, 1.2, 0.8), x * t + 0.8 * (1 - t), atol=1e-14)
    airlight = np.array([0.7, 0.8, 0.9])
    far = haze(x, np.full((3, 4, 1), 100.0), 1.0, airlight)
    np.testing.assert_allclose(far, np.broadcast_to(airlight, far.shape), atol=1e-14)
    slope = jax.grad(lambda beta: haze(x, depth, beta, 0.8).sum())(1.2)
    np.testing.assert_allclose(slope, np.sum(-depth * t * (x - 0.8)), rtol=1e-12)


def test_clouds(x64):
    x = random(0, (3, 4, 2))
    opacity = np.linspace(0, 1, 12).reshape(3, 4, 1)
    wanted = x + opacity * (np.array([1.0, 0.5]) - x)
    np.testing.assert_allclose(add_clouds(x, opacity, np.array([1.0, 0.5])), wanted, atol=1e-14)
    np.testing.assert_array_equal(add_clouds(x, opacity)[2, 3], 1)


def test_opacity_and_its_noise():
    def draw(gamma):
        return sample_cloud_opacity(KEY, (64, 48), 0.4, gamma)

    noise, opacity, slope = jit(
        lambda: (fractal_noise(KEY, (64, 48)), draw(1.5), jax.jacfwd(draw)(1.5))
    )()
    assert (noise.min(), noise.max()) == (0, 1)
    # Octaves of half the amplitude and twice the frequency: neighbours are alike.
    assert np.diff(noise[..., 0], axis=0).std() < 0.3 * noise.std()
    cover = np.clip((np.asarray(noise) - 0.4) / 0.6, 0, 1)
    np.testing.assert_allclose(opacity, cover**1.5, atol=1e-6)
    wanted = cover**1.5 * np.log(np.where(cover > 0, cover, 1))
    np.testing.assert_allclose(slope, wanted, atol=1e-5)


X = np.ones((4, 6, 3), np.float32)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: bayer_mosaic(X[..., :2]), "x: expected 3 channels"),
        (lambda: to_grey(X, np.ones(2)), r"weights: expected 3 real values, got .* \(2,\)"),
        (lambda: to_grey(X, 1j * np.ones(3)), "weights: expected 3 real values, got complex"),
        (lambda: cassi(X, np.ones((6, 4))), r"mask: expected real values of shape \(4, 6\)"),
        (lambda: cassi(X, np.ones((4, 6)), -1), "step: expected a non-negative"),
        (lambda: pansharpening(X, np.ones((3, 3)), np.ones(3), 4), "x: expected sides that are"),
        (lambda: mtf_kernel(4, 1.5), r"gain: expected a number in \(0, 1\)"),
        (lambda: mtf_kernel(0), "ratio: expected a positive"),
        (lambda: walsh_hadamard(np.ones(6)), "x: expected a last axis of a power of two"),
        (lambda: sample_gaussian_matrix(KEY, 5, 4, True), "measurements: expected at most"),
        (lambda: sample_subsampled_transform(KEY, (4, 4, 1), 17), "measurements: expected 1 to 16"),
        (
            lambda: CompressiveSensing(np.ones((2, 5)), in_shape=(4, 6, 3))(X),
            r"matrix: expected shape \(m, 24\)",
        ),
        (
            lambda: SubsampledTransform(np.ones((6, 4)), np.arange(2), in_shape=(4, 6, 3))(X),
            r"signs: expected shape \(4, 6\)",
        ),
        (
            lambda: SubsampledTransform(
                np.ones((4, 6)), np.arange(2), "fourier", in_shape=(4, 6, 3)
            )(X),
            "transform: expected 'hadamard' or 'dct'",
        ),
        (lambda: spatially_varying_blur(X, np.ones((3, 3))), "kernels: expected shape"),
        (lambda: spatially_varying_blur(X, np.ones((1, 1, 3, 3)), "valid"), "boundary: expected"),
        (lambda: haze(X, np.ones((4, 6))), "depth: expected real values"),
        (lambda: add_clouds(X, np.ones((4, 5, 1))), "opacity: expected real values"),
        (lambda: fractal_noise(KEY, (4, 4), 0), "octaves: expected a positive"),
    ],
)
def test_wrong_arguments(function, message):
    with pytest.raises(ValueError, match=message):
        function()
