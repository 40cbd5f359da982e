"""A run that goes on: with more steps, other evaluation lines, after an update; NaN; notices."""

import json
import re
import shutil

import numpy as np
import pytest

from configs import quickstart
from configs.generative import autoencoder, wgan
from tests.train.helpers import assert_equal_states, log
from train.engine.folder import BEST, LAST
from train.engine.restore import build_task, load_run
from train.run.notices import says_changes, says_degradations
from train.run.training import fit
from train.scoring.review import Review
from train.systems.catalogue import system


def tiny(steps=4, schedule=("constant", 1e-3)):
    config = quickstart.get_config("tiny")
    name, peak = schedule
    config.optimizer.schedule = {"name": name, "peak": peak}
    config.train.steps = steps
    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return fit(tiny(), tmp_path_factory.mktemp("run") / "four")


@pytest.fixture
def copied(finished, tmp_path):
    shutil.copytree(finished.workdir, tmp_path / "run")
    return tmp_path / "run"


def starts(run):
    return json.loads((run / "starts.json").read_text())


def test_a_finished_run_goes_on_as_if_it_had_been_longer(copied, tmp_path, capsys):
    longer = fit(tiny(6), copied)
    assert_equal_states(longer.state, fit(tiny(6), tmp_path / "six").state)
    trained = [line for line in log(copied) if "train/loss" in line]
    assert [line["step"] for line in trained] == [1, 2, 3, 4, 5, 6]
    assert starts(copied)[-1]["changed"] == {"train.steps": [4, 6]}
    said = capsys.readouterr().out
    assert "changed: train.steps 4 -> 6" in said
    assert "learning rate" not in said


def test_a_schedule_that_depends_on_the_length_says_how_the_rate_jumps(tmp_path, capsys):
    fit(tiny(4, ("cosine", 1e-3)), tmp_path / "run")
    fit(tiny(6, ("cosine", 1e-3)), tmp_path / "run")
    rates = {
        x["step"]: x["train/learning_rate"] for x in log(tmp_path / "run") if "train/loss" in x
    }
    half = [1e-3 * (1 + np.cos(np.pi * share)) / 2 for share in (3 / 4, 4 / 6)]
    assert f"jumps up from {half[0]:.3g} to {half[1]:.3g} at step 4" in capsys.readouterr().out
    np.testing.assert_allclose([rates[4], rates[5]], half, rtol=1e-5)


@pytest.mark.parametrize(
    ("config", "layer_steps", "wanted"),
    [
        # Each network's schedule counts its own updates: the generator's is every fifth.
        (wgan.get_config(""), None, {"generator": 20, "discriminator": 100}),
        (autoencoder.get_config(""), 10, {"autoencoder": 100 - 10 * 1}),
    ],
)
def test_every_kind_of_task_says_how_its_rates_jump(config, layer_steps, wanted):
    sections = config.optimizer.values() if len(wanted) == 2 else [config.optimizer]
    for section in sections:
        section.schedule = {"name": "cosine", "peak": 1.0}
    if layer_steps:
        config.task.layer_steps = layer_steps
    config.train.update({"steps": 200, "log_every": 1, "validate_every": 50})
    _, *lines = says_changes(config, {"train.steps": (100, 200)}, build_task(config), 100)
    assert len(lines) == len(wanted)
    for line, (name, updates) in zip(lines, wanted.items(), strict=True):
        before = (1 + np.cos(np.pi * (updates - 1) / updates)) / 2
        assert f"of the {name} jumps up from {before:.3g} to" in line


def test_fewer_steps_than_were_trained_are_refused(finished):
    with pytest.raises(ValueError, match=r"train\.steps=2: .* has trained 4"):
        fit(tiny(2), finished.workdir)


