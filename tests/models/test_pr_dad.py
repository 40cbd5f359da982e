import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.models.phase_retrieval import PRDADDecoder, PRDADEncoder, PRDADPredictor
from imaging_jax.models.phase_retrieval.pr_dad import _doubled


def parameters(network, *shape):
    variables = jax.eval_shape(network.init, jax.random.key(0), jnp.zeros(shape))
    return sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))


# The fact sheet's table, taken of the authors' code.
@pytest.mark.parametrize(
    ("grid", "feature_shape", "count"),
    [
        ((48, 48), (8, 8, 16), 19_418_832),
        ((40, 40), (8, 8, 16), 10_591_632),
        ((32, 32), (8, 8, 16), 5_275_472),
        ((40, 40), (2, 2, 256), 28_487_232),
        ((48, 48), (8, 8, 64), 35_230_656),
        ((40, 40), (8, 8, 64), 21_979_776),
        ((64, 64), (4, 4, 256), 97_241_856),
        ((80, 80), (4, 4, 256), 179_384_960),
    ],
)
def test_predictors_have_the_authors_parameters(grid, feature_shape, count):
    network = PRDADPredictor(grid, feature_shape)
    assert parameters(network, 2, grid[0], grid[1] // 2 + 1, 1) == count


@pytest.mark.parametrize(
    ("features", "depth", "count"), [(64, 3, 120_537), (128, 3, 479_537), (256, 5, 1_967_769)]
)
def test_auto_encoders_have_the_authors_parameters(features, depth, count):
    small = 32 // 2 ** (depth - 1)
    encoder, decoder = PRDADEncoder(features, depth), PRDADDecoder(features, depth)
    found = parameters(encoder, 2, 32, 32, 1) + parameters(decoder, 2, small, small, features)
    assert found == count


def test_shapes_and_running_statistics():
    network = PRDADPredictor((6, 7), (4, 4, 4))
    x = jax.random.uniform(jax.random.key(1), (3, 6, 4, 1))
    variables = network.init(jax.random.key(0), x)
    assert network.apply(variables, x).shape == (3, 4, 4, 4)
    found, updated = network.apply(variables, x, train=True, mutable=["batch_stats"])
    assert found.shape == (3, 4, 4, 4)
    before, after = (jax.tree.leaves(tree["batch_stats"]) for tree in (variables, updated))
    assert all((a != b).any() for a, b in zip(before, after, strict=True))
    encoder, decoder = PRDADEncoder(8, 2), PRDADDecoder(8, 2)
    image = jax.random.normal(jax.random.key(1), (2, 10, 12, 1))
    maps, _ = encoder.init_with_output(jax.random.key(0), image)
    assert maps.shape == (2, 5, 6, 8)
    decoded, _ = decoder.init_with_output(jax.random.key(0), maps)
    assert decoded.shape == image.shape


def test_enlargement_keeps_corners_and_planes():
    rows, columns = np.mgrid[:3, :5]
    plane = (2.0 * rows + 3.0 * columns)[None, ..., None]
    found = np.asarray(_doubled(jnp.asarray(plane)))[0, ..., 0]
    wanted = np.add.outer(2 * np.linspace(0, 2, 6), 3 * np.linspace(0, 4, 10))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_bad_input():
    x = jnp.zeros((1, 6, 4, 1))
    with pytest.raises(ValueError, match="magnitude"):
        PRDADPredictor((8, 8), (4, 4, 4)).init(jax.random.key(0), x)
    with pytest.raises(ValueError, match="feature_shape"):
        PRDADPredictor((6, 6), (4, 0, 4)).init(jax.random.key(0), x)
    for network in (PRDADEncoder(12, 3), PRDADDecoder(12, 3)):
        with pytest.raises(ValueError, match=r"features must be a multiple of .* = 8, got 12"):
            network.init(jax.random.key(0), jnp.zeros((1, 8, 8, 12)))
