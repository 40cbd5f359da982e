"""The stored pair of radar and a cloudy scene, against the bytes of its files."""

import struct

import numpy as np
import pytest

from train.data.data_sets import data_set
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system

FOLDER = "remote_sensing/sen12mscr_sample"


@pytest.fixture
def folder(imaging_data, monkeypatch):
    if not (imaging_data / FOLDER).is_dir():
        pytest.skip(f"{imaging_data / FOLDER} isn't there: no stored pair to test against")
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    return imaging_data / FOLDER


def stored(file, dtype):
    """The numbers of an uncompressed TIFF of 256x256, by the places that its directory names."""
    data = file.read_bytes()
    order, magic, start = struct.unpack_from("<2sHI", data)
    assert (order, magic) == (b"II", 42)
    (count,) = struct.unpack_from("<H", data, start)
    entries = {}
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, number, value = struct.unpack_from("<HHII", data, entry)
        code = {3: "H", 4: "I"}.get(kind)
        if code:
            place = entry + 8 if number * struct.calcsize(code) <= 4 else value
            entries[tag] = struct.unpack_from(f"<{number}{code}", data, place)
    assert entries[259] == (1,)
    strips = zip(entries[273], entries[279], strict=True)
    numbers = b"".join(data[first : first + length] for first, length in strips)
    return np.frombuffer(numbers, dtype).reshape(256, 256, -1)


def test_the_pair_is_what_its_files_hold(folder):
    decibels = stored(folder / "ROIs1868_summer_s1_19_p30.tif", "<f4")[..., 0]
    numbers = stored(folder / "ROIs1868_summer_s2_cloudy_19_p30.tif", "<u2")
    assert (decibels.min(), decibels.max()) == pytest.approx((-17.4998, -2.8166), abs=1e-4)
    pairs = data_set("sen12mscr_sample")
    assert (pairs.name, pairs.names) == ("sen12mscr_sample", ["ROIs1868_summer_19_p30"])
    item = pairs[0]
    grey = np.floor(255 * np.clip(decibels.astype(float) / 25 + 1, 0, 1) + 0.5)
    for channel in range(3):
        found = item["image"][..., channel].astype(int)
        assert np.abs(found - grey).max() <= 1
        assert np.mean(found != grey) < 1e-3
    wanted = np.clip(3.5 * 255 * numbers[..., [3, 2, 1]] / 10_000, 0, 255)
    assert np.abs(item["target"] - wanted).max() <= 0.5 + 1e-3
    # Bright where clouds are, and nothing is black.
    assert item["target"].min() > 50
    assert (item["target"] == 255).mean() > 0.01


def test_radar_is_scored_beside_the_scene(folder):
    found = evaluate(system("identity"), data_set("sen12mscr_sample"), PROTOCOLS["paired"], 1)
    assert found.values["psnr"] == pytest.approx(12.48, abs=0.01)


def test_what_cannot_be_opened_is_named(folder, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="sen12mscr_sample:s1: wanted sen12mscr_sample"):
        data_set("sen12mscr_sample:s1")
    monkeypatch.setenv("IMAGING_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"sen12mscr_sample: .*s1_19_p30\.tif isn't there"):
        data_set("sen12mscr_sample")
    monkeypatch.delenv("IMAGING_DATA")
    with pytest.raises(ValueError, match="the set sen12mscr_sample needs the environment"):
        data_set("sen12mscr_sample")
