"""<A x, y> = <x, A.H y> for every linear operator of the package, in both precisions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.operators import Blur, BlurDownsample, Resize, vstack

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


def random_like(seed, shapes, dtypes):
    rng = np.random.default_rng(seed)
    if isinstance(dtypes, tuple):
        return tuple(map(random_like, range(seed, seed + len(shapes)), shapes, dtypes))
    return rng.standard_normal(shapes).astype(dtypes)


def relative_gap(A, x, y):
    Ax = A(x)
    lhs = sum(jax.tree.leaves(jax.tree.map(jnp.vdot, y, Ax)))
    rhs = jnp.vdot(A.H(y), x)
    # Relative to the size of the terms, not of a sum that may cancel.
    terms = jax.tree.map(lambda a, b: jnp.linalg.norm(a) * jnp.linalg.norm(b), y, Ax)
    return jnp.abs(lhs - rhs) / sum(jax.tree.leaves(terms))


def relative_gaps(operators):
    xs = [random_like(0, A.in_shape, A.in_dtype) for A in operators]
    ys = [random_like(1, A.out_shape, A.out_dtype) for A in operators]
    # One program for all: compiling it takes a fraction of compiling each.
    gaps = jax.jit(lambda *lists: list(map(relative_gap, *lists)))(operators, xs, ys)
    return zip(operators, gaps, strict=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_dot_product_in_float64(shape, x64):
    for A, gap in relative_gaps(list(operators(shape, np.float64))):
        assert gap <= 1e-12, A


def test_dot_product_in_float32():
    for A, gap in relative_gaps(list(operators((7, 10, 1), np.float32))):
        assert gap <= 1e-5, A


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
