"""Maps of change of users' files: what is read, where it lands, and what is refused."""

import numpy as np
import pytest
import rasterio
import tifffile
from rasterio.transform import from_origin

from tests.train.test_command_line import run
from train.data import georeferenced, images
from train.data.georeferenced import read_scene, write_map
from train.systems.catalogue import system
from train.systems.change_files import map_of, tell_changes, tells_changes

BANDS = ("B4", "B3", "B2", "B8")
PLACE = {"crs": rasterio.CRS.from_epsg(32635), "transform": from_origin(500_000, 5e6, 10, 10)}


def numbers(change=False):
    pixels = np.random.default_rng(0).integers(500, 3000, (40, 36, 4)).astype(np.uint16)
    if change:
        pixels[:32, :32] = 6000
    return pixels


def write_geotiff(file, pixels, bands=BANDS, **settings):
    height, width, count = pixels.shape
    kept = {"driver": "GTiff", "dtype": str(pixels.dtype), **PLACE, **settings}
    with rasterio.open(file, "w", height=height, width=width, count=count, **kept) as stream:
        stream.write(np.moveaxis(pixels, -1, 0))
        for index, band in enumerate(bands, 1):
            stream.set_band_description(index, band)


@pytest.fixture
def dates(tmp_path):
    files = [tmp_path / f"{name}.tif" for name in ("may", "june")]
    write_geotiff(files[0], numbers())
    write_geotiff(files[1], numbers(change=True))
    return files


def test_bands_and_place_are_read(tmp_path):
    write_geotiff(tmp_path / "a.tif", numbers(), ("B04_10m", "B03 (green)", "b2, 490 nm", "B08"))
    scene = read_scene(tmp_path / "a.tif")
    assert scene.bands == BANDS
    np.testing.assert_allclose(scene.pixels, numbers() / 1e4, rtol=1e-6)
    assert scene.profile["transform"] == PLACE["transform"]
    write_geotiff(tmp_path / "b.tif", numbers(), ("red", "green", "blue", "B8"))
    assert read_scene(tmp_path / "b.tif", white=1e3).bands == ()
    np.testing.assert_allclose(read_scene(tmp_path / "b.tif", 1e3).pixels, numbers() / 1e3)


def test_without_rasterio_tiff_is_read_without_its_place(tmp_path, monkeypatch):
    monkeypatch.setattr(georeferenced, "has_rasterio", lambda: False)
    tifffile.imwrite(tmp_path / "a.tif", numbers(), photometric="minisblack", planarconfig="contig")
    scene = read_scene(tmp_path / "a.tif")
    np.testing.assert_allclose(scene.pixels, numbers() / 1e4, rtol=1e-6)
    assert not scene.profile
    with pytest.raises(ValueError, match=r"a.jp2: JPEG 2000 is read by rasterio; `uv sync --extra"):
        read_scene(tmp_path / "a.jp2")
    write_map(tmp_path / "map.tif", np.eye(3), scene.profile)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "map.tif"), np.eye(3))


def test_a_map_lies_where_the_last_date_does(dates):
    found = system("pixel_change:euclidean:1")
    assert tells_changes(found)
    target = map_of(dates, None)
    assert target == dates[1].with_name("june_change.tif")
    tell_changes(found, dates, target)
    with rasterio.open(target) as file:
        assert (file.crs, file.transform) == (PLACE["crs"], PLACE["transform"])
        change = file.read(1)
    assert change.shape == (40, 36)
    assert change[:32, :32].min() > 5 * change[32:].max()
    picture = images.read(target.with_suffix(".png")).pixels
    assert picture[:32, :32].min() == 255


def test_bands_are_chosen_by_name(dates, imaging_data):
    found = system("ravaen_untrained")
    tell_changes(found, dates, map_of(dates, None))
    with rasterio.open(map_of(dates, None)) as file:
        expected = file.read(1)
    for date, change in zip(dates, (False, True), strict=True):
        pixels = numbers(change)
        more = np.concatenate([pixels[..., ::-1], pixels[..., :1]], axis=-1)
        write_geotiff(date, more, (*BANDS[::-1], "B1"))
    tell_changes(found, dates, map_of(dates, None))
    with rasterio.open(map_of(dates, None)) as file:
        np.testing.assert_array_equal(file.read(1), expected)
    write_geotiff(dates[0], numbers()[..., :3], BANDS[:3])
    with pytest.raises(ValueError, match=r"may.tif has the bands B4, B3, B2; wanted B8"):
        tell_changes(found, dates, map_of(dates, None))


def test_dates_that_dont_fit_are_refused(dates, capsys, imaging_data):
    found = system("ravaen_untrained")
    names = ("red", "green", "blue")
    write_geotiff(dates[0], numbers()[..., :3], names)
    with pytest.raises(ValueError, match=r"may.tif is 40x36x3: wanted 40x36x4, as the last date"):
        tell_changes(found, dates, map_of(dates, None))
    assert "bands aren't checked" in capsys.readouterr().out
    write_geotiff(dates[1], numbers()[..., :3], names)
    with pytest.raises(ValueError, match=r"may.tif has 3 bands: wanted B4, B3, B2, B8"):
        tell_changes(found, dates, map_of(dates, None))
    elsewhere = {"transform": from_origin(600_000, 5e6, 10, 10)}
    write_geotiff(dates[0], numbers())
    write_geotiff(dates[1], numbers(), **elsewhere)
    with pytest.raises(ValueError, match=r"may.tif lies elsewhere, or on another grid"):
        tell_changes(found, dates, map_of(dates, None))


def test_where_a_date_has_no_data_nothing_is_told(dates):
    pixels = numbers(change=True)
    pixels[:8] = 0
    write_geotiff(dates[1], pixels, nodata=0)
    tell_changes(system("pixel_change:cosine:1"), dates, map_of(dates, None))
    with rasterio.open(map_of(dates, None)) as file:
        change = file.read(1)
        assert np.isnan(file.nodata)
    assert np.isnan(change[:8]).all()
    assert np.isfinite(change[8:]).all()


def test_eight_bits_say_nothing_of_reflectance(dates):
    write_geotiff(dates[0], (numbers() // 16).astype(np.uint8))
    with pytest.raises(ValueError, match=r"may.tif has 8 bits: wanted --levels"):
        tell_changes(system("pixel_change:cosine:1"), dates, map_of(dates, None))


@pytest.mark.parametrize(
    ("count", "output", "message"),
    [
        (1, None, "got one date: wanted those before"),
        (2, "map.png", "--output=map.png: a map of change is written as .tif"),
        (2, "may.tif", "it would replace a date"),
    ],
)
def test_maps_that_cant_be(dates, count, output, message):
    output = str(dates[0].parent / output) if output == "may.tif" else output
    with pytest.raises(ValueError, match=message):
        map_of(dates[:count], output)


def test_the_command_writes_a_map_and_replaces_none(dates):
    words = ["train.predict", "--weights=pixel_change:cosine:1", *map(str, dates)]
    assert "june_change.tif: changes from" in run(*words).stdout
    assert "exist(s); --overwrite replaces" in run(*words).stderr
