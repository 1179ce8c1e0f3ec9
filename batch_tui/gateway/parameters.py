"""Reading what clients ask for, with the API's words for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from batch_tui.domain.limits import OPENAI_LIMITS, Limits
from batch_tui.gateway.replies import ApiError, page_reply
from batch_tui.gateway.shapes import as_object

T = TypeVar("T")
_TYPE_NAMES = {
    "str": "a string",
    "bool": "a boolean",
    "int": "an integer",
    "float": "a decimal number",
    "list": "an array",
}
_DIGITS = re.compile(r"-?[0-9]{1,18}")
_MAX_BODY = 1024 * 1024
SHORTEST_LIFE, LONGEST_LIFE = OPENAI_LIMITS.min_expires_after, OPENAI_LIMITS.max_expires_after
"""Bounds of ``expires_after`` and ``output_expires_after``, in seconds."""


async def json_body(request: Request) -> dict[str, object]:
    """The request's JSON object; an empty body counts as an empty object."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise ApiError(413, "The body of your request is too large.")
    try:
        return msgspec.json.decode(bytes(body) or b"{}", type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, "We could not parse the JSON body of your request.") from error


def missing(path: str) -> ApiError:
    """400 when something the request must have isn't there."""
    return ApiError(400, f"Missing required parameter: '{path}'.", param=path, code="missing_required_parameter")


def required(body: Mapping[str, object], key: str, *, within: str = "") -> object:
    """What the request must have; ``within`` is the way to an inner object, with its dot."""
    value = body.get(key)
    if value is None or value == "":
        raise missing(within + key)
    return value


def required_text(body: Mapping[str, object], key: str, *, within: str = "") -> str:
    """A string the request must have."""
    value = required(body, key, within=within)
    if not isinstance(value, str):
        raise _wrong_type(within + key, "a string", value)
    return value


def number_in(text: str) -> int | str:
    """The whole number that a query or a form spells; the text itself when it spells none."""
    return int(text) if _DIGITS.fullmatch(text) else text


def one_of(key: str, value: str, allowed: Sequence[str]) -> str:
    """A value out of a fixed set."""
    if value not in allowed:
        known = ", ".join(f"'{word}'" for word in allowed)
        message = f"Invalid value: '{value}'. Supported values are: {known}."
        raise ApiError(400, message, param=key, code="invalid_value")
    return value


def whole_number(key: str, value: object, low: int, high: int) -> int:
    """A whole number within bounds."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong_type(key, "an integer", value)
    if value > high:
        message = (
            f"Invalid '{key}': integer above maximum value. Expected a value <= {high}, but got {value} instead."
        )
        raise ApiError(400, message, param=key, code="integer_above_max_value")
    if value < low:
        message = (
            f"Invalid '{key}': integer below minimum value. Expected a value >= {low}, but got {value} instead."
        )
        raise ApiError(400, message, param=key, code="integer_below_min_value")
    return value


def metadata_of(body: Mapping[str, object], limits: Limits) -> dict[str, str] | None:
    """The metadata within the API's rules: at most 16 pairs of short strings."""
    if body.get("metadata") is None:
        return None
    value = as_object(body["metadata"])
    if value is None:
        raise _wrong_type("metadata", "an object", body["metadata"])
    if len(value) > limits.max_metadata_pairs:
        message = (
            f"Invalid 'metadata': too many properties. Expected an object with at most "
            f"{limits.max_metadata_pairs} properties, but got an object with {len(value)} properties instead."
        )
        raise ApiError(400, message, param="metadata", code="object_above_max_properties")
    return {key: _metadata_value(key, text, limits) for key, text in value.items()}


def _metadata_value(key: str, value: object, limits: Limits) -> str:
    if len(key) > limits.max_metadata_key:
        message = (
            f"Invalid 'metadata': property name too long. Expected at most {limits.max_metadata_key} characters, "
            f"but got {len(key)} instead."
        )
        raise ApiError(400, message, param="metadata", code="string_above_max_length")
    if not isinstance(value, str):
        raise _wrong_type(f"metadata.{key}", "a string", value)
    if len(value) > limits.max_metadata_value:
        message = (
            f"Invalid 'metadata.{key}': string too long. Expected a string with maximum length "
            f"{limits.max_metadata_value}, but got a string with length {len(value)} instead."
        )
        raise ApiError(400, message, param=f"metadata.{key}", code="string_above_max_length")
    return value


def life_of(key: str, policy: object) -> int | None:
    """Seconds of an expiry policy ``{anchor: "created_at", seconds}``; None when there is no policy."""
    if policy is None:
        return None
    told = as_object(policy)
    if told is None:
        raise _wrong_type(key, "an object", policy)
    within = f"{key}."
    one_of(f"{key}.anchor", required_text(told, "anchor", within=within), ("created_at",))
    return whole_number(f"{key}.seconds", required(told, "seconds", within=within), SHORTEST_LIFE, LONGEST_LIFE)


def page_of(
    request: Request,
    entries: Sequence[T],
    id_of: Callable[[T], str],
    *,
    default: int,
    largest: int,
) -> Response:
    """One page of a list, as ``limit`` and ``after`` ask for.

    Args:
        request: Whose query.
        entries: The whole list in the order wanted.
        id_of: Gives an entry's id.
        default: The limit when none is asked for.
        largest: The highest limit allowed.
    """
    limit = whole_number("limit", number_in(request.query_params.get("limit", str(default))), 1, largest)
    after = request.query_params.get("after")
    start = 0
    if after:
        place = next((index for index, entry in enumerate(entries) if id_of(entry) == after), None)
        if place is None:
            raise ApiError(
                400, f"Invalid 'after': nothing found with id '{after}'.", param="after", code="invalid_value"
            )
        start = place + 1
    page = entries[start : start + limit]
    return page_reply(page, [id_of(entry) for entry in page], has_more=start + limit < len(entries))


def _wrong_type(key: str, expected: str, value: object) -> ApiError:
    got = "null" if value is None else _TYPE_NAMES.get(type(value).__name__, "an object")
    message = f"Invalid type for '{key}': expected {expected}, but got {got} instead."
    return ApiError(400, message, param=key, code="invalid_type")
