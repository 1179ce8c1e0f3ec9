from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import batch_tui.ui
from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.commands.copy_choices import copy_choices, menu_note
from batch_tui.ui.commands.registry import COMMANDS, command, with_key_names
from batch_tui.ui.commands.selection import Scope, Selection
from batch_tui.ui.panes.columns import read_columns
from batch_tui.ui.session import SessionState
from tests.support.batches import NOON, a_batch, many
from tests.support.fake_service import FakeService, unauthorized
from tests.support.screen import stage

DONE = a_batch("done", BatchStatus.COMPLETED, completed=100, output="file-out", ended=NOON)


def account() -> FakeService:
    return FakeService(
        a_batch("one", total=100, completed=40), DONE, *(a_batch(f"b{n}", created=NOON - n) for n in range(1, 9))
    )


def test_the_copy_menu_offers_only_what_there_is() -> None:
    note = menu_note(copy_choices(Selection(Scope.BATCHES, batch=DONE)))
    assert note == "i id  f input file  o output file  c command"
    marked = Selection(Scope.BATCHES, batch=DONE, marked=(DONE, a_batch("b")))
    assert "a all 2 ids" in menu_note(copy_choices(marked))
    assert (
        menu_note(copy_choices(Selection(Scope.FILES, file=Path("/x/a b.jsonl")))) == "p path  n name  c command"
    )
    assert copy_choices(Selection(Scope.FILES)) == ()


@pytest.mark.parametrize(
    ("keymap", "named"), [({}, "(space)"), ({"mark": "f8 ctrl+t"}, "(f8)"), ({"compare": "f9"}, "(space)")]
)
async def test_a_sentence_names_the_key_that_the_user_chose(
    tmp_path: Path, keymap: dict[str, str], named: str
) -> None:
    async with stage(tmp_path, FakeService(*many(3)), keymap=keymap) as running:
        await running.press(keymap.get("compare", "c"))
        assert running.said().startswith(f"Mark exactly two batches {named}")
        await running.press("colon", *"compare")
        shown = [running.line_of(running.app.commands.table, y) for y in range(1, 4)]
        assert any(f"batches {named}" in line for line in shown)


def test_a_sentence_from_outside_stays_as_it_is() -> None:
    assert with_key_names("⟦nothing⟧ ⟦⟧ [save] ⟦save⟧", {}) == "⟦nothing⟧ ⟦⟧ [save] D"


def test_each_command_that_a_sentence_names_is_there() -> None:
    sources = Path(batch_tui.ui.__path__[0]).rglob("*.py")
    named = {name for path in sources for name in re.findall(r"⟦(\w+)⟧", path.read_text(encoding="utf-8"))}
    assert {"mark", "refresh"} <= named
    assert all(command(name).keys for name in named)


OWN_KEYS = {
    "files": "f2",
    "results": "f4",
    "open": "f6",
    "back": "f7",
    "new": "f8",
    "edit": "f9",
    "pause": "f10",
    "send_again": "f11",
    "dismiss": "f12",
}
USUAL_KEY = re.compile(r"(?<!')\b(?:esc|enter|[b-xzA-Z]) (?:\w+s|again)\b|\b(?:press|until) \w\b|\b[1-4] [A-Z]")
"""How a sentence would name a key as nobody has changed it: ``esc stops``, ``d dismisses``, ``4 Results``.

The ``y`` of a question is always that.
"""


def test_no_sentence_of_the_screen_names_a_key_that_can_be_another() -> None:
    found: list[str] = []
    for path in Path(batch_tui.ui.__path__[0]).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in documented]
        words = [text.value for text in texts if isinstance(text.value, str)]
        found += [f"{path.name}: {sentence}" for sentence in words if USUAL_KEY.search(sentence)]
    fixed = "command_list.py:   type to narrow · up down · enter runs · esc closes"  # the docked line's own keys
    assert found == [fixed]


async def test_what_the_panes_say_names_the_users_own_keys(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / "bad.jsonl").write_text("{}\n", encoding="utf-8")
    async with stage(tmp_path, FakeService(), size=(200, 50), keymap=OWN_KEYS) as running:
        deck = running.app.deck
        shown = [running.line_of(pane.title_bar)[1:] for pane in (deck.files, deck.batches, deck.results)]
        assert [title.split()[0] for title in shown] == ["f2", "2", "f4"]
        assert (
            running.line_of(deck.batches.table, 1).strip().startswith("No batches yet: choose a file in f2 Files")
        )
        assert running.line_of(deck.results.table, 1).strip().startswith("f6 on an ended batch (2 Batches)")
        await running.press("p")
        assert "f10" not in running.said()
        await running.press("f10")
        assert "until f10" in running.said()
        await running.press("f2")
        await running.until(lambda: deck.files.selection.report is not None)
        facts = deck.inspect.facts
        text = " ".join(running.line_of(facts, y) for y in range(facts.size.height))
        assert "f6 goes to the first" in text
        assert "f9 opens" in text


