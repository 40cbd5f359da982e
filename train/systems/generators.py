"""Generators by name: what draws images, for scores and pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import pretrained
from imaging_jax.models.generative import VAE, fit_gaussian, fit_gaussian_per_class
from train.config.registry import nearest
from train.data.labelled_images import labelled_images
from train.engine.folder import is_run
from train.engine.restore import load_run
from train.state.devices import at_highest_precision
from train.systems.origin import Origin, trained_here

# Whoever has batch norm draws by the statistics of so many.
BATCH = 1_000
_OTHERS = 2**31 - 3
GAUSSIAN, GAUSSIAN_PER_CLASS = "gaussian", "gaussian_per_class"


@dataclass(frozen=True)
class GeneratorSystem(Origin):
    """Something that draws images, and where it comes from.

    Attributes, beside those of `Origin`:
      draw: (z (N, latent), labels (N,) or None) -> images (N, H, W, C), nominally in [0, 1].
      latent: numbers in z.
      truncated: likewise with psi, how far styles stay from their mean; None without styles.
      classes: how many can be asked for; 0 for none.
    """

    draw: Callable[[jax.Array, jax.Array | None], jax.Array]
    latent: int
    truncated: Callable[[jax.Array, jax.Array | None, float], jax.Array] | None = None
    classes: int = 0

    def sample(self, key: jax.Array, count: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Draws (images, labels): classes in turn, in whole batches of 1,000, or fewer at once."""
        parts = list(self._batches(key, count))
        images = np.concatenate([np.asarray(self.draw(z, labels)) for z, labels in parts])[:count]
        if not self.classes:
            return images, None
        return images, np.concatenate([labels for _, labels in parts])[:count]

    def draw_among_others(self, z: jax.Array, labels: np.ndarray | None) -> np.ndarray:
        """Draws the images of z (N, latent) in batches of half as many, filled with random ones.

        A generator with batch norm draws by the statistics of its batch; those of a few images that
        are alike would not be those that it was trained with.
        """
        most = BATCH // 2
        if len(z) > most:
            first = self.draw_among_others(z[:most], None if labels is None else labels[:most])
            rest = self.draw_among_others(z[most:], None if labels is None else labels[most:])
            return np.concatenate([first, rest])
        others = jax.random.normal(jax.random.key(_OTHERS), (BATCH - len(z), self.latent))
        if labels is not None:
            more = np.arange(len(others), dtype=np.int32) % self.classes
            labels = np.concatenate([labels, more])
        return np.asarray(self.draw(jnp.concatenate([z, others]), labels))[: len(z)]

    def _batches(self, key, count) -> Iterator[tuple]:
        for start in range(0, count, BATCH):
            size = min(BATCH, count)
            z = jax.random.normal(jax.random.fold_in(key, start // BATCH), (size, self.latent))
            labels = np.arange(size, dtype=np.int32) % self.classes if self.classes else None
            yield z, labels


def trained(run: Path) -> GeneratorSystem:
    """The best checkpoint by validation of a run folder, else its last."""
    task, state, config = load_run(run)
    if not hasattr(task, "sample"):
        raise ValueError(f"{run} is a run of task.name={config['task']['name']}, which draws none")
    network = config["model"].get("generator", config["model"])
    return GeneratorSystem(
        config["paper"] or network["name"],
        draw=partial(task.sample, state),
        latent=task.latent,
        truncated=partial(task.sample, state) if hasattr(task, "style_mixing") else None,
        classes=task.classes,
        precision=network.get("dtype", "float32"),
        **trained_here(run, config, state.variables(task.predicts)),
    )


def published(name: str) -> GeneratorSystem:
    """The decoder of a variational autoencoder's published weights."""
    entry = pretrained.WEIGHTS[name]
    network, variables = pretrained.load(name)
    decode = jax.jit(lambda z, labels: network.apply(variables, z, method="decode"))
    return GeneratorSystem(
        "vae",
        name,
        at_highest_precision(decode),
        network.latent,
        sha256=entry.sha256,
        origin="published",
        paper=entry.paper,
    )


def gaussian(components: str, images: str) -> GeneratorSystem:
    """The Gaussian model of a set with so many components, its images not clipped.

    Raises:
      ValueError: a number of components that the set hasn't.
    """
    if not components.isdigit():
        raise ValueError(f"{GAUSSIAN}:{components}: wanted a number of components")
    model = fit_gaussian(_images(images), int(components))
    return GeneratorSystem(
        GAUSSIAN,
        f"{components}_components",
        jax.jit(lambda z, labels: model.decode(z * jnp.sqrt(model.eigenvalues))),
        int(components),
        precision="float32, not clipped",
    )


def gaussian_per_class(images: str) -> GeneratorSystem:
    """A Gaussian model a class, its images clipped to [0, 1]."""
    labels = labelled_images(images)[1]
    model = fit_gaussian_per_class(_images(images), labels, int(labels.max()) + 1)
    decode = jax.jit(lambda z, labels: jnp.clip(model.draw(z, labels), 0.0, 1.0))
    latent = model.models.eigenvalues.shape[-1]
    return GeneratorSystem(
        GAUSSIAN_PER_CLASS,
        f"{latent}_components",
        decode,
        latent,
        classes=int(labels.max()) + 1,
        precision="float32, clipped",
    )


def _images(name: str) -> np.ndarray:
    return labelled_images(name)[0].astype(np.float32) / 255.0


def generator(name: str, images: str) -> GeneratorSystem:
    """Opens a generator by name.

    Args:
      name: a run folder, weights of a variational autoencoder, "gaussian:<components>" or
        "gaussian_per_class".
      images: the set to which a Gaussian is fitted.

    Raises:
      ValueError: nothing of that name, with the nearest.
    """
    if is_run(Path(name)):
        return trained(Path(name))
    kind, _, rest = name.partition(":")
    if kind == GAUSSIAN:
        return gaussian(rest, images)
    if name == GAUSSIAN_PER_CLASS:
        return gaussian_per_class(images)
    decoders = [key for key, entry in pretrained.WEIGHTS.items() if entry.model is VAE]
    if name in decoders:
        return published(name)
    known = [f"{GAUSSIAN}:<components>", GAUSSIAN_PER_CLASS, *decoders]
    raise ValueError(f"{name!r} is no run folder and no known generator; {nearest(name, known)}")
