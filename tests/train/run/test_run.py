import importlib
import json
import shutil
import signal
from functools import partial
from pathlib import Path

import chex
import jax
import numpy as np
import pytest

from configs import quickstart
from imaging_jax import pretrained
from tests.train.helpers import assert_equal_states, log
from train.config.registry import build
from train.data import DATA
from train.data.data_sets import data_set
from train.data.degradations import degrade
from train.engine import compiled, loop
from train.engine.folder import BEST, LAST
from train.engine.restore import build_task, load_run
from train.run.training import fit
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS, GenerationProtocol, ReconstructionProtocol
from train.scoring.protocols.degraded import DegradedProtocol
from train.scoring.review import Review
from train.state.stage import Stage
from train.systems.catalogue import system
from train.tasks import TASKS, SuperResolution
from train.tasks.restoration import Restoration

CONFIGS = sorted(
    str(file.with_suffix("")).replace("/", ".")
    for file in Path("configs").rglob("*.py")
    if file.stem not in ("__init__", "common")
)
# One of each kind of task by default.
DEFAULT = {
    "configs.quickstart",
    "configs.generative.gan",
    "configs.generative.autoencoder",
    "configs.generative.vae",
    "configs.captioning.worded_scenes",
    "configs.classification.digits",
    "configs.forecasting.adding",
    "configs.forecasting.ndvi",
    "configs.fusion.downscaling",
    "configs.language.gpt",
    "configs.multi_frame.wdsr3d",
    "configs.change_detection.ravaen",
    "configs.retrieval.descriptors",
    "configs.restoration.burst",
    "configs.restoration.noise2void",
    "configs.segmentation.unet",
    "configs.hyperspectral.denoising",
    "configs.translation.cycle_gan",
    "configs.soil_moisture.fields",
    "configs.stylization.fast_style",
    "configs.super_resolution.srgan",
}


def tiny(module="configs.quickstart"):
    return importlib.import_module(module).get_config("tiny")


def stop_after(monkeypatch, calls):
    """Sends SIGTERM to this process after so many calls of the compiled step."""
    done = []
    original = compiled.CompiledStage.__call__

    def call(self, *arguments):
        done.append(1)
        if len(done) == calls:
            signal.raise_signal(signal.SIGTERM)
        return original(self, *arguments)

    monkeypatch.setattr(compiled.CompiledStage, "__call__", call)


@pytest.mark.parametrize(
    "module", [pytest.param(m, marks=() if m in DEFAULT else pytest.mark.slow) for m in CONFIGS]
)
def test_every_config_trains_stops_resumes_and_evaluates(module, tmp_path, monkeypatch):
    whole = fit(tiny(module), tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        with pytest.raises(loop.Stopped, match="step 3"):
            fit(tiny(module), tmp_path / "parts")
    parts = fit(tiny(module), tmp_path / "parts")

    assert_equal_states(whole.state, parts.state)
    assert log(tmp_path / "whole") == log(tmp_path / "parts")
    assert whole.table == parts.table
    assert whole.table[-1]["system"] == "ours"
    expected = {BEST, LAST, "config.json", "events", "pictures", "result.json", "scalars.jsonl"}
    expected |= {"starts.json", "summary.json", "summary.txt", "table.md", "weights.safetensors"}
    expected |= {"report.html", ".lock"}
    if assets := build(DATA, tiny(module).data, "data", seed=0).assets:
        expected |= {"assets.json"}
        assert system(str(tmp_path / "whole")).assets == assets
    assert {p.name for p in (tmp_path / "whole").iterdir()} == expected
    _, state, _ = load_run(tmp_path / "whole")
    assert_equal_states(state, whole.state)
    is_applied(system(str(tmp_path / "whole")), whole.table, tiny(module).evaluation[-1])


def is_applied(ours, table, line):
    """What the run left scores as the run's own table says."""
    row = table[-1]
    protocol = PROTOCOLS[row["protocol"]]
    value = row.get(protocol.condition)
    found = evaluate(ours, data_set(row["images"]), protocol, value).values
    assert found == {name: row[name] for name in found}
    if isinstance(protocol, GenerationProtocol):
        assert found["pixel_deviation"] > 0
    elif not isinstance(protocol, ReconstructionProtocol):
        beside = [name for name in (line.get("baseline") or protocol.baseline(),) if name]
        assert [row["system"] for row in table] == [*beside, "ours"]
    if isinstance(protocol, DegradedProtocol):
        told = protocol.options(value)
        restored = ours.apply({"image": np.zeros((1, 9, 9, 3))}, **told)["image"]
        factor = told.get("scale", 1)
        assert restored.shape == (1, 9 * factor, 9 * factor, 3)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run") / "quickstart"
    return fit(tiny(), workdir)


def test_the_log_has_what_was_asked_for(finished):
    lines = log(finished.workdir)
    losses = [line for line in lines if "train/loss" in line]
    assert [line["step"] for line in losses] == [1, 2, 3, 4]
    assert [line["step"] for line in lines if "validation/psnr" in line] == [2, 4]
    assert all({"train/gradient_norm", "train/learning_rate"} <= line.keys() for line in losses)


def test_the_best_by_validation_is_what_comes_back(finished):
    scores = {
        x["step"]: x["validation/psnr"] for x in log(finished.workdir) if "validation/psnr" in x
    }
    assert int(finished.state.step) == max(scores, key=scores.get)


def test_the_summary_counts_the_parameters(finished):
    summary = json.loads((finished.workdir / "summary.json").read_text())
    assert summary["parameters"] == sum(x.size for x in jax.tree.leaves(finished.state.params))
    assert summary["flops_per_step"] > 0


def test_another_config_in_the_same_folder_lists_the_keys(finished):
    config = tiny()
    config.train.steps = 8
    config.model.features = 16
    with pytest.raises(
        ValueError, match=r"model\.features: 8 there, 16 now; train\.steps: 4 there, 8"
    ):
        fit(config, finished.workdir)


def test_overwrite_starts_anew_but_only_over_a_run(finished, tmp_path):
    other = fit(tiny(), tmp_path / "run")
    config = tiny()
    config.seed = 1
    assert fit(config, other.workdir, overwrite=True).state.key != other.state.key
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "thesis.tex").write_text("years of work")
    (tmp_path / "papers" / "config.json").write_text('{"model_type": "bert"}')
    for overwrite in (True, False):
        with pytest.raises(ValueError, match="neither empty nor a run folder"):
            fit(config, tmp_path / "papers", overwrite=overwrite)
    assert (tmp_path / "papers" / "thesis.tex").exists()


