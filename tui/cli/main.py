"""The root of the command line, and the one handler at the top.

A command is a file here, loaded when its name is said: `unbroken --version` loads no other room. The root is built by a
function, because its help is in the user's language, which is known only once the program runs.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import importlib.util
import io
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import click
from click.core import ParameterSource

from tui import __version__
from tui.cli.errors import Advice, Exit, Stop, code_of, tell, words_of
from tui.cli.options import ScreenOptions, chat_options
from tui.say import say, speak

COMMANDS = ("ask", "bench", "doctor", "models", "history", "keys", "local", "config")
"""In the order of the help; each is tui/cli/<name>.py with its `command`."""

OUTPUT_FAILS = frozenset({errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a write to stdout is answered with when its reader is gone or its disk is full; errors of files have a name."""


class Commands(click.Group):
    """Commands by file name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's name
        return [name for name in COMMANDS if importlib.util.find_spec(f"tui.cli.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: object = importlib.import_module(f"tui.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from tui.cli import usage

            raise click.UsageError(usage.no_command(args[0], self.list_commands(ctx)), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without loading any of them."""
        with formatter.section(say("cli.commands")):
            formatter.write_dl([(name, say(f"cli.about_{name}")) for name in self.list_commands(ctx)])


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"unbroken {__version__}")
        ctx.exit()


def root() -> click.Group:
    """The whole command line."""

    @click.group(
        cls=Commands,
        invoke_without_command=True,
        help=say("cli.about"),
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    @chat_options
    @click.option(
        "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help=say("cli.version")
    )
    @click.pass_context
    def unbroken(
        ctx: click.Context,
        model: str | None,
        provider: str | None,
        local: bool,
        continue_last: bool,
        log: Path | None,
    ) -> int:
        if ctx.invoked_subcommand is not None:
            _hand_down(ctx, ctx.invoked_subcommand)
            return Exit.COMPLETE
        return _screen(ScreenOptions(local, continue_last, model, provider, log))

    return unbroken


def _hand_down(ctx: click.Context, name: str) -> None:
    """`unbroken -m MODEL ask …` means what `unbroken ask -m MODEL …` means."""
    given = {key: ctx.params[key] for key in ctx.params if ctx.get_parameter_source(key) is ParameterSource.COMMANDLINE}
    assert isinstance(ctx.command, click.Group)
    command = ctx.command.get_command(ctx, name)
    takes = {parameter.name for parameter in command.params} if command else set()
    for parameter in ctx.command.params:
        if parameter.name in given and parameter.name not in takes:
            raise click.UsageError(say("cli.not_for", option=parameter.opts[-1], command=name), ctx)
    several = {parameter.name for parameter in command.params if _multiple(parameter)} if command else set()
    ctx.default_map = {name: {key: (value,) if key in several else value for key, value in given.items()}}


def _multiple(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and parameter.multiple


def _screen(options: ScreenOptions) -> int:
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
        raise Stop(Advice(say("cli.no_terminal"), do=say("cli.no_terminal_do")), Exit.USAGE)
    result: object = importlib.import_module("tui.cli.screen").run(options)
    return result if isinstance(result, int) else Exit.COMPLETE


def run(args: Sequence[str]) -> int:
    """The command line `args`, from start to exit code."""
    speak("auto")
    try:
        code = _run(args)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except OSError as error:
        return _output_failed(error)
    return code


def _run(args: Sequence[str]) -> int:
    try:
        result: object = root().main(list(args), prog_name="unbroken", standalone_mode=False)
    except click.Abort:
        return Exit.INTERRUPTED
    except click.ClickException as error:
        from tui.cli import usage

        tell(usage.words(error))
        return Exit.USAGE
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else Exit.COMPLETE if error.code is None else Exit.INCOMPLETE
    except OSError as error:
        if error.filename is None and error.errno in OUTPUT_FAILS:
            raise
        return _failed(error)
    except Exception as error:  # noqa: BLE001  the one handler at the top
        return _failed(error)
    return result if isinstance(result, int) else Exit.COMPLETE


def _failed(error: Exception) -> int:
    code = code_of(error)
    if code is not None:
        tell(words_of(error))
        return code
    from tui.cli import crash

    tell(crash.report(error))
    return Exit.INCOMPLETE


def _output_failed(error: OSError) -> int:
    """Nobody reads any more: silence. A full disk under stdout is worth a line."""
    with contextlib.suppress(OSError, ValueError):
        # What is still buffered would fail again, with a traceback, when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        tell(say("cli.output", reason=error.strerror or type(error).__name__))
    return Exit.INCOMPLETE


def _speak_utf8() -> None:
    """Japanese works under LANG=C too, and a broken byte is replaced instead of ending the program."""
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)


def _watch() -> None:
    """Errors that nobody awaits go to a file too: on stderr they would tear up the screen, and could show a key."""

    def keep(error: BaseException | None) -> None:
        if isinstance(error, Exception):
            from tui.cli import crash

            crash.report(error)

    threading.excepthook = lambda failed: keep(failed.exc_value)
    sys.unraisablehook = lambda failed: keep(failed.exc_value)


def main() -> None:
    """The command `unbroken`."""
    _speak_utf8()
    _watch()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
