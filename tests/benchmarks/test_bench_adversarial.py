"""The rows of `train.bench --adversarial` take the same step on every side."""

import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import adversarial, against_torch
from imaging_jax.losses import non_saturating_generator_loss
from train.tasks.adversarial import DISCRIMINATOR, GENERATOR, NETWORKS

# Minutes together, most of them compiling.
pytestmark = pytest.mark.slow

TASKS = {
    "dcgan": lambda: adversarial.dcgan_task(16, 4),
    "stylegan2": lambda: adversarial.stylegan2_task(16, 128, 8, 12),
}
FULL = {
    "dcgan": (lambda: adversarial.dcgan_task(64, 64), 3_576_704, 2_765_568),
    "stylegan2": (lambda: adversarial.stylegan2_task(64, 2048, 128, 128), 1_094_520, 1_183_137),
}


@pytest.fixture
def side():
    pytest.importorskip("torch", reason="PyTorch isn't installed: nothing to compare with")
    from benchmarks import torch_adversarial

    return torch_adversarial


def started(task):
    (stage,) = task.stages
    return stage.init(jax.random.key(0), {"image": jnp.zeros((8, *task.image_shape))}, None)


def both_sides(side, task):
    params = started(task).params
    theirs = {name: side.counterpart(task, name) for name in NETWORKS}
    for name, network in theirs.items():
        side.copy_weights(params[name], network)
    return params, theirs


def judged(task, params, collections, image):
    """Our logits by the statistics of the batch."""
    variables = {"params": params, **collections.get(DISCRIMINATOR, {})}
    network = task.networks[DISCRIMINATOR]
    return network.apply(variables, image, train=True, mutable=["batch_stats"])[0]


def drawn(task, params, collections, z):
    """Our images by the statistics of the batch, without noise as its strengths are 0."""
    variables = {"params": params, **collections.get(GENERATOR, {})}
    return task.generator.apply(variables, z, train=True, mutable=["batch_stats"])[0]


def gradient_norms(ours, theirs):
    """Both norms of the gradients, but of the noise, which is random."""
    leaves = [
        leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(ours)
        if path[-1].key != "noise_strength"
    ]
    grads = [p.grad for name, p in theirs.named_parameters() if not name.endswith("noise_strength")]
    return (
        float(np.sqrt(sum(np.sum(np.square(leaf)) for leaf in leaves))),
        float(np.sqrt(sum(float(grad.square().sum()) for grad in grads))),
    )


@pytest.mark.parametrize("name", TASKS)
def test_torch_draws_our_images_judges_them_alike_and_learns_alike(side, name):
    import torch

    task = TASKS[name]()
    state = started(task)
    params, theirs = both_sides(side, task)
    z = np.random.default_rng(0).standard_normal((8, task.latent)).astype(np.float32)

    images = jax.jit(lambda params: drawn(task, params, state.collections, z))(params[GENERATOR])
    their_images = theirs[GENERATOR](torch.from_numpy(z))
    np.testing.assert_allclose(their_images.detach().permute(0, 2, 3, 1).numpy(), images, atol=1e-4)

    def loss(params):
        images = drawn(task, params[GENERATOR], state.collections, z)
        logits = judged(task, params[DISCRIMINATOR], state.collections, images)
        return non_saturating_generator_loss(logits), logits

    (_, logits), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
    their_logits = theirs[DISCRIMINATOR](their_images)
    np.testing.assert_allclose(their_logits.detach().numpy(), logits, atol=1e-4)
    torch.nn.functional.softplus(-their_logits).mean().backward()
    for network in NETWORKS:
        ours, other = gradient_norms(grads[network], theirs[network])
        assert ours > 0
        assert other == pytest.approx(ours, rel=1e-3)


@pytest.mark.parametrize("name", FULL)
def test_both_sides_have_the_published_parameters(side, name):
    make, *published = FULL[name]
    task = make()
    shapes = jax.eval_shape(lambda: started(task).params)
    for network, parameters in zip(NETWORKS, published, strict=True):
        ours = sum(leaf.size for leaf in jax.tree.leaves(shapes[network]))
        theirs = sum(p.numel() for p in side.counterpart(task, network).parameters())
        assert ours == theirs == parameters


