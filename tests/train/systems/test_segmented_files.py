"""Users' pictures segmented: masks with a palette, overlays, tiles, and what is refused."""

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from train.data import images
from train.data.fields import Field
from train.data.images.class_maps import class_colours
from train.systems.outputs import SOFTWARE, outputs_of
from train.systems.segmented_files import masks_of, overlay_of, segment_files, segments
from train.systems.system import Origin, System

GENERATOR = np.random.default_rng(0)


def pure(inputs):
    """Three classes by the mean of a pixel and its neighbours, so that tiles must overlap."""
    grey = jnp.mean(inputs["image"], axis=-1, keepdims=True)
    padded = jnp.pad(grey, [(0, 0), (2, 2), (0, 0), (0, 0)], mode="edge")
    mean = sum(padded[:, i : i + grey.shape[1]] for i in range(5)) / 5
    return {"logits": jnp.concatenate([0.5 - mean, mean - 0.5, 0.3 * jnp.ones_like(mean)], -1)}


def segmenter():
    gives = {"logits": Field((None, None, 3), "float32", "scores")}
    return System(
        "made",
        "none",
        pure,
        Origin("fitted"),
        gives=gives,
        pure=pure,
        period=4,
        assets={"classes": ["dark", "bright", "neither"]},
    )


def write(path, shape=(30, 23, 3)):
    pixels = GENERATOR.integers(0, 256, shape).astype(np.uint8)
    images.write(path, pixels)
    return pixels


def test_masks_are_classes_in_a_palette_and_overlays_tint(tmp_path, capsys):
    shapes = {"odd.png": (30, 23, 3), "alpha.png": (9, 8, 4), "grey.tif": (12, 12, 1)}
    pixels = {name: write(tmp_path / name, shape) for name, shape in shapes.items()}
    assert segments(segmenter())
    segment_files(segmenter(), masks_of([tmp_path], None), 1e9)
    for name, levels in pixels.items():
        colours = levels[..., : 3 if levels.shape[-1] > 2 else 1]
        wanted = np.argmax(pure({"image": colours[None] / 255})["logits"], axis=-1)[0]
        mask = tmp_path / f"{name.partition('.')[0]}_mask.png"
        with Image.open(mask) as picture:
            assert picture.mode == "P"
            assert picture.info["Software"] == SOFTWARE
            np.testing.assert_array_equal(np.asarray(picture), wanted)
        tinted = images.read(overlay_of(mask)).pixels
        shown = np.broadcast_to(colours, tinted.shape)
        half = (shown.astype(int) + class_colours(3)[wanted]) // 2
        inside = {int(c): ndimage.binary_erosion(wanted == c, border_value=1) for c in range(3)}
        edge = ~np.any([*inside.values()], axis=0)
        half[edge] = 255
        np.testing.assert_array_equal(tinted, np.where(wanted[..., None] > 0, half, shown))
    said = capsys.readouterr().out
    assert "dark" in said
    assert "neither" in said
    # Neither is taken for a picture when the folder is segmented again.
    assert len(outputs_of([tmp_path], None, "mask", {})) == len(shapes)


def test_a_large_picture_in_tiles_is_told_as_the_whole(tmp_path):
    write(tmp_path / "a.png", (150, 90, 3))
    found = {}
    for memory, name in ((1e9, "whole"), (1.2e5, "tiles")):
        output = tmp_path / name / "a_mask.png"
        segment_files(segmenter(), [(tmp_path / "a.png", output)], memory)
        found[name] = np.asarray(Image.open(output))
    np.testing.assert_array_equal(found["whole"], found["tiles"])


def test_what_cannot_be_segmented_is_told_at_the_end(tmp_path):
    write(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"1 of 2 not done: .*bad.png is not an image"):
        segment_files(segmenter(), masks_of([tmp_path], None), 1e9)
    assert (tmp_path / "good_mask.png").exists()
    assert not (tmp_path / "bad_mask.png").exists()
    with pytest.raises(ValueError, match=r"--output=.*a.jpg: a mask is written as .png"):
        masks_of([tmp_path / "good.png"], str(tmp_path / "a.jpg"))


def test_an_overlay_replaces_no_picture(tmp_path):
    write(tmp_path / "a.png")
    write(tmp_path / "a_overlay.png")
    with pytest.raises(ValueError, match=r"the overlay of .*a.png would replace .*a_overlay.png"):
        masks_of([tmp_path / "a.png", tmp_path / "a_overlay.png"], None)


def test_classes_beyond_the_palette_have_colours_of_their_own():
    colours = class_colours(20)
    assert len({tuple(colour) for colour in colours.tolist()}) == 20
