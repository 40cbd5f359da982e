"""Random weights by the names of torchvision and of Keras, against VGG-19 in numpy."""

import jax
import numpy as np
import pytest
import safetensors.numpy

from imaging_jax.pretrained import load_vgg19
from tests.models.super_resolution_helpers import jit
from tests.models.vgg19_numpy import CONVOLUTIONS, maps, random_weights

KERAS = [
    f"block{block}_conv{index}"
    for block, convolutions in enumerate((2, 2, 4, 4, 4), start=1)
    for index in range(1, convolutions + 1)
]
DENSE = np.zeros((3, 3), np.float32)
WANTED = {"relu1_1": 1, "relu2_2": 8, "relu3_4": 17, "relu5_1": 29, "relu5_4": 35}


@pytest.fixture(scope="module")
def torchvision():
    return random_weights()


@pytest.fixture(scope="module")
def keras(torchvision):
    arrays = {}
    for number, layer in zip(CONVOLUTIONS, KERAS, strict=True):
        arrays[f"{layer}/kernel"] = torchvision[f"features.{number}.weight"].transpose(2, 3, 1, 0)
        arrays[f"{layer}/bias"] = torchvision[f"features.{number}.bias"]
    return arrays


@pytest.fixture
def file(tmp_path):
    """Writes arrays to a file, which is removed when the test ends: it holds 80 MB."""

    def write(name, arrays):
        path = tmp_path / name
        if path.suffix == ".npz":
            np.savez(path, **arrays)
        else:
            arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
            safetensors.numpy.save_file(arrays, path)
        return path

    yield write
    for path in tmp_path.iterdir():
        path.unlink()


def compare(path, image, normalised, weights):
    module, variables = load_vgg19(path)
    assert sum(leaf.size for leaf in jax.tree.leaves(variables)) == 20_024_384
    found = jit(module.apply)(variables, image[None])
    wanted = maps(weights, normalised, WANTED.values())
    for name, number in WANTED.items():
        scale = wanted[number].max()
        assert scale > 0
        np.testing.assert_allclose(found[name][0], wanted[number], atol=2e-5 * scale)


IMAGE = np.random.default_rng(1).random((34, 25, 3), np.float32)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_torchvisions_names(file, torchvision, suffix):
    path = file(f"vgg19{suffix}", torchvision | {"classifier.0.weight": DENSE})
    normalised = (IMAGE - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    compare(path, IMAGE, normalised, torchvision)


def test_keras_names(file, torchvision, keras):
    path = file("vgg19.npz", keras | {"fc1/kernel": DENSE})
    normalised = 255.0 * IMAGE[..., ::-1] - [103.939, 116.779, 123.68]
    compare(path, IMAGE, normalised, torchvision)


def test_everything_missing_or_of_another_shape_is_told(file, torchvision, keras):
    arrays = {name: np.zeros(2, np.float32) for name in torchvision if "28" not in name}
    arrays |= {name: torchvision[name] for name in ("features.0.weight", "features.0.bias")}
    path = file("other.safetensors", arrays)
    with pytest.raises(ValueError, match=r"other\.safetensors: features\.2\.weight has") as caught:
        load_vgg19(path)
    message = str(caught.value)
    assert "features.2.weight has shape (2,), wanted (64, 64, 3, 3); " in message
    assert "features.28.bias of shape (512,) is missing" in message
    assert message.count(";") == 29

    path = file("other.npz", {"block1_conv1/kernel": keras["block1_conv1/kernel"]})
    with pytest.raises(ValueError, match=r"block1_conv1/bias of shape \(64,\) is missing"):
        load_vgg19(path)


def test_other_names_are_refused(file):
    path = file("other.npz", {"conv1_1/kernel": DENSE})
    message = r"other\.npz: wanted the names of torchvision, .* Keras, .* got \['conv1_1/kernel'\]"
    with pytest.raises(ValueError, match=message):
        load_vgg19(path)
