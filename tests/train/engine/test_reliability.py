import shutil
from functools import partial

import jax
import numpy as np
import pytest

from configs import quickstart
from tests.train.helpers import assert_equal_states, leaves, log
from train.engine import compiled
from train.engine.checkpoints import Checkpoints
from train.engine.folder import LAST
from train.engine.loop import Diverged
from train.engine.restore import load_run
from train.run.training import fit


def tiny(**train):
    config = quickstart.get_config("tiny")
    config.train.update({"steps": 6, "validate_every": 6, **train})
    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return fit(tiny(), tmp_path_factory.mktemp("run") / "whole")


@pytest.fixture
def unfinished(finished, tmp_path):
    """A copy of the run as it was when step 4 and step 2 were its last checkpoints."""
    workdir = tmp_path / "run"
    shutil.copytree(finished.workdir, workdir)
    for name in ("best", f"{LAST}/6"):
        shutil.rmtree(workdir / name)
    return workdir


def damage(folder):
    """Turns one bit in the largest file of a checkpoint."""
    file = max((f for f in folder.rglob("d/*") if f.is_file()), key=lambda f: f.stat().st_size)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 16
    file.write_bytes(data)


def cut(folder):
    """Empties every data file of a checkpoint, as a full disk does."""
    for file in folder.rglob("d/*"):
        file.write_bytes(b"")


def test_the_logs_are_cut_back_to_the_checkpoint(finished, unfinished):
    (unfinished / "scalars.jsonl").open("a").write('{"step": 7, "ti')
    result = fit(tiny(), unfinished)
    assert_equal_states(result.state, finished.state)
    assert log(unfinished) == log(finished.workdir)


@pytest.mark.parametrize("harm", [damage, cut])
def test_a_damaged_checkpoint_is_said_and_the_one_before_is_used(
    harm, finished, unfinished, tmp_path, capsys
):
    # Step 2 is gone by now: make the last two 4 and 6 again, and harm the last.
    shutil.copytree(finished.workdir / LAST / "6", unfinished / LAST / "6")
    harm(unfinished / LAST / "6")
    result = fit(tiny(), unfinished)
    said = capsys.readouterr().out
    assert "6 is damaged" in said
    assert "goes on from step 4 of 6" in said
    assert_equal_states(result.state, finished.state)
    assert (unfinished / LAST / "damaged_6").is_dir()


def test_only_damaged_checkpoints_are_an_error(unfinished):
    for folder in (unfinished / LAST).iterdir():
        cut(folder)
    with pytest.raises(ValueError, match=r"every checkpoint .* is damaged"):
        fit(tiny(), unfinished)


def test_a_checkpoint_of_another_model_names_the_first_leaf(finished, tmp_path):
    config = tiny()
    config.model.features = 4
    other = fit(config, tmp_path / "other")
    shutil.rmtree(other.workdir / LAST)
    shutil.copytree(finished.workdir / LAST, other.workdir / LAST)
    with pytest.raises(ValueError, match=r"another model: params/network/\S+ is .*8.*, wanted .*4"):
        fit(config, other.workdir)
    assert (other.workdir / LAST / "6").is_dir()


@pytest.mark.parametrize("what", ["nan", "inf"])
def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good(what, tmp_path, monkeypatch):
    original = compiled.CompiledStage.__call__

    def call(self, state, step, inputs):
        if step == 4:
            bad = jax.tree.map(
                lambda x: jax.device_put(x * np.float32(what), x.sharding), state.params
            )
            state = state.replace(params=bad)
        return original(self, state, step, inputs)

    monkeypatch.setattr(compiled.CompiledStage, "__call__", call)
    with pytest.raises(Diverged, match=r"at step 5; the last good checkpoint is step 4.*optimizer"):
        fit(tiny(), tmp_path / "run")
    checkpoints = Checkpoints(tmp_path / "run" / LAST, keep=2)
    assert checkpoints.steps() == [2, 4]
    checkpoints.close()
    assert log(tmp_path / "run")[-1]["step"] == 4


def test_out_of_memory_names_batch_and_patch(tmp_path, monkeypatch):
    def compile_nothing(self, state, step):
        def program(*arguments):
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes")

        return program

    monkeypatch.setattr(compiled.CompiledStage, "program", compile_nothing)
    monkeypatch.setattr("train.run.training.write_summary", lambda *arguments: None)
    with pytest.raises(MemoryError, match=r"data\.batch_size=8 and data\.patch_size=24"):
        fit(tiny(), tmp_path / "run")


def test_what_is_saved_is_what_was_there(tmp_path, finished):
    # The state is donated to the next steps while its checkpoint is still being written.
    checkpoints = Checkpoints(tmp_path / "c", keep=5)
    state, copies = jax.tree.map(lambda x: x.copy(), finished.state), {}

    @partial(jax.jit, donate_argnums=0)
    def add(s):
        return s.replace(step=s.step + 1, params=jax.tree.map(lambda x: x + 1, s.params))

    for _ in range(4):
        state = add(state)
        copies[int(state.step)] = [leaf.copy() for leaf in leaves(state)]
        checkpoints.save(state)
        for _ in range(3):
            state = add(state)
    checkpoints.wait()
    assert checkpoints.steps() == sorted(copies)
    for step in reversed(checkpoints.steps()):
        found = checkpoints.restore_last(lambda step: finished.state)
        for one, other in zip(leaves(found), copies[step], strict=True):
            np.testing.assert_array_equal(one, other)
        shutil.rmtree(tmp_path / "c" / str(step))
        checkpoints._manager.reload()
    checkpoints.close()


def test_an_error_of_the_system_is_no_damage(finished, monkeypatch):
    checkpoints = Checkpoints(finished.workdir / LAST, keep=2)

    def no_more_files(self, *arguments, **values):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(type(checkpoints._manager), "restore", no_more_files)
    with pytest.raises(OSError, match="Too many open files"):
        checkpoints.restore_last(lambda step: finished.state)
    checkpoints.close()
    assert (finished.workdir / LAST / "6").is_dir()


def test_a_damaged_best_gives_way_to_the_last(finished, tmp_path, capsys):
    shutil.copytree(finished.workdir, tmp_path / "run")
    (best,) = (tmp_path / "run" / "best").iterdir()
    cut(best)
    _, state, _ = load_run(tmp_path / "run")
    assert int(state.step) == 6
    assert "damaged" in capsys.readouterr().out
    assert best.is_dir()
