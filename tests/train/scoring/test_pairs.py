"""Sets of pairs, and systems that are scored by the target of each."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from train.data.data_sets import data_set
from train.data.pair_data import pair_patches, unpaired_patches
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.state.devices import data_mesh
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


def test_halves_of_a_picture_are_a_pair(tmp_path):
    both = np.concatenate([LEVELS[0], LEVELS[1]], axis=1)
    Image.fromarray(both).save(tmp_path / "a.png")
    odd = tmp_path / "odd"
    odd.mkdir()
    for name, given, wanted in (("left_to_right", 0, 1), ("right_to_left", 1, 0)):
        item = data_set(f"{name}:{tmp_path}")[0]
        np.testing.assert_array_equal(item["image"], LEVELS[given])
        np.testing.assert_array_equal(item["target"], LEVELS[wanted])
    Image.fromarray(both[:, 1:]).save(odd / "b.png")
    with pytest.raises(ValueError, match=r"b\.png is 39 pixels wide, wanted two halves"):
        data_set(f"left_to_right:{odd}")[0]


def test_outlines_as_the_sheet_measured_them(imaging_data):
    """Of the sheet: in [-1, 1] the mean of the first 24 is 0.3255 from each of the others in L1."""
    parts = [data_set(f"outlines:{split}:256") for split in ("fit", "held_back", "test")]
    assert list(map(len, parts)) == [20, 4, 6]
    assert len({name for part in parts for name in part.names}) == 30
    people = [np.stack([item["target"] / 127.5 - 1 for item in part]) for part in parts]
    l1 = np.abs(np.concatenate(people[:2]).mean(axis=0) - people[2]).mean()
    assert l1 == pytest.approx(0.3255, abs=0.002)
    drawing = data_set("outlines:test:64")[0]["image"]
    assert drawing.shape == (64, 64, 3)
    # Black lines on white.
    assert drawing.min() < 128
    assert (drawing > 250).mean() > 0.5


def test_patches_of_pairs_are_cut_at_one_place(folders):
    data = pair_patches(folders, batch_size=16, patch_size=8)
    batch = jax.jit(data.batch)(jax.random.key(0), jax.tree.map(jnp.asarray, data.arrays))
    difference = 255 * (np.asarray(batch["target"]) - np.asarray(batch["image"]))
    per_patch = difference.reshape(16, -1)
    np.testing.assert_allclose(per_patch, per_patch[:, :1].repeat(per_patch.shape[1], 1), atol=1e-3)
    assert set(np.round(per_patch[:, 0]).astype(int)) == {10, 20, 30}


def test_a_mirrored_patch_is_never_turned(tmp_path):
    rows = np.arange(24, dtype=np.uint8)[:, None, None] * np.ones((1, 24, 3), np.uint8)
    for side in "ab":
        (tmp_path / side).mkdir()
        Image.fromarray(rows).save(tmp_path / side / "1.png")
    name = f"pairs:{tmp_path / 'a'}:{tmp_path / 'b'}"
    data = pair_patches(name, batch_size=32, patch_size=8, symmetries="mirror")
    arrays = jax.tree.map(jnp.asarray, data.arrays)
    image = np.asarray(data.batch(jax.random.key(0), arrays)["image"])
    np.testing.assert_allclose(np.diff(image, axis=1), 1 / 255, atol=1e-6)


def test_unpaired_patches_are_drawn_independently(folders):
    images, targets = folders.removeprefix("pairs:").split(":")
    data = unpaired_patches(images, targets, batch_size=64, patch_size=24 - 4)
    inputs = next(data.inputs(0, data_mesh()))
    batch = jax.jit(data.batch)(jax.random.key(0), inputs)
    assert batch["image"].shape == batch["target"].shape == (64, 20, 20, 3)
    difference = np.asarray(batch["target"] - batch["image"]).reshape(64, -1)
    assert (difference.std(axis=1) < 1 / 255).mean() < 0.1


def test_pairs_that_cannot_be_cut_are_named(folders, tmp_path):
    with pytest.raises(ValueError, match=r"/1 is 20x24, smaller than a patch of 32"):
        pair_patches(folders, batch_size=1, patch_size=32)
    Image.fromarray(LEVELS[1, :12]).save(tmp_path / "clear/2.png")
    with pytest.raises(ValueError, match=r"/2: image of 20x24, target of 20x12; wanted"):
        pair_patches(folders, batch_size=1, patch_size=8)
    with pytest.raises(ValueError, match=r"data\.images='dead_leaves': its images have no targets"):
        pair_patches("dead_leaves", batch_size=1, patch_size=8)


def test_a_set_without_targets_is_refused():
    with pytest.raises(ValueError, match=r"dead_leaves has image; the protocol paired wants targ"):
        evaluate(system("identity"), data_set("dead_leaves"), PAIRED, 1)


# The fact sheet's: cloudy images to clear ones, and what weights of either part make of them.
@pytest.mark.parametrize(
    ("name", "part", "decibel"),
    [
        ("identity", "rice1", 18.894),
        ("identity", "rice2", 21.387),
        pytest.param("spagan_rice1", "rice1", 21.478, marks=pytest.mark.slow),
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
