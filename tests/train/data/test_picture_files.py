"""Bands, levels, pages, and what files say of their colours."""

import struct
import zlib

import numpy as np
import png
import pytest
import tifffile
from PIL import Image, ImageCms, PngImagePlugin

from train.data import images
from train.data.images import Picture

GENERATOR = np.random.default_rng(0)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def noise(*shape, dtype=np.uint8, below=None):
    return GENERATOR.integers(0, below or np.iinfo(dtype).max + 1, shape).astype(dtype)


def contiguous(path, pixels, **options):
    options = {"photometric": "minisblack", "planarconfig": "contig", **options}
    tifffile.imwrite(path, pixels, **options)


def test_bands_of_a_tiff_stay_bands(tmp_path):
    pixels = noise(12, 16, 13)
    contiguous(tmp_path / "together.tif", pixels)
    contiguous(tmp_path / "apart.tif", np.moveaxis(pixels, -1, 0), planarconfig="separate")
    for name in ("together", "apart"):
        picture = images.read(tmp_path / f"{name}.tif")
        np.testing.assert_array_equal(picture.pixels, pixels)
        assert (picture.bands, picture.alpha) == (13, False)


def test_a_fourth_band_is_alpha_only_where_the_tiff_says_so(tmp_path):
    for kind, alpha in (("unspecified", False), ("unassalpha", True)):
        path = tmp_path / f"{kind}.tif"
        tifffile.imwrite(path, noise(8, 9, 4), photometric="rgb", extrasamples=[kind])
        assert images.read(path).alpha == alpha


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_multiplied_by_alpha_are_divided_by_it(dtype, tmp_path):
    white = np.iinfo(dtype).max
    pixels = np.full((4, 5, 4), [white // 4, white // 8, 0, white // 2], dtype)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", extrasamples=["assocalpha"])
    found = images.read(path).pixels[0, 0] / white
    np.testing.assert_allclose(found, [0.5, 0.25, 0, 0.5], atol=0.01)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_deep_tiff_is_turned_as_pillow_turns_a_shallow_one(orientation, tmp_path):
    deep = noise(5, 7, 3, dtype=np.uint16)
    tag = [(274, 3, 1, orientation, True)]
    tifffile.imwrite(tmp_path / "deep.tif", deep, photometric="rgb", extratags=tag)
    shallow = (deep >> 8).astype(np.uint8)
    tifffile.imwrite(tmp_path / "shallow.tif", shallow, photometric="rgb", extratags=tag)
    found = images.read(tmp_path / "deep.tif").pixels >> 8
    np.testing.assert_array_equal(found, images.read(tmp_path / "shallow.tif").pixels)


@pytest.mark.parametrize("shape", [(6, 16, 13), (9, 10, 11, 3)])
def test_pages_of_a_tiff_are_not_one_picture(shape, tmp_path):
    pixels = noise(*shape)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    with pytest.raises(images.UnreadableImage, match=r"a\.tif holds several pages.*--pages"):
        images.read(tmp_path / "a.tif")
    found = [page.pixels.squeeze() for page in images.read_pages(tmp_path / "a.tif")]
    np.testing.assert_array_equal(found, pixels)


def test_pages_behind_one_description_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", noise(5, 8, 8), metadata={"axes": "ZYX"}, truncate=True)
    assert len(tifffile.TiffFile(tmp_path / "a.tif").pages) == 1
    with pytest.raises(images.UnreadableImage, match=r"a stack of .*5, 8, 8.* behind one page"):
        images.read(tmp_path / "a.tif")


def test_smaller_copies_in_a_tiff_are_no_pages(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(noise(16, 16, 3), photometric="rgb")
        file.write(noise(8, 8, 3), photometric="rgb", subfiletype=1)
    assert images.read(tmp_path / "a.tif").pixels.shape == (16, 16, 3)


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_frames_are_read_and_written_back(suffix, tmp_path):
    # Blocks of few colours, which a palette holds.
    frames = [np.kron(noise(2, 3, 3), np.ones((4, 4, 1), np.uint8)) for _ in range(3)]
    first, *others = map(Image.fromarray, frames)
    options = {"lossless": True} if suffix == ".webp" else {}
    path = tmp_path / f"a{suffix}"
    first.save(path, save_all=True, append_images=others, duration=[40, 80, 120], **options)
    with pytest.raises(images.UnreadableImage, match=r"several pages or frames"):
        images.read(path)
    pages = list(images.read_pages(path))
    assert [page.duration for page in pages] == [40, 80, 120]
    images.write_pages(tmp_path / "b.png", pages)
    with Image.open(tmp_path / "b.png") as file:
        assert file.n_frames == 3
        for index, frame in enumerate(frames):
            file.seek(index)
            assert file.info["duration"] == [40, 80, 120][index]
            np.testing.assert_array_equal(np.asarray(file.convert("RGB")), frame)


def test_pages_of_several_sizes_are_read_and_written_back(tmp_path):
    pages = [Picture.of(noise(6, 9, 3)), Picture.of(noise(4, 5, 1, dtype=np.uint16))]
    images.write_pages(tmp_path / "a.tif", pages)
    found = list(images.read_pages(tmp_path / "a.tif"))
    for page, again in zip(pages, found, strict=True):
        np.testing.assert_array_equal(again.pixels, page.pixels)
    with pytest.raises(ValueError, match=r"a\.webp: 2 pages are written as \.tif"):
        images.write_pages(tmp_path / "a.webp", [pages[0], pages[0]])


@pytest.mark.parametrize("suffix", [".tif", ".npy", ".npz"])
def test_floats_are_read_as_they_were_written(suffix, tmp_path):
    pixels = GENERATOR.random((6, 7, 5), np.float32)
    picture = Picture(pixels, alpha=False, white=1)
    images.write(tmp_path / f"a{suffix}", picture)
    found = images.read(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(found.pixels, pixels)
    assert found.white == 1
    # By programs of others, doubles and bytes in the other order among them.
    for dtype in (np.float64, ">f4"):
        other = {
            ".tif": lambda path, x: contiguous(path, x),
            ".npy": np.save,
            ".npz": lambda path, x: np.savez(path, x),
        }[suffix]
        other(tmp_path / f"b{suffix}", pixels.astype(dtype))
        np.testing.assert_array_equal(images.read(tmp_path / f"b{suffix}").pixels, pixels)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.float32([[0.5, 1.5]]), r"from 0\.5 to 1\.5; wanted 0 to 1 .*--levels"),
        (np.float32([[0.5, -0.1]]), r"from -0\.1 to 0\.5"),
        (np.float32([[0.5, np.nan]]), "nan"),
        (np.int64([[1, 2]]), "int64"),
        (np.zeros((2, 2, 2, 2, 2), np.uint8), r"shape \(2, 2, 2, 2, 2\)"),
        (np.array([{}], object), "allow_pickle"),
    ],
)
def test_arrays_that_are_no_picture_are_refused_by_name(array, words, tmp_path):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(images.UnreadableImage, match=rf"a\.npy can't be read: .*{words}"):
        images.read(tmp_path / "a.npy")


def test_an_archive_of_several_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 4)), y=np.zeros((4, 4)))
    with pytest.raises(images.UnreadableImage, match=r"2 arrays \(x, y\)"):
        images.read(tmp_path / "a.npz")