def test_overwrite_by_a_config_that_does_not_fit_deletes_nothing(finished):
    config = tiny()
    config.init_from = "nowhere.safetensors"
    with pytest.raises((ValueError, OSError), match="nowhere"):
        fit(config, finished.workdir, overwrite=True)
    assert load_run(finished.workdir)


def test_before_its_first_checkpoint_a_run_takes_another_config(tmp_path):
    first = fit(tiny(), tmp_path / "run")
    shutil.rmtree(first.workdir / LAST)
    shutil.rmtree(first.workdir / BEST)
    config = tiny()
    config.seed = 3
    assert fit(config, first.workdir).state.key != first.state.key


def test_a_finished_run_keeps_where_it_was_trained(finished):
    starts = (finished.workdir / "starts.json").read_text()
    again = fit(tiny(), finished.workdir)
    assert (finished.workdir / "starts.json").read_text() == starts
    assert again.table == finished.table
    assert_equal_states(again.state, finished.state)


def test_reading_a_run_changes_nothing_in_it(finished):
    unfinished = finished.workdir / BEST / "9.orbax-checkpoint-tmp"
    unfinished.mkdir()
    load_run(finished.workdir)
    assert unfinished.is_dir()
    unfinished.rmdir()


@pytest.mark.parametrize("source", ["file", "run"])
def test_init_from_starts_at_the_weights_given(source, finished, tmp_path):
    config = tiny()
    config.init_from = str(
        finished.workdir / "weights.safetensors" if source == "file" else finished.workdir
    )
    # With a rate of zero the first parameters are also the last.
    config.optimizer.schedule = {"name": "constant", "peak": 0.0}
    tuned = fit(config, tmp_path / "tuned")
    chex.assert_trees_all_equal(tuned.state.params, finished.state.ema_params)


def test_init_from_another_model_names_the_first_leaf(finished, tmp_path):
    config = tiny()
    config.model.features = 4
    config.init_from = str(finished.workdir / "weights.safetensors")
    with pytest.raises(ValueError, match=r"has shape .(8,.), the model wants .(4,.)"):
        fit(config, tmp_path / "run")


@pytest.mark.parametrize("of", ["run", "file", "published"])
def test_init_from_names_networks_and_their_sources(of, finished, tmp_path):
    sources = {"run": finished.workdir, "file": finished.workdir / "weights.safetensors"}
    config = tiny()
    # As the command line gives it: --config.init_from="{'network': 'runs/quickstart'}".
    config.init_from = str({"network": str(sources.get(of, "edsr_light_x2"))})
    config.optimizer.schedule = {"name": "constant", "peak": 0.0}
    if of == "published":
        with pytest.raises(ValueError, match=r"edsr_light_x2: params/.* has shape"):
            fit(config, tmp_path / "tuned")
        return
    tuned = fit(config, tmp_path / "tuned")
    chex.assert_trees_all_equal(tuned.state.params, finished.state.ema_params)


