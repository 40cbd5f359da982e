"""Pictures found by a picture: sets scored as the fact sheet scores them, indices on disk."""

import importlib.util

import jax
import numpy as np
import pytest
from PIL import Image

from configs.retrieval import descriptors
from tests.train.test_command_line import run
from train.data.class_batches import ClassBatches
from train.data.data_sets import data_set
from train.data.textures import Textures
from train.engine.restore import build_task
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.state.devices import data_mesh
from train.systems import picture_index
from train.systems.catalogue import system
from train.systems.picture_index import PictureIndex, index_folder, read_index

CBSD68 = "crops:128:cbsd68"
# mAP, P@1, P@3 and ANMRR of the corners of CBSD68 (fact sheet 4.5).
TABLE = [
    ("descriptor:reduced_pixels", "retrieval_euclidean", (0.1146, 0.1434, 0.0907, 0.8849)),
    ("descriptor:reduced_pixels", "retrieval_manhattan", (0.1269, 0.1544, 0.1078, 0.8662)),
    ("descriptor:colour_statistics", "retrieval_euclidean", (0.1882, 0.2463, 0.1691, 0.7932)),
    ("descriptor:colour_statistics", "retrieval", (0.2329, 0.2757, 0.1961, 0.7611)),
    ("descriptor:colour_histogram", "retrieval_euclidean", (0.2185, 0.2978, 0.1789, 0.7670)),
    ("descriptor:colour_histogram", "retrieval", (0.2266, 0.3015, 0.1936, 0.7580)),
    ("descriptor:colour_histogram", "retrieval_manhattan", (0.2618, 0.3713, 0.2181, 0.7224)),
    ("descriptor:hellinger", "retrieval_euclidean", (0.2997, 0.4191, 0.2672, 0.6806)),
    (f"lsh:16:descriptor:hellinger@{CBSD68}", "retrieval", (0.178, 0.224, None, 0.812)),
    (f"lsh:32:descriptor:hellinger@{CBSD68}", "retrieval", (0.243, 0.324, None, 0.745)),
    (f"lsh:64:descriptor:hellinger@{CBSD68}", "retrieval", (0.250, 0.320, None, 0.731)),
    (f"pca_sign:32:descriptor:hellinger@{CBSD68}", "retrieval", (0.2696, 0.3419, None, 0.7093)),
    (f"itq:32:descriptor:hellinger@{CBSD68}", "retrieval", (0.2571, 0.3051, None, 0.7293)),
]


def test_the_sheets_table(imaging_data):
    dataset = data_set(CBSD68)
    for name, protocol, expected in TABLE:
        values = evaluate(system(name), dataset, PROTOCOLS[protocol]).values
        found = [
            values[key]
            for key in ("mean_average_precision", "precision_at_1", "precision_at_3", "anmrr")
        ]
        pairs = [(a, b) for a, b in zip(found, expected, strict=True) if b is not None]
        np.testing.assert_allclose(*zip(*pairs, strict=True), atol=1e-3, err_msg=name)


def test_textures_are_told_apart_by_their_spectrum_and_not_by_pixels():
    dataset = data_set("textures_test:32:20")
    quality = {
        name: evaluate(system(f"descriptor:{name}"), dataset, PROTOCOLS["retrieval"]).values
        for name in ("log_spectrum", "reduced_pixels")
    }
    assert quality["log_spectrum"]["mean_average_precision"] > 0.9
    assert quality["reduced_pixels"]["mean_average_precision"] < 0.3


def test_batches_hold_as_many_of_each_kind():
    batch = jax.jit(lambda k: Textures(12, 8, 4).batch(k, ()))(jax.random.key(0))
    _, counts = np.unique(batch["label"], return_counts=True)
    assert counts.tolist() == [3, 3, 3, 3]


