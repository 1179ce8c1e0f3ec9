"""Two batches held against each other, as Results lists them: what differs, before and after."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import takewhile
from operator import eq

from msgspec import Struct

from batch_tui.domain import formatting
from batch_tui.domain.batch import Batch
from batch_tui.domain.errors import InputFileError
from batch_tui.domain.lineage import parent_of
from batch_tui.domain.lines import Outcome
from batch_tui.domain.text import printable
from batch_tui.jsonl.results.columns import OUTCOMES
from batch_tui.jsonl.results.compared import ComparedResults
from batch_tui.jsonl.results.joined import JoinedResults
from batch_tui.jsonl.results.turns import Turn
from batch_tui.ui.panes.answers import first_words
from batch_tui.ui.panes.listing import LOOKED_AT, answer_text, id_column, request_text, result_text
from batch_tui.ui.panes.outcome import TONES, WORDS
from batch_tui.ui.text.cells import Cell, Piece, Tone
from batch_tui.ui.text.conversation import answered, asked
from batch_tui.ui.text.glyphs import glyphs
from batch_tui.ui.text.lines import Lines, TextLine
from batch_tui.ui.widgets.fitting import Column
from batch_tui.ui.widgets.table_painter import cut_inside

TURN_WORDS = {
    Turn.SAME: "the same",
    Turn.ANSWER: "other answer",
    Turn.GAINED: "now succeeds",
    Turn.LOST: "now fails",
    Turn.FAILURE: "fails otherwise",
    Turn.ONLY_FIRST: "only in first",
    Turn.ONLY_SECOND: "only in second",
}
"""What each turn is called in its column."""
_TURN_TONES = {
    Turn.SAME: Tone.MUTED,
    Turn.ANSWER: Tone.ACCENT,
    Turn.GAINED: Tone.SUCCESS,
    Turn.LOST: Tone.ERROR,
    Turn.FAILURE: Tone.WARNING,
    Turn.ONLY_FIRST: Tone.WARNING,
    Turn.ONLY_SECOND: Tone.WARNING,
}
_COUNTED = {
    Turn.LOST: ("now fails", "now fail"),
    Turn.GAINED: ("now succeeds", "now succeed"),
    Turn.ANSWER: ("other answer", "other answers"),
    Turn.FAILURE: ("fails otherwise", "fail otherwise"),
    Turn.ONLY_FIRST: ("only in first", "only in first"),
    Turn.ONLY_SECOND: ("only in second", "only in second"),
    Turn.SAME: ("the same", "the same"),
}
"""What one and what several of each are called where they are counted; what is worth most first."""
_COLUMNS = (
    Column("change", "change", 15),
    Column("outcome", "outcome", 12),
    Column("in", "in", 11, align="right", priority=90),
    Column("out", "out", 11, align="right", priority=70),
    Column("before", "before", 10, is_flexible=True, priority=60),
    Column("after", "after", 10, is_flexible=True),
)
_NAME = 18
"""Cells of a batch's name in the pane's title."""
_SHARED = 12
"""Characters at the beginning of two answers that are shown though both have them."""
_ARROW = Piece(" → ", Tone.MUTED)


class Pair(Struct, frozen=True):
    """The two batches of a comparison."""

    first: Batch
    """The one from before."""
    second: Batch

    @property
    def is_retry(self) -> bool:
        """True when the second sends requests of the first again: what it leaves out was not sent."""
        return parent_of(self.second) == self.first.id

    @property
    def names(self) -> str:
        """Both names, the older one first."""
        first, second = (cut_inside(printable(batch.name), _NAME, "…") for batch in (self.first, self.second))
        return f"{first} → {second}"


class ComparedListing:
    """The requests that differ between two batches, with both answers to look into.

    What is the same is left out until the filter asks for it (``change:same``); so is what a retry didn't send.

    Args:
        compared: The comparison.
        pair: Whose it is.
        is_ascii: Whether only ASCII may be drawn.
    """

    columns: Sequence[Column]
    """What is told of each request."""

    def __init__(self, compared: ComparedResults, pair: Pair, *, is_ascii: bool) -> None:
        self._compared = compared
        self._pair = pair
        self._is_ascii = is_ascii
        # Every key asks for the one under the cursor, and an answer can have megabytes.
        self._latest = lru_cache(maxsize=1)(partial(_latest_answer, compared))
        self._hidden = frozenset({Turn.SAME, Turn.ONLY_FIRST} if pair.is_retry else {Turn.SAME})
        self.columns = (id_column([self.custom_id(place) for place in self._looked_at()]), *_COLUMNS)

    @property
    def none_matches(self) -> str:
        """What stands there when no request is left, with commands for their keys."""
        counts = self._compared.counts
        if any(count for turn, count in counts.items() if turn not in self._hidden):
            return "No request matches: ⟦back⟧ shows all that differ."
        same = formatting.grouped(counts[Turn.SAME])
        return f"Nothing differs, {same} the same: /change:same lists them, ⟦back⟧ leaves the comparison."

    def select(self, condition: str, *, is_problems_only: bool) -> Sequence[int]:
        """The requests that meet a condition; of problems, those without a good answer after."""
        compared = self._compared
        places = compared.select(condition, hidden=self._hidden)
        if is_problems_only:
            return array("Q", (place for place in places if self._is_problem(place)))
        return places

    def cells(self, place: int) -> tuple[Cell, ...]:
        """A request, before and after."""
        compared = self._compared
        turn, (before, after) = compared.turn(place), compared.rows(place)
        said = (_said(compared.first, before), _said(compared.second, after))
        shown = apart(*said) if turn is Turn.ANSWER else said
        return (
            (Piece(compared.custom_id(place)),),
            (Piece(_word(turn, TURN_WORDS[turn], self._pair), _TURN_TONES[turn]),),
            (_outcome(compared.first, before), _ARROW, _outcome(compared.second, after)),
            self._tokens(before, after, is_output=False),
            self._tokens(before, after, is_output=True),
            (Piece(shown[0], Tone.MUTED),),
            (Piece(shown[1]),),
        )

    def custom_id(self, place: int) -> str:
        """The request's custom_id."""
        return self._compared.custom_id(place)

    def answer(self, place: int) -> str:
        """What came back the second time, as it came; what came the first time where that is all."""
        return self._latest(place)

    def texts(self, place: int) -> Sequence[Lines]:
        """The request, the answer from before, the answer from after."""
        compared, (before, after) = self._compared, self._compared.rows(place)
        requests = [
            request_text(joined, row)
            for joined, row in ((compared.first, before), (compared.second, after))
            if row is not None
        ]
        return (
            Lines(_asked(*dict.fromkeys(text for text in requests if text is not None))),
            Lines(answered(self._answer(compared.first, before), f"Before  {self._pair.first.name}")),
            Lines(answered(self._answer(compared.second, after), f"After  {self._pair.second.name}")),
        )

    def requests(self, places: Sequence[int], *, is_narrowed: bool) -> frozenset[int] | None:
        """The rows of the second batch: what is listed is what is sent again."""
        del is_narrowed
        if self._compared.second.input_path is None:
            return None
        return frozenset(row - 1 for row in map(self._compared.second_rows.__getitem__, places) if row)

    def note(self, hidden: str) -> str:
        """How many turned out how."""
        words = counted(self._compared, self._pair)
        separator = f" {glyphs(is_ascii=self._is_ascii).separator} "
        return separator.join(word for word in (self._pair.names, hidden, *words) if word)

    def _looked_at(self) -> Sequence[int]:
        return self._compared.select("", hidden=self._hidden)[:LOOKED_AT]

    def _is_problem(self, place: int) -> bool:
        compared, (before, after) = self._compared, self._compared.rows(place)
        if after is not None:
            return compared.second.reason(after).outcome is not Outcome.SUCCEEDED
        return before is not None and compared.first.reason(before).outcome is not Outcome.SUCCEEDED

    def _tokens(self, before: int | None, after: int | None, *, is_output: bool) -> Cell:
        sides = ((self._compared.first, before), (self._compared.second, after))
        counts: list[str] = []
        for joined, row in sides:
            usage = None if row is None else joined.usage(row)
            number = None if usage is None else usage.output_tokens if is_output else usage.input_tokens
            counts.append("" if number is None else formatting.amount(number))
        if not any(counts):
            return ()
        tone = Tone.MUTED if counts[0] == counts[1] else Tone.PLAIN
        return (Piece(f"{counts[0] or '-'} → {counts[1] or '-'}", tone),)

    @staticmethod
    def _answer(joined: JoinedResults, row: int | None) -> str | None:
        return None if row is None else result_text(joined, row)