async def test_a_letter_in_the_copy_menu_copies_and_closes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    async with stage(tmp_path, account(), session=SessionState(cursor="done")) as running:
        await running.press("Y")
        assert "o output file" in running.said()
        await running.press("z")
        assert running.app.dock.is_prompting
        await running.press("o")
        assert running.app.dock.prompt_text == ""
        assert "file-out" in running.said()
        await running.press("Y", "escape")
        assert not running.app.dock.is_prompting


async def test_v_marks_a_range_star_all_and_esc_none(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        table = running.app.deck.batches.table
        await running.press("g", "v", "j", "j", "v")
        assert len(table.marks) == 3
        await running.press("asterisk")
        assert len(table.marks) == len(table.row_ids)
        await running.press("escape")
        assert not table.marks


async def test_columns_that_do_not_fit_come_in_and_go(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), size=(80, 24)) as running:
        table = running.app.deck.batches.table
        before = running.line_of(table)
        await running.press("L")
        assert running.line_of(table) != before
        await running.press("H")
        assert running.line_of(table) == before


@pytest.mark.parametrize(
    ("width", "title", "order", "turned"),
    [
        (120, "name", "name↓", "name↑"),
        (120, "done/total", "total↓", "total↑"),
        (120, "age", "age↑", "age↓"),
        (60, "%", "progress↓", "progress↑"),
        (80, "fail", "fail↓", "fail↑"),
    ],
)
async def test_a_click_on_a_title_sorts_by_its_column_and_another_one_turns_the_order(
    tmp_path: Path, width: int, title: str, order: str, turned: str
) -> None:
    async with stage(tmp_path, account(), size=(width, 24)) as running:
        batches = running.app.deck.batches
        place = running.line_of(batches.table).index(title)
        for expected in (order, turned):
            await running.pilot.click(batches.table, offset=(place, 0))
            await running.settle()
            assert running.line_of(batches.title_bar).split("sort ")[1].split()[0] == expected
        ids = batches.table.row_ids
        await running.pilot.click(batches.table, offset=(0, 0))
        assert batches.table.row_ids == ids


async def test_a_title_of_a_chosen_column_is_clicked_where_it_stands(tmp_path: Path) -> None:
    columns = ("fail", "name", "percent")
    async with stage(tmp_path, account(), columns=columns) as running:
        batches = running.app.deck.batches
        place = running.line_of(batches.table).index("%")
        await running.pilot.click(batches.table, offset=(place, 0))
        assert batches.order.column == "percent"
        assert batches.table.row_ids[0] == "done"


