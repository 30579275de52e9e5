"""The words of pip-compile's `--pip-args`: which change nothing that is locked, and which are refused by name.

The options are those of `pip install --help`; pip takes unambiguous abbreviations too, which are refused as unknown.
"""

import re
import shlex

from bot.formats.compile_options import FIND_LINKS, FROM_SOURCE, INDEX_TABLE, PIP_CONF, UNCHECKED, Refusal

# They say how pip talks, waits and caches, or concern installing only. `--prefer-binary` chooses between wheels
# and sdists, and sdists are out of reach but for [policy] build_from_source; pip-tools itself ignores `--use-pep517`.
HARMLESS_FLAGS = frozenset({
    "--disable-pip-version-check", "--no-input", "--no-cache-dir", "-q", "--quiet", "-v", "--verbose", "--no-color",
    "--isolated", "--no-python-version-warning", "--prefer-binary", "--use-pep517", "--no-use-pep517", "--debug",
    "--no-warn-script-location", "--no-warn-conflicts", "--break-system-packages", "--user", "--no-compile",
})  # fmt: skip
HARMLESS_VALUES = frozenset({
    "--timeout", "--default-timeout", "--retries", "--resume-retries", "--progress-bar", "--use-feature",
    "--cache-dir", "--log", "--log-file", "--exists-action", "--root-user-action", "--keyring-provider",
})  # fmt: skip
SAME_FLAGS = frozenset({"--pre"})  # pip-compile has the same option, so it is replayed as that
SAME_VALUES = frozenset({"--uploaded-prior-to"})
OWN_OPTION = "write it as an option of pip-compile itself"
REFUSED = {
    "-i": OWN_OPTION, "--index-url": OWN_OPTION, "--extra-index-url": OWN_OPTION, "--no-index": "drop it",
    "-c": OWN_OPTION, "--constraint": OWN_OPTION, "--cert": PIP_CONF, "--client-cert": PIP_CONF, "--proxy": PIP_CONF,
    "-f": INDEX_TABLE, "--find-links": INDEX_TABLE, "--trusted-host": PIP_CONF, "--no-binary": FROM_SOURCE,
    "--no-build-isolation": FROM_SOURCE, "--config-settings": FROM_SOURCE, "-C": FROM_SOURCE,
    "--global-option": FROM_SOURCE, "--build-option": FROM_SOURCE,
    "--platform": "compile under that platform", "--python-version": "compile under that Python",
}  # fmt: skip
TALK = re.compile(r"-[qv]+")
OPTION = re.compile(r"--[A-Za-z0-9-]+|-[A-Za-z]")  # what stands behind a short option may be its value
REASONS = {"-f": FIND_LINKS, "--find-links": FIND_LINKS, "--trusted-host": UNCHECKED}


def read(text: str) -> tuple[tuple[tuple[str, str], ...], tuple[Refusal, ...]]:
    """Give the options that pip-compile has too, and what is refused; what changes nothing is dropped."""
    try:
        queue = shlex.split(text)
    except ValueError:
        return (), (Refusal(option="--pip-args", why="has a quote that is not closed", remedy="close it"),)
    kept: list[tuple[str, str]] = []
    refusals: list[Refusal] = []
    while queue:
        word = queue.pop(0)
        name, equals, value = word.partition("=")
        if (name in HARMLESS_FLAGS | SAME_FLAGS and not equals) or TALK.fullmatch(word):
            kept += [(name, "")] if name in SAME_FLAGS else []
            continue
        if name in HARMLESS_VALUES | SAME_VALUES | {"--only-binary"} or name in REFUSED:
            value = value if equals or _is_flag(name) or not queue else queue.pop(0)
        if name in SAME_VALUES:
            kept.append((name, value))
        elif name not in HARMLESS_VALUES and (name, value) != ("--only-binary", ":all:"):
            refusals.append(_refused(name))
    return tuple(kept), tuple(refusals)


def _is_flag(name: str) -> bool:
    return name in {"--no-index", "--no-build-isolation"}


def _refused(name: str) -> Refusal:
    """Refuse one word by its name; a word that is no option is not repeated, as it may be a password."""
    option = OPTION.match(name)
    shown = option[0] if option else "a word that is no option"
    remedy = REFUSED.get(name, "drop it, or have the operator set it in pip's own configuration of the service")
    why = REASONS.get(name)
    tail = f", which {why}" if why else ""
    return Refusal(option="--pip-args", why=f"holds {shown}{tail}", remedy=remedy)
