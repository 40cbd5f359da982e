"""Systems made of systems: the self-ensemble, and one after the other."""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np

from imaging_jax.models.super_resolution import self_ensemble
from train.config.registry import positive
from train.data.fields import PICTURE, check_fields
from train.systems.system import Apply, Origin, System


def at_level(opened: System, sigma: str) -> System:
    """A denoiser that is told one level of noise, of 255, whatever else it is told.

    Raises:
      ValueError: a system that is told no level, or a level that isn't positive or isn't served.
    """
    name = f"at_level:{opened.weights}:{sigma}"
    level = positive(sigma, name, "a level of noise, of 255, above 0")
    opened.check(sigma=level)
    if "sigma" not in (opened.options or {}):
        raise ValueError(f"{name}: wanted a denoiser that is told its level")
    settings = {**opened.origin.settings, "sigma_255": level}
    return dataclasses.replace(
        opened,
        weights=f"{opened.weights}_{sigma}",
        apply=lambda inputs, **_: opened.apply(inputs, sigma=level),
        origin=dataclasses.replace(opened.origin, settings=settings),
        options={"scale": (1,)},
        pure=opened.pure and (lambda inputs, **_: opened.pure(inputs, sigma=level)),
    )


def with_self_ensemble(single: System) -> System:
    """The system marked "+" in the papers: the mean of eight turned and mirrored answers.

    Raises:
      ValueError: a system that doesn't make images of images.
    """
    if "image" not in single.takes or "image" not in single.gives:
        raise ValueError(f"{single.name}+: {single.weights} makes no images of images")

    def eightfold(apply: Apply, image: type) -> Apply:
        def answer(inputs, **options):
            one = lambda x: image(apply({"image": x}, **options)["image"])  # noqa: E731
            return {"image": self_ensemble(one, jnp.asarray(inputs["image"]))}

        return answer

    paper = f"{single.origin.paper}+" if single.origin.paper else ""
    return dataclasses.replace(
        single,
        name=f"{single.name}+",
        apply=eightfold(single.apply, lambda x: np.asarray(x, np.float32)),
        pure=eightfold(single.pure, jnp.asarray) if single.pure else None,
        origin=dataclasses.replace(single.origin, paper=paper),
    )


def chain(first: System, second: System) -> System:
    """Restores at the image's own size by `first`, then enlarges by `second`.

    Raises:
      ValueError: `first` doesn't serve scale 1, or gives no images that `second` takes.
    """
    first.check(scale=1)
    check_fields(first.gives, {"image": PICTURE}, first.name, second.name)
    check_fields(second.takes, {"image": PICTURE}, second.name, "a chain")

    def in_turn(one: Apply, other: Apply) -> Apply:
        return lambda inputs, **options: other(one(inputs, scale=1), **options)

    a, b = first.origin, second.origin
    return System(
        f"{first.name}, {second.name}",
        f"{first.weights}, {second.weights}",
        in_turn(first.apply, second.apply),
        Origin(
            "trained here" if "trained here" in (a.kind, b.kind) else b.kind,
            sha256=", ".join(filter(None, (a.sha256, b.sha256))),
            seed=a.seed if b.seed is None else b.seed,
            training={"first": a.training, "second": b.training},
            precision=b.precision,
            settings={"first": a.settings, "second": b.settings},
        ),
        first.takes,
        second.gives,
        options=second.options,
        pure=in_turn(first.pure, second.pure) if first.pure and second.pure else None,
        assets=second.assets,
        whole=first.whole or second.whole,
        period=math.lcm(first.period, second.period),
    )
