"""Sweeps: how spaces are read, that a stopped study goes on, and what can't be searched."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

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
        (["a.b=log:1e-4"], "wanted two numbers behind log"),
        (["a.b=8:16"], "wanted two values at least"),
        (["a.b=32|"], "wanted two values at least"),
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


@pytest.mark.slow
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


def test_values_that_cannot_be_trained_fail_and_the_sweep_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeping, "fit", _fails_or_prunes)
    space = read_space(["model.hidden=int:1:100"])
    study = sweeping.sweep(digits.get_config("tiny"), space, 5, tmp_path)
    states = [trial.state for trial in study.trials]
    failed, pruned, complete = TrialState.FAIL, TrialState.PRUNED, TrialState.COMPLETE
    assert states == [failed, failed, pruned, complete, failed]
    errors = [trial.user_attrs.get("error", "") for trial in study.trials]
    assert errors[0] == "too wide"
    assert errors[1] == "integer division or modulo by zero"
    assert "gave a number" in errors[4]
    assert study.trials[3].value == 0.5
    assert "too wide" in (tmp_path / "report.html").read_text()


def _fails_or_prunes(config, run, watch):
    """In place of a training: a ValueError, a ZeroDivisionError, a trial pruned, one, and a NaN."""
    number = int(run.name[-4:])
    if number == 0:
        raise ValueError("too wide")
    if number == 1:
        return 1 // 0
    watch(2, 0.25 if number == 2 else 0.5)
    if number == 2:
        raise optuna.TrialPruned
    return SimpleNamespace(quality=0.5 if number == 3 else float("nan"))


def test_a_trial_that_stays_behind_the_median_is_pruned(tmp_path, monkeypatch):
    # Five trials are trained to their end; the sixth and seventh are worse and better than they.
    qualities = [0.5, 0.6, 0.7, 0.8, 0.9, 0.1, 0.95]

    def fit(config, run, watch):
        quality = qualities[int(run.name[-4:])]
        watch(2, quality)
        return SimpleNamespace(quality=quality)

    monkeypatch.setattr(sweeping, "fit", fit)
    study = sweeping.sweep(digits.get_config("tiny"), read_space([PEAK]), 7, tmp_path)
    states = [trial.state for trial in study.trials]
    assert states == [TrialState.COMPLETE] * 5 + [TrialState.PRUNED, TrialState.COMPLETE]
    assert sweeping.best_words(study, tmp_path).startswith("best of 7, of quality 0.95")


@pytest.mark.slow
def test_two_processes_share_the_trials(tmp_path):
    command = [sys.executable, "-m", "train.sweep"]
    command += ["--config=configs/classification/digits.py:tiny", f"--space={PEAK}"]
    command += ["--trials=6", f"--workdir={tmp_path / 'sweep'}"]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    study = optuna.load_study(study_name="sweep", storage=sweeping.storage(tmp_path / "sweep"))
    assert len(study.trials) == 6
    assert all(trial.state.is_finished() for trial in study.trials)
    starts = [
        len(json.loads((tmp_path / "sweep" / f"trial_{n:04d}" / "starts.json").read_text()))
        for n in range(6)
    ]
    assert starts == [1] * 6


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
        lines = log(tmp_path / f"trial_{trial.number:04d}")
        steps = [line["step"] for line in lines if "train/loss" in line]
        # What was logged behind the last checkpoint is cut when a run goes on.
        assert len(steps) == len(set(steps))
        assert steps == sorted(steps)
