"""Stacks of dates: read of folders, made of images, and cut to patches."""

import jax
import numpy as np
import pytest
from PIL import Image

from train.data.data_sets import data_set
from train.data.made_pairs import made_pair_patches
from train.data.pair_data import pair_patches, unpaired_patches
from train.state.devices import data_mesh

# Two places, of which each date is brighter by ten levels than the one before.
CLEAR = np.random.default_rng(0).integers(40, 200, (2, 20, 24, 3)).astype(np.uint8)
FOLDERS = {"clear": 0, "may": 10, "june": 20, "july": 30}


@pytest.fixture
def folders(tmp_path):
    for folder, brighter in FOLDERS.items():
        (tmp_path / folder).mkdir()
        for place, levels in zip("ab", CLEAR, strict=True):
            image = Image.fromarray(levels + np.uint8(brighter))
            image.save(tmp_path / folder / f"{place}.png")
    return tmp_path


@pytest.fixture
def plain(tmp_path):
    """A folder of a black image, and one of a grey image."""
    for name, level in (("black", 0), ("grey", 100)):
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((24, 24, 3), level, np.uint8)).save(tmp_path / name / "a.png")
    return [str(tmp_path / name) for name in ("black", "grey")]


def named(folders):
    return ":".join(["dates", *(str(folders / name) for name in ("may", "june", "july", "clear"))])


def drawn(data, key):
    inputs = next(data.inputs(0, data_mesh()))
    return jax.tree.map(np.asarray, jax.jit(data.batch)(jax.random.key(key), inputs))


def test_folders_are_dates_and_the_last_is_wanted(folders):
    found = data_set(named(folders))
    assert found.names == ["a", "b"]
    assert found.fields["frames"].shape == (3, None, None, 3)
    for item, clear in zip(found, CLEAR, strict=True):
        np.testing.assert_array_equal(item["frames"], [clear + 10, clear + 20, clear + 30])
        np.testing.assert_array_equal(item["target"], clear)


def test_patches_are_cut_at_one_place_of_all_dates(folders):
    data = pair_patches(named(folders), batch_size=6, patch_size=8)
    batch = drawn(data, 0)
    for name, field in data.fields.items():
        assert batch[name].shape == (6, *field.shape)
    brighter = 255 * (batch["frames"] - batch["target"][:, None])
    wanted = np.array([10, 20, 30]).reshape(1, 3, 1, 1, 1)
    np.testing.assert_allclose(brighter, np.broadcast_to(wanted, brighter.shape), atol=1e-3)


def test_what_is_missing_or_of_another_size_is_named(folders):
    for words in ("dates:set5", f"dates:{folders / 'may'}:"):
        with pytest.raises(ValueError, match="wanted dates:<first date>:…:<last date>:<targets>"):
            data_set(words)
    name = named(folders)
    Image.fromarray(CLEAR[1, :12]).save(folders / "july/b.png")
    with pytest.raises(ValueError, match=r"july/b\.png is 24x12, the first date 24x20"):
        pair_patches(name, batch_size=1, patch_size=8)
    for folder in ("may", "june", "july"):
        Image.fromarray(CLEAR[1, :12]).save(folders / folder / "b.png")
    with pytest.raises(ValueError, match=r"/b: frames of 24x12, target of 24x20; wanted"):
        pair_patches(name, batch_size=1, patch_size=8)
    (folders / "june/b.png").unlink()
    # Sets are remembered by name.
    with pytest.raises(ValueError, match=r"wanted the same names everywhere, .*june lacks b"):
        data_set(name.replace("/may", "/../" + folders.name + "/may"))


def test_every_date_of_a_patch_has_clouds_of_its_own(plain):
    patches = {"images": plain[0], "batch_size": 2, "patch_size": 16, "seed": 0, "given": "clouds"}
    data = made_pair_patches(**patches, dates=3)
    batch = drawn(data, 0)
    for name, field in data.fields.items():
        assert batch[name].shape == (2, *field.shape)
    assert batch["target"].max() == 0
    opacities = batch["frames"].reshape(6, -1)
    for index, one in enumerate(opacities):
        assert all(np.abs(one - other).max() > 0.1 for other in opacities[:index])
    with pytest.raises(ValueError, match=r"data\.dates=-1: wanted at least 0"):
        made_pair_patches(**patches, dates=-1)


def test_fewer_dates_are_the_first_of_more(plain):
    many, one = (data_set(f"made_dates:clouds:{count}:{plain[0]}") for count in (3, 1))
    assert many.names == one.names == [f"a_{stack}" for stack in range(8)]
    assert many.fields["frames"].shape == (3, None, None, 3)
    first, single, other = many[0], one[0], many[1]
    np.testing.assert_allclose(first["frames"][:1], single["frames"], atol=1e-6)
    for item in (single, other):
        np.testing.assert_array_equal(first["target"], item["target"])
    assert np.abs(first["frames"] - other["frames"]).max() > 0.1
    assert np.abs(first["frames"][0] - first["frames"][1]).max() > 0.1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("made_dates:fog:3:set5", "made_dates='fog' is unknown"),
        ("made_dates:clouds:0:set5", "wanted made_dates:clouds:<dates>:<images>"),
        ("made_dates:clouds:set5", "wanted made_dates:clouds:<dates>:<images>"),
    ],
)
def test_other_words_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        data_set(name)


def test_unpaired_clouds_lie_over_the_images_alone(plain):
    batch = drawn(unpaired_patches(*plain, batch_size=2, patch_size=16, given="clouds"), 0)
    np.testing.assert_allclose(batch["target"], 100 / 255, rtol=1e-5)
    # White clouds over black are their opacity, equal in all channels.
    np.testing.assert_allclose(batch["image"], batch["image"][..., :1].repeat(3, -1), atol=1e-6)
    assert np.abs(batch["image"][0] - batch["image"][1]).max() > 0.1
    stacks = f"made_dates:clouds:2:{plain[0]}"
    with pytest.raises(
        ValueError, match=r"data\.targets='made_dates.* has frames, target; this so"
    ):
        unpaired_patches(plain[0], stacks, batch_size=2, patch_size=16)
    with pytest.raises(ValueError, match=r"data\.given='fog' is unknown"):
        unpaired_patches(*plain, batch_size=2, patch_size=16, given="fog")
