"""Sets of images with sentences: files, vocabularies, generated scenes, what is drawn of them."""

import json

import jax
import numpy as np
import pytest
from PIL import Image

from imaging_jax.models.captioning import END, PAD, SPECIALS, START, UNKNOWN
from train.config.registry import build
from train.data import DATA
from train.data.data_sets import data_set
from train.data.fields import check_fields
from train.data.vocabulary import decoded, encoded, sentences_of, vocabulary_of
from train.state.devices import data_mesh

SAID = {
    "a.png": ["A white plane.", "a plane on the grass"],
    "b.png": ["Two red courts ."],
    "c.png": ["water, and trees", "some trees", "Trees near water!"],
}


def coco(said=SAID):
    images = [{"id": 7 + i, "file_name": name} for i, name in enumerate(said)]
    annotations = [
        {"image_id": image["id"], "caption": caption}
        for image in images
        for caption in said[image["file_name"]]
    ]
    return {"images": images, "annotations": annotations}


def karpathy(raw=True):
    splits = dict(zip(SAID, ("train", "restval", "test"), strict=True))
    say = lambda s: {"raw": s} if raw else {"tokens": s.lower().split()}  # noqa: E731
    return {
        "images": [
            {"filename": name, "split": splits[name], "sentences": [say(s) for s in said]}
            for name, said in SAID.items()
        ]
    }


@pytest.fixture
def files(tmp_path):
    """A folder of pictures, and how a name of the set over a file's content is made."""
    (tmp_path / "images").mkdir()
    for index, name in enumerate(SAID):
        Image.new("RGB", (20, 30 + index), (80 * index, 0, 255)).save(tmp_path / "images" / name)

    count = iter(range(9))

    def named(content, split="all", side=16):
        # A set is remembered by its name.
        file = tmp_path / f"said{next(count)}.json"
        file.write_text(json.dumps(content))
        return f"captioned:{side}:{split}:{file}:{tmp_path / 'images'}"

    return named


@pytest.mark.parametrize("content", [coco(), karpathy(), karpathy(raw=False)])
def test_files_of_coco_and_of_karpathy_become_the_same_set(files, content):
    found = data_set(files(content))
    assert found.names == list(SAID)
    assert found.fields["captions"].shape == (3, 7)
    said = sentences_of(np.stack([item["captions"] for item in found]), found.assets["vocabulary"])
    assert said[0] == [["a", "white", "plane"], ["a", "plane", "on", "the", "grass"]]
    assert said[2] == [["water", "and", "trees"], ["some", "trees"], ["trees", "near", "water"]]
    np.testing.assert_array_equal(
        found[1]["image"], np.broadcast_to(np.uint8([80, 0, 255]), (16, 16, 3))
    )


def test_splits_are_the_files_own_or_every_tenth(files):
    parts = {s: data_set(files(karpathy(), s)).names for s in ("fit", "test")}
    assert parts == {"fit": ["a.png", "b.png"], "test": ["c.png"]}
    parts = {s: data_set(files(coco(), s)).names for s in ("fit", "held_back", "test")}
    assert parts == {"fit": ["c.png"], "held_back": ["a.png"], "test": ["b.png"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (coco({**SAID, "d.png": ["gone"]}), r"1 of 4 images aren't in .*images: d\.png"),
        (coco({**SAID, "a.png": ["a plane", ""]}), r"a\.png has a caption without words"),
        (coco({name: [" . "] for name in SAID}), r"a\.png has a caption without words"),
        (coco({**SAID, "b.png": []}), r"b\.png has no caption"),
        ({"images": []}, "has no images"),
        ({"images": [{"id": 1}]}, "wanted images and annotations as COCO's files have them"),
        ([1], "wanted images and annotations"),
    ],
)
def test_files_that_cannot_be_used_are_told(files, content, message):
    with pytest.raises(ValueError, match=message):
        data_set(files(content))


def test_names_that_cannot_be_read_are_told(files, tmp_path):
    name = files(coco())
    with pytest.raises(ValueError, match="no image is of this split"):
        data_set(files(karpathy(), "held_back"))
    for wrong in ("captioned:16:all", name.replace(":16:", ":x:"), name.replace("all", "val")):
        with pytest.raises(ValueError, match="wanted captioned:<side>"):
            data_set(wrong)
    with pytest.raises(ValueError, match="there is no such file"):
        data_set(name.replace("said0", "nothing"))
    (tmp_path / "said0.json").write_text("{")
    with pytest.raises(ValueError, match="is no JSON"):
        data_set(name + "/")


