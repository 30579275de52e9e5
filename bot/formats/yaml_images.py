"""Images of YAML files: compose, Kubernetes and kustomize, GitHub workflows and actions, GitLab's pipelines.

Where they stand is told by `yaml_image_places`, how each one is read and where its digest goes by `yaml_image_survey`.
"""

import re

from bot.formats.yaml_image_kinds import Kind, kind_of
from bot.formats.yaml_image_places import POD_SPECS, places
from bot.formats.yaml_image_survey import Survey, shown
from bot.formats.yaml_lines import NotPlain
from bot.formats.yaml_nodes import documents
from bot.formats.yaml_templates import filled_in
from bot.model.findings import Unreadable
from bot.model.images import ImageUse

MANIFEST = re.compile(rf"^[ \t-]*[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?(?:{'|'.join(POD_SPECS)})\b", re.MULTILINE)
# the same anywhere in a line, as in JSON, with the kinds that hold others: a cheap look, which may say yes in vain
WORKLOAD = re.compile(
    rf"kind[\"']?[ \t]*:[ \t]*[\"']?(?:{'|'.join((*POD_SPECS, 'List'))})\b|kind[\"']?[ \t]*:[ \t]*[&!|>\n\r\"']"
)
IMAGE_LINE = re.compile(r"[ \t-]*[\"']?image[\"']?[ \t]*:[ \t]*([^#\s].*)")

LONGEST_FILE = 1_048_576


def image_uses(path: str, text: str) -> tuple[tuple[ImageUse, ...], tuple[Unreadable, ...]]:
    """Find every image that a YAML file mentions, in the order of the text, and what could not be understood.

    Spans count characters of `text` as it was decoded, a BOM and carriage returns included; `line` is where the
    reference begins. A place that several aliases use is given once, or once for each platform. Never raises,
    whatever the text is. Of a file that may be anything nothing is said but where its text is that of a workload.
    """
    kind = kind_of(path)
    if kind is None or (kind == Kind.KUBERNETES and not may_be_manifest(text)):
        return (), ()
    if len(text) > LONGEST_FILE:
        why = f"it is longer than {LONGEST_FILE} characters, and so is not read"
        return (), _unread(path, text, kind, NotPlain(0, why))
    try:
        roots = documents(text)
    except NotPlain as error:
        template = kind == Kind.KUBERNETES and "{{" in text
        return (), _template(path, text) if template else _unread(path, text, kind, error)
    survey = Survey(path=path, kind=kind, text=text)
    for place in places(kind, roots):
        survey.take(place)
    return survey.result()


def may_be_manifest(text: str) -> bool:
    """Whether a text has the words that no manifest of a workload goes without: a cheap look before it is read."""
    return "image" in text and "apiVersion" in text and WORKLOAD.search(text) is not None


def _unread(path: str, text: str, kind: Kind, error: NotPlain) -> tuple[Unreadable, ...]:
    """Speak of a file that could not be read, where it is one of ours."""
    ours = kind != Kind.KUBERNETES or MANIFEST.search(text)
    return (Unreadable(path=path, line=error.line, subject=path, why=str(error)),) if ours else ()


def _template(path: str, text: str) -> tuple[Unreadable, ...]:
    """Give the images of a manifest's template (Helm's or another) that is no YAML before it is filled in."""
    lines = enumerate(text.split("\n"), start=1)
    found = [(line, match[1].strip()) for line, row in lines if (match := IMAGE_LINE.match(row))]
    why = "it stands in a template, which is no YAML before another program fills it in"
    return tuple(
        Unreadable(path=path, line=line, subject=shown(value), why=filled_in(Kind.KUBERNETES, value) or why)
        for line, value in found
    )
