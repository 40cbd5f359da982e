import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from skimage.draw import disk

from imaging_jax.synthesis import Leaves, dead_leaves, draw_leaves, sample_leaves

SHAPE = (96, 96)


@pytest.fixture(scope="module")
def batch():
    keys = jax.random.split(jax.random.key(0), 256)
    return np.asarray(jax.jit(jax.vmap(lambda key: dead_leaves(key, SHAPE)))(keys))


def radial_slope(grey, low, high):
    """Slope of log mean power against log radius, radii rounded to whole frequencies."""
    grey = grey - grey.mean(axis=(1, 2), keepdims=True)
    power = (np.abs(np.fft.fft2(grey)) ** 2).mean(axis=0)
    frequency = np.fft.fftfreq(grey.shape[1]) * grey.shape[1]
    radius = np.rint(np.hypot(frequency[:, None], frequency)).astype(int)
    mean = np.bincount(radius.ravel(), power.ravel()) / np.bincount(radius.ravel())
    k = np.arange(low, high + 1)
    return np.polyfit(np.log(k), np.log(mean[k]), 1)[0]


def test_is_an_image_made_by_its_key(batch):
    assert batch.shape == (256, *SHAPE, 3)
    assert batch.dtype == np.float32
    assert batch.min() >= 0
    assert batch.max() <= 1
    key = jax.random.split(jax.random.key(0), 256)[7]
    np.testing.assert_array_equal(dead_leaves(key, SHAPE), batch[7])
    assert np.abs(batch[7] - batch[8]).mean() > 0.01


def test_has_the_power_spectrum_of_photographs(batch):
    assert -3.2 < radial_slope(batch.mean(axis=-1), 4, 37) < -2.4


def test_covers_as_much_as_the_closed_form_of_one_disc_says():
    # A disc covers the centre of the image where its centre lies within r of it; the middle of
    # the enlarged square is at least 64 pixels from its border, so radii beyond that are cut.
    keys = jax.random.split(jax.random.key(1), 4096)
    drawn = jax.vmap(lambda key: sample_leaves(key, SHAPE))(keys)
    covered = (
        (np.square(drawn.centres - 48.0).sum(axis=-1) <= np.square(drawn.radii)).any(axis=1).mean()
    )
    r = np.linspace(2, 64, 20_001)
    density = 2 / (2.0**-2 - 80.0**-2) * r**-3
    inside = np.trapezoid(density * np.pi * r**2 / 128**2, r)
    beyond = (64.0**-2 - 80.0**-2) / (2.0**-2 - 80.0**-2)
    lower = 1 - (1 - inside - 0.78 * beyond) ** 160
    upper = 1 - (1 - inside - beyond) ** 160
    assert lower - 0.03 < covered < upper + 0.03


def test_leaves_part_of_the_image_to_the_background():
    keys = jax.random.split(jax.random.key(2), 256)
    drawn = jax.vmap(lambda key: sample_leaves(key, SHAPE))(keys)
    flagged = drawn._replace(
        colours=jnp.ones_like(drawn.colours), background=jnp.zeros_like(drawn.background)
    )
    covered = jax.jit(jax.vmap(lambda leaves: draw_leaves(leaves, SHAPE)))(flagged)
    assert float(covered.mean()) == pytest.approx(0.57, abs=0.03)


def test_nearer_discs_hide_farther_ones():
    shape = (37, 50)
    drawn = sample_leaves(jax.random.key(3), shape, leaves=60, radius=(2.0, 30.0))
    image = draw_leaves(drawn, shape)
    centres, radii, colours = (np.asarray(part, np.float64) for part in drawn[:3])
    painted = np.broadcast_to(np.asarray(drawn.background), (*shape, 3)).copy()
    for centre, radius, colour in reversed(list(zip(centres, radii, colours, strict=True))):
        painted[disk(tuple(centre - 0.5), radius, shape=shape)] = colour
    different = np.abs(np.asarray(image) - painted).max(axis=-1) > 1e-6
    assert different.mean() < 0.001  # a pixel on a circle may fall either way


