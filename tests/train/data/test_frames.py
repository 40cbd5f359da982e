"""Scenes of frames: folders as the Proba-V challenge lays them out, drawn ones, and patches."""

import jax
import numpy as np
import png
import pytest
from PIL import Image

from train.data import frame_folders
from train.data.data_sets import data_set
from train.data.frame_data import frame_patches
from train.data.frame_folders import frame_files, read_frames
from train.data.frame_scenes import FrameScenes
from train.state.devices import data_mesh

SIDE = 8


def write_grey(file, levels):
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        png.Writer(levels.shape[1], levels.shape[0], greyscale=True, bitdepth=16).write(
            stream, levels.astype(np.uint16).tolist()
        )


def write_mask(file, clear):
    Image.fromarray((255 * clear).astype(np.uint8)).save(file)


@pytest.fixture
def challenge(tmp_path, monkeypatch):
    """Twelve near-infrared scenes of two to four frames, the image 3 times as large."""
    monkeypatch.setattr(frame_folders, "_SMALL", (SIDE, SIDE))
    monkeypatch.setattr(frame_folders, "_LARGE", (3 * SIDE, 3 * SIDE))
    generator = np.random.default_rng(0)
    for index in range(12):
        folder = tmp_path / "train" / "NIR" / f"imgset{index:04}"
        image = generator.integers(0, 2**14, (3 * SIDE, 3 * SIDE))
        write_grey(folder / "HR.png", image)
        write_mask(folder / "SM.png", np.ones((3 * SIDE, 3 * SIDE)))
        for frame in range(2 + index % 3):
            # Of each block, the middle; the frame's number makes it darker.
            write_grey(folder / f"LR{frame:03}.png", image[1::3, 1::3] // (frame + 1))
            write_mask(
                folder / f"QM{frame:03}.png", np.arange(SIDE**2).reshape(SIDE, SIDE) >= frame
            )
    folder = tmp_path / "test" / "NIR" / "imgset1306"
    write_grey(folder / "LR000.png", image[::3, ::3])
    write_mask(folder / "QM000.png", np.ones((SIDE, SIDE)))
    return tmp_path


def test_scenes_are_read_and_filled_up(challenge):
    fit, held_back, test = (
        data_set(f"proba_v:{split}:NIR:{challenge}") for split in ("fit", "held_back", "test")
    )
    assert held_back.names == ["imgset0000", "imgset0010"]
    scored = data_set(f"proba_v:scored:NIR:{challenge}")
    assert scored.names == ["imgset0001", "imgset0011"]
    assert len(fit) == 8
    assert not {*fit.names} & {*held_back.names, *scored.names}
    assert fit.fields["frames"].shape == (4, SIDE, SIDE, 1)
    assert fit.fields["frames"].white == 65535
    item = fit[1]
    assert fit.names[1] == "imgset0003"
    image = item["image"]
    np.testing.assert_array_equal(item["frames"][1], image[1::3, 1::3] // 2)
    # Two frames are there, and as many are none.
    assert item["clear"].sum(axis=(1, 2, 3)).tolist() == [SIDE**2, SIDE**2 - 1, 0, 0]
    assert item["image_clear"].all()
    assert list(test.fields) == ["frames", "clear"]
    assert test[0]["frames"].shape == (1, SIDE, SIDE, 1)


def test_the_challenges_baselines_are_read(challenge):
    lines = [f"imgset{index:04} {40 + index}.5" for index in range(12)]
    (challenge / "norm.csv").write_text("\n".join(lines) + "\n")
    name = f"proba_v:held_back:NIR:{challenge}"
    assert data_set(name).assets["norms"] == [40.5, 50.5]
    (challenge / "norm.csv").write_text("imgset0000 40.5\n")
    with pytest.raises(ValueError, match=r"norm.csv: wanted lines '<scene> <dB>' for all scenes"):
        data_set(f"proba_v:fit:NIR:{challenge}")


def test_patches_of_frames_and_image_are_of_one_place_turned_alike(challenge):
    data = frame_patches(f"proba_v:fit:NIR:{challenge}", batch_size=16, patch_size=4, frames=2)
    inputs = next(data.inputs(0, data_mesh()))
    batch = jax.tree.map(np.asarray, jax.jit(data.batch)(jax.random.key(0), inputs))
    for name, field in data.fields.items():
        assert batch[name].shape == (16, *field.shape)
    # The middle of a block stays the middle, however a patch is turned.
    middle = batch["image"][:, 1::3, 1::3]
    np.testing.assert_allclose(batch["frames"][:, 0], middle, atol=1e-6)
    halves = np.floor(middle * 65535 / 2 + 1e-3) / 65535
    np.testing.assert_allclose(batch["frames"][:, 1], halves, atol=1e-6)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"images": "scikit_image"}, "has image; this source wants frames"),
        ({"frames": 0}, "data.frames=0: wanted at least 1"),
        ({"patch_size": 9}, r"imgset0002 has frames of 8x8, smaller than a patch of 9"),
    ],
)
def test_patches_that_cant_be_cut(challenge, values, message):
    given = {"images": f"proba_v:fit:NIR:{challenge}", "patch_size": 4, "frames": 2} | values
    with pytest.raises(ValueError, match=message):
        frame_patches(batch_size=2, **given)


