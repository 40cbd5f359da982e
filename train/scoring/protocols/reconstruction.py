"""How an autoencoder is scored: what it gives back of whole images is compared with them."""

from dataclasses import dataclass

import numpy as np

from train.data.labelled_images import labelled_images
from train.scoring.protocols.judges import check_judge, look


@dataclass(frozen=True)
class Reconstruction:
    """Errors over all pixels of a set, and whether a judge still knows the class.

    Attributes:
      name: as it stands in records.
      judge: name of weights of a classifier; empty for none.
      most: how many images are taken, drawn at random where the set has more.
    """

    name: str
    judge: str = ""
    most: int = 10_000

    def check(self, images: str) -> None:
        """Raises a ValueError where the set or the judge can't be opened."""
        labelled_images(images)
        check_judge(self.judge)

    def open(self, images: str) -> tuple[np.ndarray, np.ndarray]:
        """Images (N, H, W, C) in [0, 1] and their labels."""
        pixels, labels = labelled_images(images)
        if len(pixels) > self.most:
            chosen = np.random.default_rng(0).permutation(len(pixels))[: self.most]
            pixels, labels = pixels[chosen], labels[chosen]
        return pixels.astype(np.float32) / 255.0, labels

    def score(
        self, reference: np.ndarray, estimate: np.ndarray, labels: np.ndarray
    ) -> dict[str, float]:
        """Compares in float64.

        Returns:
          {"squared_error" (summed over an image), "psnr" (of the error over all pixels, peak 1)},
          and with a judge "judged_right".
        """
        error = np.square(reference.astype(np.float64) - estimate)
        found = {
            "squared_error": float(error.sum(axis=(1, 2, 3)).mean()),
            "psnr": float(-10 * np.log10(error.mean())),
        }
        if self.judge:
            _, probabilities = look(self.judge, estimate)
            found["judged_right"] = float(np.mean(np.argmax(probabilities, axis=-1) == labels))
        return found


RECONSTRUCTION = {
    protocol.name: protocol
    for protocol in (
        Reconstruction("reconstruction"),
        Reconstruction("reconstruction_judge", "lenet5_mnist_csinva"),
    )
}
