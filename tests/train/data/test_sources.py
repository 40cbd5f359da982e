import subprocess
import sys

import jax
import numpy as np
import pytest
import tifffile

from train.config.registry import build
from train.data import DATA, ImageSet, image_set, images
from train.data.data_set import DataSet
from train.data.fields import Field
from train.data.patch_data import patches
from train.data.resident import ResidentPatches
from train.data.spatial import flip_and_turn
from train.data.streamed import StreamedPatches
from train.state.devices import data_mesh


def picture(seed, height, width):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    for seed, (height, width) in enumerate([(20, 30), (17, 40), (33, 16)]):
        images.write(tmp_path / f"{seed}.png", picture(seed, height, width))
    return tmp_path


SECTIONS = {
    "synthetic": {"name": "dead_leaves", "leaves": 10},
    "resident": {"name": "patches", "storage": "resident"},
    "streamed": {"name": "patches", "storage": "streamed"},
    "streamed by workers": {"name": "patches", "storage": "streamed", "workers": 1},
}


def open_data(kind, folder, seed=0):
    section = dict(SECTIONS[kind], batch_size=4, patch_size=16)
    if section["name"] == "patches":
        section["images"] = str(folder)
    return build(DATA, section, "data", seed=seed)


def batches(data, first, count, seed=0):
    mesh, key, make = data_mesh(), jax.random.key(seed), jax.jit(data.batch)
    stream = data.inputs(first, mesh)
    return [
        np.asarray(make(jax.random.fold_in(key, first + i), next(stream))["image"])
        for i in range(count)
    ]


