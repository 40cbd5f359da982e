"""Networks that reproduce their input through a code: plain, sparse, denoising, stacked."""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from imaging_jax.losses import (
    binary_cross_entropy,
    error_norm,
    gaussian_kl,
    sparse_kl,
    squared_error,
)
from imaging_jax.models import MODELS
from train import state as states
from train.data import example_of
from train.devices import at_highest_precision, data_mesh
from train.optimizers import make_optimizer
from train.registry import build, call, look_up
from train.settings import TrainSettings
from train.stage import Stage
from train.state import TrainState, leaf_name
from train.steps import supervised_step

AUTOENCODER = "autoencoder"
LOSSES = {"error_norm": error_norm, "squared_error": squared_error}
# Units whose mean activation lies here count as sparse.
_SPARSE = (0.02, 0.1)


class _Reproducing:
    """What tasks share that train one network to give back images of its own shape."""

    predicts: ClassVar[str] = AUTOENCODER
    review: ClassVar[str] = "reconstruction"

    def __init__(self, network: nn.Module, optimizer: Mapping[str, Any], steps: int):
        self.network = network
        self.steps = steps
        self.optimizer_section = optimizer
        self.optimizer, self.schedule = make_optimizer(optimizer, steps)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], settings: TrainSettings) -> "_Reproducing":
        """Builds network, optimizer and task out of a config's sections."""
        for name, wanted in (("accumulate", 1), ("ema_decay", 0.0)):
            if getattr(settings, name) != wanted:
                raise ValueError(f"train.{name}: this task takes {wanted}")
        network = build(MODELS, config["model"], "model")
        section = {key: value for key, value in config["task"].items() if key != "name"}
        given = {"optimizer": config["optimizer"], "steps": settings.steps}
        return call(cls, section, "task", network=network, **given)

    def example(self, data: Mapping[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
        """A batch as shapes: what the network takes."""
        shape = (data["batch_size"], *self.network.image_shape)
        return {"image": jax.ShapeDtypeStruct(shape, jnp.float32)}

    def check_data(self, data: Any) -> None:
        """Raises a ValueError where the data's images aren't those of the network."""
        shape = example_of(data, data_mesh())["image"].shape[1:]
        if shape != self.network.image_shape:
            raise ValueError(
                f"data gives images of {shape}, model takes {self.network.image_shape}"
            )

    def _init(self, key, example, previous) -> TrainState:
        del previous
        arguments = (key,) if getattr(self.network, "takes_key", False) else ()
        image = jnp.zeros(example["image"].shape)
        params = {AUTOENCODER: self.network.init(key, image, *arguments)["params"]}
        return states.create(key, params, {}, {"main": self.optimizer.init(params)})

    def _step(self, loss: Callable, optimizer: Any, schedule: Callable) -> Callable:
        def without_collections(params, collections, key, batch):
            return loss(params[AUTOENCODER], key, batch["image"]), collections

        return supervised_step(without_collections, optimizer, schedule)

    def _apply(self, params, *arguments, method=None):
        return self.network.apply({"params": params}, *arguments, method=method)


class Autoencoding(_Reproducing):
    """Trains an autoencoder, whole or first layer by layer.

    Args:
      network: images -> (reconstruction, code).
      optimizer: config section, see `train.optimizers.make_optimizer`.
      steps: length of the training over all stages.
      loss: a name of LOSSES, or "binary_cross_entropy".
      sparsity: weight beta of the divergence of the mean code from `rho`; 0 for none.
      rho: the mean activation that is wanted of every unit of the code.
      noise: standard deviation of Gaussian noise on the input, which is clipped to [0, 1].
      masked: share of the input's pixels that are set to 0.
      layer_steps: steps for which each layer is trained alone, beforehand.

    Raises:
      ValueError: an unknown loss, a value out of range, or more steps for layers than there are.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Mapping[str, Any],
        steps: int,
        loss: str = "squared_error",
        sparsity: float = 0.0,
        rho: float = 0.05,
        noise: float = 0.0,
        masked: float = 0.0,
        layer_steps: int = 0,
    ):
        if getattr(network, "takes_key", False) or not hasattr(network, "decode_logits"):
            raise ValueError(f"task.name=autoencoding: {type(network).__name__} is no autoencoder")
        if layer_steps and not hasattr(network, "widths"):
            raise ValueError(
                f"task.layer_steps={layer_steps}: {type(network).__name__} has no pairs of layers"
            )
        super().__init__(network, optimizer, steps)
        look_up({**LOSSES, "binary_cross_entropy": None}, loss, "task.loss")
        for name, value, high in (
            ("sparsity", sparsity, np.inf),
            ("noise", noise, np.inf),
            ("masked", masked, 1),
            ("layer_steps", layer_steps, np.inf),
        ):
            if not 0 <= value <= high:
                raise ValueError(f"task.{name}={value}: wanted in [0, {high}]")
        self.loss = loss
        self.sparsity = sparsity
        self.rho = rho
        self.noise = noise
        self.masked = masked
        self.layer_steps = layer_steps
        self.layers = len(network.widths) if layer_steps else 0
        if self.layers * layer_steps >= steps:
            raise ValueError(
                f"train.steps={steps}: wanted more than task.layer_steps={layer_steps} for each of "
                f"{self.layers} layers"
            )

    @property
    def stages(self) -> list[Stage]:
        """A stage for each layer where layers are trained alone, then one for the whole."""
        alone = [
            self._stage(f"layer {k}", self.layer_steps, partial(self._pair, k), k)
            for k in range(1, self.layers + 1)
        ]
        rest = self.steps - self.layers * self.layer_steps
        return [*alone, self._stage("whole", rest, self._whole, self.layers + 1)]

    def _stage(self, name: str, steps: int, loss: Callable, number: int) -> Stage:
        """A stage with an optimizer of its own, that moves the pair `number` or else all layers."""
        before = (number - 1) * self.layer_steps
        optimizer, schedule = make_optimizer(self.optimizer_section, steps)
        if number <= self.layers:
            # Weight decay must not move the layers that the loss leaves alone.
            optimizer = optax.masked(optimizer, partial(_of_pair, number))

        def start(key, example, previous) -> TrainState:
            state = self._init(key, example, None) if previous is None else previous
            return state.replace(opt_state={"main": optimizer.init(state.params)})

        step = self._step(loss, optimizer, lambda count: schedule(count - before))
        return Stage(name, steps, start, (step,))

    def _whole(self, params, key, images):
        code = self._apply(params, self.corrupt(key, images), method="encode")
        if self.loss == "binary_cross_entropy":
            logits = self._apply(params, code, method="decode_logits")
            value = binary_cross_entropy(logits, images)
        else:
            value = LOSSES[self.loss](self._apply(params, code, method="decode"), images)
        return value + self.sparsity * sparse_kl(code, self.rho) if self.sparsity else value

    def _pair(self, k, params, key, images):
        below = self._apply(params, self.corrupt(key, images), k - 1, method="encode_until")
        below = jax.lax.stop_gradient(below)
        reproduced, _ = self._apply(params, below, k, method="layer_pair")
        return squared_error(reproduced, below)

    def corrupt(self, key: jax.Array, images: jax.Array) -> jax.Array:
        """What the encoder is given of images (N, H, W, C) in [0, 1]."""
        noise_key, mask_key = jax.random.split(key)
        if self.noise:
            noise = self.noise * jax.random.normal(noise_key, images.shape)
            images = jnp.clip(images + noise, 0.0, 1.0)
        if self.masked:
            images = jnp.where(jax.random.bernoulli(mask_key, self.masked, images.shape), 0, images)
        return images

    @property
    def corrupts(self) -> bool:
        """Whether the encoder is given something else than the images."""
        return bool(self.noise or self.masked)

    def reconstruct(self, state: TrainState, images: jax.Array) -> tuple[jax.Array, dict]:
        """Reproduces images (N, H, W, C), and measures the code where it is to be sparse."""
        reproduced, code = self._compiled(state.params[AUTOENCODER], images)
        if not self.sparsity:
            return reproduced, {}
        activation = np.asarray(code).mean(axis=0)
        sparse = (activation >= _SPARSE[0]) & (activation <= _SPARSE[1])
        return reproduced, {
            "mean_activation": float(activation.mean()),
            "sparse_units": float(sparse.mean()),
        }

    @cached_property
    def _compiled(self) -> Callable:
        return at_highest_precision(jax.jit(self._apply))


def _of_pair(k: int, params: Any) -> Any:
    """Which leaves belong to the k-th encoder and decoder."""
    own = {f"encoder{k}", f"decoder{k}"}
    return jax.tree_util.tree_map_with_path(
        lambda path, _: not own.isdisjoint(leaf_name(path).split("/")), params
    )


class Variational(_Reproducing):
    """Trains a variational autoencoder on minus its evidence lower bound.

    Args:
      network: (images, key) -> (logits, mean, log-variance).
      optimizer: config section, see `train.optimizers.make_optimizer`.
      steps: length of the training.
      beta: weight of the Kullback-Leibler divergence; 1 makes the loss minus the bound.

    Raises:
      ValueError: a negative `beta`.
    """

    corrupts: ClassVar[bool] = False
    classes: ClassVar[int] = 0

    def __init__(
        self, network: nn.Module, optimizer: Mapping[str, Any], steps: int, beta: float = 1.0
    ):
        if not getattr(network, "takes_key", False):
            raise ValueError(f"task.name=variational: {type(network).__name__} draws no codes")
        super().__init__(network, optimizer, steps)
        if beta < 0:
            raise ValueError(f"task.beta={beta}: wanted at least 0")
        self.beta = beta

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of what is drawn."""
        return self.network.image_shape

    @property
    def latent(self) -> int:
        """Numbers in the vector that an image is drawn from."""
        return self.network.latent

    @property
    def stages(self) -> list[Stage]:
        """One stage with one step function."""
        return [
            Stage(
                "train",
                self.steps,
                self._init,
                (self._step(self._loss, self.optimizer, self.schedule),),
            )
        ]

    def _loss(self, params, key, images):
        logits, mean, log_variance = self._apply(params, images, key)
        return binary_cross_entropy(logits, images) + self.beta * gaussian_kl(mean, log_variance)

    def reconstruct(self, state: TrainState, images: jax.Array) -> tuple[jax.Array, dict]:
        """Decodes the means of images (N, H, W, C), and measures the bound in nats an image."""
        reproduced, scores = self._compiled(state.params[AUTOENCODER], images)
        return reproduced, {name: float(value) for name, value in scores.items()}

    @cached_property
    def _compiled(self) -> Callable:
        return at_highest_precision(jax.jit(partial(bound, self.network)))

    def sample(self, state: TrainState, z: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """Decodes z (N, latent) to images (N, H, W, C) in [0, 1]."""
        del labels
        return self._decode(state.params[AUTOENCODER], z)

    @cached_property
    def _decode(self) -> Callable:
        return at_highest_precision(jax.jit(partial(self._apply, method="decode")))


def bound(network: nn.Module, params: Any, images: jax.Array) -> tuple[jax.Array, dict]:
    """Reproduces images by a variational autoencoder and measures it.

    Returns:
      The decoded means, and in nats an image {"bce" of those, "kl_nats", "negative_elbo" of a
      latent vector drawn for each}.
    """
    variables = {"params": params}
    logits, mean, log_variance = network.apply(variables, images, jax.random.key(0))
    kl = gaussian_kl(mean, log_variance)
    of_means = network.apply(variables, mean, method="decode_logits")
    return nn.sigmoid(of_means), {
        "bce": binary_cross_entropy(of_means, images),
        "kl_nats": kl,
        "negative_elbo": binary_cross_entropy(logits, images) + kl,
    }
