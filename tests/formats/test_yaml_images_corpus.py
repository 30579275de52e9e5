"""A corpus of YAML files in which «…» marks every reference that can be edited, as a person reads the file.

Two oracles besides the marks: PyYAML's own loader says that an edit changes the marked texts and nothing else, and
the pure Python parser says that libyaml's offsets are right; it refuses tabs that libyaml and Go take.
"""

import re
from typing import Any

import pytest
import yaml

from bot.formats import dockerfile, image_edits, yaml_images, yaml_nodes
from bot.formats.image_edits import Edit
from bot.formats.image_name import parse
from bot.model.images import ImageUse, Role

D = "sha256:" + "ab12" * 16
E = "sha256:" + "cd34" * 16

CORPUS: dict[str, tuple[str, str]] = {
    "compose": (
        "docker-compose.yml",
        """\
# image: python:1
version: "3.9"
name: shop
x-logging: &logging {driver: local}
x-cache: &cache
  image: «redis:7.2»   # the cache
  restart: always
x-image: &database «postgres:16.3-bookworm»
services:
  web:
    build: {context: ., dockerfile: Dockerfile}
    image: shop/web
    labels: {image: python:3.9}
  worker: {image: shop/web:latest, command: [work]}
  cache: *cache
  other_cache:
    <<: [*cache, {labels: {a: b}}]
    logging: *logging
  strong: {<<: *cache, image: «valkey/valkey:8»}
  database: {image: *database}
  second_database:
    image:   *database
  plain:
    platform: linux/arm64
    image: «ghcr.io/astral-sh/uv:0.5-python3.12-bookworm-slim»
  double:
    image: "«python:3.12»"  # base
  single:
    image: '«python»'
  port:
    image: «registry.example:5000/a/b»
  pinned: {"image":"«nginx:1.27@{D}»"}
  digest_only: {image: «nginx@{D}», ports: ["80:80"]}
  tagged: {image: !!str «debian:12»}
  anchored:
    image: &here
      # a comment between
      «alpine:3.20»
  gone: {image: !reset null}
  empty:
    image:
  overridden: !override
    image: «busybox»
""",
    ),
    "compose with a BOM, carriage returns and what lies outside the BMP": (
        "deploy/compose.prod.yaml",
        '\ufeff# \U0001f600\r\nservices:\r\n  \U0001f40d:\r\n    labels: {a: "é\U0001f600\u2028"}\r\n'
        "    image: «python:3.13»\r\n  b:\r\n    image: '«python:3.13-slim»' # \U0001f600\r\n",
    ),
    "flow over many lines": (
        "compose.yml",
        '{services: {a: {image: «a:1»,\n b: c}, d: {"image" : "«d:2»"\n}, \'e\': {image:\n  «e»}}}',
    ),
    "tabs": ("compose.yaml", "services:\n  a:\n    image:\t«a:1»\t# b\n"),
    "the end of the file": (
        "compose.yaml",
        "services: {a: {image: 'x:1', image: «a:1»}}\n---\nservices:\n  b:\n   image: «b»",
    ),
    "workflow": (
        ".github/workflows/test.yml",
        """\
on: {push: }
env: {image: python:3.1}
jobs:
  short:
    runs-on: ubuntu-24.04
    container: «python:3.12-slim»
    services:
      redis: {image: «redis:7», ports: [6379]}
      off: {image: ''}
      none:
      bare: «memcached:1.6»
    steps:
      - uses: actions/checkout@v4
      - uses: docker://«alpine:3.20»
      - {uses: "docker://«ghcr.io/a/b:1@{D}»", with: {image: python}}
      - run: |
          docker run --rm python:3.11
          image: python:3.10
  long:
    container:
      image: "«node:20»"
      env: {image: no}
    steps: []
  reused: {uses: ./.github/workflows/other.yml}
""",
    ),
    "action in a container": (
        "tools/action.yml",
        "runs: {using: docker, image: 'DOCKER://«hadolint/hadolint:2.12»'}\n",
    ),
    "action of a Dockerfile": ("action.yaml", "runs:\n  using: docker\n  image: Dockerfile\n"),
    "composite action": (
        ".github/actions/x/action.yml",
        "runs:\n  using: composite\n  steps:\n  - uses: docker://«a/b:1»\n  - uses: a/b@v1\n  - run: x\n",
    ),
    "pipeline": (
        ".gitlab-ci.yml",
        """\
spec: {inputs: {image: {default: python:1}}}
---
image: «python:3.12»
variables: {image: python:3.1, IMAGE: python:3.2}
include: [{local: a.yml}]
services:
  - «postgres:16»
  - name: "«redis:7@{D}»"
    alias: image
  -
default:
  image:
    name: «python:3.13»
    docker: {platform: linux/arm64/v8, user: dave}
.hidden: &hidden
  image: «ruby:3.3»
.images: {go: «golang:1.23», old: [«docker:27-dind»]}
test:
  <<: *hidden
  script: ["image: x", docker run python:3.4]
build:
  image: !reference [.images, go]
  services:
    - !reference [.images, old]
    - «docker:28-dind»
    - name: !reference [.images, go]
deploy: {extends: test, services: !reference [build, services]}
stages: [test]
""",
    ),
    "included pipelines": (".gitlab/ci/build.yml", "build: {image: {name: «gcr.io/kaniko-project/executor:debug»}}\n"),
    "component": ("ci/lint.gitlab-ci.yml", "lint: {image: «koalaman/shellcheck-alpine:v0.10.0»}\n"),
    "manifests": (
        "k8s/all.yaml",
        """\
%YAML 1.1
---
apiVersion: v1
kind: ConfigMap
data: {image: python:1}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {image: python}}
spec:
  template:
    spec:
      initContainers:
      - {name: init, image: «busybox:1.36»}
      containers:
      - name: web
        image: «registry.k8s.io/pause:3.10»
        env: [{name: image, value: python:3}]
      - name: side
        image: "«quay.io/a/b:v1@{D}»"
      - name: none
      volumes:
      - {name: model, image: {reference: «quay.io/models/llm:v2», pullPolicy: Always}}
      - {name: tmp, emptyDir: {}}
---
apiVersion: batch/v1
kind: CronJob
spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: «python:3.12»}]}}}}}
---
apiVersion: v1
kind: Pod
spec: {containers: [{image: &same «a/b:1»}], ephemeralContainers: [{image: *same}, {image: «debug:1»}]}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: PodTemplate
  template: {spec: {containers: [{image: «c/d:1»}]}}
- {apiVersion: apps/v1, kind: StatefulSet, spec: {template: {spec: {containers: [{image: «s»}]}}}}
- {apiVersion: apps/v1, kind: DaemonSet, spec: {template: {spec: {containers: [{image: «fluentd:v1.17»}]}}}}
- {apiVersion: v1, kind: Service, spec: {image: python}}
...
""",
    ),
    "a manifest that is JSON": (
        "pod.yml",
        '{"apiVersion": "v1",\n\t"kind": "Pod", "spec": {"containers": [{"image": "«python:3.12»", "name": "a"}]}}\n',
    ),
}


