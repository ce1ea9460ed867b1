"""Which cells a comparison has, what they are called, and which grids are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zppo.compare.grid import Cell, Grid, parse_grid
from zppo.errors import ConfigError


def parsed(methods: str = "grpo,zppo", seeds: str = "0,1", *variations: str, **overrides: str) -> Grid:
    return parse_grid("recipe.yaml", methods, seeds, variations, overrides)


def test_the_grid_is_methods_times_variations_times_seeds_and_runs_seed_by_seed() -> None:
    grid = parsed("grpo, zppo", "3,1", "zone.tau=0.25,0.5")
    labels = [f"{m} zone.tau={v}" for m in ("grpo", "zppo") for v in ("0.25", "0.5")]
    assert grid.labels == labels
    assert [(c.label, c.seed) for c in grid.cells] == [(label, seed) for seed in (3, 1) for label in labels]


def test_several_variations_are_combined() -> None:
    labels = parsed("zppo", "0", "zone.tau=0.5,1", "zone.group-size=4,8").labels
    assert labels[:2] == ["zppo zone.tau=0.5 zone.group_size=4", "zppo zone.tau=0.5 zone.group_size=8"]
    assert len(labels) == 4


def test_varied_options_go_over_those_of_all_cells() -> None:
    grid = parsed("zppo", "7", "zone.tau=1", rollout_steps="5")
    expected = {"rollout_steps": "5", "method": "zppo", "seed": "7", "zone.tau": "1"}
    assert grid.options(grid.cells[0]) == expected


def test_folders_are_named_after_what_runs_in_them() -> None:
    assert Cell("grpo+replay", (), 0).name == "grpo+replay-0"
    assert Cell("zppo", (("zone.advantage", "none"),), 12).name == "zppo-zone.advantage=none-12"
    assert Cell("zppo", (("student.model", "../my model"),), 0).name == "zppo-student.model=..%2Fmy%20model-0"


VALUES = st.text(min_size=1) | st.sampled_from(["a", "a-0", "a=1", "1-b=2", "/", "..", "x" * 300, "y" * 300])
CELLS = st.builds(
    lambda m, a, b, s: Cell(m, (("a", a), ("b", b)), s),
    st.sampled_from(["grpo", "zppo"]),
    VALUES,
    VALUES,
    st.integers(0),
)


@given(CELLS, CELLS)
def test_no_two_cells_share_a_folder_and_every_name_is_one_path_component(one: Cell, other: Cell) -> None:
    assert (one.name == other.name) == (one == other)
    assert not set(one.name) & set('/\\:*?"<>| ') and len(one.name) < 200


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("",), "--methods: '' has an empty place"),
        (("grpo,,zppo",), "has an empty place; write a list such as grpo,zppo"),
        (("grpo,grpo",), "--methods: grpo and grpo are the same method"),
        (("grpo+bcq+replay,grpo+replay+bcq",), "grpo+bcq+replay and grpo+replay+bcq are the same method"),
        (("grpo,zpo",), "there is no method 'zpo'; did you mean 'zppo'?"),
        (("zppo+replay",), "zppo already has replay"),
        (("grpo", ""), "--seeds: '' has an empty place"),
        (("grpo", "0,1.5"), "--seeds: '1.5' is not a seed"),
        (("grpo", "0,-1"), "--seeds: '-1' is not a seed"),
        (("grpo", "0,1,0"), "--seeds: 0 is given twice"),
        (("grpo", "1,01"), "--seeds: 1 is given twice"),
        (("grpo", "0", "zone.tau"), "--vary: 'zone.tau' does not look like OPTION=VALUE,VALUE"),
        (("grpo", "0", "=1,2"), "--vary: '=1,2' does not look like OPTION=VALUE,VALUE"),
        (("grpo", "0", "zone.tau="), "--vary zone.tau: '' has an empty place"),
        (("grpo", "0", "zone.tau=1,1"), "--vary zone.tau: 1 is given twice"),
        (("grpo", "0", "zone.tau=1", "zone.tau=2"), "--vary: zone.tau is given twice"),
        (("grpo", "0", "method=grpo,zppo"), "--vary: method is not varied here; use --methods"),
        (("grpo", "0", "seed=1,2"), "--vary: seed is not varied here; use --seeds"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused(arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(ConfigError) as error:
        parsed(*arguments)
    assert problem in str(error.value)


@pytest.mark.parametrize(("option", "instead"), [("method", "--methods"), ("seed", "--seeds"), ("run_dir", "--cells")])
def test_an_option_that_belongs_to_a_single_run_is_refused(option: str, instead: str) -> None:
    with pytest.raises(ConfigError, match=f"--{option} does not go with a comparison.*{instead}"):
        parsed(**{option: "1"})


def test_an_option_cannot_be_both_varied_and_fixed() -> None:
    with pytest.raises(ConfigError, match="rollout_steps is both varied by --vary and fixed"):
        parsed("grpo", "0", "rollout_steps=1,2", rollout_steps="3")


def test_the_baseline_is_replay_if_it_is_compared_else_the_first_label() -> None:
    assert parsed("grpo,zppo,grpo+replay").baseline(None) == "grpo+replay"
    assert parsed("zppo,grpo").baseline(None) == "zppo"
    assert parsed("zppo,grpo").baseline("grpo") == "grpo"


def test_a_baseline_that_is_not_compared_is_refused() -> None:
    with pytest.raises(ConfigError, match="'grpo\\+replay' is not compared here"):
        parsed("zppo,grpo").baseline("grpo+replay")
