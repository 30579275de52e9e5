"""The register of every secret that this process knows, and texts without them.

A secret is made known where it is read: `secrets.reveal` and `secrets.learn` do so for what the configuration names,
and whoever gets a token from a server calls `known` before it is used. What can be seen outside goes through
`redacted`: log lines, errors, documents, what is written to a forge.

A secret with less than six characters is part of too many harmless words ("main", "1.0"): it is replaced only where
it stands as a password in an address, and in a Basic header. A user name is no secret, unless it looks made by a
machine or has no password beside it.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from bot.model.secrets import Secret

SHOWN = "***"
LEAST = 6  # characters of a secret that is replaced wherever it stands
PASSING = 256  # tokens with a short life that are remembered; a service gets new ones all the time
MARKUP = re.compile(r"\\(?=[^\w\s]|_)|[\u200b`]")  # what stands between the characters of a word in Markdown
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


class Register:
    """Secrets and all their disguises; any number of threads may ask and add."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._lasting: dict[str, frozenset[str]] = {}
        self._passing: dict[str, frozenset[str]] = {}
        self._short: frozenset[str] = frozenset()
        self._shapes: tuple[str, ...] = ()

    def add(self, value: str, shapes: frozenset[str], *, passing: bool) -> None:
        """Remember a secret; of those that pass, the oldest make room."""
        with self._guard:
            if value in self._lasting or value in self._passing:
                return
            (self._passing if passing else self._lasting)[value] = shapes
            while len(self._passing) > PASSING:
                del self._passing[next(iter(self._passing))]
            every = frozenset().union(*self._lasting.values(), *self._passing.values())
            self._short |= {value} if len(value) < LEAST else frozenset()
            self._shapes = tuple(every)

    def knows(self, value: str) -> bool:
        """Say whether this very secret is known."""
        return value in self._lasting or value in self._passing

    def clear(self) -> None:
        """Forget everything, which only tests want."""
        with self._guard:
            self._lasting, self._passing, self._short, self._shapes = {}, {}, frozenset(), ()

    def hidden(self, text: str) -> str:
        """Give the text with three stars for each stretch that a secret covers.

        Looking for one after the other is what str does best: an alternation of 500 shapes takes 27 times as long.
        """
        spans = sorted(span for shape in self._shapes if shape in text for span in _spans(text, shape))
        pieces, end = [], 0
        for start, stop in spans:
            if start >= end:
                pieces += [text[end:start], SHOWN]
            end = max(end, stop)
        whole = "".join([*pieces, text[end:]]) if pieces else text
        for value in self._short:
            whole = whole.replace(f":{value}@", f":{SHOWN}@")
        return whole


_REGISTER = Register()


def known(secret: Secret | str, *, passing: bool = False) -> None:
    """Make a secret known; `passing` for one that a server gave out for a while, of which the newest 256 are kept."""
    value = secret.reveal() if isinstance(secret, Secret) else secret
    if value and not _REGISTER.knows(value):
        from bot.system.disguises import disguises  # noqa: PLC0415 - a command that reads no secret need not load it

        _REGISTER.add(value, disguises(value, LEAST), passing=passing)


def minted(secret: Secret) -> None:
    """Make a token known that a server gave out for an hour."""
    known(secret, passing=True)


def known_login(username: str, password: str) -> None:
    """Make a login known: its password, and the user name where that opens something by itself."""
    from bot.system.disguises import is_token, pair  # noqa: PLC0415 - as above

    known(password)
    if password:
        known(pair(username, password))
    if not password or is_token(username):
        known(username)


def known_address(url: str) -> None:
    """Make known what opens the server of an address (`https://user:password@host`); most hold nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    if parts.username or parts.password:
        user, password = parts.username or "", parts.password or ""
        known_login(user, password)
        known_login(unquote(user), unquote(password))


def redacted(text: str) -> str:
    """Give a text in which `***` stands for every secret that is known, in whatever usual disguise."""
    return _REGISTER.hidden(text)


def redacted_markdown(text: str) -> str:
    """Give Markdown without secrets; a line in which one hides between escapes goes as a whole."""
    return "".join(_line(line) for line in redacted(text).splitlines(keepends=True))


def redacted_values(value: object) -> object:
    """Give a JSON document without secrets: mappings, lists and texts are gone through, anything else stays."""
    match value:
        case str():
            return redacted(value)
        case Mapping():
            return {redacted(str(name)): redacted_values(one) for name, one in value.items()}
        case list() | tuple():
            return [redacted_values(one) for one in value]
        case _:
            return value


def carries(text: str) -> bool:
    """Say whether a secret stands in a text."""
    return redacted(text) != text


def forget_all() -> None:
    """Forget every secret, so that one test does not see those of another."""
    _REGISTER.clear()


def _line(line: str) -> str:
    bare = MARKUP.sub("", line)
    for entity, character in ENTITIES:
        bare = bare.replace(entity, character)
    if bare == line or not carries(bare):
        return line
    return SHOWN + line[len(line.rstrip("\r\n")) :]


def _spans(text: str, shape: str) -> Iterator[tuple[int, int]]:
    start = text.find(shape)
    while start >= 0:
        yield start, start + len(shape)
        start = text.find(shape, start + 1)
