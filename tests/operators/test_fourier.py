"""Fourier measurements and their masks against numpy and the definitions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.operators import (
    CodedDiffraction,
    Fourier,
    MaskedFourier,
    MultiCoilFourier,
    birdcage_sensitivities,
    coded_diffraction,
    fft2,
    fourier_magnitude,
    fourier_shift,
    ifft2,
    masked_fourier,
    multi_coil_fourier,
    sample_cartesian_mask,
    sample_diffraction_masks,
    sample_radial_mask,
    sample_variable_density_mask,
)

KEY = jax.random.key(0)


def random(seed, shape):
    return np.random.default_rng(seed).standard_normal(shape)


def dft(x):
    """The orthonormal transform of (H, W) as two matrix products."""
    matrices = [
        np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n) / np.sqrt(n) for n in x.shape
    ]
    return matrices[0] @ x @ matrices[1].T


@pytest.mark.parametrize("shape", [(5, 6), (7, 4)])
def test_transform_and_its_inverse(shape, x64):
    x = random(0, (2, *shape, 3)) + 1j * random(1, (2, *shape, 3))
    y = fft2(x)
    np.testing.assert_allclose(y[1, ..., 2], dft(x[1, ..., 2]), atol=1e-13)
    np.testing.assert_allclose(ifft2(y), x, atol=1e-13)


def test_magnitude_of_a_framed_image(x64):
    x = random(0, (5, 4, 1))
    y = fourier_magnitude(x, 2)
    assert y.shape == (10, 8, 1)
    np.testing.assert_allclose(np.sum(y**2), np.sum(x**2), rtol=1e-12)
    # The transform back of the squares is the autocorrelation, here free of overlap.
    padded = np.zeros((10, 8))
    padded[:5, :4] = x[..., 0]
    wanted = np.array(
        [
            [np.sum(padded * np.roll(padded, (-down, -right), (0, 1))) for right in range(8)]
            for down in range(10)
        ]
    )
    autocorrelation = np.fft.ifft2(y[..., 0] ** 2, norm="ortho").real * np.sqrt(80)
    np.testing.assert_allclose(autocorrelation, wanted, atol=1e-12)
    A = Fourier(2, in_shape=x.shape, in_dtype=np.float64)
    np.testing.assert_allclose(np.abs(A(x)), y, atol=1e-13)
    np.testing.assert_allclose(A.normal(x), x, atol=1e-13)
    assert fourier_magnitude(x, 1.5).shape == (8, 6, 1)


def test_gradient_of_a_magnitude_is_zero_where_it_vanishes():
    gradient = jax.grad(lambda x: fourier_magnitude(x).sum())(jnp.zeros((4, 5, 1)))
    np.testing.assert_array_equal(gradient, 0)


def test_coded_diffraction(x64):
    x, masks = random(0, (2, 5, 6, 1)), np.exp(1j * random(1, (3, 5, 6)))
    y = coded_diffraction(x, masks)
    assert y.shape == (2, 3, 5, 6, 1)
    np.testing.assert_allclose(y[1, 2, ..., 0], dft(masks[2] * x[1, ..., 0]) / np.sqrt(3))
    A = CodedDiffraction(masks, in_shape=(5, 6, 1), in_dtype=np.complex128)
    np.testing.assert_allclose(A.normal(x), x, atol=1e-13)


def test_diffraction_masks():
    masks = np.asarray(sample_diffraction_masks(KEY, (64, 64), 4))
    np.testing.assert_allclose(np.abs(masks), 1, atol=1e-6)
    # The mean of n points on the circle has the standard error n^(-1/2).
    assert abs(masks.mean()) < 4 / np.sqrt(masks.size)
    octanary = np.asarray(sample_diffraction_masks(KEY, (64, 64), 4, octanary=True))
    energy = np.abs(octanary) ** 2
    assert set(np.round(np.unique(energy), 3)) == {0.5, 3.0}
    share = np.mean(energy < 1)
    assert share == pytest.approx(0.8, abs=4 * 0.4 / np.sqrt(energy.size))
    quarters = np.round(np.angle(octanary) / (np.pi / 2)).astype(int) % 4
    np.testing.assert_allclose(np.bincount(quarters.ravel()) / energy.size, 0.25, atol=0.014)


def test_masked_fourier(x64):
    x, mask = random(0, (5, 6, 2)), (random(1, (5, 6)) > 0).astype(float)
    y = masked_fourier(x, mask)
    np.testing.assert_allclose(y[..., 1], mask * dft(x[..., 1]), atol=1e-13)
    A = MaskedFourier(mask, in_shape=x.shape, in_dtype=np.complex128)
    np.testing.assert_allclose(A(A.H(y)), y, atol=1e-13)


def test_coils(x64):
    x, mask = random(0, (5, 6, 1)), np.ones((5, 6))
    maps = np.asarray(birdcage_sensitivities((5, 6), 4))
    np.testing.assert_allclose(np.sum(np.abs(maps) ** 2, axis=0), 1, atol=1e-6)
    y = multi_coil_fourier(x, mask, maps)
    assert y.shape == (4, 5, 6, 1)
    np.testing.assert_allclose(y[2, ..., 0], dft(maps[2] * x[..., 0]), atol=1e-13)
    A = MultiCoilFourier(mask, maps, in_shape=x.shape, in_dtype=np.complex128)
    np.testing.assert_allclose(A.normal(x), x, atol=1e-6)
    # The root of the sum of squares is the image.
    images = np.fft.ifft2(y, axes=(-3, -2), norm="ortho")
    np.testing.assert_allclose(np.sqrt(np.sum(np.abs(images) ** 2, 0)), np.abs(x), atol=1e-6)


def test_every_coil_is_strongest_at_its_own_side():
    modulus = np.abs(birdcage_sensitivities((33, 33), 4))
    places = [np.unravel_index(m.argmax(), m.shape) for m in modulus]
    # To the right, below, to the left, above.
    assert [places[0][1], places[1][0], places[2][1], places[3][0]] == [32, 32, 0, 0]


@pytest.mark.parametrize(("acceleration", "low"), [(4, 26), (8, 13)])
def test_cartesian_mask_of_fastmri(acceleration, low):
    shape = (4, 320)
    masks = jax.vmap(lambda key: sample_cartesian_mask(key, shape, acceleration))(
        jax.random.split(KEY, 200)
    )
    masks = np.asarray(masks)
    assert (masks == masks[:, :1]).all()
    columns = np.fft.fftshift(masks[:, 0], axes=-1)
    start = (320 - low + 1) // 2
    assert (columns[:, start : start + low] == 1).all()
    # Of the others the wanted mean; the standard error of 200 binomial means.
    others = 320 / acceleration - low
    error = np.sqrt(others * (1 - others / (320 - low)) / 200)
    assert columns.sum(axis=1).mean() == pytest.approx(320 / acceleration, abs=4 * error)


def test_equispaced_cartesian_mask():
    masks = [
        np.fft.fftshift(sample_cartesian_mask(key, (1, 368), 4, 0.08, equispaced=True)[0])
        for key in jax.random.split(KEY, 20)
    ]
    start = (368 - 29 + 1) // 2
    firsts = set()
    for mask in masks:
        assert abs(mask.sum() - 92) <= 3
        outside = np.flatnonzero(mask[:start])
        gaps = np.diff(outside[outside < start - 6])
        assert gaps.max() - gaps.min() <= 1
        firsts.add(outside[0])
    assert len(firsts) > 2


@pytest.mark.parametrize("equispaced", [False, True])
def test_cartesian_mask_of_the_block_alone(equispaced):
    columns = np.fft.fftshift(sample_cartesian_mask(KEY, (2, 100), 4, 0.25, equispaced)[0])
    np.testing.assert_array_equal(np.flatnonzero(columns), np.arange(38, 63))


def test_masks_hold_everything_at_acceleration_one():
    np.testing.assert_array_equal(sample_cartesian_mask(KEY, (3, 8), 1, 0.25), 1)
    np.testing.assert_array_equal(sample_cartesian_mask(KEY, (3, 8), 1, 1.0), 1)
    np.testing.assert_array_equal(sample_variable_density_mask(KEY, (3, 8), 1), 1)


@pytest.mark.parametrize("shape", [(64, 64), (40, 65)])
def test_radial_mask(shape):
    mask = np.fft.fftshift(sample_radial_mask(KEY, shape, 7))
    centre = tuple(size // 2 for size in shape)
    assert mask[centre] == 1
    # Every line crosses the frame halfway to the edge twice.
    ring = np.zeros(shape, bool)
    rows, columns = np.indices(shape)
    distance = np.maximum(
        abs(rows - centre[0]) / (shape[0] / 2), abs(columns - centre[1]) / (shape[1] / 2)
    )
    ring = (distance > 0.45) & (distance < 0.8)
    angles = np.arctan2((rows - centre[0]) / shape[0], (columns - centre[1]) / shape[1])
    found = np.sort(np.mod(angles[ring & (mask == 1)], np.pi))
    first = float(np.pi * jax.random.uniform(KEY) / 7)
    nearest = np.round((found - first) / (np.pi / 7))
    assert set(nearest.astype(int) % 7) == set(range(7))
    assert np.abs(found - first - nearest * np.pi / 7).max() < 0.06
    # Point-symmetric but for the frequencies that have no opposite.
    inner = mask[1 - shape[0] % 2 :, 1 - shape[1] % 2 :]
    np.testing.assert_array_equal(inner, inner[::-1, ::-1])


@pytest.mark.parametrize("power", [3.0, 8.0, np.inf])
def test_variable_density_mask(power):
    keys = jax.random.split(KEY, 100)
    masks = np.asarray(
        jax.vmap(lambda key: sample_variable_density_mask(key, (32, 33), 4, power))(keys)
    )
    error = 0.5 / np.sqrt(masks.size)
    assert masks.mean() == pytest.approx(0.25, abs=4 * error + 1 / masks[0].size)
    assert (masks[:, 0, 0] == 1).all()
    probability = masks.mean(axis=0)
    if power == np.inf:
        assert probability.ravel()[1:].max() < 0.5
    else:
        # Near frequency 0, in the corner.
        assert probability[:2, :2].mean() > 0.7
        assert probability[15:18, 15:18].mean() < 0.3


def test_whole_shifts_roll_and_odd_sides_follow_the_series(x64):
    x = random(0, (5, 8, 2))
    rolled = np.roll(x, (2, -3), axis=(0, 1))
    np.testing.assert_allclose(fourier_shift(x, np.array([2.0, -3.0])), rolled, atol=1e-13)

    def series(rows, columns):
        return 1 + np.cos(2 * np.pi * 2 * rows / 5 + 0.3) * np.sin(2 * np.pi * 3 * columns / 8)

    rows, columns = np.indices((5, 8))
    moved = fourier_shift(series(rows, columns)[..., None], np.array([0.4, 1.7]))
    np.testing.assert_allclose(moved[..., 0], series(rows - 0.4, columns - 1.7), atol=1e-13)


def test_shift_of_the_nyquist_frequency_and_back(x64):
    x = np.cos(np.pi * np.arange(6))[None, :, None] * np.ones((4, 1, 1))
    moved = fourier_shift(x, np.array([0.0, 0.25]))
    np.testing.assert_allclose(moved, np.cos(np.pi * 0.25) * x, atol=1e-13)
    smooth = random(0, (5, 7, 1))
    there = fourier_shift(smooth, np.array([0.4, -1.3]))
    np.testing.assert_allclose(fourier_shift(there, np.array([-0.4, 1.3])), smooth, atol=1e-13)
    gradient = jax.grad(lambda d: fourier_shift(x, d)[0, 0, 0])(np.array([0.0, 0.25]))
    np.testing.assert_allclose(gradient, [0, -np.pi * np.sin(np.pi * 0.25)], atol=1e-12)


X = np.ones((4, 6, 1), np.float32)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: fourier_magnitude(X, 0.5), "oversampling: expected at least 1"),
        (lambda: masked_fourier(X, np.ones((6, 4))), r"mask: expected real .* \(4, 6\)"),
        (lambda: masked_fourier(X, 1j * np.ones((4, 6))), "mask: expected real .* complex64"),
        (lambda: multi_coil_fourier(X, np.ones((4, 6)), np.ones((4, 6))), "sensitivities: expec"),
        (lambda: coded_diffraction(X, np.ones((2, 6, 4))), "masks: expected"),
        (lambda: fourier_shift(X, 1.0), "shift: expected a real pair"),
        (lambda: birdcage_sensitivities((4, 4), 0), "coils: expected a positive"),
        (lambda: sample_cartesian_mask(KEY, (4, 8), 0.5), "acceleration: expected at least 1"),
        (lambda: sample_cartesian_mask(KEY, (4, 8), 4, 0.5), "center_fraction: expected 0 to 0.25"),
        (lambda: sample_variable_density_mask(KEY, (8, 8), 8, 0.5), "power: expected a density"),
        (lambda: sample_radial_mask(KEY, (4, 4), 0), "lines: expected a positive"),
    ],
)
def test_wrong_arguments(function, message):
    with pytest.raises(ValueError, match=message):
        function()
