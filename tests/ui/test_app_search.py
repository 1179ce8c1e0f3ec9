from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from batch_tui.ui.session import SessionState
from batch_tui.ui.text.cells import Tone, cell_text
from batch_tui.ui.widgets.viewer import Viewer
from tests.support.screen import Stage, stage
from tests.ui.test_app_outcomes import account


@asynccontextmanager
async def _results(folder: Path) -> AsyncIterator[Stage]:
    """The results of two requests, the list of them in focus."""
    async with stage(folder, account(), session=SessionState(cursor="done")) as running:
        await running.press("4")
        await running.until(lambda: running.app.deck.results.joined is not None)
        yield running


def found_in(viewer: Viewer) -> int:
    return len(viewer.matches.lines)


async def test_an_overview_is_searched_and_n_goes_round_telling_where_it_is(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=SessionState(cursor="running")) as running:
        await running.press("3", "slash", *"running")
        facts = running.app.deck.inspect.facts
        count = len(facts.matches.lines)
        assert count > 1
        assert f"{count} lines" in running.said()
        await running.press("enter", "n")
        assert running.said() == f"Match 2 of {count} lines."
        await running.press("N")
        assert running.said() == f"Match 1 of {count} lines."
        await running.press("N")
        assert running.said() == f"Match {count} of {count} lines."


async def test_a_search_that_finds_nothing_says_so_when_it_is_ended(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        await running.press("3", "slash", "e", "enter", "n")
        assert running.said().startswith("Match 2 of ")
        await running.press("slash", *"zzz", "enter")
        assert running.said() == "No line has 'zzz'."
        await running.press("slash", "e", "enter")
        assert "Next" in running.said()


async def test_what_was_found_is_told_apart_until_esc_ends_the_search(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=SessionState(cursor="running")) as running:
        await running.press("3", "slash", *"running", "enter")
        facts = running.app.deck.inspect.facts
        row = facts.matches.lines[0]
        hit = facts.look(Tone.HIT)
        assert "running" in "".join(part.text for part in facts.render_line(row) if part.style == hit)
        await running.press("escape")
        assert facts.matches.lines == ()
        assert not any(part.style == hit for part in facts.render_line(row))
        assert "running" in cell_text(facts.lines[row])


async def test_a_raw_batch_is_searched_in_its_tab_and_wrapped_there_alone(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=SessionState(cursor="running")) as running:
        await running.press("3", "w")
        assert running.said() == "These lines are folded to the width as they are."
        await running.press("[", "[", "slash", *"request_counts", "enter", "n")
        assert running.app.deck.inspect.tab == "raw"
        assert running.said() == "Match 1 of 1 line."
        await running.press("w")
        assert running.app.deck.inspect.viewer.is_wrapped


async def test_l_and_h_go_between_a_request_and_its_raw_answer_and_search_the_side_that_is_read(
    tmp_path: Path,
) -> None:
    async with _results(tmp_path) as running:
        results = running.app.deck.results
        await running.press("enter", "l")
        assert results.sides.response.has_focus
        await running.press("slash", *"custom_id", "enter")
        assert found_in(results.sides.response) == 1
        assert found_in(results.sides.conversation) == 0
        await running.press("escape")
        assert found_in(results.sides.response) == 0
        assert results.is_answer_open
        await running.press("h")
        assert results.sides.conversation.has_focus
        await running.press("h")
        assert running.app.deck.panels.current != "results"


async def test_a_pane_looks_focused_when_esc_closed_an_answer_in_it(tmp_path: Path) -> None:
    async with _results(tmp_path) as running:
        results = running.app.deck.results
        await running.press("enter", "escape")
        assert results.table.has_focus
        assert running.line_of(results.title_bar).startswith("━4 Results")
        await running.press("2")
        assert running.line_of(results.title_bar).startswith("─4 Results")


async def test_a_search_in_an_answer_does_not_begin_with_the_filter_of_the_list(tmp_path: Path) -> None:
    async with _results(tmp_path) as running:
        results = running.app.deck.results
        await running.press("slash", *"outcome:succeeded", "enter", "enter", "l", "slash", *"custom_id", "enter")
        assert found_in(results.sides.response) == 1
        await running.press("escape", "escape")
        assert results.filter_text == "outcome:succeeded"


async def test_enter_folds_an_object_of_the_raw_answer_and_opens_it_again(tmp_path: Path) -> None:
    async with _results(tmp_path) as running:
        response = running.app.deck.results.sides.response
        await running.press("enter", "l", *["j"] * 3)
        assert response.cursor_text == '  "response": {'
        whole = response.line_count
        await running.press("enter")
        assert response.cursor_text.startswith('  "response": {"status_code": 200, ')
        assert response.line_count < whole
        await running.press("enter")
        assert (response.cursor_text, response.line_count) == ('  "response": {', whole)
        await running.press("h", "enter")
        assert running.app.deck.results.is_answer_open


async def test_the_hints_of_an_open_answer_are_those_of_a_text(tmp_path: Path) -> None:
    async with _results(tmp_path) as running:
        await running.press("enter")
        assert "Mark" not in running.said()
        await running.press("slash", *"answer", "enter")
        running.app.dock.clear_message()
        assert "n Next" in running.said()


async def test_y_on_a_row_of_results_copies_its_custom_id_and_o_means_the_whole_answer(tmp_path: Path) -> None:
    async with _results(tmp_path) as running:
        await running.press("y")
        assert running.said().startswith("r1  ")
        assert '"content": "answer 1"' in running.app.deck.selection.text


async def test_y_copies_the_id_in_facts_and_the_line_in_a_text(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=SessionState(cursor="running")) as running:
        await running.press("3", "y")
        assert running.said().startswith("running  ")
        await running.press("[", "[", "j", "y")
        assert '"id": "running"' in running.said()