def test_other_parameters_are_not_copied(side):
    task = TASKS["dcgan"]()
    params = started(task).params
    with pytest.raises(ValueError, match="DCGANGenerator in PyTorch"):
        side.copy_weights(params[DISCRIMINATOR], side.counterpart(task, GENERATOR))


@pytest.mark.parametrize("name", TASKS)
def test_a_step_of_torch_moves_both_networks_and_the_average(side, name):
    task = TASKS[name]()
    params = started(task).params
    image = np.random.default_rng(0).random((8, *task.image_shape), np.float32)
    step = side.TorchStep(task, params, adversarial.STYLEGAN2_ADAM, {"image": image})
    before = {n: [p.detach().clone() for p in step.networks[n].parameters()] for n in NETWORKS}
    step()
    after = {n: list(step.networks[n].parameters()) for n in NETWORKS}
    for network in NETWORKS:
        pairs = zip(before[network], after[network], strict=True)
        assert all(bool((p != q).any()) for p, q in pairs)
    assert len(step.averages) == (len(after[GENERATOR]) if task.ema_decay else 0)
    decay = task.ema_decay
    for average, p, q in zip(step.averages, before[GENERATOR], after[GENERATOR], strict=False):
        wanted = decay * p + (1 - decay) * q.detach()
        np.testing.assert_allclose(average, wanted, rtol=1e-4, atol=1e-6)


def test_our_step_updates_both_networks_without_penalties():
    for make in TASKS.values():
        (stage,) = make().stages
        assert {stage.choose(step) for step in range(32)} == {"discriminator + generator"}


def report_of(case):
    report = against_torch.benchmark_against_torch([case], rounds=2, seconds=0.0)
    assert report["load"]["others"] >= 0
    # Whatever else this machine does meanwhile.
    report["load"].update({"cores": 2, "others": 0.0})
    return report, "\n".join(against_torch.against_torch_lines(report))


def test_the_report_has_a_line_for_everybody_and_compares_with_the_fastest(side):
    import torch

    before = torch.get_num_threads()
    report, text = report_of(adversarial.stylegan2_case(8, 32, 4, 4, 4))
    timed = report["rows"]["StyleGAN2-8, batch 4"]
    assert timed["ours"]["over_ours"]["median"] == 1.0
    theirs = {n: t["over_ours"]["median"] for n, t in timed.items() if n != "ours"}
    assert set(theirs) == {f"PyTorch x{count}" for count in {1, before}}
    for name, ratio in theirs.items():
        assert f"{name:14s}" in text
        assert f"{ratio:.2f}" in text
    assert f"takes {min(theirs.values()):.2f} of our time" in text
    assert "load before" in text
    assert f"PyTorch {report['torch']['version']} on cpu" in text
    assert torch.get_num_threads() == before
    report["load"]["others"] = 1.0
    shown = "\n".join(against_torch.against_torch_lines(report))
    assert "of our time" not in shown
    assert "no ratio: other programs used the cores" in shown


def test_without_torch_ours_is_timed_and_the_rest_named(monkeypatch):
    monkeypatch.setattr(adversarial, "torch_adversarial", None)
    monkeypatch.setattr(against_torch, "torch_training", None)
    report, text = report_of(adversarial.dcgan_case(8, 2, 4))
    assert list(report["rows"]["DCGAN-8, batch 4"]) == ["ours"]
    assert "PyTorch isn't installed here: only our steps were timed" in text


@pytest.mark.parametrize("other", ["--solvers", "--config=configs/generative/gan.py:tiny"])
def test_the_flag_excludes_the_others(other):
    done = subprocess.run(
        [sys.executable, "-m", "train.bench", "--adversarial", other],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--adversarial: each measures something else; give one of them" in done.stderr
