"""Where git finds what a person names: an address as it is, or a folder of this machine."""

import re
from pathlib import Path
from urllib.parse import unquote

URL = re.compile(r"^(?:file|https?|ssh)://|^[\w.-]+@[\w.-]+:")


def located(target: str) -> str:
    """Give what git is told: a URL as it is, a path (or file URL) absolute and at the top of its repository."""
    if URL.match(target) and not target.startswith("file://"):
        return target
    path = Path(unquote(target.removeprefix("file://"))).resolve()
    tops = (folder for folder in (path, *path.parents) if (folder / ".git").exists())
    return str(path if (path / "HEAD").exists() else next(tops, path))
