"""Texts as tokens, their windows, and how models of them are scored and continue them."""

import jax
import numpy as np
import pytest

from configs.language import gpt
from tests.train.test_command_line import run
from train.config.registry import build
from train.data import DATA
from train.data.data_sets import data_set
from train.data.fields import Field
from train.data.texts import text_set
from train.run.experiment import build_experiment
from train.run.training import fit
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.state.devices import data_mesh
from train.systems.catalogue import system as open_system
from train.systems.continuation import continued
from train.systems.system import Origin, System


@pytest.fixture
def file(tmp_path):
    (tmp_path / "text.txt").write_text("abcab" * 100, encoding="utf-8")
    return tmp_path / "text.txt"


def test_a_file_is_split_and_encoded_by_all_of_its_characters(file):
    parts = [text_set(f"{file}:{split}") for split in ("fit", "held_back", "test")]
    words = ["".join(part.assets["vocabulary"][t] for t in part[0]["tokens"]) for part in parts]
    assert "".join(words) == "abcab" * 100
    assert [len(word) for word in words] == [450, 25, 25]
    assert {part.assets["vocabulary"] for part in parts} == {"abc"}


def test_the_manual_repeats_no_long_passage_across_its_parts():
    fit, test = (text_set(f"python:{split}") for split in ("fit", "test"))
    words = ["".join(s.assets["vocabulary"][t] for t in s[0]["tokens"]) for s in (fit, test)]
    paragraphs = [{p for p in text.split("\n\n") if len(p) > 60} for text in words]
    assert len(paragraphs[1]) > 10
    assert not paragraphs[0] & paragraphs[1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("{file}:half", "wanted text:<file or python>:<all, fit, held_back, test>"),
        ("{file}", "wanted text:<file or python>"),
        ("{bytes}:fit", "wanted a text in UTF-8"),
        ("{short}:fit", "got 2 characters, wanted 20 at least"),
    ],
)
def test_other_texts_are_refused(name, message, file):
    places = {"file": file, "bytes": file.with_name("b"), "short": file.with_name("s")}
    places["bytes"].write_bytes(b"\xff\xfe\xfd" * 20)
    places["short"].write_text("ab")
    with pytest.raises(ValueError, match=message):
        text_set(name.format(**places))


def test_windows_are_pieces_of_the_text_at_every_place(file):
    section = {"name": "text_windows", "text": f"{file}:fit", "batch_size": 512, "context": 7}
    data = build(DATA, section, "data", seed=0)
    windows = np.asarray(data.batch(jax.random.key(0), next(data.inputs(0, data_mesh())))["tokens"])
    text = text_set(f"{file}:fit")[0]["tokens"]
    pieces = np.lib.stride_tricks.sliding_window_view(text, 8)
    assert windows.shape == (512, 8)
    assert {tuple(w) for w in windows} == {tuple(p) for p in pieces}
    with pytest.raises(ValueError, match="has 450 characters, wanted more"):
        build(DATA, {**section, "context": 450}, "data", seed=0)


def _guesser(shares, vocabulary="abc"):
    """Predicts the same whatever came before."""

    def apply(inputs):
        shape = (*inputs["tokens"].shape, len(shares))
        return {"scores": np.broadcast_to(np.log(shares), shape)}

    takes = {"tokens": Field((None,), "int32", "tokens", (0, len(shares)))}
    gives = {"scores": Field((None, len(shares)), "float32", "scores")}
    assets = {"vocabulary": vocabulary}
    return System("guesser", "none", apply, Origin("fitted"), takes, gives, assets=assets)


def test_a_guess_takes_as_many_bits_as_its_shares_say(file):
    shares = np.array([0.4, 0.4, 0.2])
    found = evaluate(_guesser(shares), data_set(f"text:{file}:test"), PROTOCOLS["language"], 4)
    # Behind the first of 25 characters there are 24, of which whole windows of 4 take all.
    tokens = text_set(f"{file}:test")[0]["tokens"][1:]
    wanted = -np.log2(shares[tokens]).mean()
    assert found.values["bits_per_character"] == pytest.approx(wanted, rel=1e-12)


