"""Against MATLAB's imresize: its weights, its sums on uint8 input, its benchmark rows."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from PIL import Image

from imaging_jax.metrics import psnr, ssim
from imaging_jax.operators import Resize, modcrop, resize, round_to_8bit
from imaging_jax.transforms import luminance

# Taps (symmetric) of one output pixel in the interior, and the input pixel of the first tap.
DOWN = {
    2: [-0.01171875, -0.03515625, 0.11328125, 0.43359375],
    3: [-0.012345679, -0.024691358, 0, 0.111111111, 0.259259259, 0.333333333],
    4: [
        -0.001708984,
        -0.010986328,
        -0.018310547,
        -0.011962891,
        0.022705078,
        0.097412109,
        0.181884766,
        0.240966797,
    ],
}
UP = {
    (2, 0): [-0.0234375, 0.2265625, 0.8671875, -0.0703125],
    (3, 0): [-0.037037, 0.333333, 0.777778, -0.074074],
    (3, 1): [0, 0, 1, 0],
    (4, 0): [-0.0439453, 0.3896484, 0.7275391, -0.0732422],
    (4, 1): [-0.0068359, 0.0908203, 0.9638672, -0.0478516],
}
SQUARES = {
    2: [2.19921875, 12.23828125, 30.25, 56.25, 90.54296875, 133.51953125],
    3: [3.9012345679, 24.987654321, 64.3086419753, 123.4691358025],
    4: [6.1098632812, 42.63671875, 113.7534179688],
}


def random_images(shape, dtype=np.float64):
    return np.random.default_rng(0).random(shape).astype(dtype)


def column_matrix(size, scale, **options):
    """The weights along the columns, from the responses to unit vectors."""
    return np.asarray(resize(np.eye(size)[:, None, :, None], scale, **options))[:, 0, :, 0].T


@pytest.mark.parametrize("r", [2, 3, 4])
def test_interior_weights_down(r, x64):
    half = DOWN[r]
    taps = half + (half[::-1] if r % 2 == 0 else half[-2::-1])
    W = column_matrix(12 * r, 1 / r)
    row = W[6]
    first = 6 * r + r // 2 - len(taps) // 2
    np.testing.assert_allclose(row[first : first + len(taps)], taps, atol=5e-10)
    assert np.abs(row).sum() == pytest.approx(np.abs(taps).sum(), abs=1e-8)


@pytest.mark.parametrize(("r", "phase"), UP)
def test_interior_weights_up(r, phase, x64):
    row = column_matrix(12, r)[6 * r + phase]
    np.testing.assert_allclose(row[4:8], UP[r, phase], atol=5e-7)
    np.testing.assert_allclose(np.delete(row, np.s_[4:8]), 0, atol=1e-15)


@pytest.mark.parametrize("r", [2, 3, 4])
def test_rows_of_squares(r, x64):
    x = np.broadcast_to(np.arange(1.0, 13) ** 2, (12, 12))[..., None]
    for scale in (1 / r, Fraction(1, r)):
        y = np.asarray(resize(x, scale))[..., 0]
        np.testing.assert_allclose(y, np.tile(SQUARES[r], (12 // r, 1)), atol=6e-11)
        transposed = np.asarray(resize(x.swapaxes(0, 1), scale))[..., 0]
        np.testing.assert_allclose(transposed, y.T, atol=1e-13)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("boundary", "rounding", "sums"),
    [
        ("clamp", "between_passes", (4678, 2079, 1169)),
        ("symmetric", "once", (4650, 2067, 1162)),
        ("clamp", "once", (4675, 2077, 1167)),
    ],
)
def test_sums_on_uint8_input(boundary, rounding, sums, dtype, compiled, x64):
    i, j = np.mgrid[:12, :12]
    levels = jnp.asarray((7 * i + 13 * j + 5 * ((i * j) % 11)) % 256, jnp.uint8)[..., None]
    for r, expected in zip((2, 3, 4), sums, strict=True):

        def shrink(levels, r=r):
            return resize(levels.astype(dtype) / 255, 1 / r, boundary=boundary, rounding=rounding)

        y = np.asarray((jax.jit(shrink) if compiled else shrink)(levels))
        result = np.rint(y.astype(np.float64) * 255)
        assert result.sum() == expected
        # Every value is the float that an 8-bit file gives.
        np.testing.assert_array_equal(y, result.astype(dtype) / dtype(255))


def test_ties_round_away_from_zero(x64):
    # (1 + 2) / 2 = 1.5 and (0 + 1) / 2 = 0.5: bilinear without antialiasing averages two pixels.
    levels = np.tile([1.0, 2.0, 0.0, 1.0], (4, 1))[..., None]
    y = resize(levels / 255, 0.5, kernel="bilinear", antialias=False, rounding="once")
    np.testing.assert_array_equal(np.rint(np.asarray(y)[0, :, 0] * 255), [2, 1])


def halve_in_integers(levels):
    """One pass over the rows by bicubic weights of denominator 256, halves upwards."""
    padded = np.pad(levels, [(3, 3), (0, 0)], mode="symmetric")
    taps = [-3, -9, 29, 111, 111, 29, -9, -3]
    total = sum(tap * padded[k : k + len(levels) : 2] for k, tap in enumerate(taps))
    return np.clip(total + 128, 0, 255 * 256) // 256


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ties_of_levels_that_were_divided_in_a_compiled_program(dtype, x64):
    # A compiled k / 255 is not always the nearest float to it.
    levels = np.random.default_rng(0).integers(0, 256, (512, 512))
    x = jax.jit(lambda levels: levels / 255)(levels.astype(dtype)[..., None])
    y = resize(x, shape=(256, 512), rounding="once")[..., 0]
    expected = halve_in_integers(levels)
    np.testing.assert_array_equal(np.rint(np.asarray(y, np.float64) * 255), expected)


def test_rounding_clips(x64):
    step = np.repeat([[0.0] * 6 + [1.0] * 6], 12, axis=0)[..., None]
    overshoot = resize(step, 2)
    assert overshoot.max() > 1.01
    assert overshoot.min() < -0.01
    for rounding in ("once", "between_passes"):
        rounded = resize(step, 2, rounding=rounding)
        assert (rounded.min(), rounded.max()) == (0, 1)


@pytest.mark.parametrize(
    ("kernel", "method", "support"),
    [("bicubic", "cubic", 2), ("bilinear", "linear", 1), ("lanczos3", "lanczos3", 3)],
)
@pytest.mark.parametrize(("r", "up"), [(2, False), (3, False), (4, False), (2, True), (3, True)])
def test_interior_against_jax(kernel, method, support, r, up, x64):
    x = random_images((48, 36, 2))
    shape = (48 * r, 36 * r) if up else (48 // r, 36 // r)
    expected = jax.image.resize(x, (*shape, 2), method, antialias=True)
    got = resize(x, r if up else 1 / r, kernel=kernel)
    border = support * r if up else support
    inside = np.s_[border:-border, border:-border]
    np.testing.assert_allclose(got[inside], expected[inside], atol=1e-14)


@pytest.mark.parametrize("kernel", ["bicubic", "bilinear", "lanczos2", "lanczos3"])
def test_up_scaling_reproduces_symmetric_extension(kernel, x64):
    # The image continued by hand and resized has the result inside it.
    x = random_images((7, 5, 1))
    extended = np.pad(x, [(7, 7), (5, 5), (0, 0)], mode="symmetric")
    got = resize(extended, 3, kernel=kernel)[21:-21, 15:-15]
    np.testing.assert_allclose(resize(x, 3, kernel=kernel), got, atol=1e-14)
    clamped = np.pad(x, [(7, 7), (5, 5), (0, 0)], mode="edge")
    got = resize(clamped, 3, kernel=kernel)[21:-21, 15:-15]
    np.testing.assert_allclose(resize(x, 3, kernel=kernel, boundary="clamp"), got, atol=1e-14)


def test_lanczos2_interior_weights(x64):
    offsets = 0.25 + np.arange(-2, 2)
    taps = np.sinc(offsets) * np.sinc(offsets / 2)
    row = column_matrix(12, 2, kernel="lanczos2")[13]
    np.testing.assert_allclose(row[5:9], (taps / taps.sum())[::-1], atol=1e-15)


def test_nearest(x64):
    x = np.arange(6.0)[None, :, None] * np.ones((6, 1, 1))
    up = resize(x, 3, kernel="nearest")[0, :, 0]
    np.testing.assert_array_equal(up, np.repeat(np.arange(6.0), 3))
    # The centre of a block of two lies between pixels; MATLAB takes the later one.
    np.testing.assert_array_equal(resize(x, 0.5, kernel="nearest")[0, :, 0], [1, 3, 5])
    np.testing.assert_array_equal(resize(x, 1 / 3, kernel="nearest")[0, :, 0], [1, 4])


def test_without_antialiasing_four_taps_remain(x64):
    row = column_matrix(24, 0.5, antialias=False)[6]
    np.testing.assert_allclose(row[11:15], [-0.0625, 0.5625, 0.5625, -0.0625], atol=1e-15)
    assert np.count_nonzero(row) == 4


def test_shapes_and_leading_axes(x64):
    x = random_images((2, 3, 7, 10, 2))
    assert resize(x, 1 / 3).shape == (2, 3, 3, 4, 2)
    assert resize(x, 1.5).shape == (2, 3, 11, 15, 2)
    assert resize(x, shape=(5, 20)).shape == (2, 3, 5, 20, 2)
    np.testing.assert_allclose(resize(x, 0.4)[1, 2], resize(x[1, 2], 0.4), atol=1e-15)
    # With a shape each axis has its own scale, with a scale both have it.
    np.testing.assert_array_equal(resize(x, shape=(14, 20)), resize(x, 2))
    assert np.abs(resize(x, shape=(3, 4)) - resize(x, 1 / 3)).max() > 1e-3


def test_axis_with_the_smaller_scale_is_resized_and_rounded_first(x64):
    x = round_to_8bit(jnp.asarray(random_images((12, 12, 1))))

    def in_order(first, second):
        middle = resize(x, shape=first, rounding="once")
        return resize(middle, shape=second, rounding="once")

    rows_first = resize(x, shape=(4, 6), rounding="between_passes")
    np.testing.assert_array_equal(rows_first, in_order((4, 12), (4, 6)))
    columns_first = resize(x, shape=(6, 4), rounding="between_passes")
    np.testing.assert_array_equal(columns_first, in_order((12, 4), (6, 4)))
    assert np.abs(columns_first - in_order((6, 12), (6, 4))).max() > 0
    equal = resize(x, 0.5, rounding="between_passes")
    np.testing.assert_array_equal(equal, in_order((6, 12), (6, 6)))


@pytest.mark.parametrize("kernel", ["bicubic", "bilinear", "lanczos2", "lanczos3", "nearest"])
def test_identity_at_equal_size(kernel):
    x = random_images((6, 5, 3), np.float32)
    np.testing.assert_array_equal(resize(x, 1, kernel=kernel), x)
    np.testing.assert_array_equal(resize(x, shape=(6, 5), kernel=kernel), x)


def test_constant_stays_constant():
    x = np.full((9, 8, 1), 0.3, np.float32)
    for kernel in ("bicubic", "bilinear", "lanczos2", "lanczos3", "nearest"):
        np.testing.assert_allclose(resize(x, shape=(5, 13), kernel=kernel), 0.3, rtol=1e-6)


def test_compiled_mapped_and_differentiated(x64):
    x = random_images((2, 8, 6, 1))
    shrink = lambda x: resize(x, 0.5)  # noqa: E731
    np.testing.assert_allclose(jax.jit(shrink)(x), shrink(x), atol=1e-15)
    np.testing.assert_allclose(jax.vmap(shrink)(x), shrink(x), atol=1e-15)
    check_grads(shrink, (x,), order=1, modes=["fwd", "rev"])
    rounded = jax.grad(lambda x: resize(x, 0.5, rounding="between_passes").sum())(jnp.asarray(x))
    np.testing.assert_array_equal(rounded, 0)


def test_operator_is_the_function():
    x = random_images((2, 9, 8, 3), np.float32)
    A = Resize(1 / 3, boundary="clamp", kernel="lanczos3", in_shape=(9, 8, 3))
    assert A.out_shape == (3, 3, 3)
    expected = resize(x, 1 / 3, boundary="clamp", kernel="lanczos3")
    np.testing.assert_allclose(A(x), expected, atol=1e-6)
    assert Resize(shape=(4, 4), in_shape=(9, 8, 3)).out_shape == (4, 4, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one"),
        ({"scale": 2, "shape": (4, 4)}, "exactly one"),
        ({"scale": 0}, "scale: expected a positive"),
        ({"scale": -1.0}, "scale: expected a positive"),
        ({"scale": float("nan")}, "scale: expected a positive"),
        ({"shape": (0, 4)}, "shape: expected a positive"),
        ({"shape": (4, 4, 3)}, "shape: expected a positive"),
        ({"scale": 2, "kernel": "cubic"}, "kernel: .* got 'cubic'"),
        ({"scale": 2, "boundary": "reflect"}, "boundary: .* got 'reflect'"),
        ({"scale": 2, "rounding": True}, "rounding: .* got True"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        resize(jnp.zeros((4, 4, 1)), **arguments)


def test_wrong_images():
    with pytest.raises(ValueError, match=r"x: expected an image .* got shape \(4, 4\)"):
        resize(jnp.zeros((4, 4)), 2)
    with pytest.raises(ValueError, match="x: expected an image"):
        resize(jnp.zeros((0, 4, 1)), 2)
    with pytest.raises(ValueError, match="x: expected a floating-point image, got uint8"):
        resize(jnp.zeros((4, 4, 1), jnp.uint8), 2)
    with pytest.raises(ValueError, match="x: expected a real floating-point image, got complex64"):
        resize(jnp.zeros((4, 4, 1), jnp.complex64), 2, rounding="once")


# Protocol of SRCNN and VDSR: luminance rounded, low resolution not, result rounded.
SET5_X3 = {"baby": 33.91, "bird": 32.57, "butterfly": 24.04, "head": 32.88, "woman": 28.56}


def bicubic_scores(folder, name, scale):
    rgb = np.asarray(Image.open(folder / f"{name}.png").convert("RGB")) / 255.0
    reference = round_to_8bit(luminance(modcrop(rgb, scale)))
    estimate = resize(resize(reference, 1 / scale), scale, rounding="once")
    return [float(metric(reference, estimate, border=scale)) for metric in (psnr, ssim)]


def test_set5_bicubic_of_one_image(imaging_data, x64):
    score, _ = bicubic_scores(imaging_data / "sr/Set5", "butterfly", 3)
    assert score == pytest.approx(SET5_X3["butterfly"], abs=0.005)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scale", "mean_psnr", "mean_ssim"),
    [(2, 33.661, 0.9299), (3, 30.392, 0.8682), (4, 28.421, 0.8104)],
)
def test_set5_bicubic_row(scale, mean_psnr, mean_ssim, imaging_data, x64):
    scores = {name: bicubic_scores(imaging_data / "sr/Set5", name, scale) for name in SET5_X3}
    means = np.mean(list(scores.values()), axis=0)
    assert means[0] == pytest.approx(mean_psnr, abs=0.0005)
    assert means[1] == pytest.approx(mean_ssim, abs=0.00005)
    if scale == 3:
        for name, expected in SET5_X3.items():
            assert scores[name][0] == pytest.approx(expected, abs=0.005)
