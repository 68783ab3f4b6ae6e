"""The command line: one click group whose commands are imported when they are called."""

from __future__ import annotations

import importlib
from contextlib import suppress
from io import StringIO

import click

from drizzle_guard import __version__
from drizzle_guard.errors import GuardError, printable_lines, without_credentials
from drizzle_guard.terminal import Unwritten, fail, say, stop_output, unheard, watch_output

#: heading in `--help` -> command -> (module in `drizzle_guard.commands`, what `--help` says of it)
GROUPS = {
    "Merging": {
        "renumber": ("renumber", "Finish or repair a merge of migrations by hand."),
        "regenerate": ("regenerate", "Take the mainline's folder and generate the branch's migrations again."),
    },
    "Looking": {
        "graph": ("graph", "Show where the branch and the mainline parted; --all: every open branch."),
        "check": ("check", "Say whether the migration folders are sound."),
        "explain": ("explain", "Explain a rule of `check`."),
        "protect": ("protect", "Block edits and deletions of committed migrations (a pre-commit hook)."),
        "rehearse": ("rehearse", "Run the migrations on throw-away databases, from every state."),
    },
    "Database": {
        "status": ("status", "Compare files, journal and database."),
        "apply": ("apply", "Run one migration that was skipped or is missing."),
        "repair": ("repair", "Bring the migrations table in step, one offer at a time."),
    },
    "Setting up": {
        "install": ("install", "Arm this clone: merge driver, attributes, hooks."),
        "uninstall": ("uninstall", "Take away what install added."),
        "demo": ("demo", "Show the main job in a throw-away repository."),
    },
}
COMMANDS = {name: command for commands in GROUPS.values() for name, command in commands.items()}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"drizzle_guard.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))
        for heading, commands in GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), text) for name, (_, text) in commands.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="drizzle-guard")
def group() -> None:
    """Two branches, one Drizzle journal: merge, protect and check migrations."""


#: commands that work outside of a repository, or see to that themselves
_NEVER_WARN = ("explain", "demo", "renumber", "uninstall")


def _say_what_is_half_way(args: list[str]) -> None:
    """A merge whose last step did not run is said by whatever command comes next."""
    if not args or args[0] not in COMMANDS or args[0] in _NEVER_WARN or {"-h", "--help"} & set(args):
        return
    from drizzle_guard.git.state import git_directories

    directories = git_directories()
    if directories is None:
        return
    from drizzle_guard.renumber.unfinished import is_noted, warn

    if is_noted(directories[0]):
        from drizzle_guard.git.repository import Repository

        with suppress(GuardError), Repository() as repository:  # the command meets the same, and says it better
            warn(repository)


def main(args: list[str]) -> int:
    """Run the command line.  Commands return their exit code; no exception gets past here."""
    watch_output()
    try:
        _say_what_is_half_way(args)
        code = group.main(args, prog_name="drizzle-guard", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        text = StringIO()
        error.show(text)  # click repeats what was typed, and that may be a URL in the wrong place
        with unheard():
            click.echo(printable_lines(without_credentials(text.getvalue())), err=True, nl=False)
        return 2
    except (click.Abort, KeyboardInterrupt):
        say("stopped; nothing was changed after the last message.")
        return 1
    except Unwritten as failure:
        return stop_output(failure)
    except Exception as error:  # GuardError, or a bug, which must not meet the user as a traceback
        return fail(error)
