"""Pictures of what a generator draws: grids, classes, walks between images, arithmetic."""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from imaging_jax import pretrained
from imaging_jax.metrics import nearest_neighbors
from imaging_jax.transforms import attribute_arithmetic, slerp
from train.data.data_sets import data_set
from train.scoring import pictures
from train.scoring.protocols.generation import BATCH, middle
from train.scoring.protocols.judges import look
from train.systems.system import System

_ROWS, _COLUMNS = 10, 10
_OTHERS = 2**31 - 3
_PSIS = np.linspace(0.0, 1.0, _COLUMNS)


def numbers(system: System) -> int:
    """How many numbers the latent vectors of a generator have.

    Raises:
      ValueError: a system that draws no images of them.
    """
    if "latent" not in system.takes or "image" not in system.gives:
        raise ValueError(f"{system.name} ({system.weights}) draws no images from latent vectors")
    return system.takes["latent"].shape[0]


def draw(system: System, key: jax.Array, count: int) -> np.ndarray:
    """Draws images (count, H, W, C) at once; where there are classes, in turns."""
    z = jax.random.normal(key, (count, numbers(system)))
    labels = np.arange(count, dtype=np.int32) % system.classes if system.classes else None
    return _drawn(system, z, labels)


def draw_among_others(system: System, z: jax.Array, labels: np.ndarray | None) -> np.ndarray:
    """Draws the images of z (N, latent) in batches of half as many, filled with random ones.

    A generator with batch norm draws by the statistics of its batch; those of a few images that
    are alike would not be those that it was trained with.
    """
    most = BATCH // 2
    if len(z) > most:
        first = draw_among_others(system, z[:most], None if labels is None else labels[:most])
        rest = draw_among_others(system, z[most:], None if labels is None else labels[most:])
        return np.concatenate([first, rest])
    others = jax.random.normal(jax.random.key(_OTHERS), (BATCH - len(z), numbers(system)))
    if labels is not None:
        more = np.arange(len(others), dtype=np.int32) % system.classes
        labels = np.concatenate([labels, more])
    return _drawn(system, jnp.concatenate([z, others]), labels)[: len(z)]


def _drawn(system: System, z, labels, **options: float) -> np.ndarray:
    inputs = {"latent": z} if labels is None else {"latent": z, "label": labels}
    return np.asarray(system.apply(inputs, **options)["image"])


def samples(system: System, key: jax.Array) -> np.ndarray:
    """A hundred images; where there are classes, in turns."""
    drawn = draw(system, key, BATCH)
    return pictures.grid(drawn[: _ROWS * _COLUMNS], _COLUMNS)


def classes(system: System, key: jax.Array) -> np.ndarray:
    """A row for each class; the images of a column share their latent vector.

    Raises:
      ValueError: a generator without classes.
    """
    if not system.classes:
        raise ValueError(f"{system.weights} has no classes to show")
    z = jax.random.normal(key, (_COLUMNS, numbers(system)))
    z = jnp.tile(z, (system.classes, 1))
    labels = np.repeat(np.arange(system.classes, dtype=np.int32), _COLUMNS)
    return pictures.grid(draw_among_others(system, z, labels), _COLUMNS)


def interpolations(system: System, key: jax.Array) -> np.ndarray:
    """Rows that walk from one random latent vector to another along the great circle."""
    start, end = jax.random.normal(key, (2, _ROWS, numbers(system)))
    walk = slerp(start, end, jnp.linspace(0.0, 1.0, _COLUMNS))
    z = walk.swapaxes(0, 1).reshape(-1, numbers(system))
    labels = None
    if system.classes:
        labels = np.repeat(np.arange(_ROWS, dtype=np.int32) % system.classes, _COLUMNS)
    return pictures.grid(draw_among_others(system, z, labels), _COLUMNS)


def truncations(system: System, key: jax.Array) -> np.ndarray:
    """Rows of one latent vector each, from psi = 0, the mean style, to 1.

    Raises:
      ValueError: a generator without styles.
    """
    if "psi" not in (system.options or {}):
        raise ValueError(f"{system.weights} has no styles to truncate")
    z = jax.random.normal(key, (_ROWS, numbers(system)))
    labels = np.arange(_ROWS, dtype=np.int32) % system.classes if system.classes else None
    columns = [np.asarray(_drawn(system, z, labels, psi=float(psi))) for psi in _PSIS]
    return pictures.grid(np.stack(columns, axis=1).reshape(-1, *columns[0].shape[1:]), _COLUMNS)


