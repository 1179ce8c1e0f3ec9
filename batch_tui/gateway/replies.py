"""Replies in the API's shape, errors above all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response


class ApiError(Exception):
    """An answer that is an error.

    Args:
        status: HTTP status.
        message: The sentence the client sees.
        param: The parameter at fault, or None.
        code: The API's code, or None.
    """

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code


def reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def error_reply(error: ApiError) -> Response:
    """An error in the API's shape."""
    kind = "server_error" if error.status >= 500 else "invalid_request_error"
    if error.status == 429:
        kind = "requests"
    body = {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}
    return reply(body, error.status)


def page_reply(entries: Sequence[object], ids: Sequence[str], *, has_more: bool) -> Response:
    """One page of a list."""
    first, last = (ids[0], ids[-1]) if ids else (None, None)
    return reply({"object": "list", "data": entries, "first_id": first, "last_id": last, "has_more": has_more})


async def on_api_error(_request: Request, error: Exception) -> Response:
    """Answer an :class:`ApiError`."""
    if isinstance(error, ApiError):
        return error_reply(error)
    raise error


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what the router refused: unknown paths and methods."""
    if not isinstance(error, HTTPException):
        raise error
    target = f"{request.method} {request.url.path}"
    if error.status_code == 405:
        return error_reply(ApiError(405, f"Not allowed: {target}.", code="method_not_supported"))
    if error.status_code == 404:
        return error_reply(ApiError(404, f"Invalid URL ({target})", code="unknown_url"))
    return error_reply(ApiError(error.status_code, str(error.detail)))


async def on_disk_error(_request: Request, error: Exception) -> Response:
    """Answer when the data directory can't be used (full, read-only)."""
    return error_reply(ApiError(500, f"The server had an error while processing your request: {error}"))


async def on_bug(_request: Request, _error: Exception) -> Response:
    """Answer in the API's shape when the gateway itself is wrong; the traceback goes to its log all the same."""
    return error_reply(ApiError(500, "The server had an error while processing your request."))


async def on_disconnect(_request: Request, _error: Exception) -> Response:
    """The client has gone while sending: nobody reads this."""
    return Response(status_code=400)


def no_such_file(file_id: str) -> ApiError:
    """404 for a file."""
    return ApiError(404, f"No such File object: {file_id}", param="id")


def no_such_batch(batch_id: str) -> ApiError:
    """404 for a batch."""
    return ApiError(404, f"No batch found with id '{batch_id}'.")


ERROR_HANDLERS = {
    ApiError: on_api_error,
    HTTPException: on_http_error,
    OSError: on_disk_error,
    ClientDisconnect: on_disconnect,
    Exception: on_bug,
}
"""Which exception is answered how; for the application."""
