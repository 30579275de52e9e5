"""Text for a terminal that neither tells a secret nor does anything there but be read."""

from rich import markup

from bot.system.redaction import redacted
from bot.system.terminal import readable, visible


def escape(text: str) -> str:
    """Give text as rich prints it as it is: no markup, no control characters, no secret."""
    return markup.escape(visible(redacted(text)))


def several_lines(text: str) -> str:
    """Give a text of several lines in the same way, but with the markup that it has."""
    return readable(redacted(text))
