import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import pytest

from train.config import console
from train.data import images
from train.data.fields import picture as field
from train.data.images import Picture
from train.systems import parts
from train.systems.catalogue import system as open_system
from train.systems.combined import chain
from train.systems.enlarging import Enlarger, enlarge_files, filled_outwards
from train.systems.interpolation import interpolation
from train.systems.outputs import SOFTWARE, outputs_of
from train.systems.system import Origin, System

GENERATOR = np.random.default_rng(0)
NEAREST_SYSTEM = interpolation("nearest")
NEAREST = Enlarger(NEAREST_SYSTEM, {"scale": 2}, 2e9)


def restoring(name, weights, function, option="scale"):
    """A system of a function (images, scale or sigma) -> images."""
    apply = lambda inputs, **told: {"image": function(inputs["image"], told[option])}  # noqa: E731
    return System(name, weights, apply, Origin("fitted"), options={option: ()}, pure=apply)


def picture(path, shape, dtype=np.uint8):
    image = GENERATOR.integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)
    images.write(path, image)
    return image


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_depth_and_alpha_stay(dtype, channels):
    # From 1 on: colours under full transparency are others.
    image = GENERATOR.integers(1, np.iinfo(dtype).max, (9, 12, channels)).astype(dtype)
    found = NEAREST(Picture.of(image)).pixels
    assert (found.shape, found.dtype) == ((18, 24, channels), dtype)
    colours = 1 if channels < 3 else 3
    np.testing.assert_array_equal(found[::2, ::2, :colours], image[..., :colours])


def test_little_memory_gives_the_same_picture(capsys):
    image = GENERATOR.integers(0, 256, (120, 75, 3)).astype(np.uint8)
    large, small = (
        Enlarger(interpolation("bicubic"), {"scale": 3}, memory)(Picture.of(image)).pixels
        for memory in (2e9, 3e6)
    )
    # Float32 parts may round another way where a value lies between two levels.
    assert np.abs(large.astype(int) - small).max() <= 1
    assert np.mean(large != small) < 1e-3


def test_a_system_that_sees_the_whole_image_says_so(capsys):
    def mean(lr, scale):
        lr = jnp.asarray(lr)
        whole = jnp.repeat(jnp.repeat(lr, scale, axis=1), scale, axis=2)
        return whole * 0 + lr.mean(axis=(1, 2), keepdims=True)

    system = restoring("mean", "mean_weights", mean)
    found = Enlarger(system, {"scale": 2}, 1e4)(Picture.of(np.full((40, 30, 1), 100, np.uint8)))
    assert np.unique(found.pixels) == [100]
    assert "mean_weights looks at the whole image" in capsys.readouterr().out


