"""Searches for values of a config: trials of a study that is kept on disk, a run folder each."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from filelock import FileLock, Timeout
from optuna.trial import TrialState

from train.config.console import say
from train.config.settings import plain
from train.config.space import Choices, Space, with_values
from train.engine.folder import write_json, write_text
from train.engine.loop import Stopped
from train.records.page import render
from train.records.report import PAGE
from train.run.experiment import build_experiment
from train.run.training import fit, share_cores_among
from train.scoring.curves import scatter

STUDY, SETTINGS = "study.log", "sweep.json"
# Trials that are trained to the end before others are measured by their median.
_UNPRUNED = 5
_QUALITY = "quality"


def sweep(config: Any, space: Space, trials: int, workdir: str | Path) -> optuna.Study:
    """Trains a config with values that earlier trials recommend, until there are so many trials.

    A sweep that was stopped goes on: its unfinished trial from its last checkpoint. Several
    processes that are given the same folder share the trials. Trials are compared by the config's
    line `validation` alone, and pruned where they stay behind the median of those before; values
    that can't be trained fail, and are told.

    Args:
      config: what all trials share; its lines of `evaluation` are left out.
      space: what varies, see `train.config.space.read_space`.
      trials: of the study in the end.
      workdir: its folder; holds the runs "trial_0000", … and the page that compares them.

    Raises:
      ValueError: a key or value that the config doesn't take, or a folder that holds another
        sweep; before anything is trained.
      train.engine.loop.Stopped: a signal came.
    """
    workdir = Path(workdir).absolute()
    config = with_values(config, {})
    config.evaluation = ()
    # Before anything starts the devices, which are those of all trials.
    share_cores_among(config)
    build_experiment(with_values(config, {key: part.first for key, part in space.items()}))
    _claim(workdir, {"config": plain(config), "space": {k: asdict(v) for k, v in space.items()}})
    study = _study(workdir)
    while True:
        with _next(study, trials, workdir) as trial:
            if trial is None:
                return study
            values = {key: _suggest(trial, key, part) for key, part in space.items()}
            say(f"trial {trial.number}: " + ", ".join(f"{k}={v}" for k, v in values.items()))
            _train(study, trial, with_values(config, values), workdir / _folder(trial.number))
            with FileLock(workdir / ".page.lock"):
                _write_page(study, space, config, workdir)


def best_words(study: optuna.Study, workdir: str | Path) -> str:
    """The best trial and its values in a line."""
    done = study.get_trials(states=(TrialState.COMPLETE,))
    if not done:
        return f"no trial of {workdir} was trained to its end"
    best = max(done, key=lambda trial: trial.value)
    values = ", ".join(f"{key}={value}" for key, value in best.params.items())
    run = Path(workdir) / _folder(best.number)
    return f"best of {len(study.trials)}, of quality {best.value:.4g}: {run}, {values}"


def _claim(workdir: Path, settings: Mapping[str, Any]) -> None:
    file = workdir / SETTINGS
    workdir.mkdir(parents=True, exist_ok=True)
    with FileLock(workdir / ".settings.lock"):
        if not file.exists():
            if any(not path.name.startswith(".") for path in workdir.iterdir()):
                raise ValueError(f"{workdir} is neither empty nor a sweep's folder")
            write_json(file, settings)
    if plain(settings) != json.loads(file.read_text()):
        raise ValueError(
            f"{workdir} holds a sweep of another config or space ({SETTINGS}); choose another "
            "--workdir"
        )


def storage(workdir: Path) -> optuna.storages.BaseStorage:
    """The journal of a sweep's study, as Optuna and its dashboard open it."""
    journal = optuna.storages.journal
    # Locked by a file of its own, which network file systems hold to as well.
    lock = journal.JournalFileOpenLock(str(workdir / STUDY))
    return optuna.storages.JournalStorage(journal.JournalFileBackend(str(workdir / STUDY), lock))


def _study(workdir: Path) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        storage=storage(workdir),
        study_name="sweep",
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_UNPRUNED),
        load_if_exists=True,
    )


