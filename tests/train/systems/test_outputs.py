import numpy as np
import pytest

from train.data import images
from train.systems.outputs import SOFTWARE, outputs_of


def write(*paths, software=""):
    for path in paths:
        images.write(path, np.zeros((8, 8, 3), np.uint8), software)


def relative(pairs, folder):
    return {str(p.relative_to(folder)): str(o.relative_to(folder)) for p, o in pairs}


def test_folders_and_pictures_get_their_outputs(tmp_path):
    folder = tmp_path / "more"
    write(tmp_path / "a.png", folder / "b.png", folder / "c.jpg")
    inputs = [tmp_path / "a.png", folder]
    names = {output for _, output in outputs_of(inputs, None, "x2")}
    assert names == {tmp_path / "a_x2.png", folder / "b_x2.png", folder / "c_x2.png"}
    there = outputs_of(inputs, str(tmp_path / "out"), "x2")
    assert {output.parent for _, output in there} == {tmp_path / "out"}
    one = outputs_of(inputs[:1], str(tmp_path / "big.tif"), "x2")
    assert one == [(tmp_path / "a.png", tmp_path / "big.tif")]
    with pytest.raises(ValueError, match="is one file, the pictures are 3"):
        outputs_of(inputs, str(tmp_path / "big.tif"), "x2")


def test_subfolders_stay(tmp_path):
    write(tmp_path / "a.png", tmp_path / "sub/b.png", tmp_path / "sub/deeper/b.png")
    assert relative(outputs_of([tmp_path], None, "x2"), tmp_path) == {
        "a.png": "a_x2.png",
        "sub/b.png": "sub/b_x2.png",
        "sub/deeper/b.png": "sub/deeper/b_x2.png",
    }
    there = outputs_of([tmp_path], str(tmp_path / "out"), "x2")
    assert {str(output.relative_to(tmp_path / "out")) for _, output in there} == {
        "a_x2.png",
        "sub/b_x2.png",
        "sub/deeper/b_x2.png",
    }


def test_a_link_back_is_followed_once(tmp_path):
    write(tmp_path / "a/b.png")
    (tmp_path / "a/again").symlink_to(tmp_path)
    assert images.image_files(tmp_path) == [tmp_path / "a/b.png"]


def test_hidden_files_are_passed_over(tmp_path):
    write(tmp_path / "a.png")
    for name in (".hidden.png", "._a.jpg", ".thumbnails/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"no image")
    assert images.image_files(tmp_path) == [tmp_path / "a.png"]


def test_pictures_of_one_name_keep_their_endings(tmp_path):
    write(tmp_path / "photo.webp", tmp_path / "photo.bmp", tmp_path / "other.png")
    assert relative(outputs_of([tmp_path], None, "x2"), tmp_path) == {
        "photo.webp": "photo.webp_x2.png",
        "photo.bmp": "photo.bmp_x2.png",
        "other.png": "other_x2.png",
    }


def test_what_a_png_does_not_hold_keeps_its_ending(tmp_path):
    write(*(tmp_path / f"{name}" for name in ("a.tiff", "b.npy", "c.npz", "d.gif")))
    found = relative(outputs_of([tmp_path], None, "denoised"), tmp_path)
    assert list(found.values()) == [
        "a_denoised.tif",
        "b_denoised.npy",
        "c_denoised.npz",
        "d_denoised.png",
    ]


@pytest.mark.parametrize("ending", [".png", ".tif", ".npz", ".npy", ".jpg", ".webp"])
def test_what_the_command_wrote_is_passed_over(ending, tmp_path, capsys):
    own, named_alike = tmp_path / f"photo_x2{ending}", tmp_path / f"house_x3{ending}"
    write(tmp_path / f"photo{ending}", named_alike)
    write(own, software=SOFTWARE)
    assert [picture for picture, _ in outputs_of([tmp_path], None, "x3")] == [
        named_alike,
        tmp_path / f"photo{ending}",
    ]
    assert f"passed over, as written by this command: {own.name}\n" in capsys.readouterr().out
    # What is named is meant.
    assert outputs_of([own], None, "x3")[0][0] == own


def test_a_folder_of_outputs_alone_says_so(tmp_path):
    write(tmp_path / "a_x2.png", software=SOFTWARE)
    with pytest.raises(ValueError, match="nothing but what this command wrote"):
        outputs_of([tmp_path], None, "x2")


def test_outputs_that_are_in_each_others_way_are_refused(tmp_path):
    here, there = tmp_path / "here/a.png", tmp_path / "there/a.png"
    write(here, there, tmp_path / "here/a_x2.png")
    with pytest.raises(ValueError, match=r"there/a\.png and .*here/a\.png would both become"):
        outputs_of([here, there], "out", "x2")
    with pytest.raises(ValueError, match=r"a\.png would become .*a_x2\.png, which is a picture to"):
        outputs_of([tmp_path / "here"], None, "x2")
    with pytest.raises(ValueError, match=r"--output=big\.bogus: known endings are \.png"):
        outputs_of([here], "big.bogus", "x2")


def test_a_picture_that_is_named_twice_is_restored_once(tmp_path):
    write(tmp_path / "a.png")
    assert len(outputs_of([tmp_path, tmp_path / "a.png"], None, "x2")) == 1
