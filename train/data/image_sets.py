"""Sets of images by name, by folder, or from TFDS: what is trained on and what is scored."""

import os
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from imaging_jax.data_root import under_data
from train.config.registry import look_up, nearest
from train.data import images
from train.data.drawn import HELD_BACK_KEY

SCIKIT_IMAGE = ("astronaut", "coffee", "chelsea", "rocket", "motorcycle")


class ImageSet(Sequence):
    """A named sequence of images, read when asked for.

    Attributes:
      name: as it stands in tables.
      names: one an image.
      load: index -> a picture, or its bare pixels (H, W, C), uint8 or uint16, alpha included.
      files: where each comes from, in messages; None names set and image.
    """

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        load: Callable[[int], images.Picture | np.ndarray],
        files: Sequence[Path] | None = None,
    ):
        self.name = name
        self.names = list(names)
        self.load = load
        self.files = list(files or [Path(name, n) for n in self.names])

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> np.ndarray:
        return self._picture(index).pixels

    def colours(self, index: int) -> np.ndarray:
        """Image `index` as networks are trained and scored: (H, W, 1 or 3) uint8, without alpha.

        Raises:
          ValueError: other bands; names the image.
        """
        picture = self._picture(index)
        if picture.bands not in (1, 3):
            raise ValueError(
                f"{self.files[index]} has {picture.bands} bands; training and scoring take 1 or "
                "3: write those you mean into a file of their own"
            )
        return images.to_uint8(picture.pixels[..., : picture.bands], picture.white)

    def _picture(self, index: int) -> images.Picture:
        if not 0 <= index < len(self):
            raise IndexError(f"{self.name} has {len(self)} images, asked for {index}")
        loaded = self.load(index)
        if isinstance(loaded, images.Picture):
            return loaded
        try:
            return images.Picture.of(loaded)
        except ValueError as error:
            raise ValueError(f"{self.files[index]}: {error}") from None

    def part(self, name: str, indices: Sequence[int]) -> "ImageSet":
        """The set of some of its images, under another name."""
        indices = list(indices)
        names, files = ([every[i] for i in indices] for every in (self.names, self.files))
        return ImageSet(name, names, lambda i: self.load(indices[i]), files)


def folder(path: str | Path, name: str | None = None, levels: float | None = None) -> ImageSet:
    """The images of a folder and its subfolders, in order of file name; `levels` is white."""
    files = images.image_files(path)
    names = images.distinct_names(files, Path(path))
    return ImageSet(name or str(path), names, lambda i: images.read(files[i], levels), files)


def tfds(specification: str, data_dir: str | None = None) -> ImageSet:
    """A TFDS data set's images, read without TensorFlow: "tfds:name/config:version:split"."""
    builder, source = open_tfds(specification, data_dir)
    feature = "image" if "image" in builder.info.features else "hr"
    names = [str(i) for i in range(len(source))]
    return ImageSet(specification, names, lambda i: np.asarray(source[i][feature]))


def open_tfds(specification: str, data_dir: str | None = None):
    """Opens "tfds:name/config:version:split": the builder and its sequence of records.

    Raises:
      ValueError: another form, or no such data set has been built.
    """
    import tensorflow_datasets

    # A split may be cut, as "train[:90%]".
    words = re.fullmatch(r"[^:]*:(.+):(\w+(?:\[.*\])?)", specification)
    if not words:
        raise ValueError(f"{specification!r}: wanted tfds:<name>:<split>")
    name, split = words.groups()
    try:
        builder = tensorflow_datasets.builder(name, data_dir=data_dir)
        return builder, builder.as_data_source(split)
    except Exception as error:
        raise ValueError(
            f"{specification!r} can't be opened: {error}. Build it once with "
            "`tensorflow_datasets.builder(name, file_format='array_record').download_and_prepare()`"
        ) from error


def scikit_image() -> ImageSet:
    """Five colour photographs that come with scikit-image (motorcycle: the left view)."""
    return ImageSet("scikit_image", SCIKIT_IMAGE, lambda i: _photograph(SCIKIT_IMAGE[i]))


@cache
def _photograph(name: str) -> np.ndarray:
    import skimage.data

    return (
        skimage.data.stereo_motorcycle()[0]
        if name == "motorcycle"
        else getattr(skimage.data, name)()
    )


def dead_leaves() -> ImageSet:
    """Eight generated pictures of 192x192 that no training key draws: for validation."""
    return ImageSet("dead_leaves", [str(i) for i in range(8)], lambda i: _leaves()[i])


@cache
def _leaves() -> np.ndarray:
    import jax

    from imaging_jax.synthesis import dead_leaves as draw

    keys = jax.random.split(jax.random.key(HELD_BACK_KEY), 8)
    pictures = jax.jit(jax.vmap(lambda key: draw(key, (192, 192), leaves=640)))(keys)
    return images.from_float(np.asarray(pictures))


def _set_under_data(path: str) -> Callable[[], ImageSet]:
    def load() -> ImageSet:
        name = path.rpartition("/")[2]
        return folder(under_data(path, f"the set {name}"), name.lower())

    return load


_t91 = _set_under_data("sr/T91")


def t91_train() -> ImageSet:
    """T91 without every tenth image."""
    whole = _t91()
    return whole.part("t91_train", [i for i in range(len(whole)) if i % 10])


