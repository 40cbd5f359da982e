"""What each pixel of an image is: one network, losses of masks or of maps of classes."""

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import losses
from imaging_jax.models.segmentation import PSPNet, Segmenter
from train.data.fields import Field, Fields, class_map, picture
from train.tasks.supervised import NETWORK, Supervised

# Of the auxiliary head's loss (Zhao et al., CVPR 2017, section 3.3).
_AUXILIARY = 0.4
_SURELY_NOT = -30.0
# (logits, mask), both (N, H, W), of networks with one class.
MASK_LOSSES: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "dice": losses.dice_loss,
    "focal": losses.focal_loss,
    "jaccard": losses.soft_jaccard_loss,
    "lovasz": losses.lovasz_hinge,
    "nll": losses.binary_nll,
}
_OF_CLASSES = "cross_entropy"


class Segmentation(Supervised):
    """Trains a segmenter on images and the classes of their pixels.

    A network of one class learns a mask, which class 1 is, by losses of MASK_LOSSES; one of several
    learns which of them a pixel is, by "cross_entropy".

    Args:
      network: images (N, H, W, channels) -> logits (N, H', W', classes).
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      loss: {name: weight}; losses are added, and means are over all pixels, labelled or not. Of a
        cross-entropy each pixel counts by its "weight", where the data have one.
      class_weights: of the pixels of each class, in a cross-entropy; none for all alike.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: a network that doesn't segment, losses of another number of classes, none, or
        weights that don't fit.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        loss: Mapping[str, float],
        class_weights: tuple[float, ...] = (),
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not isinstance(network, Segmenter):
            raise ValueError(f"task.name=segmentation: {type(network).__name__} segments nothing")
        known = MASK_LOSSES if network.classes == 1 else {_OF_CLASSES: None}
        for name in loss:
            if name not in known:
                raise ValueError(
                    f"task.loss.{name}: a network of {network.classes} class(es) is taught by "
                    f"{', '.join(known)}"
                )
        if not loss or min(loss.values()) < 0:
            raise ValueError(f"task.loss={dict(loss)}: wanted weights, none below 0")
        wanted = network.classes if network.classes > 1 else 0
        if class_weights and (len(class_weights) != wanted or min(class_weights) < 0):
            raise ValueError(
                f"task.class_weights={class_weights}: wanted {wanted} weights, none below 0"
            )
        super().__init__(network, optimizer, steps, self._total, accumulate, ema_decay)
        self.losses = dict(loss)
        self.class_weights = tuple(class_weights)

    @property
    def whole(self) -> str:
        """A pyramid's averages are of the whole picture."""
        of_pyramid = isinstance(self.network, PSPNet)
        return "its averages are of the whole picture" if of_pyramid else ""

    @property
    def takes(self) -> Fields:
        """Images of any size; a grey network sees the mean of colours, another grey thrice."""
        return {"image": picture(None)}

    @property
    def gives(self) -> Fields:
        """Logits of each pixel."""
        return {"logits": Field((None, None, self.network.classes), "float32", "scores")}

    @property
    def learns(self) -> Fields:
        """Images, and the classes of their pixels."""
        return {"image": picture(3), "mask": class_map(max(2, self.network.classes))}

    def check_data(self, data: Any) -> None:
        """As `Supervised.check_data`; also where weights of pixels would count for nothing."""
        super().check_data(data)
        if "weight" in data.fields and _OF_CLASSES not in self.losses:
            raise ValueError(f"data.borders: its weights are of {_OF_CLASSES} alone, see task.loss")

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, Any]:
        """The images, and the masks and weights of the pixels that the logits are of."""
        del key
        others = {name: batch[name][..., 0] for name in ("mask", "weight") if name in batch}
        return (self._shown(batch["image"]),), others

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Logits of all pixels of images (N, H, W, 1 or 3).

        Without padding, a network is given the image continued by reflection.
        """
        x = self._shown(inputs["image"])
        height, width = x.shape[-3:-1]
        x = jnp.pad(x, [(0, 0), *self._margins(height, width), (0, 0)], mode="reflect")
        logits = self.network.apply(variables[NETWORK], x)
        return {"logits": logits[:, :height, :width].astype(jnp.float32)}

    def _margins(self, height: int, width: int) -> list[tuple[int, int]]:
        margin = self.network.margin
        lacking = [self.network.side_for(side) - side for side in (height, width)]
        return [(margin, count - margin) for count in lacking]

    def _shown(self, image: jax.Array) -> jax.Array:
        channels = self.network.channels
        if channels == 3 and image.shape[-1] == 1:
            return jnp.repeat(image, 3, axis=-1)
        if channels == 1 and image.shape[-1] == 3:
            return jnp.mean(image, axis=-1, keepdims=True)
        return image

    def _total(self, prediction: Any, target: Mapping[str, jax.Array]) -> jax.Array:
        """Of the logits, and of the auxiliary head's where there are any."""
        if not self.network.auxiliary:
            return self._added(prediction, target)
        main, auxiliary = prediction
        return self._added(main, target) + _AUXILIARY * self._added(auxiliary, target)

    def _added(self, logits: jax.Array, target: Mapping[str, jax.Array]) -> jax.Array:
        margin = self.network.margin
        inside = np.s_[:, margin : margin + logits.shape[1], margin : margin + logits.shape[2]]
        target = {name: values[inside] for name, values in target.items()}
        if self.network.classes > 1:
            return self.losses[_OF_CLASSES] * self._cross_entropy(logits, **target)
        mask = (target["mask"] == 1).astype(jnp.float32)
        # What isn't labelled is told rightly and surely, which no loss minds.
        logits = jnp.where(target["mask"] < 2, logits[..., 0], _SURELY_NOT)
        return sum(weight * MASK_LOSSES[name](logits, mask) for name, weight in self.losses.items())

    def _cross_entropy(self, logits, mask, weight=1.0):
        classes = self.network.classes
        of_class = jnp.asarray(self.class_weights or (1.0,) * classes)
        counts = mask < classes
        labels = jnp.where(counts, mask, 0).astype(jnp.int32)
        weights = jnp.where(counts, of_class[labels] * weight, 0)
        return losses.weighted_cross_entropy(logits, labels, weights)
