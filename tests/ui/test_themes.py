"""Colours, letters and sizes: every theme, the terminal's own sixteen colours, ASCII, and no broken line."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.color import ColorType
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.theme import BUILTIN_THEMES

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.themes import DEFAULT, TERMINAL, choose_theme
from batch_tui.ui.widgets.looks import contrast, look_in
from tests.support.batches import NOON, a_batch
from tests.support.fake_service import FakeService
from tests.support.screen import Stage, stage

WIDE_NAME = "名前がとても長いバッチ 🙂 e\u0301\u200d"


def account() -> FakeService:
    """A batch in every state, one with a name of wide letters."""
    batches = [
        a_batch(f"b-{status.value}", status, total=100, completed=60, failed=5, created=NOON - 60 * n, ended=NOON)
        for n, status in enumerate(BatchStatus)
    ]
    wide = a_batch("wide", metadata={"batch_tui_name": WIDE_NAME * 3}, created=NOON - 1)
    return FakeService(*batches, wide)


def strips(running: Stage) -> list[Strip]:
    """The screen's lines as they would be sent."""
    return running.app.screen._compositor.render_strips()


def assert_whole(running: Stage, width: int, height: int) -> None:
    lines = strips(running)
    assert len(lines) == height
    for line in lines:
        assert cell_len(line.text) == line.cell_length == width


def test_a_theme_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ConfigurationError, match=r"nrod.*no such theme.*gruvbox, nord"):
        choose_theme("nrod", ["nord", "gruvbox"], has_palette=True)


def test_without_a_word_the_terminal_decides() -> None:
    assert choose_theme(None, [], has_palette=True) == DEFAULT
    assert choose_theme(None, [], has_palette=False) == TERMINAL
    assert choose_theme("nord", ["nord"], has_palette=False) == "nord"


@pytest.mark.parametrize("theme", sorted({*BUILTIN_THEMES, TERMINAL}))
async def test_in_every_theme_the_states_differ_and_the_lines_are_whole(tmp_path: Path, theme: str) -> None:
    async with stage(tmp_path, account(), theme=theme) as running:
        header = running.app.header
        tones = ["accent", "success", "warning", "error"]
        assert len({header.look(tone) for tone in tones}) == len(tones)
        table = running.app.deck.batches.table
        assert table.look("cursor") != table.look("plain")
        assert_whole(running, 120, 36)


async def test_the_terminals_own_colours_are_sixteen_and_leave_its_ground_alone(tmp_path: Path) -> None:
    async with stage(tmp_path, account(), theme=TERMINAL) as running:
        for line in strips(running):
            for segment in line:
                style = segment.style
                for color in (style.color, style.bgcolor) if style is not None else ():
                    assert color is None or color.type in {ColorType.DEFAULT, ColorType.STANDARD}
                assert style is None or style.bgcolor is None or style.bgcolor.is_default


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_ascii_draws_nothing_else(tmp_path: Path, size: tuple[int, int]) -> None:
    service = account()
    service.remove("wide")
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "a.jsonl").write_text("nope\n")
    async with stage(tmp_path, service, is_ascii=True, size=size) as running:
        for keys in ((), ("x",), ("n",), ("1",), ("3",), ("slash", "b"), ("escape",), ("question_mark",)):
            await running.press(*keys)
            for line in strips(running):
                assert line.text.isascii(), line.text
            if "slash" not in keys:
                await running.press("escape")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_ascii_draws_nothing_else_between_two_sides_of_an_answer(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    service = FakeService(a_batch("b", total=1))
    body = b'{"custom_id":"r","response":{"status_code":200,"body":{}},"error":null}\n'
    service.finish("b", output=body)
    async with stage(tmp_path, service, is_ascii=True, size=size) as running:
        await running.press("4")
        await running.until(lambda: running.app.deck.results.joined is not None)
        await running.press("enter")
        assert running.app.deck.results.is_answer_open
        assert all(line.text.isascii() for line in strips(running))


@pytest.mark.parametrize("pane", ["1", "2", "3", "4"])
async def test_no_size_breaks_a_line(tmp_path: Path, pane: str) -> None:
    sizes = (
        (40, 10),
        (41, 11),
        (57, 17),
        (79, 24),
        (99, 30),
        (100, 10),
        (101, 60),
        (159, 12),
        (160, 40),
        (400, 100),
    )
    async with stage(tmp_path, account(), size=(120, 36)) as running:
        await running.press(pane, "j")
        focused = running.app.deck.panels.current
        cursor = running.app.deck.batches.table.cursor_id
        for width, height in sizes:
            await running.pilot.resize_terminal(width, height)
            await running.settle()
            assert_whole(running, width, height)
            assert running.app.deck.panels.focused.region.area
        assert running.app.deck.panels.current == focused
        assert running.app.deck.batches.table.cursor_id == cursor


async def test_a_resize_keeps_the_place_in_a_long_text(tmp_path: Path) -> None:
    lines = "".join(f'{{"n": {n}}}\n' for n in range(300))
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "long.jsonl").write_text(lines)
    async with stage(tmp_path, account()) as running:
        await running.press("1")
        await running.press("enter")
        await running.press(*["ctrl+d"] * 6)
        line = running.app.deck.inspect.viewer.cursor_line
        assert line > 30
        for width, height in ((60, 20), (200, 50), (90, 30), (120, 36)):
            await running.pilot.resize_terminal(width, height)
            await running.settle()
        assert running.app.deck.inspect.viewer.cursor_line == line


GROUNDS = ("background", "surface", "panel")
TONES = ("plain", "muted", "strong", "accent", "success", "warning", "error", "key", "header")


@pytest.mark.parametrize("name", sorted(name for name in BUILTIN_THEMES if not name.startswith("ansi")))
def test_every_look_can_be_read_in_every_theme(name: str) -> None:
    theme = BUILTIN_THEMES[name].to_color_system().generate()
    for ground in (Color.parse(theme[variable]) for variable in GROUNDS):
        blurred = look_in(theme, "cursor-blurred", ground)
        for tone in TONES:
            style = look_in(theme, tone, ground)
            assert _contrast(style, style) > 2.95, tone
            assert _contrast(style, blurred) > 2.95, f"{tone} in the row of a cursor without the focus"
        for look in ("cursor", "cursor-blurred", "hit"):
            assert _contrast(look_in(theme, look, ground), look_in(theme, look, ground)) > 2.95, look


def test_a_theme_that_can_be_read_keeps_its_own_colours() -> None:
    theme = BUILTIN_THEMES["textual-dark"].to_color_system().generate()
    ground = Color.parse(theme["background"])
    amber = look_in(theme, "warning", ground).color
    assert amber is not None
    assert amber.triplet == (ground + Color.parse(theme["text-warning"])).rich_color.triplet


def _contrast(ink: Style, ground: Style) -> float:
    assert ink.color is not None
    assert ground.bgcolor is not None
    return contrast(Color.from_rich_color(ink.color), Color.from_rich_color(ground.bgcolor))
