"""Denoisers learnt from noisy images alone: no target is ever clean."""

from typing import Any, ClassVar, get_args

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.losses import Replacement, blind_spots, masked_mse, noisier2noise_estimate
from imaging_jax.operators import correlated_noise
from train.data.fields import Fields
from train.tasks.restoration import Restoration, by_channels
from train.tasks.supervised import NETWORK


class NoisyImages(Restoration):
    """A network that takes a noisy image of its own size, and no level.

    Args:
      network: as of `Restoration`.
      sigma: standard deviation of the noise, of 255; 0 where it isn't known.
      correlation: standard deviation of the Gaussian filter that the noise went through, in
        pixels; 0 for white noise.
      clean_images: the images of the data are clean, and noise is drawn on them, as in
        experiments; otherwise they have it already.

    The others are those of `Restoration`.

    Raises:
      ValueError: numbers below 0, clean images without a level, or a network that takes more.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: dict[str, Any],
        steps: int,
        sigma: float = 0.0,
        correlation: float = 0.0,
        clean_images: bool = False,
        colour: str = "rgb",
        loss: str = "mse",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        for key, value in (("sigma", sigma), ("correlation", correlation)):
            if not value >= 0:
                raise ValueError(f"task.{key}={value}: wanted a number, at least 0")
        if clean_images and not sigma:
            raise ValueError("task.sigma=0: wanted the level of noise that clean images are given")
        if network.takes != ("image",):
            raise ValueError(
                f"model.name: {type(network).__name__} takes {', '.join(network.takes)}; learning "
                "without clean images wants a denoiser of an image alone"
            )
        super().__init__(network, optimizer, steps, colour, loss, accumulate, ema_decay)
        self.sigma = sigma
        self.correlation = correlation
        self.clean_images = clean_images

    @property
    def options(self) -> dict[str, tuple[int, ...]]:
        """The level that clean images were given, if that is a whole number; else one scale."""
        known = self.clean_images and self.sigma == int(self.sigma)
        return {"sigma": (int(self.sigma),)} if known else {"scale": (1,)}

    def apply(self, variables: Any, inputs: dict, **options: int) -> dict[str, jax.Array]:
        """Denoises images (N, H, W, 1 or 3)."""
        del options
        network = lambda x: self.network.apply(variables[NETWORK], x)  # noqa: E731
        image = by_channels(network, inputs["image"], self.network.channels)
        return {"image": image.astype(jnp.float32)}

    def _noisy(self, key, images):
        """The images as they come, or with noise drawn on them."""
        images = self.seen(images)
        if not self.clean_images:
            return images
        return correlated_noise(key, images, self.sigma / 255, self.correlation)


class Noise2Noise(NoisyImages):
    """Predicts one noisy image of a scene from another.

    Where the images aren't clean, a batch holds both: "image" and "target".

    Source: Lehtinen, Munkberg, Hasselgren, Laine, Karras, Aittala, Aila, "Noise2Noise: learning
    image restoration without clean data", ICML 2018.
    """

    @property
    def learns(self) -> Fields:
        """Clean images, or two noisy ones of a scene."""
        image = super().learns["image"]
        return {"image": image} if self.clean_images else {"image": image, "target": image}

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """Two noisy images of each scene, either as the target."""
        first_key, second_key, order_key = jax.random.split(key, 3)
        first = self._noisy(first_key, batch["image"])
        second = self._noisy(second_key, batch["image" if self.clean_images else "target"])
        turned = jax.random.bernoulli(order_key, shape=(len(first), 1, 1, 1))
        return (jnp.where(turned, second, first),), jnp.where(turned, first, second)


class Noise2Void(NoisyImages):
    """Predicts pixels from those around them alone, of one noisy image a scene.

    What it learns is right where the noise of a pixel tells nothing of that of its neighbours. A
    network that adds to its image passes the median of a window on instead of learning: it wants
    the replacement "uniform".

    Args:
      box: see `imaging_jax.losses.blind_spots`, as for the others.
      radius: likewise.
      replacement: likewise.

    The others are those of `NoisyImages`.

    Raises:
      ValueError: as `NoisyImages`, or what `blind_spots` doesn't take.

    Source: Krull, Buchholz, Jug, "Noise2Void: learning denoising from single noisy images", CVPR
    2019.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: dict[str, Any],
        steps: int,
        sigma: float = 0.0,
        correlation: float = 0.0,
        clean_images: bool = False,
        box: int = 8,
        radius: int = 2,
        replacement: str = "uniform",
        colour: str = "rgb",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        super().__init__(
            network, optimizer, steps, sigma, correlation, clean_images, colour,
            accumulate=accumulate, ema_decay=ema_decay,
        )  # fmt: skip
        if min(box, radius) < 1 or replacement not in get_args(Replacement):
            raise ValueError(
                f"task.box={box}, task.radius={radius}, task.replacement={replacement!r}: wanted "
                f"whole numbers above 0 and one of {', '.join(get_args(Replacement))}"
            )
        self.spots = {"box": box, "radius": radius, "replacement": replacement}
        self.loss = lambda prediction, target: masked_mse(prediction, *target)

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, tuple]:
        """The noisy images with pixels hidden; they as they are, and where."""
        noise_key, spot_key = jax.random.split(key)
        noisy = self._noisy(noise_key, batch["image"])
        hidden, mask = blind_spots(spot_key, noisy, **self.spots)
        return (hidden,), (noisy, mask)