def test_every_character_is_scored_once_from_half_a_context(file):
    dataset, guesser = data_set(f"text:{file}:test"), _guesser(np.ones(3) / 3)
    batches = list(PROTOCOLS["language"].batches(guesser, dataset, 6, 1))
    counted = sum(batch.reference[1].sum() for batch in batches)
    assert counted == 24
    for batch in batches:
        places = np.nonzero(batch.reference[1][1:])[1]
        assert places.min() >= 3


@pytest.mark.parametrize(
    ("context", "vocabulary", "message"),
    [
        (5, "abc", "context=5: wanted an even number"),
        (26, "abc", "has 25 characters, wanted more"),
        (4, "abd", "another vocabulary than none: they differ by 'cd'"),
    ],
)
def test_what_cannot_be_scored_is_refused(context, vocabulary, message, file):
    guesser = _guesser(np.ones(3) / 3, vocabulary)
    with pytest.raises(ValueError, match=message):
        evaluate(guesser, data_set(f"text:{file}:test"), PROTOCOLS["language"], context)


def test_a_repeating_text_costs_grams_almost_nothing(file):
    grams = open_system(f"kneser_ney:4:text:{file}:fit")
    dataset = data_set(f"text:{file}:test")
    bits = evaluate(grams, dataset, PROTOCOLS["language"], 8).values["bits_per_character"]
    assert bits < 0.1
    with pytest.raises(ValueError, match=r"kneser_ney:x:digits: wanted an order and a text"):
        open_system("kneser_ney:x:digits")
    with pytest.raises(ValueError, match="digits is no text"):
        open_system("kneser_ney:3:digits")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("model.vocabulary_size", 20, r"model.vocabulary_size=20: the text has \d+ different"),
        (
            "model.context",
            16,
            r"data: tokens is tokens of \(9,\), the task wants .*\(17,\)",
        ),
        ("data.text", "python:half", "wanted text:<file or python>"),
        ("model", {"name": "mlp"}, "task.name=language_modelling: MLP predicts no tokens"),
    ],
)
def test_configs_that_do_not_fit_are_refused(path, value, message):
    config = gpt.get_config("tiny")
    section, _, key = path.rpartition(".")
    (config[section] if section else config)[key] = value
    with pytest.raises(ValueError, match=message):
        build_experiment(config)


@pytest.mark.slow
def test_a_run_continues_a_prompt_as_its_network_does(tmp_path):
    result = fit(gpt.get_config("tiny"), tmp_path / "run")
    opened = open_system(str(tmp_path / "run"))
    drawn = [continued(opened, "The ", seed, 11, top_k=1) for seed in (0, 1)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 11
    # Most probable characters: of the whole context's logits each.
    vocabulary, text = opened.assets["vocabulary"], "The "
    tokens = np.array([[vocabulary.index(c) for c in text]], np.int32)
    scores = np.asarray(result.system.apply({"tokens": tokens})["scores"])[0, -1]
    assert int(scores.argmax()) >= len(vocabulary) or drawn[0][0] == vocabulary[scores.argmax()]
    others = {continued(opened, "The ", seed, 11, temperature=5.0) for seed in range(4)}
    assert len(others) == 4
    asked = run("train.sample", f"--system={tmp_path / 'run'}", "--prompt=The ", "--length=5")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith("The ")
    refused = run("train.sample", f"--system={tmp_path / 'run'}", "--output=there")
    assert refused.returncode == 2
    assert "--output: " in refused.stderr


def test_a_prompt_of_other_characters_is_refused():
    guesser = _guesser(np.ones(3) / 3)
    with pytest.raises(ValueError, match="--prompt: got 'xy', none knows 'abc'"):
        continued(guesser, "axby", 0, 3)
    with pytest.raises(ValueError, match="--prompt: got no character"):
        continued(guesser, "", 0, 3)
