"""Stanzas of Debian control data (deb822(5)): dpkg's status, the Packages files of archives, apt's sources."""

from collections.abc import Iterable, Iterator

BLANKS = frozenset({" ", "\t"})
# The first character of every line that is no field sorts up to here.
COMMENT = "#"
# How many spellings of names, and how long ones, are looked up; real data has about a hundred short ones.
SPELLINGS = 1000
LONGEST_NAME = 100


def stanzas(text: str) -> Iterator[dict[str, str]]:
    r"""Give each stanza as its fields, names in lower case, values as they are written.

    The lines of a value are joined with "\n", each without the space around it (deb822(5), "multiline"). Lines
    of comments are left out, as are lines that are no field; of a field that stands twice the last one counts.
    Lines end with LF or CRLF; one of nothing but space ends a stanza (Debian Policy, 5.1). It never fails.
    """
    return _read(text.split("\n"), None)


def stanzas_of(lines: Iterable[str], wanted: frozenset[str]) -> Iterator[dict[str, str]]:
    """Do as `stanzas`, line by line and for some fields only, whose names are given in lower case.

    Lines may keep their ends. Nothing but the stanza at hand is held. A stanza without a wanted field is left out.
    """
    return _read(lines, wanted)


def _read(lines: Iterable[str], wanted: frozenset[str] | None) -> Iterator[dict[str, str]]:
    """Read in one loop that does little for each line: an archive's Packages files have more than a million."""
    fields: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    # The value that continuation lines go to; None while it is of a field that nobody wants.
    value: list[str] | None = None
    for line in lines:
        if line[:1] > COMMENT:
            written, colon, rest = line.partition(":")
            name = spelled.get(written)
            if name is None:
                name = _name(written, wanted)
                if len(spelled) < SPELLINGS and len(written) <= LONGEST_NAME:
                    spelled[written] = name
            value = None
            if name and colon:
                fields[name] = value = [rest.strip()]
        elif not line or line.isspace():
            if fields:
                yield _joined(fields)
            fields, value = {}, None
        elif value is not None and line[0] in BLANKS:
            value.append(line.strip())
    if fields:
        yield _joined(fields)


def _name(written: str, wanted: frozenset[str] | None) -> str:
    """Give a field's name in lower case; "" where nobody wants it."""
    name = written.rstrip().lower()
    return name if wanted is None or name in wanted else ""


def _joined(fields: dict[str, list[str]]) -> dict[str, str]:
    return {name: "\n".join(value) for name, value in fields.items()}
