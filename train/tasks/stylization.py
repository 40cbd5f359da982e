"""A network that gives every image one style in one pass."""

from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import pretrained
from imaging_jax.losses import gram_matrix
from imaging_jax.models.features import DistilledVGG19
from imaging_jax.operators import resize
from imaging_jax.solvers import StyleObjective
from train.config.registry import look_up
from train.data.fields import Fields, picture
from train.data.image_sets import image_set
from train.data.images import longer_side_at, to_float, to_rgb
from train.tasks.adversarial_checks import check_weights
from train.tasks.supervised import NETWORK, Supervised

WHOLE = "its norms are over all of it"


class Stylization(Supervised):
    """Trains a network to keep the maps of an image and to take the Gram matrices of a painting.

    Args:
      network: takes and gives an RGB image.
      optimizer: config section, see `train.state.optimizers.make_optimizer`.
      steps: length of the training.
      style: a set of one painting, such as "paintings/wave" or a file.
      style_size: pixels that its longer side is brought to, as strokes are of the pixels' size.
      features: see `imaging_jax.pretrained.load_features`; empty for `DistilledVGG19` as it is
        initialised, for tests without published weights.
      content: the map that is kept, "relu4_2" of VGG-19; the style is of the first of each block.
      content_weight: of `feature_reconstruction_loss`.
      style_weight: of `style_reconstruction_loss`.
      variation_weight: of `squared_variation`.
      accumulate: parts a batch is cut into, see `train.state.update.update`.
      ema_decay: of the moving averages; 0 keeps none.

    Raises:
      ValueError: another kind of network, several paintings, an unknown map or a negative weight.

    Source: Johnson, Alahi, Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and
    Super-Resolution", ECCV 2016.
    """

    takes: ClassVar[Fields] = {"image": picture(3)}
    gives: ClassVar[Fields] = {"image": picture(3)}
    learns: ClassVar[Fields] = {"image": picture(3)}
    options: ClassVar[dict[str, tuple[int, ...]]] = {"scale": (1,)}
    whole: ClassVar[str] = WHOLE

    def __init__(
        self,
        network: nn.Module,
        optimizer: dict[str, Any],
        steps: int,
        style: str,
        style_size: int = 256,
        features: str = "",
        content: str = "relu3_4",
        content_weight: float = 1.0,
        style_weight: float = 10.0,
        variation_weight: float = 10.0,
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        check_weights(
            content_weight=content_weight,
            style_weight=style_weight,
            variation_weight=variation_weight,
        )
        if network.takes != ("image",) or network.channels != 3:
            raise ValueError(f"model.name: {type(network).__name__} takes no RGB image alone")
        maps = features_of(features)
        painting = _painting(style, style_size)
        known = jax.eval_shape(maps, painting)
        look_up(known, content, "task.content")
        self.features, self.content = maps, content
        self.grams = _grams(maps, painting, [name for name in known if name.endswith("_1")])
        self.weights = content_weight, style_weight, variation_weight
        super().__init__(network, optimizer, steps, self._worth, accumulate, ema_decay)

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The images, which are also what is kept."""
        del key
        return (batch["image"],), batch["image"]

    def apply(self, variables: Any, inputs: dict, scale: int = 1) -> dict[str, jax.Array]:
        """Gives images (N, H, W, 3) the style."""
        del scale
        styled = self.network.apply(variables[NETWORK], inputs["image"])
        return {"image": styled.astype(jnp.float32)}

    def _worth(self, styled, image):
        kept = {self.content: self.features(image)[self.content]}
        return StyleObjective(kept, self.grams, *self.weights)(styled, self.features)


@cache
def features_of(source: str) -> Callable[[jax.Array], dict[str, jax.Array]]:
    """The maps by which content and style are told; see `Stylization`."""
    # Weights, also where a step is being traced.
    with jax.ensure_compile_time_eval():
        if source:
            return pretrained.load_features(source)
        network = DistilledVGG19()
        variables = jax.jit(network.init)(jax.random.key(0), jnp.zeros((16, 16, 3)))
        return jax.tree_util.Partial(network.apply, variables)


def _grams(features, painting, names) -> dict[str, np.ndarray]:
    @jax.jit
    def grams(features, painting):
        maps = features(painting)
        return {name: gram_matrix(maps[name]) for name in names}

    with jax.ensure_compile_time_eval():
        return jax.tree.map(np.asarray, grams(features, painting))


def _painting(name: str, size: int) -> np.ndarray:
    found = image_set(name)
    if len(found) != 1:
        raise ValueError(f"task.style={name}: it has {len(found)} images, wanted one painting")
    levels = to_rgb(found.colours(0))
    shape = longer_side_at(levels.shape, size)
    return np.clip(np.asarray(resize(to_float(levels), shape=shape)), 0, 1)
