"""A network that finds images of Fourier magnitudes through features that an encoder knows."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.models.phase_retrieval import PRDADDecoder, PRDADEncoder, PRDADPredictor
from imaging_jax.operators import fourier_magnitude, frame_support
from imaging_jax.transforms import haar_packet, inverse_haar_packet
from train.config.settings import TrainSettings
from train.data.fields import SUPPORT, Field, Fields
from train.state import train_state as states
from train.state.networks import apply_in_training
from train.state.optimizers import Optimizer, make_optimizer
from train.state.stage import STEP, Stage
from train.state.train_state import TrainState
from train.state.update import step_function
from train.tasks.several_networks import from_sections
from train.tasks.task import Task

PREDICTOR, ENCODER, DECODER = "predictor", "encoder", "decoder"
AUTOENCODER = "autoencoder"
# What the mean of a Haar packet counts for beside its details.
_MEAN_WEIGHT = 0.1


class PhaseRetrieval(Task):
    """PR-DAD: magnitudes to features by a predictor, features to an image by a decoder.

    Variant I has the predictor alone; features are the subbands of the Haar packet. Variant II
    learns encoder and decoder first, in a stage of their own; the decoder is trained on with the
    predictor in a last one. Networks work on images less `mean` over `std`. Where the released code
    continues normalized images by their edge, the frame here is black, which is the same for
    digits; and where it turns feature maps by 180 degrees, these are the maps of the turned image.

    Args:
      networks: {"predictor"}, or {"predictor", "encoder", "decoder"}.
      optimizers: config sections "predictor" and, of variant II, "autoencoder" and "decoder"; see
        `train.state.optimizers.make_optimizer`.
      steps: length of the training over all stages.
      ema_decay: of the moving averages of the predictor; 0 keeps none.
      oversampling: size of the frame over that of the image, along each axis.
      mean: of the images' pixels.
      std: their standard deviation.
      image: weight of the squared and the absolute error of images.
      feature: likewise of features.
      magnitude: likewise of magnitudes.
      sparsity: weight of the mean modulus of features.
      rotation_invariant: whether an image counts by the better of itself and itself turned by 180
        degrees, which magnitudes can't tell apart.
      encoder_steps: of the first stage of variant II.
      fine_tuning_steps: of its last.

    Raises:
      ValueError: networks that don't fit each other, a value out of range, more steps of stages
        than there are.

    Source: Gugel, Dekel, "PR-DAD: phase retrieval using deep auto-decoders", arXiv 2204.09051.
    """

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        optimizers: Mapping[str, Any],
        steps: int,
        ema_decay: float,
        oversampling: float = 1.5,
        mean: float = 0.1307,
        std: float = 0.3081,
        image: float = 1.0,
        feature: float = 1.0,
        magnitude: float = 1.0,
        sparsity: float = 1.0,
        rotation_invariant: bool = True,
        encoder_steps: int = 0,
        fine_tuning_steps: int = 0,
    ):
        self.networks = dict(networks)
        self.steps = steps
        self.ema = {PREDICTOR: ema_decay} if ema_decay else {}
        self.oversampling = oversampling
        self.mean, self.std = mean, std
        self.weights = {
            "image": image,
            "feature": feature,
            "magnitude": magnitude,
            "sparsity": sparsity,
        }
        self.rotation_invariant = rotation_invariant
        self.encoder_steps = encoder_steps
        self.fine_tuning_steps = fine_tuning_steps
        self._check()
        self._optimizers = {
            name: self._optimizer(name, section) for name, section in optimizers.items()
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], settings: TrainSettings) -> "PhaseRetrieval":
        """Builds networks, optimizers and task out of a config's sections."""
        learnt = len(config["model"]) > 1
        networks = (PREDICTOR, *((ENCODER, DECODER) if learnt else ()))
        optimizers = (PREDICTOR, *((AUTOENCODER, DECODER) if learnt else ()))
        return from_sections(cls, config, settings, networks, optimizers)

    @property
    def exports(self) -> tuple[str, ...]:
        """The predictor, and the decoder where it is learnt."""
        return (PREDICTOR, DECODER) if self._learnt else (PREDICTOR,)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the images."""
        rows, columns, _ = self.networks[PREDICTOR].feature_shape
        factor = 2 ** ((self.networks[DECODER].depth - 1) if self._learnt else self._depth)
        return (rows * factor, columns * factor, 1)

    @property
    def takes(self) -> Fields:
        """Magnitudes of the whole plane; where in the frame the image lies is heeded by none."""
        shape = (*self.networks[PREDICTOR].grid, 1)
        return {"magnitude": Field(shape, "float32", "spectrum"), "support": SUPPORT}

    @property
    def gives(self) -> Fields:
        """Images, not clipped."""
        return {"image": Field(self.image_shape, "float32", "image")}

    @property
    def learns(self) -> Fields:
        """Images."""
        return {"image": Field(self.image_shape, "float32", "image", (0.0, 1.0))}

    @property
    def stages(self) -> list[Stage]:
        """One for the predictor; before it one for encoder and decoder, after it fine-tuning."""
        rest = self.steps - self.encoder_steps - self.fine_tuning_steps
        stages = (
            ("auto-encoder", self.encoder_steps, self._reproduction, (AUTOENCODER,)),
            ("predictor", rest, self._prediction, (PREDICTOR,)),
            ("fine-tuning", self.fine_tuning_steps, self._both, (PREDICTOR, DECODER)),
        )
        return [self._stage(*stage) for stage in stages if stage[1]]

    def apply(self, variables: dict, inputs: dict) -> dict[str, jax.Array]:
        """Predicts images (N, H, W, 1) of magnitudes (N, P, Q, 1)."""
        magnitude = self._normalized_magnitudes(inputs["magnitude"])
        features = self.networks[PREDICTOR].apply(variables[PREDICTOR], magnitude)
        return {"image": self._decode(variables.get(DECODER), features) * self.std + self.mean}

    def _stage(self, name, steps, loss, movers) -> Stage:
        optimizers = tuple(self._optimizers[mover] for mover in movers)

        def start(key, example, previous) -> TrainState:
            state = self._init(key, example) if previous is None else previous
            entries = {name: state.opt_state[name] for name in movers if name in state.opt_state}
            for optimizer in optimizers:
                if optimizer.name not in entries:
                    entries |= optimizer.init(state.params)
            return state.replace(opt_state=entries)

        ema = self.ema if PREDICTOR in movers else {}
        step = step_function(loss, optimizers, ema=ema)
        return Stage(name, steps, start, {STEP: step}, optimizers=optimizers)

    def _init(self, key, example) -> TrainState:
        image = jnp.zeros(example["image"].shape)
        features = jnp.zeros((len(image), *self.networks[PREDICTOR].feature_shape))
        arguments = {PREDICTOR: self._magnitudes(image), ENCODER: image, DECODER: features}
        params, collections = {}, {}
        for index, (name, network) in enumerate(sorted(self.networks.items())):
            variables = dict(network.init(jax.random.fold_in(key, index), arguments[name]))
            params[name] = variables.pop("params")
            collections[name] = variables
        return states.create(key, params, collections, {}, averaged=tuple(self.ema))

    def _reproduction(self, params, collections, key, batch):
        """Encoder and decoder on images themselves."""
        train = partial(self._train, params, collections, key)
        x = self._normalized(batch["image"])
        features, encoder = train(ENCODER, x)
        found, decoder = train(DECODER, features)
        error = self._invariant(lambda x: _error(found, x), x)
        value = error.mean() + self.weights["sparsity"] / 2 * jnp.abs(features).mean()
        return value, ({ENCODER: encoder, DECODER: decoder}, {})

    def _prediction(self, params, collections, key, batch):
        """The predictor, through a decoder that keeps its statistics."""
        x = self._normalized(batch["image"])
        magnitude = self._magnitudes(x)
        features, predictor = self._train(params, collections, key, PREDICTOR, magnitude)
        found = self._decode(_variables(DECODER, params, collections), features)
        weights = self.weights
        seen = jnp.asarray(self._feature_weights)

        def against(x):
            wanted = jax.lax.stop_gradient(self._encode(params, collections, x))
            distance = _error(seen * features, seen * wanted)
            return weights["image"] * _error(found, x) + weights["feature"] * distance

        error = self._invariant(against, x)
        value = (
            error.mean() + weights["magnitude"] * _error(self._magnitudes(found), magnitude).mean()
        )
        details = features if self._learnt else features[..., 1:]
        value += weights["sparsity"] * jnp.abs(details).mean()
        metrics = {"image_mse": jnp.mean((found - x) ** 2) * self.std**2}
        return value, ({PREDICTOR: predictor}, metrics)

    def _both(self, params, collections, key, batch):
        """The predictor, and the decoder on what the encoder knows of the images."""
        value, (collections_, metrics) = self._prediction(params, collections, key, batch)
        x = self._normalized(batch["image"])
        features = jax.lax.stop_gradient(self._encode(params, collections, x))
        found = self._decode(_variables(DECODER, params, collections), features)
        return value + _error(found, x).mean(), (collections_, metrics)

    def _invariant(self, against, x):
        """The error of each item against its image, or the image turned where that is less."""
        error = against(x)
        if not self.rotation_invariant:
            return error
        return jnp.minimum(error, against(jnp.flip(x, (1, 2))))

    def _train(self, params, collections, key, name, x):
        return apply_in_training(self.networks[name], _variables(name, params, collections), key, x)

    def _encode(self, params, collections, x):
        if not self._learnt:
            return haar_packet(x, self._depth)
        return self.networks[ENCODER].apply(_variables(ENCODER, params, collections), x)

    def _decode(self, variables, features):
        if not self._learnt:
            return inverse_haar_packet(features, self._depth)
        return self.networks[DECODER].apply(variables, features)

    def _normalized(self, image):
        return (image - self.mean) / self.std

    def _magnitudes(self, x):
        """Half of the plane of magnitudes of normalized images."""
        image = x * self.std + self.mean
        return self._normalized_magnitudes(fourier_magnitude(image, self.oversampling))

    def _normalized_magnitudes(self, y):
        """What magnitudes of framed images become where images are normalized, frame included."""
        pixels = np.sqrt(y.shape[1] * y.shape[2])
        y = y.at[:, 0, 0].set(jnp.abs(y[:, 0, 0] - self.mean * pixels))
        return y[:, :, : y.shape[2] // 2 + 1] / self.std

    @property
    def _learnt(self) -> bool:
        return DECODER in self.networks

    @property
    def _depth(self) -> int:
        """Of the Haar packet whose subbands the features are."""
        return (self.networks[PREDICTOR].feature_shape[-1].bit_length() - 1) // 2

    @property
    def _feature_weights(self) -> np.ndarray:
        channels = self.networks[PREDICTOR].feature_shape[-1]
        weights = np.ones(channels, np.float32)
        weights[0] = 1 if self._learnt else _MEAN_WEIGHT
        return weights

    def _optimizer(self, name: str, section: Mapping) -> Optimizer:
        first, last, networks = {
            AUTOENCODER: (0, self.encoder_steps, (ENCODER, DECODER)),
            PREDICTOR: (self.encoder_steps, self.steps, (PREDICTOR,)),
            DECODER: (self.steps - self.fine_tuning_steps, self.steps, (DECODER,)),
        }[name]
        return make_optimizer(
            section,
            last - first,
            networks,
            name=name,
            path=f"optimizer.{name}",
            count=lambda step: step - first,
            # The decoder alone moves beside another.
            prefix="decoder_" if name == DECODER else "",
        )

    def _check(self) -> None:
        for name, wanted in (
            (PREDICTOR, PRDADPredictor), (ENCODER, PRDADEncoder), (DECODER, PRDADDecoder)
        ):  # fmt: skip
            if name in self.networks and not isinstance(self.networks[name], wanted):
                found = type(self.networks[name]).__name__
                raise ValueError(f"model.{name}: wanted a {wanted.__name__}, got {found}")
        predictor = self.networks[PREDICTOR]
        channels = predictor.feature_shape[-1]
        if not self._learnt and channels != 4**self._depth:
            raise ValueError(
                f"model.predictor.feature_shape: wanted 4, 16, 64, … subbands, got {channels}"
            )
        for name in (ENCODER, DECODER) if self._learnt else ():
            if self.networks[name].features != channels:
                raise ValueError(
                    f"model.{name}.features={self.networks[name].features}: the predictor's have "
                    f"{channels} channels"
                )
        grid = frame_support(self.image_shape[:2], self.oversampling).shape
        if predictor.grid != grid:
            raise ValueError(
                f"model.predictor.grid={predictor.grid}: task.oversampling={self.oversampling} of "
                f"images {self.image_shape[:2]} gives {grid}"
            )
        for name, value in self.weights.items():
            if value < 0:
                raise ValueError(f"task.{name}={value}: wanted a weight, not negative")
        if not self.std > 0:
            raise ValueError(f"task.std={self.std}: wanted a positive number")
        stages = (self.encoder_steps, self.fine_tuning_steps)
        if min(stages) < 0 or sum(stages) >= self.steps or self._learnt != (min(stages) > 0):
            raise ValueError(
                f"task.encoder_steps={stages[0]}, task.fine_tuning_steps={stages[1]}: wanted both "
                f"positive with a learnt decoder, else 0, and together less than {self.steps}"
            )


def _variables(name: str, params: Mapping, collections: Mapping) -> dict | None:
    return {"params": params[name], **collections[name]} if name in params else None


def _error(found: jax.Array, wanted: jax.Array) -> jax.Array:
    """The mean squared error and the mean absolute error of each item."""
    axes = tuple(range(1, found.ndim))
    difference = found - wanted
    return jnp.mean(difference**2, axes) + jnp.mean(jnp.abs(difference), axes)
