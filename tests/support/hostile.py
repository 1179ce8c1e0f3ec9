"""Text that wants to be more than text, in every string a server or a disk can hand over."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from batch_tui.domain.normalise import batch_from_wire
from tests.support.batches import NOON
from tests.support.fake_service import FakeService

ESCAPES = (
    "\x1b]52;c;RVZJTA==\x07",
    "\x1b]0;EVIL\x07",
    "\x1b]8;;http://evil.invalid\x1b\\",
    "\x1bP+q544e\x1b\\",
    "\x1b_Gevil\x1b\\",
    "\x1b[6n",
    "\x1b[5i",
    "\x1b[8;9;9t",
    "\x1bc",
    "\x1b#8",
    "\x9b6n",
    "\x9d0;EVIL\x9c",
    "\x90q\x9c",
    "\x00\x07\x08\x0b\x0c\x0e\x0f\x7f\r",
)
"""71: what writes the clipboard, sets titles, asks the terminal, resets it."""
MARKUP = "[@click=app.quit()]q[/] [/x] [type=x, v={'a[0]'}] [bold"
"""72."""
HIDDEN = "\u202eabc\u2066\u200b\u200d\u2028\u2029\ufeff\U000e0041\U000e007f\u00ad"
"""73."""
BROKEN = "\ud800\udfff\x00"
"""75."""
STACKED = "e" + "\u0301" * 200
"""74: one letter with many marks."""
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
ALL = "EVIL" + "".join(ESCAPES) + MARKUP + HIDDEN + STACKED + FAMILY + BROKEN
SHORT = tuple(f"Z{text}" for text in (*ESCAPES, MARKUP, HIDDEN, BROKEN, STACKED, FAMILY))
"""One at a time: a narrow cell shows the whole of it."""


def hostile_wire(text: str, number: int) -> dict[str, object]:
    """A batch whose every string is hostile, its id included."""
    error = {"code": text, "message": text, "param": text, "line": 3}
    return {
        "id": f"batch_{number}{text}",
        "object": "batch",
        "endpoint": text,
        "errors": {"object": "list", "data": [error, error]},
        "input_file_id": text,
        "completion_window": text,
        "status": text if number % 2 else "completed",
        "output_file_id": f"file-out-{number}",
        "error_file_id": f"file-err-{number}",
        "created_at": NOON - number,
        "expires_at": NOON + 80_000,
        "request_counts": {"total": 3, "completed": 2, "failed": 1},
        "metadata": {"batch_tui_name": text, text: text},
        "model": text,
    }


def hostile_result(text: str, number: int) -> bytes:
    """A result line of a model that was told to attack its reader."""
    answer = {"role": "assistant", "content": text, "refusal": None}
    failed = {"error": {"code": text, "message": text, "type": text, "param": text}}
    body = failed if number % 2 else {"model": text, "choices": [{"message": answer, "finish_reason": text}]}
    response = {"status_code": 400 if number % 2 else 200, "request_id": text, "body": body}
    return json.dumps({"id": text, "custom_id": f"{number}{text}", "response": response, "error": None}).encode()


def hostile_lines(start: int = 0) -> bytes:
    """A result file with one line per kind of hostility."""
    return b"".join(hostile_result(text, start + n) + b"\n" for n, text in enumerate((ALL, *SHORT)))


def hostile_service(make: type[FakeService] = FakeService) -> FakeService:
    """A service that answers nothing else."""
    texts = (ALL, *SHORT)
    batches = [batch_from_wire(hostile_wire(text, number)) for number, text in enumerate(texts)]
    service = make(*(batch for batch in batches if batch is not None))
    for number, text in enumerate(texts):
        for kind in ("out", "err"):
            file = service.add_file(hostile_lines(number), name=f"{text}.jsonl", purpose="batch")
            renamed = f"file-{kind}-{number}"
            service.files[renamed] = replace(file, id=renamed, purpose="batch_output", status=text)
            service.contents[renamed] = service.contents[file.id]
    return service


def hostile_files(folder: Path) -> None:
    """Local files under hostile names, with hostile lines, one name not even UTF-8."""
    line = {"custom_id": ALL, "method": "POST", "url": "/v1/responses", "body": {"model": ALL, "input": ALL}}
    content = json.dumps(line).encode() + b"\n" + b'{"custom_id": \x1b]0;EVIL\x07 \xff\x9b}\n'
    for text in (*ESCAPES, MARKUP, HIDDEN, "new\nline"):
        name = text.replace("/", "_").replace("\x00", "")
        (folder / f"a{name}.jsonl").write_bytes(content)
    (folder / "b\udcff\udc9b6n.jsonl").write_bytes(content)


HUGE = 1_000_000


def huge_texts() -> tuple[str, ...]:
    """A megabyte of each kind."""
    kinds = ("word ", "e" + "\u0301" * 99, ESCAPES[1], MARKUP, HIDDEN, FAMILY, "\u6f22")
    return tuple(f"HUGE{kind * (HUGE // len(kind))}" for kind in kinds)


def huge_service(make: type[FakeService] = FakeService) -> FakeService:
    """A service whose every batch and result line holds a megabyte where a word is expected."""
    service = make()
    for number, text in enumerate(huge_texts()):
        wire = hostile_wire(text[:99], number)
        error = {"code": text[:99], "message": text, "param": text[:99], "line": 3}
        more = {"status": "completed", "errors": {"data": [error]}, "metadata": {"batch_tui_name": text}}
        batch = batch_from_wire(wire | more)
        if batch is not None:
            service.put(batch)
        file = service.add_file(hostile_result(text, number) + b"\n", name=text, purpose="batch")
        for kind in ("out", "err"):
            renamed = f"file-{kind}-{number}"
            service.files[renamed] = replace(file, id=renamed, purpose="batch_output")
            service.contents[renamed] = service.contents[file.id]
    return service


def huge_files(folder: Path) -> None:
    """Local files of one line of a megabyte each."""
    for number, text in enumerate(huge_texts()):
        line = {"custom_id": text, "method": "POST", "url": "/v1/responses", "body": {"model": text}}
        (folder / f"{number}.jsonl").write_text(json.dumps(line) + "\n{" + text + "\n")
