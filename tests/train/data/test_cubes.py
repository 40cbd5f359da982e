"""Cubes in and out of every format, against bytes laid out by hand."""

import dataclasses

import numpy as np
import pytest
import tifffile
from scipy import io

from train.data.cubes import (
    Cube,
    cube_files,
    false_colours,
    paths_written,
    read_cube,
    write_cube,
)
from train.data.data_sets import data_set

SHAPE = (5, 7, 4)
TYPES = ["u1", "<i2", ">i2", "<u2", ">i4", "<u4", "<f4", ">f4", "<f8", "<i8", ">u8"]
CODES = {"u1": 1, "i2": 2, "i4": 3, "f4": 4, "f8": 5, "u2": 12, "u4": 13, "i8": 14, "u8": 15}
INTERLEAVES = {"bsq": (2, 0, 1), "bil": (0, 2, 1), "bip": (0, 1, 2)}


def numbers(dtype="<i2", shape=SHAPE):
    values = np.random.default_rng(0).permutation(np.arange(np.prod(shape))).reshape(shape)
    return (values + 3).astype(dtype)


def envi(folder, pixels, interleave="bil", *, name="a", raw=".raw", offset=0, **others):
    """Writes a header and its file, the numbers laid out by hand."""
    dtype = np.dtype(pixels.dtype)
    entries = {
        "samples": pixels.shape[1],
        "lines": pixels.shape[0],
        "bands": pixels.shape[2],
        "header offset": offset,
        "data type": CODES[dtype.str[1:]],
        "interleave": interleave,
        "byte order": int(dtype.str[0] == ">"),
        **{key.replace("_", " "): value for key, value in others.items()},
    }
    words = [f"{key} = {value}" for key, value in entries.items() if value is not None]
    (folder / f"{name}.hdr").write_text("ENVI\n" + "\n".join(words) + "\n")
    data = pixels.transpose(INTERLEAVES[interleave]).tobytes()
    (folder / f"{name}{raw}").write_bytes(b"x" * offset + data)
    return folder / f"{name}.hdr"


def again(path, to, cube):
    """What a cube is once written and read, and whether the bytes are those of the first file."""
    write_cube(to, cube)
    pairs = zip(*(paths_written(p, cube.stored.kept.get("raw_suffix", "")) for p in (path, to)),
                strict=True)  # fmt: skip
    return all(first.read_bytes() == second.read_bytes() for first, second in pairs)


@pytest.mark.parametrize("interleave", INTERLEAVES)
@pytest.mark.parametrize("dtype", TYPES)
def test_envi_is_read_and_written_to_the_byte(dtype, interleave, tmp_path):
    pixels = numbers(dtype)
    words = "{\n 0.4, 0.5,\n 0.6, 0.7}"
    path = envi(
        *(tmp_path, pixels, interleave),
        **{"offset": 11, "wavelength": words, "wavelength_units": "Micrometers"},
        **{"reflectance_scale_factor": 10000, "description": "{\n lines = 3\n ; of Åland}"},
    )
    cube = read_cube(path)
    np.testing.assert_array_equal(cube.pixels, pixels)
    assert cube.pixels.dtype == pixels.dtype
    np.testing.assert_allclose(cube.wavelengths, [400, 500, 600, 700])
    np.testing.assert_array_equal(read_cube(tmp_path / "a.raw").pixels, pixels)
    assert again(path, tmp_path / "out/b.hdr", cube)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["b.hdr", "b.raw"]
    negative = dataclasses.replace(cube, pixels=cube.pixels[::-1])
    write_cube(tmp_path / "out/b.raw", negative)
    np.testing.assert_array_equal(read_cube(tmp_path / "out/b.hdr").pixels, pixels[::-1])


@pytest.mark.parametrize("raw", ["", ".img", ".DAT", ".bsq", ".bil", ".bip"])
def test_the_file_beside_a_header_has_any_of_its_endings(raw, tmp_path):
    path = envi(tmp_path, numbers(), raw=raw, name="a.b")
    for file in (path, tmp_path / f"a.b{raw}"):
        np.testing.assert_array_equal(read_cube(file).pixels, numbers())
    assert again(path, tmp_path / "c.d.hdr", read_cube(path))
    path.rename(tmp_path / f"a.b{raw}.hdr")
    np.testing.assert_array_equal(read_cube(tmp_path / f"a.b{raw}").pixels, numbers())
    assert tmp_path / f"a.b{raw}.hdr" in cube_files(tmp_path)


