from __future__ import annotations

import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from batch_tui.domain.errors import ConfigurationError
from batch_tui.domain.guard import Rule
from batch_tui.engine.configuration.config import read_config
from batch_tui.engine.configuration.settings import Flags, Settings, load_settings

KEY = "sk-test-1234"
NO_FLAGS = Flags()


class Home:
    """A user's directories and environment."""

    def __init__(self, root: Path) -> None:
        self.config = root / "config" / "batch-tui" / "config.toml"
        self.config.parent.mkdir(parents=True)
        self.environ = {
            "XDG_CONFIG_HOME": str(root / "config"),
            "XDG_STATE_HOME": str(root / "state"),
            "XDG_CACHE_HOME": str(root / "cache"),
        }

    def write(self, text: str) -> None:
        self.config.write_text(text, encoding="utf-8")

    def load(
        self,
        environ: Mapping[str, str] | None = None,
        flags: Flags = NO_FLAGS,
        *,
        needs_key: bool = True,
    ) -> Settings:
        return load_settings({**self.environ, **(environ or {})}, flags, needs_key=needs_key)

    def refusal(self, environ: Mapping[str, str] | None = None, flags: Flags = NO_FLAGS) -> str:
        with pytest.raises(ConfigurationError) as caught:
            self.load(environ, flags)
        message = str(caught.value)
        assert "\n" not in message
        return message.replace(str(self.config), "config.toml")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_key_in_the_environment_is_all_it_takes(home: Home) -> None:
    settings = home.load({"OPENAI_API_KEY": f"  {KEY}\n"})
    assert settings.profile.name == "default"
    assert settings.profile.api_key == KEY
    assert settings.profile.base_url == "https://api.openai.com/v1"
    assert settings.notes == ()
    assert settings.paths.state.name == "default"
    assert settings.is_ascii is None


def test_the_key_is_in_no_text_of_the_settings(home: Home) -> None:
    assert KEY not in repr(home.load({"OPENAI_API_KEY": KEY}))


def test_no_key_names_the_next_step(home: Home) -> None:
    assert "set OPENAI_API_KEY" in home.refusal()
    assert "batch-tui demo" in home.refusal()
    assert home.load(needs_key=False).profile.api_key == ""


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-a\x1bb", "sk-ä", "sk a", "sk-\u2028a"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_repeated(home: Home, key: str) -> None:
    message = home.refusal({"OPENAI_API_KEY": key})
    assert message.startswith("OPENAI_API_KEY: the key holds")
    assert key not in message


SOURCES = [
    (Flags(base_url="https://flag.example/v1"), "flag.example"),
    (Flags(), "env.example"),
]


@pytest.mark.parametrize(("flags", "host"), SOURCES)
def test_a_flag_goes_before_the_environment(home: Home, flags: Flags, host: str) -> None:
    environ = {"OPENAI_API_KEY": KEY, "BATCH_TUI_BASE_URL": "https://env.example/v1/"}
    assert home.load(environ, flags).profile.host == host


def test_our_variables_go_before_the_profile_and_the_profile_before_the_sdks(home: Home) -> None:
    home.write('[profiles.default]\nbase_url = "https://profile.example/v1"\nproject = "p1"\n')
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "https://sdk.example", "OPENAI_PROJECT_ID": "p2"}
    settings = home.load(environ)
    assert (settings.profile.host, settings.profile.project) == ("profile.example", "p1")
    settings = home.load({**environ, "BATCH_TUI_PROJECT_ID": "p3", "BATCH_TUI_API_KEY": "other"})
    assert (settings.profile.project, settings.profile.api_key) == ("p3", "other")


def test_another_server_behind_a_profile_has_its_own_state(home: Home) -> None:
    environ = {"OPENAI_API_KEY": KEY}
    own = home.load(environ).paths
    other = home.load(environ, Flags(base_url="http://127.0.0.1:8123/v1")).paths
    assert own.state != other.state
    assert "127.0.0.1" in other.state.name
    assert "/" not in other.state.name.replace(":", "")


