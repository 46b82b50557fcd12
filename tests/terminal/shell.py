"""A shell that keeps its folder and its variables from one command to the next, as a reader's terminal does."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

COMMAND_SECONDS = 900  # the longest command is a build that downloads its packages
CONNECT_SECONDS = 120
NO_CONNECTION = frozenset({7, 52, 56})  # of curl: refused, an empty reply, reset; which of them depends on the engine's proxy
_AGAIN_SECONDS = 0.5
_END_SECONDS = 10  # from SIGTERM until it is killed: Compose ends the builds that it started

# One line for each command. Its file is read by the shell itself: a `cd` or a variable stays, and a quote that is not closed ends
# that command only.
_LINE = '. "{at}/command" >"{at}/stdout" 2>"{at}/stderr" </dev/null 3>&-; echo "$?" >&3\n'


class TookTooLong(Exception):
    """A command did not end in time; the message names it."""


@dataclass(frozen=True)
class Result:
    """What came of a command.

    Attributes:
        exit: its exit code.
        stdout: what it printed.
        stderr: its errors.
    """

    exit: int
    stdout: str
    stderr: str


class Shell:
    """A `bash` that runs one command after the other."""

    def __init__(self, folder: Path, notes: Path, environment: Mapping[str, str]) -> None:
        """Start it.

        Args:
            folder: where it starts.
            notes: a folder for the output of its commands.
            environment: all its variables.
        """
        self._notes = notes
        self._codes, theirs = os.pipe()
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", f"exec 3>&{theirs} {theirs}>&-; exec bash --noprofile --norc -s"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs,),
            start_new_session=True,  # a command that takes too long is ended with all that it started
            text=True,
        )
        os.close(theirs)

    def run(self, command: str, limit: float = COMMAND_SECONDS) -> Result:
        """Run a command, and wait for its end.

        Args:
            command: as it is typed; it may have several lines.
            limit: seconds until it is ended, and the shell with it.

        Raises:
            TookTooLong: if it does not end in time.
        """
        assert self._process.stdin is not None, "it is a pipe"
        (self._notes / "command").write_text(f"{command}\n")
        self._process.stdin.write(_LINE.format(at=self._notes))
        self._process.stdin.flush()
        code = self._code(command, limit)
        printed, errors = ((self._notes / name).read_text(errors="replace") for name in ("stdout", "stderr"))
        return Result(code, printed, errors)

    def connect(self, command: str, seconds: float = CONNECT_SECONDS) -> Result:
        """Run a `curl`, again and again while its connection is refused or reset: what it asks may still be starting.

        Args:
            command: as it is typed.
            seconds: after which the last result counts.
        """
        deadline = time.monotonic() + seconds
        while (came := self.run(command)).exit in NO_CONNECTION and time.monotonic() < deadline:
            time.sleep(_AGAIN_SECONDS)
        return came

    def close(self) -> None:
        """End it, and all that still runs in it."""
        for way in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, way)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_SECONDS if way is signal.SIGTERM else None)
        if self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        os.close(self._codes)

    def _code(self, command: str, limit: float) -> int:
        """The exit code that the shell reports; its own, if the command ended the shell."""
        deadline, reported = time.monotonic() + limit, b""
        while not reported.endswith(b"\n"):
            ready, _, _ = select.select([self._codes], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TookTooLong(f"`{command}` did not end within {limit:g} seconds.")
            if not (more := os.read(self._codes, 16)):
                return self._process.wait()
            reported += more
        return int(reported)


@contextmanager
def opened(folder: Path, notes: Path, environment: Mapping[str, str]) -> Iterator[Shell]:
    """A shell that ends with the block; the arguments are those of `Shell`."""
    shell = Shell(folder, notes, environment)
    try:
        yield shell
    finally:
        shell.close()
