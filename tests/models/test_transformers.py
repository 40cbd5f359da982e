"""Vision transformers: counts, windows, and a second writing of blocks and networks."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import linen as nn

from imaging_jax.models.classification import Swin, ViT, resize_positions
from imaging_jax.models.classification.swin import merge_patches
from imaging_jax.models.classification.vit import ViTBlock
from imaging_jax.models.layers import MultiHeadSelfAttention, SwinBlock
from imaging_jax.models.layers._swin_block import drop_path
from imaging_jax.models.layers._windows import (
    merge_windows,
    partition_windows,
    relative_position_index,
    shifted_window_mask,
)
from tests.models import transformers_numpy as second
from tests.models.super_resolution_helpers import jit
from tests.models.transformer_helpers import applied, count, descend, drawn, shapes, types_of

SMALL = {
    "vit": ViT(patch_size=4, width=8, depth=2, heads=2, classes=3, image_shape=(8, 16, 2)),
    # A first stage of two by four windows, a second that is no larger than one.
    "swin": Swin(
        patch_size=2,
        width=4,
        depths=(2, 2),
        heads=(1, 2),
        window=2,
        mlp_ratio=2,
        classes=3,
        image_shape=(8, 16, 2),
    ),
}
SECOND = {
    "vit": functools.partial(second.vit, patch=4, heads=2),
    "swin": functools.partial(second.swin, patch=2, heads=(1, 2), window=2),
}


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (ViT(width=192, heads=3), 5_717_416),
        (ViT(width=384, heads=6), 22_050_664),
        (ViT(), 86_567_656),
        (ViT(patch_size=32), 88_224_232),
        (ViT(width=1024, depth=24, heads=16), 304_326_632),
        (ViT(patch_size=14, width=1280, depth=32, heads=16), 632_045_800),
        (Swin(), 28_288_354),
        (Swin(depths=(2, 2, 18, 2)), 49_606_258),
        (Swin(width=128, depths=(2, 2, 18, 2), heads=(4, 8, 16, 32)), 87_768_224),
        (Swin(classes=10), 27_527_044),
    ],
    ids=repr,
)
def test_has_the_papers_number_of_parameters(module, parameters):
    assert count(module, (1, 224, 224, 3)) == parameters


def test_counts_of_attention_and_of_the_small_network():
    assert count(MultiHeadSelfAttention(8), (1, 4, 512)) == 4 * 512**2 + 4 * 512 == 1_050_624
    small = ViT(4, 64, 4, 4, mlp_ratio=2, classes=10, image_shape=(28, 28, 1))
    assert count(small, (1, 28, 28, 1)) == 139_018


def test_windows_are_cut_row_by_row_and_joined_again():
    x = np.arange(2 * 4 * 6).reshape(2, 4, 6, 1)
    windows = partition_windows(x, 2)
    assert windows.shape == (2, 6, 4, 1)
    np.testing.assert_array_equal(windows[0, 4, :, 0], x[0, 2:, 2:4, 0].ravel())
    np.testing.assert_array_equal(merge_windows(windows, 4, 6), x)


def test_index_of_relative_positions():
    # The rows of a window of 3, first and centre, as the authors' code has them.
    index = relative_position_index(3)
    assert index[0].tolist() == [12, 11, 10, 7, 6, 5, 2, 1, 0]
    assert index[4].tolist() == [18, 17, 16, 13, 12, 11, 8, 7, 6]


def test_mask_of_shifted_windows():
    # 8x8 pixels, windows of 4 shifted by 2: the last window has four regions, its neighbours two.
    mask = np.asarray(shifted_window_mask(8, 8, 4, 2))
    assert np.sum(~mask, axis=(1, 2)).tolist() == [0, 128, 128, 192]
    assert np.all(mask == mask.swapaxes(1, 2))


def test_patches_are_merged_column_by_column():
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    # Pixels (0, 0), (1, 0), (0, 1), (1, 1) of a block, in rows and columns.
    assert merge_patches(x)[0, 0, 0].tolist() == [0, 4, 1, 5]
    assert merge_patches(x)[0, 1, 0].tolist() == [8, 12, 9, 13]


def test_attention_is_that_of_the_second_writing():
    layer, x = MultiHeadSelfAttention(2), random(3, 2, 5, 4)
    bias, mask = random(2, 2, 5, 5, seed=1), random(2, 1, 5, 5, seed=3) > -0.5
    mask |= np.eye(5, dtype=bool)
    params = drawn(layer, x)
    found, plain = applied(layer, params, x, bias, mask), applied(layer, params, x)
    for image, entry in np.ndindex(3, 2):
        keys = [np.flatnonzero(row) for row in mask[entry, 0]]
        added = lambda h, i, j, own=bias[entry]: own[h, i, j]  # noqa: E731
        wanted = second.attention(params, x[image, entry], 2, keys, added)
        np.testing.assert_allclose(found[image, entry], wanted, atol=1e-5)
        wanted = second.attention(params, x[image, entry], 2)
        np.testing.assert_allclose(plain[image, entry], wanted, atol=1e-5)


def test_vit_block_is_that_of_the_second_writing():
    block, x = ViTBlock(2, 3), random(1, 5, 6)
    params = drawn(block, x)
    wanted = second.vit_block(params, x[0], 2)
    np.testing.assert_allclose(applied(block, params, x)[0], wanted, atol=1e-5)


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_swin_block_is_that_of_the_second_writing(shift):
    block, x = SwinBlock(2, 3, shift, 2), random(2, 6, 9, 4)
    params = drawn(block, x)
    found = applied(block, params, x)
    for image in range(2):
        wanted = second.swin_block(params, x[image], 2, 3, shift)
        np.testing.assert_allclose(found[image], wanted, atol=1e-5)


@pytest.mark.parametrize("name", SMALL)
def test_networks_are_those_of_the_second_writing(name):
    module, images = SMALL[name], random(2, 8, 16, 2)
    params = drawn(module, images)
    found = applied(module, params, images)
    assert found.dtype == jnp.float32
    for image, logits in zip(images, found, strict=True):
        np.testing.assert_allclose(logits, SECOND[name](params, image), atol=1e-5)


def test_vit_starts_without_an_opinion():
    key = jax.random.key(0, impl="unsafe_rbg")
    assert not np.any(jit(SMALL["vit"].init_with_output)(key, random(2, 8, 16, 2))[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_bfloat16_keeps_softmax_and_norms_in_float32(name):
    module, images = SMALL[name].clone(dtype=jnp.bfloat16), random(2, 8, 16, 2)
    params = drawn(module, images)
    apply = lambda params, images: module.apply({"params": params}, images)  # noqa: E731
    assert types_of("exp", apply, params, images) == {"f32"}
    assert types_of("rsqrt", apply, params, images) == {"f32"}
    found, wanted = (applied(m, params, images) for m in (module, SMALL[name]))
    assert found.dtype == jnp.float32
    # Eight bits a number, through a dozen layers.
    np.testing.assert_allclose(found, wanted, atol=0.05 * np.std(wanted) + 0.05)


def test_large_logits_are_no_nan_in_bfloat16():
    x = 300 * random(1, 6, 8)
    layer = MultiHeadSelfAttention(2, dtype=jnp.bfloat16)
    params = drawn(layer, x)

    @jit
    @jax.value_and_grad
    def summed(params):
        return jnp.sum(layer.apply({"params": params}, x).astype(jnp.float32))

    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(summed(params)))


@pytest.mark.parametrize("precision", ["highest", jax.lax.Precision.HIGHEST])
def test_precision_is_that_of_every_product(precision):
    layer, x = MultiHeadSelfAttention(2, precision=precision), random(1, 5, 4)
    text = str(jax.make_jaxpr(layer.apply)({"params": drawn(layer, x)}, x))
    assert "precision=None" not in text
    assert text.count("Precision.HIGHEST") == 2 * 4


class Branch(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        return drop_path(x, 0.25, train)


def test_stochastic_depth_leaves_out_whole_branches_in_training():
    x = np.ones((400, 3, 2), np.float32)
    np.testing.assert_array_equal(Branch().apply({}, x, False), x)
    found = np.asarray(Branch().apply({}, x, True, rngs={"dropout": jax.random.key(0)}))
    assert np.all(found == found[:, :1, :1])
    kept = found[:, 0, 0] > 0
    np.testing.assert_allclose(found[kept], 4 / 3, rtol=1e-6)
    # Of 400 draws, five standard deviations.
    assert abs(kept.mean() - 0.75) < 0.11


def test_depth_of_swin_is_stochastic_only_in_training():
    module, images = SMALL["swin"].clone(drop_path=0.5), random(8, 8, 16, 2)
    params = drawn(module, images)
    plain = applied(module, params, images)
    np.testing.assert_array_equal(plain, applied(SMALL["swin"], params, images))
    trained = applied(module, params, images, train=True, rngs={"dropout": jax.random.key(0)})
    assert not np.allclose(trained, plain)


def keys_kernel(x):
    """Keys' cubic convolution, a = -1/2."""
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def cubic(old, new):
    """A matrix that interpolates: row i has its pixel's weights, which add up to 1."""
    places = [(i + 0.5) * old / new - 0.5 for i in range(new)]
    weights = np.array([[keys_kernel(place - j) for j in range(old)] for place in places])
    return weights / weights.sum(axis=1, keepdims=True)


