"""Sweeps: how spaces are read, that a stopped study goes on, and what can't be searched."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from configs.classification import digits
from tests.train.helpers import log
from train.config.space import Choices, Range, read_space
from train.engine.loop import Stopped
from train.run import sweeping

ROOT = Path(__file__).parents[3]
PEAK = "optimizer.schedule.peak=log:1e-4:1e-1"


def test_a_space_is_read():
    lines = [PEAK, "model.features=(4,)|(8, 8)", "model.hidden=int:8:64", "task.loss=mse|l1"]
    assert read_space(lines) == {
        "optimizer.schedule.peak": Range(1e-4, 1e-1, whole=False, log=True),
        "model.features": Choices(("(4,)", "(8, 8)")),
        "model.hidden": Range(8, 64, whole=True, log=False),
        "task.loss": Choices(("mse", "l1")),
    }


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "--space is missing"),
        (["model.hidden"], "wanted <key>=<values>"),
        (["a.b=1|2", "a.b=3"], "a.b stands in it twice"),
        (["a.b=log:0:1"], "no range of log"),
        (["a.b=int:1.5:3"], "no range of int"),
        (["a.b=float:3:1"], "no range of float"),
        (["a.b=float:x:1"], "wanted two numbers behind float"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(lines, message):
    with pytest.raises(ValueError, match=message):
        read_space(lines)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("model.featurs=(4,)|(8,)", "model.featurs is unknown.*did you mean 'features'"),
        ("models.features=(4,)|(8,)", "the config has no section 'models'"),
        ("seed=1|2", "wanted a key of a section"),
        ("model.hidden=wide|narrow", "model.hidden='wide': wanted int"),
    ],
)
def test_a_space_of_keys_that_the_config_lacks_is_refused_before_anything(line, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        sweeping.sweep(digits.get_config("tiny"), read_space([line]), 3, tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


def test_a_sweep_goes_on_with_the_trial_it_was_stopped_in(tmp_path, monkeypatch):
    fit, asked = sweeping.fit, []

    def stopped_once(config, run, watch):
        def tell(step, quality):
            if len(asked) == 2 and step == 2:
                raise Stopped("by the test")
            watch(step, quality)

        asked.append(run.name)
        return fit(config, run, watch=tell)

    monkeypatch.setattr(sweeping, "fit", stopped_once)
    config, space = digits.get_config("tiny"), read_space([PEAK])
    with pytest.raises(Stopped):
        sweeping.sweep(config, space, 3, tmp_path)
    study = sweeping.sweep(config, space, 3, tmp_path)
    assert asked == ["trial_0000", "trial_0001", "trial_0001", "trial_0002"]
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 3
    assert len({trial.params["optimizer.schedule.peak"] for trial in study.trials}) == 3
    # Of a trial: the best validation, which chose its checkpoint.
    scored = [line for line in log(tmp_path / "trial_0001") if "validation/accuracy" in line]
    assert study.trials[1].value == max(line["validation/accuracy"] for line in scored)
    used = json.loads((tmp_path / "trial_0002" / "config.json").read_text())
    assert (
        used["optimizer"]["schedule"]["peak"] == (study.trials[2].params["optimizer.schedule.peak"])
    )
    # Test sets are for nobody who still chooses.
    assert used["evaluation"] == []
    page = (tmp_path / "report.html").read_text()
    assert page.count("<td>complete</td>") == 3
    with pytest.raises(ValueError, match="a sweep of another config or space"):
        sweeping.sweep(config, read_space(["model.hidden=4|8"]), 3, tmp_path)


def test_values_that_cannot_be_trained_fail_and_the_sweep_goes_on(tmp_path):
    space = read_space(["model.image_shape=(28, 28, 1)|(28, 28, 3)"])
    study = sweeping.sweep(digits.get_config("tiny"), space, 6, tmp_path)
    states = {trial.state for trial in study.trials}
    assert states >= {TrialState.FAIL}
    failed = next(trial for trial in study.trials if trial.state is TrialState.FAIL)
    assert "image" in failed.user_attrs["error"]


@pytest.mark.slow
def test_a_sweep_that_is_killed_twice_ends_with_its_trials_each_run_once(tmp_path):
    command = [
        sys.executable,
        "-m",
        "train.sweep",
        "--config=configs/classification/digits.py:tiny",
    ]
    command += ["--config.train.steps=40", f"--space={PEAK}", "--trials=8", f"--workdir={tmp_path}"]
    for wanted in (1, 4):
        running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        while not (tmp_path / f"trial_{wanted:04d}" / "checkpoints").exists():
            assert running.poll() is None
            time.sleep(0.05)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    study = optuna.load_study(study_name="sweep", storage=sweeping.storage(tmp_path))
    assert len(study.trials) == 8
    assert all(trial.state.is_finished() for trial in study.trials)
    for trial in study.trials:
        steps = [line["step"] for line in log(tmp_path / f"trial_{trial.number:04d}")]
        # What was logged behind the last checkpoint is cut when a run goes on.
        assert steps == sorted(steps)
