from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.engine.configuration.paths import config_path, directory_name, find_paths, write_private


@given(st.text(), st.text())
def test_every_profile_has_one_clean_directory_of_its_own(first: str, second: str) -> None:
    name = directory_name(first)
    assert name.isascii()
    assert "/" not in name
    assert not name.startswith(".")
    assert 0 < len(name) < 80
    assert (name == directory_name(second)) == (first == second)


@pytest.mark.parametrize("name", ["work", "default", "a.b-c_d", "default@api.example"])
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    assert directory_name(name) == name


@pytest.mark.parametrize("name", ["..", ".", "", "../../etc", "a/b", "a\x00b", "x" * 500])
def test_a_name_cannot_lead_elsewhere(name: str) -> None:
    assert Path("base", directory_name(name)).resolve().parent == Path("base").resolve()


def test_the_xdg_variables_decide(tmp_path: Path) -> None:
    environ = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("CONFIG", "STATE", "CACHE")}
    paths = find_paths(environ, "work")
    assert paths.config == tmp_path / "CONFIG" / "batch-tui" / "config.toml"
    assert paths.state == tmp_path / "STATE" / "batch-tui" / "work"
    assert paths.cache == tmp_path / "CACHE" / "batch-tui" / "work"


def test_a_relative_xdg_directory_is_ignored() -> None:
    paths = find_paths({"XDG_STATE_HOME": "relative"}, "work")
    assert paths.state.is_absolute()
    assert "relative" not in paths.state.parts


def test_a_named_configuration_goes_before_the_usual_place() -> None:
    assert config_path({"BATCH_TUI_CONFIG": "/x/y.toml", "XDG_CONFIG_HOME": "/z"}) == Path("/x/y.toml")


def test_a_write_replaces_the_whole_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "f"
    write_private(target, b"one")
    write_private(target, b"two")
    assert target.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [target]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "f"
    target.mkdir()
    with pytest.raises(OSError, match="directory"):
        write_private(target, b"two")
    assert list(tmp_path.iterdir()) == [target]
