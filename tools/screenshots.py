"""Take the README's pictures from the real app on the real gateway: ``python tools/screenshots.py``."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from pathlib import Path

from batch_tui.cli.session import build_cockpit
from batch_tui.cli.verbs.demo_ import demo_environment, gateway
from batch_tui.engine.settings import Flags, load_settings
from batch_tui.gateway.seed import seed_demo
from batch_tui.ui.app import BatchTuiApp

SHOTS: tuple[tuple[str, tuple[int, int], tuple[str, ...]], ...] = (
    ("80x24", (80, 24), ()),
    ("120x36", (120, 36), ()),
    ("200x50", (200, 50), ("slash", *"lead", "enter", "enter")),
    ("files", (120, 36), ("1", "j")),
    ("results", (120, 36), ("slash", *"lead", "enter", "enter")),
    ("errors", (120, 36), ("slash", *"lead", "enter", "3", *["right_square_bracket"] * 3)),
    ("cancel", (120, 36), ("j", "x")),
    ("help", (120, 36), ("question_mark",)),
)
"""Name, size, and the keys that lead there."""
_TARGET = Path("screenshots")
_UNIQUE = re.compile(r"terminal-\d+")
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_TURNS = 400


async def shoot(root: Path, base_url: str, workspace: Path) -> None:
    """Take every picture, each from a fresh start."""
    for name, size, keys in SHOTS:
        environ = demo_environment(os.environ, root / name, base_url)
        cockpit = build_cockpit(load_settings(environ, Flags()))
        app = BatchTuiApp(cockpit, workspace=workspace)
        async with app.run_test(size=size) as pilot:
            for _ in range(_TURNS):
                await pilot.pause(0.02)
                if app.deck.batches.table.row_ids and "live" in app.header.facts.condition:
                    break
            for key in keys:
                await pilot.press(key)
                await pilot.pause(0.3)
            await pilot.pause(1.0)
            svg = app.export_screenshot(title="batch-tui", simplify=True)
        await cockpit.aclose()
        (_TARGET / f"{name}.svg").write_text(stable(svg), encoding="utf-8")
        print(f"{_TARGET / name}.svg")


def stable(svg: str) -> str:
    """The picture without the numbers that differ at each run, and without fonts fetched from afar."""
    text = _FONT_FACE.sub("", _UNIQUE.sub("terminal", svg))
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip() + "\n"


def main() -> None:
    """Seed an account, serve it, take the pictures."""
    _TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="batch-tui-shots-") as folder:
        root = Path(folder)
        workspace = root / "workspace"
        workspace.mkdir()
        seed_demo(root / "gateway", workspace)
        with gateway(root / "gateway", 1.0) as base_url:
            asyncio.run(shoot(root, base_url, workspace))


if __name__ == "__main__":
    main()
