"""The table of commands: every key of the screen is written here and nowhere else. Pure."""

from __future__ import annotations

from batch_tui.ui.commands import availability as can
from batch_tui.ui.commands.kinds import Command, Group
from batch_tui.ui.commands.selection import Scope

_T, _V, _A = Scope.TABLE, Scope.VIEWER, Scope.APP
_LISTS = frozenset({_T, _V})
_TABLE = frozenset({_T})
_VIEWER = frozenset({_V})
_APP = frozenset({_A})
_BATCHES = frozenset({Scope.BATCHES})
_FILES = frozenset({Scope.FILES})
_ROWS = frozenset({Scope.FILES, Scope.BATCHES, Scope.RESULTS})
_WITH_BATCH = frozenset({Scope.BATCHES, Scope.INSPECT, Scope.RESULTS})

_MOVE = (
    Command("down", ("j", "down"), "Down", "One line down.", Group.MOVE, _LISTS, "cursor_down"),
    Command("up", ("k", "up"), "Up", "One line up.", Group.MOVE, _LISTS, "cursor_up"),
    Command("first", ("g", "home"), "First", "To the first line.", Group.MOVE, _LISTS, "first"),
    Command("last", ("G", "end"), "Last", "To the last line.", Group.MOVE, _LISTS, "last"),
    Command("half_page_down", ("ctrl+d",), "Half page down", "Half a page down.", Group.MOVE, _LISTS, "page(1)"),
    Command("half_page_up", ("ctrl+u",), "Half page up", "Half a page up.", Group.MOVE, _LISTS, "page(-1)"),
    Command("page_down", ("pagedown",), "Page down", "A page down.", Group.MOVE, _LISTS, "page(2)"),
    Command("page_up", ("pageup",), "Page up", "A page up.", Group.MOVE, _LISTS, "page(-2)"),
    Command(
        "pane_left",
        ("h", "left"),
        "Pane left",
        "To the pane before, or close a fold.",
        Group.MOVE,
        _APP,
        "pane_left",
    ),
    Command(
        "pane_right",
        ("l", "right"),
        "Pane right",
        "To the next pane, or open a fold.",
        Group.MOVE,
        _APP,
        "pane_right",
    ),
    Command(
        "columns_left",
        ("H",),
        "Columns left",
        "Bring columns back in on the left.",
        Group.MOVE,
        _LISTS,
        "columns(-1)",
    ),
    Command(
        "columns_right", ("L",), "Columns right", "See the columns on the right.", Group.MOVE, _LISTS, "columns(1)"
    ),
    Command(
        "folder_up",
        ("backspace",),
        "Folder up",
        "To the folder above.",
        Group.MOVE,
        _FILES,
        "folder_up",
        can.local_files,
    ),
    Command("files", ("1",), "Files", "To Files.", Group.MOVE, _APP, "pane('files')"),
    Command("batches", ("2",), "Batches", "To Batches.", Group.MOVE, _APP, "pane('batches')"),
    Command(
        "inspect",
        ("3",),
        "Inspect",
        "To Inspect: everything about one batch.",
        Group.MOVE,
        _APP,
        "pane('inspect')",
    ),
    Command("results", ("4",), "Results", "To Results: what came back.", Group.MOVE, _APP, "pane('results')"),
    Command("next_pane", ("tab",), "Next pane", "To the next pane.", Group.MOVE, _APP, "next_pane"),
    Command(
        "previous_pane", ("shift+tab",), "Previous pane", "To the pane before.", Group.MOVE, _APP, "previous_pane"
    ),
    Command(
        "previous_tab", ("[",), "Previous tab", "The tab before.", Group.MOVE, _APP, "tab(-1)", can.needs_tabs
    ),
    Command("next_tab", ("]",), "Next tab", "The next tab.", Group.MOVE, _APP, "tab(1)", can.needs_tabs),
    Command(
        "open",
        ("enter",),
        "Look inside",
        "Look inside what is under the cursor.",
        Group.MOVE,
        _LISTS,
        "open",
        hint=1,
        hint_title="Open",
    ),
    Command(
        "back",
        ("escape",),
        "Back",
        "Step back: out of the prompt, the filter, the marks, the zoom.",
        Group.MOVE,
        _APP,
        "back",
    ),
)
_FIND = (
    Command(
        "filter",
        ("/",),
        "Filter",
        "Filter the list while you type (status:failed model:mini age<2h cost>1 !word), or search a text.",
        Group.FIND,
        _APP,
        "filter",
        hint=2,
    ),
    Command(
        "next_match", ("n",), "Next match", "To the next match.", Group.FIND, _VIEWER, "match(1)", can.needs_hits
    ),
    Command(
        "previous_match",
        ("N",),
        "Previous match",
        "To the match before.",
        Group.FIND,
        _VIEWER,
        "match(-1)",
        can.needs_hits,
    ),
    Command("sort", ("s",), "Sort", "Sort by the next column.", Group.FIND, _ROWS, "sort", can.batches_only),
    Command(
        "sort_reverse",
        ("S",),
        "Reverse sort",
        "Turn the order round.",
        Group.FIND,
        _ROWS,
        "sort_reverse",
        can.batches_only,
    ),
    Command(
        "active_only",
        ("a",),
        "Active only",
        "Show active batches only, or all again.",
        Group.FIND,
        _BATCHES,
        "active_only",
    ),
    Command(
        "problems_only",
        ("!",),
        "Problems only",
        "Show only what failed or has failures, or all again.",
        Group.FIND,
        frozenset({Scope.BATCHES, Scope.RESULTS}),
        "problems_only",
    ),
    Command(
        "palette",
        (":", "ctrl+p"),
        "Commands",
        "Find and run any command by its name.",
        Group.FIND,
        _APP,
        "palette",
        hint=9,
        hint_title="Cmd",
    ),
    Command("help", ("?", "f1"), "Help", "Searchable help of this pane.", Group.FIND, _APP, "help", hint=10),
)
_MARK = (
    Command("mark", ("space",), "Mark", "Mark or unmark, and go down.", Group.MARK, _TABLE, "mark", hint=3),
    Command(
        "mark_range", ("v",), "Mark a range", "Start a range; move; again to end it.", Group.MARK, _TABLE, "range"
    ),
    Command(
        "mark_all", ("*",), "Mark all", "Mark all rows shown, or unmark them.", Group.MARK, _TABLE, "mark_all"
    ),
)
_ACT = (
    Command(
        "new",
        ("n",),
        "New batch",
        "Submit a new batch from the file under the cursor.",
        Group.ACT,
        _FILES | _BATCHES,
        "new_batch",
        can.submittable,
        is_paid=True,
        hint=5,
        hint_title="New",
    ),
    Command(
        "upload",
        ("u",),
        "Upload only",
        "Upload the file, create no batch.",
        Group.ACT,
        _FILES,
        "upload",
        can.submittable,
        is_paid=True,
    ),
    Command(
        "mend",
        ("m",),
        "Mend",
        "Write a mended copy beside the file: what can be mended without asking.",
        Group.ACT,
        _FILES,
        "mend",
        can.mendable,
        hint=2,
    ),
    Command(
        "cancel",
        ("x",),
        "Cancel",
        "Cancel the batch, or the marked ones; y confirms.",
        Group.ACT,
        _WITH_BATCH,
        "cancel",
        can.cancellable,
        is_paid=True,
        hint=4,
    ),
    Command(
        "cancel_shown",
        ("X",),
        "Cancel all shown",
        "Cancel every active batch the filter shows; type their number.",
        Group.ACT,
        _BATCHES,
        "cancel_shown",
        can.any_shown_active,
        is_paid=True,
    ),
    Command(
        "fix",
        ("F",),
        "Fix",
        "Send failed and unfinished requests again, as a new batch.",
        Group.ACT,
        _WITH_BATCH,
        "fix",
        can.fixable,
        is_paid=True,
        hint=7,
    ),
    Command(
        "send_again",
        ("s",),
        "Send again",
        "Submit again what was not confirmed or not sent; y confirms.",
        Group.ACT,
        _BATCHES,
        "send_again",
        can.sendable,
        is_paid=True,
        hint=1,
        hint_title="Send",
        instead_of="sort",
    ),
    Command(
        "dismiss",
        ("d",),
        "Dismiss",
        "Let go of a submit that was not confirmed or not sent.",
        Group.ACT,
        _BATCHES,
        "dismiss",
        can.dismissable,
        hint=2,
    ),
    Command(
        "save",
        ("D",),
        "Save files",
        "Save the output and error files.",
        Group.ACT,
        _WITH_BATCH,
        "save",
        can.has_files,
        hint=6,
        hint_title="Save",
    ),
    Command(
        "compare",
        ("c",),
        "Compare",
        "Compare the answers of two marked batches.",
        Group.ACT,
        _BATCHES,
        "compare",
        can.comparable,
    ),
    Command(
        "delete",
        ("delete",),
        "Delete remote file",
        "Delete the file, or the marked ones, at the service.",
        Group.ACT,
        _FILES,
        "delete",
        can.deletable,
        is_paid=True,
    ),
    Command(
        "download",
        ("D",),
        "Download",
        "Download the remote file, or the marked ones, into the workspace.",
        Group.ACT,
        _FILES,
        "download",
        can.downloadable,
        hint=4,
    ),
    Command(
        "clean",
        ("C",),
        "Clean up",
        "Delete remote files that no batch uses; type their number.",
        Group.ACT,
        _FILES,
        "clean",
        is_paid=True,
    ),
    Command("edit", ("e",), "Edit", "Open in $EDITOR.", Group.ACT, _APP, "edit", can.needs_file),
    Command("pager", ("o",), "Page", "Open in $PAGER.", Group.ACT, _APP, "pager", can.needs_file),
    Command("yank", ("y",), "Yank", "Copy the id.", Group.ACT, _APP, "yank", can.needs_text, hint=8),
    Command("yank_menu", ("Y",), "Yank …", "Choose what to copy.", Group.ACT, _APP, "yank_menu", can.needs_text),
)
_VIEW = (
    Command("refresh", ("r", "f5"), "Refresh", "Ask the service now.", Group.VIEW, _APP, "refresh_now"),
    Command("pause", ("p",), "Pause", "Stop asking the service, or go on.", Group.VIEW, _APP, "pause"),
    Command("zoom", ("f",), "Zoom", "Give the pane the whole screen, or put it back.", Group.VIEW, _APP, "zoom"),
    Command("grow", ("+",), "Grow", "Make the pane larger.", Group.VIEW, _APP, "grow(1)"),
    Command("shrink", ("_",), "Shrink", "Make the pane smaller.", Group.VIEW, _APP, "grow(-1)"),
    Command("wrap", ("w",), "Wrap", "Wrap long lines, or don't.", Group.VIEW, _VIEWER, "wrap"),
    Command("times", ("t",), "Times", "Switch between ages and clock times.", Group.VIEW, _APP, "times"),
    Command("mouse", ("M",), "Mouse", "Let go of the mouse, or take it again.", Group.VIEW, _APP, "mouse"),
    Command("config", (",",), "Configuration", "Open the configuration in $EDITOR.", Group.VIEW, _APP, "config"),
    Command("redraw", ("ctrl+l",), "Redraw", "Draw the whole screen again.", Group.VIEW, _APP, "redraw"),
    Command(
        "suspend", ("ctrl+z",), "Suspend", "Back to the shell; fg returns.", Group.VIEW, _APP, "suspend_process"
    ),
    Command("close", ("q",), "Close", "Close what is open, or quit.", Group.VIEW, _APP, "close"),
    Command("quit", ("ctrl+q",), "Quit", "Quit at once; nothing is lost.", Group.VIEW, _APP, "quit"),
    Command("interrupt", ("ctrl+c",), "Interrupt", "Twice quits.", Group.VIEW, _APP, "interrupt"),
)

COMMANDS: tuple[Command, ...] = (*_MOVE, *_FIND, *_MARK, *_ACT, *_VIEW)
"""All commands, in the order of the help."""