class Tolerant(yaml.CSafeLoader):
    """Builds any tag as what it stands on."""


def _any(loader: Tolerant, _suffix: str, node: yaml.Node) -> Any:
    match node:
        case yaml.MappingNode():
            return loader.construct_mapping(node, deep=True)
        case yaml.SequenceNode():
            return loader.construct_sequence(node, deep=True)
        case _:
            return loader.construct_scalar(node)  # type: ignore[arg-type]  # the third kind of node


Tolerant.add_multi_constructor("!", _any)


def marked(name: str) -> tuple[str, str, list[tuple[int, str]]]:
    """Give a file's path, its text without marks, and the offset and text of each marked reference."""
    path, written = CORPUS[name]
    parts = re.split("[«»]", written.replace("{D}", D))
    ends = [sum(map(len, parts[: at + 1])) for at in range(len(parts))]
    return path, "".join(parts), [(ends[at - 1], parts[at]) for at in range(1, len(parts), 2)]


def read(path: str, text: str) -> tuple[ImageUse, ...]:
    uses, unreadable = yaml_images.image_uses(path, text)
    assert not unreadable
    return uses


def expected(path: str, text: str, start: int, reference: str) -> tuple[Any, ...]:
    named, _, _ = reference.partition("@")
    span = (start + len(named), start + len(reference))
    return path, text.count("\n", 0, start) + 1, reference, parse(reference), Role.RUN, span, ""


