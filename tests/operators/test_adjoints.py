"""<A x, y> = <x, A.H y> for every linear operator of the package, in both precisions."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.operators import (
    AffineWarp,
    BayerMosaic,
    Blur,
    BlurDownsample,
    Cassi,
    CodedDiffraction,
    CompressiveSensing,
    Fourier,
    FourierShift,
    Grey,
    HomographyWarp,
    Inpainting,
    LanczosShift,
    MaskedFourier,
    MultiCoilFourier,
    Pansharpening,
    Radon,
    Resize,
    SpatiallyVaryingBlur,
    SubsampledTransform,
    vstack,
)

# Programs that run once: optimised, they take twice as long to compile.
jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})

SHAPES = [(9, 7, 1), (8, 10, 2)]
BLUR_BOUNDARIES = ["circular", "symmetric", "reflect", "zero", "valid"]
# Even by odd.
KERNEL = np.random.default_rng(7).random((4, 3))


def operators(shape, dtype):
    domain = {"in_shape": shape, "in_dtype": dtype}
    kernel = KERNEL.astype(dtype)
    for boundary in BLUR_BOUNDARIES:
        yield Blur(kernel, boundary, **domain)
    for boundary in ("circular", "valid"):
        yield BlurDownsample(kernel, 2, 1, boundary, **domain)
    for scale in (1 / 3, 1 / 2, 2):
        yield Resize(scale, **domain)
        yield Resize(scale, boundary="clamp", **domain)
    for name in ("bilinear", "lanczos2", "lanczos3", "nearest"):
        yield Resize(0.5, kernel=name, **domain)
    yield Resize(0.5, antialias=False, **domain)
    yield Resize(shape=(5, 12), **domain)
    blur = Blur(kernel, "symmetric", **domain)
    shrink = Resize(0.5, **domain)
    yield shrink @ blur
    yield 2 * blur + -0.5 * blur
    yield vstack([shrink, blur])


def operators_of_real_images(shape, dtype):
    height, width, channels = shape
    domain = {"in_shape": shape, "in_dtype": dtype}

    def random(*size):
        return np.random.default_rng(3).standard_normal(size).astype(dtype)

    square = {"in_shape": (height, height, channels), "in_dtype": dtype}
    yield Radon(np.array([0, 17.0, 45, 90, 131, 200], dtype), **square)
    yield Cassi(random(height, width), 2, **domain)
    yield BayerMosaic(in_shape=(height, width, 3), in_dtype=dtype)
    yield Pansharpening(
        random(4, 3), random(channels), 2, in_shape=(8, 6, channels), in_dtype=dtype
    )
    yield CompressiveSensing(random(5, height * width), **domain)
    signs = np.sign(random(4, 8))
    indices = np.array([0, 3, 17, 31])
    small = {"in_shape": (4, 8, channels), "in_dtype": dtype}
    yield SubsampledTransform(signs, indices, **small)
    yield SubsampledTransform(np.sign(random(height, width)), indices, "dct", **domain)


def operators_with_complex_data(shape, dtype):
    height, width, channels = shape
    domain = {"in_shape": shape, "in_dtype": dtype}
    real = np.finfo(dtype).dtype

    def random(*size):
        return np.random.default_rng(3).standard_normal(size).astype(real)

    def complex_random(*size):
        return random(*size) + 1j * random(*size)[::-1]

    yield Fourier(1.5, **domain)
    yield CodedDiffraction(complex_random(2, height, width), **domain)
    yield MaskedFourier(random(height, width), **domain)
    yield MultiCoilFourier(random(height, width), complex_random(3, height, width), **domain)
    if not np.issubdtype(dtype, np.complexfloating):
        return
    yield Inpainting(random(height, width, 1), **domain)
    yield Grey(random(channels), **domain)
    yield FourierShift(random(2), **domain)
    yield LanczosShift(random(2), **domain)
    yield AffineWarp(np.eye(2, dtype=real) + 0.1 * random(2, 2), random(2), (5, 6), **domain)
    yield HomographyWarp(np.eye(3, dtype=real) + 0.01 * random(3, 3), (5, 6), **domain)
    yield SpatiallyVaryingBlur(random(1, 2, 4, 3), **domain)


def random_like(seed, shapes, dtypes):
    rng = np.random.default_rng(seed)
    if isinstance(dtypes, tuple):
        return tuple(map(random_like, range(seed, seed + len(shapes)), shapes, dtypes))
    values = rng.standard_normal(shapes)
    if np.issubdtype(dtypes, np.complexfloating):
        values = values + 1j * rng.standard_normal(shapes)
    return values.astype(dtypes)


def relative_gap(A, x, y):
    Ax = A(x)
    lhs = sum(jax.tree.leaves(jax.tree.map(jnp.vdot, y, Ax)))
    rhs = jnp.vdot(A.H(y), x)
    if not jnp.iscomplexobj(x):
        # The adjoint in the real inner product.
        lhs, rhs = lhs.real, rhs.real
    # Relative to the size of the terms, not of a sum that may cancel.
    terms = jax.tree.map(lambda a, b: jnp.linalg.norm(a) * jnp.linalg.norm(b), y, Ax)
    return jnp.abs(lhs - rhs) / sum(jax.tree.leaves(terms))


def relative_gaps(operators):
    xs = [random_like(0, A.in_shape, A.in_dtype) for A in operators]
    ys = [random_like(1, A.out_shape, A.out_dtype) for A in operators]
    # One program for all: compiling it takes a fraction of compiling each.
    gaps = jit(lambda *lists: list(map(relative_gap, *lists)))(operators, xs, ys)
    return zip(operators, gaps, strict=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_dot_product_in_float64(shape, x64):
    for A, gap in relative_gaps(list(operators(shape, np.float64))):
        assert gap <= 1e-12, A


def test_dot_product_in_float32():
    for A, gap in relative_gaps(list(operators((7, 10, 1), np.float32))):
        assert gap <= 1e-5, A


@pytest.mark.parametrize("shape", SHAPES)
def test_dot_product_of_the_others_in_float64(shape, x64):
    tested = [
        *operators_of_real_images(shape, np.float64),
        *operators_with_complex_data(shape, np.float64),
        *operators_with_complex_data(shape, np.complex128),
    ]
    for A, gap in relative_gaps(tested):
        assert gap <= 1e-12, A


def test_dot_product_of_the_others_in_float32():
    tested = [
        *operators_of_real_images((7, 10, 1), np.float32),
        *operators_with_complex_data((7, 10, 1), np.complex64),
    ]
    for A, gap in relative_gaps(tested):
        assert gap <= 1e-5, A


def test_linear_and_the_same_in_a_batch(x64):
    tested = [
        *operators_of_real_images((9, 7, 2), np.float64),
        *operators_with_complex_data((9, 7, 2), np.complex128),
    ]
    xs = [random_like(0, (2, *A.in_shape), A.in_dtype) for A in tested]

    def images(operators, xs):
        batches = [A(x) for A, x in zip(operators, xs, strict=True)]
        combined = [A(2 * x[0] - 3 * x[1]) for A, x in zip(operators, xs, strict=True)]
        return batches, combined

    for batch, mixed in zip(*jit(images)(tested, xs), strict=True):
        wanted = jax.tree.map(lambda y: 2 * y[0] - 3 * y[1], batch)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-12), mixed, wanted)


def test_leading_axes_give_what_single_images_give(x64):
    A = BlurDownsample(KERNEL, 2, in_shape=(6, 7, 2), in_dtype=np.float64)
    x = np.random.default_rng(0).random((2, 3, 6, 7, 2))
    y = np.random.default_rng(1).random((2, 3, 3, 4, 2))
    for operator, images in ((A, x), (A.H, y), (A.T, y)):
        apply = jax.jit(operator)
        np.testing.assert_allclose(apply(images)[1, 2], apply(images[1, 2]), atol=1e-14)


def test_zero_insertion_is_the_adjoint_of_decimation(x64):
    A = BlurDownsample(np.ones((1, 1)), 3, 1, in_shape=(7, 6, 1), in_dtype=np.float64)
    y = np.random.default_rng(0).random((2, 2, 1))
    expected = np.zeros((7, 6, 1))
    expected[1::3, 1::3] = y
    np.testing.assert_allclose(A.H(y), expected, atol=1e-15)
