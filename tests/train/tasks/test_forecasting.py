"""Forecasting: anomalies in and out, and a table of one's own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs.forecasting import ecv, series
from train.data.data_sets import data_set
from train.run.experiment import build_experiment
from train.run.training import fit
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system


def drawn_batch():
    keys = jax.random.split(jax.random.key(0), 3)
    return {
        "history": 280 + jax.random.normal(keys[0], (2, 3, 8, 8, 1)),
        "climatology": 280 + jax.random.normal(keys[1], (2, 4, 8, 8, 1)),
        "deviation": jnp.array([2.0, 4.0]),
        "target": 280 + jax.random.normal(keys[2], (2, 8, 8, 1)),
    }


def test_the_network_sees_and_tells_anomalies_over_their_deviation():
    task, batch = build_experiment(ecv.get_config("tiny")).task, drawn_batch()
    (history,), target = task.pair(None, batch)
    for index, deviation in enumerate((2.0, 4.0)):
        usual = batch["climatology"][index]
        wanted = (batch["history"][index] - usual[:3]) / deviation
        np.testing.assert_allclose(history[index], wanted, atol=1e-4)
        np.testing.assert_allclose(
            target[index], (batch["target"][index] - usual[3]) / deviation, atol=1e-4
        )


def test_an_application_is_in_the_units_of_the_series():
    task, batch = build_experiment(ecv.get_config("tiny")).task, drawn_batch()
    batch.pop("target")
    variables = task.network.init(jax.random.key(0), batch["history"])
    anomalies = (batch["history"] - batch["climatology"][:, :3]) / batch["deviation"].reshape(
        2, 1, 1, 1, 1
    )
    told = task.network.apply(variables, anomalies) * batch["deviation"].reshape(2, 1, 1, 1)
    found = task.apply({"network": variables}, batch, horizon=1)["frame"]
    np.testing.assert_allclose(found, batch["climatology"][:, 3] + told, atol=1e-3)


def test_a_table_of_ones_own_is_learnt_and_scored(tmp_path):
    generator = np.random.default_rng(0)
    months = np.arange("1990-01", "2010-01", dtype="datetime64[M]")
    season = np.sin(2 * np.pi * np.arange(240) / 12)
    noise = generator.normal(0, 0.3, (240, 2))
    lines = [
        f"{month}-01,{5 + 3 * s + a:.4f},{s + b:.4f}"
        for month, s, (a, b) in zip(months, season, noise, strict=True)
    ]
    file = tmp_path / "levels.csv"
    file.write_text("\n".join(["month,level,flow", *lines]))
    config = series.get_config(f"6:1:1x2:{file}")
    config.train.update(
        {"steps": 60, "validate_every": 30, "checkpoint_every": 30, "log_every": 30}
    )
    result = fit(config, tmp_path / "run")
    baseline, ours = result.table
    # White anomalies of deviation 0.3: nothing but the season is to be known.
    assert ours["rmse"] == pytest.approx(0.3, abs=0.06)
    assert baseline["rmse"] == pytest.approx(0.3, abs=0.06)
    last = evaluate(
        system("persistence"), data_set(f"series:test:{file}"), PROTOCOLS["forecasting"], 1
    )
    assert last.values["rmse"] > 2 * ours["rmse"]


@pytest.mark.parametrize("variant", ["12:3:levels.csv", "0:1:1x1:a.csv", "12:1:1x1:", "a"])
def test_a_variant_that_is_no_series_tells_how_it_is_written(variant):
    with pytest.raises(ValueError, match="wanted <history>:<horizon>:<side>x<channels>:<file>"):
        series.get_config(variant)
