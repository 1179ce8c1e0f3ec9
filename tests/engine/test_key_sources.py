"""Keys from a command and from the system's keyring: found, or missed in one sentence that names the next step."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator

import keyring
import keyring.errors
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail

from batch_tui.domain.errors import ConfigurationError
from batch_tui.engine.configuration.key_sources import key_from_command, key_from_keyring


def python(code: str) -> str:
    return shlex.join([sys.executable, "-I", "-c", code])


def test_a_key_command_gives_its_first_line() -> None:
    assert key_from_command(python("print('sk-1 '); print('user: me')"), "here") == "sk-1"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (python("import sys; sys.exit('no such entry')"), "here: api_key_command failed with 1: no such entry."),
        (python("pass"), "here: api_key_command printed nothing."),
        ("/no/such/program", "here: api_key_command can't be run: No such file or directory."),
        ("'", "here: api_key_command is not a command: No closing quotation."),
        ("", "here: api_key_command can't be run: it is empty."),
    ],
)
def test_a_key_command_that_fails_says_how(command: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        key_from_command(command, "here")
    assert str(caught.value) == message


def test_a_key_command_has_a_time_limit() -> None:
    with pytest.raises(ConfigurationError, match="took longer than 0"):
        key_from_command(python("import time; time.sleep(60)"), "here", limit=0.01)


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # keyring's own
        self.entries = {
            ("openai", "me"): "sk-ring",
            ("https://api.example.org/v1", "me"): "sk-url",
            ("x", "y"): "",
        }
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        if self.error is not None:
            raise self.error
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def own_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    yield
    keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("entry", "secret"), [("openai/me", "sk-ring"), ("https://api.example.org/v1/me", "sk-url")]
)
def test_a_keyring_s_entry_is_service_and_user_parted_by_the_last_slash(entry: str, secret: str) -> None:
    assert key_from_keyring(entry, "here") == secret


@pytest.mark.parametrize("entry", ["", "openai", "/me", "openai/"])
def test_what_is_no_service_and_user_is_refused(entry: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^here: api_key_keyring must be SERVICE/USER, as in: keyring set"
    ):
        key_from_keyring(entry, "here")


@pytest.mark.parametrize("entry", ["openai/you", "x/y", "evil\x1b[31m/you"])
def test_a_missing_or_empty_entry_names_the_command_that_makes_it(entry: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        key_from_keyring(entry, "here")
    service, _, user = entry.rpartition("/")
    shown = f"{service} {user}".replace("\x1b", "␛")
    assert str(caught.value) == f"here: the keyring has no such entry; make it with: keyring set {shown}."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (keyring.errors.KeyringLocked("Failed to unlock"), "the keyring is locked; unlock it"),
        (keyring.errors.InitError("no\x1b bus\nand more"), r"can't be read \(no␛ bus\); `keyring diagnose`"),
        (keyring.errors.KeyringError(), r"can't be read \(KeyringError\)"),
        (OSError("gone"), r"can't be read \(gone\)"),
        (AttributeError("x"), r"can't be read \(x\)"),
    ],
)
def test_a_keyring_that_fails_says_how(error: Exception, words: str) -> None:
    keyring.set_keyring(Ring(error))
    with pytest.raises(ConfigurationError, match=f"^here: .*{words}"):
        key_from_keyring("openai/me", "here")


def test_a_machine_without_a_keyring_is_told_the_other_ways() -> None:
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call] # keyring's own
    with pytest.raises(ConfigurationError, match="no keyring on this machine; use api_key_command or api_key_env"):
        key_from_keyring("openai/me", "here")


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigurationError, match=r"needs the package keyring: install batch-tui\[keyring\]\.$"):
        key_from_keyring("openai/me", "here")
