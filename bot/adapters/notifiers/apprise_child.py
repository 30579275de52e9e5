"""The program that speaks apprise: reads one question as JSON on stdin, and answers with one line of JSON on stdout.

It is a process of its own, run by its path with `python -P`, and imports nothing of ours: apprise loads all of its 180
services at once, which a service that hardly ever tells anything need not carry around, and its own time limits do not
hold for all of them. Whatever it logs stays in here, for it may name addresses, which are secrets.
"""

import json
import logging
import re
import sys
from typing import Any

from apprise import Apprise, AppriseAsset, PersistentStoreMode
from apprise.manager_plugins import NotificationManager
from apprise.result import AppriseResultStatus

CODE = re.compile(r"\berror=(\d{3})\b")  # how its services log an HTTP status


def answered(asked: dict[str, Any]) -> dict[str, object]:
    """Tell `asked["url"]`, or only say whether it is of a known kind; `code` is the HTTP status of a refusal, or 0."""
    asset = AppriseAsset(
        app_id="Quarterdeck", app_desc="Quarterdeck", app_url="", storage_mode=PersistentStoreMode.MEMORY,
        allow_templates=False, async_mode=False, pgp_autogen=False, pem_autogen=False,
    )  # fmt: skip
    service = Apprise.instantiate(asked["url"], asset=asset)
    if service is None:
        manager = NotificationManager()  # type: ignore[no-untyped-call]
        scheme = asked["url"].partition("://")[0].lower()
        return {"state": "broken" if scheme in manager else "unknown", "code": 0}
    if asked["title"] is None:
        return {"state": "known", "code": 0}
    said: list[str] = []
    target = Apprise(service, asset=asset)
    result = target.notify(
        title=asked["title"], body=asked["text"], notify_type=asked["tone"], body_format="text",
        timeout=asked["seconds"], log_callback=lambda entry, _: said.append(entry.message), log_level=logging.WARNING,
    )  # fmt: skip
    codes = [int(found[1]) for text in said if (found := CODE.search(text))]
    states = {AppriseResultStatus.SUCCESS: "told", AppriseResultStatus.TIMEOUT: "late"}
    return {"state": states.get(result.status, "refused"), "code": codes[-1] if codes else 0}


def main() -> None:
    """Answer one question."""
    logging.getLogger().addHandler(logging.NullHandler())
    answer = answered(json.load(sys.stdin))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
