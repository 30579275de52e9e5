"""A bucket of OSV records as the real one is laid out: `all.zip`, `modified_id.csv` and one file for each record."""

import hashlib
import io
import json
import zipfile
from datetime import datetime
from email.utils import format_datetime
from types import TracebackType
from typing import Any, Self

from tests.rig.web import Said, Seen, WebServer


def zipped(*records: Any, **files: bytes) -> bytes:
    """Write records into a zip, and other members by their names without `.json`."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for record in records:
            archive.writestr(f"{record['id']}.json", json.dumps(record))
        for name, text in files.items():
            archive.writestr(f"{name}.json", text)
    return body.getvalue()


class OsvBucket:
    """A context manager; `records` change, and `publish` writes all files anew. What is in `said` answers as it is."""

    def __init__(self, *records: dict[str, Any], ecosystem: str = "PyPI", listed: bool = True) -> None:
        self.records = {record["id"]: record for record in records}
        self.ecosystem, self.listed = ecosystem, listed
        self.changed: datetime | None = None
        self.said: dict[str, Said] = {}
        self.files: dict[str, bytes] = {}
        self.web = WebServer(self._answer)
        self.publish()

    @property
    def url(self) -> str:
        return f"{self.web.url}/{self.ecosystem}/all.zip"

    def publish(self, *, whole: bool = True) -> None:
        """Write the files anew; `whole=False` leaves the zip as it was."""
        old = self.files.get("all.zip", b"")
        rows = sorted(((one["modified"], name) for name, one in self.records.items()), reverse=True)
        self.files = {f"{name}.json": json.dumps(one).encode() for name, one in self.records.items()}
        if self.listed:
            self.files["modified_id.csv"] = "".join(f"{time},{name}\n" for time, name in rows).encode()
        self.files["all.zip"] = zipped(*self.records.values()) if whole else old

    def put(self, *records: dict[str, Any], whole: bool = True) -> None:
        """Change records and publish."""
        self.records.update({record["id"]: record for record in records})
        self.publish(whole=whole)

    def asked(self) -> list[str]:
        """Give the names of the files that were asked for since the last call, in order."""
        names = [seen.path.rpartition("/")[2] for seen in self.web.log]
        self.web.log.clear()
        return names

    def _answer(self, seen: Seen) -> Said:
        folder, _, name = seen.path.rpartition("/")
        if name in self.said:
            return self.said[name]
        if folder != f"/{self.ecosystem}" or name not in self.files:
            return Said(status=404)
        headers = {"etag": f'"{hashlib.sha256(self.files[name]).hexdigest()[:12]}"'}
        if self.changed is not None:
            headers["last-modified"] = format_datetime(self.changed, usegmt=True)
        if seen.headers.get("if-none-match") == headers["etag"]:
            return Said(status=304, headers=headers)
        return Said(body=self.files[name], headers=headers)

    def __enter__(self) -> Self:
        self.web.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.web.__exit__(kind, error, trace)
