"""A picture of a proposal's body: Markdown -> HTML as GitHub makes it -> PNG by headless Chromium (Debian: chromium).

usage: python tests/rig/picture.py body.md out.png [width]
"""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.rig.github_markdown import render

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH = 920  # pixels, about what a pull request's text has
TALLEST = 16_000  # pixels that Chromium paints in one picture
UNTOUCHED = {"a", "code", "pre"}
MENTION = re.compile(r"(?<![\w`])@([A-Za-z0-9][\w-]*)")
NUMBER = re.compile(r"(?<!\w)#(\d+)")
STYLE = """
body { margin: 0; padding: 24px 32px; background: #fff; color: #1f2328; word-wrap: break-word;
       font: 14px/1.5 "Noto Sans", "DejaVu Sans", Helvetica, Arial, sans-serif; }
a { color: #0969da; text-decoration: none; }
h1, h2 { border-bottom: 1px solid #d1d9e0; padding-bottom: .3em; }
h2 { font-size: 1.5em; margin: 24px 0 16px; } h3 { font-size: 1.25em; margin: 24px 0 16px; }
p, ul, ol, table, pre, blockquote, details { margin: 0 0 16px; }
ul, ol { padding-left: 2em; } li > ul, li > ol { margin: 0; } li + li { margin-top: .25em; }
li:has(> input) { list-style: none; } li > input { margin: 0 .4em .25em -1.4em; vertical-align: middle; }
code { background: #818b981f; border-radius: 6px; padding: .2em .4em; white-space: break-spaces; }
code, pre { font: 12px/1.45 "DejaVu Sans Mono", monospace; }
pre { background: #f6f8fa; border-radius: 6px; padding: 16px; overflow: auto; } pre code { background: none; padding: 0;
white-space: pre; }
table { border-collapse: collapse; display: block; width: max-content; max-width: 100%; overflow: auto; }
th, td { border: 1px solid #d1d9e0; padding: 6px 13px; } th { font-weight: 600; } tr:nth-child(2n) { background: #f6f8fa; }
blockquote { border-left: .25em solid #d1d9e0; color: #59636e; padding: 0 1em; }
summary { cursor: pointer; }
"""
MEASURE = "document.documentElement.dataset.height = document.documentElement.scrollHeight"


class _Linked(HTMLParser):
    """Writes HTML again with links where GitHub makes them of mentions and numbers."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.out.append(self.get_starttag_text() or "")
        if tag in UNTOUCHED:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.out.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self.out.append(f"</{tag}>")
        if tag in self._open:
            self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        text = html.escape(data, quote=False)
        if not self._open:
            text = MENTION.sub(r'<a class="user-mention" href="https://github.com/\1">@\1</a>', text)
            text = NUMBER.sub(r'<a class="issue-link" href="https://github.com/o/r/issues/\1">#\1</a>', text)
        self.out.append(text)


def document(body: str) -> str:
    """Give a whole page that shows a body as a pull request does; it loads nothing."""
    linked = _Linked()
    linked.feed(render(body))
    linked.close()
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-ours'"
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<style>{STYLE}</style></head><body>{"".join(linked.out)}<script nonce="ours">{MEASURE}</script></body></html>'
    )


def dom(body: str, width: int = WIDTH) -> str:
    """Give the page as Chromium understands it, as HTML; raises where there is no Chromium."""
    return _chromium(body, width, 800, "--dump-dom")


def take(body: str, target: Path, width: int = WIDTH) -> None:
    """Write a picture of the whole page."""
    found = re.search(r'data-height="(\d+)"', dom(body, width))
    height = min(int(found[1]) if found else 800, TALLEST)
    _chromium(body, width, height, f"--screenshot={target}")


def _browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise FileNotFoundError("there is no Chromium: install Debian's package chromium, or run tests/run")
    return found


def _chromium(body: str, width: int, height: int, *what: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(document(body), "utf-8")
        argv = [
            _browser(), "--headless", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}",
            f"--user-data-dir={folder}/profile", *(["--no-sandbox"] if os.geteuid() == 0 else []), *what, page.as_uri(),
        ]  # fmt: skip
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


if __name__ == "__main__":
    take(Path(sys.argv[1]).read_text("utf-8"), Path(sys.argv[2]).resolve(), int(sys.argv[3]) if sys.argv[3:] else WIDTH)
