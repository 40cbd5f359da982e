"""The rows of `train.bench --transformers` compute the same on either side."""

import jax
import numpy as np
import pytest

from benchmarks import against_torch, transformers
from imaging_jax.models.classification import ViT
from imaging_jax.models.restoration import Restormer
from imaging_jax.models.super_resolution import SwinIR

# Half a minute, most of it compiling.
pytestmark = pytest.mark.slow

RESTORMER = {"blocks": (1, 1, 2), "heads": (1, 2, 4), "refinement": 1, "mean_free_norm": False}
NETWORKS = {
    "swinir": (
        SwinIR(3, features=12, depths=(2, 2), heads=3, window=4, upsampler="direct"),
        (2, 8, 12, 3),
    ),
    "restormer": (Restormer(1, features=8, **RESTORMER), (2, 8, 12, 1)),
    "vit": (
        ViT(patch_size=4, width=12, depth=2, heads=3, classes=5, image_shape=(8, 8, 3)),
        (2, 8, 8, 3),
    ),
}


@pytest.fixture
def side():
    pytest.importorskip("torch", reason="PyTorch isn't installed: nothing to compare with")
    from benchmarks import torch_transformers

    return torch_transformers


@pytest.mark.parametrize("name", NETWORKS)
def test_both_sides_have_the_same_output(name, side):
    import torch

    network, shape = NETWORKS[name]
    x = np.random.default_rng(0).random(shape, np.float32)
    params = jax.jit(network.init)(jax.random.key(0), x)["params"]
    # Away from their first values: the head of ViT starts at zero.
    params = jax.tree.map(
        lambda p: p + 0.1 * np.sin(np.arange(p.size, dtype=np.float32)).reshape(p.shape), params
    )
    ours = np.asarray(jax.jit(network.apply)({"params": params}, x))
    with torch.inference_mode():
        theirs = side.counterpart(network, params)(side.from_host(x))
    theirs = (theirs.permute(0, 2, 3, 1) if theirs.ndim == 4 else theirs).numpy()
    np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-4)


def test_the_full_rows_have_the_published_parameters():
    # The light SwinIR x3, the small Restormer of the fact sheet, ViT-B/16.
    counts = {"SwinIR": 918_267, "Restormer": 1_004_819, "ViT": 86_567_656}
    for network, shape in transformers.NETWORKS:
        shapes = jax.eval_shape(network.init, jax.random.key(0), np.zeros(shape, np.float32))
        found = sum(leaf.size for leaf in jax.tree.leaves(shapes))
        assert found == counts[type(network).__name__]


@pytest.mark.parametrize("trained", [True, False])
def test_a_row_is_timed_without_torch(trained, monkeypatch):
    monkeypatch.setattr(transformers, "torch_transformers", None)
    monkeypatch.setattr(against_torch, "torch_training", None)
    row = transformers.case(*NETWORKS["vit"], trained)
    report = against_torch.benchmark_against_torch([row], rounds=1, seconds=0.0)
    (programs,) = report["rows"].values()
    assert list(programs) == ["ours"]