class Noisier2Noise(NoisyImages):
    """Predicts a noisy image from the same with more noise of a law that is known.

    Args:
      sigma: known, as of `NoisyImages`.
      alpha: strength of the noise that is added, of that which is there.
      draws: of added noise, over which an application takes the mean.

    The others are those of `NoisyImages`.

    Source: Moran, Schmidt, Zhong, Coady, "Noisier2Noise: learning to denoise from unpaired noisy
    data", CVPR 2020.
    """

    whole: ClassVar[str] = "noise is added to all of it"

    def __init__(
        self,
        network: nn.Module,
        optimizer: dict[str, Any],
        steps: int,
        sigma: float,
        correlation: float = 0.0,
        clean_images: bool = False,
        alpha: float = 0.5,
        draws: int = 4,
        colour: str = "rgb",
        accumulate: int = 1,
        ema_decay: float = 0.0,
    ):
        if not (sigma > 0 and alpha > 0 and draws > 0):
            raise ValueError(
                f"task.sigma={sigma}, task.alpha={alpha}, task.draws={draws}: wanted numbers above "
                "0; the level of the noise must be known"
            )
        super().__init__(
            network, optimizer, steps, sigma, correlation, clean_images, colour,
            accumulate=accumulate, ema_decay=ema_decay,
        )  # fmt: skip
        self.alpha = alpha
        self.draws = draws

    def pair(self, key: jax.Array, batch: dict[str, jax.Array]) -> tuple[tuple, jax.Array]:
        """The images with added noise, and the noisy ones."""
        noise_key, added_key = jax.random.split(key)
        noisy = self._noisy(noise_key, batch["image"])
        return (self._noisier(added_key, noisy),), noisy

    def apply(self, variables: Any, inputs: dict, **options: int) -> dict[str, jax.Array]:
        """Denoises images (N, H, W, 1 or 3): the mean over draws of added noise."""

        def of_one_draw(key):
            added = self._noisier(key, jnp.zeros_like(inputs["image"][:1]))
            noisier = inputs["image"] + added
            predicted = super(Noisier2Noise, self).apply(variables, {"image": noisier}, **options)
            return noisier2noise_estimate(predicted["image"], noisier, self.alpha)

        # The same draws for all pictures: what one becomes depends on nothing but itself.
        keys = jax.random.split(jax.random.key(0), self.draws)
        return {"image": jnp.mean(jax.lax.map(of_one_draw, keys), axis=0)}

    def _noisier(self, key, noisy):
        return correlated_noise(key, noisy, self.alpha * self.sigma / 255, self.correlation)
