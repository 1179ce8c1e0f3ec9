from __future__ import annotations

from pathlib import Path

import pytest

from batch_tui.api.connection import Connection, problem, proxy_host, proxy_variable, require
from batch_tui.domain.errors import ConfigurationError

OPENAI = "https://api.openai.com/v1"


def connection(url: str = OPENAI, key: str = "sk-test", *, insecure_http: bool = False) -> Connection:
    return Connection(url, key, insecure_http=insecure_http)


@pytest.mark.parametrize(
    ("url", "host", "host_and_port"),
    [
        (OPENAI, "api.openai.com", "api.openai.com:443"),
        (" http://127.0.0.1:8000/v1\n", "127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]:9/v1", "[::1]:9", "[::1]:9"),
        ("http://localhost/v1", "localhost", "localhost:80"),
        ("https://user:secret@example.org/", "example.org", "example.org:443"),
    ],
)
def test_the_host_is_named_without_user_or_password(url: str, host: str, host_and_port: str) -> None:
    assert (connection(url).host, connection(url).host_and_port) == (host, host_and_port)


@pytest.mark.parametrize(
    "url",
    [
        OPENAI,
        "http://127.0.0.1:1/v1",
        "http://127.9.9.9",
        "http://[::1]:9",
        "http://localhost:3",
        "http://a.localhost.",
    ],
)
def test_https_anywhere_and_http_on_this_machine_are_accepted(url: str) -> None:
    assert problem(connection(url)) is None


@pytest.mark.parametrize("url", ["http://example.org/v1", "http://10.0.0.7:8000", "HTTP://127.0.0.1.example.org"])
def test_fault_77_list_plain_http_to_another_host_is_refused_unless_insisted_upon(url: str) -> None:
    assert "--insecure-http" in (problem(connection(url)) or "")
    assert problem(connection(url, insecure_http=True)) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "  ",
        "api.openai.com/v1",
        "ftp://example.org",
        "https://",
        "https://x:notaport/",
        "https://é.org",
        "https://a b",
    ],
)
def test_fault_37_list_a_base_url_that_is_none_is_refused(url: str) -> None:
    assert "base URL" in (problem(connection(url)) or "")


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    found = problem(connection("https://user:secret@example.org/"))
    assert found is not None
    assert "secret" not in found


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-\x1b[31m", "sk-é", "sk a", "sk-\u200b", "", " \n"])
def test_fault_37_create_a_key_that_no_header_can_carry_is_refused_and_not_repeated(key: str) -> None:
    found = problem(connection(key=key))
    assert found is not None
    assert "key" in found
    assert "sk" not in found


def test_fault_37_poll_a_newline_after_the_key_is_stripped() -> None:
    made = connection(key=" sk-test\n")
    assert problem(made) is None
    assert made.key == "sk-test"


def test_a_server_on_this_machine_may_do_without_a_key() -> None:
    assert problem(connection("http://127.0.0.1:1/v1", "")) is None


def test_fault_76_list_the_key_is_not_in_the_repr() -> None:
    assert "sk-test" not in repr(connection())


def test_fault_37_upload_a_certificate_file_that_is_missing_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "no.pem")
    assert "SSL_CERT_FILE" in (problem(connection(), {"SSL_CERT_FILE": missing}) or "")
    assert "SSL_CERT_DIR" in (problem(connection(), {"SSL_CERT_DIR": missing}) or "")
    assert problem(connection(), {"SSL_CERT_FILE": __file__, "SSL_CERT_DIR": missing}) is None


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"HTTPS_PROXY": "socks5://127.0.0.1:1"}, "HTTPS_PROXY"),
        ({"ALL_PROXY": "socks5h://127.0.0.1:1"}, "ALL_PROXY"),
        ({"https_proxy": "ftp://127.0.0.1:1"}, "https_proxy"),
        ({"https_proxy": "http://"}, "https_proxy"),
    ],
)
def test_fault_36_list_a_proxy_that_cannot_work_is_named(environ: dict[str, str], named: str) -> None:
    assert named in (problem(connection(), environ) or "")


def test_the_variable_of_the_proxy_is_found_unless_no_proxy_exempts_the_host() -> None:
    environ = {"HTTPS_PROXY": "http://u:p@proxy:3128", "HTTP_PROXY": "http://other"}
    assert proxy_variable(connection(), environ) == ("HTTPS_PROXY", "http://u:p@proxy:3128")
    assert proxy_variable(connection(), {**environ, "NO_PROXY": "x, .openai.com"}) is None
    assert proxy_variable(connection(), {**environ, "no_proxy": "*"}) is None
    assert proxy_variable(connection("http://[bad"), environ) is None
    assert problem(connection(), {"HTTPS_PROXY": "http://proxy:3128"}) is None


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("http://u:p@proxy:3128", "proxy:3128"),
        ("proxy:1", "proxy:1"),
        ("proxy", "proxy"),
        ("http://", "?"),
        ("a:b:c", "?"),
    ],
)
def test_a_proxy_is_named_without_its_password(value: str, host: str) -> None:
    assert proxy_host(value) == host


def test_require_raises_what_problem_finds() -> None:
    with pytest.raises(ConfigurationError, match="base URL"):
        require(connection(""))
    require(connection())
