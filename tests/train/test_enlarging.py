from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from train.data import images
from train.systems.enlarging import Enlarger, enlarge_files, outputs_of
from train.systems.interpolation import interpolation
from train.systems.system import Origin, System

GENERATOR = np.random.default_rng(0)
NEAREST = Enlarger(interpolation("nearest"), {"scale": 2}, 2e9)


def restoring(name, weights, function, option="scale"):
    """A system of a function (images, scale or sigma) -> images."""
    apply = lambda inputs, **told: {"image": function(inputs["image"], told[option])}  # noqa: E731
    return System(name, weights, apply, Origin("fitted"), options={option: ()}, pure=apply)


def picture(path, shape, dtype=np.uint8):
    image = GENERATOR.integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)
    images.write(path, image)
    return image


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_depth_and_alpha_stay(dtype, channels):
    image = GENERATOR.integers(0, np.iinfo(dtype).max, (9, 12, channels)).astype(dtype)
    found = NEAREST(image)
    assert (found.shape, found.dtype) == ((18, 24, channels), dtype)
    colours = 1 if channels < 3 else 3
    np.testing.assert_array_equal(found[::2, ::2, :colours], image[..., :colours])


def test_little_memory_gives_the_same_picture(capsys):
    image = GENERATOR.integers(0, 256, (120, 75, 3)).astype(np.uint8)
    large, small = (
        Enlarger(interpolation("bicubic"), {"scale": 3}, memory)(image) for memory in (2e9, 3e6)
    )
    # Float32 parts may round another way where a value lies between two levels.
    assert np.abs(large.astype(int) - small).max() <= 1
    assert np.mean(large != small) < 1e-3


def test_a_system_that_sees_the_whole_image_says_so(capsys):
    def mean(lr, scale):
        lr = jnp.asarray(lr)
        whole = jnp.repeat(jnp.repeat(lr, scale, axis=1), scale, axis=2)
        return whole * 0 + lr.mean(axis=(1, 2), keepdims=True)

    system = restoring("mean", "mean_weights", mean)
    found = Enlarger(system, {"scale": 2}, 1e4)(np.full((40, 30, 1), 100, np.uint8))
    assert np.unique(found) == [100]
    assert "mean_weights looks at the whole image" in capsys.readouterr().out


def test_folders_and_pictures_get_their_outputs(tmp_path):
    picture(tmp_path / "a.png", (8, 8, 3))
    folder = tmp_path / "more"
    picture(folder / "b.png", (8, 8, 3))
    picture(folder / "c.jpg", (8, 8, 1))
    inputs = [tmp_path / "a.png", folder]
    names = {output for _, output in outputs_of(inputs, None, "x2")}
    assert names == {tmp_path / "a_x2.png", folder / "b_x2.png", folder / "c_x2.png"}
    there = outputs_of(inputs, str(tmp_path / "out"), "x2")
    assert {output.parent for _, output in there} == {tmp_path / "out"}
    one = outputs_of(inputs[:1], str(tmp_path / "big.tif"), "x2")
    assert one == [(tmp_path / "a.png", tmp_path / "big.tif")]
    with pytest.raises(ValueError, match="is one file, the pictures are 3"):
        outputs_of(inputs, str(tmp_path / "big.tif"), "x2")


def test_two_pictures_of_one_name_are_refused():
    inputs = [Path("here/a.png"), Path("there/a.jpg")]
    with pytest.raises(ValueError, match=r"there/a\.jpg and here/a\.png would both become"):
        outputs_of(inputs, "out", "x2")
    with pytest.raises(ValueError, match=r"--output=big\.bogus: known endings are \.png"):
        outputs_of(inputs[:1], "big.bogus", "x2")


def test_what_cannot_be_read_is_told_after_the_others_are_written(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    wanted = picture(tmp_path / "b.png", (6, 5, 3))
    pairs = outputs_of([tmp_path], None, "x2")
    with pytest.raises(ValueError, match=r"1 of 2 not done: .*a\.png"):
        enlarge_files(NEAREST, pairs)
    np.testing.assert_array_equal(images.read(tmp_path / "b_x2.png")[::2, ::2], wanted)
    assert not (tmp_path / "a_x2.png").exists()


def test_one_picture_that_fails_is_named_and_the_others_are_done(tmp_path):
    def refuses_small(lr, scale):
        if min(lr.shape[1:3]) < 4:
            raise ValueError("lr: too small")
        return interpolation("nearest").apply({"image": lr}, scale=scale)["image"]

    for name, size in (("a", 8), ("b", 2), ("c", 8)):
        picture(tmp_path / f"{name}.png", (size, size, 3))
    pairs = outputs_of([tmp_path], None, "x2")
    enlarger = Enlarger(restoring("choosy", "none", refuses_small), {"scale": 2}, 2e9)
    with pytest.raises(ValueError, match=r"1 of 3 not done: .*b\.png -> .*lr: too small"):
        enlarge_files(enlarger, pairs)
    assert (tmp_path / "a_x2.png").exists()
    assert (tmp_path / "c_x2.png").exists()
    assert not (tmp_path / "b_x2.png").exists()


def test_a_denoiser_keeps_the_size():
    def halve(noisy, sigma):
        return noisy * sigma / 50

    system = restoring("halve", "none", halve, "sigma")
    found = Enlarger(system, {"sigma": 25}, 2e9)(np.full((9, 12, 3), 100, np.uint8))
    assert (found.shape, np.unique(found).tolist()) == ((9, 12, 3), [50])
