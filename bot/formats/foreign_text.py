"""A stranger's words as Markdown text that reaches nobody: no mention, no reference to an issue or commit, no markup.

A proposal's body may also become a commit message, where no code span protects anything. So what a forge would act on
is broken by a zero width space, even in code.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import quote, unquote

ZERO_WIDTH: Final = "\u200b"
EMOJI_JOINER: Final = "\u200d"
LONGEST_ADDRESS: Final = 500
LINKABLE = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:[/?#][A-Za-z0-9._~:/?#!$&'*+,;=%@-]*)?"
)  # nobody before the host
ADDRESS = re.compile(r"(https?://[^\s<>`\"]*[^\s<>`\".,:;!?'*_~()\[\]{}])", re.IGNORECASE)
TAKEN_FOR_ONE = re.compile(r"https?://\S+", re.IGNORECASE)  # whatever some renderer makes a link of
COMMIT = re.compile(r"(?<!\w)([0-9a-f]{7,40})(?!\w)", re.IGNORECASE)
ACTED_ON = re.compile(  # an end counts like what may follow there
    r"[@#](?=\w|\Z)"  # @user, @org/team, #12, owner/repo#12, user@commit, a@mail.example
    r"|GH-(?=\d|\Z)"
    r"|<(?=!--)|--(?=>)"  # the hidden block that ends a body
    r"|\[(?=[ xX]\])",  # a checkbox that a person may tick
    re.IGNORECASE,
)
LINKED_UNASKED = re.compile(r":(?=//)|www(?=\.)|(?:mailto|xmpp):", re.IGNORECASE)  # GFM, section 6.9
KINDS: Final = "issues|pull|pulls|pull-requests|merge_requests|work_items|discussions"
REFERENCE = re.compile(rf"/(?:{KINDS}|commits?)/[^/]", re.IGNORECASE)  # GitHub, GitLab, Gitea and Bitbucket
NUMBERED = re.compile(rf"https?://[^/]+/([\w./-]+?)/(?:-/)?(?:{KINDS})/(\d{{1,9}})(?:[/?#].*)?")
MARKUP = re.compile(r"[\\`*_\[\]|~$]|!\Z")
ENTITIES: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


def clean(text: str) -> str:
    """Give text without control characters and without those that turn or hide text; line ends and tabs stay."""
    return "".join(character for character in text if _stays(character))


def inert(text: str) -> str:
    """Break by zero width spaces what a forge acts on, in text and in code."""
    unreferring = TAKEN_FOR_ONE.sub(lambda found: _broken(found[0]) if refers(found[0]) else found[0], clean(text))
    return ACTED_ON.sub(_with_space, unreferring)


def words(text: str) -> str:
    """Give text on one line in which nothing is markup and no address is a link; a commit's id stands as code."""
    parts = COMMIT.split(re.sub(r"\s+", " ", clean(text)))
    return "".join(span(part) if index % 2 else _escaped(part) for index, part in enumerate(parts))


def prose(text: str) -> str:
    """Give text as `words` does, but with links where harmless addresses stand."""
    parts = ADDRESS.split(clean(text))
    return "".join(address(part) if index % 2 else words(part) for index, part in enumerate(parts))


def span(text: str) -> str:
    """Give a code span on one line; backticks become apostrophes, and nothing stays a zero width space."""
    line = re.sub(r"\s+", " ", inert(text)).replace("`", "'").strip()
    return f"`{line}`" if line else ZERO_WIDTH


def address(url: str) -> str:
    """Give a link that reads as its address; a reference reads `owner/repository#12` and is none."""
    if safe := linkable(url):
        return f"<{safe}>"
    found = NUMBERED.fullmatch(url)
    return words(f"{found[1]}#{found[2]}" if found else url)


def linkable(url: str) -> str:
    """Give an address as Markdown for a link; "" for another scheme, a reference, or a host in disguise."""
    safe = quote(url, safe="/?#!$&'*+,;=%:._~-@")
    if len(safe) > LONGEST_ADDRESS or not LINKABLE.fullmatch(safe) or refers(safe):
        return ""
    return safe.replace("@", "%40").replace("&", "&amp;")


def refers(url: str) -> bool:
    """Say whether a forge may take an address for a reference to an issue, a pull request or a commit."""
    return REFERENCE.search(unquote(unquote(url))) is not None


def _stays(character: str) -> bool:
    if character in "\n\t" or character == EMOJI_JOINER:
        return True
    return unicodedata.category(character) not in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


def _escaped(text: str) -> str:
    safe = _broken(inert(text))
    for character, entity in ENTITIES:
        safe = safe.replace(character, entity)
    return MARKUP.sub(lambda found: f"\\{found[0]}", safe)


def _broken(text: str) -> str:
    return LINKED_UNASKED.sub(_with_space, text)


def _with_space(found: re.Match[str]) -> str:
    return f"{found[0]}{ZERO_WIDTH}"


def without_addresses(text: str) -> str:
    """Give a sentence without web addresses: an internal server's name is nothing for a page that anybody may read."""
    return re.sub(r"https?://[^\s,;)\]]+", "its address", text)