def test_batches_of_a_set_hold_images_of_their_classes():
    source = ClassBatches("textures:8:5", batch_size=8, kinds=4)
    inputs = next(source.inputs(0, data_mesh()))
    batch = jax.jit(source.batch)(jax.random.key(0), inputs)
    _, counts = np.unique(batch["label"], return_counts=True)
    assert counts.tolist() == [2, 2, 2, 2]
    arrays = data_set("textures:8:5").arrays
    for image, label in zip(batch["image"], batch["label"], strict=True):
        own = arrays["image"][arrays["label"] == label]
        assert (np.abs(own - np.asarray(image)).max(axis=(1, 2, 3)) < 1e-6).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Textures(12, 8, 5), "batch_size=12 isn't a multiple of kinds=5"),
        (lambda: Textures(12, 8, 11), "data.kinds=11: wanted 2 to 10"),
        (lambda: ClassBatches("textures:8:5", 8, 11), "data.kinds=11: textures:8:5 has 10 classes"),
        (lambda: ClassBatches("drawn_changes:40:1", 8), "its images have no labels"),
        (lambda: data_set("crops:0:set5"), "wanted crops:<pixels a side>:<image set>"),
        (lambda: data_set("crops:999:scikit_image"), r"astronaut is 512x512: wanted 999 a side"),
        (lambda: system("descriptor:sift"), "sift"),
        (lambda: system("lsh:8:descriptor:hellinger"), "wanted lsh:<bits>:<system>@<set>"),
        (lambda: system("itq:99:descriptor:log_spectrum@textures:8:5"), "bits=99: wanted 1 to 48"),
    ],
)
def test_what_cant_be_drawn_or_opened(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_network_of_bits_gives_bits():
    config = descriptors.get_config("tiny")
    config.model.binary = True
    task = build_task(config)
    images = jax.random.uniform(jax.random.key(0), (4, 8, 8, 1))
    variables = {"network": task.network.init(jax.random.key(1), images)}
    assert set(np.unique(task.apply(variables, {"image": images})["codes"])) <= {-1.0, 1.0}
    config.task.margin = 0.0
    with pytest.raises(ValueError, match=r"task.margin=0.0: wanted above 0"):
        build_task(config)


@pytest.fixture
def pictures(tmp_path):
    """Red, green and blue pictures of two shades each, and a file that is none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for channel, name in enumerate(("red", "green", "blue")):
        for shade in (200, 250):
            pixels = np.zeros((20, 30, 3), np.uint8)
            pixels[..., channel] = shade
            Image.fromarray(pixels).save(folder / f"{name}{shade}.png")
    (folder / "broken.png").write_bytes(b"none")
    return folder


def test_an_index_is_kept_on_disk_and_tells_what_is_alike(pictures, tmp_path, capsys):
    found = system("descriptor:hellinger")
    index = index_folder(found, "descriptor:hellinger", pictures)
    assert len(index.files) == 6
    assert "left out: " in capsys.readouterr().out
    index.save(tmp_path / "index.npz")
    read = read_index(tmp_path / "index.npz")
    assert (read.system, list(read.files)) == ("descriptor:hellinger", list(index.files))
    code = picture_index.describe_file(found, pictures / "red250.png")
    places, cosines = read.nearest(code, 2)
    assert {read.files[place] for place in places} == {"red200.png", "red250.png"}
    np.testing.assert_allclose(cosines, 1.0, atol=1e-6)


@pytest.mark.skipif(not importlib.util.find_spec("faiss"), reason="faiss isn't installed")
def test_faiss_and_the_device_find_the_same(tmp_path, monkeypatch):
    generator = np.random.default_rng(0)
    codes = generator.standard_normal((500, 16)).astype(np.float32)
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    index = PictureIndex("none", tmp_path, [str(i) for i in range(500)], codes)
    query = generator.standard_normal(16)
    places, cosines = index.nearest(query, 7)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    others, again = index.nearest(query, 7)
    assert places.tolist() == others.tolist()
    np.testing.assert_allclose(cosines, again, atol=1e-5)
    expected = np.argsort(-codes @ query)[:7]
    assert places.tolist() == expected.tolist()


def test_the_commands_describe_and_find(pictures, tmp_path):
    file, sheet = tmp_path / "own.npz", tmp_path / "found.png"
    made = run("train.retrieve", "index", pictures, f"--index={file}")
    assert "6 pictures by descriptor:hellinger" in made.stdout
    assert "exists; --overwrite replaces" in run(
        "train.retrieve", "index", pictures, f"--index={file}"
    ).stderr  # fmt: skip
    found = run(
        "train.retrieve", "query", pictures / "blue200.png", f"--index={file}", "--top=2",
        f"--output={sheet}",
    )  # fmt: skip
    assert found.stdout.count("blue2") == 2
    assert np.asarray(Image.open(sheet)).shape == (128, 3 * 128 + 2 * 4, 3)
    missing = run("train.retrieve", "query", pictures / "red200.png", "--index=nowhere.npz")
    assert "nowhere.npz: no such file" in missing.stderr
