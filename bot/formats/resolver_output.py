"""What pip-compile and uv print when they fail: the one reason in it, and whether the index was the cause."""

import re

UNREACHABLE = re.compile(
    r"Failed to establish a new connection|Connection refused|Max retries exceeded|Read timed out|timed out"
    r"|Temporary failure in name resolution|error sending request|tcp connect error|dns error"
    r"|(?:HTTP error|status code|returned error:?|server error \() ?5\d\d|5\d\d (?:Server|Service|Internal|Bad Gateway)"
    r"|Too Many Requests",
    re.IGNORECASE,
)
REFUSED = re.compile(
    r"\b(?:401|403)\b.*(?:Client Error|Unauthorized|Forbidden)|(?:Unauthorized|Forbidden)", re.IGNORECASE
)
DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded|Errno 28", re.IGNORECASE)
ANSI = re.compile(r"\x1b\[[0-9;]*m")
NOISE = re.compile(r"^(WARNING|DEPRECATION|INFO|Looking in|Collecting|  (File|Downloading|Using)|Traceback|\[notice])")
PATH = re.compile(r"(?<![\w:/.])(?:file:/)?/(?:[\w.+@-]+/)+[\w.+@-]*")
CREDENTIAL = re.compile(r"(https?://)[^/\s@]+@")
ONLY_SDIST = re.compile(r"has no usable wheels|no wheels? (?:with|are|is) |has no wheels", re.IGNORECASE)
NO_SOLUTION = "No solution found"
NOT_BUILT = "error: Failed to build"
LIMIT = 600  # characters; a reason is read by people


def reason(stderr: str) -> str:
    """Shorten a resolver's complaint to its own sentence: no traceback, no machine path, no credential."""
    lines = [ANSI.sub("", line).rstrip() for line in stderr.splitlines()]
    told = _uv(lines) or _pip(lines)
    text = CREDENTIAL.sub(r"\1", PATH.sub(_last_part, " ".join(told)))
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= LIMIT else text[: LIMIT - 1].rstrip() + "…"


def _last_part(match: re.Match[str]) -> str:
    return match[0].rstrip("/").rpartition("/")[2]


def _uv(lines: list[str]) -> list[str]:
    """Take uv's explanation: what stands behind ╰─▶, or an error line with its cause."""
    for index, line in enumerate(lines):
        if "╰─▶" in line:
            rest = lines[index + 1 :]
            end = next((at for at, other in enumerate(rest) if not other.strip() or "hint" in other), len(rest))
            return [line.partition("╰─▶")[2], *rest[:end]]
    for index, line in enumerate(lines):
        if line.startswith(NOT_BUILT):
            return [line.removeprefix("error: "), *_built(lines[index + 1 :])]
        if line.startswith("error: "):
            told = _causes(lines[index + 1 :])
            return told if told and NO_SOLUTION in line else [line.removeprefix("error: "), *told]
    return []


def _built(lines: list[str]) -> list[str]:
    """Take the last thing that a build printed to stderr, or what uv says of it."""
    printed = next((at for at, line in enumerate(lines) if line.strip() == "[stderr]"), None)
    if printed is None:
        return _causes(lines)
    end = next((at for at in range(printed, len(lines)) if lines[at].startswith("hint")), len(lines))
    said = [line.strip() for line in lines[printed + 1 : end] if line.strip()]
    return [f": {said[-1]}"] if said else []


def _causes(lines: list[str]) -> list[str]:
    """Take what stands behind `cause:` and the lines that go on with it, up to uv's hints."""
    start = next((at for at, line in enumerate(lines) if "cause" in line.lower().partition(":")[0]), len(lines))
    end = next((at for at in range(start, len(lines)) if lines[at].strip().startswith("hint")), len(lines))
    return [
        line.strip().partition(":")[2] if at == start else line for at, line in enumerate(lines) if start <= at < end
    ]


def _pip(lines: list[str]) -> list[str]:
    """Take pip's explanation: its ERROR lines and the list of what conflicts, or else the last line."""
    conflict = next((at for at, line in enumerate(lines) if "The conflict is caused by" in line), None)
    if conflict is not None:
        end = next((at for at in range(conflict, len(lines)) if "To fix this" in lines[at]), len(lines))
        entries = [line.strip() for line in lines[conflict + 1 : end] if line.strip()]
        entries = [line for line in entries if not line.startswith("Additionally")]
        return ["these conflict:", "; ".join(dict.fromkeys(entries))]
    stripped = [line.strip() for line in lines]
    errors = [line.removeprefix("ERROR: ") for line in stripped if line.startswith("ERROR: ")]
    if errors:
        return [errors[-1] if "No matching distribution" in errors[-1] else errors[0]]
    telling = [line.strip() for line in lines if line.strip() and not NOISE.match(line)]
    return telling[-1:]