def test_a_header_without_units_and_one_of_no_wavelengths(tmp_path):
    words = "{1000, 1500, 2000, 2500}"
    found = read_cube(envi(tmp_path, numbers(), wavelength=words)).wavelengths
    np.testing.assert_array_equal(found, [1000, 1500, 2000, 2500])
    for unit in ("Index", "Wavenumber"):
        path = envi(tmp_path, numbers(), wavelength=words, wavelength_units=unit)
        assert read_cube(path).wavelengths is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bands": None}, r"a\.hdr: bands = missing; wanted a whole number"),
        ({"lines": "five"}, "lines = five"),
        ({"samples": 0}, "lines, samples, bands = 5, 0, 4"),
        ({"data_type": 6}, "data type = 6"),
        ({"byte_order": 2}, "byte order = 2"),
        ({"bands": 5}, r"a\.raw has 280 bytes; the header says 350"),
        ({"header_offset": 1}, "has 280 bytes; the header says 281"),
        ({"wavelength": "{a, b}"}, "wavelength = a, b"),
    ],
)
def test_headers_that_are_wrong_are_refused(changes, words, tmp_path):
    path = envi(tmp_path, numbers())
    text = path.read_text().splitlines()
    for key, value in changes.items():
        name = key.replace("_", " ")
        text = [line for line in text if not line.startswith(name)]
        text += [] if value is None else [f"{name} = {value}"]
    path.write_text("\n".join(text))
    with pytest.raises(ValueError, match=words):
        read_cube(path)


def test_envi_files_that_are_missing_or_too_many_are_told(tmp_path):
    path = envi(tmp_path, numbers())
    with pytest.raises(ValueError, match=r"band_axis=first: .*the bands are middle"):
        read_cube(path, 0)
    assert read_cube(path, 1).bands == 4
    (tmp_path / "a.img").write_bytes(b"")
    with pytest.raises(ValueError, match=r"a\.hdr: wanted one raw file .*found a\.img, a\.raw"):
        read_cube(path)
    for file in (tmp_path / "a.img", tmp_path / "a.raw"):
        file.unlink()
    with pytest.raises(ValueError, match="found none"):
        read_cube(path)
    (tmp_path / "b.bil").write_bytes(b"")
    with pytest.raises(ValueError, match=r"wanted the ENVI header b\.bil\.hdr or b\.hdr"):
        read_cube(tmp_path / "b.bil")
    (tmp_path / "c.hdr").write_text("#?RADIANCE")
    with pytest.raises(ValueError, match=r"c\.hdr: it is no header of ENVI"):
        read_cube(tmp_path / "c.hdr")


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("suffix", [".mat", ".npy", ".npz"])
@pytest.mark.parametrize("dtype", ["u1", "<u2", "<f4", "<f8"])
def test_arrays_are_read_and_written_on_their_axis(dtype, suffix, axis, tmp_path):
    pixels = numbers(dtype)
    array = np.moveaxis(pixels, -1, axis)
    path, out = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    arrays = {"Y": array, "other": np.arange(6.0).reshape(2, 3), "words": np.array("Samson")}
    {
        ".mat": lambda: io.savemat(path, arrays),
        ".npy": lambda: np.save(path, array),
        ".npz": lambda: np.savez(path, **arrays),
    }[suffix]()
    cube = read_cube(path, axis)
    np.testing.assert_array_equal(cube.pixels, pixels)
    assert cube.pixels.dtype == pixels.dtype
    write_cube(out, dataclasses.replace(cube, pixels=cube.pixels[::-1]))
    written = {".mat": io.loadmat, ".npy": lambda p: {"Y": np.load(p)}, ".npz": np.load}[suffix](
        out
    )
    np.testing.assert_array_equal(written["Y"], np.moveaxis(pixels[::-1], -1, axis))
    assert written["Y"].dtype == pixels.dtype
    if suffix != ".npy":
        np.testing.assert_array_equal(written["other"], arrays["other"])
        assert written["words"].item() == "Samson"


