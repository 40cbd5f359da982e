"""Sets of pairs, and systems that are scored by the target of each."""

import numpy as np
import pytest
from PIL import Image

from train.data.data_sets import data_set
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system

PAIRED = PROTOCOLS["paired"]
LEVELS = np.random.default_rng(0).integers(0, 200, (3, 24, 20, 3)).astype(np.uint8)


@pytest.fixture
def folders(tmp_path):
    """Three images, and the same brighter by 10, 20 and 30 levels, as a set of pairs."""
    for side, brighter in (("cloudy", 0), ("clear", 10)):
        (tmp_path / side).mkdir()
        for index, levels in enumerate(LEVELS, start=1):
            image = Image.fromarray(levels + np.uint8(index * brighter))
            image.save(tmp_path / side / f"{index}.png")
    return f"pairs:{tmp_path / 'cloudy'}:{tmp_path / 'clear'}"


def test_images_are_compared_with_their_targets(folders):
    found = evaluate(system("identity"), data_set(folders), PAIRED, 1)
    wanted = [-20 * np.log10(index * 10 / 255) for index in (1, 2, 3)]
    assert [row["image"] for row in found.per_item] == ["1", "2", "3"]
    assert [row["psnr"] for row in found.per_item] == pytest.approx(wanted)
    assert found.values["psnr"] == pytest.approx(np.mean(wanted))
    assert found.place == {"images": folders, "scale": 1, "protocol": "paired"}


def test_pairs_are_shown_beside_what_was_made_of_them(folders):
    shown = PAIRED.show(system("identity"), data_set(folders), 1, 2)
    assert shown.pictures.keys() == shown.previews.keys() == {"1", "2"}


def test_bad_pairs_are_refused(folders, tmp_path):
    with pytest.raises(ValueError, match="pairs:set5: wanted pairs:<images>:<targets>"):
        data_set("pairs:set5")
    (tmp_path / "clear/2.png").rename(tmp_path / "clear/4.png")
    with pytest.raises(ValueError, match=r"wanted the same names, got \('2', '3'\)"):
        data_set(folders)


def test_a_target_of_another_size_is_named(folders, tmp_path):
    Image.fromarray(LEVELS[1, :12]).save(tmp_path / "clear/2.png")
    with pytest.raises(ValueError, match=r"/2: wanted images \(1, 12, 20, 3\), the system gave"):
        evaluate(system("identity"), data_set(folders), PAIRED, 1)


def test_a_set_without_targets_is_refused():
    with pytest.raises(ValueError, match=r"dead_leaves has image; the protocol paired wants targ"):
        evaluate(system("identity"), data_set("dead_leaves"), PAIRED, 1)


# The fact sheet's: cloudy images to clear ones, and what weights of either part make of them.
@pytest.mark.parametrize(
    ("name", "part", "decibel"),
    [
        ("identity", "rice1", 18.894),
        ("identity", "rice2", 21.387),
        ("spagan_rice1", "rice1", 21.478),
        ("spagan_rice2", "rice2", 26.702),
        ("spagan_rice1", "rice2", 16.37),
    ],
)
def test_clouds_are_removed_of_the_stored_pairs(name, part, decibel, imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    found = evaluate(system(name), data_set(f"rice_sample:{part}"), PAIRED, 1)
    assert found.values["psnr"] == pytest.approx(decibel, abs=0.005)


def test_the_stored_pairs_by_name(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    both = data_set("rice_sample")
    assert (both.name, both.names) == ("rice_sample", ["test_0026_cloudy", "test_0000_cloudy"])
    np.testing.assert_array_equal(both[1]["target"], data_set("rice_sample:rice2")[0]["target"])
    with pytest.raises(ValueError, match="rice3"):
        data_set("rice_sample:rice3")
