"""Spectral reconstruction and coded snapshot imaging: what a batch becomes, and what undoes it."""

import dataclasses
from typing import ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.hyperspectral import mst, mst_plus_plus
from imaging_jax.losses import mrae
from imaging_jax.models.hyperspectral import MST, QRNN3D, MSTPlusPlus, back_shift
from imaging_jax.operators import Cassi
from imaging_jax.synthesis import spectral_cube
from train.data.coded_masks import coded_mask
from train.data.data_sets import data_set
from train.data.spectral_response import colour_image, response
from train.run.training import fit
from train.scoring.evaluation import evaluate
from train.scoring.metrics import measure
from train.scoring.protocols import PROTOCOLS
from train.systems import spectra
from train.systems.catalogue import system
from train.systems.weights import APPLICATIONS
from train.tasks import SnapshotImaging, SpectralReconstruction

OPTIMIZER = {"name": "adam", "schedule": {"name": "constant", "peak": 1e-3}}
KEY = jax.random.key(0)
BANDS, SIDE = 4, 8
CUBES = np.random.default_rng(0).random((2, SIDE, SIDE, BANDS), np.float32)


def snapshot_task(network=None, **values):
    network = network or MST(bands=BANDS, blocks=(1, 1, 1))
    return SnapshotImaging(network, OPTIMIZER, 10, BANDS, **{"mask": "drawn", **values})


def looped_snapshot(cube, mask):
    height, width, bands = cube.shape
    snapshot = np.zeros((height, width + 2 * (bands - 1)))
    for row in range(height):
        for column in range(width):
            for band in range(bands):
                snapshot[row, column + 2 * band] += mask[row, column] * cube[row, column, band]
    return snapshot[..., None]


def test_a_colour_image_is_what_a_camera_makes_of_each_pixel():
    cube = np.random.default_rng(1).random((3, 4, 31), np.float32)
    expected = np.empty((3, 4, 3))
    for channel, peak in enumerate((600, 540, 460)):
        weights = [np.exp(-((400 + 10 * band - peak) ** 2) / (2 * 35**2)) for band in range(31)]
        for pixel in np.ndindex(3, 4):
            light = sum(weights[band] * cube[pixel][band] for band in range(31)) / sum(weights)
            expected[pixel][channel] = round(255 * light ** (1 / 2.2)) / 255
    np.testing.assert_allclose(colour_image(cube), expected, atol=1e-6)


def test_white_is_white_in_any_number_of_bands():
    for bands in (1, 4, 31):
        np.testing.assert_allclose(response(bands).sum(axis=0), 1)
        np.testing.assert_array_equal(colour_image(jnp.ones((2, 2, bands))), 1)


def test_spectra_are_learnt_of_the_colours_of_their_cubes():
    task = SpectralReconstruction(MSTPlusPlus(stages=1, bands_out=BANDS), OPTIMIZER, 10, BANDS)
    ((colours,), target) = task.pair(KEY, {"image": jnp.asarray(CUBES)})
    np.testing.assert_array_equal(colours, colour_image(CUBES))
    np.testing.assert_array_equal(target, CUBES)
    assert task.loss is mrae


def test_a_snapshot_adds_up_masked_bands_each_moved_by_two_pixels():
    ((snapshots, mask), target) = snapshot_task().pair(KEY, {"image": jnp.asarray(CUBES)})
    assert set(np.unique(mask)) == {0, 1}
    for snapshot, cube in zip(snapshots, CUBES, strict=True):
        np.testing.assert_allclose(snapshot, looped_snapshot(cube, mask), atol=1e-6)
    np.testing.assert_array_equal(target, CUBES)


def test_the_mask_of_a_batch_is_cut_from_anywhere():
    whole = coded_mask("drawn")
    assert whole.shape == (256, 256)
    assert whole.mean() == pytest.approx(0.5, abs=0.01)
    task, batch = snapshot_task(), {"image": jnp.asarray(CUBES)}
    windows = np.lib.stride_tricks.sliding_window_view(whole, (SIDE, SIDE))
    places = set()
    for index in range(4):
        ((_, mask), _) = task.pair(jax.random.key(index), batch)
        (place,) = np.argwhere((windows == mask).all(axis=(2, 3)))
        places.add(tuple(place))
    assert len(places) == 4
    whole_cubes = {"image": jnp.zeros((1, 256, 256, 2))}
    ((_, mask), _) = SnapshotImaging(MST(bands=2), OPTIMIZER, 10, 2, "drawn").pair(KEY, whole_cubes)
    np.testing.assert_array_equal(mask, whole)


