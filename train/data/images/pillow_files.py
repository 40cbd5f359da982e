"""What Pillow reads and writes, and the deep PNGs that it would cut to eight bits."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import png
from PIL import Image, ImageOps

from train.config.console import say
from train.data.images.picture import Picture

_SPACES = {1: b"GRAY", 3: b"RGB "}
_SOFTWARE_TAG = 305
# What a PNG of sRGB colours says of its gamma.
_SRGB_GAMMA = 0.45455


def read_with_pillow(path: Path) -> Iterator[Picture]:
    """Reads every frame of a file."""
    with Image.open(path) as file:
        frames = getattr(file, "n_frames", 1)
        if file.format == "MPO":
            # Phones put previews and gain maps behind the photograph.
            say(
                f"{path}: the {frames - 1} further pictures of an MPO file are left out", once="MPO"
            )
            frames = 1
        if _is_deep_png(path, file):
            if frames > 1:
                raise ValueError("an animation of 16 bits is not read")
            yield _described(_deep_png(path), file)
            return
        for index in range(frames):
            file.seek(index)
            yield frame(path, file)


def frame(path: Path, file: Image.Image) -> Picture:
    """The frame at which an open file stands."""
    image = ImageOps.exif_transpose(file)
    if file.format == "PPM" and image.mode in ("I", "RGB"):
        pixels = _ppm(image, path)
    elif image.mode in ("I", "F"):
        raise ValueError(f"32-bit pixels (Pillow's mode {image.mode}) are not read")
    elif image.mode.startswith("I;16"):
        pixels = np.asarray(image).astype(np.uint16)
    else:
        if file.format == "PNG":
            _scale_transparent_grey(image, path)
        pixels = np.asarray(_plain(image))
    return _described(pixels if pixels.ndim == 3 else pixels[..., None], file)


def _scale_transparent_grey(image: Image.Image, path: Path) -> None:
    # Pillow scales levels of 2 or 4 bits to 8, but not the one that is transparent.
    if image.mode == "L" and "transparency" in image.info:
        image.info["transparency"] *= 255 // (2 ** _png_header(path)[0] - 1)


def _plain(image: Image.Image) -> Image.Image:
    """L, LA, RGB or RGBA; a transparent colour or index becomes alpha."""
    colours = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    mode = colours + ("A" if image.has_transparency_data else "")
    return image if image.mode == mode else image.convert(mode)


def _described(pixels: np.ndarray, file: Image.Image) -> Picture:
    """The pixels with what the file says of them."""
    picture = Picture.of(pixels)
    info, unkept = file.info, []
    profile = info.get("icc_profile") or None
    if profile and profile[16:20] != _SPACES[picture.bands]:
        unkept.append(f"a profile of {profile[16:20].decode('latin1').strip()} colours")
        profile = None
    gamma = _SRGB_GAMMA if profile or "srgb" in info else info.get("gamma", _SRGB_GAMMA)
    if abs(gamma - _SRGB_GAMMA) > 0.001:
        unkept.append(f"a gamma of {gamma:.4g}")
    dpi = info.get("dpi")
    return Picture(
        pixels,
        picture.alpha,
        picture.white,
        profile,
        tuple(map(float, dpi)) if dpi and min(dpi) > 0 else None,
        info.get("duration"),
        info.get("loop"),
        tuple(unkept),
    )


def _ppm(image: Image.Image, path: Path) -> np.ndarray:
    # Pillow reads a 16-bit grey one whole, as 32 bits, and cuts colours to 8.
    with path.open("rb") as file:
        tokens = file.read(200).split()
    if image.mode == "I":
        return np.asarray(image).astype(np.uint16)
    if int(tokens[3]) > 255:
        raise ValueError("a PPM of 16-bit colours is not read; PNG and TIFF are")
    return np.asarray(image)


def _png_header(path: Path) -> tuple[int, int]:
    """Bits a sample and type of colour."""
    with path.open("rb") as file:
        header = file.read(26)
    return header[24], header[25]


def _is_deep_png(path: Path, file: Image.Image) -> bool:
    if file.format != "PNG":
        return False
    depth, colour_type = _png_header(path)
    return depth == 16 and (colour_type != 0 or "transparency" in file.info)


def _deep_png(path: Path) -> np.ndarray:
    width, height, rows, info = png.Reader(filename=str(path)).asDirect()
    pixels = np.empty((height, width, info["planes"]), np.uint16)
    for row, found in zip(rows, pixels, strict=True):
        found[:] = np.asarray(row, np.uint16).reshape(found.shape)
    return pixels


def write_with_pillow(path: Path, pages: Sequence[Picture], software: str) -> None:
    """Writes one picture of 8 bits, or the frames of an animation."""
    exif = Image.Exif()
    if software:
        exif[_SOFTWARE_TAG] = software
    first, *others = _alike(pages)
    options = {"icc_profile": pages[0].profile, "dpi": pages[0].dpi, "exif": exif}
    if others:
        durations = [page.duration or 0 for page in pages]
        options |= {"save_all": True, "append_images": others, "duration": durations}
        options |= {"loop": pages[0].loop or 0}
    first.save(path, **{name: value for name, value in options.items() if value is not None})


def _alike(pages: Sequence[Picture]) -> list[Image.Image]:
    """Pillow's images, all of the one mode that holds each."""
    found = [
        Image.fromarray(page.pixels[..., 0] if page.pixels.shape[-1] == 1 else page.pixels)
        for page in pages
    ]
    if len({image.mode for image in found}) == 1:
        return found
    colours = "RGB" if any(page.bands == 3 for page in pages) else "L"
    mode = colours + ("A" if any(page.alpha for page in pages) else "")
    return [image.convert(mode) for image in found]
