"""Pairs that are made of images: targets are the images, and what is given of them is known."""

import jax
import numpy as np
import pytest

from imaging_jax.synthesis import edge_map
from train.data.data_sets import data_set
from train.data.digit_domains import DigitDomains
from train.data.image_sets import image_set
from train.data.made_pairs import GIVEN, drawn_pair_patches, made_pair_patches
from train.state.devices import data_mesh


@pytest.mark.parametrize("given", GIVEN)
def test_every_kind_gives_images_of_their_targets_size(given):
    data = drawn_pair_patches(3, 16, given)
    batch = jax.jit(data.batch)(jax.random.key(0), ())
    for name, field in data.fields.items():
        assert batch[name].shape == (3, *field.shape)
        assert 0 <= batch[name].min() <= batch[name].max() <= 1
    assert np.abs(batch["image"] - batch["target"]).max() > 0.1


def test_edges_are_those_of_the_target():
    batch = drawn_pair_patches(2, 24, "edges").batch(jax.random.key(3), ())
    wanted = np.repeat(edge_map(batch["target"]), 3, axis=-1)
    np.testing.assert_array_equal(batch["image"], wanted)


def test_patches_of_a_set_are_the_targets():
    data = made_pair_patches("scikit_image", 4, 16, seed=0, given="clouds")
    inputs = next(data.inputs(0, data_mesh()))
    batch = jax.jit(data.batch)(jax.random.key(0), inputs)
    levels = 255 * np.asarray(batch["target"])
    np.testing.assert_allclose(levels, np.round(levels), atol=1e-3)
    # Each is under clouds of its own.
    opacity = np.asarray(batch["image"] - batch["target"]).mean(-1)
    assert np.abs(opacity[0] - opacity[1]).max() > 0.05


def test_sets_are_the_same_whenever_they_are_read():
    found = data_set("made_pairs:radar:scikit_image")
    item, again = found[1], found[1]
    np.testing.assert_array_equal(item["image"], again["image"])
    target = image_set("scikit_image")[1]
    np.testing.assert_array_equal(np.round(255 * item["target"]), target)
    drawn = data_set("drawn_pairs:labels:16")
    assert len(drawn) == 16
    assert set(np.unique(drawn[0]["image"])) <= {0, 1}
    scored = data_set("drawn_pairs_test:labels:16")
    assert np.abs(scored[0]["target"] - drawn[0]["target"]).max() > 0.1


@pytest.mark.slow
def test_digits_of_two_domains_are_drawn_independently():
    batch = DigitDomains(8, 20).batch(jax.random.key(0), ())
    grey = np.asarray(batch["image"])
    np.testing.assert_array_equal(grey[..., :1].repeat(3, -1), grey)
    # Of the colours between yellow and blue, the red tells how much ink there is.
    ink = (1.0 - np.asarray(batch["target"])[..., 0]) / 0.9
    assert all(np.abs(a - b).max() > 0.3 for a, b in zip(grey[..., 0], ink, strict=True))
    pair = data_set("digit_pairs:20")[3]
    np.testing.assert_allclose((1 - pair["target"][..., 0]) / 0.9, pair["image"][..., 0], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("drawn_pairs:fog:16", "drawn_pairs='fog' is unknown"),
        ("drawn_pairs_test:edges", "wanted drawn_pairs:edges:<pixels>"),
        ("drawn_pairs:clouds:big", "wanted drawn_pairs:clouds:<pixels>"),
        ("made_pairs:fog:set5", "made_pairs='fog' is unknown"),
        ("digit_pairs:big", "wanted digit_pairs:<pixels>"),
    ],
)
def test_other_words_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        data_set(name)
