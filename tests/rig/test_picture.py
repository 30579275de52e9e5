"""A body in a real browser, as a person sees it."""

import re
import struct
import zlib
from pathlib import Path

from bot.decide.explain_notes import notes_section
from bot.model.change import ProjectNotes
from bot.model.talk import ReleaseNote
from tests.builders import a_change
from tests.rig.picture import dom, take

HOSTILE = (
    "@octocat fixed #12\n\n- [x] done\n- [ ] <!-- rebuild --> not\n\n<input type=checkbox>\n\n</details>\n\n@a/b\n\n```\n"
    "@c\n<script>document.title='x'</script>"
)


def a_body(text: str) -> str:
    note = ReleaseNote(
        version="1.1", title="by @octocat", text=text, url="https://github.com/acme/web/releases/tag/1.1"
    )
    notes = ProjectNotes(
        name="web", old="1.0", new="1.1", links=(("source", "https://github.com/acme/web"),), notes=(note,)
    )
    return f"{notes_section(a_change(project_notes=(notes,)))}\n\n- [ ] rebuild this proposal now\n"


def different_rows(png: bytes) -> int:
    """Count the different rows of a picture as they stand in its data (PNG specification, section 11.2)."""
    (height,) = struct.unpack(">I", png[20:24])
    data, position = b"", 8
    while position < len(png):
        (size,) = struct.unpack(">I", png[position : position + 4])
        if png[position + 4 : position + 8] == b"IDAT":
            data += png[position + 8 : position + 8 + size]
        position += size + 12
    rows = zlib.decompress(data)
    stride = len(rows) // height
    return len({rows[start : start + stride] for start in range(0, len(rows), stride)})


def test_a_browser_shows_our_checkbox_and_nobody_is_mentioned() -> None:
    page = dom(a_body(HOSTILE))
    assert len(re.findall(r"<input", page)) == 1
    assert page.count("<details>") == page.count("</details>") == 1
    assert "user-mention" not in page
    assert "issue-link" not in page
    assert "<title>" not in page


def test_the_browser_would_show_a_mention_if_there_were_one() -> None:
    page = dom("@octocat fixed #12 <a>@x</a> `@y`\n\n- [ ] one\n")
    assert page.count("user-mention") == page.count("issue-link") == page.count("<input") == 1


def test_the_picture_shows_something(tmp_path: Path) -> None:
    take(a_body(HOSTILE), tmp_path / "body.png", width=500)
    png = (tmp_path / "body.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">I", png[16:20]) == (500,)
    assert different_rows(png) > 20
