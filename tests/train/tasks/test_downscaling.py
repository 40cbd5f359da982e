"""Downscaling: what a batch becomes, units, scores, pictures, and what is refused."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.fusion import downscaling
from imaging_jax.losses import mse, weighted_rain_mae
from imaging_jax.models.fusion import SRDRN
from imaging_jax.models.super_resolution import EDSRLight
from train.config.registry import build
from train.data import DATA
from train.data.data_sets import data_set
from train.run.training import fit
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system
from train.tasks import Downscaling

OPTIMIZER = {"name": "adam", "schedule": {"name": "constant", "peak": 1e-3}}
QUANTITIES = ("temperature", "precipitation")
PROTOCOL = PROTOCOLS["downscaling"]
TEMPERATURE_18 = "climate_scenes:temperature:18"


def task_of(quantity, network=None):
    return Downscaling(network or SRDRN(scale=4, features=4, blocks=1), OPTIMIZER, 10, 4, quantity)


def source(quantity):
    section = {"name": "climate_scenes", "batch_size": 3, "patch_size": 16, "quantity": quantity}
    return build(DATA, section, "data", seed=0)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_batch_becomes_block_means_and_terrain_in_the_networks_units(quantity):
    batch = source(quantity).batch(jax.random.key(0), ())
    (coarse, terrain), target = task_of(quantity).pair(jax.random.key(1), batch)
    field = np.float64(batch["field"])
    means = field.reshape(3, 4, 4, 4, 4, 1).mean(axis=(2, 4))
    if quantity == "precipitation":
        expected, fine = np.log(1 + means), np.log(1 + field)
    else:
        expected, fine = (means - 283) / 15, (field - 283) / 15
    np.testing.assert_allclose(coarse, expected, atol=1e-5)
    np.testing.assert_allclose(target, fine, atol=1e-5)
    np.testing.assert_array_equal(terrain, batch["terrain"])


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_units_go_there_and_back(quantity):
    units = task_of(quantity).units
    values = jnp.array([0.0, 0.01, 1.0, 40.0, 300.0])
    np.testing.assert_allclose(units.back(units.to(values)), values, rtol=1e-5, atol=3e-5)


def test_each_quantity_has_its_loss():
    assert task_of("temperature").loss is mse
    assert task_of("precipitation").loss is weighted_rain_mae


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_an_application_is_in_physical_units(quantity):
    task = task_of(quantity)
    inputs = {"coarse": jnp.full((1, 3, 3, 1), 280.0), "terrain": jnp.ones((1, 12, 12, 1))}
    example = task.example({"batch_size": 1, "patch_size": 12})
    state = task.stages[0].init(jax.random.key(0), example, None)
    found = task.apply(task.variables(state), inputs, scale=4)["field"]
    assert found.shape == (1, 12, 12, 1)
    # A network starts near the enlarged field.
    np.testing.assert_allclose(found, 280, rtol=0.05)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_sets_are_apart_from_each_other_and_from_training(quantity):
    held_back, test = (data_set(f"climate_scenes{x}:{quantity}:16:2") for x in ("", "_test"))
    assert len(held_back) == len(test) == 2
    assert len(data_set(f"climate_scenes:{quantity}:16")) == 32
    drawn = source(quantity).batch(jax.random.key(0), ())
    one, two, three = (x["field"][0] for x in (held_back.arrays, test.arrays, drawn))
    assert min(np.abs(a - b).max() for a, b in ((one, two), (two, three), (three, one))) > 0.5


def test_the_baseline_enlarges_the_block_means_and_its_errors_are_the_formulas():
    images = data_set("climate_scenes_test:precipitation:16:3")
    found = evaluate(system("bicubic_field"), images, PROTOCOL, 4, batch_size=2)
    (first, *_) = PROTOCOL.batches(system("bicubic_field"), images, 4, 2)
    means = images.arrays["field"][:2].reshape(2, 4, 4, 4, 4, 1).mean(axis=(2, 4))
    np.testing.assert_allclose(first.inputs["coarse"], means, rtol=1e-5)
    rows = []
    for item in images:
        coarse = np.asarray(item["field"]).reshape(4, 4, 4, 4, 1).mean(axis=(1, 3))
        inputs = {"coarse": coarse[None], "terrain": item["terrain"][None]}
        fine = np.asarray(system("bicubic_field").apply(inputs, scale=4)["field"])[0]
        assert fine.min() >= 0
        difference = fine - np.float64(item["field"])
        rows.append([np.sqrt(np.mean(difference**2)), np.abs(difference).mean(), difference.mean()])
    expected = dict(zip(("rmse", "mae", "bias"), np.mean(rows, axis=0), strict=True))
    assert found.values == pytest.approx(expected, rel=1e-5)


def test_a_bias_has_the_sign_of_what_is_too_much():
    images = data_set("climate_scenes_test:temperature:16:2")
    truth = images.arrays["field"]
    warm = dataclasses.replace(
        system("bicubic_field"), apply=lambda inputs, scale: {"field": truth[:1] + 2}
    )
    images = images.part("first", [0])
    values = evaluate(warm, images, PROTOCOL, 4).values
    assert values == pytest.approx({"rmse": 2, "mae": 2, "bias": 2}, rel=1e-4)


def test_pictures_stand_side_by_side_in_colours():
    shown = PROTOCOL.show(system("bicubic_field"), data_set("climate_scenes:temperature:16"), 4, 2)
    assert set(shown.pictures) == {"0", "1"}
    before, ours = shown.previews["0"]
    np.testing.assert_array_equal(before, ours)
    # Four columns of 256 pixels.
    assert shown.pictures["0"].shape[1] == 4 * (256 + 8) + 8
    assert before.reshape(-1, 3).std(axis=0).min() > 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"task.scale": 3, "validation.scale": 3, "validation.images": TEMPERATURE_18},
            r"data: field is image of \(16, 16, 1\); .* multiples of scale=3",
        ),
        ({"task.scale": 0}, r"task\.scale=0: wanted at least 1"),
        ({"data.patch_size": 18}, r"data: field is .* multiples of scale=4"),
        ({"model.fusion": "midle"}, r"model\.fusion='midle' is unknown; did you mean 'middle'"),
        ({"task.quantity": "snow"}, r"task\.quantity='snow' is unknown"),
        (
            {"data.quantity": "precipitation"},
            "data: field is of precipitation, the task wants temp",
        ),
        (
            {"validation.images": "climate_scenes:precipitation:16"},
            r"validation\..*: field is of precipitation, ours \(this run\) wants temperature",
        ),
        ({"validation.images": TEMPERATURE_18}, "multiples of scale=4"),
        ({"validation.images": "climate_scenes:temperature"}, "wanted climate_scenes:<"),
        ({"validation.scale": 2}, r"scale=2: this run serves \(4,\)"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_compiles(change, message, tmp_path):
    config = downscaling.get_config("tiny")
    config.evaluation = ()
    config.update_from_flattened_dict(change)
    with pytest.raises(ValueError, match=message):
        fit(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_data_without_terrain_are_refused(tmp_path):
    config = downscaling.get_config("tiny")
    config.data = {"name": "made_cubes", "batch_size": 2, "patch_size": 16}
    with pytest.raises(ValueError, match="data has image; the task wants terrain, image of"):
        fit(config, tmp_path / "run")
    fields = {"field": source("temperature").fields["field"]}
    without = type("Source", (), {"fields": fields, "batch_size": 2})
    with pytest.raises(ValueError, match="data has field; the task wants terrain, image of"):
        task_of("temperature").check_data(without)


def test_networks_of_something_else_are_refused():
    with pytest.raises(ValueError, match=r"EDSRLight takes image; .* a network of coarse, terrain"):
        task_of("temperature", EDSRLight(scale=4))


def test_every_variant_is_what_its_name_says():
    for fusion in downscaling.FUSIONS:
        config = downscaling.get_config(fusion)
        assert (config.model.fusion, config.task.quantity) == (fusion, "temperature")
    assert downscaling.get_config("precipitation").data.quantity == "precipitation"
