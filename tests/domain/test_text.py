from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_tui.domain.text import LABEL_LIMIT, clip, printable, printable_body, printable_json

ANY = st.text(st.characters())
"""Any code point, lone surrogates included."""


def is_harmless(text: str) -> bool:
    return not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain", "plain"),
        ("größe 日本語 🙂", "größe 日本語 🙂"),
        ("\x1b[2J", "␛[2J"),
        ("\x1b]52;c;eA==\x07", "␛]52;c;eA==␇"),
        ("a\nb\tc\rd", "a␊b␉c␍d"),
        ("\x00\x7f", "␀␡"),
        ("\x9b2J", "\ufffd2J"),
        ("a\u202egnp.exe", "a\ufffdgnp.exe"),
        ("zero\u200bwidth", "zero\ufffdwidth"),
        ("line\u2028sep", "line\ufffdsep"),
        ("\U000e0041tag", "\ufffdtag"),
        ("\ud800", "\ufffd"),
        ("soft\u00adhyphen", "soft\ufffdhyphen"),
        ("[@click=app.quit()]x[/]", "[@click=app.quit()]x[/]"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_becomes_visible(hostile: str, shown: str) -> None:
    assert printable(hostile) == shown


@given(ANY)
def test_no_text_controls_the_terminal(text: str) -> None:
    label = printable(text)
    assert is_harmless(label)
    assert len(label) <= LABEL_LIMIT
    assert is_harmless(printable_body(text).replace("\n", "").replace("\t", ""))


@given(ANY)
def test_json_means_the_same_and_no_character_of_it_controls_or_hides(text: str) -> None:
    written = printable_json(json.dumps({text: [text]}, ensure_ascii=False))
    assert json.loads(written) == {text: [text]}
    assert is_harmless(written)
    assert printable(written, len(written) + 1).count("\ufffd") == written.count("\ufffd")


def test_fault_71_poll_json_has_no_byte_that_a_terminal_obeys() -> None:
    written = printable_json(json.dumps(["\x9b6n\x7f", "\u202e\u2028\U000e0041", "größe"], ensure_ascii=False))
    assert written == '["\\u009b6n\\u007f", "\\u202e\\u2028\\udb40\\udc41", "größe"]'


def test_every_format_character_without_a_shape_is_replaced() -> None:
    shaped = {
        *range(0x600, 0x606),
        0x6DD,
        0x70F,
        0x890,
        0x891,
        0x8E2,
        0x110BD,
        0x110CD,
    }
    hidden = [c for c in range(0x110000) if unicodedata.category(chr(c)) == "Cf" and c not in shaped]
    assert len(hidden) > 100
    assert printable("".join(map(chr, hidden))) == "\ufffd" * len(hidden)


@given(ANY)
def test_making_it_printable_twice_is_making_it_once(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    assert printable_body(printable_body(text)) == printable_body(text)


@given(st.text(st.characters(exclude_categories=["M"]), max_size=50))
def test_offsets_keep_their_place(text: str) -> None:
    assert len(printable(text)) == len(text)


@pytest.mark.parametrize("value", [None, 3, 1.5, ["x"], b"\x1b"])
def test_what_is_no_text_is_shown_as_such(value: object) -> None:
    assert printable(value) == str(value)


def test_a_long_label_is_clipped_and_says_so() -> None:
    assert printable("x" * 10, 5) == "xxxx…"
    assert printable("x" * 5, 5) == "xxxxx"
    assert len(printable("\x1b" * 10_000)) == LABEL_LIMIT


def test_a_million_combining_marks_are_cut() -> None:
    shown = printable_body("a" + "\u0301" * 10_000 + "b")
    assert len(shown) == 10
    assert shown.endswith("b")


def test_a_body_keeps_its_lines_and_tabs() -> None:
    assert printable_body("a\tb\r\nc\x1b\rd\u2028e") == "a\tb\nc␛␍d\ufffde"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abcd", 1, "…"), ("abcd", 0, ""), ("abcd", -1, ""), ("", 0, "")],
)
def test_clipping(text: str, width: int, shown: str) -> None:
    assert clip(text, width) == shown
