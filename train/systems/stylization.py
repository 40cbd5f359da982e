"""Pictures in the style of another: by optimisation, or by the statistics of features."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from imaging_jax import pretrained
from imaging_jax.operators import resize
from imaging_jax.solvers import style_cascade, style_objective, style_transfer
from imaging_jax.transforms import adaptive_instance_normalization, whitening_coloring
from train.config.console import say
from train.data import images
from train.data.fields import picture
from train.engine.folder import is_run
from train.systems.system import Origin, System

STYLIZATION = "stylization"
FEATURES = "distilled_vgg19_4"
STEPS = 200
# What is applied to the features, and of which levels, the first to be applied first.
TRANSFORMS = {
    "adain": (adaptive_instance_normalization, (4,)),
    "wct": (whitening_coloring, (4, 3, 2, 1)),
}
_RGB = {"image": picture(3)}


def by_statistics(method: str, style: np.ndarray, alpha: float = 1.0) -> System:
    """Gives features of pictures the style's statistics, and decodes them.

    The encoders and decoders are those of a small copy of VGG-19. AdaIN goes through the deepest,
    whose decoder was trained for reconstruction alone, as no decoder of AdaIN's is at hand.

    Args:
      method: "adain" or "wct".
      style: (h, w, 3) in [0, 1]; its longer side is brought to that of each picture.
      alpha: share of the transformed features, in [0, 1].
    """
    transform, levels = TRANSFORMS[method]
    stages = [_stage(level) for level in levels]
    encode = stages[0][0]

    def apply(inputs, scale=1):
        del scale
        styled = []
        for image in _each(inputs):
            beside = _beside(style, image, encode)
            styled.append(style_cascade(image, beside, stages, transform, alpha=alpha))
        return {"image": jnp.clip(jnp.stack(styled), 0, 1)}

    return _system(method, f"distilled_vgg19_{levels[0]}", apply, {"alpha": alpha})


def gatys(
    style: np.ndarray,
    features: str = FEATURES,
    steps: int = STEPS,
    start: str = "content",
    optimizer: str = "adam",
    shown: bool = False,
) -> System:
    """Optimises each picture itself, see `imaging_jax.solvers.style_transfer`.

    Args:
      style: (h, w, 3) in [0, 1]; its longer side is brought to that of each picture.
      features: see `imaging_jax.pretrained.load_features`. The content is told by "relu4_2", or
        where there is none by the map before the last, the style by the first map of each block.
      steps: of the optimizer.
      start: "content", or "noise" for uniform noise.
      optimizer: "adam" or "lbfgs".
      shown: whether a bar shows the steps, and the losses are said at the end.
    """
    of_image = _features(features)

    def apply(inputs, scale=1):
        del scale
        styled = [_optimised(image, _beside(style, image, of_image)) for image in _each(inputs)]
        return {"image": jnp.stack(styled)}

    def _optimised(image, beside):
        names = list(jax.eval_shape(of_image, image))
        of_content = "relu4_2" if "relu4_2" in names else names[-2:][0]
        of_style = [name for name in names if name.endswith("_1")]
        objective = style_objective(image, beside, of_image, [of_content], of_style)
        x0 = image if start == "content" else jax.random.uniform(jax.random.key(0), image.shape)
        with tqdm(total=steps, desc="gatys", unit="step", disable=not shown, leave=False) as bar:
            found = style_transfer(
                objective, of_image, x0, optimizer=optimizer, steps=steps, progress=_told(bar)
            )
        if shown:
            begun, left = found.start, found.end
            say(", ".join(f"{key} {begun[key]:.3g} -> {left[key]:.3g}" for key in left))
        return found.x

    settings = {"steps": steps, "start": start, "optimizer": optimizer}
    return _system("gatys", Path(features).stem, apply, settings)


def read_style(path: Path) -> np.ndarray:
    """Reads a painting as (h, w, 3) in [0, 1], without its alpha.

    Raises:
      ValueError: not a picture, or not one of grey or colours; names the file.
    """
    found = images.read(path)
    if found.bands not in (1, 3):
        raise ValueError(f"{path}: it has {found.bands} bands; wanted a style of grey or colours")
    return images.to_rgb(images.to_float(found.pixels[..., : found.bands], found.white))


def check_method(name: str) -> None:
    """Raises a ValueError where a method is none of ours, no run and no weights of a style."""
    if name in SYSTEMS:
        return
    styles = [key for key, entry in pretrained.WEIGHTS.items() if entry.task == STYLIZATION]
    if name not in styles and not is_run(Path(name)) and not Path(name).is_file():
        known = ", ".join([*sorted(SYSTEMS), *styles])
        raise ValueError(f"--method={name}: known are {known}, or a run of task {STYLIZATION}")


def check_stylizes(system: System) -> System:
    """Returns the system; a ValueError where it was trained here for another task."""
    config = (system.origin.training or {}).get("config")
    task = config["task"]["name"] if config else STYLIZATION
    if task != STYLIZATION:
        raise ValueError(f"{system.weights} was trained for {task}; it gives no style")
    return system


def _system(method: str, weights: str, apply: Callable, settings: dict) -> System:
    return System(
        method,
        weights,
        apply,
        Origin("published", settings=settings),
        takes=_RGB,
        gives=_RGB,
        options={"scale": (1,)},
    )


def _stage(level: int) -> tuple[Callable, Callable]:
    """Encoder and decoder of a level."""
    features = pretrained.load_features(f"distilled_vgg19_{level}")
    decoder, variables = pretrained.load(f"distilled_vgg19_decoder_{level}")
    encode = jax.tree_util.Partial(partial(_map, f"relu{level}_1"), features)
    return encode, jax.tree_util.Partial(decoder.apply, variables)


def _map(name, features, x):
    return features(x)[name]


def _features(source: str) -> Callable[[jax.Array], dict[str, jax.Array]]:
    """The maps of `source` in levels of 255, by which weights of the objective are scaled."""
    if source in pretrained.WEIGHTS:
        return pretrained.load_features(source)
    if not Path(source).is_file():
        known = [name for name, entry in pretrained.WEIGHTS.items() if entry.task == "features"]
        raise ValueError(f"--features={source}: no file of VGG-19; known: {', '.join(known)}")
    module, variables = pretrained.load_vgg19(source)
    levels = 255 * float(np.mean(module.deviation))
    return jax.tree_util.Partial(_scaled, jax.tree_util.Partial(module.apply, variables), levels)


def _scaled(features, levels, x):
    return {name: levels * found for name, found in features(x).items()}


def _each(inputs: dict) -> list[jax.Array]:
    found = jnp.asarray(inputs["image"], jnp.float32)
    return list(jnp.repeat(found, 3, axis=-1) if found.shape[-1] == 1 else found)


def _beside(style: np.ndarray, image: jax.Array, encode: Callable) -> jax.Array:
    """The style with the longer side of the image; both are checked before anything compiles."""
    shape = images.longer_side_at(style.shape, max(image.shape[:2]))
    for name, (height, width) in (("content", image.shape[:2]), ("style", shape)):
        try:
            jax.eval_shape(encode, jax.ShapeDtypeStruct((height, width, 3), np.float32))
        except ValueError as error:
            raise ValueError(f"the {name}, taken at {width}x{height} pixels: {error}") from None
    return jnp.clip(resize(jnp.asarray(style, jnp.float32), shape=shape), 0, 1)


def _told(bar: tqdm) -> Callable[[int, float], None]:
    def progress(done: int, value: float) -> None:
        bar.update(done - bar.n)
        bar.set_postfix_str(f"loss {value:.3f}")

    return progress


# By name, what opens them of the file of a painting.
SYSTEMS: dict[str, Callable[[str], System]] = {
    **{name: lambda path, name=name: by_statistics(name, read_style(Path(path)))
       for name in TRANSFORMS},
    "gatys": lambda path: gatys(read_style(Path(path))),
}  # fmt: skip
