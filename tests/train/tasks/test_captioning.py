"""Captioning: its loss, what is refused, how sentences are scored and pictures described."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from configs.captioning import worded_scenes
from imaging_jax.models.captioning import END, PAD, START
from tests.train.test_command_line import run
from train.config.registry import build
from train.data import DATA
from train.data.captions import captioned_set
from train.data.data_set import DataSet
from train.data.data_sets import data_set
from train.data.fields import Field
from train.data.vocabulary import encoded, sentences_of
from train.engine.restore import build_task
from train.run.training import fit
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.scoring.protocols.captions import told_facts
from train.systems import constant_captions
from train.systems.attended import attended
from train.systems.caption_files import describes, sheets_of
from train.systems.catalogue import system as open_system
from train.systems.system import Origin, System
from train.tasks.captioning import cross_entropy_of_words, unattended

CAPTIONS = PROTOCOLS["captions"]
SAID = [
    [["a", "red", "court"], ["one", "court"]],
    [["two", "planes"], ["a", "red", "court"]],
    [["two", "planes"], ["water"]],
]


def small_set(name="small", said=SAID):
    labels = np.array([0, 1, 1], np.int32)
    image = np.zeros((1, 1, 3), np.float32)
    return captioned_set(
        name,
        ["a", "b", "c"],
        said,
        ((1, 1, 3), "float32"),
        lambda index: {"image": image, "label": labels[index]},
        {"label": Field((), "int32", "label", (0, 2))},
        {"classes": ["none", "some"], "facts": [[["one", "a"], ["two"]], [["court"], ["planes"]]]},
    )


def speaker(sentences, vocabulary, scores=None):
    """Says a sentence of each item, and the same scores behind any token."""
    tokens = encoded([[words] for words in sentences], vocabulary, 8)[:, 0, 1:]
    size = len(vocabulary)
    takes = {"image": Field((1, 1, 3), "float32", "image", (0.0, 1.0))}
    gives = {"caption": Field((7,), "int32", "tokens", (0, size))}
    if scores is not None:
        takes["tokens"] = Field((None, 5), "int32", "tokens", (0, size))
        gives["scores"] = Field((None, 4, size), "float32", "scores")

    def apply(inputs, beam):
        del beam
        given = {"caption": tokens[: len(inputs["image"])]}
        if scores is None:
            return given
        shape = (*inputs["tokens"][..., 1:].shape, size)
        return given | {"scores": np.broadcast_to(scores, shape)}

    assets = {"vocabulary": vocabulary}
    return System(
        "speaker", "none", apply, Origin("fitted"), takes, gives, {"beam": ()}, assets=assets
    )


def test_words_behind_the_end_cost_nothing():
    targets = jnp.array([[5, END, PAD], [4, 5, END]])
    logits = jax.random.normal(jax.random.key(0), (2, 3, 6))
    shares = np.log(np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True))
    cells = [(0, 0, 5), (0, 1, END), (1, 0, 4), (1, 1, 5), (1, 2, END)]
    wanted = -np.mean([shares[cell] for cell in cells])
    np.testing.assert_allclose(cross_entropy_of_words(logits, targets), wanted, rtol=1e-5)


def test_what_is_attended_once_costs_nothing():
    attention = np.zeros((1, 3, 1, 2), np.float32)
    attention[0, 0, 0, 0] = attention[0, 1, 0, 1] = 1
    attention[0, 2] = 0.5
    assert float(unattended(jnp.array(attention), jnp.array([[4, END, PAD]]))) == 0
    # The third word attends half of each once more.
    assert float(unattended(jnp.array(attention), jnp.array([[4, 5, END]]))) == 0.25


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": {"name": "gpt"}}, "GPT describes no images"),
        ({"task": {"attention_weight": -1.0}}, r"task\.attention_weight=-1\.0: wanted 0 or more"),
        (
            {"model": {"name": "show_and_tell", "vocabulary_size": 44}},
            r"attention_weight=1\.0: .* as ShowAndTell may",
        ),
    ],
)
def test_what_the_task_refuses(change, message):
    config = worded_scenes.get_config("tiny").to_dict()
    config["model"] = change.get("model", config["model"])
    config["task"] |= change.get("task", {})
    with pytest.raises(ValueError, match=message):
        build_task(config)


def test_a_vocabulary_that_lacks_words_of_the_data_is_refused():
    config = worded_scenes.get_config("tiny")
    config.model.vocabulary_size = 43
    data = build(DATA, config.data, "data")
    with pytest.raises(ValueError, match=r"model\.vocabulary_size=43: the data have 44 tokens"):
        build_task(config.to_dict()).check_data(data)


def test_perfect_captions_have_the_largest_scores():
    dataset = small_set()
    vocabulary = dataset.assets["vocabulary"]
    perfect = evaluate(speaker([own[0] for own in SAID], vocabulary), dataset, CAPTIONS, 3).values
    wrong = evaluate(speaker([["water"]] * 3, vocabulary), dataset, CAPTIONS, 3).values
    # Of three words there is no 4-gram.
    assert perfect["bleu_2"] == perfect["rouge_l"] == perfect["facts_right"] == 1
    assert perfect["cider_d"] > wrong["cider_d"]
    assert wrong["facts_right"] == 0
    assert "perplexity" not in perfect


def test_perplexity_is_that_of_every_word_and_the_end():
    dataset = small_set()
    vocabulary = dataset.assets["vocabulary"]
    own = speaker([["water"]] * 3, vocabulary, np.zeros(len(vocabulary), np.float32))
    found = evaluate(own, dataset, CAPTIONS, 1).values
    # Of even scores it is the number of tokens.
    assert found["perplexity"] == pytest.approx(len(vocabulary))
    scores = np.zeros(len(vocabulary), np.float32)
    scores[END] = np.log(len(vocabulary) - 1)
    found = evaluate(speaker([["water"]] * 3, vocabulary, scores), dataset, CAPTIONS, 1).values
    # END has a half; six sentences have 13 words.
    nats = (6 * np.log(2) + 13 * np.log(2 * (len(vocabulary) - 1))) / 19
    assert found["perplexity"] == pytest.approx(np.exp(nats), rel=1e-5)


def test_references_keep_words_that_a_system_does_not_know():
    dataset = small_set()
    vocabulary = [word for word in dataset.assets["vocabulary"] if word != "water"]
    own = speaker([["two", "planes"]] * 3, vocabulary, np.zeros(len(vocabulary), np.float32))
    batch = next(CAPTIONS.batches(own, dataset, 1, 1))
    assert batch.reference[0][2] == [["two", "planes"], ["water"]]
    assert batch.inputs["tokens"][2, 1].tolist() == [START, 3, END, PAD, PAD]


def test_sentences_longer_than_a_system_reads_are_told_first():
    long = small_set(said=[*SAID[:2], [["a", "b", "c", "d"]]])
    own = speaker([["two"]] * 3, long.assets["vocabulary"], np.zeros(12, np.float32))
    with pytest.raises(ValueError, match="a caption has 4 words, wanted 3 at most"):
        CAPTIONS.check(own, long, 1)


def test_facts_are_told_by_any_of_their_words():
    facts = [[["one", "a"], ["two"]], [["court"], ["planes"]]]
    assert told_facts(["a", "red", "court"], facts) == told_facts(["one", "court"], facts)
    assert told_facts(["two", "court"], facts) == [{1}, {0}]
    assert told_facts(["one", "two"], facts) == [{0, 1}, set()]


def test_commonest_captions_of_a_set_and_of_its_classes(monkeypatch):
    monkeypatch.setattr(constant_captions, "data_set", lambda name: small_set(name))
    constant = open_system("constant_caption:mine")
    by_class = open_system("class_caption:mine")
    dataset, vocabulary = small_set(), small_set().assets["vocabulary"]
    batch = next(CAPTIONS.batches(by_class, dataset, 1, 1))
    said = [
        [words for (words,) in sentences_of(captions[:, None], vocabulary)]
        for captions in (
            np.pad(own.apply(batch.inputs, beam=1)["caption"], [(0, 0), (1, 0)],
                   constant_values=START)
            for own in (constant, by_class)
        )
    ]  # fmt: skip
    # "a red court" comes first of the two that stand twice.
    assert said[0] == [["a", "red", "court"]] * 3
    assert said[1] == [["a", "red", "court"], ["two", "planes"], ["two", "planes"]]
    assert evaluate(by_class, dataset, CAPTIONS, 1).values["facts_right"] == 1


def test_the_staged_class_caption_scores_as_published(imaging_data):
    del imaging_data
    odd = data_set("rsicd_classes:odd")
    found = evaluate(open_system("class_caption:rsicd_classes:even"), odd, CAPTIONS, 1).values
    row = {"bleu_1": 0.4747, "bleu_2": 0.3597, "bleu_3": 0.2871, "bleu_4": 0.2305}
    np.testing.assert_allclose([found[name] for name in row], list(row.values()), atol=1e-3)
    # These are of "bird's" as one word, which the Penn Treebank cuts in two.
    assert found["rouge_l"] == pytest.approx(0.4373, abs=3e-3)
    assert found["cider_d"] == pytest.approx(1.0078, abs=4e-3)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("constant_caption:shapes:16:3:4", "its images have no captions"),
        ("class_caption:worded_scenes:4", "its images have no labels"),
    ],
)
def test_sets_without_captions_or_labels_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        open_system(name)


def test_sheets_show_each_word_where_it_was_looked_for():
    attention = np.zeros((3, 2, 2), np.float32)
    attention[:, 0, 1] = 1
    sheet = attended(np.ones((8, 8, 3), np.float32), ["red", "court"], attention)
    # The picture, and of each word a copy whose upper right is light.
    assert sheet.shape == (18 + 112 + 18, 8 * 112, 3)
    copy = sheet[18:130, 112:224].mean(axis=-1)
    assert copy[10, 100] > 4 * copy[100, 10]
    alone = attended(np.ones((1, 1, 4), np.float32), ["red"], None)
    assert alone.shape == (18, 8 * 112, 3)


@pytest.mark.slow
def test_pictures_are_described_on_the_command_line(tmp_path):
    fit(worded_scenes.get_config("tiny"), tmp_path / "run")
    own = open_system(str(tmp_path / "run"))
    assert describes(own)
    assert not describes(open_system("bicubic"))
    Image.new("RGB", (80, 70), (200, 20, 20)).save(tmp_path / "red.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    weights = f"--weights={tmp_path / 'run'}"
    done = run("train.predict", weights, str(tmp_path / "red.png"), f"--output={tmp_path / 'out'}")
    assert "red.png:" in done.stdout
    assert (tmp_path / "out" / "red_attention.png").is_file()
    failed = run("train.predict", weights, str(tmp_path / "broken.png"))
    assert "1 of 1 not described" in failed.stdout + failed.stderr


def test_systems_that_describe_no_pictures_are_refused(tmp_path):
    dataset: DataSet = small_set()
    own = speaker([["two"]] * 3, dataset.assets["vocabulary"])
    with pytest.raises(ValueError, match="attends nothing that could be shown"):
        sheets_of(own, [tmp_path / "a.png"], str(tmp_path))
    own.takes["image"] = Field((1, 1, 4), "float32", "image", (0.0, 1.0))
    with pytest.raises(ValueError, match="which no picture is"):
        sheets_of(own, [tmp_path / "a.png"], None)