def test_big_endian_arrays_stay_so(tmp_path):
    np.save(tmp_path / "a.npy", numbers(">f4"))
    cube = read_cube(tmp_path / "a.npy", 2)
    unit, low, high = cube.to_unit()
    assert (unit.dtype, unit.min(), unit.max()) == (np.dtype("=f4"), 0, 1)
    write_cube(tmp_path / "b.npy", cube.from_unit(unit, low, high))
    assert np.load(tmp_path / "b.npy").dtype == np.dtype(">f4")


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("suffix", [".mat", ".npz"])
def test_a_vector_of_wavelengths_tells_the_axis(suffix, axis, tmp_path):
    path = tmp_path / f"a{suffix}"
    save = io.savemat if suffix == ".mat" else (lambda path, arrays: np.savez(path, **arrays))
    array = np.moveaxis(numbers("f4"), -1, axis)
    micrometres = np.array([[0.41, 0.52, 0.63, 0.74]])
    save(path, {"cube": array, "WaveLengths": micrometres})
    cube = read_cube(path)
    np.testing.assert_array_equal(cube.pixels, numbers("f4"))
    np.testing.assert_allclose(cube.wavelengths, 1000 * micrometres[0])
    write_cube(tmp_path / f"b{suffix}", cube)
    np.testing.assert_array_equal(read_cube(tmp_path / f"b{suffix}").wavelengths, cube.wavelengths)
    # A vector of another name, of no axis or of two, tells nothing.
    for other in ({"labels": micrometres}, {"wl": np.arange(1, 10)}):
        save(path, {"cube": array, **other})
        with pytest.raises(ValueError, match="nothing in it says on which axis"):
            read_cube(path)
    save(path, {"cube": numbers("f4", (4, 6, 4)), "wl": micrometres})
    with pytest.raises(ValueError, match="nothing in it says on which axis"):
        read_cube(path)
    assert len(read_cube(path, 2).wavelengths) == 4
    assert read_cube(path, 1).wavelengths is None


def test_an_axis_that_nothing_tells_is_asked_for(tmp_path):
    np.save(tmp_path / "a.npy", numbers())
    with pytest.raises(ValueError, match=r"a\.npy: it holds shape \(5, 7, 4\).*--band_axis=first"):
        read_cube(tmp_path / "a.npy")
    with pytest.raises(ValueError, match="band_axis=3"):
        read_cube(tmp_path / "a.npy", 3)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "f4", "f8"])
def test_bands_of_a_tiff_are_pages_or_samples(dtype, order, tmp_path):
    pixels = numbers(order + dtype)
    path, out = tmp_path / "a.tif", tmp_path / "b.tiff"
    plain = {"photometric": "minisblack", "metadata": None, "byteorder": order}
    first = np.moveaxis(pixels, -1, 0)
    for array, options, pages in (
        (first, {}, 4),
        (pixels, {"planarconfig": "contig"}, 1),
        (first, {"planarconfig": "separate"}, 1),
    ):
        tifffile.imwrite(path, array, **plain, **options)
        cube = read_cube(path)
        np.testing.assert_array_equal(cube.pixels, pixels)
        write_cube(out, dataclasses.replace(cube, pixels=cube.pixels[::-1]))
        with tifffile.TiffFile(out) as file:
            assert len(file.pages) == pages
            assert file.pages[0].dtype == np.dtype(dtype)
            assert dtype == "u1" or file.byteorder == order
            if pages == 1:
                assert file.pages[0].planarconfig.name.lower() == options["planarconfig"]
        np.testing.assert_array_equal(read_cube(out).pixels, pixels[::-1])


def test_a_tiff_of_rows_as_pages_is_read_as_told(tmp_path):
    # As tifffile.imwrite lays out (H, W, bands) by itself.
    pixels = numbers("f4", (5, 7, 9))
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    assert read_cube(tmp_path / "a.tif").bands == 5
    cube = read_cube(tmp_path / "a.tif", -1)
    np.testing.assert_array_equal(cube.pixels, pixels)
    write_cube(tmp_path / "b.tif", cube)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), pixels)


def test_a_tiff_keeps_its_place_on_earth(tmp_path):
    tags = [(33550, 12, 3, (10.0, 10.0, 0.0), True), (42113, 2, 6, "-9999", True)]
    tifffile.imwrite(
        tmp_path / "a.tif", np.moveaxis(numbers(), -1, 0), photometric="minisblack", extratags=tags
    )
    write_cube(tmp_path / "b.tif", read_cube(tmp_path / "a.tif"))
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert file.pages[0].tags[33550].value == (10.0, 10.0, 0.0)
        assert file.pages[0].tags[42113].value == "-9999"


def test_tiffs_that_are_no_cube_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(numbers()[..., 0], photometric="minisblack")
        file.write(numbers()[1:, :, 0], photometric="minisblack")
    with pytest.raises(ValueError, match=r"a\.tif: its pages are .*one shape and type"):
        read_cube(path)
    tifffile.imwrite(path, numbers("u1", (2, 5, 7, 3)), photometric="rgb")
    with pytest.raises(ValueError, match=r"2 pages of shape .*wanted a page a band"):
        read_cube(path)
    tifffile.imwrite(path, numbers("u1", (5, 7, 9)), metadata={"axes": "ZYX"}, truncate=True)
    with pytest.raises(ValueError, match=r"a stack of .* behind one page"):
        read_cube(path)
    path.write_bytes(b"no tiff")
    with pytest.raises(ValueError, match=r"a\.tif: "):
        read_cube(path)