def test_what_trains_nothing_may_change_and_is_noted(copied):
    config = tiny()
    config.train.update({"log_every": 2, "validate_every": 4, "checkpoint_every": 4, "keep": 1})
    config.evaluation = ({"images": "scikit_image", "scale": 3, "protocol": "luminance"},)
    config.profile = True
    again = fit(config, copied)
    assert {row["protocol"] for row in again.table} == {"luminance"}
    assert starts(copied)[-1]["changed"].keys() == {
        "evaluation",
        "profile",
        "train.checkpoint_every",
        "train.keep",
        "train.log_every",
        "train.validate_every",
    }
    assert json.loads((copied / "config.json").read_text())["profile"] is True


def test_what_chooses_the_best_may_not_change(finished):
    config = tiny()
    config.validation.protocol = "luminance"
    with pytest.raises(ValueError, match=r"another config .*validation\.protocol"):
        fit(config, finished.workdir)


def test_a_run_of_a_version_with_fewer_sections_is_read_and_goes_on(copied, finished):
    config = json.loads((copied / "config.json").read_text())
    for name in ("paper", "init_from", "profile"):
        del config[name]
    (copied / "config.json").write_text(json.dumps(config))
    old = [{k: v for k, v in start.items() if k != "format"} for start in starts(copied)]
    (copied / "starts.json").write_text(json.dumps(old))
    _, state, read = load_run(copied)
    assert_equal_states(state, finished.state)
    assert read["paper"] == ""
    assert system(str(copied)).options == {"scale": (3,)}
    assert int(fit(tiny(6), copied).state.step) > 0
    assert starts(copied)[-1]["format"] == 2


def test_a_run_of_a_later_format_is_refused_by_its_number(copied):
    later = [{**start, "format": 99} for start in starts(copied)]
    (copied / "starts.json").write_text(json.dumps(later))
    for read in (load_run, lambda run: fit(tiny(), run)):
        with pytest.raises(ValueError, match="format 99, this code reads up to 2"):
            read(copied)


def test_a_validation_that_is_no_number_is_worse_than_any(tmp_path, monkeypatch):
    original, scores = Review.validate, iter([float("nan"), 20.0, float("nan")])

    def validate(self, state, folder, step):
        return {**original(self, state, folder, step), "psnr": next(scores)}

    monkeypatch.setattr(Review, "validate", validate)
    assert int(fit(tiny(6), tmp_path / "run").state.step) == 4


def test_the_best_of_a_start_without_a_checkpoint_is_no_rival(copied):
    # Killed between a validation and the first checkpoint; the next start has another seed.
    shutil.rmtree(copied / LAST)
    config = tiny(0)
    config.seed = 5
    assert int(fit(config, copied).state.step) == 0
    assert not list((copied / BEST).glob("[0-9]*"))


@pytest.mark.parametrize(
    ("degradation", "protocol", "words"),
    [
        (
            "bicubic",
            "rgb_rounded_once",
            "not rounded.*_once.*8 bits.*differ by 0.2[3-7] of",
        ),
        ("bicubic_8bit", "luminance", "8 bits.*luminance .not rounded.*differ by 0.2[3-7] of"),
        ("bicubic_8bit", "rgb", "differ by"),
        ("blur_bicubic", "rgb_rounded_once", "differ by"),
        ("bicubic_noise", "rgb_rounded_once", "differ by"),
        ("bicubic", "luminance", None),
        ("bicubic_8bit", "rgb_y_double", None),
    ],
)
def test_two_degradations_are_said_in_one_line(degradation, protocol, words):
    # Rounding moves a pixel by up to half a level either way: by a quarter on average.
    config = tiny()
    config.task.degradation = degradation
    config.validation.protocol = protocol
    lines = list(says_degradations(config, build_task(config)))
    assert len(lines) == (words is not None)
    if words:
        assert re.search(words, lines[0]), lines


def test_it_is_said_once_at_the_start(tmp_path, capsys):
    config = tiny()
    config.task.degradation = "bicubic"
    fit(config, tmp_path / "run")
    assert capsys.readouterr().out.count("measures otherwise") == 1
