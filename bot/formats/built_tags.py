"""Lists of the tags of an image that are still built: the library files of Docker's official images, or plain lists.

github.com/docker-library/official-images, "Library definition files": blocks with a line `Tags: 3.14-slim, slim`.
"""

import re
from collections.abc import Iterator

from bot.formats import json_text

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
LIBRARY = re.compile(r"(?m)^(?:Shared)?Tags:")
FIELD = re.compile(r"(?:Shared)?Tags:(?P<value>.*)")


def read(text: str) -> frozenset[str]:
    """Read a library file (`Tags:` and `SharedTags:`), a JSON array of tags, or one tag a line; `#` comments.

    Raises ValueError where there is no tag in it, or where a line is something else: a page that says that one has to
    log in is no list of tags.
    """
    if text.lstrip().startswith("["):
        found = frozenset(_json(text))
    elif LIBRARY.search(text):
        found = frozenset(_library(text))
    else:
        found = frozenset(_lines(text))
    if not found:
        raise ValueError("this list names no tag")
    return found


def _json(text: str) -> Iterator[str]:
    for one in json_text.read(text):
        if isinstance(one, str) and TAG.fullmatch(one):
            yield one


def _library(text: str) -> Iterator[str]:
    for line in text.splitlines():
        field = FIELD.fullmatch(line.partition("#")[0].strip())
        if field is not None:
            yield from (word for word in re.split(r"[,\s]+", field["value"]) if TAG.fullmatch(word))


def _lines(text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        word = line.partition("#")[0].strip()
        if word and not TAG.fullmatch(word):
            raise ValueError(f"line {number} of this list is no tag")
        if word:
            yield word