def test_a_network_of_bands_is_given_the_snapshot_shifted_back():
    task = snapshot_task(MSTPlusPlus(stages=1, bands_in=BANDS, bands_out=BANDS))
    ((bands,), _) = task.pair(KEY, {"image": jnp.asarray(CUBES)})
    ((snapshots, _), _) = snapshot_task().pair(KEY, {"image": jnp.asarray(CUBES)})
    np.testing.assert_allclose(bands, back_shift(snapshots, BANDS), atol=1e-6)


class Masked(nn.Module):
    """Bands that are shifted back, seen through the mask."""

    bands: int = BANDS
    takes: ClassVar[tuple[str, ...]] = ("snapshot", "mask")

    @nn.compact
    def __call__(self, snapshot, mask):
        return back_shift(snapshot, self.bands) * mask[..., None] * self.param("one", nn.ones, ())


def test_each_snapshot_is_undone_by_its_own_mask():
    task = snapshot_task(Masked())
    masks = np.stack([coded_mask("drawn")[i : i + SIDE, :SIDE] for i in (0, 50)])
    snapshots = np.stack([looped_snapshot(*item) for item in zip(CUBES, masks, strict=True)])
    inputs = {"snapshot": jnp.asarray(snapshots, jnp.float32), "mask": jnp.asarray(masks)}
    variables = {"params": {"one": jnp.ones(())}}
    cubes = task.apply({"network": variables}, inputs)["image"]
    expected = back_shift(inputs["snapshot"], BANDS) * masks[..., None]
    np.testing.assert_allclose(cubes, expected, atol=1e-6)
    # Weights without their task serve alike.
    served = APPLICATIONS["snapshot_imaging"]
    np.testing.assert_array_equal(served.apply(task.network, variables, inputs)["image"], cubes)
    assert served.gives(task.network) == task.gives


def test_three_materials_are_linear_in_three_linear_colours():
    cubes = np.asarray(jax.vmap(lambda k: spectral_cube(k, (16, 16), 31, 3))(KEY[None]))
    colours = cubes @ response(31)
    found = spectra.polynomials(colours, 1) @ spectra.fit(colours, cubes, 1)
    np.testing.assert_allclose(found, cubes, atol=1e-5)


def test_a_quadratic_is_fitted_by_the_second_degree_alone():
    colours = np.random.default_rng(2).random((5, 9, 3))
    r, g, b = np.moveaxis(colours, -1, 0)
    bands = np.stack([1 + r * g - b**2, 2 * r - g * b], axis=-1)
    errors = [
        np.abs(spectra.polynomials(colours, n) @ spectra.fit(colours, bands, n) - bands).max()
        for n in (1, 2)
    ]
    assert errors[0] > 0.01
    assert errors[1] < 1e-12


def test_regressions_are_scored_and_the_quadratic_one_is_better():
    scores = [
        evaluate(
            system(f"rgb_regression:{degree}:made_cubes:16:31:20"),
            data_set("made_cubes_test:16:31"),
            PROTOCOLS["spectral_reconstruction"],
            None,
        ).values
        for degree in (1, 2)
    ]
    assert scores[1]["mrae"] < scores[0]["mrae"] < 0.3
    assert set(scores[0]) == {"mrae", "rmse", "psnr"}


def test_relative_and_root_errors_are_of_each_image():
    reference = np.zeros((2, 3, 3, 1))
    reference[1] = 0.5
    found = measure(("mrae", "rmse"), reference, reference + 0.1, 0)
    np.testing.assert_allclose(found["mrae"], [100, 0.2])
    np.testing.assert_allclose(found["rmse"], 0.1)


