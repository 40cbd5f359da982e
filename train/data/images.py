"""The file boundary: eight- and sixteen-bit image files in and out."""

import io
from pathlib import Path

import numpy as np
import png
import tifffile
from PIL import Image, ImageOps, UnidentifiedImageError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm", ".pgm")
_LEVELS = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}

# A deliberate bomb stays an error; a large scan is an image.
Image.MAX_IMAGE_PIXELS = 1 << 30


class UnreadableImage(ValueError):
    """A file that isn't an image this project reads; the message names it and says why."""


def image_files(folder: str | Path) -> list[Path]:
    """Returns the folder's image files in order of name; raises ValueError where there are none."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder of images")
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    if not files:
        raise ValueError(f"{folder} holds no image; known endings: {', '.join(SUFFIXES)}")
    return files


def read(path: str | Path) -> np.ndarray:
    """Reads an image file as (H, W, C), uint8 or uint16, C = 1, 2, 3 or 4 (2 and 4 with alpha).

    Palettes become colours, CMYK becomes RGB, the camera's orientation is applied.

    Raises:
      UnreadableImage: not an image, damaged or cut short, or of a kind not read; names the file.
    """
    path = Path(path)
    try:
        if path.suffix.lower() in (".tif", ".tiff"):
            image = _read_tiff(path)
        elif _is_deep_png(path):
            image = _read_deep_png(path)
        else:
            image = _read_with_pillow(path)
    except UnidentifiedImageError:
        raise UnreadableImage(f"{path} is not an image, or of a kind not read") from None
    except MemoryError:
        raise
    except Exception as error:
        raise UnreadableImage(f"{path} can't be read: {error}") from None
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or image.shape[-1] not in (1, 2, 3, 4) or image.dtype not in _LEVELS:
        raise UnreadableImage(
            f"{path} holds {image.dtype} of shape {image.shape}; wanted 8 or 16 bits, "
            "(H, W) or (H, W, 1 to 4)"
        )
    return image


def _read_with_pillow(path: Path) -> np.ndarray:
    with Image.open(path) as file:
        image = ImageOps.exif_transpose(file)
        if image.mode == "P":
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        elif image.mode == "1":
            image = image.convert("L")
        elif file.format == "PPM" and image.mode in ("I", "RGB"):
            return _deep_ppm(image, path)
        elif image.mode in ("I", "F"):
            raise ValueError(f"32-bit pixels (Pillow's mode {image.mode}) are not read")
        elif image.mode not in ("L", "LA", "RGB", "RGBA", "I;16", "I;16B"):
            image = image.convert("RGB")
        array = np.asarray(image)
    return array.astype(np.uint16) if array.dtype.kind == "u" and array.itemsize == 2 else array


def _deep_ppm(image: Image.Image, path: Path) -> np.ndarray:
    # Pillow reads a 16-bit grey one whole, as 32 bits, and cuts colours to 8.
    with path.open("rb") as file:
        tokens = file.read(200).split()
    if image.mode == "I":
        return np.asarray(image).astype(np.uint16)
    if int(tokens[3]) > 255:
        raise ValueError("a PPM of 16-bit colours is not read; PNG and TIFF are")
    return np.asarray(image)


def _read_tiff(path: Path) -> np.ndarray:
    # Pillow knows every kind of 8-bit TIFF but cuts or refuses deeper ones.
    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        if page.dtype == np.uint8:
            return _read_with_pillow(path)
        if page.photometric not in (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.RGB):
            raise ValueError(f"{page.photometric.name} of {page.dtype} is not read")
        return page.asarray()


def _is_deep_png(path: Path) -> bool:
    # Pillow cuts a 16-bit colour PNG to 8 bits without a word, so those go another way.
    with path.open("rb") as file:
        header = file.read(26)
    return header[:8] == b"\x89PNG\r\n\x1a\n" and header[24:26] in (
        b"\x10\x02",
        b"\x10\x04",
        b"\x10\x06",
    )


def _read_deep_png(path: Path) -> np.ndarray:
    width, height, rows, info = png.Reader(filename=str(path)).asDirect()
    pixels = np.array([np.asarray(row, np.uint16) for row in rows])
    return pixels.reshape(height, width, info["planes"])


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Rounds a 16-bit image to 8 bits; leaves an 8-bit one alone."""
    if image.dtype == np.uint8:
        return image
    return ((image.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def to_rgb(image: np.ndarray) -> np.ndarray:
    """Drops alpha and repeats grey: (H, W, 1 to 4) -> (H, W, 3)."""
    colour = without_alpha(image)
    return np.repeat(colour, 3, axis=-1) if colour.shape[-1] == 1 else colour


def without_alpha(image: np.ndarray) -> np.ndarray:
    """(H, W, 1 to 4) -> (H, W, 1 or 3)."""
    return image[..., : 1 if image.shape[-1] <= 2 else 3]


def to_float(image: np.ndarray) -> np.ndarray:
    """Maps uint8 or uint16 levels to float32 in [0, 1]."""
    return (image.astype(np.float64) / _LEVELS[image.dtype]).astype(np.float32)


def from_float(image: np.ndarray, dtype=np.uint8) -> np.ndarray:
    """Maps [0, 1] to the levels of `dtype`, half away from zero, clipped."""
    levels = _LEVELS[np.dtype(dtype)]
    return np.floor(np.clip(np.asarray(image, np.float64), 0, 1) * levels + 0.5).astype(dtype)


def write(path: str | Path, image: np.ndarray) -> None:
    """Writes (H, W, C) uint8 or uint16; a file appears whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        if path.suffix.lower() in (".tif", ".tiff"):
            _write_tiff(temporary, image)
        elif image.dtype == np.uint16:
            if path.suffix.lower() != ".png":
                raise ValueError(f"{path}: 16 bits are written as .png or .tif")
            mode = {1: "L;16", 2: "LA;16", 3: "RGB;16", 4: "RGBA;16"}[image.shape[-1]]
            png.from_array(image.reshape(image.shape[0], -1).tolist(), mode).save(str(temporary))
        else:
            Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def jpeg_round_trip(image: np.ndarray, quality: int) -> np.ndarray:
    """Compresses and decompresses (H, W, 1 or 3) uint8 by Pillow's JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(
        buffer, "JPEG", quality=quality
    )
    with Image.open(buffer) as file:
        return np.asarray(file).reshape(image.shape)


def _write_tiff(path: Path, image: np.ndarray) -> None:
    channels = image.shape[-1]
    tifffile.imwrite(
        path,
        image,
        photometric="minisblack" if channels <= 2 else "rgb",
        planarconfig="contig" if channels > 1 else None,
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
    )