# A worker process takes seconds to start.
KINDS = [
    pytest.param(kind, marks=pytest.mark.slow if "workers" in kind else ()) for kind in SECTIONS
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_a_function_of_seed_and_step(kind, folder):
    data = open_data(kind, folder)
    whole, rest = batches(data, 0, 4), batches(data, 2, 2)
    np.testing.assert_array_equal(whole[2:], rest)
    assert not np.array_equal(whole[0], whole[1])
    other = open_data(kind, folder, seed=1)
    assert not np.array_equal(batches(other, 0, 1, seed=1)[0], whole[0])


@pytest.mark.parametrize("kind", KINDS)
def test_batches_have_the_shape_range_and_inputs_they_declare(kind, folder):
    data = open_data(kind, folder)
    mesh = data_mesh()
    found = jax.tree.map(lambda x: (x.shape, x.dtype), next(data.inputs(0, mesh)))
    declared = jax.tree.map(lambda x: (x.shape, x.dtype), data.input_shapes(mesh))
    assert found == declared
    (batch,) = batches(data, 0, 1)
    assert batch.shape == (4, 16, 16, 3)
    assert batch.dtype == np.float32
    assert 0.0 <= batch.min() < batch.max() <= 1.0


def windows(picture, size):
    """Every patch of a picture in every one of the eight symmetries, as bytes."""
    views = np.lib.stride_tricks.sliding_window_view(picture, (size, size), (0, 1))
    found = set()
    for patch in views.reshape(-1, 3, size, size).transpose(0, 2, 3, 1):
        for turns in range(4):
            turned = np.rot90(patch, turns)
            found |= {turned.tobytes(), turned[:, ::-1].tobytes()}
    return found


@pytest.mark.parametrize("kind", ["resident", "streamed"])
def test_patches_are_windows_of_the_images(kind, folder):
    known = [windows(images.read(folder / f"{i}.png").pixels, 16) for i in range(3)]
    drawn = np.concatenate(batches(open_data(kind, folder), 0, 8))
    levels = np.round(drawn * 255).astype(np.uint8)
    sources = [[patch.tobytes() in k for k in known].index(True) for patch in levels]
    assert set(sources) == {0, 1, 2}


def test_all_eight_symmetries_occur_equally_often():
    patch = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    keys = jax.random.split(jax.random.key(0), 4000)
    turned = np.asarray(jax.vmap(lambda k: flip_and_turn(k, patch))(keys)).reshape(4000, -1)
    _, counts = np.unique(turned, axis=0, return_counts=True)
    assert len(counts) == 8
    assert counts.min() > 400


@pytest.mark.parametrize("storage", ["resident", "streamed"])
def test_rescaled_copies_stand_beside_the_images(storage, tmp_path):
    images.write(tmp_path / "a.png", np.kron(picture(0, 16, 16), np.ones((4, 4, 1), np.uint8)))
    values = {"batch_size": 32, "patch_size": 8, "seed": 0, "storage": storage}
    data = patches(images=str(tmp_path), rescale=(1.0, 0.25), **values)
    (drawn,) = batches(data, 0, 1)
    rough = np.abs(np.diff(drawn, axis=2)).mean(axis=(1, 2, 3))
    # Blocks of 4x4 are flat inside; the copy at a quarter is noise throughout.
    assert (rough < 0.15).any()
    assert (rough > 0.2).any()


def test_a_set_too_large_to_be_resident_is_streamed_and_it_is_said(folder, monkeypatch, capsys):
    monkeypatch.setattr("train.data.patch_data.RESIDENT_LIMIT", 1000)
    assert isinstance(open_data("resident", folder), StreamedPatches)
    assert "too large to be resident" in capsys.readouterr().out


def test_copies_on_many_devices_of_a_cpu_count_together(folder, monkeypatch):
    monkeypatch.setattr("jax.local_device_count", lambda: 2**30)
    assert isinstance(open_data("resident", folder), StreamedPatches)


def test_a_small_set_is_resident(folder):
    assert isinstance(open_data("resident", folder), ResidentPatches)


def test_an_unknown_set_names_the_nearest():
    with pytest.raises(ValueError, match="'set5'"):
        image_set("set_5")


def test_a_tfds_data_set_built_here_is_read_without_tensorflow(tmp_path):
    code = TFDS_CODE.format(directory=tmp_path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-1] == "5 (22, 30, 3) 2 (4, 16, 16, 3) False"


TFDS_CODE = """
import io, sys
import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

class Tiny(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        image = tfds.features.Image(shape=(None, None, 3))
        features = tfds.features.FeaturesDict({{"image": image}})
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, downloads):
        return {{"train": self._generate_examples()}}

    def _generate_examples(self):
        for index in range(5):
            file = io.BytesIO()
            Image.fromarray(np.full((20 + index, 30, 3), index, np.uint8)).save(file, "PNG")
            file.seek(0)
            yield index, {{"image": file}}

Tiny(data_dir="{directory}", file_format="array_record").download_and_prepare()

from train.data.image_sets import tfds as open_tfds
from train.data.patch_data import coloured
from train.data.streamed import StreamedPatches

found = open_tfds("tfds:tiny:train", data_dir="{directory}")
image = next(i for i in found if i.shape[0] == 22)
data = StreamedPatches(coloured(found, 16), 4, 16, 0, lambda _, item: item, False, 0)
batch = data.host_batch(0)["image"]
print(len(found), image.shape, image[0, 0, 0], batch.shape, "tensorflow" in sys.modules)
"""


def test_one_image_of_a_set():
    one = image_set("scikit_image/coffee")
    assert (one.name, one.names) == ("scikit_image/coffee", ["coffee"])
    np.testing.assert_array_equal(one[0], image_set("scikit_image")[1])
    with pytest.raises(ValueError, match=r"image of scikit_image='coffe' .* 'coffee'"):
        image_set("scikit_image/coffe")


def deep(path, pixels):
    tifffile.imwrite(path, pixels, photometric="minisblack", planarconfig="contig")


@pytest.mark.parametrize("storage", ["resident", "streamed"])
def test_patches_of_other_bands_are_refused_by_file(storage, tmp_path):
    deep(tmp_path / "cube.tif", np.zeros((32, 32, 31), np.uint16))
    values = {"batch_size": 2, "patch_size": 16, "seed": 0, "storage": storage}
    with pytest.raises(ValueError, match=r"cube\.tif has 31 bands; training and scoring take 1 or"):
        patches(images=str(tmp_path), **values).host_batch(0)


@pytest.mark.parametrize(
    ("pixels", "levels"),
    [
        (np.full((20, 20, 3), 8192, np.uint16), 16383),
        (np.full((20, 20, 3), 0.5, np.float32), 0),
        (np.full((20, 20, 3), 500, np.float32), 1000),
        (np.full((20, 20, 3), 32768, np.uint16), 0),
    ],
)
def test_files_count_by_their_own_white(pixels, levels, tmp_path):
    np.save(tmp_path / "a.npy", pixels)
    section = {"name": "patches", "images": str(tmp_path), "levels": levels}
    data = build(DATA, dict(section, batch_size=2, patch_size=16), "data", seed=0)
    (drawn,) = batches(data, 0, 1)
    np.testing.assert_allclose(drawn, 128 / 255, atol=1e-6)


def test_levels_are_said_of_folders_and_not_below_zero(tmp_path):
    images.write(tmp_path / "a.png", picture(0, 20, 20))
    for name, levels, words in (
        (str(tmp_path), -1, r"data\.levels=-1: wanted the level that is white"),
        (str(tmp_path), 4095, r"a\.png can't be read: levels=4095: its uint8 end at 255"),
        ("dead_leaves", 4095, "dead_leaves is no folder"),
    ):
        with pytest.raises(ValueError, match=words):
            patches(images=name, levels=levels, batch_size=2, patch_size=16, seed=0)


def test_images_of_subfolders_and_of_one_name_are_in_a_set(tmp_path):
    for name in ("a.png", "a.bmp", "sub/b.png", "sub/.b.png"):
        images.write(tmp_path / name, picture(0, 8, 8))
    found = image_set(str(tmp_path))
    assert found.names == ["a.bmp", "a.png", "sub/b"]
    assert found.part("last", [2]).files == [tmp_path / "sub/b.png"]


def test_a_stack_is_no_image():
    video = ImageSet("video", ["0"], lambda i: np.zeros((9, 40, 40, 3), np.uint8))
    with pytest.raises(ValueError, match=r"video/0: pixels are uint8 of shape \(9, 40, 40, 3\)"):
        video[0]


def pairs(count=3):
    """Items of a colour image, three frames, a cube of five bands and a label, of many sizes."""
    fields = {
        "image": Field((None, None, 3), "uint8", "image", (0, 255)),
        "frames": Field((3, None, None, 2), "float32", "frames", (0.0, 1.0)),
        "cube": Field((None, None, 5), "uint16", "cube", (0, 4095)),
        "label": Field((), "int32", "label", (0, count)),
    }
    items = []
    for index in range(count):
        height, width = 9 + index, 12 - index
        # Every number tells the pixel that it stands at.
        place = np.arange(height * width).reshape(height, width)
        items.append(
            {
                "image": np.stack([place, place + 1, place + 2], axis=-1).astype(np.uint8),
                "frames": np.broadcast_to(place[None, ..., None], (3, height, width, 2)) / 255,
                "cube": np.repeat(place[..., None], 5, axis=-1).astype(np.uint16),
                "label": np.int32(index),
            }
        )
    return fields, [{**item, "frames": item["frames"].astype(np.float32)} for item in items]


@pytest.mark.parametrize("storage", ["resident", "streamed"])
def test_all_fields_of_an_item_are_cut_at_one_place_and_turned_alike(storage):
    fields, items = pairs()
    source = DataSet("pairs", fields, ["a", "b", "c"], lambda index: items[index])
    data = (
        ResidentPatches(fields, items, 16, 5, {})
        if storage == "resident"
        else StreamedPatches(source, 16, 5, 0, lambda _, item: item, False, 0)
    )
    mesh = data_mesh()
    batch = jax.jit(data.batch)(jax.random.key(0), next(data.inputs(0, mesh)))
    assert {name: x.shape for name, x in batch.items()} == {
        "image": (16, 5, 5, 3), "frames": (16, 3, 5, 5, 2), "cube": (16, 5, 5, 5), "label": (16,),
    }  # fmt: skip
    assert {name: data.fields[name].shape for name in batch} == {
        name: x.shape[1:] for name, x in batch.items()
    }
    place = np.round(np.asarray(batch["image"][..., 0]) * 255)
    for band in range(5):
        np.testing.assert_allclose(batch["cube"][..., band] * 4095, place, atol=1e-2)
    for frame in range(3):
        np.testing.assert_allclose(batch["frames"][:, frame, ..., 1] * 255, place, atol=1e-3)
    # A row of the item is as long as its label says.
    steps = {tuple(sorted(np.abs([p[0, 1] - p[0, 0], p[1, 0] - p[0, 0]]))) for p in place}
    assert steps == {(1, 12), (1, 11), (1, 10)}
    assert set(np.asarray(batch["label"])) == {0, 1, 2}


def test_fields_of_other_sizes_in_one_item_are_refused():
    fields, items = pairs()
    items[1]["cube"] = items[1]["cube"][1:]
    with pytest.raises(ValueError, match="item 1: cube has 9x11 pixels, image 10x11"):
        ResidentPatches(fields, items, 4, 5, {})
