from __future__ import annotations

import pytest

from batch_tui.domain.endpoints import ENDPOINTS, endpoint_for_body, normal_endpoint


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_is_the_same_with_and_without_its_version(endpoint: str) -> None:
    assert normal_endpoint(endpoint) == endpoint
    assert normal_endpoint(endpoint.removeprefix("/v1")) == endpoint


@pytest.mark.parametrize("url", ["", "chat/completions", "https://h/v1/responses"])
def test_what_is_no_path_stays_as_it_is(url: str) -> None:
    assert normal_endpoint(url) == url


@pytest.mark.parametrize(
    ("keys", "endpoint"),
    [
        ({"model", "messages"}, "/v1/chat/completions"),
        ({"model", "messages", "input"}, "/v1/chat/completions"),
        ({"model", "input"}, "/v1/embeddings"),
        ({"model", "input", "dimensions"}, "/v1/embeddings"),
        ({"model", "input", "instructions"}, "/v1/responses"),
        ({"model", "input", "tools"}, "/v1/responses"),
        ({"model", "previous_response_id"}, "/v1/responses"),
        ({"model", "prompt"}, "/v1/completions"),
        ({"model", "prompt", "size"}, "/v1/images/generations"),
        ({"model"}, None),
        (set(), None),
    ],
)
def test_a_bare_body_betrays_its_endpoint(keys: set[str], endpoint: str | None) -> None:
    assert endpoint_for_body(frozenset(keys)) == endpoint
