"""``completion``: a completion script for the shell, made from the parser itself."""

from __future__ import annotations

import argparse

from batch_tui.cli.console import Console
from batch_tui.cli.exits import Exit
from batch_tui.cli.table import VERBS

_BASH = """\
_batch_tui() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" word verb=""
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case " {verbs} " in *" $word "*) verb="$word"; break;; esac
  done
  case "$verb" in
{cases}
    *) COMPREPLY=($(compgen -W "{verbs} {top}" -- "$current"));;
  esac
  [[ "$current" != -* && -n "$verb" ]] && COMPREPLY+=($(compgen -f -- "$current"))
}}
complete -o filenames -F _batch_tui batch-tui
"""
_ZSH = """\
#compdef batch-tui
autoload -U +X bashcompinit && bashcompinit
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For which shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the script: ``eval "$(batch-tui completion bash)"``."""
    options = {verb.name: _options(verb.name) for verb in VERBS}
    makers = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    console.out.write(makers[args.shell](options))
    return Exit.CLEAN


def _options(verb: str) -> list[str]:
    from batch_tui.cli.main import load_verb  # noqa: PLC0415 - main loads this module, not the other way round

    parser = argparse.ArgumentParser(prog=verb)
    load_verb(verb).add_arguments(parser)
    return sorted(option for option in _option_strings(parser) if option.startswith("--"))


def _option_strings(parser: argparse.ArgumentParser) -> list[str]:
    usage = parser.format_help()
    return [word.strip(",[]") for word in usage.split() if word.strip(",[]").startswith("-")]


def _bash(options: dict[str, list[str]]) -> str:
    cases = "\n".join(
        f'    {verb}) COMPREPLY=($(compgen -W "{" ".join(found)}" -- "$current"));;'
        for verb, found in options.items()
    )
    return _BASH.format(
        verbs=" ".join(options), cases=cases, top="--profile --base-url --read-only --ascii --help --version"
    )


def _zsh(options: dict[str, list[str]]) -> str:
    return _ZSH + _bash(options)


def _fish(options: dict[str, list[str]]) -> str:
    lines = ["complete -c batch-tui -f"]
    named = {verb.name: verb.help.replace("'", "\\'") for verb in VERBS}
    for verb, found in options.items():
        lines.append(f"complete -c batch-tui -n __fish_use_subcommand -a {verb} -d '{named[verb]}'")
        lines += [
            f"complete -c batch-tui -n '__fish_seen_subcommand_from {verb}' -l {option.removeprefix('--')} -F"
            for option in found
        ]
    return "\n".join(lines) + "\n"
