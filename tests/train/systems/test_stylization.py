"""Styles of pictures: what their files keep, what is refused, and that each method gives one."""

from dataclasses import replace
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax import pretrained
from train.data import images
from train.systems import stylization, stylized_files
from train.systems.catalogue import system
from train.systems.system import Origin, System


def swap(inputs, scale):
    """Colours in another order."""
    assert scale == 1
    assert inputs["image"].shape[-1] == 3
    return {"image": inputs["image"][..., ::-1]}


SWAP = System("swap", "none", swap, Origin("published"))


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (21, 34, 4)).astype(np.uint8)


@pytest.mark.parametrize(
    ("channels", "dtype", "ending"),
    [(1, np.uint8, ".png"), (3, np.uint16, ".png"), (4, np.uint8, ".png"), (2, "f4", ".tif")],
)
def test_levels_size_and_alpha_stay(tmp_path, pixels, channels, dtype, ending):
    levels = images.from_float(pixels[..., -channels:] / 255, dtype)
    levels[..., -1] = np.maximum(levels[..., -1], levels.max() / 2)
    content = images.Picture.of(levels)
    output = tmp_path / f"new/styled{ending}"
    stylized_files.check_files(content, output)
    stylized_files.stylize_file(SWAP, content, output)
    found = images.read(output)
    assert (found.pixels.dtype, found.bands) == (levels.dtype, 3)
    assert found.pixels.shape[:2] == levels.shape[:2]
    wanted = np.repeat(levels[..., :1], 3, axis=-1) if channels < 3 else levels[..., 2::-1]
    np.testing.assert_allclose(found.pixels[..., :3], wanted, rtol=1e-6)
    assert found.alpha == content.alpha
    if content.alpha:
        np.testing.assert_array_equal(found.pixels[..., 3], levels[..., -1])
    assert [file.name for file in output.parent.iterdir()] == [output.name]


def test_what_the_output_does_not_hold_is_refused_first(tmp_path, pixels):
    with pytest.raises(ValueError, match=r"a\.jpg: alpha is written as"):
        stylized_files.check_files(images.Picture.of(pixels), tmp_path / "a.jpg")
    bands = images.Picture(np.zeros((4, 4, 5), np.uint8), False, 255)
    with pytest.raises(ValueError, match="the content has 5 bands; wanted grey or colours"):
        stylized_files.check_files(bands, tmp_path / "a.tif")
    images.write(tmp_path / "bands.tif", bands)
    with pytest.raises(ValueError, match=r"bands\.tif: it has 5 bands; wanted a style"):
        stylization.read_style(tmp_path / "bands.tif")
    assert [file.name for file in tmp_path.iterdir()] == ["bands.tif"]


def test_a_style_is_read_without_its_alpha(tmp_path, pixels):
    images.write(tmp_path / "a.png", pixels[..., :2])
    found = stylization.read_style(tmp_path / "a.png")
    np.testing.assert_allclose(found, np.repeat(pixels[..., :1] / 255, 3, axis=-1), atol=1e-6)


def test_the_longer_side_is_brought_to_a_size(pixels):
    picture = images.Picture.of(pixels)
    found = stylized_files.resized(picture, 17)
    assert (found.pixels.shape, found.pixels.dtype, found.alpha) == ((10, 17, 4), np.uint8, True)
    assert found.pixels.mean() == pytest.approx(pixels.mean(), abs=3)


def test_unknown_methods_name_the_known(tmp_path):
    for name in ("adain", "gatys", "wct", "fast_style_wave"):
        stylization.check_method(name)
    for name in ("wtc", "edsr_light_x2", str(tmp_path)):
        with pytest.raises(ValueError, match=r"known are adain, gatys, wct, fast_style_wave, or a"):
            stylization.check_method(name)