def test_words_become_tokens_and_words_again():
    sentences = [[["red", "tank"], ["red"]], [["blue", "tank", "red"]]]
    vocabulary = vocabulary_of(sentences, 2)
    assert vocabulary == [*SPECIALS, "red", "tank"]
    tokens = encoded(sentences, vocabulary, 6)
    assert tokens.shape == (2, 2, 6)
    assert tokens[1, 0].tolist() == [START, UNKNOWN, 5, 4, END, PAD]
    assert tokens[1, 1].tolist() == [PAD] * 6
    assert decoded([4, 5, END, 4], vocabulary) == ["red", "tank"]
    assert decoded([4, 6, END], vocabulary) == ["red", "<unk>"]
    assert sentences_of(tokens, vocabulary)[1] == [["<unk>", "tank", "red"]]
    with pytest.raises(ValueError, match="a caption has 3 words, wanted 2 at most: 'blue tank red"):
        encoded(sentences, vocabulary, 4)


def drawn(source, key=0):
    (arrays, *_) = [next(source.inputs(0, data_mesh()))]
    return jax.device_get(source.batch(jax.random.key(key), arrays))


def test_one_of_an_images_sentences_is_drawn(files):
    name = files(coco())
    section = {"name": "captioned_images", "images": name, "batch_size": 64, "length": 9}
    source = build(DATA, {**section, "least": 1}, "data")
    batch = drawn(source)
    check_fields(source.fields, {n: source.fields[n] for n in batch}, "data", "the test")
    assert batch["image"].shape == (64, 16, 16, 3)
    found = {}
    for image, tokens in zip(batch["image"], batch["tokens"], strict=True):
        red = round(float(image[0, 0, 0]) * 255 / 80)
        found.setdefault(red, set()).add(" ".join(decoded(tokens, source.assets["vocabulary"])))
    assert {index: len(said) for index, said in found.items()} == {0: 2, 1: 1, 2: 3}
    assert found[1] == {"two red courts"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"length": 6}, r"data\.length=6: captioned.*a caption has 5 words, wanted 4 at most"),
        ({"least": 9}, r"data\.least=9: no word stands so often"),
        ({"images": "shapes:16:3:4"}, r"data\.images='shapes:16:3:4': its images have no captions"),
    ],
)
def test_what_cannot_be_drawn_of_is_told(files, change, message):
    section = {"name": "captioned_images", "images": files(coco()), "batch_size": 4, "length": 9}
    with pytest.raises(ValueError, match=message):
        build(DATA, {**section, "least": 1, **change}, "data")


def test_five_sentences_of_a_scene_tell_the_same_facts():
    found = data_set("worded_scenes:30")
    said = sentences_of(found.arrays["captions"], found.assets["vocabulary"])
    for own in said:
        assert len(set(map(tuple, own))) == 5
        for values in found.assets["facts"]:
            told = [[set(names) & set(words) != set() for names in values] for words in own]
            assert np.sum(told[0]) == 1
            assert all(row == told[0] for row in told)
        assert len({" road" in " " + " ".join(words) for words in own}) == 1
    everything = {word for own in said for words in own for word in words}
    assert {"one", "planes", "water", "middle"} <= everything


def test_scenes_of_tests_are_others_and_drawn_anew_alike():
    held_back, test = (data_set(f"{name}:4") for name in ("worded_scenes", "worded_scenes_test"))
    assert np.abs(held_back.arrays["image"] - test.arrays["image"]).max() > 0.1
    assert len(data_set("worded_scenes_test")) == 200
    for name in ("worded_scenes:0", "worded_scenes:x"):
        with pytest.raises(ValueError, match="wanted a number of scenes"):
            data_set(name)


def test_scenes_are_drawn_for_training_with_one_sentence():
    source = build(DATA, {"name": "worded_scenes", "batch_size": 3, "length": 21}, "data")
    batch = drawn(source)
    assert batch["image"].shape == (3, 64, 64, 3)
    assert batch["tokens"].shape == (3, 21)
    assert source.assets["vocabulary"] == data_set("worded_scenes:2").assets["vocabulary"]
    with pytest.raises(ValueError, match=r"data\.length=5: sentences have 19 tokens"):
        build(DATA, {"name": "worded_scenes", "batch_size": 3, "length": 5}, "data")


def test_staged_classes_are_split_by_their_place(imaging_data):
    del imaging_data
    parts = {s: data_set(f"rsicd_classes:{s}") for s in ("even", "odd", "fit", "held_back")}
    assert {s: len(part) for s, part in parts.items()} == {
        "even": 546, "odd": 546, "fit": 491, "held_back": 55
    }  # fmt: skip
    assert not set(parts["even"].names) & set(parts["odd"].names)
    assert set(parts["even"].names) == set(parts["fit"].names) | set(parts["held_back"].names)
    classes = parts["odd"].assets["classes"]
    counts = sum(np.bincount(parts[s].arrays["label"]) for s in ("even", "odd"))
    # Of the staged file, image by image.
    wanted = {"square": 194, "stadium": 290, "storagetanks": 360, "viaduct": 248}
    assert dict(zip(classes, counts.tolist(), strict=True)) == wanted
    item = parts["odd"][0]
    assert item["image"][0, 0].tolist() == np.eye(4)[item["label"]].tolist()
    with pytest.raises(ValueError, match="wanted rsicd_classes:<even"):
        data_set("rsicd_classes:all")