def neighbors(system: System, key: jax.Array, images: str) -> tuple[np.ndarray, float]:
    """Rows of drawn images and, below each, its nearest training image.

    Returns:
      The picture, and the median distance of drawn images to the training images over that of a
      thousand of these, held back, to the others: far below 1 for copies.
    """
    training = data_set(images).floats("image")
    # At random: sets are sorted by who wrote their digits.
    training = training[np.random.default_rng(0).permutation(len(training))]
    held_back, training = training[:BATCH], training[BATCH:]
    drawn = middle(draw(system, key, BATCH), training.shape[1:])
    indices, distances = nearest_neighbors(drawn, training)
    _, usual = nearest_neighbors(held_back, training)
    pairs = [
        part
        for start in range(0, 4 * _COLUMNS, _COLUMNS)
        for part in (
            drawn[start : start + _COLUMNS],
            training[np.asarray(indices[start : start + _COLUMNS])],
        )
    ]
    ratio = float(np.median(distances) / np.median(usual))
    return pictures.grid(np.concatenate(pairs), _COLUMNS), ratio


def arithmetic(
    system: System, key: jax.Array, judge: str, trials: int, group: int
) -> tuple[np.ndarray, float]:
    """Adds the difference of two groups of one class to a group of another, which should stay.

    The mean of latent vectors whose images the judge gives class a, plus that of some of class b,
    minus that of others of b, makes an image of class a: the more so, the larger the groups are.

    Returns:
      A picture with a row for each of the first ten trials (the three groups' first images and the
      result), and the share of the trials that the judge finds right.

    Raises:
      ValueError: a generator with classes of its own, or one that draws a single class.
    """
    if system.classes:
        raise ValueError(f"{system.weights} is told its class: arithmetic would add nothing")
    z, by_class = _judged_latents(system, key, judge, group)
    trial_keys = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    operands = list(_operands(trial_keys, by_class, trials, group))
    sums = jnp.stack(
        [
            attribute_arithmetic(z[base], z[with_b], z[without_b])
            for _, base, with_b, without_b in operands
        ]
    )
    drawn = draw_among_others(system, sums, None)
    found = _classes(judge, drawn)
    share = float(np.mean(found == [wanted for wanted, *_ in operands]))
    shown = [
        image
        for index, (_, *groups) in enumerate(operands[:_ROWS])
        for image in (
            *draw_among_others(system, z[np.array([group[0] for group in groups])], None),
            drawn[index],
        )
    ]
    return pictures.grid(np.stack(shown), 4), share


def _classes(judge: str, drawn: np.ndarray) -> np.ndarray:
    side = pretrained.WEIGHTS[judge].side
    return np.argmax(look(judge, middle(drawn, (side, side)))[1], axis=-1)


def _judged_latents(system, key, judge, group) -> tuple[jax.Array, dict[int, np.ndarray]]:
    z = jax.random.normal(jax.random.fold_in(key, 1), (BATCH, numbers(system)))
    judged = _classes(judge, np.asarray(_drawn(system, z, None)))
    groups = {int(c): np.flatnonzero(judged == c) for c in np.unique(judged)}
    groups = {c: members for c, members in groups.items() if len(members) >= 2 * group}
    if len(groups) < 2:
        raise ValueError(
            f"{system.weights} draws fewer than two classes with {2 * group} images in {BATCH}: "
            "nothing to add"
        )
    return z, groups


def _operands(random: np.random.Generator, by_class, trials, group) -> Iterator[tuple]:
    for _ in range(trials):
        a, b = random.choice(list(by_class), 2, replace=False)
        base = random.choice(by_class[a], group, replace=False)
        both = random.choice(by_class[b], 2 * group, replace=False)
        yield a, base, both[:group], both[group:]


PICTURES: dict[str, Callable[[System, jax.Array], np.ndarray]] = {
    "samples": samples,
    "classes": classes,
    "interpolations": interpolations,
    "truncations": truncations,
}
