"""Messages through apprise, which knows mail, chats, pagers and webhooks; see `apprise_child` for why it is a child.

The address of a target is a secret as a whole. It goes to the child through its stdin, and is in no sentence: only its
scheme is ever shown, and only where that looks like one.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from bot.errors import ConfigError, Unavailable
from bot.model.notices import Message, NoticeKind
from bot.model.secrets import Secret
from bot.system.process import Stopped, base_environment, run
from bot.system.redaction import redacted

CHILD: Final = Path(__file__).with_name("apprise_child.py")
SECONDS: Final = 20
"""How long a target may take; the child is stopped `GRACE` seconds later."""

GRACE: Final = 10
ANSWER_BYTES: Final = 1 << 16
SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]{0,19})://", re.IGNORECASE)
TONES: Final = {
    NoticeKind.STOPPED: "failure", NoticeKind.SECURITY_OPENED: "warning", NoticeKind.FAILING: "failure",
    NoticeKind.FEED_STALE: "warning", NoticeKind.PROPOSAL_OLD: "info",
}  # fmt: skip
HINT: Final = "write an address as apprise has it, like slack://…, mailtos://… or json://HOST/PATH"


class AppriseNotifier:
    """Implements `ports.Notifier` for one target; `folder` exists, and is where the child runs."""

    def __init__(self, url: Secret, folder: Path, *, seconds: float = SECONDS) -> None:
        self._url = url
        self._folder = folder
        self._seconds = seconds

    def tell(self, message: Message) -> None:
        """Send one message."""
        tone = "success" if message.over else TONES[message.kind]
        answer = self._ask({"title": redacted(message.title), "text": redacted(message.text), "tone": tone})
        match answer["state"]:
            case "told":
                return
            case "unknown" | "broken" as state:
                raise self._useless(state)
            case "late":
                raise Unavailable(f"it did not answer within {self._seconds:g} seconds")
            case _:
                code = answer["code"]
                raise Unavailable(f"it refused the message with {code}" if code else "it did not take the message")

    def check(self) -> None:
        """Raise ConfigError where the address is of no kind that apprise knows, or not whole; nothing is sent."""
        state = self._ask({"title": None, "text": None, "tone": None})["state"]
        if state != "known":
            raise self._useless(state)

    def _ask(self, question: dict[str, str | None]) -> dict[str, Any]:
        asked = json.dumps({"url": self._url.reveal(), "seconds": self._seconds, **question})
        argv = [sys.executable, "-P", str(CHILD)]  # -P: beside it lies a file that is called as the library is
        env = {**base_environment(), "HOME": str(self._folder)}
        try:
            done = run(
                argv, cwd=self._folder, timeout=self._seconds + GRACE, env=env, stdin=asked,
                keep=ANSWER_BYTES, most=ANSWER_BYTES,
            )  # fmt: skip
        except Stopped as error:
            raise Unavailable(f"it did not answer within {self._seconds + GRACE:g} seconds") from error
        if done.code:  # nothing of what it printed may be shown
            raise Unavailable(f"the program that tells it ended with {done.code} and without an answer")
        return dict(json.loads(done.stdout))

    def _useless(self, state: str) -> ConfigError:
        found = SCHEME.match(self._url.reveal())
        if found is None:
            return ConfigError("its address begins with no scheme", hint=HINT)
        scheme = f"{found[1].lower()}://"
        if state == "broken":
            return ConfigError(f"its address begins with {scheme}, but is not what apprise wants there", hint=HINT)
        return ConfigError(f"its address begins with {scheme}, which apprise does not know", hint=HINT)
