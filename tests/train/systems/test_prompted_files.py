"""Pictures segmented by prompts: what is read, where it lands, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from configs.segmentation import promptable
from tests.train.test_command_line import run
from train.data import images
from train.engine.restore import build_task
from train.run.training import fit
from train.systems import overlays
from train.systems.prompted_files import (
    read_prompt,
    segment,
    segment_by_prompt,
    takes_prompts,
)
from train.systems.segmented_files import masks_of
from train.systems.system import Origin, System


class Threshold:
    """A system whose masks are where the image is bright; it keeps what it was asked."""

    def __init__(self):
        self.encoded, self.asked = [], []
        task = build_task(promptable.get_config("tiny"))
        self.system = System(
            "threshold", "none", self.apply, Origin("fitted"), task.takes, task.gives
        )

    def apply(self, inputs):
        if "image" in inputs:
            self.encoded.append(inputs["image"])
            return {"embedding": inputs["image"]}
        self.asked.append(inputs)
        logits = np.asarray(inputs["embedding"])[:, None, None, ..., 0] - 0.5
        count = 1 if "mask" in inputs else 3
        steps = np.array([-1.0, 0.0, 1.0])[None, None, :count, None, None]
        quality = np.array([[[0.2, 0.9, 0.3][:count]]])
        return {"masks": logits + (steps if count == 3 else 0), "quality": quality}


def half_bright(height=24, width=32):
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = 255
    return pixels


def test_prompts_are_read_box_first_then_what_is_meant():
    prompt = read_prompt(["1,2,0", "3,4.5"], ["0,1,6,7"])
    assert prompt.points.tolist() == [[0, 1], [6, 7], [3, 4.5], [1, 2]]
    assert prompt.labels.tolist() == [2, 3, 1, 0]
    assert read_prompt(["3,4,1"], []).labels.tolist() == [1]


@pytest.mark.parametrize(
    ("points", "boxes", "message"),
    [
        ([], [], "--point or --box is missing"),
        (["1,2,0"], [], "--point or --box is missing: wanted a point of what is meant"),
        (["1"], [], "--point=1: wanted x,y or x,y,label"),
        (["1,2,3"], [], "--point=1,2,3: wanted x,y or x,y,label"),
        (["1,b"], [], "--point=1,b: wanted"),
        (["1,nan"], [], "--point=1,nan: wanted"),
        ([], ["1,2,3"], "--box=1,2,3: wanted x0,y0,x1,y1"),
        ([], ["3,1,3,5"], "--box=3,1,3,5: it has no area"),
        ([], ["1,1,2,2", "3,3,4,4"], "--box: got 2, wanted one at most"),
    ],
)
def test_prompts_that_say_nothing_are_refused(points, boxes, message):
    with pytest.raises(ValueError, match=message):
        read_prompt(points, boxes)


def test_a_picture_is_scaled_encoded_once_and_each_point_corrects():
    told = Threshold()
    prompt = read_prompt(["4,4", "20,12,0"], ["0,0,16,24"])
    mask, quality = segment(told.system, prompt, half_bright())
    assert mask.shape == (24, 32)
    # The middle of three masks is ranked first; its edge is the picture's, up to interpolation.
    assert mask[:, :15].all()
    assert not mask[:, 17:].any()
    assert quality == pytest.approx(0.2)
    # The longest side, 32, becomes 16; below lies the colour that is zero to the network.
    (image,) = told.encoded
    assert image.shape == (1, 16, 16, 3)
    np.testing.assert_allclose(image[0, 12:], np.broadcast_to((0.485, 0.456, 0.406), (4, 16, 3)))
    assert [x["labels"].tolist() for x in told.asked] == [
        [[[2, 3, -1, -1]]],
        [[[2, 3, 1, -1]]],
        [[[2, 3, 1, 0]]],
    ]
    # Pixel centres at 4.5 of 32 pixels lie at 2.25 of 16.
    np.testing.assert_allclose(told.asked[0]["points"][0, 0, 2], [1.75, 1.75])
    assert ["mask" in x for x in told.asked] == [False, True, True]


def test_files_are_named_and_written(tmp_path):
    told = Threshold()
    for name in ("a.png", "sub/b.tif"):
        images.write(tmp_path / "in" / name, half_bright())
    images.write(tmp_path / "in" / "grey.png", half_bright()[..., :1])
    outputs = masks_of([tmp_path / "in"], str(tmp_path / "out"))
    segment_by_prompt(told.system, read_prompt(["4,4"], []), outputs)
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*_*")}
    wanted = {
        f"out/{name}_{kind}.png" for name in ("a", "sub/b", "grey") for kind in ("mask", "overlay")
    }
    assert found == wanted
    mask = np.asarray(Image.open(tmp_path / "out/a_mask.png"))
    assert (mask.shape, set(np.unique(mask))) == ((24, 32), {0, 1})
    overlay = images.read(tmp_path / "out/sub/b_overlay.png").pixels
    assert overlay.shape == (24, 32, 3)
    assert not np.array_equal(overlay, half_bright())
    # What the command wrote is passed over beside the pictures.
    beside = masks_of([tmp_path / "in"], None)
    segment_by_prompt(told.system, read_prompt(["4,4"], []), beside)
    assert masks_of([tmp_path / "in"], None) == beside


@pytest.mark.parametrize(
    ("points", "boxes", "message"),
    [
        (["31,23"], [], None),
        (["32,4"], [], r"--point: 32,4 lies outside of .*small.png, 32x24 pixels"),
        (["-1,4"], [], r"--point: -1,4 lies outside of"),
        ([], ["0,0,32,24"], None),
        ([], ["0,0,33,24"], r"--box: 33,24 lies outside of"),
    ],
)
def test_prompts_outside_of_a_picture_leave_nothing_behind(points, boxes, message, tmp_path):
    images.write(tmp_path / "large.png", half_bright(60, 80))
    images.write(tmp_path / "small.png", half_bright())
    outputs = masks_of([tmp_path], str(tmp_path / "out"))
    prompt = read_prompt(points, boxes)
    if message is None:
        segment_by_prompt(Threshold().system, prompt, outputs)
        assert len(list((tmp_path / "out").iterdir())) == 4
        return
    with pytest.raises(ValueError, match=message):
        segment_by_prompt(Threshold().system, prompt, outputs)
    assert not (tmp_path / "out").exists()


def test_pictures_that_differ_by_their_ending_have_masks_of_their_own(tmp_path):
    for name in ("a.png", "a.tif"):
        images.write(tmp_path / name, half_bright())
    names = [mask.name for _, mask in masks_of([tmp_path], None)]
    assert names == ["a.png_mask.png", "a.tif_mask.png"]


def test_overlays_show_prompts():
    shown = np.full((40, 60, 3), 100, np.uint8)
    prompt = read_prompt(["30,20", "5,5,0"], ["18,8,52,32"])
    drawn = overlays.prompted(shown, prompt.points, prompt.labels)
    assert drawn[20, 30].argmax() == 1
    assert drawn[5, 5].argmax() == 0
    assert (drawn[8, 30] == (255, 200, 0)).all()
    # Padding draws nothing.
    assert np.array_equal(overlays.prompted(shown, np.zeros((1, 2)), np.array([-1])), shown)


@pytest.mark.slow
def test_the_command_segments_a_picture(tmp_path):
    run_folder = tmp_path / "run"
    result = fit(promptable.get_config("tiny"), run_folder)
    assert takes_prompts(result.system)
    photo = tmp_path / "photo.png"
    images.write(photo, half_bright())
    predict = ("train.predict", f"--weights={run_folder}")
    done = run(*predict, "--point=4,4", "--point=20,4,0", "--box=0,0,16,24", photo)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "photo_mask.png").is_file()
    assert (tmp_path / "photo_overlay.png").is_file()
    for flags, words in (
        (("--point=4,4",), "--overwrite"),
        ((), "--point or --box is missing"),
        (("--point=4,4", "--sigma=3"), "--sigma: "),
    ):
        refused = run(*predict, *flags, photo)
        assert refused.returncode == 2
        assert words in refused.stderr
        assert "Traceback" not in refused.stderr
    other = run("train.predict", "--weights=bicubic", "--point=1,1", photo)
    assert (other.returncode, "takes no prompts" in other.stderr) == (2, True)
