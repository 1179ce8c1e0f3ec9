"""Keys never stand in what is written down, and words that are no keys do."""

from __future__ import annotations

from batch_tui.domain.redaction import REDACTED, redact


def test_a_key_is_taken_out_wherever_it_stands() -> None:
    assert redact("url=http://key-of-mine@host key-of-mines", ["key-of-mine"]) == (
        f"url=http://{REDACTED}@host {REDACTED}s"
    )


def test_anything_shaped_like_a_key_is_taken_out() -> None:
    text = redact("Authorization: Bearer abc.def and sk-abcdefgh12345678", ())
    assert "abc.def" not in text
    assert "sk-abc" not in text


def test_a_word_in_the_place_of_a_key_spoils_no_other_word() -> None:
    assert (
        redact("nonetheless it expires, with key none.", ["none"])
        == f"nonetheless it expires, with key {REDACTED}."
    )
    assert redact("it expires", ["x", ""]) == "it expires"


def test_a_short_key_of_signs_is_taken_as_it_is() -> None:
    assert redact("the key (a.b) of 4", ["a.b)"]) == f"the key ({REDACTED} of 4"
    assert redact("axb) ", ["a.b)"]) == "axb) "
