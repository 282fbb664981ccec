"""The commands by name; each module of them is imported when one of its commands is called, or all are listed."""

from __future__ import annotations

import inspect
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from typer.core import TyperGroup

from lazyscribe.cli.codes import INTERRUPTED, WRONG_USE, Terminated
from lazyscribe.cli.console import Console, plain, unread

COMMANDS = {
    "ls": "listing",
    "tree": "listing",
    "show": "showing",
    "compare": "comparing",
    "put": "files",
    "get": "files",
    "diff": "differences",
    "promote": "moving",
    "alias": "changing",
    "release": "releasing",
    "rollback": "releasing",
    "expire": "changing",
    "rm": "changing",
    "history": "past",
    "at": "past",
    "explain": "past",
    "lineage": "past",
    "verify": "checking",
    "copy": "moving",
    "merge": "moving",
    "git-merge-driver": "git",
    "git-install": "git",
    "completion": "about",
    "doctor": "about",
}
"""In the order of the help; the module, in which the command is the function of that name, dashes as underscores."""

TEXTS = frozenset(
    {"path", "where", "sort", "by", "name", "tag", "since", "option", "version", "as_of", "release", "experiments"}
)
"""Arguments and options that are text, in whatever command."""


def _help(ctx: typer.Context, wanted: bool) -> None:
    if wanted:
        _say(ctx.get_help())


def _say(text: str) -> None:
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        unread()
    raise typer.Exit


Help = Annotated[bool, typer.Option("--help", callback=_help, is_eager=True, help="Show this, and end.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object, as docs/cli.md describes it.")]
Utc = Annotated[bool, typer.Option("--utc", help="Dates in UTC instead of local time.")]
Debug = Annotated[bool, typer.Option("--debug", help="A traceback with errors.")]


class Commands(TyperGroup):
    """The group, which makes a command when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command, ``None`` if there is none of that name."""
        del ctx
        return _command(cmd_name) if cmd_name in COMMANDS else None


def _command(name: str) -> Any:
    module = import_module(f"lazyscribe.cli.{COMMANDS[name]}")
    function = getattr(module, name.replace("-", "_"))
    text, _, example = inspect.cleandoc(function.__doc__).partition("\n\nExample: ")
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    short = text.partition("\n")[0]
    epilog = f"\b\nExample: {example}"
    decorate = single.command(name, help=text, short_help=short, epilog=epilog, add_help_option=False)
    decorate(_with_flags(name, function))
    command = typer.main.get_command(single)
    for parameter in command.params:
        _leave_text_alone(parameter)
    return command


def _leave_text_alone(parameter: Any) -> None:
    """Let what is text already, or not given, pass: typer may import a large library to convert values."""
    whole = parameter.process_value

    def process_value(ctx: Any, value: Any) -> Any:
        if parameter.name in TEXTS and value:
            if isinstance(value, str):
                return value
            if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
                return list(value)
        return None if value is None and not parameter.required else whole(ctx, value)

    parameter.process_value = process_value


def _with_flags(command: str, function: Callable[..., Any]) -> Callable[..., tuple[int]]:
    """Return what typer calls: `function` with the flags that every command has, and the console made of them.

    A parameter that is a named tuple stands for options of its fields. The code comes in a tuple, so that it is not
    taken for one of typer's own.
    """
    signature = inspect.signature(function, eval_str=True)
    own = [parameter for parameter in signature.parameters.values() if parameter.name != "console"]
    groups = {each.name: each.annotation for each in own if hasattr(each.annotation, "_fields")}

    def run(**given: Any) -> tuple[int]:
        del given["help"]
        for name, group in groups.items():
            given[name] = group(*(given.pop(field) for field in group._fields))
        flags = {flag: given.pop(flag) for flag in ("json", "utc", "debug")}
        console = Console(command, **flags)
        return (console.run(lambda: function(console, **given)),)

    kind = inspect.Parameter.KEYWORD_ONLY
    flags = [
        inspect.Parameter(flag, kind, default=False, annotation=annotation)
        for flag, annotation in (("json", Json), ("utc", Utc), ("debug", Debug), ("help", Help))
    ]
    single = (
        parameter for each in own for parameter in (_options(groups[each.name]) if each.name in groups else [each])
    )
    parameters = [*(each.replace(kind=kind) for each in single), *flags]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _options(group: Any) -> list[inspect.Parameter]:
    """Return the options of a group, a named tuple, as parameters of their own."""
    kinds = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field, inspect.Parameter.KEYWORD_ONLY, default=group._field_defaults[field], annotation=kinds[field]
        )
        for field in group._fields
    ]


