from typing import Any, Literal

import pytest

from train.config.registry import build, look_up


def make(
    size,
    colour: str = "red",
    weight: float = 1.0,
    count: int = 1,
    sure: bool = False,
    padding: Literal["same", "valid"] = "same",
    kernels: tuple[int, int] = (3, 3),
    levels: tuple[float, ...] = (),
    dtype: Any = "float32",
):
    return size, colour


TABLE = {"thing": make}


def test_builds_by_name_and_gives_what_is_taken():
    assert build(TABLE, {"name": "thing", "size": 3}, "x", colour="blue", other=1) == (3, "blue")


def test_lists_of_a_config_become_tuples():
    assert build(TABLE, {"name": "thing", "size": [1, [2, 3]]}, "x")[0] == (1, (2, 3))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"name": "thng", "size": 1}, r"x\.name='thng'.*'thing'"),
        ({"name": "thing", "size": 1, "color": 2}, r"x\.color.*'colour'"),
        ({"name": "thing"}, r"x\.size is missing"),
        ({"size": 1}, r"x\.name is missing"),
    ],
)
def test_mistakes_are_named_with_their_path(section, message):
    with pytest.raises(ValueError, match=message):
        build(TABLE, section, "x")


def test_what_the_program_gives_is_no_config_key():
    with pytest.raises(ValueError, match=r"x\.colour"):
        build(TABLE, {"name": "thing", "size": 1, "colour": "red"}, "x", colour="blue")


def test_nothing_close_lists_all():
    with pytest.raises(ValueError, match="known: thing"):
        look_up(TABLE, "zzz", "x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": 3},
        {"weight": "heavy"},
        {"count": 1.5},
        {"count": True},
        {"sure": 1},
        {"kernels": 3},
        {"kernels": (3,)},
        {"kernels": (3, 1.5)},
        {"levels": (0.5, "high")},
        {"dtype": "floot32"},
    ],
)
def test_a_value_of_another_type_is_named(wrong):
    (key,) = wrong
    with pytest.raises(ValueError, match=rf"x\.{key}=.*wanted"):
        build(TABLE, {"name": "thing", "size": 1, **wrong}, "x")


def test_a_word_that_is_none_of_those_known_is_named_with_the_nearest():
    with pytest.raises(ValueError, match=r"x\.padding='vaild' is unknown; did you mean 'valid'"):
        build(TABLE, {"name": "thing", "size": 1, "padding": "vaild"}, "x")


def test_a_whole_number_does_for_a_fraction():
    assert build(TABLE, {"name": "thing", "size": 1, "weight": 2, "levels": [1, 0.5]}, "x")