def test_a_file_of_several_arrays_is_told_which(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, noisy=numbers(), clean=numbers("f4"), labels=np.zeros((5, 7)))
    with pytest.raises(ValueError, match=r"several arrays .*noisy \(5, 7, 4\).*--variable"):
        read_cube(path, 2)
    assert read_cube(path, 2, "clean").pixels.dtype == np.float32
    with pytest.raises(ValueError, match=r"a\.npz: it holds no 'cleen'; did you mean"):
        read_cube(path, 2, "cleen")
    with pytest.raises(ValueError, match=r"labels: .*shape \(5, 7\) is no cube.*a matrix of bands"):
        read_cube(path, 2, "labels")
    np.save(tmp_path / "a.npy", numbers())
    with pytest.raises(ValueError, match="variable=clean: only"):
        read_cube(tmp_path / "a.npy", 2, "clean")


@pytest.mark.parametrize("suffix", [".mat", ".npy", ".npz"])
def test_a_matrix_is_refused_with_words(suffix, tmp_path):
    path, matrix = tmp_path / f"a{suffix}", numbers().reshape(-1, 4).T
    {
        ".mat": lambda: io.savemat(path, {"Y": matrix, "lines": 5}),
        ".npy": lambda: np.save(path, matrix),
        ".npz": lambda: np.savez(path, Y=matrix),
    }[suffix]()
    with pytest.raises(ValueError, match=r"\(4, 35\) is no cube.*reshape it to rows, columns"):
        read_cube(path, 0)


@pytest.mark.parametrize("start", [0, 512])
def test_matlabs_hdf5_is_refused(start, tmp_path):
    (tmp_path / "a.mat").write_bytes(b" " * start + b"\x89HDF\r\n\x1a\n" + b" " * 99)
    with pytest.raises(ValueError, match=r"a\.mat: .*version 7\.3, which is HDF5.*-v7"):
        read_cube(tmp_path / "a.mat")


def spoiled(value, *place, dtype="f4"):
    pixels = numbers(dtype)
    pixels[place] = value
    return pixels


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (spoiled(np.nan, 1, 2, 3), "band 3, counted from 0, of 4 holds NaN"),
        (spoiled(np.inf, 0, 0, slice(1, 4)), "band 1, counted from 0, and 2 more of 4 hold NaN"),
        (spoiled(7, ..., 2), "band 2, counted from 0, of 4 holds one value throughout"),
        (spoiled(0, ..., slice(2, None), dtype="i2"), "band 2, .* and 1 more of 4 hold one value"),
        (np.full(SHAPE, 5), "every value of the cube is 5"),
        (numbers("c8"), "a cube of complex64"),
        (np.ones(SHAPE, bool), "a cube of bool"),
        (np.zeros((0, 7, 4)), r"shape \(0, 7, 4\)"),
        (np.zeros((2, 5, 7, 4)), r"shape \(2, 5, 7, 4\) is no cube"),
        (np.array([{}], object), "allow_pickle"),
    ],
)
def test_values_that_are_no_cube_are_refused(pixels, words, tmp_path):
    np.save(tmp_path / "a.npy", pixels)
    with pytest.raises(ValueError, match=rf"a\.npy: .*{words}"):
        read_cube(tmp_path / "a.npy", 2)


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.mat: there is no such file"):
        read_cube(tmp_path / "a.mat")
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "a.hdr").write_text("#?RADIANCE")
    with pytest.raises(ValueError, match=r"a\.png: known endings of cubes are \.mat"):
        read_cube(tmp_path / "a.png")
    (tmp_path / "a.hdr").unlink()
    with pytest.raises(ValueError, match="holds no cube"):
        cube_files(tmp_path)
    with pytest.raises(ValueError, match=r"b\.png: known endings"):
        write_cube(tmp_path / "b.png", Cube(numbers()))


@pytest.mark.parametrize("suffix", [".mat", ".npy", ".npz", ".tif", ".hdr", ".bsq"])
def test_a_cube_of_no_file_is_written_in_any_format(suffix, tmp_path):
    wavelengths = np.array([460.0, 550.5, 640, 720])
    path = tmp_path / f"a{suffix}"
    write_cube(path, Cube(numbers(">i2"), wavelengths))
    found = read_cube(path, 2 if suffix == ".npy" else None)
    np.testing.assert_array_equal(found.pixels, numbers())
    if suffix not in (".npy", ".tif"):
        np.testing.assert_array_equal(found.wavelengths, wavelengths)
    # Of another format's file: what that one keeps stays behind.
    write_cube(tmp_path / "b.npy", found)
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), numbers())
    if suffix in (".mat", ".hdr"):
        with pytest.raises(ValueError, match=rf"c\{suffix}: .* no float16"):
            write_cube(tmp_path / f"c{suffix}", Cube(numbers("f2")))
    assert not [file for file in tmp_path.iterdir() if ".part" in file.name]


