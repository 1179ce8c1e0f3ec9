from __future__ import annotations

import pytest

from batch_tui.ui.layout import BATCHES, FILES, INSPECT, PANES, RESULTS, Arrangement, Shares, is_too_small


@pytest.mark.parametrize(
    ("width", "lower", "visible"),
    [
        (80, INSPECT, (BATCHES, INSPECT)),
        (99, FILES, (BATCHES, FILES)),
        (80, RESULTS, (BATCHES, RESULTS)),
        (100, FILES, (FILES, BATCHES, INSPECT)),
        (120, RESULTS, (FILES, BATCHES, RESULTS)),
        (160, INSPECT, (FILES, BATCHES, RESULTS, INSPECT)),
    ],
)
def test_each_width_has_its_panes(width: int, lower: str, visible: tuple[str, ...]) -> None:
    assert Arrangement(lower).visible(width) == visible


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 400])
@pytest.mark.parametrize("zoom", [None, *PANES])
@pytest.mark.parametrize("pane", PANES)
def test_a_pane_that_is_asked_for_is_on_the_screen(width: int, zoom: str | None, pane: str) -> None:
    assert pane in Arrangement(zoom=zoom).showing(pane, width).visible(width)


@pytest.mark.parametrize("width", [60, 120, 200])
def test_stepping_visits_every_pane_in_sight_once(width: int) -> None:
    arrangement = Arrangement()
    ring = arrangement.visible(width)
    seen, pane = [], ring[0]
    for _ in ring:
        seen.append(pane)
        pane = arrangement.neighbour(pane, 1, width)
    assert tuple(seen) == ring
    assert pane == ring[0]
    assert arrangement.neighbour(ring[0], -1, width) == ring[-1]


def test_zoom_shows_one_pane_and_gives_the_rest_back() -> None:
    zoomed = Arrangement(RESULTS).zoomed(BATCHES)
    assert zoomed.visible(120) == (BATCHES,)
    assert "-zoom-batches" in zoomed.classes(120)
    assert zoomed.zoomed(None).visible(120) == (FILES, BATCHES, RESULTS)


@pytest.mark.parametrize(
    ("width", "height", "small"), [(40, 10, False), (39, 40, True), (80, 9, True), (60, 20, False)]
)
def test_a_terminal_too_small_is_known(width: int, height: int, small: bool) -> None:  # noqa: FBT001
    assert is_too_small(width, height) is small


def test_pane_sizes_survive_a_restart() -> None:
    grown = Shares().grown(FILES, 1, 120).grown(BATCHES, 1, 120).grown(BATCHES, 1, 120)
    assert Shares.of(grown.steps) == grown != Shares()


@pytest.mark.parametrize("steps", [(), (1,), (99, -99, 3, 4)])
def test_stored_sizes_of_any_kind_stay_within_bounds(steps: tuple[int, ...]) -> None:
    assert all(abs(step) <= 3 for step in Shares.of(steps).steps)