def test_draws_the_first_disc_on_top():
    leaves = Leaves(
        centres=jnp.array([[4.0, 4.0], [4.0, 6.0]]),
        radii=jnp.array([2.0, 3.0]),
        colours=jnp.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        background=jnp.array([0.0, 0.0, 1.0]),
    )
    image = draw_leaves(leaves, (8, 10))
    np.testing.assert_array_equal(image[4, 4], [1, 0, 0])
    np.testing.assert_array_equal(image[4, 7], [0, 1, 0])
    np.testing.assert_array_equal(image[0, 0], [0, 0, 1])


def test_supersampling_gives_a_disc_its_area():
    leaves = Leaves(
        centres=jnp.array([[10.3, 9.6]]),
        radii=jnp.array([6.2]),
        colours=jnp.ones((1, 3)),
        background=jnp.zeros(3),
    )
    image = np.asarray(draw_leaves(leaves, (20, 21), supersampling=16))
    np.testing.assert_allclose(image.sum(axis=(0, 1)), np.pi * 6.2**2, rtol=2e-3)
    # The pixel that the rightmost point of the circle, column 15.8, cuts.
    rows, columns = np.meshgrid(
        np.linspace(10, 11, 400, endpoint=False), np.linspace(15, 16, 400, endpoint=False)
    )
    part = np.mean((rows - 10.3) ** 2 + (columns - 9.6) ** 2 <= 6.2**2)
    np.testing.assert_allclose(image[10, 15], part, atol=0.03)
    assert 0.5 < part < 1


def test_blur_is_gaussian_with_a_uniform_standard_deviation():
    keys = jax.random.split(jax.random.key(6), 64)
    window = np.hanning(48)[:, None] * np.hanning(48)  # borders are no edges
    frequency = np.hypot(np.fft.fftfreq(48)[:, None], np.fft.fftfreq(48))
    ring = (frequency > 0.14) & (frequency < 0.18)

    def ring_power(blur):
        make = jax.jit(jax.vmap(lambda key: dead_leaves(key, (48, 48), leaves=40, blur=blur)))
        grey = np.asarray(make(keys), np.float64).mean(axis=-1)
        spectrum = np.fft.fft2((grey - grey.mean(axis=(1, 2), keepdims=True)) * window)
        return (np.abs(spectrum) ** 2)[:, ring].sum(axis=1)

    sharp, blurred = ring_power(0.0), ring_power(1.5)
    drawn = sharp > 1e-3 * sharp.max()  # a single leaf may fill the image
    # The transfer function of a Gaussian is exp(-2 (pi f sigma)²), in power its square.
    sigma = np.sqrt(np.maximum(-np.log(blurred[drawn] / sharp[drawn]), 0)) / (2 * np.pi * 0.16)
    assert drawn.sum() > 40
    assert stats.kstest(sigma, "uniform", args=(0, 1.5)).pvalue > 1e-3


@pytest.mark.parametrize("exponent", [2.0, 3.0, 4.5])
def test_radii_follow_the_power_law(exponent):
    drawn = sample_leaves(
        jax.random.key(4), SHAPE, leaves=4000, radius=(1.5, 60.0), exponent=exponent
    )

    def distribution(r):
        power = 1 - exponent
        return (r**power - 1.5**power) / (60.0**power - 1.5**power)

    assert stats.kstest(np.asarray(drawn.radii, np.float64), distribution).pvalue > 1e-3


def test_centres_are_uniform_on_the_enlarged_image():
    drawn = sample_leaves(jax.random.key(5), (60, 90), leaves=4000)
    for axis, (start, length) in enumerate(((-10, 80), (-15, 120))):
        sample = np.asarray(drawn.centres[:, axis], np.float64)
        assert stats.kstest(sample, "uniform", args=(start, length)).pvalue > 1e-3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"leaves": 0}, "leaves must be at least 1, got 0"),
        ({"radius": (3.0, 2.0)}, r"radius must be .* got \(3.0, 2.0\)"),
        ({"radius": (0.0, 2.0)}, r"radius must be .* got \(0.0, 2.0\)"),
        ({"exponent": 1.0}, "exponent must differ from 1"),
        ({"supersampling": 0}, "supersampling must be at least 1, got 0"),
        ({"blur": 2.5}, r"blur must be in \[0, 2\], got 2.5"),
        ({"texture": -0.1}, r"texture must not be negative, got -0.1"),
    ],
)
def test_rejects_at_trace_time(values, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda key: dead_leaves(key, SHAPE, **values), jax.random.key(0))
