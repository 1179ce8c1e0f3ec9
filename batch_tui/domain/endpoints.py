"""The routes a batch can run on (OpenAI's published description, 2026)."""

from __future__ import annotations

ENDPOINTS: tuple[str, ...] = (
    "/v1/responses",
    "/v1/chat/completions",
    "/v1/embeddings",
    "/v1/completions",
    "/v1/moderations",
    "/v1/images/generations",
    "/v1/images/edits",
    "/v1/videos",
)


def normal_endpoint(url: str) -> str:
    """The endpoint with its ``/v1``: some servers and files leave it out."""
    if url.startswith("/") and not url.startswith("/v1/"):
        return "/v1" + url
    return url


def endpoint_for_body(keys: frozenset[str]) -> str | None:
    """Guess the endpoint a bare request body was written for, from its top-level keys; None when unclear."""
    if "messages" in keys:
        return "/v1/chat/completions"
    if keys & {"instructions", "max_output_tokens", "previous_response_id"}:
        return "/v1/responses"
    if "prompt" in keys:
        return "/v1/images/generations" if keys & {"size", "quality"} else "/v1/completions"
    if "input" in keys:
        return "/v1/embeddings" if keys <= _EMBEDDING_KEYS else "/v1/responses"
    return None


_EMBEDDING_KEYS = frozenset({"model", "input", "encoding_format", "dimensions", "user"})
