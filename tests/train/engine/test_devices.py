import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from tests.train.helpers import log
from train.engine.lock import held_alone
from train.state.devices import share_cores

ROOT = Path(__file__).parents[3]


def train(model, workdir, devices, stop=0):
    flags = f"--xla_force_host_platform_device_count={devices}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.train.engine.devices_worker", model, str(workdir), str(stop)],
        cwd=ROOT,
        env={**os.environ, "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("model", ["batch_norm", "edsr"])
def test_eight_devices_train_and_score_as_one_does(model, tmp_path):
    one = train(model, tmp_path / "one", 1)
    eight = train(model, tmp_path / "eight", 8)
    assert (one["devices"], eight["devices"]) == (1, 8)
    assert len(one["losses"]) == 10
    np.testing.assert_allclose(eight["losses"], one["losses"], rtol=1e-5)
    # Seven images of one size fill one batch of eight and one of another its own.
    assert (one["predicted"], eight["predicted"]) == ([1] * 8, [8, 8])
    np.testing.assert_allclose(eight["scores"], one["scores"], atol=2e-3)


@pytest.mark.slow
def test_parameters_cut_over_eight_devices_train_as_whole_ones_do(tmp_path):
    one, eight = (train("sharded", tmp_path / str(n), n) for n in (1, 8))
    assert (one["devices"], eight["devices"]) == (1, 8)
    assert len(one["losses"]) == 10
    np.testing.assert_allclose(eight["losses"], one["losses"], rtol=1e-5)
    assert one["share"] == 1
    # Biases and norms stay whole.
    assert eight["share"] < 0.2
    np.testing.assert_allclose(eight["score"], one["score"], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "tolerance"),
    # Adam's first steps follow signs, which rounding turns where gradients are almost nothing.
    [("adversarial", 1e-4), ("cycle", 1e-3)],
)
def test_eight_devices_train_several_networks_as_one_does(model, tolerance, tmp_path):
    # Batch statistics, all networks' gradients and the pools are those of the whole batch.
    one, eight = (train(model, tmp_path / str(n), n) for n in (1, 8))
    assert (one["devices"], eight["devices"]) == (1, 8)
    assert len(one["losses"]) == 10
    np.testing.assert_allclose(eight["losses"], one["losses"], rtol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(8, 1), (1, 8), (4, 2)])
def test_a_run_goes_on_with_another_number_of_devices(before, after, tmp_path):
    assert train("batch_norm", tmp_path / "run", before, stop=6) == {"stopped": True}
    resumed = train("batch_norm", tmp_path / "run", after)
    whole = train("batch_norm", tmp_path / "whole", before)
    assert resumed["devices"] == after
    np.testing.assert_allclose(resumed["losses"], whole["losses"], rtol=1e-5)


@pytest.mark.slow
def test_a_run_goes_on_bit_for_bit_on_as_many_devices(tmp_path):
    assert train("edsr", tmp_path / "run", 2, stop=6) == {"stopped": True}
    assert train("edsr", tmp_path / "run", 2) == train("edsr", tmp_path / "whole", 2)


@pytest.mark.parametrize(
    ("batch", "most", "wanted"),
    [
        (8, 0, lambda cores: max(n for n in (1, 2, 4, 8) if n <= cores)),
        (8, 1, lambda cores: 1),
        (7, 6, lambda cores: 1),
    ],
)
def test_a_cpu_is_a_device_a_core_where_these_divide_the_batch(batch, most, wanted):
    code = (
        "import jax; from train.state.devices import cores, share_cores;"
        f"share_cores({batch}, {most}); print(jax.device_count(), len(cores()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=True,
    )
    devices, count = map(int, done.stdout.split())
    assert devices == wanted(count)


def test_devices_that_wait_for_each_other_never_stop_for_good():
    # Many calls under way at once; without threads enough this ended in some hundred of them.
    code = """
import jax, jax.numpy as jnp
from train.state.devices import data_mesh, share_cores, split_over_devices

share_cores(2)
split = split_over_devices(data_mesh())

@jax.jit
def step(x):
    x = 1e-3 * x @ x
    return jax.lax.with_sharding_constraint(1 + x - x.mean(0), split)

x = jax.device_put(jnp.ones((2, 256, 256)), split)
for _ in range(3000):
    x = step(x)
print(jax.device_count(), float(x.mean()))
"""
    flags = (
        "--xla_force_host_platform_device_count=2"
        " --xla_cpu_collective_call_warn_stuck_timeout_seconds=10"
        " --xla_cpu_collective_call_terminate_timeout_seconds=20"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-1000:]
    assert done.stdout.split()[0] == "2"


def test_where_jax_has_started_its_devices_stay():
    before = jax.device_count()
    share_cores(2 * before)
    assert jax.device_count() == before


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["synthetic", "resident", "streamed"])
def test_two_processes_train_as_one_does(storage, tmp_path):
    arguments = ["--config=configs/quickstart.py:tiny"]
    if storage != "synthetic":
        arguments = [
            "--config=configs/super_resolution/edsr.py:tiny",
            f"--config.data.storage={storage}",
        ]

    def start(workdir, *more):
        return subprocess.Popen(
            [sys.executable, "-m", "train.main", *arguments, f"--workdir={workdir}", *more],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    address = f"--coordinator=127.0.0.1:{free_port()}"
    processes = [
        start(tmp_path / "two", address, "--processes=2", f"--process={i}") for i in range(2)
    ] + [start(tmp_path / "one")]
    for process in processes:
        shown, _ = process.communicate(timeout=300)
        assert process.returncode == 0, shown[-3000:]
    one, two = log(tmp_path / "one"), log(tmp_path / "two")
    assert [line["step"] for line in one] == [line["step"] for line in two]
    for a, b in zip(one, two, strict=True):
        name = "train/loss" if "train/loss" in a else "validation/psnr"
        np.testing.assert_allclose(b[name], a[name], rtol=1e-5)


@pytest.mark.slow
def test_both_of_two_processes_end_where_another_training_holds_the_folder(tmp_path):
    address = f"127.0.0.1:{free_port()}"
    with held_alone(tmp_path / "run"):
        processes = [
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "train.main",
                    "--config=configs/quickstart.py:tiny",
                    f"--workdir={tmp_path / 'run'}",
                    f"--coordinator={address}",
                    "--processes=2",
                    f"--process={index}",
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for index in range(2)
        ]
        for process in processes:
            shown, _ = process.communicate(timeout=120)
            assert process.returncode == 2, shown[-3000:]
            assert f"is being trained in by process {os.getpid()} on" in shown