@pytest.mark.parametrize("dtype", TYPES)
def test_a_cube_goes_to_the_unit_range_and_back(dtype):
    cube = Cube(numbers(dtype))
    unit, low, high = cube.to_unit()
    assert (unit.dtype, unit.min(), unit.max(), low, high) == (np.float32, 0, 1, 3, 142)
    back = cube.from_unit(unit, low, high).pixels
    assert back.dtype == cube.pixels.dtype
    np.testing.assert_allclose(back, cube.pixels, rtol=1e-6 if cube.pixels.dtype.kind == "f" else 0)
    beyond = cube.from_unit(unit * 0 + 2, -1e30, 1e30).pixels
    most = 3e30 if cube.pixels.dtype.kind == "f" else np.iinfo(dtype).max
    np.testing.assert_allclose(beyond.astype(float), float(most))
    with pytest.raises(ValueError, match="every value of the cube is 1"):
        Cube(np.ones(SHAPE)).to_unit()
    with pytest.raises(ValueError, match="wanted one for each of the 4"):
        Cube(numbers(), np.arange(5))


def test_false_colours_are_stretched_bands():
    cube = np.random.default_rng(0).random((30, 40, 8)) * 900
    shown = false_colours(cube)
    assert (shown.shape, shown.dtype) == ((30, 40, 3), np.float32)
    for channel, band in enumerate((6, 4, 2)):
        low, high = np.percentile(cube[..., band], (2, 98))
        wanted = np.clip((cube[..., band] - low) / (high - low), 0, 1)
        np.testing.assert_allclose(shown[..., channel], wanted, atol=1e-6)
    known = np.array([400, 455, 500, 548, 600, 645, 700, 800])
    wanted = false_colours(np.repeat(cube[..., [1, 3, 5]], 4, axis=-1))
    np.testing.assert_array_equal(false_colours(cube, known), wanted)
    # Beyond what is seen, the nearest band to all three is one.
    np.testing.assert_array_equal(false_colours(cube, known + 900), shown)
    assert not false_colours(np.ones((4, 5, 1))).any()


def test_a_folder_is_a_set_of_cubes(tmp_path):
    (tmp_path / "sub").mkdir()
    envi(tmp_path, numbers(), name="sub/scene")
    tifffile.imwrite(tmp_path / "b.tif", np.moveaxis(numbers("f4", (6, 9, 5)), -1, 0))
    found = data_set(f"cubes:auto:{tmp_path}")
    assert found.names == ["b", "sub/scene"]
    field = found.fields["image"]
    assert (field.kind, field.shape, field.dtype) == ("cube", (None, None, None), "float32")
    image = found[1]["image"]
    np.testing.assert_allclose(image, (numbers() - 3) / 139, atol=1e-7)
    assert image.dtype == np.float32
    np.save(tmp_path / "c.npy", np.moveaxis(numbers(), -1, 0))
    one = data_set(f"cubes:first:{tmp_path / 'c.npy'}")
    assert (one.names, one.fields["image"].shape) == (["c"], SHAPE)
    np.testing.assert_array_equal(one[0]["image"], image)
    with pytest.raises(ValueError, match="nothing in it says on which axis"):
        data_set(f"cubes:auto:{tmp_path / 'c.npy'}")
    for words in ("cubes", "cubes:", "cubes:last", "cubes:third:a", f"cubes:{tmp_path}"):
        with pytest.raises(ValueError, match="wanted cubes:<axis>:<file or folder>"):
            data_set(words)


def test_samson_is_the_staged_cube(imaging_data, monkeypatch):
    file = imaging_data / "hyperspectral/Samson.mat"
    if not file.is_file():
        pytest.skip(f"{file} isn't there")
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    found = data_set("samson")
    cube = found[0]["image"]
    assert (len(found), cube.shape, cube.dtype) == (1, (95, 95, 156), np.float32)
    assert found.fields["image"].shape == cube.shape
    matrix = io.loadmat(file)["Y"]
    np.testing.assert_array_equal(cube[3, 5], matrix[:, 3 * 95 + 5].astype(np.float32))
    assert (cube.min(), cube.max()) == (0, 1)
    with pytest.raises(ValueError, match="samson:train: the set has no parts"):
        data_set("samson:train")
