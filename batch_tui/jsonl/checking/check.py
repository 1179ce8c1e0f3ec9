"""Check an input file: every rule in one pass, in flat memory, at the speed of the JSON decoder."""

from __future__ import annotations

import hashlib
from array import array
from pathlib import Path

from batch_tui.domain.endpoints import normal_endpoint
from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.domain.problems import Code, Report
from batch_tui.domain.rules import BARE_FINDING, Expected, Finding, embedding_inputs, is_bare_body, is_object
from batch_tui.domain.text import printable
from batch_tui.jsonl.checking.block import BlockCheck
from batch_tui.jsonl.checking.explain import BOM, UTF16_MARKS, explain, is_blank
from batch_tui.jsonl.checking.fast import is_bare_line
from batch_tui.jsonl.checking.ids import SeenIds
from batch_tui.jsonl.checking.log import ProblemLog
from batch_tui.jsonl.checking.rest import (
    BLANK_FINDING,
    BOM_FINDING,
    UTF16_FINDING,
    FileFacts,
    body_length,
    file_findings,
    large_line,
    lines_repeated_to_the_byte,
    repeated_id,
    too_many_inputs,
)
from batch_tui.jsonl.lines import BlockReader, ProgressHook

_MAX_BLANKS = 100_000
_HOPELESS = 8
"""Lines with something wrong in a row after which the next ones are read one by one at once."""
_LARGE_LINE = 10_000_000


def check_file(
    path: Path,
    *,
    limits: Limits = OPENAI_LIMITS,
    endpoint: str | None = None,
    on_progress: ProgressHook | None = None,
    wants_digest: bool = True,
) -> Report:
    """Check every line of an input file against everything the service is known to want.

    Args:
        path: The file.
        limits: What the service takes.
        endpoint: The endpoint the batch will name; None for the first request's url.
        on_progress: Told how far the reading is.
        wants_digest: False leaves ``Report.sha256`` empty, for a verdict that nothing is sent on: a third
            of the time goes into the digest.

    Raises:
        InputFileError: The file can't be opened or read.
    """
    with BlockReader(path, on_progress=on_progress, max_line=limits.max_line_bytes) as blocks:
        digest = hashlib.sha256()
        if wants_digest:
            blocks.on_read = digest.update
        checker = Checker(limits, endpoint)
        while blocks.advance():
            if blocks.cut:
                checker.take_cut_line(blocks.cut)
            else:
                checker.take_block(blocks.buffer, blocks.end)
    return checker.report(path, blocks.bytes_read, digest.hexdigest() if wants_digest else "")


