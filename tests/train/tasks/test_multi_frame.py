"""Images made of frames: their brightness, masks in every loss, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.multi_frame import deepsum, highres_net, sentinel2
from train.config.registry import build
from train.data import DATA
from train.engine.restore import build_task
from train.tasks.multi_frame import lit_as_frames


class Dark:
    """A network that makes frames twice as large, and half as bright."""

    channels, registered = 1, False

    @staticmethod
    def apply(variables, frames, clear):
        del variables, clear
        return 0.5 * jnp.repeat(jnp.repeat(frames[:, 0], 2, axis=1), 2, axis=2)


def test_an_image_is_as_bright_as_its_frame_where_that_is_clear():
    # Bright above, dark below; clouds hide the bright half, and are brighter still.
    frames = jnp.full((1, 1, 8, 8, 1), 0.2).at[:, :, :4].set(0.9)
    clear = jnp.ones_like(frames).at[:, :, :4].set(0)
    image = lit_as_frames(Dark, {}, {"frames": frames, "clear": clear})
    # Below, half as bright is 0.1: all of the image is lifted by another 0.1.
    np.testing.assert_allclose(image[0, 10:], 0.2, atol=0.01)
    np.testing.assert_allclose(image[0, :6], 0.55, atol=0.01)


def state_and_batch(config, hidden=0.0):
    task = build_task(config)
    stage = task.stages[0]
    state = stage.init(jax.random.key(0), task.example(config.data), None)
    generator = np.random.default_rng(0)
    side, image_side = config.data.patch_size, config.data.image_size
    channels = config.data.get("channels", 1)
    frames = generator.random((8, 3, side, side, channels)).astype(np.float32)
    image = generator.random((8, image_side, image_side, channels)).astype(np.float32)
    clear, image_clear = np.ones((8, 3, side, side, 1)), np.ones((8, image_side, image_side, 1))
    clear[:, :, :3], image_clear[:, -6:] = 0, 0
    # Frame 0 is the clearest: the others hide a row more.
    clear[:, 1:, 3:4] = 0
    frames[:, 0, :3], image[:, -6:] = hidden, hidden
    batch = {"frames": frames, "clear": clear, "image": image, "image_clear": image_clear}
    return state, {name: jnp.asarray(x, jnp.float32) for name, x in batch.items()}


@pytest.mark.parametrize("name", ["consistency", "brightness", "cpsnr"])
def test_what_is_hidden_weighs_nothing_in_the_radiometric_losses(name):
    config = sentinel2.get_config("tiny")
    config.model.shift_net.dropout = 0.0
    found = []
    for hidden in (0.0, 1.0):
        state, batch = state_and_batch(config, hidden)
        # The network sees clouds; what is compared with its image must not.
        seen = {**batch, "frames": batch["frames"].at[:, 0, :3].set(0.5)}
        task = build_task(config)
        own, _ = task._made(state.params, state.collections, jax.random.key(1), seen)
        monkey = pytest.MonkeyPatch()
        monkey.setattr(task, "_made", lambda p, c, k, b, own=own: (own, c))
        _, (_, metrics) = task._loss(state.params, state.collections, jax.random.key(1), batch)
        monkey.undo()
        found.append(float(metrics[name]))
    if name == "cpsnr":
        # ShiftNet sees the middles of both images, clouds among them; it starts with no shift.
        assert found[0] == pytest.approx(found[1], abs=0.2)
    else:
        assert found[0] == pytest.approx(found[1], rel=1e-5)
        assert found[0] > 0


def test_consistency_is_the_error_of_the_shrunk_image():
    config = sentinel2.get_config("tiny")
    task = build_task(config)
    state, batch = state_and_batch(config)
    batch |= {name: jnp.ones_like(batch[name]) for name in ("clear", "image_clear")}
    own = jnp.zeros_like(batch["image"])
    task._made = lambda params, collections, key, batch: (own, collections)
    _, (_, metrics) = task._loss(state.params, state.collections, jax.random.key(1), batch)
    expected = np.mean(np.asarray(batch["frames"][:, 0]) ** 2)
    assert float(metrics["consistency"]) == pytest.approx(expected, rel=1e-5)
    # The map starts as the identity: what is missing is each channel's mean.
    means = np.asarray(batch["image"]).mean(axis=(1, 2))
    assert float(metrics["brightness"]) == pytest.approx(np.mean(means**2), rel=1e-5)


@pytest.mark.parametrize(
    ("make", "change", "message"),
    [
        (deepsum, {"model": {"name": "dncnn"}}, "model: DnCNN takes no frames"),
        (deepsum, {"task": {"error": "cubed"}}, "task.error"),
        (highres_net, {"task": {"penalty": -1.0}}, "task.penalty=-1.0: wanted at least 0"),
        (sentinel2, {"task": {"consistency": -1.0}}, "task.consistency=-1.0: wanted at least 0"),
    ],
)
def test_other_settings_are_refused(make, change, message):
    config = make.get_config("tiny")
    for section, values in change.items():
        if "name" in values:
            config[section] = values
        else:
            config[section].update(values)
    with pytest.raises(ValueError, match=message):
        build_task(config)


def test_images_smaller_than_what_the_shift_is_told_by_are_refused():
    config = highres_net.get_config("tiny")
    config.model.shift_net.side = 32
    data = build(DATA, config.data, "data")
    with pytest.raises(ValueError, match=r"model.shift_net.side=32: the data's images have 24"):
        build_task(config).check_data(data)
