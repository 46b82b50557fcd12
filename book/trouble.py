"""What every error that a reader may meet on a page has in common."""

from __future__ import annotations


class Trouble(Exception):
    """An error whose message is the whole story: what happened, the file or service, the next step. No page shows its stack.

    Attributes:
        exit_code: the exit code of the command that does the same in a terminal.
    """

    exit_code = 1

    def _render_traceback_(self) -> list[str]:  # read by IPython in place of the traceback
        return [str(self)]


class TookTooLong(Trouble):
    """Something did not end within its limit; the message names it."""
