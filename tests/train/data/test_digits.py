import gzip
import struct
import subprocess
import sys

import numpy as np
import pytest

from train.data.data_set import DataSet
from train.data.data_sets import KINDS, data_set
from train.data.digits import mnist, read_idx
from train.data.fields import Field


def idx(*shape, length=None):
    """The bytes of an IDX file by its specification."""
    header = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
    return header + bytes(i % 251 for i in range(np.prod(shape) if length is None else length))


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content))
    return path


def test_mnist(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    images, labels = mnist("train")
    assert (images.shape, images.dtype) == ((60_000, 28, 28, 1), np.uint8)
    assert (labels.shape, labels.dtype) == ((60_000,), np.int32)
    # Published statistics of the training set: mean 0.1307, deviation 0.3081.
    assert images.mean() / 255 == pytest.approx(0.13066, abs=5e-6)
    assert images.std() / 255 == pytest.approx(0.30811, abs=5e-6)
    np.testing.assert_array_equal(labels[:6], [5, 0, 4, 1, 9, 2])
    arrays = data_set("mnist:test").arrays
    images, labels = arrays["image"], arrays["label"]
    assert images.shape == (10_000, 28, 28, 1)
    of_class = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    np.testing.assert_array_equal(np.bincount(labels), of_class)


def test_the_last_of_the_training_images_are_held_back(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    whole = mnist("train")
    parts = mnist("fit"), mnist("held_back")
    assert [len(labels) for _, labels in parts] == [55_000, 5_000]
    for index in (0, 1):
        np.testing.assert_array_equal(np.concatenate([p[index] for p in parts]), whole[index])


def test_a_set_knows_its_items_before_they_are_read(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    found = data_set("mnist:test")
    assert found.fields["image"].shape == (28, 28, 1)
    assert found.fields["label"].range == (0, 10)
    assert found.assets["classes"] == list("0123456789")
    item = found[7]
    assert (item["index"], item["label"], item["image"].shape) == (7, 9, (28, 28, 1))


def test_idx_in_its_order(tmp_path):
    found = read_idx(write(tmp_path / "a.gz", idx(2, 3, 4)))
    np.testing.assert_array_equal(found, np.arange(24).reshape(2, 3, 4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(2, 3, 4, length=23), r"a\.gz holds 23 bytes of data, its header says \(2, 3, 4\)"),
        (idx(2, 3, 4, length=25), r"a\.gz holds 25 bytes of data"),
        (b"\0\0\x0d\x01\0\0\0\0", r"a\.gz is no IDX file of unsigned bytes"),
        (b"\0\0\x08\x03\0\0\0\x01", r"a\.gz is no IDX file of unsigned bytes"),
        (b"", r"a\.gz is no IDX file of unsigned bytes"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read_idx(write(tmp_path / "a.gz", content))


def test_a_file_that_cannot_be_unpacked_is_named(tmp_path):
    path = write(tmp_path / "a.gz", idx(9, 3, 4))
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"a\.gz can't be unpacked"):
        read_idx(path)
    path.write_bytes(b"no gzip")
    with pytest.raises(ValueError, match=r"a\.gz can't be unpacked"):
        read_idx(path)


def test_images_and_labels_must_match(tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(tmp_path))
    write(tmp_path / "mnist/t10k-images-idx3-ubyte.gz", idx(3, 28, 28))
    write(tmp_path / "mnist/t10k-labels-idx1-ubyte.gz", idx(2))
    with pytest.raises(ValueError, match=r"t10k-\*: images \(3, 28, 28\) and labels \(2,\)"):
        mnist("test")


def test_other_names(monkeypatch):
    monkeypatch.delenv("IMAGING_DATA", raising=False)
    with pytest.raises(
        ValueError, match="split must be one of train, fit, held_back, test, got 'val'"
    ):
        mnist("val")
    with pytest.raises(ValueError, match="'cifar:train' is no folder and no known set"):
        data_set("cifar:train")
    with pytest.raises(ValueError, match="mnist needs the environment variable IMAGING_DATA"):
        data_set("mnist:train")


def test_a_labelled_tfds_data_set_is_read_without_tensorflow(tmp_path):
    code = TFDS_CODE.format(directory=tmp_path)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines()[-2:] == [
        "tfds_32:tiny:train[:80%] (4, 32, 32, 1) True",
        "(5, 6, 7, 1) uint8 int32 True False",
    ]


def test_faces_are_cut_from_the_middle_grey_and_shrunk(monkeypatch):
    rows = np.arange(218, dtype=np.uint8)[:, None, None] * np.ones((1, 178, 3), np.uint8)
    faces = DataSet(
        "tfds:celeb_a:test",
        {"image": Field((218, 178, 3), "uint8", "image", (0, 255))},
        ["0", "1"],
        lambda _: {"image": rows},
    )
    monkeypatch.setattr("train.data.data_sets._tfds", lambda name: {"celeb_a:test": faces}[name])
    images = KINDS["celeba_64"]("test").arrays["image"]
    assert images.shape == (2, 64, 64, 1)
    # Rows 49 to 168 remain; what was one row becomes 64/120 of one.
    wanted = 48.5 + (np.arange(64) + 0.5) * 120 / 64
    np.testing.assert_allclose(images[0, 1:-1, 5, 0], wanted[1:-1], atol=0.51)


TFDS_CODE = """
import io, os, sys
os.environ["TFDS_DATA_DIR"] = "{directory}"
import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

class Tiny(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        image, label = tfds.features.Image(shape=(6, 7, 1)), tfds.features.ClassLabel(num_classes=9)
        features = tfds.features.FeaturesDict({{"image": image, "label": label}})
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, downloads):
        return {{"train": self._generate_examples()}}

    def _generate_examples(self):
        for index in range(5):
            file = io.BytesIO()
            Image.fromarray(np.full((6, 7), 10 * index, np.uint8)).save(file, "PNG")
            file.seek(0)
            yield index, {{"image": file, "label": index}}

Tiny(data_dir="{directory}", file_format="array_record").download_and_prepare()

from train.data.data_sets import data_set

arrays = data_set("tfds:tiny:train").arrays
images, labels = arrays["image"], arrays["label"]
part = data_set("tfds_32:tiny:train[:80%]")
agree = (part.arrays["image"][:, 9, 9, 0] == 10 * part.arrays["label"]).all()
print(part.name, part.arrays["image"].shape, bool(agree))
agree = set(labels.tolist()) == set(range(5)) and (images[:, 0, 0, 0] == 10 * labels).all()
print(images.shape, images.dtype, labels.dtype, bool(agree), "tensorflow" in sys.modules)
"""
