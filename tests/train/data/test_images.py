import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from train.data import images
from train.data.patch_data import patches


def noise(*shape, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def deep_png(path, pixels):
    """Writes a 16-bit PNG from the specification alone."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    height, width, channels = pixels.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


RGB, GREY = noise(40, 50, 3), noise(40, 50, 1)


def write_truncated(path):
    Image.fromarray(RGB).save(path)
    path.write_bytes(path.read_bytes()[:2000])


def write_palette(path):
    Image.fromarray(RGB).quantize(16).save(path)


# ruff: noqa: E501
CASES = {
    # name: (file, how it is written, shape and type when read, or the words of the refusal)
    "rgb": ("a.png", lambda p: Image.fromarray(RGB).save(p), ((40, 50, 3), np.uint8)),
    "grey": ("a.png", lambda p: Image.fromarray(GREY[..., 0]).save(p), ((40, 50, 1), np.uint8)),
    "bilevel": ("a.png", lambda p: Image.fromarray(GREY[..., 0] > 99).save(p), ((40, 50, 1), np.uint8)),
    "alpha": ("a.png", lambda p: Image.fromarray(noise(40, 50, 4)).save(p), ((40, 50, 4), np.uint8)),
    "grey alpha": ("a.png", lambda p: Image.fromarray(noise(40, 50, 2)).save(p), ((40, 50, 2), np.uint8)),
    "palette": ("a.png", write_palette, ((40, 50, 3), np.uint8)),
    "cmyk": ("a.jpg", lambda p: Image.fromarray(RGB).convert("CMYK").save(p), ((40, 50, 3), np.uint8)),
    "16-bit grey": ("a.png", lambda p: deep_png(p, noise(40, 50, 1, dtype=np.uint16)), ((40, 50, 1), np.uint16)),
    "16-bit rgb": ("a.png", lambda p: deep_png(p, noise(40, 50, 3, dtype=np.uint16)), ((40, 50, 3), np.uint16)),
    "16-bit alpha": ("a.png", lambda p: deep_png(p, noise(40, 50, 4, dtype=np.uint16)), ((40, 50, 4), np.uint16)),
    "16-bit tiff": ("a.tif", lambda p: tifffile.imwrite(p, noise(40, 50, 3, dtype=np.uint16)), ((40, 50, 3), np.uint16)),
    "16-bit pgm": ("a.pgm", lambda p: p.write_bytes(b"P5 50 40 65535\n" + noise(40, 50, 1, dtype=np.uint16).tobytes()), ((40, 50, 1), np.uint16)),
    "16-bit ppm": ("a.ppm", lambda p: p.write_bytes(b"P6 50 40 65535\n" + noise(40, 50, 3, dtype=np.uint16).tobytes()), "16-bit colours"),
    "ppm": ("a.ppm", lambda p: Image.fromarray(RGB).save(p), ((40, 50, 3), np.uint8)),
    "1x1": ("a.png", lambda p: Image.fromarray(RGB[:1, :1]).save(p), ((1, 1, 3), np.uint8)),
    "very wide": ("a.png", lambda p: Image.fromarray(noise(2, 30000, 3)).save(p), ((2, 30000, 3), np.uint8)),
    "truncated": ("a.png", write_truncated, "can't be read"),
    "empty": ("a.png", lambda p: p.write_bytes(b""), "not an image"),
    "no image": ("a.jpg", lambda p: p.write_text("hello"), "not an image"),
    "float tiff": ("a.tif", lambda p: tifffile.imwrite(p, np.zeros((4, 4), np.float32)), ((4, 4, 1), np.float32)),
    "damaged tiff": ("a.tif", lambda p: p.write_bytes(b"II*\0nonsense"), "can't be read"),
    "cmyk tiff": ("a.tif", lambda p: Image.fromarray(RGB).convert("CMYK").save(p), ((40, 50, 3), np.uint8)),
    "16-bit cmyk tiff": ("a.tif", lambda p: tifffile.imwrite(p, noise(9, 9, 4, dtype=np.uint16), photometric="separated"), "SEPARATED"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_files_are_read_or_refused_by_name(case, tmp_path):
    name, write, expected = CASES[case]
    path = tmp_path / name
    write(path)
    if isinstance(expected, str):
        with pytest.raises(images.UnreadableImage, match=expected) as refused:
            images.read(path)
        assert str(path) in str(refused.value)
        return
    image = images.read(path).pixels
    assert (image.shape, image.dtype) == expected


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bits_are_read_exactly(channels, tmp_path):
    pixels = noise(7, 5, channels, dtype=np.uint16)
    deep_png(tmp_path / "a.png", pixels)
    np.testing.assert_array_equal(images.read(tmp_path / "a.png").pixels, pixels)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_what_is_written_is_read_back(channels, dtype, suffix, tmp_path):
    pixels = noise(6, 9, channels, dtype=dtype)
    images.write(tmp_path / f"a{suffix}", pixels)
    np.testing.assert_array_equal(images.read(tmp_path / f"a{suffix}").pixels, pixels)
    assert [p.name for p in tmp_path.iterdir()] == [f"a{suffix}"]


def test_colours_of_a_cmyk_file_are_those_pillow_shows(tmp_path):
    smooth = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 32, 0).repeat(3, 2)
    Image.fromarray(smooth).convert("CMYK").save(tmp_path / "a.jpg", quality=100)
    assert np.abs(images.read(tmp_path / "a.jpg").pixels.astype(int) - smooth).max() <= 3


def test_levels_round_trip_and_round_half_up():
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(images.from_float(images.to_float(levels)), levels)
    deep = np.arange(65536, dtype=np.uint16)
    np.testing.assert_array_equal(
        images.to_uint8(deep), np.floor(deep / 257 + 0.5).astype(np.uint8)
    )
    assert images.from_float(np.array([-1.0, 0.5 / 255, 2.0])).tolist() == [0, 1, 255]


@pytest.fixture
def mixed_folder(tmp_path):
    for name in (
        "rgb",
        "alpha",
        "16-bit grey",
        "palette",
        "cmyk",
        "truncated",
        "no image",
        "1x1",
        "very wide",
    ):
        file, write, _ = CASES[name]
        write(tmp_path / f"{name}_{file}")
    return tmp_path


@pytest.mark.parametrize("storage", ["resident", "streamed"])
def test_a_folder_with_unusable_files_stops_or_skips(storage, mixed_folder, capsys):
    values = {"batch_size": 64, "patch_size": 24, "seed": 0, "storage": storage}
    with pytest.raises(ValueError, match=r"truncated|no image|1x1|very wide"):
        patches(images=str(mixed_folder), **values).host_batch(0)
    data = patches(images=str(mixed_folder), on_error="skip", **values)
    if storage == "streamed":
        assert data.host_batch(0)["image"].shape == (64, 24, 24, 3)
        assert "skipped" in capsys.readouterr().out
    else:
        assert len(data.arrays["sizes"]) == 5
        assert "skipped 4 of 9" in capsys.readouterr().out


def test_a_folder_without_images_says_so(tmp_path):
    with pytest.raises(ValueError, match="holds no image"):
        images.image_files(tmp_path)
    with pytest.raises(ValueError, match="not a folder"):
        images.image_files(tmp_path / "nowhere")
