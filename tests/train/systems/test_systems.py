import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax import pretrained
from train.data import image_set
from train.data.data_sets import data_set
from train.records import record as records
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system
from train.systems.combined import chain, with_self_ensemble
from train.systems.interpolation import interpolation
from train.systems.system import Origin, System
from train.systems.zero_shot import ITERATIONS

LR = np.random.default_rng(0).random((2, 6, 9, 3))


def brighter(lr, scale):
    big = jnp.repeat(jnp.repeat(jnp.asarray(lr), scale, axis=1), scale, axis=2)
    return big + 0.1


def restoring(name, weights, predict, scales=(), **origin):
    """A system of a function (images, scale) -> images."""
    apply = lambda inputs, scale: {"image": predict(inputs["image"], scale)}  # noqa: E731
    origin = Origin("trained here", **origin)
    return System(name, weights, apply, origin, options={"scale": scales}, pure=apply)


def restored(found, lr, scale):
    return found.apply({"image": lr}, scale=scale)["image"]


BRIGHTER = restoring("brighter", "tenth", brighter, (1, 2), seed=3)


def test_a_chain_restores_then_enlarges():
    both = chain(BRIGHTER, interpolation("nearest"))
    found = restored(both, LR, 2)
    np.testing.assert_allclose(found[:, ::2, ::2], np.minimum(LR + 0.1, 1), atol=1e-6)
    np.testing.assert_allclose(
        both.pure({"image": LR}, scale=2)["image"][:, ::2, ::2], LR + 0.1, atol=1e-6
    )
    assert (both.name, both.weights, both.origin.seed) == ("brighter, nearest", "tenth, none", 3)
    with pytest.raises(ValueError, match=r"scale=1: .* serves \(2,\)"):
        chain(restoring("x", "double", brighter, (2,)), BRIGHTER)


def test_a_chain_is_named_with_a_comma():
    found = system("bicubic,nearest")
    assert (found.name, found.origin.seed) == ("bicubic, nearest", None)
    cell = {"system": found.name, "weights": found.weights, "images": "set5", "scale": 2}
    name = records.file_name({**cell, "protocol": "rgb", "seed": None})
    assert name == "bicubic_nearest__none_none__set5_x2__rgb"


def test_plus_is_the_self_ensemble():
    single, ensemble = system("bicubic"), system("bicubic+")
    assert (ensemble.name, ensemble.origin.paper) == ("bicubic+", "bicubic+")
    np.testing.assert_allclose(restored(ensemble, LR, 3), restored(single, LR, 3), atol=1e-6)
    assert with_self_ensemble(BRIGHTER).origin.paper == ""


def test_plus_evens_out_what_is_lopsided():
    # Adds 1 to the top left pixel of each block: turned and mirrored, a quarter to each.
    def corner(lr, scale):
        return jnp.zeros((1, 4, 4, 1)).at[:, ::2, ::2].set(1.0)

    ensemble = with_self_ensemble(restoring("corner", "none", corner))
    found = restored(ensemble, LR[:1, :2, :2], 2)
    np.testing.assert_allclose(found[0, ..., 0], np.full((4, 4), 0.25), atol=1e-6)


def test_zero_shot_is_named_with_its_iterations():
    assert system("zssr").weights == f"{ITERATIONS}_iterations"
    found = system("zssr:1")
    assert (found.name, found.weights, found.origin.seed) == ("zssr", "1_iterations", 0)
    estimate = restored(found, LR[:1, :, :8], 2)
    assert estimate.shape == (1, 12, 16, 3)
    with pytest.raises(ValueError, match="zssr:many: wanted at least 1 iteration"):
        system("zssr:many")
    with pytest.raises(ValueError, match="zssr:0: wanted at least 1 iteration"):
        system("zssr:0")


