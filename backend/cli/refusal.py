"""A command that cannot run: an argument, a setting or the installation is wrong, and nothing was changed.

Exit status 2, as click has it for wrong arguments. Status 1 means that the command ran and found something
wrong, or did not get to its end.
"""

import click


class CannotRun(click.ClickException):
    """Ends a command with one sentence that says what is wrong and what to do."""

    exit_code = 2

    def format_message(self) -> str:
        """Return the sentence; what a terminal would obey or hide is written as an escape."""
        return "".join(
            character if character.isprintable() or character == "\n" else repr(character)[1:-1]
            for character in self.message
        )