def _version(wanted: bool) -> None:
    if wanted:
        from lazyscribe import __version__

        _say(f"lazyscribe {__version__}")


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="The version of lazyscribe.")
    ] = False,
    help: Help = False,
) -> None:
    """Experiments and versioned artifacts on plain files, from the shell.

    Every command finds project.json or repository.json in the current folder, or takes a path or URL of one.
    It ends with 0: done; 1: not found or refused; 2: wrong use; 3: conflict; 4: damaged.
    """
    del version, help


def group() -> Any:
    """Return the command with all that are below it."""
    completing = "_LAZYSCRIBE_COMPLETE" in os.environ  # a shell asks, as `completion` has told it to
    app = typer.Typer(cls=Commands, add_completion=completing, rich_markup_mode=None)
    app.callback(
        add_help_option=False, epilog="\b\nExample: lazyscribe ls --where 'metrics.auc > 0.9' --sort -metrics.auc"
    )(_root)
    return typer.main.get_command(app)


def main(arguments: Sequence[str]) -> int:
    """Run the command; return the code it ends with."""
    signal.signal(signal.SIGTERM, _terminate)
    with _streams(), warnings.catch_warnings():
        warnings.showwarning = _warn
        try:
            return _called(arguments)
        except KeyboardInterrupt as end:
            return _console(arguments).interrupted(end)
        except OSError as error:
            return _console(arguments).failed(error)
        except Exception as error:  # of typer's own parser, which some versions have from click
            if type(error).__name__ == "Abort":
                return _console(arguments).interrupted(error.__cause__)
            if not hasattr(error, "format_message"):
                raise
            return _wrong_use(error, arguments)


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    """Write a warning as one line, without the place in the code that it comes from."""
    Console(None).tell(f"Warning: {message}")


def _called(arguments: Sequence[str]) -> int:
    if not arguments and "_LAZYSCRIBE_COMPLETE" not in os.environ:
        group().main(args=["--help"], prog_name="lazyscribe", standalone_mode=False)
        return WRONG_USE
    found = group().main(args=list(arguments), prog_name="lazyscribe", standalone_mode=False)
    if isinstance(found, tuple):
        return int(found[0])
    return _console(arguments).interrupted() if found == INTERRUPTED else int(found or 0)


def _console(arguments: Sequence[str], command: str | None = None) -> Console:
    """Return where to write what does not come from a command."""
    return Console(command, json="--json" in arguments)


@contextmanager
def _streams() -> Iterator[None]:
    """Let there be all three of them, also where the shell has closed one, and let them show whatever a name holds."""
    with ExitStack() as opened:
        for name, how in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
            if getattr(sys, name) is None:
                opened.callback(setattr, sys, name, None)
                setattr(sys, name, opened.enter_context(Path(os.devnull).open(how)))
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        yield


def _terminate(*_: object) -> None:
    raise Terminated


def _meant(error: Any) -> str:
    """Return which command may have been meant."""
    from difflib import get_close_matches

    if type(error).__name__ != "UsageError" or getattr(error, "ctx", None) is None or error.ctx.parent is not None:
        return ""
    word = error.format_message().partition("'")[2].partition("'")[0]
    near = get_close_matches(word, COMMANDS, 1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _wrong_use(error: Any, arguments: Sequence[str]) -> int:
    context = getattr(error, "ctx", None)
    named = ["lazyscribe", *(each for each in arguments[:1] if each in COMMANDS)]
    path = context.command_path if context is not None else " ".join(named)
    message = plain(error.format_message()).rstrip(".") + _meant(error)
    console = _console(arguments, path.removeprefix("lazyscribe").strip() or None)
    return console.fail(WRONG_USE, "wrong-use", f"{message}; see: {path} --help")