@contextmanager
def _next(study: optuna.Study, total: int, workdir: Path) -> Iterator[optuna.Trial | None]:
    """Holds a trial that nobody trains: one that was left, else a new one; None at the end."""
    with FileLock(workdir / ".next.lock"):
        trial, held = _left(study, workdir)
        if trial is None and len(study.trials) < total:
            # Each trial draws by its own number: one that goes on has drawn already. Numbers in a
            # row would seed generators whose first draws are alike.
            (seed,) = np.random.SeedSequence(len(study.trials)).generate_state(1).tolist()
            study.sampler = optuna.samplers.TPESampler(seed=seed)
            trial = study.ask()
            held = _lock(workdir, trial.number)
            held.acquire()
    try:
        yield trial
    finally:
        if held:
            held.release()


def _left(study, workdir):
    for frozen in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        held = _lock(workdir, frozen.number)
        try:
            held.acquire()
        except Timeout:
            continue
        # It may have ended before its lock was free.
        if not study.trials[frozen.number].state.is_finished():
            return optuna.Trial(study, frozen._trial_id), held
        held.release()
    return None, None


def _lock(workdir: Path, number: int) -> FileLock:
    return FileLock(workdir / f".{_folder(number)}.lock", timeout=0, fallback_to_soft=False)


def _folder(number: int) -> str:
    return f"trial_{number:04d}"


def _suggest(trial: optuna.Trial, key: str, part: Any) -> Any:
    if isinstance(part, Choices):
        return trial.suggest_categorical(key, part.words)
    draw = trial.suggest_int if part.whole else trial.suggest_float
    return draw(key, part.low, part.high, log=part.log)


def _train(study: optuna.Study, trial: optuna.Trial, config: Any, run: Path) -> None:
    told = set(study.trials[trial.number].intermediate_values)

    def watch(step: int, quality: float) -> None:
        if step not in told:
            trial.report(quality, step)
        if trial.should_prune():
            raise optuna.TrialPruned

    try:
        quality = fit(config, run, watch=watch).quality
        if quality is None or not math.isfinite(quality):
            raise ValueError(f"no validation of {run} gave a number")
    except optuna.TrialPruned:
        say(f"trial {trial.number} is pruned: it stays behind the median")
        study.tell(trial, state=TrialState.PRUNED)
    except (Stopped, OSError):
        # The trial is left as it is: the same command goes on with it.
        raise
    except Exception as error:
        # Of whatever kind: values that make no network fail in many ways.
        say(f"trial {trial.number} fails: {type(error).__name__}: {error}")
        trial.set_user_attr("error", str(error) or type(error).__name__)
        study.tell(trial, state=TrialState.FAIL)
    else:
        study.tell(trial, quality)


def _write_page(study: optuna.Study, space: Space, config: Any, workdir: Path) -> None:
    rows, curves = [], []
    for trial in study.get_trials(deepcopy=False):
        found = trial.intermediate_values
        curves += [{"step": step, f"trial {trial.number}": found[step]} for step in sorted(found)]
        row = {"trial": trial.number, "state": trial.state.name.lower(), **trial.params}
        if found:
            row[_QUALITY] = trial.value if trial.value is not None else found[max(found)]
        rows.append({**row, **trial.user_attrs})
    rows.sort(key=lambda row: -row.get(_QUALITY, -math.inf))
    scored = [row for row in rows if _QUALITY in row and space.keys() <= row.keys()]
    pictures = {
        f"{_QUALITY} over {key}": (
            scatter([row[key] for row in scored], [row[_QUALITY] for row in scored]),
        )
        for key in (space if scored else ())
    }
    page = render(
        workdir.name,
        f"{len(rows)} trials, compared by the validation of their best step; of those that were "
        "pruned, of their last.",
        rows,
        pictures,
        (),
        curves,
        {"space": {key: asdict(part) for key, part in space.items()}, **plain(config)},
        [],
    )
    write_text(workdir / PAGE, page)


__all__ = ["best_words", "storage", "sweep"]