def test_positions_of_another_grid():
    positions = random(1 + 4 * 5, 3)
    np.testing.assert_allclose(resize_positions(positions, (4, 5), (4, 5)), positions, atol=1e-6)
    found = resize_positions(positions, (4, 5), (6, 3))
    np.testing.assert_array_equal(found[0], positions[0])
    grid = positions[1:].reshape(4, 5, 3)
    wanted = np.einsum("ri,cj,ijd->rcd", cubic(4, 6), cubic(5, 3), grid)
    np.testing.assert_allclose(found[1:], wanted.reshape(-1, 3), atol=1e-5)
    with pytest.raises(ValueError, match=r"grid \(4, 4\) are \(1 \+ 16, d\), got \(21, 3\)"):
        resize_positions(positions, (4, 4), (6, 3))


def test_positions_carry_a_network_to_larger_images():
    module, images = SMALL["vit"], random(1, 16, 16, 2)
    params = dict(drawn(module, images[:, :8]))
    params["positions"] = resize_positions(params["positions"], (2, 4), (4, 4))
    larger = module.clone(image_shape=(16, 16, 2))
    assert applied(larger, params, images).shape == (1, 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_descent_lowers_the_loss_and_every_parameter_has_a_gradient(name):
    module, images = SMALL[name], random(6, 8, 16, 2)
    labels = np.arange(6) % 3

    def loss(params):
        logits = module.apply({"params": params}, images, train=True)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    losses, largest = descend(loss, drawn(module, images), rate=0.01, steps=15)
    assert losses[-1] < 0.5 * losses[0]
    assert all(size > 0 for size in jax.tree.leaves(largest))


def test_swin_works_on_small_images():
    module = Swin(2, 8, (2, 2, 2, 2), (1, 2, 4, 8), 4, classes=10, image_shape=(32, 32, 3))
    images = jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32)
    output, variables = jax.eval_shape(module.init_with_output, jax.random.key(0), images)
    assert output.shape == (1, 10)
    # At the last stage, 2x2 pixels, the window is the image.
    tables = [variables["params"][f"stage{s}_block1"]["relative_position_bias"] for s in (1, 3, 4)]
    assert [len(table) for table in tables] == [49, 49, 9]


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (ViT(), (1, 224, 225, 3), r"ViT: x must have shape \(N, 224, 224, 3\), got"),
        (ViT(patch_size=15), (1, 224, 224, 3), r"ViT: patch_size must divide .* got 15"),
        (ViT(heads=5), (1, 224, 224, 3), "ViT: heads must divide the width, got 5 .* 768"),
        (ViT(heads=0), (1, 224, 224, 3), "ViT: heads must divide the width, got 0 .* 768"),
        (Swin(), (1, 32, 32, 3), r"Swin: x must have shape \(N, 224, 224, 3\), got"),
        (Swin(window=6), (1, 224, 224, 3), "Swin: stage 1 has windows of 6 patches of 4"),
        (Swin(heads=(3, 6, 12)), (1, 224, 224, 3), r"Swin: depths and heads .* \(3, 6, 12\)"),
        (Swin(heads=(3, 6, 12, 25)), (1, 224, 224, 3), "Swin: heads .* 25 heads at width 768"),
        (Swin(image_shape=(8, 8, 1)), (1, 8, 8, 1), "Swin: stage 3 has windows of 1 patches of 16"),
        (MultiHeadSelfAttention(3), (1, 5, 4), "MultiHeadSelfAttention: heads .* 3 .* width 4"),
    ],
    ids=repr,
)
def test_bad_input_is_named(module, shape, message):
    with pytest.raises(ValueError, match=message):
        shapes(module, jax.ShapeDtypeStruct(shape, jnp.float32))
