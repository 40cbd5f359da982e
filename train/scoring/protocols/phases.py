"""Phase retrieval: images of which the magnitudes of the Fourier transform were measured."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from imaging_jax.operators import fourier_magnitude, frame_support
from imaging_jax.solvers import align
from train.data.data_set import DataSet
from train.data.fields import PICTURE, Fields
from train.scoring.protocols.images import ImageProtocol
from train.scoring.protocols.protocol import Batch
from train.systems.system import System

# Of the frames that share a batch.
_PIXELS = 2**18


@dataclass(frozen=True)
class PhaseProtocol(ImageProtocol):
    """Magnitudes of grey images in a frame of zeros, without noise.

    What magnitudes can't tell is removed before anything is compared: the estimate, in its frame,
    is shifted circularly and turned by 180 degrees as fits the reference best. Systems are told
    where in the frame the image lies.

    Attributes:
      oversampling: size of the frame over that of the image, along each axis.
      clipped: whether the estimate is clipped to [0, 1].
      metrics: names of `train.scoring.metrics.METRICS`.
    """

    oversampling: float
    clipped: bool
    metrics: tuple[str, ...] = ("psnr", "ssim", "recovered")

    reads: ClassVar[Fields] = {"image": PICTURE}
    feeds: ClassVar[tuple[str, ...]] = ("magnitude", "support")
    best: ClassVar[tuple[str, ...]] = ("mse", "psnr")

    def baseline(self) -> str:
        """Hybrid input-output from one start."""
        return "hio:500:1"

    def batches(
        self, system: System, dataset: DataSet, value: int | None, size: int
    ) -> Iterator[Batch]:
        """As `ImageProtocol.batches`, of several times `size` where images are small."""
        shape = dataset[0]["image"].shape[:2]
        pixels = size * frame_support(shape, self.oversampling).size
        times = min(max(1, _PIXELS // pixels), -(-len(dataset) // size))
        return super().batches(system, dataset, value, size * times)

    def inputs(
        self, dataset: DataSet, indices: list[int], value: int | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Magnitudes (N, P, Q, 1) of the orthonormal transform, supports (N, P, Q), the images."""
        image = np.stack([dataset[index]["image"] for index in indices])
        image = image / np.float64(dataset.fields["image"].white)
        if image.shape[-1] != 1:
            raise ValueError(f"wanted grey images, got {image.shape[-1]} bands")
        with jax.enable_x64(True):
            magnitude = np.asarray(fourier_magnitude(image, self.oversampling))
        magnitude = self.noisy(magnitude, indices, value)
        support = np.asarray(frame_support(image.shape[1:3], self.oversampling))
        return {
            "magnitude": magnitude,
            "support": np.broadcast_to(support, (len(indices), *support.shape)),
        }, image

    def noisy(self, magnitude: np.ndarray, indices: list[int], value: int | None) -> np.ndarray:
        """What is measured of the magnitudes: themselves."""
        del indices, value
        return magnitude

    def comparable(
        self, reference: np.ndarray, estimate: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The reference, and the estimate aligned with it in the frame."""
        support = np.asarray(frame_support(reference.shape[1:3], self.oversampling))
        frames = np.zeros((2, len(reference), *support.shape, reference.shape[-1]))
        for frame, image in zip(frames, (estimate, reference), strict=True):
            frame[:, support] = image.reshape(len(image), -1, image.shape[-1])
        with jax.enable_x64(True):
            aligned = np.asarray(_align(*frames))
        cropped = aligned[:, support].reshape(reference.shape)
        return reference, np.clip(cropped, 0, 1) if self.clipped else cropped

    def measured(self, inputs: Mapping[str, np.ndarray], scale: int) -> np.ndarray | None:
        """Magnitudes are no picture."""
        return None

    def described(self, value: int | None) -> dict[str, Any]:
        """Every choice, and how the estimate is aligned."""
        return {
            **super().described(value),
            "alignment": "circular shift and 180 degrees in the frame, by largest correlation",
        }


@dataclass(frozen=True)
class ShotNoisePhaseProtocol(PhaseProtocol):
    """The same under prDeep's noise, which grows as that of photons does.

    ``y² = max(0, z² + alpha z n)`` with ``n`` standard normal, of magnitudes ``z`` of images in
    [0, 255] by a transform whose energy is that of the image over the squared oversampling. An
    image's noise is seeded by its place in the set.

    Source: Metzler et al., "prDeep: robust phase retrieval with a flexible deep network", ICML
    2018, and its code.
    """

    condition: ClassVar[str] = "alpha"

    def noisy(self, magnitude: np.ndarray, indices: list[int], value: int) -> np.ndarray:
        """Magnitudes under noise of strength `value`."""
        noise = [np.random.RandomState(index).randn(*magnitude.shape[1:]) for index in indices]
        alpha = value * self.oversampling / 255
        return np.sqrt(np.maximum(0, magnitude**2 + alpha * magnitude * np.stack(noise)))


_align = jax.jit(align)
