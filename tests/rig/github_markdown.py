"""GitHub's own Markdown renderer (cmark-gfm), and what a page that it renders would do to people."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

EXTENSIONS = ["table", "strikethrough", "autolink", "tasklist"]
OPTIONS = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES | Options.CMARK_OPT_HARDBREAKS  # as in a comment
VOID = {"br", "hr", "img", "input", "col", "wbr"}
MENTION = re.compile(r"(?<![\w`])@[A-Za-z0-9]")
NUMBER = re.compile(r"#\d|\bGH-\d", re.IGNORECASE)
COMMIT = re.compile(r"(?<!\w)[0-9a-f]{7,40}(?!\w)")
REFERENCE = re.compile(r"/(?:issues|pull|pulls|merge_requests|discussions|commits?)/\w", re.IGNORECASE)


def render(markdown: str) -> str:
    """Give HTML with whatever HTML stands in the Markdown, so that a test sees it."""
    return str(cmarkgfm.markdown_to_html_with_extensions(markdown, OPTIONS, EXTENSIONS))


@dataclass
class Page(HTMLParser):
    """What stands in rendered HTML: its tags, its links, comments, and what would notify or refer."""

    tags: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    acted_on: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._flush()
        self.tags.append(tag)
        target = dict(attrs).get("href") or ""
        if tag == "a":
            self.links.append(target)
            self.acted_on += REFERENCE.findall(target)
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._flush()
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def close(self) -> None:
        super().close()
        self._flush()
        assert not self._open

    def _flush(self) -> None:
        """Look at one text node, as a forge does; it leaves code alone, and commits and numbers in links too."""
        if not {"code", "pre"} & set(self._open):
            patterns = [MENTION] if "a" in self._open else [MENTION, NUMBER, COMMIT]
            self.acted_on += [found for pattern in patterns for found in pattern.findall(self._text)]
        self._text = ""


def page(markdown: str) -> Page:
    """Render Markdown and read the page."""
    found = Page()
    found.feed(render(markdown))
    found.close()
    return found