class Checker:
    """The state of one pass over one file.

    Args:
        limits: What the service takes.
        endpoint: The endpoint the batch will name, or None.
    """

    def __init__(self, limits: Limits, endpoint: str | None) -> None:
        self._limits = limits
        self._endpoint = endpoint
        self._url: str | None = None
        self._model: str | None = None
        self._log = ProblemLog()
        self._number = 0
        self._blanks = array("Q")
        self._blank_lines = 0
        self._bare_bodies = 0
        self._text_bytes = 0
        self._inputs = 0
        self._is_counted = False
        self._is_other_encoding = False
        self._ids = SeenIds()
        self._repeats: list[tuple[int, int]] = []
        self._bad_lines = 0
        self._block = BlockCheck(is_mixed=limits.allows_mixed_models)

    def take_block(self, buffer: bytearray, end: int) -> None:
        """Check a block of whole lines, which stands at the buffer's start."""
        if not self._number and buffer.startswith(UTF16_MARKS):
            self._is_other_encoding = True
            self._log.add(1, UTF16_FINDING)
        if self._is_other_encoding:
            return
        if end > _LARGE_LINE and (length := buffer.find(b"\n", 0, end) % (end + 1)) > _LARGE_LINE:
            self._log.add(self._number + 1, large_line(length))
        with memoryview(buffer) as whole, whole[:end] as view:
            start, last = 0, buffer.rfind(b"\n", 0, end) + 1
            while start < last and not self._block.is_ready:
                start = self._look_at(buffer, view, start)
            if start < last:
                self._take(buffer, view, start, last)
            if last < end:
                self._look_at(buffer, view, last)

    def take_cut_line(self, length: int) -> None:
        """Note a line that is too long to be kept in memory."""
        self._number += 1
        message = f"This line has {length:,} bytes; at most {self._limits.max_line_bytes:,} are sent."
        hint = "Check that the file's lines end with a newline, and shorten the request."
        self._log.add(self._number, Finding(Code.INVALID_REQUEST, message, hint))

    def _take(self, buffer: bytearray, view: memoryview, start: int, end: int) -> None:
        """Take lines together when all are good; else halve them until those that aren't stand alone."""
        if self._accepts(buffer, view, start, end):
            return
        if self._bad_lines > _HOPELESS:
            while start < end and self._bad_lines:
                start = self._look_at(buffer, view, start)
            if start < end:
                self._take(buffer, view, start, end)
            return
        half = (start + end) // 2
        middle = buffer.find(b"\n", half, end - 1) + 1 or buffer.rfind(b"\n", start, half) + 1
        if middle:
            self._take(buffer, view, start, middle)
            self._take(buffer, view, middle, end)
        else:
            self._look_at(buffer, view, start)

    def _accepts(self, buffer: bytearray, view: memoryview, start: int, end: int) -> bool:
        """Count good lines; False, with nothing changed, when there is any doubt about one of them.

        Once no more problems are kept, lines are good enough when all that may be wrong with them is their model
        or their id: those are counted.
        """
        is_counted = self._log.is_full
        with view[start:end] as lines:
            good = self._block.read(buffer, lines, start, takes_models=is_counted)
        if good is None or self._is_too_many(good.inputs):
            return False
        if is_counted:
            self._log.count(Code.MISMATCHED_MODEL, good.other_models)
            self._log.count(Code.DUPLICATE_CUSTOM_ID, self._ids.take_all(good.ids, self._number + 1))
        elif not self._ids.take(good.ids, self._number + 1):
            return False
        self._bad_lines = 0
        self._number += len(good.ids)
        self._text_bytes += good.text_bytes
        self._inputs += good.inputs
        return True

    def _look_at(self, buffer: bytearray, view: memoryview, start: int) -> int:
        """Read one line strictly and note what is wrong with it; gives the start of the next."""
        stop = buffer.find(b"\n", start, len(view))
        stop = len(view) if stop < 0 else stop
        self._number += 1
        findings = self._log.number
        line = bytes(view[start:stop])
        if self._number == 1 and line.startswith(BOM):
            self._log.add(1, BOM_FINDING)
            line = line[len(BOM) :]
        if is_blank(line):
            self._take_blank()
        elif is_bare_line(line):
            self._log.add(self._number, BARE_FINDING)
            self._bare_bodies += 1
            self._text_bytes += len(line.strip())
        else:
            self._take_line(line)
        self._bad_lines = self._bad_lines + 1 if self._log.number > findings else 0
        return stop + 1

    def _take_blank(self) -> None:
        self._log.add(self._number, BLANK_FINDING)
        self._blank_lines += 1
        if len(self._blanks) < _MAX_BLANKS:
            self._blanks.append(self._number)

    def _take_line(self, line: bytes) -> None:
        errors = self._log.errors
        model = None if self._limits.allows_mixed_models else self._model
        decoded = explain(line, Expected(self._endpoint or self._url, model), has_columns=not self._log.is_full)
        for finding in decoded.findings:
            self._log.add(self._number, finding)
        if decoded.line is None:
            return
        self._text_bytes += body_length(line)
        self._bare_bodies += is_bare_body(decoded.line)
        custom_id = decoded.line.get("custom_id")
        if isinstance(custom_id, str) and custom_id:
            self._take_id(custom_id, line.find(b'"custom_id"') + 1)
        self._take_expectations(decoded.line)
        if self._log.errors == errors and not decoded.findings and isinstance(custom_id, str):
            self._block.learn(line, custom_id, self._url or "", self._model)

    def _take_expectations(self, line: dict[str, object]) -> None:
        """Let the first request say what the others must agree with."""
        url, body = line.get("url"), line.get("body")
        if self._url is None and isinstance(url, str):
            self._url = url
        if not is_object(body):
            return
        model = body.get("model")
        if self._model is None and isinstance(model, str) and model:
            self._model = model
        self._is_counted = normal_endpoint(self._url or "") == "/v1/embeddings"
        if self._is_counted:
            self._take_inputs(self._number, embedding_inputs(body))

    def _take_id(self, custom_id: str, column: int) -> None:
        if self._ids.take((custom_id,), self._number):
            return
        if self._log.is_full:
            self._log.count(Code.DUPLICATE_CUSTOM_ID, 1)
            return
        first = self._ids.line_of(custom_id)
        self._log.add(self._number, repeated_id(custom_id, first, column))
        self._repeats.append((self._number, first))

    def _take_inputs(self, number: int, inputs: int) -> None:
        if self._is_too_many(inputs):
            self._log.add(number, too_many_inputs(self._limits.max_embedding_inputs))
        self._inputs += inputs

    def _is_too_many(self, inputs: int) -> bool:
        """True when these embedding inputs are those with which the limit is passed."""
        return self._inputs <= self._limits.max_embedding_inputs < self._inputs + inputs

    def report(self, path: Path, size: int, sha256: str) -> Report:
        """The verdict, after the last block."""
        requests = self._number - self._blank_lines
        facts = FileFacts(size, requests, self._line_of(self._limits.max_requests + 1), self._ids.is_full)
        if not self._is_other_encoding:
            for line, finding in file_findings(facts, self._limits):
                self._log.add(line, finding)
        if self._repeats:
            self._log.offer_dropping(
                lines_repeated_to_the_byte(path, self._repeats, max_line=self._limits.max_line_bytes)
            )
        return Report(
            path=str(path),
            requests=requests,
            bytes=size,
            endpoint=None if self._url is None else printable(self._url),
            model=None if self._model is None else printable(self._model),
            problems=self._log.problems(),
            counts=self._log.counts(),
            errors=self._log.errors,
            warnings=self._log.warnings,
            bare_bodies=self._bare_bodies,
            text_bytes=self._text_bytes,
            embedding_inputs=self._inputs,
            sha256=sha256,
        )

    def _line_of(self, request: int) -> int:
        """The line of the n-th request: blank lines before it don't count."""
        line = request
        for blank in self._blanks:
            if blank > line:
                break
            line += 1
        return line