def test_a_key_from_the_environment_goes_to_a_configured_server_with_a_note(home: Home) -> None:
    home.write('[profiles.default]\nbase_url = "https://profile.example/v1"\n')
    settings = home.load({"OPENAI_API_KEY": KEY})
    assert len(settings.notes) == 1
    assert "OPENAI_API_KEY is sent to profile.example" in settings.notes[0]
    assert "config.toml:2" in settings.notes[0]
    assert KEY not in settings.notes[0]


def test_both_from_the_environment_need_no_note(home: Home) -> None:
    assert home.load({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "https://sdk.example"}).notes == ()


def test_the_environments_key_to_its_own_service_needs_no_note(home: Home) -> None:
    home.write('[profiles.default]\nprovider = "openai"\n')
    assert home.load({"OPENAI_API_KEY": KEY}).notes == ()


def test_a_profiles_own_key_to_another_server_is_noted(home: Home) -> None:
    home.write('[profiles.work]\nprovider = "openai"\napi_key_env = "WORK_KEY"\n')
    assert home.load({"WORK_KEY": KEY}).notes == ()
    noted = home.load({"WORK_KEY": KEY}, Flags(base_url="https://flag.example/v1")).notes
    assert noted == ("The key of profile work is sent to flag.example, which --base-url names.",)


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("", "OPENAI_BASE_URL is empty"),
        ("   ", "OPENAI_BASE_URL is empty"),
        ("api.example/v1", "is no URL"),
        ("ftp://api.example", "is no URL"),
        ("https://", "is no URL"),
        ("https://a b/v1", "is no URL"),
        ("https://a\x1b[2Jb/v1", "is no URL"),
        ("https://[::1/v1", "is no URL"),
        ("https://h:99999/v1", "is no URL"),
        ("https://user:secret@h/v1", "user name or password"),
        ("https://h/v1?key=1", "query"),
        ("http://api.example/v1", "in the clear"),
        ("http://10.0.0.1/v1", "in the clear"),
    ],
)
def test_a_base_url_that_cannot_work_is_refused_by_its_source(home: Home, url: str, part: str) -> None:
    message = home.refusal({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url})
    assert message.startswith("OPENAI_BASE_URL")
    assert part in message
    assert "\x1b" not in message
    assert "secret" not in message


@pytest.mark.parametrize("host", ["localhost:80", "127.0.0.1:1", "127.9.9.9", "[::1]:9", "demo.localhost"])
def test_plain_http_stays_on_this_machine_and_needs_no_key_there(home: Home, host: str) -> None:
    assert home.load({"OPENAI_BASE_URL": f"http://{host}/v1"}).profile.api_key == "none"


def test_plain_http_elsewhere_needs_consent(home: Home) -> None:
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://10.0.0.1/v1"}
    assert home.load(environ, Flags(insecure_http=True)).profile.insecure_http
    assert home.load({**environ, "BATCH_TUI_INSECURE_HTTP": "yes"}).profile.insecure_http


def test_a_profile_sets_everything(home: Home) -> None:
    home.write(
        """
        default_profile = "groq"
        [profiles.groq]
        provider = "groq"
        api_key_env = "GROQ_KEY"
        read_only = true
        confirm_above = 2.5
        completion_window = "7d"
        [profiles.groq.limits]
        max_requests = 10
        [profiles.groq.prices."llama-3.3"]
        input = 0.05
        output = 1
        [profiles.groq.guard]
        cost_above = 3
        cancel_on = ["cost"]
        failure_percent = 0
        [profiles.other]
        [ui]
        theme = "nord"
        ascii = true
        mouse = false
        columns = ["name", "age"]
        [notify]
        how = "osc9"
        [keys]
        cancel = "ctrl+x"
        """,
    )
    settings = home.load({"GROQ_KEY": KEY})
    profile = settings.profile
    assert (profile.name, profile.host, profile.api_key) == ("groq", "api.groq.com", KEY)
    assert (profile.limits.max_requests, profile.limits.max_bytes) == (10, 100_000_000)
    assert (profile.read_only, profile.completion_window, profile.confirm_above) == (True, "7d", Decimal("2.5"))
    assert profile.prices["llama-3.3"].output == Decimal(1)
    assert (settings.theme, settings.is_ascii, settings.mouse) == ("nord", True, False)
    assert settings.columns == ("name", "age")
    assert settings.guard.cost_above == Decimal(3)
    assert settings.guard.cancel_on == {Rule.COST}
    assert settings.guard.failure_percent is None
    assert settings.profiles == ("groq", "other")
    assert settings.keymap == {"cancel": "ctrl+x"}
    assert settings.places["cancel"].endswith("config.toml:27")
    assert home.load({"GROQ_KEY": KEY, "BATCH_TUI_ASCII": "0"}).is_ascii is False


