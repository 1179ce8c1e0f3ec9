from __future__ import annotations

import io
import json

from batch_tui.cli.console import Console
from batch_tui.domain.files import Progress


class Terminal(io.StringIO):
    """A text stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def console(*, answer: str | None = None, is_terminal: bool = False) -> Console:
    stdin = Terminal(answer) if answer is not None else io.StringIO()
    return Console(out=io.StringIO(), err=Terminal() if is_terminal else io.StringIO(), stdin=stdin)


def text(stream: object) -> str:
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def test_escape_sequences_from_outside_are_made_visible() -> None:
    shown = console()
    shown.data("name \x1b]52;c;ZXZpbA==\x07 end\nnext")
    assert text(shown.out) == "name ␛]52;c;ZXZpbA==␇ end␊next\n"


def test_json_is_one_object_a_line_and_keeps_the_text_as_it_came() -> None:
    shown = console()
    shown.json({"id": "batch_1", "name": "a\nb\x1b[0m\x9b6n\u202e"})
    assert text(shown.out).count("\n") == 1
    assert json.loads(text(shown.out)) == {"id": "batch_1", "name": "a\nb\x1b[0m\x9b6n\u202e"}
    assert not set("\x1b\x9b\u202e") & set(text(shown.out))


def test_columns_are_aligned_and_the_last_is_not_padded() -> None:
    shown = console()
    shown.table(("ID", "NAME"), [("a", "first"), ("long-id", "x")])
    assert text(shown.out).splitlines() == ["ID       NAME", "a        first", "long-id  x"]


def test_progress_is_silent_when_nobody_watches() -> None:
    shown = console()
    shown.progress("uploading")(Progress(5, 10))
    assert text(shown.err) == ""


def test_progress_is_wiped_before_the_next_line() -> None:
    shown = console(is_terminal=True)
    shown.progress("uploading")(Progress(5, 10))
    shown.say("done")
    assert "uploading 50% 5 B" in text(shown.err)
    assert text(shown.err).endswith("\rdone\n")


def test_only_the_exact_answer_confirms() -> None:
    assert console(answer="y\n").ask("Cancel?")
    assert not console(answer="yes\n").ask("Cancel?")
    assert not console(answer="\n").ask("Cancel?")
    assert not console(answer="Y\n").ask("Cancel?")


def test_nobody_there_to_answer_is_no_consent() -> None:
    assert not console().ask("Cancel?")
