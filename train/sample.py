"""`python -m train.sample --system=runs/gan_mnist`: pictures of what a generator draws."""

import sys
from pathlib import Path

from absl import app, flags

from train import command

_SYSTEM = flags.DEFINE_string("system", None, "A run folder, gaussian:<components>:<set>, …")
_IMAGES = flags.DEFINE_string("images", "digits", "Real images, for neighbors.")
_SHOW = flags.DEFINE_list(
    "show",
    ["samples"],
    "Of samples, classes, interpolations, truncations, neighbors, arithmetic.",
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "A folder. Default: pictures/ of the run, or samples/."
)
_SEED = flags.DEFINE_integer("seed", 0, "Another one draws others.")
_JUDGE = flags.DEFINE_string(
    "judge", "lenet5_mnist_csinva", "Weights of the classifier that arithmetic asks."
)
_GROUP = flags.DEFINE_integer(
    "group",
    10,
    "Latent vectors whose mean is an operand of arithmetic; the paper's were three.",
    lower_bound=1,
)
_TRIALS = flags.DEFINE_integer("trials", 100, "Sums that arithmetic tries.", lower_bound=1)


def _main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        raise ValueError(f"arguments that aren't flags: {' '.join(arguments[1:])}")
    if _SYSTEM.value is None:
        raise ValueError("--system is missing: a run folder, or gaussian:<components>:<set>")
    import jax

    from train.config.registry import look_up
    from train.data import images
    from train.engine.folder import is_run
    from train.scoring import drawings
    from train.systems.catalogue import system as open_system

    known = {**drawings.PICTURES, "neighbors": None, "arithmetic": None}
    for name in _SHOW.value:
        look_up(known, name, "--show")
    system = open_system(_SYSTEM.value)
    drawings.numbers(system)
    run = Path(_SYSTEM.value)
    folder = Path(_OUTPUT.value or (run / "pictures" if is_run(run) else "samples"))
    key = jax.random.key(_SEED.value)
    for name in _SHOW.value:
        if name == "neighbors":
            picture, ratio = drawings.neighbors(system, key, _IMAGES.value)
            print(
                f"{name}: median distance to the nearest training image {ratio:.2f} times that of "
                "real images"
            )
        elif name == "arithmetic":
            picture, share = drawings.arithmetic(
                system, key, _JUDGE.value, _TRIALS.value, _GROUP.value
            )
            print(f"{name}: {share:.0%} of {_TRIALS.value} sums judged right")
        else:
            picture = drawings.PICTURES[name](system, key)
        file = folder / f"{name}.png"
        images.write(file, images.to_rgb(images.from_float(picture)))
        print(file)


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
