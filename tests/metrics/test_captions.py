import json
import os
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from imaging_jax.data_root import data_root
from imaging_jax.metrics import bleu, caption_words, cider, cider_d, meteor, rouge_l

HYPOTHESES = ["a cat on the mat", "two white planes near a building", "many green trees"]
REFERENCES = [
    ["a cat sat on the mat", "there is a cat on the mat"],
    ["two planes are parked near a building", "two white planes are near the building"],
    ["many green trees are around a pond", "green trees and water"],
]
PLAYGROUND = "many buildings and some green trees are around a playground"
VIADUCT = "many green trees are near a viaduct"


def words(sentences):
    return [sentence.split() for sentence in sentences]


# By the package coco-caption, as the others.
@pytest.mark.parametrize(
    ("images", "bleus", "rouge", "cider_d_mean", "cider_mean"),
    [
        (2, (0.8338, 0.7861, 0.7166, 0.5919), 0.8266, 4.6805, 4.8244),
        (3, (0.8071, 0.7696, 0.7104, 0.5833), 0.7607, 4.1761, 4.4271),
    ],
)
def test_toy_captions_score_as_coco_caption_has_them(
    images, bleus, rouge, cider_d_mean, cider_mean
):
    captions = words(HYPOTHESES[:images]), [words(own) for own in REFERENCES[:images]]
    np.testing.assert_allclose(bleu(*captions), bleus, atol=6e-5)
    np.testing.assert_allclose(np.mean(rouge_l(*captions)), rouge, atol=6e-5)
    np.testing.assert_allclose(np.mean(cider_d(*captions)), cider_d_mean, atol=6e-5)
    np.testing.assert_allclose(np.mean(cider(*captions)), cider_mean, atol=6e-5)


def test_toy_images_have_their_own_scores():
    captions = words(HYPOTHESES[:2]), [words(own) for own in REFERENCES[:2]]
    np.testing.assert_allclose(rouge_l(*captions), (0.8944, 0.7587), atol=6e-5)
    np.testing.assert_allclose(cider_d(*captions), (5.8839, 3.4772), atol=6e-5)


@cache
def staged(split):
    """Words of the five captions of each image."""
    if data_root() is None:
        pytest.skip("IMAGING_DATA is not set")
    content = json.loads((data_root() / f"captions/RSICD/captions_{split}.json").read_text())
    by_image = defaultdict(list)
    for annotation in content["annotations"]:
        by_image[annotation["image_id"]].append(caption_words(annotation["caption"]))
    return [by_image[image["id"]] for image in content["images"]]


def left_out(split, place):
    """Each image's caption at a place, and the other four."""
    said = staged(split)
    return [own[place] for own in said], [own[:place] + own[place + 1 :] for own in said]


def scores(captions):
    return [*bleu(*captions), *(np.mean(f(*captions)) for f in (rouge_l, cider_d, cider))]


# The rows of both staged files by coco-caption; METEOR apart.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "row"),
    [
        (0, (0.4108, 0.2729, 0.2083, 0.1728, 0.3724, 0.8860, 0.9610)),
        (1, (0.6421, 0.4839, 0.3739, 0.3013, 0.4555, 1.4399, 1.5606)),
        (2, (0.8964, 0.8345, 0.7881, 0.7556, 0.8035, 2.9240, 3.0564)),
        (3, (0.8234, 0.6997, 0.5959, 0.5158, 0.6738, 2.1217, 2.3048)),
        (4, (0.8966, 0.8354, 0.7925, 0.7614, 0.8332, 2.9972, 3.1371)),
    ],
)
def test_one_staged_caption_against_the_others_scores_as_coco_caption_has_it(place, row):
    np.testing.assert_allclose(scores(left_out("test", place)), row, atol=1e-3)


@pytest.mark.slow
def test_people_against_each_other_score_as_coco_caption_has_them():
    row = (0.9190, 0.8962, 0.8835, 0.8755, 0.9089, 6.2535, 6.2806)
    found = np.mean([scores(left_out("val", place)) for place in range(5)], axis=0)
    np.testing.assert_allclose(found, row, atol=1e-3)


@pytest.mark.parametrize(
    ("split", "caption", "row"),
    [
        ("test", PLAYGROUND, (0.6747, 0.5125, 0.4094, 0.3399, 0.4777, 0.5565, 0.6287)),
        ("test", VIADUCT, (0.4461, 0.2958, 0.2186, 0.1481, 0.3669, 0.3033, 0.3696)),
        ("val", PLAYGROUND, (0.4801, 0.2775, 0.1873, 0.1275, 0.3666, 0.4418, 0.4783)),
    ],
)
def test_a_constant_caption_scores_as_coco_caption_has_it(split, caption, row):
    said = staged(split)
    found = scores(([caption.split()] * len(said), said))
    np.testing.assert_allclose(found, row, atol=1e-3)