@pytest.mark.parametrize("name", CORPUS)
def test_what_a_person_marks_is_found_at_its_place_and_nothing_else(name: str) -> None:
    path, text, marks = marked(name)
    found = [
        (use.path, use.line, use.reference, use.name, use.role, (span.start, span.end), use.obstacle)
        for use in read(path, text)
        if (span := use.digest_span)
    ]
    assert found == [expected(path, text, *mark) for mark in marks]
    for use in read(path, text):
        last = use.reference.partition("@")[0].rpartition("/")[2]
        assert "".join(text[at] for at in use.tag_at) == (use.name.tag if ":" in last else "")


def test_the_corpus_is_large() -> None:
    assert sum(len(marked(name)[2]) for name in CORPUS) >= 40


@pytest.mark.parametrize("name", CORPUS)
def test_a_digest_changes_its_own_line_and_is_read_back(name: str) -> None:
    path, text, _ = marked(name)
    uses = read(path, text)
    for use in uses:
        new = dockerfile.repin(text, [(use, E)])
        before, after = text.split("\n"), new.split("\n")
        assert [at for at, row in enumerate(before, start=1) if row != after[at - 1]] == [use.line]
        assert len(before) == len(after)
        named = use.reference.partition("@")[0]
        assert after[use.line - 1].replace(f"@{E}", "") == before[use.line - 1].replace(f"@{D}", "", 1) or D in new
        again = read(path, new)
        assert [now.reference for now in again] == [f"{named}@{E}" if was is use else was.reference for was in uses]
    everything = dockerfile.repin(text, [(use, E) for use in uses])
    again = read(path, everything)
    assert [(now.line, now.platform, now.name.digest) for now in again] == [(was.line, was.platform, E) for was in uses]
    assert dockerfile.repin(everything, [(use, E) for use in again]) == everything
    assert everything.replace(f"@{E}", "") == text.replace(f"@{D}", "")
    assert (
        image_edits.apply(path, text, [Edit(use=use, digest=E) for use in uses], yaml_images.image_uses) == everything
    )


@pytest.mark.parametrize("name", CORPUS)
def test_to_yaml_an_edit_changes_the_references_alone(name: str) -> None:
    path, text, marks = marked(name)
    names = {reference.partition("@")[0] for _, reference in marks}

    def unpinned(value: Any) -> Any:
        match value:
            case dict():
                return {unpinned(key): unpinned(item) for key, item in value.items()}
            case list():
                return [unpinned(item) for item in value]
            case str() if (plain := value.partition("@")[0]).lower().removeprefix("docker://") in names:
                return plain
        return value

    new = dockerfile.repin(text, [(use, E) for use in read(path, text)])
    before, after = (list(yaml.load_all(one, Loader=Tolerant)) for one in (text, new))
    assert unpinned(after) == unpinned(before)
    assert str(after).count(E) >= len(marks)
    assert D not in str(after)


@pytest.mark.parametrize("name", [name for name in CORPUS if "\t" not in CORPUS[name][1]])
def test_the_parser_without_libyaml_gives_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, text, _ = marked(name)
    found = yaml_images.image_uses(path, text)
    monkeypatch.setattr(yaml_nodes, "LOADER", yaml.SafeLoader)
    assert yaml_images.image_uses(path, text) == found


@pytest.mark.parametrize("name", CORPUS)
def test_a_retag_moves_the_tag_alone(name: str) -> None:
    path, text, _ = marked(name)
    for use in read(path, text):
        if use.tag_at:
            new = image_edits.apply(path, text, [Edit(use=use, tag="9.9.9-x")], yaml_images.image_uses)
            assert new == text[: use.tag_at[0]] + "9.9.9-x" + text[use.tag_at[-1] + 1 :]