def test_total_variation_makes_more_of_a_snapshot_than_its_start():
    dataset, protocol = data_set("made_cubes:32:8"), PROTOCOLS["snapshot_imaging_drawn"]

    def start(inputs, **_):
        cubes = []
        for y, mask in zip(inputs["snapshot"], inputs["mask"], strict=True):
            A = Cassi(jnp.asarray(mask), in_shape=(32, 32, 8))
            cubes.append(A.H(y / np.where(A.gram > 0, A.gram, 1)))
        return {"image": np.stack(cubes)}

    opened = system("gap_tv")
    values = [
        evaluate(x, dataset, protocol, None, batch_size=2).values["mpsnr"]
        for x in (dataclasses.replace(opened, apply=start), opened)
    ]
    assert values[1] > values[0] + 3
    (batch, *_) = protocol.batches(opened, dataset, None, 2)
    for snapshot, cube, mask in zip(
        batch.inputs["snapshot"], batch.reference, batch.inputs["mask"], strict=True
    ):
        np.testing.assert_array_equal(mask, coded_mask("drawn")[:32, :32])
        np.testing.assert_allclose(snapshot, looped_snapshot(cube, mask), atol=1e-5)


def test_the_staged_mask_is_measured(imaging_data):
    mask = coded_mask("staged")
    assert mask.shape == (256, 256)
    assert 0 < mask.min() < mask.max() <= 1
    described = PROTOCOLS["snapshot_imaging"].described(None)
    drawn = PROTOCOLS["snapshot_imaging_drawn"].described(None)
    assert described["mask_sha256"] != drawn["mask_sha256"]


def test_without_the_data_the_staged_mask_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.delenv("IMAGING_DATA", raising=False)
    with pytest.raises(ValueError, match=r"the mask of snapshot imaging needs .* IMAGING_DATA"):
        coded_mask("staged")
    config = mst.get_config("tiny")
    config.task.mask = "staged"
    with pytest.raises(ValueError, match=r"the mask of snapshot imaging needs .* IMAGING_DATA"):
        fit(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("module", "change", "message"),
    [
        (mst, {"data.bands": 5}, r"data: image is cube of \(8, 8, 5\), the task wants .* 4\)"),
        (mst_plus_plus, {"data.bands": 5}, r"data: image is cube of \(8, 8, 5\), .* 31\)"),
        (mst, {"data.patch_size": 257}, r"data\.patch_size=257: the mask drawn has 256 pixels"),
        (mst, {"task.mask": "drown"}, r"task\.mask='drown' is unknown; .*'drawn'"),
        (mst, {"validation.images": "made_cubes:8:5"}, r"validation\.made_cubes:8:5: image is"),
        (mst_plus_plus, {"validation.images": "made_cubes:8:5"}, r"validation\.made_cubes:8:5: im"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_compiles(module, change, message, tmp_path):
    config = module.get_config("tiny")
    config.update_from_flattened_dict(change)
    with pytest.raises(ValueError, match=message):
        fit(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_networks_of_something_else_are_refused():
    with pytest.raises(ValueError, match="QRNN3D takes cube; the task wants"):
        snapshot_task(QRNN3D())
    with pytest.raises(ValueError, match="MST takes snapshot, mask; the task wants"):
        SpectralReconstruction(MST(), OPTIMIZER, 10, 28)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rgb_regression:3:made_cubes:8:4", "wanted the degree 1 or 2, and a set of cubes"),
        (
            "rgb_regression:1:digits",
            r"digits: image is image of .*, rgb_regression:1:digits wants cube",
        ),
        ("rgb_regression:1:made_cubes:8:4:0", r"made_cubes:8:4:0: wanted made_cubes:<pixels"),
        ("gap_tv:-1", "gap_tv:-1: wanted a positive weight, or none"),
    ],
)
def test_systems_say_what_they_want(name, message):
    with pytest.raises(ValueError, match=message):
        system(name)


def test_a_snapshot_that_is_none_of_its_mask_is_refused():
    inputs = {"snapshot": np.zeros((1, 8, 13, 1)), "mask": np.ones((1, 8, 8))}
    with pytest.raises(ValueError, match=r"gap_tv: a snapshot \(8, 13, 1\) is none of a mask"):
        system("gap_tv").apply(inputs)