def test_rules_for_batches_of_a_name_stand_beside_those_of_the_profile(home: Home) -> None:
    home.write(
        """
        [profiles.other.guard]
        cost_above = 3
        [guard_for."nightly-*"]
        cancel_on = ["stalled"]
        countdown_seconds = 5
        """
    )
    rules = home.load({"OPENAI_API_KEY": KEY}).guard
    assert rules.cost_above == Decimal(3)
    ((pattern, named),) = rules.named
    assert (pattern, named.countdown_seconds) == ("nightly-*", 5)
    assert named.cancel_on == {Rule.STALLED}
    assert named.cost_above is None


def test_limits_that_a_profile_leaves_out_are_the_providers(home: Home) -> None:
    home.write('[profiles.az]\nprovider = "azure"\nbase_url = "https://r.openai.azure.com/openai/v1"')
    assert home.load({"OPENAI_API_KEY": KEY}).profile.limits.max_requests == 100_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("default_profile = ", "config.toml:1: "),
        ("[ui]\nmouse = true\nmouse = false", "config.toml:3: "),
        ("\n\nprofile = 1", "config.toml:3: unknown key 'profile'; did you mean 'profiles'?"),
        ("[ui]\nthem = 'x'", "config.toml:2: unknown key 'them'; did you mean 'theme'?"),
        ("[ui]\nxyzzy = 'x'", "config.toml:2: unknown key 'xyzzy'; known here: ascii, columns, mouse, theme."),
        ("[ui]\nmouse = 'on'", "config.toml:2: ui.mouse: must be true or false, not text in quotes."),
        ("[ui]\ncolumns = ['a', 1]", "config.toml:2: ui.columns: must be text in quotes, not a whole number."),
        ("ui = 3", "config.toml:1: ui: must be a table, not a whole number."),
        ("[notify]\nhow = 'shout'", "config.toml:2: notify.how: not one of the known words: 'shout'."),
        ("[keys]\ncancel = 3", "config.toml:2: keys.cancel: must be text in quotes, not a whole number."),
        ("[guard]\nfailure_percent = 200", "config.toml:2: failure_percent must be between 0 and 100."),
        (
            '[guard_for."night-*"]\ncost_above = 1.0\n[guard_for.x]\nbelow_percent = 101',
            "config.toml:4: below_percent must be between 0 and 100.",
        ),
        (
            '[guard_for."night-*"]\ncost_abov = 1.0',
            "config.toml:2: unknown key 'cost_abov'; did you mean 'cost_above'?",
        ),
        (
            '[guard_for.a]\ncost_above = 1.0\n[guard_for.b]\nbelow_percent = "x"',
            "config.toml:4: guard_for.b.below_percent: must be a number, not text in quotes.",
        ),
        ("[guard]\nno_progress_minutes = -1.0", "config.toml:2: no_progress_minutes must be 0 or more."),
        ("[profiles]\nwork = 1", "config.toml:2: profiles.work: must be a table, not a whole number."),
        ("[profiles.work]\nbase = 'x'", "config.toml:2: unknown key 'base'; did you mean 'base_url'?"),
        (
            "[profiles.w]\nprovider = 'ibm'",
            "config.toml:2: profiles.w.provider: not one of the known words: 'i",
        ),
        ("[profiles.w.limits]\nmax_requests = 0", "config.toml:2: max_requests must be above 0; "),
        ("[profiles.w.limits]\nmax_request = 1", "config.toml:2: unknown key 'max_request'; did you mean 'max_r"),
        ("[profiles.w.prices.'a.b']\ninput = 'x'\noutput = 1", "config.toml:2: profiles.w.prices.a.b.input: "),
        ("[profiles.w.prices.m]\noutput = 1", "config.toml:1: profiles.w.prices.m: Object missing required field"),
        ("[profiles.w.prices.m]\ninput = -1", "config.toml:1: a price of m must be 0 or more."),
        (
            "[profiles.w]\nprovider = 'azure'",
            "config.toml:1: provider 'azure' needs base_url, like https://RESOURCE",
        ),
        ("[profiles.w]\napi_key_env = 'NOPE'", "config.toml:2: the variable NOPE is not set or empty."),
        ("default_profile = 'x'\n[profiles.w]", "config.toml:1: no profile 'x' in config.toml (it has: w)."),
        (
            "[profiles.a]\n[profiles.b]",
            "Which profile? Choose one with --profile or",
        ),
    ],
)
def test_every_mistake_names_its_line_and_the_way_out(home: Home, text: str, message: str) -> None:
    home.write(text)
    assert home.refusal({"OPENAI_API_KEY": KEY}).startswith(message)


