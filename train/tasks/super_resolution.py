"""Single-image super-resolution, and at scale 1 restoration of any named degradation."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.operators import resize
from imaging_jax.transforms import rgb_to_ycbcr, ycbcr_to_rgb
from train.config.registry import look_up
from train.data import degradations
from train.data.presets import PRESETS
from train.tasks.restoration import Restoration, by_channels
from train.tasks.supervised import NETWORK


class SuperResolution(Restoration):
    """Trains `network` to undo a degradation at one or several scales.

    Args:
      network: takes the low-resolution "image", or the bicubically "upsampled" one, as its `takes`
        says; has `channels` channels.
      scales: factors; a batch is shared out equally among them.
      degradation: a name of `train.data.presets.PRESETS`.

    The others are those of `Restoration`.

    Raises:
      ValueError: an unknown name, or a network that serves one scale only given several.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: dict[str, Any],
        steps: int,
        scales: tuple[int, ...],
        colour: str = "rgb",
        degradation: str = "bicubic_8bit",
        loss: str = "l1",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not scales:
            raise ValueError("task.scales is empty; wanted factors such as (3,)")
        if "sigma" in network.takes:
            raise ValueError(
                f"task.name=super_resolution: {type(network).__name__} takes a noise level; "
                "wanted task.name=denoising"
            )
        super().__init__(network, optimizer, steps, colour, loss, accumulate, ema_decay)
        self.scales = tuple(scales)
        own = look_up(PRESETS, degradation, "task.degradation").scale
        if own > 1 and tuple(scales) != (own,):
            raise ValueError(
                f"task.scales={scales}: the degradation {degradation} shrinks by {own} alone"
            )
        self.degradation = degradation
        if "data_step" in network.takes:
            _check_operator(degradation, self.scales)
        if len(self.scales) > 1 and "upsampled" not in network.takes:
            raise ValueError(
                f"task.scales={self.scales}: {type(network).__name__} serves one scale, since it "
                "takes the low-resolution image; give one"
            )

    @staticmethod
    def network_values(section: dict[str, Any]) -> dict[str, Any]:
        """Channels, and the scale that a network with a scale of its own is built for."""
        scales = section.get("scales") or (None,)
        return {**Restoration.network_values(section), "scale": scales[0]}

    @property
    def options(self) -> dict[str, tuple[int, ...]]:
        """The scales."""
        return {"scale": self.scales}

    def check_data(self, data: Any) -> None:
        """Raises a ValueError where batch or patch can't be shared out among the scales."""
        super().check_data(data)
        batch_size, patch_size = data.batch_size, data.patch_size
        parts = len(self.scales) * self.accumulate
        if batch_size % parts:
            raise ValueError(
                f"data.batch_size={batch_size} isn't a multiple of {parts} (scales x accumulate)"
            )
        for scale in self.scales:
            if patch_size % scale:
                raise ValueError(f"data.patch_size={patch_size} isn't a multiple of scale {scale}")

    def apply(self, variables: Any, inputs: dict, scale: int) -> dict[str, jax.Array]:
        """Restores images (N, h, w, 1 or 3), see `enlarge`, from the degradation's estimate."""
        measured, own = inputs["image"], variables[NETWORK]
        if "data_step" in self.network.takes:
            unrolled = lambda y: self.network.apply(own, *self._arguments(y))  # noqa: E731
            restored = by_channels(unrolled, measured, self.channels)
            return {"image": restored.astype(jnp.float32)}
        estimate = degradations.estimate(self.degradation, measured)
        return {"image": enlarge(self.network, own, estimate, scale)}

    def _arguments(self, measured):
        """What the network takes of measurements at scale 1."""
        given = degradations.estimate(self.degradation, measured)
        if "data_step" in self.network.takes:
            return given, degradations.data_step(self.degradation, measured)
        return (given,)

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The degraded images, each group at its scale, and what should become of them."""
        reference = degradations.reference(self.degradation, self.seen(batch["image"]))
        target = degradations.target(self.degradation, reference)
        if self.scales == (1,):
            measured = degradations.degrade(key, reference, self.degradation, 1)
            return self._arguments(measured), target
        groups = jnp.split(reference, len(self.scales))
        inputs = [
            self._degraded(jax.random.fold_in(key, i), group, scale)
            for i, (group, scale) in enumerate(zip(groups, self.scales, strict=True))
        ]
        return (jnp.concatenate(inputs),), target

    def _degraded(self, key, reference, scale):
        lr = degradations.degrade(key, reference, self.degradation, scale)
        return resize(lr, scale) if "upsampled" in self.network.takes else lr


def _check_operator(degradation, scales):
    if scales != (1,) or not degradations.has_operator(degradation):
        raise ValueError(
            f"task.degradation={degradation!r} at task.scales={scales}: an unrolled network wants "
            "scale 1 and a degradation with a linear operator, such as 'motion_15'"
        )


def enlarge(network: nn.Module, variables, lr: jax.Array, scale: int) -> jax.Array:
    """Applies a network of one or three channels to an image of one or three.

    Args:
      network: declares `channels`, and by `takes` whether its image is upsampled.
      variables: its variables.
      lr: (N, h, w, 1 or 3) in [0, 1].
      scale: integer factor.

    Returns:
      (N, h · scale, w · scale, channels of lr), nominally in [0, 1]. A luminance network gets the
      luminance of a colour image, whose chroma is resized bicubically; a colour network sees a
      grey image as three equal channels.
    """
    if network.channels == 1 and lr.shape[-1] == 3:
        ycbcr = rgb_to_ycbcr(lr)
        y = enlarge(network, variables, ycbcr[..., :1], scale)
        chroma = resize(ycbcr[..., 1:], scale)
        return ycbcr_to_rgb(jnp.concatenate([y, chroma], axis=-1))
    if network.channels == 3 and lr.shape[-1] == 1:
        colour = enlarge(network, variables, jnp.repeat(lr, 3, axis=-1), scale)
        return jnp.mean(colour, axis=-1, keepdims=True)
    inputs = resize(lr, scale) if "upsampled" in network.takes else lr
    return network.apply(variables, inputs).astype(jnp.float32)