def test_a_run_of_another_task_gives_no_style():
    def trained(task):
        return replace(SWAP, origin=Origin("trained here", training={"config": {"task": task}}))

    assert stylization.check_stylizes(trained({"name": "stylization"})).name == "swap"
    assert stylization.check_stylizes(SWAP) is SWAP
    with pytest.raises(ValueError, match="none was trained for denoising; it gives no style"):
        stylization.check_stylizes(trained({"name": "denoising"}))


def test_maps_of_a_file_are_scaled_to_levels_of_255(tmp_path, monkeypatch):
    def apply(variables, x):
        return {"relu1_1": variables * x}

    network = SimpleNamespace(deviation=(0.25, 0.25, 0.5), apply=apply)
    monkeypatch.setattr(pretrained, "load_vgg19", lambda path: (network, 2.0))
    (tmp_path / "vgg.npz").write_bytes(b"")
    found = stylization._features(str(tmp_path / "vgg.npz"))(jnp.ones((1, 1, 3)))
    np.testing.assert_allclose(found["relu1_1"], 2 * 255 / 3, rtol=1e-6)
    with pytest.raises(ValueError, match=r"--features=vgg\.npy: no file of VGG-19; known: distil"):
        stylization._features("vgg.npy")


@pytest.fixture
def painting(tmp_path, pixels, imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    images.write(tmp_path / "painting.png", pixels[..., :3])
    return tmp_path / "painting.png"


@pytest.mark.parametrize("method", ["adain", "wct"])
def test_statistics_of_a_painting(painting, method):
    content = np.random.default_rng(1).random((1, 25, 30, 3)).astype(np.float32) ** 3
    styler = system(f"{method}:{painting}")
    found = np.asarray(styler.apply({"image": content}, scale=1)["image"])
    assert found.shape == content.shape
    assert found.min() >= 0
    assert found.max() <= 1
    wanted = stylization.read_style(painting).mean()
    assert abs(found.mean() - wanted) < abs(content.mean() - wanted) / 2
    # A grey picture takes its colours.
    grey = np.asarray(styler.apply({"image": content[..., :1]}, scale=1)["image"])
    assert grey.shape == content.shape
    assert np.abs(grey[..., 0] - grey[..., 2]).max() > 0.05


@pytest.mark.parametrize(("start", "optimizer"), [("content", "adam"), ("noise", "lbfgs")])
def test_optimised_pictures(painting, start, optimizer, capsys):
    content = np.random.default_rng(1).random((1, 17, 26, 3)).astype(np.float32)
    style = stylization.read_style(painting)
    features = "distilled_vgg19_2"
    styler = stylization.gatys(style, features, 12, start, optimizer, shown=True)
    found = np.asarray(styler.apply({"image": content}, scale=1)["image"])
    assert found.shape == content.shape
    said = capsys.readouterr().out
    before, after = (float(word) for word in said.split("style ")[1].split(",")[0].split(" -> "))
    assert after < before


def test_pictures_smaller_than_the_deepest_layer_are_refused(painting):
    narrow = stylization.read_style(painting)[:5]
    for styler in (stylization.gatys(narrow), stylization.by_statistics("wct", narrow)):
        with pytest.raises(ValueError, match=r"the style, taken at 40x6 pixels: DistilledVGG19: x"):
            styler.apply({"image": np.zeros((1, 40, 40, 3), np.float32)}, scale=1)
        with pytest.raises(ValueError, match=r"the content, taken at 40x9 pixels: DistilledVGG19:"):
            styler.apply({"image": np.zeros((1, 9, 40, 3), np.float32)}, scale=1)


def test_a_published_network_is_a_system(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    styler = system("fast_style_wave")
    assert (styler.options, bool(styler.whole)) == ({"scale": (1,)}, True)
    found = styler.apply({"image": np.zeros((1, 18, 21, 3), np.float32)}, scale=1)["image"]
    assert found.shape == (1, 18, 21, 3)
    with pytest.raises(ValueError, match="distilled_vgg19_decoder_2: its network serves others"):
        system("distilled_vgg19_decoder_2")
