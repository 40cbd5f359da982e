"""Who may write in a run folder, and what is said where nobody can."""

import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from configs import quickstart
from tests.train.helpers import assert_equal_states, log
from train.engine.checkpoints import Checkpoints
from train.engine.disk import DiskFull
from train.engine.folder import LAST
from train.engine.lock import held_alone
from train.engine.restore import load_run
from train.run.training import fit

ROOT = Path(__file__).parents[3]
HOLDS = """
import sys, time
from pathlib import Path
from train.engine.lock import held_alone
with held_alone(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def tiny(**train):
    config = quickstart.get_config("tiny")
    config.train.update(train)
    return config


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return fit(tiny(), tmp_path_factory.mktemp("run") / "whole")


@contextmanager
def another_training(workdir):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(workdir)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_second_training_ends_at_once_and_names_the_first(finished, tmp_path):
    shutil.copytree(finished.workdir, tmp_path / "run")
    before = log(tmp_path / "run")
    with another_training(tmp_path / "run") as first:
        words = rf"trained in by process {first.pid} on {re.escape(socket.gethostname())}"
        for overwrite in (False, True):
            with pytest.raises(ValueError, match=words):
                fit(tiny(steps=6), tmp_path / "run", overwrite=overwrite)
        assert log(tmp_path / "run") == before
        assert_equal_states(load_run(tmp_path / "run")[1], finished.state)
    # Killed by now, and no lock is left behind.
    assert int(fit(tiny(), tmp_path / "run", overwrite=True).state.step) > 0
    assert sorted(p.name for p in (tmp_path / "run").glob(".*")) == [".lock"]


def test_a_folder_is_held_against_another_training_of_the_same_process(tmp_path):
    with (
        held_alone(tmp_path / "run"),
        pytest.raises(ValueError, match=f"process {os.getpid()} on"),
        held_alone(tmp_path / "run"),
    ):
        pass
    with held_alone(tmp_path / "run"):
        pass


@pytest.mark.slow
def test_overwriting_that_is_killed_half_way_leaves_a_run_that_can_start(
    finished, tmp_path, monkeypatch
):
    shutil.copytree(finished.workdir, tmp_path / "run")
    removed, original = [], shutil.rmtree

    def remove(path, *arguments, **values):
        removed.append(path)
        if len(removed) == 3:
            raise KeyboardInterrupt
        original(path, *arguments, **values)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", remove)
        with pytest.raises(KeyboardInterrupt):
            fit(tiny(), tmp_path / "run", overwrite=True)
    config = tiny()
    config.seed = 1
    other = fit(config, tmp_path / "run")
    assert other.state.key != finished.state.key


@contextmanager
def mounted(folder, options):
    """A file system of its own in memory, such as `size=1m`."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here: that takes root's rights")
    try:
        yield folder
    finally:
        # At once, whatever a failed run still holds open there.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_the_run_goes_on_when_there_is_room(tmp_path):
    config = tiny(steps=8, checkpoint_every=2, validate_every=8, keep=2)
    whole = fit(config, tmp_path / "whole")
    two_checkpoints = sum(path.stat().st_blocks * 512 for path in (whole.workdir / LAST).rglob("*"))
    # Room for two checkpoints, not for the third.
    config.train.keep = 9
    with mounted(tmp_path / "disk", f"size={two_checkpoints * 5 // 4}") as disk:
        with pytest.raises(DiskFull) as error:
            fit(config, disk / "run")
        told = str(error.value)
        assert "\n" not in told
        assert str(disk / "run") in told
        wanted, free = (
            int(number.replace(",", ""))
            for number in re.search(r"takes ([\d,]+) bytes, ([\d,]+) are free", told).groups()
        )
        assert shutil.disk_usage(disk).free < wanted
        assert free < wanted
        checkpoints = Checkpoints(disk / "run" / LAST, keep=None)
        saved = checkpoints.steps()
        checkpoints.close()
        assert saved == [2, 4]
        remount(disk, "size=40m")
        resumed = fit(config, disk / "run")
        assert_equal_states(resumed.state, whole.state)


def test_a_disk_that_fills_while_a_checkpoint_is_written_is_one_line(tmp_path, monkeypatch):
    # Another program takes the room between the look at it and the writing.
    monkeypatch.setattr("train.engine.checkpoints.lacks_room", lambda *arguments: "")
    config = tiny(steps=6, checkpoint_every=2, validate_every=6, keep=9)
    with (
        mounted(tmp_path / "disk", "size=300k") as disk,
        pytest.raises(DiskFull, match=r"is full: [\d,]+ bytes are free; what was saved before"),
    ):
        fit(config, disk / "run")


def test_a_folder_that_can_not_be_written_is_one_line(finished, tmp_path):
    with mounted(tmp_path / "disk", "size=20m") as disk:
        shutil.copytree(finished.workdir, disk / "run")
        remount(disk, "ro")
        for place in ("run", "another"):
            with pytest.raises(ValueError, match=rf"{disk / place} can't be written: .*Read-only"):
                fit(tiny(steps=6), disk / place)
        # Reading asks for nothing.
        assert_equal_states(load_run(disk / "run")[1], finished.state)


@pytest.mark.parametrize("place", ["file", "file/run", "file/deep/run"])
def test_a_file_where_a_folder_is_wanted_is_named(place, tmp_path):
    (tmp_path / "file").write_text("a thesis")
    with pytest.raises(ValueError, match=r"file is a file, wanted a folder"):
        fit(tiny(), tmp_path / place)
    assert (tmp_path / "file").read_text() == "a thesis"
