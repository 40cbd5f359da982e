"""Folders of frames made one picture: what is read, where it lands, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from tests.train.data.test_frames import write_grey, write_mask
from tests.train.test_command_line import run
from train.data import images
from train.systems.catalogue import system
from train.systems.frame_files import make_of_frames, scene_outputs, takes_frames


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "place"
    levels = np.random.default_rng(0).integers(0, 2**14, (9, 8))
    for frame in range(3):
        write_grey(folder / f"LR{frame}.png", levels)
        write_mask(folder / f"QM{frame}.png", np.ones((9, 8)))
    return folder


def test_a_folder_becomes_a_picture_of_its_levels(place):
    pairs = scene_outputs([place], None)
    assert pairs[0][1] == place.parent / "place_restored.png"
    make_of_frames(system("registered_mean:3"), pairs)
    found = images.read(pairs[0][1]).pixels
    assert found.shape == (27, 24, 1)
    assert found.dtype == np.uint16
    frame = images.read(place / "LR0.png").pixels
    assert abs(found.mean() - frame.mean()) < 50


def test_plain_pictures_are_all_clear(tmp_path):
    for name in "ab":
        Image.fromarray(np.full((8, 9, 3), 99, np.uint8)).save(tmp_path / f"{name}.png")
    make_of_frames(system("bicubic_frame:2"), [(tmp_path, tmp_path / "out" / "made.png")])
    found = images.read(tmp_path / "out" / "made.png").pixels
    assert found.shape == (16, 18, 3)
    assert (found == 99).all()


def test_alpha_is_left_out_and_floats_stay_floats(tmp_path, capsys):
    for folder, mode in (("alpha", "RGBA"), ("floats", None)):
        (tmp_path / folder).mkdir()
        for name in "ab":
            if mode:
                Image.new(mode, (8, 8), (90, 80, 70, 60)).save(tmp_path / folder / f"{name}.png")
            else:
                images.write(
                    tmp_path / folder / f"{name}.tif", np.full((8, 8, 1), 0.25, np.float32)
                )
    pairs = scene_outputs([tmp_path / "alpha", tmp_path / "floats"], None)
    make_of_frames(system("bicubic_frame:2"), pairs)
    assert "the frames' alpha is left out" in capsys.readouterr().out
    coloured, floats = (images.read(output).pixels for _, output in pairs)
    assert (coloured == (90, 80, 70)).all()
    np.testing.assert_allclose(floats, 0.25, atol=1e-6)


def test_what_cant_be_made_is_told_and_the_others_are_written(place, tmp_path):
    clouded = tmp_path / "clouded"
    write_grey(clouded / "LR0.png", np.ones((8, 8)))
    write_mask(clouded / "QM0.png", np.zeros((8, 8)))
    pairs = scene_outputs([clouded, place], str(tmp_path / "made"))
    with pytest.raises(ValueError, match=r"1 of 2 not made: .*clouded: no frame has a clear pixel"):
        make_of_frames(system("bicubic_frame:3"), pairs)
    assert [file.name for file in (tmp_path / "made").iterdir()] == ["place_restored.png"]


def test_other_bands_are_refused(tmp_path, imaging_data):
    Image.fromarray(np.full((8, 8, 3), 99, np.uint8)).save(tmp_path / "a.png")
    pairs = [(tmp_path, tmp_path / "made.png")]
    with pytest.raises(ValueError, match=r"its frames have 3 bands, wdsr3d .* takes 1"):
        make_of_frames(system("wdsr3d_nir"), pairs)


@pytest.mark.parametrize(
    ("inputs", "output", "message"),
    [
        (["nowhere"], None, "nowhere is no folder: wanted one that holds the frames of a place"),
        (["place", "place"], "one.png", "--output=one.png is one file, the folders are 2"),
        (["place"], "made.txt", "--output=made.txt: known endings are"),
        (["place", "place"], None, "two folders of one name"),
    ],
)
def test_outputs_that_cant_be(place, inputs, output, message):
    with pytest.raises(ValueError, match=message):
        scene_outputs([place.parent / name for name in inputs], output)


def test_the_command_makes_a_picture_and_replaces_none(place):
    assert takes_frames(system("bicubic_frame:3"))
    words = ["train.predict", "--weights=registered_mean:2", str(place)]
    assert "place_restored.png: of 3 frames" in run(*words).stdout
    assert "exist(s); --overwrite replaces" in run(*words).stderr
    refused = run(*words, "--scale=3", "--overwrite").stderr
    assert "--scale" in refused
    assert "takes frames" in refused
