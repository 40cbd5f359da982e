"""Segment Anything: the paper's counts, a second writing with loops, and what prompts do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.models.segmentation import SAM, padding_colour, resize_masks
from tests.models import sam_numpy as second
from tests.models.super_resolution_helpers import jit
from tests.models.variables_by_numpy import drawn_like

# Windows of two on a grid of three by four: some are filled with zeros.
SMALL = SAM(
    image_shape=(12, 16, 3),
    patch_size=4,
    width=8,
    depth=2,
    heads=2,
    mlp_ratio=2,
    window=2,
    global_layers=(1,),
    features=16,
    decoder_heads=2,
    decoder_hidden=10,
)
POINT = (np.array([[[5.0, 3.0], [0.0, 0.0]]], np.float32), np.array([[1, -1]]))
BOX = (np.array([[[2.0, 1.0], [9.5, 7.0]]], np.float32), np.array([[2, 3]]))


def shapes(module):
    image = jax.ShapeDtypeStruct((1, *module.image_shape), jnp.float32)
    points = jax.ShapeDtypeStruct((1, 2, 2), jnp.float32)
    labels = jax.ShapeDtypeStruct((1, 2), jnp.int32)
    return jax.eval_shape(module.init, jax.random.key(0), image, points, labels)


@pytest.fixture(scope="module")
def variables():
    return drawn_like(shapes(SMALL), np.random.default_rng(0), -1.0, 1.0)


@pytest.fixture(scope="module")
def embedding():
    shape = (1, *SMALL.embedding_shape)
    return jnp.asarray(np.random.default_rng(1).standard_normal(shape), jnp.float32)


def decode(variables, *given, **told):
    return jit(lambda v, given: SMALL.apply(v, *given, **told, method="decode"))(variables, given)


@pytest.mark.parametrize(
    ("fields", "encoder", "whole"),
    [
        # The authors' checkpoints; L's whole is its parts' sum.
        ({}, 89_670_912, 93_735_472),
        (
            {"width": 1024, "depth": 24, "heads": 16, "global_layers": (5, 11, 17, 23)},
            308_278_272,
            308_278_272 + 6_220 + 4_058_340,
        ),
        (
            {"width": 1280, "depth": 32, "heads": 16, "global_layers": (7, 15, 23, 31)},
            637_026_048,
            641_090_608,
        ),
    ],
)
def test_has_the_papers_number_of_parameters(fields, encoder, whole):
    found = shapes(SAM(**fields))
    counts = {
        name: sum(leaf.size for leaf in jax.tree.leaves(part))
        for name, part in found["params"].items()
    }
    assert counts == {"encoder": encoder, "prompts": 6_220, "decoder": 4_058_340}
    assert sum(counts.values()) == whole
    # The code's frequencies, which aren't trained.
    assert jax.tree.leaves(found["constants"])[0].shape == (2, 128)


def test_the_papers_sizes():
    # A 64x64 embedding of 256 channels, masks of a quarter of the image's sides.
    assert SAM().embedding_shape == (64, 64, 256)
    assert SAM().mask_shape == (256, 256)


def test_the_encoder_is_that_of_the_second_writing(variables):
    images = np.random.default_rng(2).random((2, 12, 16, 3))
    found = jit(lambda v, x: SMALL.apply(v, x, method="encode"))(
        variables, jnp.asarray(images, jnp.float32)
    )
    assert found.shape == (2, *SMALL.embedding_shape)
    for one, image in zip(found, images, strict=True):
        wanted = second.encode(variables["params"]["encoder"], image, 4, 2, 2, (1,))
        np.testing.assert_allclose(one, wanted, atol=1e-5 * np.abs(wanted).max())


def second_decode(variables, embedding, points, labels, mask=None):
    params = variables["params"]
    frequencies = variables["constants"]["prompts"]["frequencies"]
    prompts = second.prompt_entries(params["prompts"], frequencies, points, labels, (12, 16))
    height, width, _ = embedding.shape
    codes = np.array(
        [
            [second.code(frequencies, (x + 0.5) / width, (y + 0.5) / height) for x in range(width)]
            for y in range(height)
        ]
    )
    if mask is None:
        dense = second.array(params["prompts"]["no_mask"])
    else:
        dense = second.mask_map(params["prompts"], mask)
    image = np.asarray(embedding, np.float64) + dense
    return second.decode(params["decoder"], image, codes, prompts, 2)


@pytest.mark.parametrize("prompt", [POINT, BOX], ids=["point", "box"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_decoder_is_that_of_the_second_writing(prompt, masked, variables, embedding):
    mask = np.random.default_rng(3).standard_normal((1, *SMALL.mask_shape)) if masked else None
    given = () if mask is None else (jnp.asarray(mask, jnp.float32),)
    wanted = second_decode(
        variables, embedding[0], *(x[0] for x in prompt), None if mask is None else mask[0]
    )
    three = decode(variables, embedding, *prompt, *given)
    one = decode(variables, embedding, *prompt, *given, multimask=False)
    assert three[0].shape == (1, 3, 12, 16)
    for found, kept in ((three, slice(1, 4)), (one, slice(1))):
        for ours, theirs in zip(found, wanted, strict=True):
            scale = np.abs(theirs).max()
            np.testing.assert_allclose(ours[0], theirs[kept], atol=2e-5 * scale)


def test_padding_changes_nothing_and_points_have_no_order(variables, embedding):
    points = np.array([[[5.0, 3.0], [9.0, 8.0], [1.0, 2.0]]], np.float32)
    labels = np.array([[1, 0, 1]])
    plain = decode(variables, embedding, points, labels)
    turned = decode(variables, embedding, points[:, ::-1], labels[:, ::-1])
    filled = np.concatenate([points[:, :1], np.full((1, 4, 2), 7.7), points[:, 1:]], axis=1)
    kinds = np.concatenate([labels[:, :1], np.full((1, 4), -1), labels[:, 1:]], axis=1)
    padded = decode(variables, embedding, filled.astype(np.float32), kinds)
    for own, *others in zip(plain, turned, padded, strict=True):
        for other in others:
            np.testing.assert_allclose(other, own, atol=1e-6 * np.abs(own).max())


@pytest.mark.parametrize(
    ("points", "labels"),
    [
        # Another place, another kind, a box of these corners, and nothing at all.
        ([[6.0, 3.0], [0.0, 0.0]], [1, -1]),
        ([[5.0, 3.0], [0.0, 0.0]], [0, -1]),
        ([[5.0, 3.0], [8.0, 9.0]], [2, 3]),
        ([[5.0, 3.0], [0.0, 0.0]], [-1, -1]),
    ],
)
def test_prompts_matter(points, labels, variables, embedding):
    plain, _ = decode(variables, embedding, *POINT)
    given = (np.array([points], np.float32), np.array([labels]))
    assert np.abs(decode(variables, embedding, *given)[0] - plain).max() > 1e-3


def test_prompts_of_an_image_share_its_embedding(variables, embedding):
    both = jnp.concatenate([embedding, -embedding])
    points = np.random.default_rng(4).uniform(0, 12, (2, 3, 2, 2)).astype(np.float32)
    labels = np.array([[[1, -1], [2, 3], [1, 0]]] * 2)
    logits, quality = decode(variables, both, points, labels)
    assert (logits.shape, quality.shape) == ((2, 3, 3, 12, 16), (2, 3, 3))
    for image, prompt in np.ndindex(2, 3):
        given = (x[image : image + 1, prompt] for x in (points, labels))
        alone = decode(variables, both[image : image + 1], *given)
        for found, own in ((logits, alone[0]), (quality, alone[1])):
            np.testing.assert_allclose(found[image, prompt], own[0], atol=1e-5)


def test_a_call_encodes_and_decodes(variables):
    image = jnp.asarray(np.random.default_rng(5).random((1, 12, 16, 3)), jnp.float32)
    called = jit(SMALL.apply)(variables, image, *POINT)
    encoded = jit(lambda v, x: SMALL.apply(v, x, method="encode"))(variables, image)
    for found, wanted in zip(called, decode(variables, encoded, *POINT), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_every_parameter_is_trained():
    # Without the mask of an earlier answer, the layers that read it, and the mask that stands for
    # prompts which say enough, have no gradient; so both calls are made.
    variables = jit(SMALL.init)(jax.random.key(0), jnp.zeros((1, 12, 16, 3)), *BOX)
    image = jnp.asarray(np.random.default_rng(6).random((2, 12, 16, 3)), jnp.float32)
    points = np.concatenate([POINT[0], BOX[0]])
    labels = np.array([[1, 0], [2, 3]])
    wanted = np.random.default_rng(7).random((2, 1, 12, 16)) > 0.5

    def loss(params):
        own = {"params": params, "constants": variables["constants"]}
        embedding = SMALL.apply(own, image, method="encode")
        first, quality = SMALL.apply(own, embedding, points, labels, method="decode")
        given = (embedding, points, labels, first[:, 0], False)
        last, sure = SMALL.apply(own, *given, method="decode")
        errors = [jnp.mean(jax.nn.softplus(z) - wanted * z) for z in (first, last)]
        return sum(errors) + jnp.mean(quality**2) + jnp.mean(sure**2)

    gradient, params = jit(jax.value_and_grad(loss)), variables["params"]
    losses, largest = [], jax.tree.map(lambda _: 0.0, params)
    for _ in range(3):
        value, grads = gradient(params)
        losses.append(float(value))
        largest = jax.tree.map(lambda m, g: max(m, float(jnp.abs(g).max())), largest, grads)
        params = jax.tree.map(lambda p, g: p - 3e-3 * jnp.sign(g), params, grads)
    assert losses[-1] < losses[0]
    still = {
        jax.tree_util.keystr(path, simple=True, separator="/")
        for path, size in jax.tree_util.tree_leaves_with_path(largest)
        if size == 0
    }
    # A key's bias moves all logits of a query alike, up to rounding; in the encoder it is a third
    # of one leaf.
    assert {name for name in still if not name.endswith("key/bias")} == set()


def test_low_precision_keeps_float32_at_its_ends(variables, embedding):
    module = SMALL.clone(dtype=jnp.bfloat16)
    found = jit(lambda v, e: module.apply(v, e, *POINT, method="decode"))(variables, embedding)
    wanted = decode(variables, embedding, *POINT)
    for ours, plain in zip(found, wanted, strict=True):
        assert ours.dtype == jnp.float32
        assert np.abs(ours - plain).max() < 0.2 * np.abs(plain).max()


def test_masks_are_enlarged_bilinearly():
    masks = jnp.asarray([[[0.0, 4.0]]])
    np.testing.assert_allclose(resize_masks(masks, (1, 4))[0, 0], [0, 1, 3, 4], atol=1e-6)
    assert resize_masks(masks, (1, 2)) is masks


def test_what_fills_an_image_up_is_zero_to_the_network():
    assert padding_colour(3) == second.MEAN
    assert padding_colour(1) == pytest.approx((np.mean(second.MEAN),))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"patch_size": 5}, r"SAM: patch_size must divide .*got 5 and image_shape \(12, 16, 3\)"),
        ({"heads": 3}, r"heads must divide the width, got 3 heads at width 8"),
        ({"features": 12}, r"SAM: features must be a multiple of 8, got 12"),
        ({"decoder_heads": 3}, r"decoder_heads: heads must divide .*got 3 heads at width 8"),
        ({"global_layers": (2,)}, r"global_layers must be blocks from 0 to 1, got \(2,\)"),
        ({"window": 0}, r"SAM: window must be at least 1, got 0"),
    ],
)
def test_refuses_fields_that_do_not_fit(fields, message):
    with pytest.raises(ValueError, match=message):
        shapes(SMALL.clone(**fields))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding": (1, 4, 3, 16)}, r"embedding must have shape \(N, \*\(3, 4, 16\)\)"),
        ({"points": (1, 2, 3)}, r"points must have shape \(1, \.\.\., P, 2\), got \(1, 2, 3\)"),
        ({"points": (2, 2, 2)}, r"points must have shape \(1, \.\.\., P, 2\), got \(2, 2, 2\)"),
        ({"labels": (1, 3)}, r"labels must be integers of shape \(1, 2\), got int32 of shape"),
        ({"mask": (1, 6, 8)}, r"mask must have shape \(1, 12, 16\), got \(1, 6, 8\)"),
    ],
)
def test_refuses_prompts_that_do_not_fit(change, message, variables):
    given = {"embedding": (1, 3, 4, 16), "points": (1, 2, 2), "labels": (1, 2), **change}
    types = {"labels": jnp.int32}
    given = {
        name: jax.ShapeDtypeStruct(shape, types.get(name, jnp.float32))
        for name, shape in given.items()
    }
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda v, g: SMALL.apply(v, **g, method="decode"), variables, given)


def test_refuses_images_of_another_size(variables):
    image = jax.ShapeDtypeStruct((1, 16, 16, 3), jnp.float32)
    with pytest.raises(ValueError, match=r"SAM: x must have shape \(N, 12, 16, 3\)"):
        jax.eval_shape(lambda v, x: SMALL.apply(v, x, method="encode"), variables, image)