def test_levels_say_what_white_is(tmp_path):
    path = tmp_path / "a.tif"
    contiguous(path, np.uint16([[0, 8192, 16383]]))
    picture = images.read(path, levels=16383)
    assert images.to_uint8(picture.pixels, picture.white).ravel().tolist() == [0, 128, 255]
    np.testing.assert_allclose(
        images.to_float(picture.pixels, picture.white).ravel(), [0, 8192 / 16383, 1], rtol=1e-7
    )
    with pytest.raises(images.UnreadableImage, match=r"from 0 to 16383; wanted 0 to 4095"):
        images.read(path, levels=4095)
    contiguous(path, np.uint8([[0, 255]]))
    with pytest.raises(images.UnreadableImage, match=r"levels=4095: its uint8 end at 255"):
        images.read(path, levels=4095)


@pytest.mark.parametrize("white", [255, 1023, 4095, 16383, 65535])
def test_levels_go_to_floats_and_back_exactly(white):
    levels = np.arange(white + 1, dtype=np.uint16)
    floats = images.to_float(levels, white)
    np.testing.assert_array_equal(floats, (levels / np.float64(white)).astype(np.float32))
    np.testing.assert_array_equal(images.from_float(floats, np.uint16, white), levels)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_a_transparent_grey_becomes_alpha(depth, tmp_path):
    levels = np.uint16([[0, 1, 2**depth - 1, 1]])
    with (tmp_path / "a.png").open("wb") as file:
        png.Writer(4, 1, greyscale=True, bitdepth=depth, transparent=1).write(file, levels.tolist())
    pixels = images.read(tmp_path / "a.png").pixels
    white = np.iinfo(pixels.dtype).max
    np.testing.assert_array_equal(pixels[0, :, 1] == 0, levels[0] == 1)
    np.testing.assert_array_equal(pixels[0, :, 0], levels[0] * (white // (2**depth - 1)))


def test_a_transparent_colour_becomes_alpha(tmp_path):
    pixels = np.uint8([[[255, 0, 255], [9, 9, 9]]])
    Image.fromarray(pixels).save(tmp_path / "a.png", transparency=(255, 0, 255))
    assert images.read(tmp_path / "a.png").pixels[0].tolist() == [[255, 0, 255, 0], [9, 9, 9, 255]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_profile_and_dpi_are_written_and_read(suffix, dtype, tmp_path):
    path = tmp_path / f"a{suffix}"
    picture = Picture(noise(4, 5, 3, dtype=dtype), False, np.iinfo(dtype).max, PROFILE, (300, 72))
    images.write(path, picture, "a program")
    found = images.read(path)
    assert found.profile == PROFILE
    assert found.dpi == pytest.approx((300, 72), abs=0.01)
    assert images.software(path) == "a program"
    assert not images.lost(path, picture)
    if dtype == np.uint8:
        with Image.open(path) as file:
            assert file.info["icc_profile"] == PROFILE
            assert file.info["dpi"] == pytest.approx((300, 72), abs=0.01)


def test_a_photograph_keeps_profile_dpi_and_mark(tmp_path):
    for suffix in (".jpg", ".webp"):
        path = tmp_path / f"a{suffix}"
        picture = Picture(noise(16, 16, 3), False, 255, PROFILE, (300, 300))
        images.write(path, picture, "a program")
        assert images.read(path).profile == PROFILE
        assert images.software(path) == "a program"
        assert images.lost(path, picture) == ([] if suffix == ".jpg" else ["the DPI"])
    assert images.read(tmp_path / "a.jpg").dpi == (300, 300)


def test_what_is_not_kept_is_in_words(tmp_path):
    cmyk = bytearray(PROFILE)
    cmyk[16:20] = b"CMYK"
    Image.new("CMYK", (8, 8)).save(tmp_path / "a.jpg", icc_profile=bytes(cmyk))
    found = images.read(tmp_path / "a.jpg")
    assert (found.profile, found.unkept) == (None, ("a profile of CMYK colours",))
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"gAMA", struct.pack(">I", 100000))
    Image.new("RGB", (8, 8)).save(tmp_path / "b.png", pnginfo=chunks)
    assert images.lost(tmp_path / "c.png", images.read(tmp_path / "b.png")) == ["a gamma of 1"]
    geo = [(33550, 12, 3, (10.0, 10.0, 0.0), True), (33922, 12, 6, (0.0,) * 6, True)]
    geo += [(34735, 3, 4, (1, 1, 0, 0), True)]
    contiguous(tmp_path / "d.tif", noise(4, 4), planarconfig=None, extratags=geo)
    assert images.read(tmp_path / "d.tif").unkept == ("the place on Earth (GeoTIFF)",)


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "words"),
    [
        ("a.jpg", (4, 4, 4), np.uint8, "alpha is written as"),
        ("a.bmp", (4, 4, 2), np.uint8, "alpha is written as"),
        ("a.ppm", (4, 4, 4), np.uint8, "alpha is written as"),
        ("a.png", (4, 4, 5), np.uint8, "5 bands are written as"),
        ("a.webp", (4, 4, 3), np.uint16, "16 bits are written as"),
        ("a.png", (4, 4, 3), np.float32, "floats are written as"),
        ("a.heic", (4, 4, 3), np.uint8, "known endings"),
    ],
)
def test_pixels_that_a_format_does_not_hold_are_refused(name, shape, dtype, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        images.write(tmp_path / name, np.zeros(shape, dtype))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_of_any_filter_is_what_other_programs_read(channels, dtype, tmp_path):
    # A smooth ramp, noise and flat rows: each of the five filters is the best of some rows.
    ramp = np.linspace(0, np.iinfo(dtype).max, 40)[:, None, None] * np.linspace(0, 1, 50)[:, None]
    pixels = np.broadcast_to(ramp, (40, 50, channels)).astype(dtype)
    pixels = np.concatenate([pixels, noise(9, 50, channels, dtype=dtype), 0 * pixels])
    images.write(tmp_path / "a.png", pixels)
    if dtype == np.uint8:
        with Image.open(tmp_path / "a.png") as file:
            found = np.asarray(file).reshape(pixels.shape)
    else:
        _, _, rows, _ = png.Reader(filename=str(tmp_path / "a.png")).read()
        found = np.array([list(row) for row in rows], dtype).reshape(pixels.shape)
    np.testing.assert_array_equal(found, pixels)
    # At most as large as without a filter.
    plain = zlib.compress(pixels.astype(np.dtype(dtype).newbyteorder(">")).tobytes())
    assert (tmp_path / "a.png").stat().st_size < 1.1 * len(plain)
