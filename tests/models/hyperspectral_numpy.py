"""The hyperspectral networks written a second time, in numpy and scipy, with loops."""

import numpy as np
from scipy.ndimage import correlate


def convolution(x, layer):
    """Correlates ``(H, W, C)`` with a layer's kernel ``(h, w, C, F)`` and adds its bias."""
    kernel = np.asarray(layer["kernel"], np.float64)
    maps = [
        sum(
            correlate(x[..., c], kernel[..., c, f], mode="constant") for c in range(kernel.shape[2])
        )
        for f in range(kernel.shape[3])
    ]
    return np.stack(maps, axis=-1) + np.asarray(layer.get("bias", 0.0))


def hsid_band(params, band, neighbours):
    """HSID-CNN's answer for one band ``(H, W)`` with neighbours ``(H, W, 24)``."""
    views = [convolution(neighbours, params[f"neighbours_conv{s}"]) for s in (3, 5, 7)]
    views += [convolution(band[..., None], params[f"band_conv{s}"]) for s in (3, 5, 7)]
    y, taps = np.maximum(np.concatenate(views, axis=-1), 0), []
    for index in range(1, 10):
        y = np.maximum(convolution(y, params[f"conv{index}"]), 0)
        if index in (3, 5, 7, 9):
            taps.append(convolution(y, params[f"tap{index}"]))
    return (
        band + convolution(np.maximum(np.concatenate(taps, axis=-1), 0), params["conv10"])[..., 0]
    )