def test_staged_odd_images_score_as_coco_caption_has_them():
    odd = staged("val")[1::2]
    captions = [own[0] for own in odd], [own[1:] for own in odd]
    row = (0.9431, 0.9259, 0.9155, 0.9081, 0.9437, 6.382, 6.410)
    # Printed to three digits, the last two.
    np.testing.assert_allclose(scores(captions), row, atol=1e-3)


# What the first caption has against all five of its image, itself among them.
@pytest.mark.parametrize(("split", "of_set"), [("test", 2.7248), ("val", 7.2425)])
def test_a_caption_among_its_references_is_perfect_but_for_cider(split, of_set):
    said = staged(split)
    found = scores(([own[0] for own in said], said))
    np.testing.assert_allclose(found[:6], [1, 1, 1, 1, 1, of_set], atol=1e-3)


def test_words_are_cut_as_the_penn_treebank_has_them():
    # By hand, after coco-caption's list of what is dropped.
    said = "It's \"a\" half-old (city's) field, baseball; cannot be 3.5 km... far - away!"
    wanted = "it 's a half-old city 's field baseball can not be 3.5 km far away"
    assert caption_words(said) == wanted.split()
    assert caption_words("field,baseball 'eagles' .") == ["field", "baseball", "eagles"]
    assert caption_words(" . ") == []


def test_an_empty_hypothesis_scores_nothing():
    captions = [[], ["trees"]], [words(["green trees"]), words(["trees"])]
    assert rouge_l(*captions).tolist() == [0, 1]
    assert cider_d(*captions)[0] == 0
    assert bleu([[]], [[["trees"]]]).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("metric", [bleu, rouge_l, cider, cider_d, meteor])
@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        ([], [], "got 0 hypotheses"),
        ([["a"]], [], "got 1 hypotheses and references of 0"),
        ([["a"]], [[[]]], "image 0 has no reference with words"),
        ([["a"]], [[]], "image 0 has no reference with words"),
    ],
)
def test_what_cannot_be_scored_is_told(metric, hypotheses, references, message):
    with pytest.raises(ValueError, match=message):
        metric(hypotheses, references)


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A program in Java's place: counts words on SCORE, and gives their shares on EVAL."""

    def made(lines):
        java = tmp_path / "java"
        java.write_text("#!/usr/bin/env python3\nimport sys\n" + lines)
        java.chmod(0o755)
        (tmp_path / "meteor-1.5.jar").touch()
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("METEOR_JAR", str(tmp_path / "meteor-1.5.jar"))

    return made


def test_meteor_asks_its_program_line_by_line(stand_in):
    stand_in(
        "for line in iter(sys.stdin.readline, ''):\n"
        "    kind, *parts = line.strip().split(' ||| ')\n"
        "    if kind == 'SCORE':\n"
        "        print(len(parts), len(parts[-1].split()), flush=True)\n"
        "    else:\n"
        "        found = [float(part.split()[1]) for part in parts]\n"
        "        print(*found, sum(found), sep='\\n', flush=True)\n"
    )
    captions = words(HYPOTHESES), [words(own) for own in REFERENCES]
    whole, own = meteor(*captions)
    assert (whole, own.tolist()) == (14, [5, 6, 3])


def test_meteor_says_what_it_lacks(stand_in, monkeypatch):
    captions = [["a"]], [[["a"]]]
    stand_in("sys.exit(1)\n")
    with pytest.raises(ValueError, match="METEOR_JAR ended without an answer"):
        meteor(*captions)
    monkeypatch.setenv("METEOR_JAR", "nowhere.jar")
    with pytest.raises(ValueError, match=r"METEOR_JAR='nowhere.jar': METEOR needs it"):
        meteor(*captions)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="METEOR needs Java"):
        meteor(*captions)


# By the authors' program.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "value"), [(0, 0.2095), (1, 0.2818), (2, 0.5223), (3, 0.3897), (4, 0.5167)]
)
def test_meteor_of_staged_captions(place, value):
    if not Path(os.environ.get("METEOR_JAR", "")).is_file():
        pytest.skip("METEOR_JAR names no file")
    assert meteor(*left_out("test", place))[0] == pytest.approx(value, abs=1e-3)
