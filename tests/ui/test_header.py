from __future__ import annotations

from dataclasses import replace
from itertools import count as numbers

from batch_tui.domain.batch import Batch, RequestCounts
from batch_tui.domain.status import BatchStatus
from batch_tui.ui.text.cells import cell_text
from batch_tui.ui.widgets.header import HeaderFacts, Tally, count, header_pieces
from tests.support.batches import many

NUMBERS = numbers()


def batch(status: BatchStatus, completed: int = 0, failed: int = 0, total: int = 10) -> Batch:
    return Batch(f"b{next(NUMBERS)}", status, status.value, counts=RequestCounts(total, completed, failed))


ACCOUNT = (
    batch(BatchStatus.IN_PROGRESS, completed=4, failed=1),
    batch(BatchStatus.VALIDATING, total=0),
    batch(BatchStatus.COMPLETED, completed=10),
    batch(BatchStatus.COMPLETED, completed=9, failed=1),
    batch(BatchStatus.COMPLETED, failed=10),
    batch(BatchStatus.FAILED),
)


def test_batches_are_counted_by_what_they_show() -> None:
    counts = count(ACCOUNT)
    assert [(glyph, number) for glyph, _, number in counts.by_glyph] == [
        ("◔", 1),
        ("◌", 1),
        ("✓", 1),
        ("!", 1),
        ("✗", 2),
    ]
    assert (counts.active, counts.troubled, counts.done, counts.total) == (2, 2, 5, 10)


def test_the_header_says_it_all_in_one_line() -> None:
    facts = HeaderFacts("work", count(ACCOUNT), money="$1.20", condition="live 5s", as_of="18:22:10")
    pieces = header_pieces(facts)
    assert " ".join(cell_text(pieces.account).split()) == "batch-tui work ◔ 1 ◌ 1 ✓ 1 ! 1 ✗ 2"
    assert cell_text(pieces.progress) == "5/10  $1.20 today  "
    assert cell_text(pieces.freshness) == "live 5s  18:22:10 "


def test_money_goes_before_requests_where_there_is_no_room() -> None:
    facts = HeaderFacts("work", count(ACCOUNT), money="$1.20", condition="live 5s", as_of="18:22")
    wide = header_pieces(facts)
    room = sum(len(piece.text) for piece in (*wide.account, *wide.progress, *wide.freshness))
    assert header_pieces(facts, room).progress == wide.progress
    assert cell_text(header_pieces(facts, room - 1).progress) == "5/10  "
    assert header_pieces(facts, 30).progress == ()
    assert header_pieces(facts, 30).freshness == wide.freshness


def test_a_number_is_whole_or_not_there_however_narrow_the_screen() -> None:
    facts = HeaderFacts("work", count(ACCOUNT), condition="live 14s", as_of="18:22")
    whole = cell_text(header_pieces(facts).account).split()
    seen = set()
    for width in range(24, 80):
        pieces = header_pieces(facts, width)
        shown = cell_text(pieces.account)
        tail = -(-len(cell_text(pieces.freshness)) // 8) * 8
        assert len(shown.rstrip()) <= width - tail, "freshness lies over what doesn't fit"
        words = [word for word in shown.split() if word != "…"]
        assert " ".join(words) in " ".join(whole)
        assert shown.endswith("…") == (words[-1:] != whole[-1:])
        seen.add(tuple(words[:2]))
    assert {("batch-tui", "work"), ("work", "◔"), ("◔", "1")} <= seen


def test_the_header_is_ascii_where_it_must_be() -> None:
    pieces = header_pieces(HeaderFacts("work", count(ACCOUNT, is_ascii=True)))
    assert cell_text(pieces.account).isascii()


def test_a_change_is_counted_as_if_all_were_counted_anew() -> None:
    tally = Tally()
    for one in ACCOUNT:
        tally.put(one)
    running, *others = ACCOUNT
    ended = replace(running, status=BatchStatus.FAILED)
    tally.put(ended)
    assert tally.counts == count((ended, *others))
    tally.drop(ended.id)
    tally.drop("nobody")
    assert tally.counts == count(others)


def test_ten_thousand_batches_that_ended_alike_are_one_share_of_the_counts() -> None:
    tally = Tally()
    for one in many(10_000):
        tally.put(one)
    assert len({id(share) for share in tally._shares.values()}) == 1
    assert tally.counts == count(many(10_000))