def test_what_cannot_be_read_is_told_after_the_others_are_written(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    wanted = picture(tmp_path / "b.png", (6, 5, 3))
    pairs = outputs_of([tmp_path], None, "x2")
    with pytest.raises(ValueError, match=r"1 of 2 not done: .*a\.png"):
        enlarge_files(NEAREST, pairs)
    np.testing.assert_array_equal(images.read(tmp_path / "b_x2.png").pixels[::2, ::2], wanted)
    assert not (tmp_path / "a_x2.png").exists()


def test_one_picture_that_fails_is_named_and_the_others_are_done(tmp_path):
    def refuses_small(lr, scale):
        if min(lr.shape[1:3]) < 4:
            raise ValueError("lr: too small")
        return interpolation("nearest").pure({"image": lr}, scale=scale)["image"]

    for name, size in (("a", 8), ("b", 2), ("c", 8)):
        picture(tmp_path / f"{name}.png", (size, size, 3))
    pairs = outputs_of([tmp_path], None, "x2")
    enlarger = Enlarger(restoring("choosy", "none", refuses_small), {"scale": 2}, 2e9)
    with pytest.raises(ValueError, match=r"1 of 3 not done: .*b\.png -> .*lr: too small"):
        enlarge_files(enlarger, pairs)
    assert (tmp_path / "a_x2.png").exists()
    assert (tmp_path / "c_x2.png").exists()
    assert not (tmp_path / "b_x2.png").exists()


def test_a_denoiser_keeps_the_size():
    def halve(noisy, sigma):
        return noisy * sigma / 50

    system = restoring("halve", "none", halve, "sigma")
    grey = Picture.of(np.full((9, 12, 3), 100, np.uint8))
    found = Enlarger(system, {"sigma": 25}, 2e9)(grey).pixels
    assert (found.shape, np.unique(found).tolist()) == ((9, 12, 3), [50])


def disc(side=64, colour=(250, 220, 0)):
    """A disc on transparent black; its edge is smooth in alpha alone."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    alpha = np.clip(side / 3 - np.hypot(rows, columns) + 0.5, 0, 1)
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[alpha > 0, :3] = colour
    pixels[..., 3] = np.round(255 * alpha)
    return pixels


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize(
    ("weights", "memory"),
    [("bicubic", 2e9), ("bicubic", 2e6), ("edsr_light_x4", 2e9), ("edsr_light_x4", 1.8e6)],
)
def test_colours_under_transparency_do_not_bleed(weights, memory, wrap):
    enlarger = Enlarger(open_system(weights), {"scale": 4}, memory, wrap)
    found = enlarger(Picture.of(disc())).pixels.astype(int)
    seen = found[..., 3] >= 64
    assert seen.sum() > 10000
    assert np.abs(found[seen][:, :3] - [250, 220, 0]).max() <= 8


def test_filling_takes_the_nearest_colour():
    pixels = np.zeros((9, 9, 2), np.uint8)
    pixels[2, 3], pixels[7, 6] = (10, 255), (20, 1)
    found = filled_outwards(pixels)
    for row, column in np.ndindex(9, 9):
        near, far = np.hypot(row - 2, column - 3), np.hypot(row - 7, column - 6)
        if near != far:
            assert found[row, column, 0] == (10 if near < far else 20)
    np.testing.assert_array_equal(found[..., 1], pixels[..., 1])


@pytest.mark.parametrize("memory", [2e9, 1e5])
def test_bands_are_restored_one_by_one(memory):
    pixels = GENERATOR.integers(0, 256, (40, 50, 13)).astype(np.uint8)
    enlarger = Enlarger(open_system("bicubic"), {"scale": 2}, memory)
    found = enlarger(Picture(pixels, alpha=False, white=255)).pixels
    assert found.shape == (80, 100, 13)
    for band in (0, 12):
        alone = enlarger(Picture.of(pixels[..., band : band + 1])).pixels
        np.testing.assert_array_equal(found[..., band : band + 1], alone)


def test_levels_and_floats_stay_what_they_are():
    floats = GENERATOR.random((12, 10, 3), np.float32)
    expected = NEAREST(Picture(floats, alpha=False, white=1)).pixels
    assert expected.dtype == np.float32
    np.testing.assert_array_equal(expected[::2, ::2], floats)
    twelve_bits = np.round(floats * 4095).astype(np.uint16)
    smooth = Enlarger(interpolation("bicubic"), {"scale": 2}, 2e9)
    found = smooth(Picture(twelve_bits, alpha=False, white=4095))
    wanted = smooth(Picture(twelve_bits / np.float32(4095), alpha=False, white=1)).pixels
    assert np.abs(found.pixels - 4095 * wanted).max() <= 0.501


@pytest.mark.parametrize("memory", [2e9, 2e6])
@pytest.mark.parametrize("shape", [(40, 33, 3), (40, 33, 4), (5, 6, 3)])
def test_a_texture_that_repeats_is_restored_without_seams(shape, memory):
    pixels = GENERATOR.integers(1, 256, shape).astype(np.uint8)
    system = open_system("edsr_light_x2")
    found = Enlarger(system, {"scale": 2}, memory, wrap=True)(Picture.of(pixels)).pixels
    # The middle of so many repetitions lies further from every edge than the 19 pixels it sees.
    around = math.ceil(19 / min(shape[:2]))
    repeated = np.tile(pixels, (1 + 2 * around, 1 + 2 * around, 1))
    height, width = (2 * n for n in shape[:2])
    whole = Enlarger(system, {"scale": 2}, 2e9)(Picture.of(repeated)).pixels
    middle = whole[around * height :, around * width :][:height, :width]
    assert np.abs(found.astype(int) - middle).max() <= 1
    assert np.abs(found.astype(int) - whole[:height, :width]).max() > 1


def test_edges_do_not_wrap_where_a_system_looks_at_everything():
    origin = Origin("trained here")
    system = System("learns", "from_the_picture", interpolation("nearest").apply, origin)
    with pytest.raises(ValueError, match="edges don't wrap: from_the_picture looks at the whole"):
        Enlarger(system, {"scale": 2}, 2e9, wrap=True)(Picture.of(np.zeros((8, 8, 3), np.uint8)))


def whole_picture():
    """A system known to look at all of a picture: colours are turned round, grey is three."""
    turned = lambda inputs, scale: {"image": inputs["image"][..., ::-1]}  # noqa: E731
    return System(
        "turned",
        "turned_colours",
        turned,
        Origin("trained here"),
        takes={"image": field(3)},
        options={"scale": (1,)},
        pure=turned,
        whole="norms are of the whole picture",
    )


def test_what_is_known_to_look_at_the_whole_picture_is_not_measured(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(console, "_said", set())
    for measure in ("largest_tile", "receptive_radius"):
        monkeypatch.setattr(parts, measure, None)
    pictures = {
        name: picture(tmp_path / name, (n, 9, 3)) for name, n in (("a.png", 5), ("b.png", 70))
    }
    enlarge_files(Enlarger(whole_picture(), {"scale": 1}, 1.0), outputs_of([tmp_path], None, "x1"))
    lines = [line for line in capsys.readouterr().out.splitlines() if "tiles" in line]
    assert lines == [
        "turned_colours: no picture is cut into tiles, whatever memory it takes, as norms are of "
        "the whole picture"
    ]
    for name, pixels in pictures.items():
        found = images.read((tmp_path / name).with_stem(f"{name[0]}_x1")).pixels
        np.testing.assert_array_equal(found, pixels[..., ::-1])


def test_grey_is_given_as_colours_where_these_alone_are_taken():
    enlarger = Enlarger(whole_picture(), {"scale": 1}, 2e9)
    grey = GENERATOR.integers(1, 256, (6, 5, 2)).astype(np.uint8)
    found = enlarger(dataclasses.replace(Picture.of(grey), profile=b"of grey"))
    assert (found.alpha, found.profile) == (True, None)
    np.testing.assert_array_equal(found.pixels, grey[..., [0, 0, 0, 1]])
    with pytest.raises(ValueError, match="it has 5 bands; turned_colours takes colours, or grey"):
        enlarger(Picture(np.zeros((6, 5, 5), np.uint8), alpha=False, white=255))


def test_edges_do_not_wrap_where_the_whole_picture_is_known_to_count():
    enlarger = Enlarger(whole_picture(), {"scale": 1}, 2e9, wrap=True)
    with pytest.raises(ValueError, match="edges don't wrap: turned_colours looks at the whole"):
        enlarger(Picture.of(np.zeros((8, 8, 3), np.uint8)))


def test_a_chain_looks_at_what_its_parts_look_at():
    for first, second in ((whole_picture(), NEAREST_SYSTEM), (NEAREST_SYSTEM, whole_picture())):
        assert chain(first, second).whole == whole_picture().whole


@pytest.mark.slow
def test_a_network_without_norms_is_cut_into_tiles():
    """SpA-GAN's: head, 17 blocks of one 3x3 convolution of dilation 2, tail."""
    system = open_system("spagan_rice1")
    pixels = Picture.of(GENERATOR.integers(0, 256, (200, 160, 3)).astype(np.uint8))
    small = Enlarger(system, {"scale": 1}, 3e7)
    assert small._restorer.radius(3) == 1 + 17 * 2 + 1
    assert small._restorer.largest_tile(3) < 160
    found = small(pixels).pixels.astype(int)
    whole = Enlarger(system, {"scale": 1}, 2e9)(pixels).pixels
    assert np.abs(found - whole).max() <= 1


def test_pages_are_restored_into_one_file(tmp_path):
    pages = [Picture.of(GENERATOR.integers(0, 256, (6, n, 3)).astype(np.uint8)) for n in (5, 8)]
    images.write_pages(tmp_path / "a.tif", pages)
    pairs = outputs_of([tmp_path], None, "x2")
    with pytest.raises(ValueError, match=r"a\.tif holds several pages or frames; .*--pages"):
        enlarge_files(NEAREST, pairs)
    enlarge_files(NEAREST, pairs, pages=True)
    found = list(images.read_pages(tmp_path / "a_x2.tif"))
    for page, again in zip(pages, found, strict=True):
        np.testing.assert_array_equal(again.pixels[::2, ::2], page.pixels)


def test_what_the_output_does_not_hold_is_told(tmp_path, capsys):
    picture = Picture(np.zeros((4, 4, 3), np.uint8), False, 255, dpi=(300, 300))
    images.write(tmp_path / "a.png", picture)
    enlarge_files(NEAREST, [(tmp_path / "a.png", tmp_path / "b.webp")])
    assert "b.webp, without the DPI" in capsys.readouterr().out
    enlarge_files(NEAREST, outputs_of([tmp_path / "a.png"], None, "x2"))
    assert images.read(tmp_path / "a_x2.png").dpi == pytest.approx((300, 300), abs=0.01)
    assert images.software(tmp_path / "a_x2.png") == SOFTWARE
