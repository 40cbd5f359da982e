"""`python -m train.sample --system=runs/gan_mnist`: what a generator draws, pictures or words."""

import math
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
_SEED = flags.DEFINE_integer(
    "seed", 0, "Another one draws others.", lower_bound=0, upper_bound=2**32 - 1
)
_JUDGE = flags.DEFINE_string(
    "judge", "lenet5_mnist_csinva", "Weights of the classifier that arithmetic asks."
)
_GROUP = flags.DEFINE_integer(
    "group",
    10,
    "Latent vectors whose mean is an operand of arithmetic; the paper's were three.",
    lower_bound=1,
)
_PROMPT = flags.DEFINE_string("prompt", "\n", "Words that a language model continues.")
_LENGTH = flags.DEFINE_integer("length", 500, "Characters that it draws.", lower_bound=1)
_TEMPERATURE = flags.DEFINE_float("temperature", 0.8, "The lower, the more probable its words.")
_TOP_K = flags.DEFINE_integer(
    "top_k", None, "It draws among so many most probable characters.", lower_bound=1
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
    from train.systems.continuation import continues

    known = {**drawings.PICTURES, "neighbors": None, "arithmetic": None}
    for name in _SHOW.value:
        look_up(known, name, "--show")
    system = open_system(_SYSTEM.value)
    words, pictures = (_PROMPT, _LENGTH, _TEMPERATURE, _TOP_K), (_IMAGES, _SHOW, _OUTPUT, _JUDGE)
    if continues(system):
        command.refuse_flags((*pictures, _GROUP, _TRIALS), f"{_SYSTEM.value} draws words")
        _continue(system)
        return
    command.refuse_flags(words, f"{_SYSTEM.value} draws no words")
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


def _continue(system) -> None:
    from train.systems.continuation import continued

    if not 0 < _TEMPERATURE.value < math.inf:
        raise ValueError(f"--temperature={_TEMPERATURE.value}: wanted above 0")
    values = (_SEED.value, _LENGTH.value, _TEMPERATURE.value, _TOP_K.value)
    print(_PROMPT.value + continued(system, _PROMPT.value, *values))


def main() -> None:
    """The command line."""
    app.run(command.reports(_main), flags_parser=command.parse_flags)


if __name__ == "__main__":
    sys.exit(main())