def t91_held_back() -> ImageSet:
    """Every tenth image of T91: for validation."""
    whole = _t91()
    return whole.part("t91_held_back", range(0, len(whole), 10))


_PAINTINGS = ("la_muse", "rain_princess", "scream", "udnie", "wave", "wreck")


def paintings() -> ImageSet:
    """Six paintings that are usual as styles."""
    whole = folder(under_data("style/lengstrom", "the set paintings"), "paintings")
    return whole.part("paintings", [whole.names.index(name) for name in _PAINTINGS])


def set14_large() -> ImageSet:
    """Those of Set14 with at least 384 pixels a side: enough blocks for NIQE."""
    whole = IMAGE_SETS["set14"]()
    return whole.part(
        "set14_large", [i for i in range(len(whole)) if min(whole[i].shape[:2]) >= 384]
    )


def set12_small() -> ImageSet:
    """The first seven of Set12, of 256x256: what deconvolution is scored on."""
    return IMAGE_SETS["set12"]().part("set12_small", range(7))


def bsd68() -> ImageSet:
    """CBSD68 in grey, by the weights of MATLAB's rgb2gray."""
    colour = IMAGE_SETS["cbsd68"]()
    weights = np.array([0.298936021, 0.587043074, 0.114020904])

    def load(index: int) -> np.ndarray:
        return np.floor(colour[index] @ weights + 0.5).astype(np.uint8)[..., None]

    return ImageSet("bsd68", colour.names, load)


_EOPATCH = "remote_sensing/sentinel2_eolearn/eopatch.npz"


def _sentinel2(
    name: str, dates: tuple[int, ...], rows: slice = slice(None)
) -> Callable[[], ImageSet]:
    # Of five dates of one place the first two are under clouds and haze.
    def load() -> ImageSet:
        scenes = _sentinel2_scenes(under_data(_EOPATCH, f"the set {name}"))
        return ImageSet(name, [f"date{i + 1}" for i in dates], lambda i: scenes[dates[i], rows])

    return load


@cache
def _sentinel2_scenes(file: Path) -> np.ndarray:
    with np.load(file) as patch:
        return sentinel2_colours(patch["reference_scenes_L1C"])


def sentinel2_colours(reflectance: np.ndarray) -> np.ndarray:
    """Red, green and blue (B4, B3, B2) as levels of 8 bits; reflectance 1/3.5 becomes white.

    Args:
      reflectance: (..., bands) in [0, 1], B1 first.
    """
    return images.from_float(3.5 * reflectance[..., [3, 2, 1]])


IMAGE_SETS: dict[str, Callable[[], ImageSet]] = {
    "scikit_image": scikit_image,
    "dead_leaves": dead_leaves,
    "set5": _set_under_data("sr/Set5"),
    "set14": _set_under_data("sr/Set14"),
    "bsd100": _set_under_data("sr/BSD100"),
    "set14_large": set14_large,
    "set12": _set_under_data("denoise/Set12"),
    "set12_small": set12_small,
    "bsd68": bsd68,
    "cbsd68": _set_under_data("denoise/CBSD68"),
    "kodak24": _set_under_data("denoise/Kodak24"),
    # Of JPEG files; whoever has them puts them there.
    "classic5": _set_under_data("denoise/Classic5"),
    "live1": _set_under_data("denoise/LIVE1"),
    # Two grey images of 256x256 (Ryu et al., 2019).
    "mri": _set_under_data("mri"),
    # The lower third of the dates trained on is held back, to choose checkpoints by.
    "sentinel2_train": _sentinel2("sentinel2_train", (2, 3), slice(None, 65)),
    "sentinel2_held_back": _sentinel2("sentinel2_held_back", (2, 3), slice(65, None)),
    "sentinel2_test": _sentinel2("sentinel2_test", (4,)),
    "paintings": paintings,
    "t91": _t91,
    "t91_train": t91_train,
    "t91_held_back": t91_held_back,
}


def image_set(name: str, levels: float | None = None) -> ImageSet:
    """Opens a set: a name of IMAGE_SETS, "tfds:<name>:<split>", a folder or a picture.

    $VARIABLES of the environment expand.

    "<name of IMAGE_SETS>/<image>" is the set of that image alone.

    Args:
      name: of the set.
      levels: what white is in files; None takes the largest level of their type.

    Raises:
      ValueError: nothing of that name, with the nearest; a folder without images; levels for
        anything but files.
    """
    path = Path(os.path.expandvars(name)).expanduser()
    if levels is not None and (name in IMAGE_SETS or not path.exists()):
        raise ValueError(f"levels={levels:g}: {name} is no folder; white is said of files alone")
    if name in IMAGE_SETS:
        return IMAGE_SETS[name]()
    whole, _, image = name.partition("/")
    if image and whole in IMAGE_SETS:
        names = IMAGE_SETS[whole]().names
        index = look_up({n: i for i, n in enumerate(names)}, image, f"image of {whole}")
        return IMAGE_SETS[whole]().part(name, [index])
    if not name:
        raise ValueError("the name of a set of images is empty: wanted a folder or a known set")
    if name.startswith("tfds:"):
        return tfds(name)
    if path.is_dir():
        return folder(path, levels=levels)
    if path.is_file():
        return ImageSet(str(path), [path.stem], lambda _: images.read(path, levels), [path])
    raise ValueError(f"{name!r} is no folder and no known set; {nearest(name, IMAGE_SETS)}")
