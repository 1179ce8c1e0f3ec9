"""Why a line was refused: the slow, strict reading that names column, reason and next step."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import NoReturn

import jiter

from batch_tui.domain.problems import Code, Severity
from batch_tui.domain.rules import Expected, Finding, findings, is_object
from batch_tui.domain.text import printable

BOM = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
NOT_JSON = "This line is not parseable as valid JSON."
"""The service's own words."""
_BLANK = b" \t\r\n"
_AT = re.compile(r" at line \d+ column (\d+)$")
_DUPLICATE = re.compile(r'^Detected duplicate key "(.*)" at line \d+ column (\d+)$', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Decoded:
    """One line, read strictly."""

    line: dict[str, object] | None
    """The object, or None when the line isn't one."""
    findings: tuple[Finding, ...]
    """What was found on the way, with columns where they are known."""


def is_blank(line: bytes) -> bool:
    """True for a line of nothing but JSON's white space."""
    return not line.strip(_BLANK)


def explain(line: bytes, expected: Expected, *, has_columns: bool = True) -> Decoded:
    """Read one line that isn't blank strictly and hold it against the rules.

    Args:
        line: The line, with or without its newline, without a byte order mark.
        expected: What it must agree with.
        has_columns: False when nobody asks where in the line a rule is broken, which takes a third of the time.
    """
    decoded = read_object(line)
    if decoded.line is None:
        return decoded
    found = findings(decoded.line, expected)
    if has_columns:
        found = [replace(finding, column=_column(line, finding)) for finding in found]
    return Decoded(decoded.line, (*decoded.findings, *found))


def read_object(line: bytes) -> Decoded:
    """Decode one line that must be a JSON object; what is wrong with it as JSON is in the findings."""
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return Decoded(None, (_bad_utf8(line, error),))
    try:
        value: object = jiter.from_json(line, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        return _second_reading(line, str(error))
    return _as_object(value, ())


def _as_object(value: object, found: tuple[Finding, ...]) -> Decoded:
    if is_object(value):
        return Decoded(value, found)
    hint = "Write one object a line, without brackets around the lines."
    return Decoded(None, (Finding(Code.INVALID_REQUEST, "This line is not a JSON object.", hint, column=1),))


def _second_reading(line: bytes, reason: str) -> Decoded:
    """Sort out what the strict reader refuses but JSON allows: it becomes a warning."""
    if duplicate := _DUPLICATE.match(reason):
        found = (_repeated(duplicate[1], int(duplicate[2])),)
        try:
            return _as_object(jiter.from_json(line, allow_inf_nan=False), found)
        except ValueError as error:
            reason = str(error)
    if "hex escape" in reason or "surrogate" in reason:
        hint = "Half of a surrogate pair is no character: write the character itself."
        return _lenient(line, (_warning("An escape stands for no character.", hint, _column_of(reason)),), reason)
    if "recursion limit" in reason:
        return _lenient(line, (), reason)
    return Decoded(None, (_bad_json(line, reason),))


def _lenient(line: bytes, found: tuple[Finding, ...], reason: str) -> Decoded:
    """Read with the standard library, which takes lone surrogates and nests deeper."""
    repeated: list[str] = []

    def note(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) < len(pairs):
            repeated.extend(key for key in made if sum(key == other for other, _ in pairs) > 1)
        return made

    try:
        value: object = json.loads(line, parse_constant=_refuse_constant, object_pairs_hook=note)
    except RecursionError:
        return Decoded(None, (_not_json("it is nested too deeply", "Flatten it.", _column_of(reason)),))
    except ValueError:
        return Decoded(None, (_bad_json(line, reason),))
    return _as_object(value, (*(_repeated(key, 0) for key in repeated[:1]), *found))


def _repeated(key: str, column: int) -> Finding:
    return _warning(f"The key '{printable(key, 80)}' stands twice in one object.", "Keep one of them.", column)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _column_of(reason: str) -> int:
    at = _AT.search(reason)
    return int(at[1]) if at else 0


def _bad_utf8(line: bytes, error: UnicodeDecodeError) -> Finding:
    if b"\0" in line[:64] and line.count(b"\0") * 3 > len(line):
        return _not_json("it looks like UTF-16", "Save the file as UTF-8.", 1)
    what = f"byte 0x{line[error.start]:02x} is not UTF-8"
    return _not_json(what, "Save the file as UTF-8 (iconv -f WHATEVER -t UTF-8).", error.start + 1)


def _bad_json(line: bytes, reason: str) -> Finding:
    column = _column_of(reason)
    text = _AT.sub("", reason)
    at = line[max(0, column - 1) :][:16]
    cause, step = _cause(line, text, at)
    return _not_json(cause, step, column)


def _cause(line: bytes, text: str, at: bytes) -> tuple[str, str]:
    """What happened, in a writer's words, and the next step."""
    stripped = line.strip(_BLANK)
    if not stripped.strip(b"\0"):
        return "it is a run of NUL bytes", "A crashed write leaves these: make the file again."
    if stripped in {b"{", b"[", b"}", b"]", b"},", b"],"} or (text.startswith("EOF") and stripped[-1:] in b"{[,"):
        return "the object goes over several lines", "Put each request on one line (jq -c .)."
    if text.startswith("EOF"):
        return "the line ends in the middle of the object", "Make the line again, whole."
    if "trailing characters" in text:
        return "there is more after the object", "Put one object on each line, and nothing else."
    if "trailing comma" in text:
        return "there is a comma too many", "Remove the comma."
    if "control character" in text:
        return "a raw control character stands in a text", "Write it as an escape, such as \\n or \\u0000."
    return _cause_of_value(text, at, stripped)


def _cause_of_value(text: str, at: bytes, stripped: bytes) -> tuple[str, str]:
    if at.startswith((b"NaN", b"Inf", b"-Inf")):
        return "NaN and Infinity are not JSON", "Write null or a number."
    if stripped.startswith((b"{'", b"['")):
        return "it is written as Python shows it, with single quotes", "Write it with json.dumps."
    if text == "invalid number":
        return "a number is not written as JSON wants it", "Write it without leading zeros or a bare dot."
    return text, "Write the line with a JSON library."


def _not_json(cause: str, step: str, column: int) -> Finding:
    where = f"Column {column}: " if column else ""
    return Finding(Code.INVALID_JSON_LINE, NOT_JSON, f"{where}{cause}. {step}", column=column)


def _warning(message: str, hint: str, column: int) -> Finding:
    return Finding(Code.INVALID_REQUEST, message, hint, Severity.WARNING, column=column)


def _column(line: bytes, finding: Finding) -> int:
    """Where the key at fault stands, as far as a search can tell; 0 when it isn't there."""
    if finding.param is None:
        return finding.column
    outer, _, inner = finding.param.partition(".")
    at = line.find(b'"%b"' % outer.encode())
    if inner and at >= 0:
        at = line.find(b'"%b"' % inner.encode(), at)
    return at + 1
