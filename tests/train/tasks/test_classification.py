"""Classification: smoothed labels, and a classifier asked from the command line."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from PIL import Image

from configs.classification import digits, folder
from tests.train.test_command_line import run
from train.config.registry import call
from train.run.experiment import build_experiment
from train.run.training import fit
from train.tasks import Classification


def test_smoothed_labels_are_those_of_optax():
    task = call(
        Classification,
        {"label_smoothing": 0.1},
        "task",
        network=build_experiment(digits.get_config("tiny")).task.network,
        optimizer=digits.get_config("tiny").optimizer.to_dict(),
        steps=1,
        accumulate=1,
        ema_decay=0.0,
    )
    logits = jax.random.normal(jax.random.key(0), (7, 10))
    labels = jnp.arange(7)
    smooth = optax.smooth_labels(jax.nn.one_hot(labels, 10), 0.1)
    wanted = optax.softmax_cross_entropy(logits, smooth).mean()
    assert float(task.loss(logits, labels)) == pytest.approx(float(wanted), rel=1e-6)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_outside_the_range_is_refused(share):
    config = digits.get_config("tiny")
    config.task.label_smoothing = share
    with pytest.raises(ValueError, match=r"task.label_smoothing=.*wanted in \[0, 1\)"):
        build_experiment(config)


@pytest.mark.slow
def test_a_folder_of_classes_is_trained_on_and_asked(tmp_path):
    generator = np.random.default_rng(0)
    for name in ("dark", "light", "middle"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for index in range(12):
            level = {"dark": 20, "middle": 120, "light": 230}[name]
            pixels = np.clip(level + generator.normal(0, 9, (20, 24)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{index:02d}.png")
    config = folder.get_config(f"16grey:3:{tmp_path / 'photos'}")
    config.model.update({"depth": 8, "features": 4})
    config.data.batch_size = 4
    config.train.update({"steps": 2, "log_every": 1, "validate_every": 2, "checkpoint_every": 2})
    fit(config, tmp_path / "run")
    output = tmp_path / "new" / "told.csv"
    asked = run(
        "train.predict", f"--weights={tmp_path / 'run'}", tmp_path / "photos", f"--output={output}"
    )
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.count("%") == 3 * 36
    assert output.read_text().splitlines()[0] == "picture,class,dark,light,middle"
    refused = run("train.predict", f"--weights={tmp_path / 'run'}", "--sigma=3", tmp_path)
    assert refused.returncode == 2
    assert "--sigma: " in refused.stderr
    assert "tells classes" in refused.stderr


@pytest.mark.parametrize("variant", ["64", "64:5", "wide:5:photos", "64:five:photos", "64:5:"])
def test_a_variant_that_says_no_folder_is_refused(variant):
    with pytest.raises(ValueError, match="wanted <side>:<classes>:<folder>"):
        folder.get_config(variant)