def test_init_from_an_unknown_network_names_the_nearest(tmp_path):
    config = tiny()
    config.init_from = "{'netwrk': 'edsr_light_x3'}"
    with pytest.raises(ValueError, match=r"a network of init_from='netwrk'.*'network'"):
        fit(config, tmp_path / "run")


def test_a_file_of_weights_is_a_system_wherever_it_lies(finished, tmp_path):
    shutil.copy(finished.workdir / "weights.safetensors", tmp_path / "mine.safetensors")
    lr = {"image": np.random.default_rng(0).random((1, 9, 7, 3))}
    wanted = finished.system.apply(lr, scale=3)["image"]
    file = system(str(tmp_path / "mine.safetensors"))
    assert (file.name, file.weights, file.options) == ("edsr_light", "mine", {"scale": (3,)})
    np.testing.assert_array_equal(file.apply(lr, scale=3)["image"], wanted)
    # Without its header the model must be told.
    pretrained.save(tmp_path / "bare.safetensors", finished.state.variables("network"), {})
    with pytest.raises(ValueError, match=r"doesn't tell which model it fills; name it: --model="):
        system(str(tmp_path / "bare.safetensors"))
    model = "edsr_light:scale=3,features=8,blocks=1"
    told = system(str(tmp_path / "bare.safetensors"), model)
    np.testing.assert_array_equal(told.apply(lr, scale=3)["image"], wanted)
    with pytest.raises(ValueError, match=r"--model\.feature is unknown: .*'features'"):
        system(str(tmp_path / "bare.safetensors"), "edsr_light:scale=3,feature=8")


def test_weights_carry_their_config(finished):
    from safetensors import safe_open

    with safe_open(finished.workdir / "weights.safetensors", "numpy") as file:
        assert json.loads(file.metadata()["config"])["model"]["name"] == "edsr_light"
    assert pretrained.read(finished.workdir / "weights.safetensors")


@pytest.mark.parametrize(
    "module", ["configs.quickstart", pytest.param("configs.generative.gan", marks=pytest.mark.slow)]
)
def test_no_steps_save_and_review_what_a_run_starts_from_and_more_may_follow(module, tmp_path):
    config, config.train.steps = tiny(module), 0
    nothing = fit(config, tmp_path / "run")
    assert int(nothing.state.step) == 0
    assert nothing.table[-1]["system"] == "ours"
    assert (tmp_path / "run" / "weights.safetensors").is_file()
    assert_equal_states(fit(config, tmp_path / "run").state, nothing.state)
    assert_equal_states(
        fit(tiny(module), tmp_path / "run").state, fit(tiny(module), tmp_path / "whole").state
    )


def test_no_steps_from_given_weights_score_these_weights(finished, tmp_path):
    config, config.train.steps = tiny(), 0
    config.init_from = str(finished.workdir)
    reviewed = fit(config, tmp_path / "run")
    chex.assert_trees_all_equal(reviewed.state.params, finished.state.ema_params)
    assert reviewed.table == finished.table


def test_profile_leaves_a_trace_even_of_a_short_run(finished):
    config = tiny()
    config.profile = True
    workdir = finished.workdir.parent / "profiled"
    fit(config, workdir)
    assert list((workdir / "profile").rglob("*.xplane.pb"))


def test_steps_per_call_gives_the_same_training(finished, tmp_path):
    config = tiny()
    config.train.update({"steps_per_call": 2, "log_every": 2})
    result = fit(config, tmp_path / "run")
    chex.assert_trees_all_close(result.state.params, finished.state.params, rtol=1e-4, atol=1e-6)


