"""What two networks against each other must be, told before anything compiles."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from imaging_jax.models.generative import Discriminator, Generator, StyleGenerator
from train.state.train_state import leaf_name


def check_counts(**counts: int) -> None:
    """Raises a ValueError where one of the task's counts is below 1."""
    for name, value in counts.items():
        if value < 1:
            raise ValueError(f"task.{name}={value}: wanted at least 1")


def check_weights(**weights: float) -> None:
    """Raises a ValueError where one of the task's weights is negative."""
    for name, value in weights.items():
        if value < 0:
            raise ValueError(f"task.{name}={value}: wanted at least 0")


def check_roles(generator: nn.Module, discriminator: nn.Module, role: type) -> None:
    """Raises a ValueError where a network isn't of its role, such as `Generator`."""
    if not isinstance(generator, Generator):
        raise ValueError(f"model.generator: {type(generator).__name__} draws nothing")
    steered = isinstance(generator, StyleGenerator)
    if steered != issubclass(role, StyleGenerator):
        words, task = (
            ("is steered by styles", "style_adversarial")
            if steered
            else ("has no styles", "adversarial")
        )
        raise ValueError(
            f"model.generator: {type(generator).__name__} {words}; wanted task.name={task}"
        )
    if not isinstance(discriminator, Discriminator):
        raise ValueError(f"model.discriminator: {type(discriminator).__name__} judges nothing")


def check_no_batch_norm(discriminator: nn.Module) -> None:
    """Raises a ValueError where the discriminator has batch norm, under a penalty."""
    # The penalty is of each image's own gradient, which batch norm lets others change.
    image = jax.ShapeDtypeStruct((4, *discriminator.image_shape), jnp.float32)
    labels = None
    if discriminator.classes:
        labels = jax.ShapeDtypeStruct((4,), jnp.int32)
    shapes = jax.eval_shape(discriminator.init, jax.random.key(0), image, labels)
    leaves = jax.tree_util.tree_leaves_with_path(shapes.get("batch_stats", {}))
    if any(leaf_name(path).endswith("/var") for path, _ in leaves):
        raise ValueError(
            f"model.discriminator: {type(discriminator).__name__} has batch norm, which "
            "task.gradient_penalty and task.r1 rule out; wanted another normalization"
        )


def check_agreement(generator: nn.Module, discriminator: nn.Module) -> None:
    """Raises a ValueError where the networks differ in images or classes."""
    for name in ("image_shape", "classes"):
        drawn, taken = (getattr(network, name) for network in (generator, discriminator))
        if drawn != taken:
            raise ValueError(
                f"model.generator has {name} {drawn}, model.discriminator {taken}: wanted the same"
            )
