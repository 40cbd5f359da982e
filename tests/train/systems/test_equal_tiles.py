"""Tiles of one size against whole images, and how many programs folders of many sizes take."""

from functools import partial

import jax
import numpy as np
import pytest
from scipy import ndimage
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from imaging_jax.operators import modcrop, resize, round_to_8bit
from imaging_jax.transforms import luminance
from train.data.data_set import DataSet
from train.data.fields import Field
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system
from train.systems.equal_tiles import in_equal_tiles
from train.systems.interpolation import KERNELS, interpolation

GENERATOR = np.random.default_rng(0)


def folder(*shapes):
    """Smooth pictures with noise of these shapes, as a folder holds them."""
    fields = {"image": Field((None, None, None), "uint8", "image", (0, 255))}
    names = [f"{i}.png" for i in range(len(shapes))]
    arrays = []
    for height, width, channels in shapes:
        rows, columns, bands = np.ogrid[:height, :width, :channels]
        wave = 128 + 90 * np.sin(rows / 5 + bands) * np.cos(columns / 7)
        noisy = wave + GENERATOR.normal(0, 12, (height, width, channels))
        arrays.append(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
    return DataSet("folder", fields, names, lambda i: {"image": arrays[i]})


@pytest.mark.parametrize("size", [(2, 5), (7, 8), (9, 37), (16, 50)])
def test_tiles_join_to_what_the_whole_image_gives(size):
    x = GENERATOR.random((2, *size, 3))
    # Dyadic weights, so that no order of summation shows.
    smooth = partial(ndimage.convolve, weights=np.ones((1, 5, 5, 1)) / 4, mode="nearest")
    found = in_equal_tiles(smooth, np.round(64 * x), side=8, reach=2)
    np.testing.assert_array_equal(found, smooth(np.round(64 * x)))
    repeated = in_equal_tiles(lambda x: x.repeat(3, axis=1).repeat(3, axis=2), x, side=8)
    np.testing.assert_array_equal(repeated, x.repeat(3, axis=1).repeat(3, axis=2))
    thinned = in_equal_tiles(lambda x: x[:, ::2, ::2], x[:, :2, :4], side=8)
    np.testing.assert_array_equal(thinned, x[:, :2:2, :4:2])
    if min(size) > 3:
        found = in_equal_tiles(lambda x: x[:, 3:, 3:] - x[:, :-3, :-3], x, side=8, lost=3)
        np.testing.assert_array_equal(found, x[:, 3:, 3:] - x[:, :-3, :-3])


@pytest.mark.parametrize("kernel", KERNELS)
def test_interpolation_is_that_of_the_whole_image(kernel, x64):
    # Narrower than a kernel is wide, and longer than a tile.
    x = GENERATOR.random((2, 2, 131, 1))
    found = interpolation(kernel).apply({"image": x}, scale=3)["image"]
    np.testing.assert_allclose(found, np.clip(resize(x, 3, kernel=kernel), 0, 1), atol=1e-12)


def measured_and_restored(image, protocol, scale):
    """Reference, low resolution and bicubic output of a whole image, by the library."""
    reference = modcrop(image / 255.0, scale)
    if protocol.colour == "y" and reference.shape[-1] == 3:
        reference = luminance(reference)
        reference = round_to_8bit(reference) if protocol.round_reference else reference
    rounding, boundary = protocol.lr_rounding, protocol.lr_boundary
    lr = resize(reference, 1 / scale, rounding=rounding, boundary=boundary)
    estimate = np.clip(resize(lr, scale), 0, 1)
    return reference, lr, round_to_8bit(estimate) if protocol.round_output else estimate


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("luminance", marks=pytest.mark.slow),
        pytest.param("rgb", marks=pytest.mark.slow),
        "rgb_rounded_once",
    ],
)
def test_scores_are_those_of_whole_images(name, x64):
    protocol, images, scale = PROTOCOLS[name], folder((23, 29, 1), (301, 263, 3)), 3
    scored = evaluate(system("bicubic"), images, protocol, scale).per_item
    for index, row in enumerate(scored):
        image = images[index]["image"][None]
        reference, lr, estimate = measured_and_restored(image, protocol, scale)
        made, kept = protocol.inputs(images, [index], scale)
        np.testing.assert_allclose(made["image"], lr, atol=1e-12)
        np.testing.assert_allclose(kept, reference, atol=1e-12)
        if reference.shape[-1] == 3:
            reference, estimate = luminance(reference), luminance(estimate)
            if protocol.round_luminance:
                reference, estimate = round_to_8bit(reference), round_to_8bit(estimate)
        one, other = (
            np.asarray(x)[0, scale:-scale, scale:-scale, 0] for x in (reference, estimate)
        )
        assert row["psnr"] == pytest.approx(
            peak_signal_noise_ratio(one, other, data_range=1), abs=1e-9
        )
        expected = structural_similarity(
            one, other, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        assert row["ssim"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "protocol", "value"),
    [
        ("bicubic", "luminance", 3),
        ("bicubic", "luminance_jpeg_20", 2),
        ("nearest", "rgb", 2),
        ("identity", "awgn", 25),
    ],
)
def test_more_sizes_take_no_more_programs(name, protocol, value, caplog):
    def programs(*shapes):
        caplog.clear()
        with jax.log_compiles(), caplog.at_level("WARNING"):
            evaluate(system(name), folder(*shapes), PROTOCOLS[protocol], value)
            jax.jit(lambda x: x + 1)(0.0)
        return [line for line in caplog.messages if line.startswith("Finished XLA compilation")]

    assert len(programs((40, 52, 3))) <= 10
    # The one of this test itself.
    assert len(programs((41, 52, 3), (63, 37, 3), (270, 80, 3), (24, 24, 3))) == 1


def test_images_too_small_for_a_metric_are_named():
    for shape, words in (
        ((12, 40, 1), r"folder/0.png: images: SSIM takes at least 11 pixels a side"),
        ((4, 40, 1), r"folder/0.png: images: nothing is left of \(1, 4, 40, 1\) without a border"),
        ((1, 40, 1), r"folder/0.png: images: expected at least scale=2 pixels a side"),
    ):
        with pytest.raises(ValueError, match=words):
            evaluate(system("bicubic"), folder(shape), PROTOCOLS["luminance"], 2)


def test_an_output_of_another_size_is_no_score():
    images = folder((24, 24, 1))
    with pytest.raises(ValueError, match=r"wanted images \(1, 24, 24, 1\), the system gave"):
        evaluate(system("identity"), images, PROTOCOLS["luminance"], 2)
