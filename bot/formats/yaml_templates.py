"""References that another program fills in: by whom, and what is known of it.

Rules: the Compose specification ("Interpolation"), GitHub's expressions, GitLab's CI/CD variables and inputs.
"""

import re

from bot.formats.yaml_image_kinds import Kind

VARIABLE = re.compile(
    r"\$(?:(?P<bare>[A-Za-z_][A-Za-z0-9_]*)|\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?::?-(?P<default>[^${}]*)\})?)"
)
TEMPLATE = "it is a template, which another program fills in"
FILLED = {
    Kind.GITLAB: "GitLab fills it in when the pipeline runs",
    Kind.KUSTOMIZE: "another program fills it in before it is applied",
    Kind.KUBERNETES: "another program fills it in before it is applied",
}


def filled_in(kind: Kind, text: str) -> str:
    """Say in a sentence who fills in a reference, "" where it stands for itself.

    Compose writes `$$` for a `$`; workflows and actions give `$` no meaning but in `${{ … }}`.
    """
    if "${{" in text and kind in {Kind.WORKFLOW, Kind.ACTION}:
        return "an expression fills it in when the workflow runs"
    if "{{" in text or "{%" in text:
        return TEMPLATE
    if kind == Kind.COMPOSE:
        return _interpolated(text.replace("$$", ""))
    return FILLED.get(kind, "") if "$" in text else ""


def _interpolated(text: str) -> str:
    if "$" not in text:
        return ""
    names = dict.fromkeys(
        f"{found['bare'] or found['braced']}{_default(found['default'])}" for found in VARIABLE.finditer(text)
    )
    return f"the environment of compose fills it in: {', '.join(names) or 'what, cannot be told'}"


def _default(default: str | None) -> str:
    return "" if default is None else f" ({default or 'nothing'} where it is not set)"
