"""Promptable segmentation: one network, masks of what points and boxes mean."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import dice_loss, focal_loss, mse
from imaging_jax.metrics import iou
from imaging_jax.models.segmentation import SAM, resize_masks
from train.data.fields import Field, Fields
from train.data.prompts import (
    POINT_LABELS,
    POINTS,
    draw_box,
    draw_correction,
    draw_object,
    draw_point,
)
from train.tasks.supervised import NETWORK, Supervised

_FOCAL = 20.0


class PromptableSegmentation(Supervised):
    """Trains a network on images and the masks of their objects, prompts drawn inside the step.

    Of each image, objects are drawn, and of each a pixel or its displaced box, as often. Of the
    three masks that are predicted, the one of the least loss, 20 focal losses and a Dice loss, is
    trained; each mask's predicted intersection over union is trained by its squared error. Then
    comes one correction: a pixel where the mask that was ranked first is wrong, with that mask's
    logits and the prompt, gives one mask, whose losses are added.

    Args:
      network: a `SAM`.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      prompts: of each image, which share its embedding.
      least_area: of an object that is asked for, in pixels.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: a network that takes no prompts, or a number below 1.

    Source: Kirillov et al., "Segment Anything", ICCV 2023, section 3 and appendix A, which
    corrects up to ten times, and then gives the mask alone once more.
    """

    whole = "it is scaled to the network's size"

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        prompts: int = 4,
        least_area: int = 20,
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not isinstance(network, SAM):
            raise ValueError(
                f"task.name=promptable_segmentation: {type(network).__name__} takes no prompts"
            )
        for name, value in (("prompts", prompts), ("least_area", least_area)):
            if value < 1:
                raise ValueError(f"task.{name}={value}: wanted at least 1")
        self.prompts = prompts
        self.least_area = least_area
        super().__init__(network, optimizer, steps, mse, accumulate, ema_decay)

    @property
    def takes(self) -> Fields:
        """Images or embeddings of them; prompts, and logits of earlier masks to be corrected."""
        return {
            "image": Field(self.network.image_shape, "float32", "image", (0.0, 1.0)),
            "embedding": Field(self.network.embedding_shape, "float32", "latent"),
            "points": POINTS,
            "labels": POINT_LABELS,
            "mask": Field((None, *self.network.mask_shape), "float32", "mask"),
        }

    @property
    def gives(self) -> Fields:
        """Embeddings; or of each prompt masks, as logits, and their predicted qualities."""
        return {
            "embedding": self.takes["embedding"],
            "masks": Field((None, None, *self.network.mask_shape), "float32", "mask"),
            "quality": Field((None, None), "float32", "figure"),
        }

    @property
    def learns(self) -> Fields:
        """Images, and a mask for each of their objects."""
        height, width, _ = self.network.image_shape
        return {
            "image": self.takes["image"],
            "masks": Field((None, height, width), "bool", "mask"),
        }

    def example(self, data: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
        """As `Task.example`; the number of objects shapes no parameters."""
        del data
        return {
            name: jax.ShapeDtypeStruct((1, *(n or 1 for n in field.shape)), field.dtype)
            for name, field in self.learns.items()
        }

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """Images with prompts ``(N, prompts, 2, 2)``, and masks ``(N, prompts, H, W)`` meant."""
        keys = jax.random.split(key, (len(batch["image"]), self.prompts))

        def drawn(key, masks):
            object_key, kind_key, place_key = jax.random.split(key, 3)
            mask = draw_object(object_key, masks, self.least_area)
            prompts = (draw(place_key, mask) for draw in (draw_point, draw_box))
            by_point = jax.random.bernoulli(kind_key)
            return jax.tree.map(partial(jnp.where, by_point), *prompts), mask

        of_image = jax.vmap(drawn, in_axes=(0, None))
        prompts, masks = jax.vmap(of_image)(keys, batch["masks"])
        return (batch["image"], *prompts), masks

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Encodes images, or decodes prompts of images or of their embeddings.

        Three masks of each prompt, ranked by their qualities; one, where earlier masks are given.
        """
        own = variables[NETWORK]
        embedding = inputs.get("embedding")
        if embedding is None:
            embedding = self.network.apply(own, inputs["image"], method="encode")
        if "points" not in inputs:
            return {"embedding": embedding}
        mask = inputs.get("mask")
        given = (embedding, inputs["points"], inputs["labels"], mask, mask is None)
        masks, quality = self.network.apply(own, *given, method="decode")
        return {"masks": masks, "quality": quality}

    def _loss(self, params, collections, key, batch):
        pair_key, click_key = jax.random.split(key)
        (image, points, labels), wanted = self.pair(pair_key, batch)
        variables = {"params": params[NETWORK], **collections.get(NETWORK, {})}
        decode = partial(self.network.apply, variables, method="decode")
        embedding = self.network.apply(variables, image, method="encode")
        logits, quality = decode(embedding, points, labels)
        first, found = _judged(logits, quality, wanted)
        ranked = jnp.argmax(quality, axis=-1)
        before = jax.lax.stop_gradient(_chosen(logits, ranked))

        clicks, kinds = _corrections(click_key, wanted, before)
        points, labels = (
            jnp.concatenate(pair, axis=2) for pair in ((points, clicks), (labels, kinds))
        )
        corrected = decode(embedding, points, labels, before, multimask=False)
        second, after = _judged(*corrected, wanted)
        metrics = {
            "iou": jnp.mean(_chosen(found, ranked)),
            "oracle_iou": jnp.mean(jnp.max(found, axis=-1)),
            "ranked_right": jnp.mean(ranked == jnp.argmax(found, axis=-1)),
            "corrected_iou": jnp.mean(after),
        }
        return first + second, ({}, metrics)


def _judged(logits, quality, wanted):
    """The loss of masks ``(N, M, K, h, w)``, and their intersection over union ``(N, M, K)``."""
    logits = resize_masks(logits, wanted.shape[-2:])
    wanted = jnp.broadcast_to(wanted[:, :, None], logits.shape)

    def of_mask(logits, wanted):
        focal = focal_loss(logits, wanted)
        return _FOCAL * focal + dice_loss(logits[None], wanted[None])

    for _ in range(3):
        of_mask = jax.vmap(of_mask)
    found = iou(wanted, logits > 0)
    least = jnp.min(of_mask(logits, wanted.astype(logits.dtype)), axis=-1)
    return jnp.mean(least) + mse(quality, found), found


def _corrections(key, wanted, logits):
    """A click ``(N, M, 1, 2)`` where masks are wrong, and what it is, ``(N, M, 1)``."""
    estimate = resize_masks(logits, wanted.shape[-2:]) > 0
    keys = jax.random.split(key, wanted.shape[:2])
    return jax.vmap(jax.vmap(draw_correction))(keys, wanted, estimate)


def _chosen(values, indices):
    """Of values ``(N, M, K, ...)`` those at indices ``(N, M)``."""
    shape = indices.shape + (1,) * (values.ndim - indices.ndim)
    return jnp.take_along_axis(values, indices.reshape(shape), axis=2)[:, :, 0]