def test_own_weights_are_trained_here_and_published_ones_are_not():
    found = system("edsr_light_x2")
    assert (found.origin.kind, found.name) == ("trained here", "edsr_light")
    assert found.options == {"scale": (2,)}
    assert restored(found, LR, 2).shape == (2, 12, 18, 3)
    assert found.origin.training["step"] == 30_000
    assert found.origin.seed == found.origin.training["config"]["seed"]
    assert found.origin.sha256 == pretrained.WEIGHTS["edsr_light_x2"].sha256


def test_jpeg_is_between_the_reference_and_the_system():
    seen = []

    def spy(lr, scale):
        seen.append(np.asarray(lr))
        return restored(interpolation("bicubic"), lr, scale)

    images = data_set("dead_leaves").part("two", [0, 1])
    for name in ("luminance", "luminance_jpeg_20"):
        evaluate(restoring("spy", "none", spy), images, PROTOCOLS[name], 2)
    clean, coded = np.concatenate(seen[:2]), np.concatenate(seen[2:])
    assert coded.shape == clean.shape
    np.testing.assert_allclose(coded * 255, np.rint(coded * 255), atol=1e-9)
    assert 0.01 < np.abs(coded - clean).mean() < 0.1


def test_the_remote_sensing_protocol_scores_channels_and_sharpness():
    images = data_set("dead_leaves").part("one", [0])
    protocol = PROTOCOLS["rgb_channels"]
    (found,) = evaluate(interpolation("nearest"), images, protocol, 2).per_item
    reference = images[0]["image"][..., :3] / 255.0
    assert found["average_gradient"] > 0
    # A flat estimate has no gradient, and its error is the spread of all three channels.
    grey = restoring("grey", "none", lambda lr, s: np.full((1, 192, 192, 3), 0.5))
    (flat,) = evaluate(grey, images, protocol, 2).per_item
    assert flat["average_gradient"] == pytest.approx(0, abs=1e-9)
    levels = np.floor(0.5 * 255 + 0.5) / 255
    mse = np.mean((reference[2:-2, 2:-2] - levels) ** 2)
    assert flat["psnr"] == pytest.approx(-10 * np.log10(mse), abs=1e-9)


def test_niqe_is_that_of_the_rounded_luminance(imaging_data):
    images = data_set("set14_large")
    assert min(min(item["image"].shape[:2]) for item in images) >= 384
    part = images.part("part", [images.names.index("lenna")])
    (found,) = evaluate(interpolation("bicubic"), part, PROTOCOLS["rgb_niqe"], 3).per_item
    # Bicubic images are far less natural than photographs, which score 3 to 5.
    assert 5 < found["niqe"] < 15


def test_the_satellite_scenes_are_reflectances_stretched(imaging_data):
    train, test = image_set("sentinel2_train"), image_set("sentinel2_test")
    assert (train.names, test.names) == (["date3", "date4"], ["date5"])
    held_back = image_set("sentinel2_held_back")
    assert [image.shape for image in (*train, *held_back)] == [(65, 100, 3)] * 2 + [
        (36, 100, 3)
    ] * 2
    file = imaging_data / "remote_sensing/sentinel2_eolearn/eopatch.npz"
    with np.load(file) as patch:
        red = patch["reference_scenes_L1C"][4, :, :, 3]
    np.testing.assert_allclose(test[0][..., 0] / 255 / 3.5, red, atol=0.5 / 255 / 3.5 + 1e-7)


@pytest.mark.parametrize(
    ("name", "protocol", "words"),
    [
        ("lenet5_mnist_csinva", "judge", "takes image; .* wants one that takes latent"),
        ("gaussian:3:digits", "luminance", "takes latent; .* wants one that takes image"),
        ("vae_mnist_csinva", "luminance", "goes by nothing, not by scale"),
    ],
)
def test_a_system_of_another_kind_is_told_what_was_wanted(name, protocol, words, data):
    condition = PROTOCOLS[protocol].condition
    value = {"scale": 2, "samples": 10}.get(condition)
    with pytest.raises(ValueError, match=words):
        evaluate(system(name), data_set("digits"), PROTOCOLS[protocol], value)


@pytest.fixture
def data(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
