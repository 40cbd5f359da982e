import copy
import json
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import benchmark, lines, machine
from benchmarks.opponent import Torch
from benchmarks.timing import Spread, Subject, ratio, spread, take_turns
from benchmarks.training import Training, UniformNoise, build_data, ready_pairs
from configs import quickstart
from configs.super_resolution import edsr
from imaging_jax.models.super_resolution.edsr import EDSR
from imaging_jax.models.super_resolution.edsr_light import EDSRLight
from imaging_jax.models.super_resolution.rdn import RDN
from tests.train.helpers import assert_equal_states
from tests.train.test_command_line import run
from train.engine.restore import build_task
from train.run.experiment import build_experiment
from train.run.training import fit
from train.state.devices import data_mesh
from train.state.stage import STEP, Stage
from train.state.train_state import create

QUICK = {"source": "synthetic", "rounds": 2, "seconds": 0.01}


def small():
    """Wide enough for convolutions to outweigh all else."""
    config = edsr.get_config("tiny")
    config.model.update({"features": 16, "blocks": 1})
    config.data.batch_size = 2
    return config


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([5, 1, 4, 2, 3], Spread(3, 2, 4)),
        ([4, 1, 3, 2], Spread(2.5, 1.75, 3.25)),
        ([7], Spread(7, 7, 7)),
    ],
)
def test_the_spread_is_the_median_and_the_quartiles(values, wanted):
    assert spread(values) == wanted


def test_a_ratio_is_taken_round_by_round():
    # In the last round the machine was a hundred times slower for both.
    assert ratio([2, 6, 1200], [1, 2, 300]) == Spread(3, 2.5, 3.5)
    with pytest.raises(ValueError, match="wanted 2, one a numerator, got 1"):
        ratio([1, 2], [1])


def test_subjects_take_turns_and_only_the_settled_calls_count():
    now, order = [0.0], []

    def costing(name, seconds):
        def call(calls):
            unsettled = 100.0 if not order or order[-1] != name else 0.0
            order.append(name)
            now[0] += unsettled + calls * seconds

        return call

    subjects = [Subject("fast", costing("fast", 2.0)), Subject("slow", costing("slow", 5.0), 10)]
    times = take_turns(subjects, 2, 20.0, clock=lambda: now[0])
    assert times == {"fast": [2.0, 2.0], "slow": [0.5, 0.5]}
    assert order == [*["fast"] * 2, *["slow"] * 2, *["fast"] * 2, *["slow"] * 4, *["fast"] * 2]
    chunks = 2 * (1 + 10) * 2.0 + 2 * (1 + 4) * 5.0
    changes = 5 * 100.0
    assert now[0] == chunks + changes + 2 * 2.0 + 2 * 5.0


def test_the_operations_of_a_product_are_those_that_xla_counts():
    matmul = machine.matmul(48, "bfloat16")
    x = jax.ShapeDtypeStruct((48, 48), "bfloat16")
    assert matmul.flops == jax.jit(jnp.matmul).lower(x, x).cost_analysis()["flops"] == 221_184
    matmul.subject.run(2)