def test_a_file_that_is_no_text_is_refused(home: Home) -> None:
    home.config.write_bytes(b"\xff\xfe\x00")
    assert home.refusal() == "config.toml is not UTF-8 text; save it as UTF-8."
    home.config.unlink()
    home.config.mkdir()
    assert home.refusal().startswith("Cannot read config.toml")


def test_a_config_that_was_named_must_exist(home: Home) -> None:
    assert home.refusal({"BATCH_TUI_CONFIG": "/nowhere/c.toml"}).startswith(
        "BATCH_TUI_CONFIG names /nowhere/c.toml"
    )


def test_a_switch_that_is_neither_yes_nor_no_is_refused(home: Home) -> None:
    assert (
        home.refusal({"OPENAI_API_KEY": KEY, "BATCH_TUI_READ_ONLY": "maybe"})
        == "BATCH_TUI_READ_ONLY is 'maybe'; set it to 1 or 0."
    )
    assert home.load({"OPENAI_API_KEY": KEY, "BATCH_TUI_READ_ONLY": "1"}).profile.read_only


def test_an_unknown_profile_flag_lists_what_there_is(home: Home) -> None:
    home.write("[profiles.a]\n[profiles.b]")
    assert home.refusal(flags=Flags(profile="c")) == "--profile: no profile 'c' in config.toml (it has: a, b)."


def test_a_missing_config_is_an_empty_one(tmp_path: Path) -> None:
    assert not read_config(tmp_path / "none.toml").profiles


def test_a_key_command_of_a_profile_is_not_run_when_no_key_is_needed(home: Home) -> None:
    home.write("[profiles.w]\napi_key_command = '/no/such/program'")
    assert home.load(needs_key=False).profile.api_key == ""
    assert "config.toml:2: api_key_command can't be run" in home.refusal()


def test_a_keyring_entry_of_a_profile_is_read_only_when_the_profile_names_one_and_a_key_is_needed(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)  # whoever reads it fails
    home.write("[profiles.w]\napi_key_keyring = 'openai/me'")
    assert home.load(needs_key=False).profile.api_key == ""
    assert "config.toml:2: api_key_keyring needs the package keyring" in home.refusal()
    assert home.load({"BATCH_TUI_API_KEY": KEY}).profile.key_source == "BATCH_TUI_API_KEY"


def test_a_key_from_the_keyring_goes_to_the_profile_s_server(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyring.get_password", lambda service, user: f" sk-{service}-{user}\n")
    home.write("[profiles.w]\nbase_url = 'https://api.example.org/v1'\napi_key_keyring = 'example/me'")
    profile = home.load({"OPENAI_API_KEY": KEY}).profile
    assert (profile.api_key, profile.key_source) == ("sk-example-me", "the keyring")
    other = home.load({"OPENAI_API_KEY": KEY}, Flags(base_url="https://other.example.org/v1"))
    assert other.notes == ("The key of profile w is sent to other.example.org, which --base-url names.",)
