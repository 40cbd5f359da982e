"""Systems in closed form: Gaussians that draw images of a set, and its principal components."""

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax.models.generative import fit_gaussian, fit_gaussian_per_class
from train.data.data_set import DataSet
from train.data.data_sets import data_set
from train.data.fields import Field
from train.state.devices import at_highest_precision
from train.systems.system import Origin, System, latent


def gaussian(components: str, images: str) -> System:
    """The Gaussian model of a set with so many components, its images not clipped.

    Raises:
      ValueError: a number of components that the set hasn't.
    """
    fitted = data_set(images)
    model = fit_gaussian(_images(fitted), _count(f"gaussian:{components}:{images}", components))
    draw = jax.jit(lambda z: model.decode(z * jnp.sqrt(model.eigenvalues)))
    return System(
        "gaussian",
        f"{components}_components_of_{images}",
        lambda inputs: {"image": draw(inputs["latent"])},
        Origin("fitted", precision="float32, not clipped"),
        {"latent": latent(int(components))},
        {"image": _image_of(fitted)},
    )


def gaussian_per_class(images: str) -> System:
    """A Gaussian model a class, its images clipped to [0, 1]."""
    fitted = data_set(images)
    label = fitted.fields.get("label")
    if label is None:
        raise ValueError(f"gaussian_per_class:{images}: its images have no labels")
    classes = int(label.range[1])
    model = fit_gaussian_per_class(_images(fitted), fitted.arrays["label"], classes)
    draw = jax.jit(lambda z, labels: jnp.clip(model.draw(z, labels), 0.0, 1.0))
    numbers = model.models.eigenvalues.shape[-1]
    return System(
        "gaussian_per_class",
        f"{numbers}_components_of_{images}",
        lambda inputs: {"image": draw(inputs["latent"], inputs["label"])},
        Origin("fitted", precision="float32, clipped"),
        {"latent": latent(numbers), "label": label},
        {"image": _image_of(fitted)},
    )


def principal_components(components: str, images: str) -> System:
    """So many principal components of a set, which give back what they span.

    Raises:
      ValueError: a number of components that the set hasn't.
    """
    fitted = data_set(images)
    model = fit_gaussian(_images(fitted), _count(f"pca:{components}:{images}", components))
    reproduce = at_highest_precision(jax.jit(model.reconstruct))
    image = _image_of(fitted)
    return System(
        "pca",
        f"{components}_components_of_{images}",
        lambda inputs: {"image": reproduce(jnp.asarray(inputs["image"], jnp.float32))},
        Origin("fitted"),
        {"image": image},
        {"image": image},
    )


def _count(name: str, components: str) -> int:
    if not components.isdigit():
        raise ValueError(f"{name}: wanted a number of components and a set")
    return int(components)


def _images(fitted: DataSet) -> np.ndarray:
    fitted.check_one_size()
    return fitted.floats("image")


def _image_of(fitted: DataSet) -> Field:
    return Field(fitted.fields["image"].shape, "float32", "image", (0.0, 1.0))