def counted(compared: ComparedResults, pair: Pair) -> list[str]:
    """How many requests turned out in each way, what is worth most first; what none did is left out."""
    counts = ((turn, compared.counts[turn], words) for turn, words in _COUNTED.items())
    return [
        f"{formatting.grouped(count)} {_word(turn, words[count != 1], pair)}"
        for turn, count, words in counts
        if count
    ]


def _word(turn: Turn, word: str, pair: Pair) -> str:
    return "not sent again" if turn is Turn.ONLY_FIRST and pair.is_retry else word


def _asked(*requests: str) -> Sequence[TextLine]:
    """The request; both, when the batches were asked different things under one custom_id."""
    if len(requests) < 2:
        return asked(next(iter(requests), None))
    before, after = requests
    return (*asked(before, "Request before"), TextLine(""), *asked(after, "Request after"))


def apart(before: str, after: str) -> tuple[str, str]:
    """The beginnings of two texts; where they share a long one, from the last word they share."""
    shared = sum(takewhile(bool, map(eq, before, after)))
    start = before.rfind(" ", 0, max(0, shared - 1)) + 1
    if start < _SHARED or before == after:
        return before, after
    return f"…{before[start:]}", f"…{after[start:]}"


def _latest_answer(compared: ComparedResults, place: int) -> str:
    before, after = compared.rows(place)
    if after is not None:
        return answer_text(compared.second, after)
    return "" if before is None else answer_text(compared.first, before)


def _said(joined: JoinedResults, row: int | None) -> str:
    """The first words of an answer; of a failure, why."""
    if row is None:
        return ""
    told = joined.row(row)
    if told.outcome is not Outcome.SUCCEEDED:
        return " ".join(word for word in (told.code, told.message) if word)
    try:
        return first_words(joined.result_line(row))
    except InputFileError:
        return ""


def _outcome(joined: JoinedResults, row: int | None) -> Piece:
    """An outcome in one word: ``ok``, ``429``, ``not run``."""
    if row is None:
        return Piece("-", Tone.MUTED)
    columns = joined.columns
    outcome = OUTCOMES[columns.outcomes[row]]
    status = columns.status_table[columns.statuses[row]]
    word = str(status) if outcome is Outcome.FAILED and status is not None else WORDS[outcome]
    return Piece(word, TONES[outcome])
