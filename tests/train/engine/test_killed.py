import json
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from imaging_jax import pretrained
from tests.train.helpers import log

ROOT = Path(__file__).parents[3]
KILLS = 20
TRAIN = [
    "--config.train.steps=600",
    "--config.train.validate_every=300",
    "--config.train.checkpoint_every=3",
    "--config.train.ema_decay=0.9",
]
PATHS = {
    "synthetic": ["--config=configs/quickstart.py:tiny", "--config.train.accumulate=2"],
    "resident": ["--config=configs/super_resolution/edsr.py:tiny", "--config.train.accumulate=2"],
    "streamed": [
        "--config=configs/super_resolution/edsr.py:tiny",
        "--config.train.accumulate=2",
        "--config.data.storage=streamed",
    ],
    # Two networks, and critic steps between those of the generator.
    "adversarial": ["--config=configs/generative/wgan.py:tiny"],
}


def start(path, workdir):
    return subprocess.Popen(
        [sys.executable, "-m", "train.main", *PATHS[path], *TRAIN, f"--workdir={workdir}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS)
def test_a_run_killed_twenty_times_ends_as_one_left_alone(path, tmp_path):
    # Checkpoints follow each other so closely that most kills fall inside the writing of one.
    assert start(path, tmp_path / "whole").wait() == 0
    generator = random.Random(0)
    reached = []
    for _ in range(KILLS):
        process = start(path, tmp_path / "killed")
        checkpoints = tmp_path / "killed" / "checkpoints"
        before = latest(checkpoints)
        while process.poll() is None and latest(checkpoints) <= before:
            try:
                process.wait(timeout=0.02)
            except subprocess.TimeoutExpired:
                continue
        try:
            process.wait(timeout=generator.uniform(0.0, 0.4))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reached.append(latest(checkpoints))
    assert len(set(reached)) > KILLS // 2, f"the kills fell at {reached}"
    assert start(path, tmp_path / "killed").wait() == 0

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    # A torn checkpoint that was noticed and passed over would end equal too.
    assert not list((killed / "checkpoints").glob("damaged_*"))
    assert_equal_last(whole / "checkpoints", killed / "checkpoints")
    one, other = (pretrained.read(folder / "weights.safetensors") for folder in (whole, killed))
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])
    assert log(whole) == log(killed)
    assert (whole / "table.md").read_text() == (killed / "table.md").read_text()


def assert_equal_last(one, other):
    """The whole state of the last checkpoint, by the list of its leaves' checksums."""
    a, b = (json.loads((f / "600" / "leaves" / "metadata").read_text()) for f in (one, other))
    assert len(a) > 20
    assert a == b


def latest(checkpoints):
    """The last step on disk, whole or not; -1 where there is none."""
    if not checkpoints.is_dir():
        return -1
    steps = [int(p.name) for p in checkpoints.iterdir() if p.name.isdigit()]
    return max(steps, default=-1)


@pytest.mark.slow
def test_a_run_killed_before_its_first_checkpoint_starts_again(tmp_path):
    process = start("synthetic", tmp_path / "run")
    while not (tmp_path / "run" / "config.json").is_file():
        assert process.poll() is None
    process.kill()
    process.wait()
    assert start("synthetic", tmp_path / "run").wait() == 0
    assert len([line for line in log(tmp_path / "run") if "train/loss" in line]) == 600


@pytest.mark.slow
def test_sigterm_saves_exits_with_zero_and_says_so(tmp_path):
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "train.main",
            *PATHS["synthetic"],
            f"--workdir={tmp_path / 'run'}",
            "--config.train.steps=100000",
            "--config.train.checkpoint_every=100000",
            "--config.train.validate_every=100000",
            "--config.train.log_every=10",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    while not log(tmp_path / "run"):
        assert process.poll() is None
        time.sleep(0.1)
    process.terminate()
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "saved; the same command goes on" in shown
    (saved,) = [p.name for p in (tmp_path / "run" / "checkpoints").iterdir() if p.name.isdigit()]
    assert f"stopped by signal at step {saved}" in shown
