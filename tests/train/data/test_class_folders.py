"""Folders with a class each: how they are read, streamed, and told apart."""

import csv

import jax
import numpy as np
import pytest
from PIL import Image

from train.config.registry import build
from train.data import DATA
from train.data.class_folders import classes, read_at
from train.data.fields import Field
from train.state.devices import data_mesh
from train.systems.catalogue import system as open_system
from train.systems.class_files import tell_classes, tells_classes
from train.systems.system import Origin, System

COLOURS = {"blue": (0, 0, 255), "red": (255, 0, 0)}


@pytest.fixture
def folder(tmp_path):
    """Three pictures of each colour, of other sizes."""
    for name, colour in COLOURS.items():
        (tmp_path / "sets" / name).mkdir(parents=True)
        for index in range(3):
            picture = Image.new("RGB", (20 + index, 30), colour)
            picture.save(tmp_path / "sets" / name / f"{index}.png")
    (tmp_path / "sets" / "empty").mkdir()
    return tmp_path / "sets"


def test_a_folder_of_folders_is_a_set_with_classes(folder):
    found = classes(f"16:all:{folder}")
    assert found.assets == {"classes": ["blue", "red"]}
    assert found.names[0] == "blue/0.png"
    assert [int(item["label"]) for item in found] == [0, 0, 0, 1, 1, 1]
    for item in found:
        wanted = COLOURS[found.assets["classes"][item["label"]]]
        np.testing.assert_array_equal(item["image"], np.broadcast_to(wanted, (16, 16, 3)))


def test_splits_share_no_image_and_hold_each(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for index in range(25):
            Image.new("L", (4, 4)).save(tmp_path / name / f"{index:02d}.png")
    parts = {s: classes(f"4grey:{s}:{tmp_path}").names for s in ("fit", "held_back", "test")}
    assert parts["held_back"] == [f"{c}/{i}.png" for c in "ab" for i in ("00", "10", "20")]
    assert parts["test"] == [f"{c}/{i}.png" for c in "ab" for i in ("01", "11", "21")]
    every = [name for names in parts.values() for name in names]
    assert sorted(every) == sorted(classes(f"4grey:all:{tmp_path}").names)


def test_hidden_files_and_folders_are_neither_pictures_nor_classes(folder):
    (folder / ".checkpoints").mkdir()
    Image.new("L", (4, 4)).save(folder / ".checkpoints" / "a.png")
    (folder / "red" / "._0.png").write_bytes(b"no picture")
    found = classes(f"16:all:{folder}")
    assert found.assets == {"classes": ["blue", "red"]}
    assert len(found) == 6


def test_pictures_are_covered_and_cut_about_their_middle(tmp_path):
    pixels = np.zeros((8, 24, 3), np.uint8)
    pixels[:, 8:16] = 255
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    np.testing.assert_array_equal(read_at(tmp_path / "wide.png", (8, 8, 3)), 255)
    assert read_at(tmp_path / "wide.png", (4, 12, 1)).shape == (4, 12, 1)


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("16", "wanted classes:<side>:<all, fit, held_back, test>:<folder>"),
        ("wide:all:{folder}", "wanted classes:<side>:<all"),
        ("16:half:{folder}", "wanted classes:<side>:<all"),
        ("16:all:{folder}/nowhere", "is no folder"),
        ("16:all:{folder}/red", "wanted two subfolders with images at least.*found none"),
    ],
)
def test_other_folders_are_refused(specification, message, folder):
    with pytest.raises(ValueError, match=message):
        classes(specification.format(folder=folder))


def _streamed(folder, **values):
    section = {"name": "labelled", "images": f"classes:16:all:{folder}", "batch_size": 4}
    return build(DATA, {**section, "storage": "streamed", **values}, "data", seed=0)


def test_items_are_streamed_as_a_function_of_the_step(folder):
    data, mesh = _streamed(folder), data_mesh()
    batches = [jax.device_get(x) for x, _ in zip(data.inputs(0, mesh), range(3), strict=False)]
    again = next(data.inputs(2, mesh))
    np.testing.assert_array_equal(batches[2]["label"], again["label"])
    made = data.batch(jax.random.key(0), again)
    assert made["image"].shape == (4, 16, 16, 3)
    # Each image has the colour of its label.
    blue = np.asarray(made["image"])[:, 0, 0, 2]
    np.testing.assert_array_equal(blue, 1 - np.asarray(made["label"]))


def _drawn(folder, step):
    """The items that cannot be used which a step draws."""
    skipping = _streamed(folder, on_error="skip")
    skipping.host_batch(step)
    return skipping.skipped


def test_unusable_pictures_are_skipped_where_that_is_asked_for(folder):
    (folder / "red" / "broken.png").write_bytes(b"no picture")
    skipping = _streamed(folder, on_error="skip")
    for step in range(8):
        skipping.host_batch(step)
    # Names are in order: 0.png, 1.png, 2.png, broken.png, behind the three of blue.
    assert skipping.skipped == {6}
    # The step at which one came is that at which it stops.
    steps = [step for step in range(8) if 6 in _drawn(folder, step)]
    with pytest.raises(ValueError, match=r"broken.png.*data.on_error=skip goes on without it"):
        _streamed(folder).host_batch(steps[0])


def test_words_that_are_not_known_are_refused(folder):
    with pytest.raises(ValueError, match=r"data.workers=2.*they are of streamed images"):
        _streamed(folder, storage="resident", workers=2)
    with pytest.raises(ValueError, match=r"data.storage='nowhere' is unknown"):
        _streamed(folder, storage="nowhere")
    with pytest.raises(ValueError, match=r"data.size=20: streamed images stay as they are"):
        _streamed(folder, size=20)


def test_pictures_are_told_apart(folder, tmp_path, capsys):
    takes = {"image": Field((16, 16, 3), "float32", "image", (0.0, 1.0))}
    gives = {"scores": Field((2,), "float32", "scores")}
    apply = lambda inputs: {"scores": 3 * inputs["image"][:, 0, 0, ::-2]}  # noqa: E731
    names = {"classes": ["bluish", "reddish"]}
    judge = System("judge", "none", apply, Origin("fitted"), takes, gives, assets=names)
    assert tells_classes(judge)
    assert not tells_classes(open_system("bicubic"))
    tell_classes(judge, [folder], tmp_path / "told.csv")
    # Of logits 3 and 0: 1 / (1 + exp(-3)).
    assert "blue/0.png: bluish 95.3%, reddish 4.7%" in capsys.readouterr().out
    (folder / "red" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"1 of 7 not told: .*broken.png"):
        tell_classes(judge, [folder], tmp_path / "new" / "told.csv")
    rows = list(csv.reader((tmp_path / "new" / "told.csv").open()))
    assert rows[0] == ["picture", "class", "bluish", "reddish"]
    assert [row[1] for row in rows[1:]] == ["bluish"] * 3 + ["reddish"] * 3
