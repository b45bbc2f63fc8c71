"""The program ``hwnoise``: its commands, and how errors become one sentence and an exit code."""

from __future__ import annotations

import inspect
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated, Any, TextIO

import typer
from typer.main import get_command

from hwnoise.cli import INTERRUPTED, deploy, doctor, evaluate, lists, report, train
from hwnoise.cli.interruption import Interruption
from hwnoise.errors import HwnoiseError

READER_GONE = 141  # 128 + SIGPIPE: `hwnoise devices | head -1`


def hwnoise(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """Emulate noisy analog and neuromorphic hardware, and train networks on it.

    The perturbation that teaches is the hardware's own noise.

    Example:
      hwnoise train                             digits on an emulated phase-change chip
      hwnoise devices pcm                       what that chip is, with sources
      hwnoise evaluate runs/digits-pcm-anp-1    accuracy over fresh chips
    """
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"hwnoise {installed('hwnoise')}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _help(command: Callable[..., None]) -> str:
    """The docstring, with the mark (a backspace) that keeps Typer from refilling the example."""
    return (inspect.getdoc(command) or "").replace("Example:", "\b\nExample:")


app = typer.Typer(name="hwnoise", add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.callback(invoke_without_command=True, help=_help(hwnoise))(hwnoise)
for command in (
    train.train,
    evaluate.evaluate,
    deploy.deploy,
    report.report,
    lists.devices,
    lists.learners,
    lists.backends,
    lists.tasks,
    lists.cite,
    doctor.doctor,
):
    app.command(help=_help(command))(command)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments after the program's name; the process's own by default.

    Returns
    -------
    int
        0 done, 1 a check or comparison failed, 2 bad input (one sentence on standard error),
        130 interrupted, 141 the reader of standard output went away. A bug shows its traceback.
    """
    _prepare_output()
    try:
        with Interruption():
            _run(sys.argv[1:] if argv is None else list(argv))
    except typer.Exit as stop:
        return stop.exit_code
    except HwnoiseError as error:
        return _complain(str(error), error.exit_code)
    except typer.TyperException as error:
        return _complain(_usage(error), error.exit_code)
    except KeyboardInterrupt as stop:
        return _complain(str(stop) or "interrupted", INTERRUPTED)
    except BrokenPipeError:
        _drop(sys.stdout)
        return READER_GONE
    except OSError as error:
        _drop(sys.stdout)
        where = f"{error.filename}: " if error.filename else ""
        return _complain(f"{where}{error.strerror or error}", 2)
    except MemoryError as error:
        return _complain(f"not enough memory for a network or batch of this size ({error})", 2)
    return 0


def _run(arguments: list[str]) -> None:
    command = get_command(app)
    with command.make_context("hwnoise", arguments) as context:
        command.invoke(context)
    sys.stdout.flush()  # a reader that left is noticed here, not in the interpreter's last breath


def _prepare_output() -> None:
    """Let a closed stream (``>&-``) swallow what is printed, and one that has no µ show a question mark."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # open until the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _complain(sentence: str, code: int) -> int:
    try:
        print("hwnoise:", " ".join(sentence.split()), file=sys.stderr)
    except OSError:  # nobody can be told, and the exit code still can
        _drop(sys.stderr)
    return code


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context else ""
    refused: Any = error.__context__  # what pydantic made of a number that is none
    value = f", not {refused.errors()[0]['input']!r}" if hasattr(refused, "errors") else ""
    said = error.format_message().partition(", unable to parse")[0].replace("Input should be", "must be")
    return said.rstrip(".") + value + hint


def _drop(stream: TextIO) -> None:
    """Point ``stream`` at nothing: what could not be written must not fail once more at the end."""
    with suppress(io.UnsupportedOperation):  # captured output has no descriptor, and never fails
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