def test_bfloat16_compute_keeps_float32_parameters(tmp_path):
    config = tiny()
    config.model.dtype = "bfloat16"
    result = fit(config, tmp_path / "run")
    assert {x.dtype for x in jax.tree.leaves(result.state.params)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.train.update({"steps_per_call": 3}), r"train\.steps=4"),
        (lambda c: c.data.update({"patch_size": 25}), r"data\.patch_size=25"),
        (lambda c: c.train.update({"accumulate": 3}), r"data\.batch_size=8"),
        (lambda c: c.task.update({"loss": "l11"}), r"task\.loss='l11'.*'l1'"),
        (lambda c: c.model.update({"block": 2}), r"model\.block .*'blocks'"),
        (lambda c: c.validation.update({"protocol": "rbg"}), r"validation\.protocol='rbg'.*'rgb'"),
        (lambda c: c.validation.update({"images": "set55"}), r"validation\.images: .*'set5'"),
        (lambda c: c.validation.update({"scale": 2}), r"validation\.scale=2"),
        (lambda c: c.train.update({"steps_per_call": 0}), r"train\.steps_per_call=0"),
        (lambda c: c.train.update({"accumulate": 0}), r"train\.accumulate=0"),
        (lambda c: c.data.update({"batch_size": 0}), r"data\.batch_size=0"),
        (lambda c: c.task.update({"scales": ()}), r"task\.scales is empty"),
    ],
)
def test_a_config_that_does_not_fit_names_its_key(change, message, tmp_path):
    config = tiny()
    with config.unlocked():
        change(config)
    with pytest.raises(ValueError, match=message):
        fit(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def variants(module):
    """The paper's recipe, and what the config says it knows beside it and "tiny"."""
    with pytest.raises(ValueError, match="known: ") as unknown:
        importlib.import_module(module).get_config("no such variant")
    known = str(unknown.value).partition("known: ")[2].split(", ")
    return ["", *(variant for variant in known if variant != "tiny")]


# Gradients of gradients take their time to trace.
TRACED_SLOWLY = {
    "configs.generative.stylegan2",
    "configs.restoration.restormer",
    "configs.restoration.swinir",
    "configs.segmentation.promptable",
    "configs.super_resolution.ddrn",
    "configs.super_resolution.rdn",
    "configs.super_resolution.swinir",
}


@pytest.mark.parametrize(
    ("module", "variant"),
    [
        pytest.param(
            module, name, marks=pytest.mark.slow if name or module in TRACED_SLOWLY else ()
        )
        for module in CONFIGS
        for name in variants(module)
    ],
)
def test_the_variants_of_a_paper_train_and_predict_in_shape(module, variant, request):
    # Everything but the data, which is somebody's download.
    config = importlib.import_module(module).get_config(variant)
    if config.task.get("features") or config.task.get("mask") == "staged":
        request.getfixturevalue("imaging_data")
    task = build_task(config)
    example = task.example(config.data)
    for stage in task.stages:
        state = jax.eval_shape(stage.init, jax.random.key(0), example, None)
        for name in {stage.choose(step) for step in range(64)}:
            jax.eval_shape(stage.step_functions[name], state, example)
    if isinstance(task, Restoration):
        restores_shapes(task, state)


def restores_shapes(task, state):
    ((name, served),) = task.options.items()
    for value in served or (25,):
        factor = value if name == "scale" else 1
        for channels in (1, 3):
            # Square, as tomography wants it.
            lr = jax.ShapeDtypeStruct((1, 16, 16, channels), np.float32)
            if value == 1 and hasattr(task, "degradation"):
                measure = partial(degrade, preset=task.degradation, scale=1)
                lr = jax.eval_shape(measure, state.key, lr)
            apply = partial(task.apply, **{name: value})
            sr = jax.eval_shape(apply, task.variables(state), {"image": lr})["image"]
            assert sr.shape == (1, 16 * factor, 16 * factor, channels)


def test_a_misspelt_variant_is_no_recipe():
    with pytest.raises(ValueError, match="'tini' is unknown; known: tiny"):
        quickstart.get_config("tini")


def test_remat_trains_alike(finished, tmp_path):
    config = tiny()
    config.model.remat = True
    result = fit(config, tmp_path / "run")
    chex.assert_trees_all_close(result.state.params, finished.state.params, rtol=1e-4, atol=1e-6)


class TwoStages(SuperResolution):
    """Two steps, then two more in which a mark stands in the extras."""

    @property
    def stages(self):
        (whole,) = super().stages

        def second(key, example, previous):
            return previous.replace(extras={"mark": jax.numpy.int32(7)})

        return [
            Stage("first", 2, whole.init, whole.step_functions),
            Stage("second", 2, second, whole.step_functions),
        ]


def test_the_best_checkpoint_is_one_of_the_last_stage(tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, "super_resolution", TwoStages)
    falling = iter([2.0, 1.0])
    monkeypatch.setattr(Review, "quality", lambda self, values: next(falling))
    assert int(fit(tiny(), tmp_path).state.step) == 4


@pytest.mark.parametrize("calls", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_run_of_two_stages_goes_on_in_the_one_it_was_in(calls, tmp_path, monkeypatch):
    monkeypatch.setitem(TASKS, "super_resolution", TwoStages)
    whole = fit(tiny(), tmp_path / "whole")
    assert int(whole.state.extras["mark"]) == 7
    with monkeypatch.context() as patch:
        stop_after(patch, calls)
        with pytest.raises(loop.Stopped):
            fit(tiny(), tmp_path / "parts")
    parts = fit(tiny(), tmp_path / "parts")
    assert_equal_states(whole.state, parts.state)
    assert log(tmp_path / "whole") == log(tmp_path / "parts")