async def test_plus_and_underscore_resize_the_pane_and_zoom_at_the_end(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        batches = running.app.deck.batches
        before = batches.size.height
        await running.press("plus")
        assert batches.size.height > before
        await running.press("underscore")
        assert batches.size.height == before
        await running.press("underscore")
        assert batches.size.height < before
        await running.press("1")
        width = running.app.deck.files.size.width
        await running.press("plus")
        assert running.app.deck.files.size.width > width


async def test_t_shows_clock_times_in_place_of_ages(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        table = running.app.deck.batches.table
        before, header = running.row("one"), running.line_of(table)
        await running.press("t")
        assert running.row("one") != before
        assert running.line_of(table).split()[-3:] == ["fail", "created↓", "ends"]
        await running.press("t")
        assert running.row("one") == before
        assert running.line_of(table) == header


async def test_ctrl_c_quits_only_twice(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        await running.press("ctrl+c")
        assert "ctrl+c again quits" in running.said()
        assert running.app.return_code is None
        await running.pilot.press("ctrl+c")
        await running.pilot.pause()
        assert running.app.return_code == 0


async def test_the_palette_has_every_command_of_the_pane_and_says_why_one_cannot_run(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=SessionState(cursor="done")) as running:
        await running.press("colon", *"cancel")
        shown = [running.line_of(running.app.commands.table, y) for y in range(1, 4)]
        assert any("Nothing to cancel: done has ended" in line for line in shown)
        await running.press("enter")
        assert "Nothing to cancel" in running.said()


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
async def test_what_a_row_of_the_palette_has_no_room_for_stands_in_full_below_it(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with stage(tmp_path, account(), size=size) as running:
        await running.press("colon", *"new batch")
        commands = running.app.commands
        assert commands.table.size.height >= 4
        told = [running.line_of(commands.detail, y).strip() for y in range(commands.detail.size.height)]
        assert " ".join(told).strip() == "No local file is selected: move the cursor to a .jsonl file in Files."
        await running.pilot.press(*["backspace"] * 9, *"zoom")
        await running.settle()
        assert running.line_of(commands.detail).strip().startswith("Give the pane the whole screen")
        await running.press(*"zzz")
        assert not running.line_of(commands.detail).strip()


async def test_the_palette_finds_every_command_of_the_screen_and_says_where_it_works(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), session=SessionState(cursor="done")) as running:
        await running.press("colon")
        assert len(running.app.commands.table.row_ids) == len(COMMANDS)
        await running.press(*"mend")
        assert running.app.commands.table.row_ids[0] == "mend"
        await running.press("enter")
        assert running.said() == "Mend works in 1 Files."


@pytest.mark.parametrize("size", [(120, 36), (80, 24), (60, 20), (40, 10)])
async def test_what_is_typed_for_the_palette_stays_in_sight_below_it(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with stage(tmp_path, account(), size=size) as running:
        await running.press("colon", *"can")
        lowest, _ = running.app.screen.get_widget_at(0, size[1] - 1)
        assert lowest is running.app.dock
        assert running.said().startswith(":can")
        above, _ = running.app.screen.get_widget_at(0, size[1] - 2)
        assert above is running.app.commands.detail


async def test_enter_without_a_command_leaves_the_palette(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        await running.press("colon", *"zzz", "enter")
        assert not running.app.commands.is_open
        await running.press("j")
        assert running.app.deck.batches.table.has_focus


async def test_help_is_about_the_pane_alone_and_pages_with_the_keys_for_it(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        await running.press("question_mark")
        rows = running.app.commands.table.row_ids
        assert "cancel" in rows
        assert not {"mend", "wrap", "next_match"} & set(rows)
        await running.press("pagedown")
        assert running.app.commands.table.cursor_id != rows[0]


async def test_a_key_that_does_nothing_here_says_where_it_works(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        await running.press("w")
        assert running.said().startswith("Wrap works in a text")
        await running.press("1", "x")
        assert running.said() == "Cancel works in 2 Batches, 3 Inspect or 4 Results."
        await running.press("3", "v")
        assert running.said().startswith("Mark a range works in a list")
        await running.press("n")
        assert running.said() == "No match to go to: search with / first."


async def test_a_read_only_profile_says_so_where_a_key_would_change_the_account(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), is_read_only=True) as running:
        await running.press("x")
        assert running.said() == "Cancel: this profile is read-only."
        await running.press("colon", *"upload")
        assert "this profile is read-only" in running.line_of(running.app.commands.table, 1)


async def test_esc_takes_a_message_away(tmp_path: Path) -> None:
    async with stage(tmp_path, account()) as running:
        running.app.desk.warn("Something happened.")
        await running.press("escape")
        assert running.app.dock.message == ""


def test_columns_are_chosen_by_name_and_a_mistake_names_its_line(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[ui]\ncolumns = ["name", "speed"]\n')
    assert read_columns(("name", "done", "failed"), config) == ("name", "total", "fail")
    with pytest.raises(ConfigurationError, match=r"config\.toml:2: there is no column 'speed'; choose from name"):
        read_columns(("name", "speed"), config)


class Renewing(FakeService):
    """A service whose key can be replaced."""

    keys: tuple[str | None, ...] = ()

    async def renew_key(self) -> str | None:
        if not self.keys:
            raise ConfigurationError("api_key_command printed nothing.")
        key, *rest = self.keys
        self.keys = tuple(rest)
        return key


async def test_r_asks_for_the_key_anew_where_it_was_refused(tmp_path: Path) -> None:
    service = Renewing(DONE)
    async with stage(tmp_path, service) as running:
        service.fail_next("list_batches", unauthorized())
        await running.poll()
        await running.until(lambda: running.app.cockpit.monitor.is_refused)
        assert "r asks for the key anew" in running.said()
        await running.press("r")
        assert running.said() == "api_key_command printed nothing."
        service.keys = ("a-fresh-key",)
        await running.press("r")
        await running.until(lambda: not running.app.cockpit.monitor.is_refused)
        running.app.cockpit.events.record("test", "it is a-fresh-key")
        assert "a-fresh-key" not in running.app.cockpit.events.recent()[-1].text


async def test_hints_and_help_tell_the_keys_that_the_user_gave(tmp_path: Path) -> None:
    keymap = {"cancel": "K", "mark": "x"}
    async with stage(tmp_path, account(), session=SessionState(cursor="one"), keymap=keymap) as running:
        await running.press("j", "k")
        assert "K Cancel" in running.said()
        assert "x Mark" in running.said()
        await running.press("question_mark", *"cancel the")
        assert running.line_of(running.app.commands.table, 1).split()[:2] == ["K", "Cancel"]
        await running.press("escape", "K")
        assert "Cancel one?" in running.said()
