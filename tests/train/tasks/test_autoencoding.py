"""Layers that train alone, schedules that restart, and what a bound is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.generative import autoencoder, vae
from imaging_jax.models.generative import VAE, DenseAutoencoder
from tests.train.run.test_run import stop_after
from train.engine.loop import Stopped
from train.engine.restore import load_run
from train.run.training import fit
from train.state.stage import STEP
from train.tasks import Autoencoding
from train.tasks.autoencoder_task import AUTOENCODER
from train.tasks.variational import measured

SHAPE = (4, 4, 1)
SGD = {
    "name": "sgd",
    "weight_decay": 0.1,
    "schedule": {"name": "cosine", "peak": 0.1},
}


def batch():
    return {"image": jax.random.uniform(jax.random.key(1), (8, *SHAPE))}


def test_a_layer_that_trains_alone_moves_no_other():
    network = DenseAutoencoder(widths=(6, 3), image_shape=SHAPE)
    task = Autoencoding(network, SGD, 12, layer_steps=4)
    state, rates, moved = None, [], []
    for stage in task.stages:
        state = jax.jit(lambda old: stage.init(jax.random.key(0), batch(), old))(state)  # noqa: B023
        step = jax.jit(stage.step_functions[STEP])
        before = state.params[AUTOENCODER]
        for _ in range(stage.steps):
            state, metrics = step(state, batch())
            rates.append(float(metrics["learning_rate"]))
        after = state.params[AUTOENCODER]
        moved.append(
            {name for name in after if jnp.any(after[name]["kernel"] != before[name]["kernel"])}
        )
    pair = lambda k: {f"encoder{k}", f"decoder{k}"}  # noqa: E731
    assert moved == [pair(1), pair(2), pair(1) | pair(2)]
    # Each stage has the whole of the schedule.
    wanted = 0.1 * (1 + np.cos(np.pi * np.arange(4) / 4)) / 2
    np.testing.assert_allclose(rates, np.tile(wanted, 3), rtol=1e-5)


def test_a_run_that_stopped_in_its_first_layer_can_be_opened(tmp_path, monkeypatch):
    config = autoencoder.get_config("tiny")
    config.train.steps = 6
    config.task.layer_steps = 2
    stop_after(monkeypatch, 1)
    with pytest.raises(Stopped, match="step 1"):
        fit(config, tmp_path / "run")
    # Each stage's optimizer has moments of other layers.
    _, state, _ = load_run(tmp_path / "run")
    assert int(state.step) == 1


def test_the_bound_is_its_two_terms():
    network = VAE(latent=2, hidden=5, image_shape=SHAPE)
    images = batch()["image"]
    variables = network.init(jax.random.key(0), images, jax.random.key(1))
    found = measured(network, variables, images)
    mean, log_variance = map(np.asarray, network.apply(variables, images, method="encode"))
    kl = 0.5 * np.sum(np.exp(log_variance) + np.square(mean) - 1 - log_variance, axis=-1)
    np.testing.assert_allclose(found["kl_nats"], kl, rtol=1e-5)
    x, p = np.asarray(images, np.float64), np.asarray(found["image"], np.float64)
    bce = -np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=(1, 2, 3))
    np.testing.assert_allclose(found["bce"], bce, rtol=1e-5)
    assert (np.asarray(found["negative_elbo"]) > kl).all()


@pytest.mark.parametrize(
    ("config", "change", "message"),
    [
        (autoencoder, lambda c: c.task.update({"layer_steps": 3}), r"train\.steps=4: wanted more"),
        (autoencoder, lambda c: c.task.update({"masked": 1.5}), r"task\.masked=1\.5: wanted in"),
        (
            autoencoder,
            lambda c: c.task.update({"loss": "squared"}),
            r"task\.loss='squared'.*'squared_error'",
        ),
        (
            autoencoder,
            lambda c: c.task.update({"sparsity": 1.0, "rho": 0.0}),
            r"rho must lie",
        ),
        (
            autoencoder,
            lambda c: setattr(c, "model", {"name": "convolutional_autoencoder"}),
            r"task\.layer_steps=1: ConvolutionalAutoencoder has no pairs",
        ),
        (
            autoencoder,
            lambda c: setattr(c, "model", {"name": "vae"}),
            r"task\.name=autoencoding: VAE is no autoencoder",
        ),
        (
            vae,
            lambda c: setattr(c, "model", {"name": "dense_autoencoder"}),
            r"task\.name=variational: DenseAutoencoder draws no codes",
        ),
        (vae, lambda c: c.task.update({"beta": -1.0}), r"task\.beta=-1\.0: wanted at least 0"),
        (
            vae,
            lambda c: [c.model.update({"image_shape": (32, 32, 1)}), c.data.update({"size": 32})],
            r"validation\.digits: image is image of \(28, 28, 1\), ours .* of \(32, 32, 1\)",
        ),
    ],
)
def test_a_config_that_does_not_fit_names_its_key(config, change, message, tmp_path):
    config = config.get_config("tiny")
    with config.unlocked():
        change(config)
    with pytest.raises(ValueError, match=message):
        fit(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