def test_a_frame_without_a_mask_is_named(challenge):
    scene = challenge / "train" / "NIR" / "imgset0001"
    (scene / "QM001.png").unlink()
    with pytest.raises(ValueError, match=r"QM001.png is missing: the clear pixels of its frame"):
        frame_files(scene)


def test_a_scene_without_a_clear_pixel_is_named(challenge):
    scene = challenge / "train" / "NIR" / "imgset0001"
    for mask in scene.glob("QM*.png"):
        write_mask(mask, np.zeros((SIDE, SIDE)))
    with pytest.raises(ValueError, match="imgset0001: no frame has a clear pixel"):
        read_frames(frame_files(scene))


def test_masks_and_frames_of_other_sizes_are_named(challenge):
    scene = challenge / "train" / "NIR" / "imgset0001"
    write_mask(scene / "QM000.png", np.ones((SIDE, 5)))
    with pytest.raises(ValueError, match=r"QM000.png is 5x8: wanted 8x8, as its frame is"):
        read_frames(frame_files(scene))
    write_grey(scene / "LR001.png", np.ones((SIDE, 6)))
    with pytest.raises(ValueError, match=r"LR001.png is 6x8 of 1 bands .*, LR000.png 8x8 of 1"):
        read_frames(frame_files(scene))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "proba_v:fit:BLUE:x",
            "wanted proba_v:<fit, held_back, scored or test>:<NIR or RED>",
        ),
        ("proba_v:all:NIR:x", "wanted proba_v:"),
        ("proba_v:fit:NIR:nowhere", "nowhere/train/NIR holds no folder imgset"),
        ("frame_scenes:x", r"frame_scenes:x: wanted frame_scenes:<pixels a side>\[:<count>\]"),
        ("sensor_scenes:16", "wanted sensor_scenes:<side of a frame>:<side of an image>"),
    ],
)
def test_other_words_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        data_set(name)


def test_other_channels_are_refused():
    with pytest.raises(ValueError, match=r"data.channels=2: wanted 1 or 3"):
        FrameScenes(1, 8, 24, channels=2)
    with pytest.raises(ValueError, match=r"data.channels=1: wanted 3 where data.sensor"):
        FrameScenes(1, 8, 24, sensor=True)


def test_scenes_made_of_photographs_are_the_same_each_time():
    scenes = data_set("made_scenes:scikit_image")
    again = data_set("made_scenes:scikit_image/chelsea")
    first = scenes[0]
    assert first["frames"].shape[0] == 9
    height, width = first["frames"].shape[1:3]
    assert first["image"].shape == (3 * height, 3 * width, 1)
    assert again[0]["clear"][0].all()
    np.testing.assert_array_equal(scenes[0]["frames"], first["frames"])


def test_an_image_too_small_for_a_scene_is_named(tmp_path):
    Image.fromarray(np.zeros((30, 60, 3), np.uint8)).save(tmp_path / "small.png")
    with pytest.raises(ValueError, match=r"small.png is 60x30: wanted 40 a side"):
        data_set(f"made_scenes:{tmp_path}")[0]