def test_the_operations_of_a_convolution_are_its_closed_form():
    N, H, W, C, F = 2, 9, 7, 16, 32

    def step(state, batch):
        y = jax.lax.conv_general_dilated(
            batch["image"],
            state.params["kernel"],
            (1, 1),
            "SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        return state.replace(step=state.step + 1), {"loss": jnp.sum(y)}

    def init(key, example, previous):
        return create(key, {"kernel": jnp.ones((3, 3, C, F))}, {}, {})

    data = UniformNoise({"image": (N, H, W, C)}, H)
    training = Training(Stage("once", 1, init, {STEP: step}), data, data_mesh(), 0, 1)
    # Along each axis the three taps meet n, n - 1 and n - 1 pixels; the sum adds N H W F more.
    wanted = 2 * N * (3 * H - 2) * (3 * W - 2) * C * F + N * H * W * F
    assert training.flops == pytest.approx(wanted, rel=1e-4)


@pytest.fixture(scope="module")
def measured():
    return benchmark(small(), image_size=(8, 12), **QUICK)


def test_the_operations_of_a_training_step_are_those_of_its_convolutions(measured):
    def convolution(side, inputs, outputs, passes=3):
        return passes * 2 * 2 * (3 * side - 2) ** 2 * inputs * outputs

    # Forward, gradient of the input and of the kernel; the image needs no gradient.
    wanted = convolution(8, 3, 16, passes=2) + 3 * convolution(8, 16, 16)
    wanted += convolution(8, 16, 16 * 9) + convolution(24, 16, 3)
    assert wanted < measured["training"]["whole step"]["flops"] < 1.1 * wanted


def test_what_is_reported_hangs_together(measured):
    timed = measured["training"]["whole step"]
    assert len(timed["rounds"]) == 2
    seconds = timed["seconds"]["median"]
    assert seconds == pytest.approx(np.mean(timed["rounds"]))
    assert timed["images_per_second"] == pytest.approx(2 / seconds)
    assert timed["flops_per_second"] == pytest.approx(timed["flops"] / seconds)
    assert measured["prediction"]["ours"]["input_shape"] == (1, 8, 12, 3)
    assert measured["compile_seconds"] > 0
    # Kernels and biases of 3 -> 16, three times 16 -> 16, 16 -> 144, 16 -> 3.
    assert measured["parameters"] == 448 + 3 * 2320 + 20880 + 435
    # Parameters, both moments of Adam and the moving average are arguments.
    assert measured["memory"]["program_bytes"] > 4 * 4 * measured["parameters"]
    assert "ratios" not in measured


@pytest.mark.slow
def test_what_is_measured_is_the_step_that_trains(tmp_path, monkeypatch):
    monkeypatch.setattr("train.run.training._Run._validate", lambda *all_of_them: None)
    monkeypatch.setattr("train.run.training.report.finish", lambda *all_of_them, **named: [])
    config = quickstart.get_config("tiny")
    trained = fit(config, tmp_path / "run").state
    experiment = build_experiment(config)
    stage = experiment.task.stages[0]
    training = Training(stage, experiment.data, data_mesh(), experiment.seed, 1)
    training.run(4)
    assert_equal_states(training.state, trained)


def test_synthetic_data_are_made_once():
    data, mesh = build_data(small(), "synthetic"), data_mesh()
    inputs = data.inputs(0, mesh)
    first, second = next(inputs)["image"], next(inputs)["image"]
    assert first is second
    assert first.shape == (2, 24, 24, 3)
    assert 0 <= first.min() < 0.01
    assert 0.99 < first.max() <= 1
    pairs = ready_pairs(data, 3, 1).input_shapes(mesh)
    assert (pairs["lr"].shape, pairs["hr"].shape) == ((2, 8, 8, 1), (2, 24, 24, 1))


def test_images_that_are_not_there_and_unknown_words_are_named():
    config = small()
    config.data.images = "nowhere/at/all"
    with pytest.raises(ValueError, match=r"nowhere/at/all.*--data=synthetic needs no images"):
        benchmark(config)
    with pytest.raises(ValueError, match=r"--data='sythetic'.*'synthetic'"):
        build_data(config, "sythetic")
    with pytest.raises(ValueError, match=r"--against='pytorch'.*'torch'"):
        benchmark(config, against="pytorch")
    with pytest.raises(ValueError, match="--rounds=0"):
        benchmark(config, rounds=0)


def test_torch_that_is_not_installed_is_one_clear_line(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("benchmarks.torch")]:
        monkeypatch.delitem(sys.modules, name)
        monkeypatch.delattr(f"benchmarks.{name.rpartition('.')[2]}", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ValueError, match="--against=torch: PyTorch isn't installed here"):
        Torch(small(), build_task(small()))


def test_what_other_programs_take_of_the_cores_is_seen_and_what_we_take_is_not():
    busy = "import time\nend = time.monotonic() + 60\nwhile time.monotonic() < end: pass"
    # Not counted as ours until it is waited for.
    process = subprocess.Popen([sys.executable, "-c", busy])
    try:
        seen = machine.Others()
        time.sleep(1.0)
        found = seen.cores()
    finally:
        process.kill()
        process.wait()
    assert found > 0.3


@pytest.mark.parametrize(("others", "left"), [(0.1, 2), (1.0, 1)])
def test_both_sides_are_kept_on_one_core_where_others_use_them(others, left, monkeypatch):
    kept = []
    monkeypatch.setattr(machine, "cores", lambda: [3, 5])
    monkeypatch.setattr(machine.Others, "cores", lambda self: others)
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    monkeypatch.setattr(
        machine.os, "sched_setaffinity", lambda pid, cores: kept.append(cores), raising=False
    )
    machine.pin_if_busy(seconds=0.0)
    assert kept == ([[5]] if left == 1 else [])


@pytest.mark.parametrize(
    ("precision", "wanted"), [(None, True), ("highest", False), (jax.lax.Precision.HIGHEST, False)]
)
def test_tf32_is_allowed_where_our_precision_allows_it(precision, wanted):
    assert machine.allows_tf32(precision) is wanted


@pytest.mark.slow
def test_the_command_line_writes_what_it_shows(tmp_path):
    file = tmp_path / "bench.json"
    done = run(
        "train.bench",
        "--config=configs/super_resolution/edsr.py:tiny",
        "--config.task.scales=(4,)",
        "--config.model.dtype=bfloat16",
        "--data=synthetic",
        "--rounds=1",
        "--seconds=0.01",
        "--image_size=6x8",
        f"--output={file}",
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(file.read_text())
    assert done.stdout.splitlines() == lines(report)
    assert "edsr x4" in done.stdout
    assert report["dtype"] == report["matmul"]["dtype"] == "bfloat16"
    assert report["prediction"]["ours"]["input_shape"] == [1, 6, 8, 3]
    assert "--config.task.scales=(4,)" in report["command"]


def test_an_image_size_that_is_none_is_named():
    done = run("train.bench", "--config=configs/quickstart.py:tiny", "--image_size=0x8")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --image_size=0x8: wanted <height>x<width>")


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch isn't installed: nothing to compare with")


NETWORKS = [
    EDSR(scale=2, features=6, blocks=2, residual_scale=0.3),
    EDSR(scale=4, features=4, blocks=1, remat=True),
    RDN(scale=3, D=2, C=3, G=4, G0=6, remat=True),
    EDSRLight(scale=3, features=6, blocks=2),
    EDSRLight(scale=2, channels=1, features=4, blocks=1, remat=True),
]


@pytest.mark.parametrize("network", NETWORKS)
def test_torch_gives_our_output_loss_and_gradient(torch, network):
    from benchmarks.torch_networks import copy_weights, counterpart

    generator = np.random.default_rng(0)
    lr = generator.uniform(size=(2, 7, 9, network.channels)).astype(np.float32)
    hr = generator.uniform(size=(2, 7 * network.scale, 9 * network.scale, network.channels))
    params = jax.tree.map(
        lambda leaf: generator.normal(0, 0.1, leaf.shape).astype(np.float32),
        jax.eval_shape(network.init, jax.random.key(0), lr)["params"],
    )

    def loss(params):
        return jnp.mean(jnp.abs(network.apply({"params": params}, lr) - hr.astype(np.float32)))

    value, gradient = jax.jit(jax.value_and_grad(loss))(params)
    theirs = counterpart(network)
    copy_weights(params, theirs)
    output = theirs(torch.from_numpy(lr).permute(0, 3, 1, 2))
    found = output.detach().permute(0, 2, 3, 1).numpy()
    ours = jax.jit(network.apply)({"params": params}, lr)
    np.testing.assert_allclose(found, ours, atol=1e-4, rtol=1e-4)

    their_loss = (output - torch.from_numpy(hr.astype(np.float32)).permute(0, 3, 1, 2)).abs().mean()
    their_loss.backward()
    assert their_loss.item() == pytest.approx(float(value), rel=1e-5)
    wanted = counterpart(network)
    copy_weights(gradient, wanted)
    for (name, ours), parameter in zip(wanted.named_parameters(), theirs.parameters(), strict=True):
        scale = ours.detach().abs().max().item()
        np.testing.assert_allclose(
            parameter.grad, ours.detach(), atol=1e-4 * scale, rtol=1e-3, err_msg=name
        )


@pytest.mark.parametrize(
    ("network", "parameters"),
    # Those of the released networks, and of ours.
    [(EDSR(scale=2), 1_369_859), (EDSR(scale=3), 1_554_499), (EDSR(scale=4), 1_517_571),
     (RDN(scale=3), 22_308_035), (EDSRLight(scale=3), 91_931)],
)  # fmt: skip
def test_torch_networks_have_the_published_parameters(torch, network, parameters):
    from benchmarks.torch_networks import copy_weights, counterpart

    theirs = counterpart(network)
    assert sum(p.numel() for p in theirs.parameters()) == parameters
    with pytest.raises(ValueError, match=f"3 parameters, and .* in PyTorch {parameters:,}"):
        copy_weights({"head": np.zeros(3)}, theirs)


@pytest.mark.parametrize(("clip_norm", "ema_decay"), [(0.0, 0.0), (1e-3, 0.5)])
def test_torch_takes_our_steps(torch, clip_norm, ema_decay):
    from benchmarks.torch_networks import copy_weights, counterpart
    from benchmarks.torch_training import TorchModel, TorchTraining
    from benchmarks.training import on_ready_pairs
    from train.tasks.supervised import NETWORK

    config = small()
    config.optimizer.update({"clip_norm": clip_norm})
    config.optimizer.schedule = {"name": "constant", "peak": 1e-3}
    config.train.ema_decay = ema_decay
    task, data, mesh = build_task(config), build_data(config, "synthetic"), data_mesh()
    pairs = ready_pairs(data, 3, 3)
    ours = Training(on_ready_pairs(task, task.stages[0], data, mesh), pairs, mesh, 0, 1)
    params = jax.tree.map(np.array, ours.state.params[NETWORK])
    batch = jax.tree.map(np.array, next(pairs.inputs(0, mesh)))
    theirs = TorchTraining(TorchModel(task.network, params), batch, config, compiled=False)
    ours.run(3)
    theirs.run(2)

    def moved(tree):
        network = counterpart(task.network)
        copy_weights(tree, network)
        return np.concatenate([p.detach().numpy().ravel() for p in network.parameters()])

    def flat(tensors):
        return np.concatenate([t.detach().numpy().ravel() for t in tensors])

    start, end = moved(params), moved(ours.state.params[NETWORK])
    assert np.abs(end - start).max() > 2e-3
    # Adam turns a gradient's last digits into whole steps where it is almost 0.
    found = flat(theirs.model.module.parameters())
    assert np.quantile(np.abs(found - end), 0.99) < 1e-5
    if ema_decay:
        average = moved(ours.state.ema_params[NETWORK])
        assert np.quantile(np.abs(flat(theirs.averages) - average), 0.99) < 1e-5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda c: setattr(c, "model", {"name": "vdsr"}),
            "VDSR has no PyTorch counterpart.*EDSR, EDSRLight",
        ),
        (lambda c: c.task.update({"loss": "charbonnier"}), "task.loss='charbonnier'"),
        (lambda c: c.optimizer.update({"name": "sgd"}), "optimizer.name='sgd'"),
        (lambda c: c.train.update({"accumulate": 2}), "train.accumulate=2"),
        (lambda c: c.model.update({"dtype": "float16"}), "model.dtype='float16'"),
        (lambda c: c.optimizer.update({"multipliers": {"tail": 0.1}}), "optimizer.multipliers"),
    ],
)
def test_what_torch_can_not_repeat_is_named(torch, change, words):
    config = quickstart.get_config("tiny")
    change(config)
    with pytest.raises(ValueError, match=words):
        Torch(config, build_task(config))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_comparison_goes_on_where_torch_compile_fails(torch, monkeypatch, dtype):
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setenv("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1")
    config = copy.deepcopy(small())
    config.model.dtype = dtype
    report = benchmark(config, image_size=(8, 12), against="torch", **QUICK)
    assert list(report["training"]) == ["whole step", "ours", "torch eager"]
    assert list(report["prediction"]) == ["ours", "torch eager"]
    timed = report["training"]
    wanted = np.divide(timed["torch eager"]["rounds"], timed["ours"]["rounds"])
    assert report["ratios"]["training"]["torch eager"]["median"] == pytest.approx(np.mean(wanted))
    assert report["torch"]["largest_difference"] < (1e-4 if dtype == "float32" else 2e-2)
    text = "\n".join(lines(report))
    assert text.count("torch.compile failed in training and prediction: ") == 1
    for others, cores, warned in ((0.1, 2, False), (1.0, 1, False), (1.0, 2, True)):
        report["load"] = {"load_average": 3.0, "cores": cores, "others": others}
        shown = lines(report)
        assert any("taskset" in line for line in shown) == warned
        assert any("torch eager / ours" in line for line in shown) == (not warned)
    assert json.loads(json.dumps(report))["torch"]["failures"].keys() == {"training", "prediction"}
