from functools import partial

import jax
import numpy as np
import pytest
import scipy.ndimage
from jax.test_util import check_grads

from imaging_jax import operators
from imaging_jax.operators import AffineWarp, HomographyWarp, affine_warp, homography_warp, resize

IDENTITY = np.eye(2)
GENERATOR = np.random.default_rng(0)

# Programs that run once: optimised, they take twice as long to compile.
jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
warp = jit(affine_warp, static_argnums=3)


def test_whole_shifts_and_turns_move_pixels(x64):
    x = GENERATOR.random((2, 7, 10, 3))
    shifted = warp(x, IDENTITY, np.array([2.0, 3.0]), (5, 7))
    np.testing.assert_allclose(shifted, x[:, 2:, 3:], atol=1e-14)
    # (row, column) of the result is (column, W - 1 - row) of the image: a quarter turn.
    quarter = np.array([[0.0, 1.0], [-1.0, 0.0]])
    turned = warp(x, quarter, np.array([0.0, 9.0]), (10, 7))
    np.testing.assert_allclose(turned, np.rot90(x, axes=(1, 2)), atol=1e-13)


def test_mirrors_outside(x64):
    x = GENERATOR.random((4, 5, 1))
    found = warp(x, IDENTITY, np.array([-9.0, -6.0]), (25, 20))
    wanted = np.pad(x, [(9, 12), (6, 9), (0, 0)], mode="symmetric")
    np.testing.assert_allclose(found, wanted, atol=1e-14)


def test_gives_the_resize_of_matlab_where_they_overlap(x64):
    # Enlarging by 2: place (p + 1/2) / 2 - 1/2, the same kernel and the same border.
    x = GENERATOR.random((9, 6, 2))
    found = warp(x, IDENTITY / 2, np.array([-0.25, -0.25]), (18, 12))
    np.testing.assert_allclose(found, jit(partial(resize, scale=2))(x), atol=1e-13)


def test_reproduces_quadratics(x64):
    # Keys (1981): cubic convolution with a = -1/2 is exact for polynomials of degree 2.
    def plane(rows, columns):
        return (0.3 * rows**2 - 0.2 * rows * columns + columns + 1)[..., None]

    angle = 0.4
    matrix = 0.8 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    offset = np.array([9.3, 5.1])
    rows, columns = np.einsum("ij,jyx->iyx", matrix, np.indices((8, 9))) + offset[:, None, None]
    x = plane(*np.indices((30, 30)).astype(float))
    np.testing.assert_allclose(warp(x, matrix, offset, (8, 9)), plane(rows, columns), rtol=1e-12)


def test_gradients_in_image_and_map(x64):
    x = GENERATOR.random((6, 7, 1))
    matrix = np.array([[0.83, 0.11], [-0.07, 0.91]])
    offset = np.array([0.313, 0.271])
    small = jax.jit(lambda *a: affine_warp(*a, (4, 5)))
    check_grads(small, (x, matrix, offset), order=1, modes=["rev"])


def test_vmaps_over_maps():
    x = GENERATOR.random((6, 7, 1), np.float32)
    offsets = np.float32([[0.0, 0.0], [1.5, 0.5]])
    found = jit(jax.vmap(lambda o: affine_warp(x, IDENTITY, o, (4, 5))))(offsets)
    np.testing.assert_allclose(found[1], warp(x, IDENTITY, offsets[1], (4, 5)), atol=1e-6)


@pytest.mark.parametrize(
    ("matrix", "shape", "message"),
    [
        (np.eye(3), (4, 4), r"matrix, offset: expected shapes .* got \(3, 3\)"),
        (np.eye(2), (4, 0), r"shape: expected .* got \(4, 0\)"),
    ],
)
def test_rejects(matrix, shape, message):
    with pytest.raises(ValueError, match=message):
        affine_warp(np.zeros((4, 4, 1), np.float32), matrix, np.zeros(2), shape)


MAP = np.array([[0.9, 0.1, 1.3], [-0.05, 0.8, 2.1], [0.004, -0.006, 1.0]])


def test_homography_reproduces_a_plane_as_scipy_does(x64):
    plane = np.add(*np.indices((20, 20)) * np.array([0.3, -1.1])[:, None, None]) + 2
    rows, columns, ones = np.einsum(
        "ij,jyx->iyx", MAP, np.concatenate([np.indices((9, 8)), np.ones((1, 9, 8))])
    )
    wanted = scipy.ndimage.map_coordinates(plane, [rows / ones, columns / ones], order=1)
    found = jit(homography_warp, static_argnums=2)(plane[..., None], MAP, (9, 8))
    np.testing.assert_allclose(found[..., 0], wanted, atol=1e-12)


def test_affine_maps_are_homographies_without_perspective(x64):
    x = GENERATOR.random((2, 7, 8, 2))
    matrix = np.vstack([MAP[:2], [0, 0, 1]])
    wanted = warp(x, MAP[:2, :2], MAP[:2, 2], (4, 5))
    found = jit(homography_warp, static_argnums=2)(x, 3 * matrix, (4, 5))
    np.testing.assert_allclose(found, wanted, atol=1e-13)
    A = AffineWarp(MAP[:2, :2], MAP[:2, 2], (4, 5), in_shape=(7, 8, 2), in_dtype=np.float64)
    np.testing.assert_allclose(jit(A)(x), wanted, atol=1e-13)


def test_gradient_in_the_homography_through_the_operator(x64):
    x = GENERATOR.random((6, 7, 1))
    A = HomographyWarp(MAP, (3, 4), in_shape=x.shape, in_dtype=np.float64)

    def energy(A):
        return (A(x) ** 2).sum() + (A.H(A(x)) ** 3).sum()

    check_grads(jax.jit(energy), (A,), order=1, modes=["rev"])


def test_homography_rejects():
    with pytest.raises(ValueError, match=r"matrix: expected shape \(3, 3\), got \(2, 3\)"):
        homography_warp(np.zeros((4, 4, 1), np.float32), np.ones((2, 3)), (4, 4))
    with pytest.raises(ValueError, match="shape: expected"):
        homography_warp(np.zeros((4, 4, 1), np.float32), np.eye(3), (4, 0))


def test_places_are_those_of_scipy_and_of_the_affine_map():
    generator = np.random.default_rng(2)
    x = generator.random((7, 9, 2)).astype(np.float32)
    places = generator.uniform(-6, 14, (2, 5, 6)).astype(np.float32)
    found = operators.warp(x, places, "nearest")
    for channel in range(2):
        # scipy's "reflect" repeats the edge pixel, as ours does.
        wanted = scipy.ndimage.map_coordinates(x[..., channel], places, order=0, mode="reflect")
        np.testing.assert_array_equal(found[..., channel], wanted)
    pixels = np.indices((7, 9)).astype(np.float32)
    matrix, offset = MAP[:2, :2].astype(np.float32), MAP[:2, 2].astype(np.float32)
    moved = np.einsum("ij,jyx->iyx", matrix, pixels) + offset[:, None, None]
    wanted = affine_warp(x, matrix, offset, (7, 9))
    np.testing.assert_allclose(operators.warp(x, moved), wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("places", "interpolation", "words"),
    [
        (np.zeros((3, 4, 4)), "cubic", "expected shape .2, height, width., got .3, 4, 4."),
        (np.zeros((2, 4, 4)), "linear", "known are cubic, nearest, got 'linear'"),
    ],
)
def test_other_places(places, interpolation, words):
    with pytest.raises(ValueError, match=words):
        operators.warp(np.zeros((4, 4, 1), np.float32), places, interpolation)
