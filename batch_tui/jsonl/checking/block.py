"""Lines that are good beyond doubt, taken by the block: decoded in one call, ids and edges compared in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Literal

import jiter
import msgspec

from batch_tui.domain.rules import refuses_sampling
from batch_tui.jsonl.checking.fast import Body, Layout, body_type, is_utf8, learn_layout

_MAX_LAYOUTS = 4
COMPARED_BYTES = 512 * 1024
"""The first bytes of a file in which the keys of every object are compared. All of a file would take three times
as long: 0.7 s instead of 0.23 for 190 MB. A program that repeats a key does so from its first line on."""
_COMPARED_AT_ONCE = 1024 * 1024
_id_of = attrgetter("custom_id")
_model_of = attrgetter("model")
_stream_of = attrgetter("stream")
_inputs_of = attrgetter("inputs")


@dataclass(frozen=True, slots=True)
class Stretch:
    """What good lines hold together."""

    ids: list[str]
    """Their custom_ids, in order."""
    text_bytes: int
    """Bytes of their bodies."""
    inputs: int
    """Embedding inputs they ask for."""
    other_models: int
    """How many of them have another model than the first, when that is counted and not refused."""


class BlockCheck:
    r"""Tells whether every line of a stretch is good, without looking at the lines one by one in Python.

    All lines go through the decoder in one call, which doesn't mind where lines end and keys are repeated.
    What it accepts is one good request on each line all the same, because besides:

    - There are as many lines as requests, and each line begins with ``{`` and ends with ``}``. Within a JSON
      document no ``}`` is followed by ``{``, and a string holds no raw newline: so every newline here stands
      between two documents, no line is empty, and each has exactly one.
    - Each line begins, to the byte, as one that was read strictly, with its own decoded custom_id in it. So the
      first three keys are as they should be and ``body`` is the fourth.
      The custom_id is as long as the bytes between its head and its middle, so no second one hides there; or
      it ends at the first quote.
    - Each line ends with ``}}``: its last value is an object, which only ``body`` may be. As many bodies were
      made as there are requests: ``body`` stands there once, and nothing after it.

    So no key of a request line is there twice. Inside the bodies, where a repeated key is a warning and the last
    one counts, that is looked for at the file's start only, and in lines that are read strictly.

    Args:
        is_mixed: True when the lines may name several models.
    """

    def __init__(self, *, is_mixed: bool) -> None:
        self._is_mixed = is_mixed
        self._model: str | None = None
        self._layouts: list[Layout] = []
        self._compared = 0
        self._bodies: list[Body] = []
        self._type: type[Body] = Body
        self._decoder = _lines_decoder(Body, self._bodies)

    @property
    def is_ready(self) -> bool:
        """True when a line has taught what good lines look like."""
        return bool(self._layouts)

    def learn(self, line: bytes, custom_id: str, url: str, model: str | None) -> None:
        """Take a line that was read strictly, without any finding, as an example."""
        layout = learn_layout(line, custom_id)
        if layout is None:
            return
        if layout in self._layouts:
            self._layouts.remove(layout)
        self._layouts[:] = [layout, *self._layouts[: _MAX_LAYOUTS - 1]]
        self._model = model
        wanted = body_type(url, model or "", is_mixed=self._is_mixed)
        if wanted is not self._type:
            self._type, self._decoder = wanted, _lines_decoder(wanted, self._bodies)

    def read(
        self, buffer: bytearray, lines: memoryview, start: int, *, takes_models: bool = False
    ) -> Stretch | None:
        """Read whole lines, each with its newline; None when one of them isn't good beyond doubt.

        Args:
            buffer: Where they stand.
            lines: The part of the buffer.
            start: Where the part begins.
            takes_models: True to count lines that have nothing wrong but their model, instead of doubting them.
        """
        try:
            read = self._decoded(lines, takes_models=takes_models) if self._layouts else None
            if read is None or not is_utf8(lines):
                return None
            ids, inputs, other_models = read
            lengths = list(map(len, ids))
            text = self._text_bytes(buffer, start, start + len(lines), lengths)
            if self._compared < COMPARED_BYTES:
                _compare_keys(lines)
                self._compared += len(lines)
        except (ValueError, RecursionError):
            return None
        return Stretch(ids, text, inputs, other_models)

    def _decoded(self, lines: memoryview, *, takes_models: bool) -> tuple[list[str], int, int] | None:
        """The ids, how many inputs and other models; None when the bodies aren't all good.

        No slice of the lines survives.
        """
        bodies = self._bodies
        try:
            requests = self._decoder.decode_lines(lines)
            if len(bodies) != len(requests) or any(map(_stream_of, bodies)):
                return None
            if set(map(_model_of, bodies)) == {self._model}:
                others = 0
            elif (others := self._other_models(takes_models=takes_models)) < 0:
                return None
            is_counted = self._type.inputs is not Body.inputs
            return list(map(_id_of, requests)), sum(map(_inputs_of, bodies)) if is_counted else 0, others
        finally:
            bodies.clear()

    def _other_models(self, *, takes_models: bool) -> int:
        """How many bodies have a model that is wrong for being another one; -1 when there is more to say."""
        models = [body.model for body in self._bodies]
        if not all(models) or not (self._is_mixed or takes_models):
            return -1
        if self._is_mixed:
            return 0
        # Of another family, the parameters would have to be looked at as well.
        if self._model is None or any(refuses_sampling(model) for model in {*models} if model):
            return -1
        return len(models) - models.count(self._model)

    def _text_bytes(self, buffer: bytearray, start: int, end: int, lengths: list[int]) -> int:
        """Bytes of the bodies; ValueError when the lines' edges aren't as they must be.

        ``at`` is where the line before ends: its ending and the next head are looked at together.
        """
        has, find = buffer.startswith, buffer.find
        ending = b"}}\r\n" if has(b"\r", end - 2) else b"}}\n"
        back, text = len(ending), 0
        edges = [
            (ending + one.head, one.middle, back + len(one.head), len(one.middle) - 1) for one in self._layouts
        ]
        at = start - back
        _, middle, width, size = edges[self._layout_at(buffer, start)]
        for length in lengths:
            quote = at + width + length
            if not has(middle, quote):
                # An id with escapes, or beyond ASCII, has more bytes than characters.
                quote = find(b'"', at + width, end)
                if not has(middle, quote):
                    raise ValueError(quote)
            at = find(b"\n", quote, end) + 1 - back
            text += at + 1 - quote - size
            for edge, middle, width, size in edges:  # noqa: B007 - the next line's
                if has(edge, at):
                    break
            else:
                if at + back != end or not has(ending, at):
                    raise ValueError(at)
        if at + back != end:
            raise ValueError(at)
        return text

    def _layout_at(self, buffer: bytearray, start: int) -> int:
        """Which layout fits a line; ValueError when none does."""
        for number, layout in enumerate(self._layouts):
            if buffer.startswith(layout.head, start):
                return number
        raise ValueError(start)


def _compare_keys(lines: memoryview) -> None:
    """Read good lines once more; ValueError when an object in them has a key twice."""
    if len(lines) <= _COMPARED_AT_ONCE:
        # No string holds a raw newline, so all of them stand between the lines.
        jiter.from_json(b"[%b]" % bytes(lines[:-1]).replace(b"\n", b","), catch_duplicate_keys=True)


class _Request(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    custom_id: Annotated[str, msgspec.Meta(min_length=1)]
    method: Literal["POST"]
    url: str


def _lines_decoder(wanted: type[Body], bodies: list[Body]) -> msgspec.json.Decoder[msgspec.Struct]:
    """A decoder of request lines that notes every body it makes, also one that a later body replaces."""
    noted = msgspec.defstruct(
        wanted.__name__, [], bases=(wanted,), namespace={"__post_init__": bodies.append}, gc=False
    )
    request = msgspec.defstruct(
        "Request", [("body", noted)], bases=(_Request,), gc=False, forbid_unknown_fields=True
    )
    return msgspec.json.Decoder(request)
