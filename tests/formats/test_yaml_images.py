import time
import tracemalloc

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.formats import dockerfile, image_edits, yaml_images, yaml_nodes
from bot.formats.image_edits import Edit
from bot.formats.image_name import parse
from bot.formats.yaml_image_kinds import Kind, kind_of
from bot.model.findings import Unreadable
from bot.model.images import ImageUse, Role, Span

D = "sha256:" + "ab12" * 16
E = "sha256:" + "cd34" * 16
COMPOSE, WORKFLOW, ACTION, GITLAB, KUSTOMIZE, MANIFEST = PATHS = (
    "compose.yml",
    ".github/workflows/a.yml",
    "action.yml",
    ".gitlab-ci.yml",
    "kustomization.yaml",
    "k8s/a.yaml",
)
POD = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: %s}]}\n"
BLOCK = "it is a block scalar (| or >), and only a reference in one line is edited"
BROKEN = "it is written with escapes or over several lines, and only a reference in one line is edited"
TEMPLATE = "it is a template, which another program fills in"
NO_YAML = "it stands in a template, which is no YAML before another program fills it in"


def uses_of(path: str, text: str) -> tuple[ImageUse, ...]:
    uses, unreadable = yaml_images.image_uses(path, text)
    assert not unreadable
    return uses


def refusals_of(path: str, text: str) -> list[tuple[int, str, str]]:
    uses, unreadable = yaml_images.image_uses(path, text)
    assert not uses
    return [(row.line, row.subject, row.why) for row in unreadable]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("compose.yml", Kind.COMPOSE),
        ("a/compose.yaml", Kind.COMPOSE),
        ("compose.prod.yml", Kind.COMPOSE),
        ("docker-compose.yml", Kind.COMPOSE),
        ("b/docker-compose-dev.test.yaml", Kind.COMPOSE),
        ("composed.yml", Kind.KUBERNETES),
        (".github/workflows/a.yaml", Kind.WORKFLOW),
        (".github/workflows/sub/a.yaml", Kind.KUBERNETES),
        ("x/.github/workflows/a.yml", Kind.KUBERNETES),
        (".github/actions/b/action.yml", Kind.ACTION),
        ("action.yaml", Kind.ACTION),
        ("reaction.yaml", Kind.KUBERNETES),
        (".gitlab-ci.yml", Kind.GITLAB),
        ("ci/lint.gitlab-ci.yml", Kind.GITLAB),
        (".gitlab/ci/a/b.yml", Kind.GITLAB),
        (".gitlab.yml", Kind.KUBERNETES),
        ("base/kustomization.yml", Kind.KUSTOMIZE),
        ("k8s/web.yml", Kind.KUBERNETES),
        ("values.yaml", Kind.KUBERNETES),
        ("docker-compose.yml.j2", None),
        ("compose.yml/readme", None),
        ("Dockerfile", None),
        (".yml", None),
    ],
)
def test_a_path_says_what_a_file_may_be(path: str, kind: Kind | None) -> None:
    assert kind_of(path) is kind


def test_a_use_says_where_it_is_and_what_it_means() -> None:
    text = "services:\n  a:\n    platform: linux/arm64\n    image: &b\n      'python:3.12' # base\n"
    end = text.index("' #")
    assert uses_of(COMPOSE, text) == (
        ImageUse(
            path=COMPOSE,
            line=5,
            reference="python:3.12",
            name=parse("python:3.12"),
            platform="linux/arm64",
            digest_span=Span(start=end, end=end),
            tag_at=tuple(range(end - 4, end)),
            role=Role.RUN,
        ),
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('image: "python:3.12"  # base\n', 'image: "python:3.12@{E}"  # base\n'),
        ("image: 'python:3.12'#base\n", "image: 'python:3.12@{E}'#base\n"),
        ("image: python:3.12 # base\r\n", "image: python:3.12@{E} # base\r\n"),
        ("image: python", "image: python@{E}"),
        ("image: python@{D}\t\n", "image: python@{E}\t\n"),
        ('image: "python@{D}"', 'image: "python@{E}"'),
    ],
)
def test_dockerfiles_repin_sets_digests_here_too(before: str, after: str) -> None:
    text = "services:\n  a:\n    " + before.replace("{D}", D)
    new = dockerfile.repin(text, [(use, E) for use in uses_of(COMPOSE, text)])
    assert new == "services:\n  a:\n    " + after.replace("{E}", E)


def test_a_place_that_two_platforms_share_is_given_for_both_and_edited_once() -> None:
    text = "x: &x {image: a:1}\nservices:\n  a: {<<: *x}\n  b: {<<: *x, platform: linux/arm64}\n  c: *x\n"
    uses = uses_of(COMPOSE, text)
    assert [(use.line, use.platform) for use in uses] == [(1, None), (1, "linux/arm64")]
    assert dockerfile.repin(text, [(use, E) for use in uses]) == text.replace("a:1", f"a:1@{E}")
    edits = [Edit(use=use, digest=E) for use in uses]
    assert image_edits.apply(COMPOSE, text, edits, yaml_images.image_uses) == text.replace("a:1", f"a:1@{E}")


@pytest.mark.parametrize(
    ("path", "text", "platform"),
    [
        (COMPOSE, "services: {a: {image: a, platform: linux/arm/v7}}", "linux/arm/v7"),
        (COMPOSE, "services: {a: {image: a, platform: '${P}'}}", None),
        (COMPOSE, "services: {a: {image: a, platform: '{{ p }}'}}", None),
        (COMPOSE, "services: {a: {image: a, platform: [linux/amd64]}}", None),
        (COMPOSE, "services: {a: {image: a, platform: }}", None),
        (GITLAB, "a: {image: {name: a, docker: {platform: linux/arm64}}}", "linux/arm64"),
        (GITLAB, "a: {services: [{name: a, docker: {platform: linux/arm64}}]}", "linux/arm64"),
        (GITLAB, "a: {image: {name: a, docker: {platform: $P}}}", None),
    ],
)
def test_a_platform_counts_where_it_is_literal(path: str, text: str, platform: str | None) -> None:
    (use,) = uses_of(path, text)
    assert use.platform == platform


@pytest.mark.parametrize(
    ("written", "reference", "why"),
    [
        ("|-\n      python:3.12\n", "python:3.12", BLOCK),
        ("|\n      python:3.12\n", "python:3.12", BLOCK),
        (">-\n      python:3.12\n", "python:3.12", BLOCK),
        (">\n\n      python:3.12@{D}\n\n", "python:3.12@{D}", None),
        ('"python:\\\n      3.12"', "python:3.12", BROKEN),
        ('"python\\u003a3.12"', "python:3.12", BROKEN),
        ('"library\\/python"', "library/python", BROKEN),
    ],
)
def test_what_is_not_written_in_one_line_is_told_and_not_edited(written: str, reference: str, why: str | None) -> None:
    text = f"services:\n  a:\n    image: {written}".replace("{D}", D)
    if why is None:  # folding keeps the empty line in front
        assert refusals_of(COMPOSE, text)
        return
    (use,) = uses_of(COMPOSE, text)
    assert (use.line, use.reference, use.digest_span, use.obstacle, use.tag_at) == (3, reference, None, why, ())
    with pytest.raises(ValueError, match="cannot be edited: it is"):
        dockerfile.repin(text, [(use, E)])


@pytest.mark.parametrize(
    ("path", "image", "why"),
    [
        (COMPOSE, "${IMAGE}", "the environment of compose fills it in: IMAGE"),
        (COMPOSE, "python:${TAG:-3.12}", "the environment of compose fills it in: TAG (3.12 where it is not set)"),
        (COMPOSE, "a:${T-1}$T", "the environment of compose fills it in: T (1 where it is not set), T"),
        (COMPOSE, "a${T:-}", "the environment of compose fills it in: T (nothing where it is not set)"),
        (COMPOSE, "$R/${N:?which}", "the environment of compose fills it in: R, N"),
        (COMPOSE, "${A:-${B:-c}}", "the environment of compose fills it in: A, B (c where it is not set)"),
        (COMPOSE, "a:$", "the environment of compose fills it in: what, cannot be told"),
        (COMPOSE, "a:$$b", "'a:$$b' is not an image reference: '$$b' is not a tag"),
        (COMPOSE, "a:{{ b }}", TEMPLATE),
        (WORKFLOW, "python:${{ matrix.python }}", "an expression fills it in when the workflow runs"),
        (WORKFLOW, "a:$b", "'a:$b' is not an image reference: '$b' is not a tag"),
        (GITLAB, "$CI_REGISTRY_IMAGE/a:1", "GitLab fills it in when the pipeline runs"),
        (GITLAB, "$[[ inputs.image ]]", "GitLab fills it in when the pipeline runs"),
        (MANIFEST, "a:${TAG}", "another program fills it in before it is applied"),
        (MANIFEST, "a:{% b %}", TEMPLATE),
        (MANIFEST, "A:1", "'A:1' is not an image reference: the repository 'A' must be lower-case"),
        (MANIFEST, "a b", "'a b' is not an image reference: 'a b' is not a repository's name"),
        (MANIFEST, "a" * 1001, "it is longer than 1000 characters, which no reference is"),
    ],
)
def test_what_stands_for_no_image_by_itself_is_told(path: str, image: str, why: str) -> None:
    text = {
        COMPOSE: f"services:\n  a:\n    image: '{image}'\n",
        WORKFLOW: f"jobs:\n  a:\n    container: '{image}'\n",
        GITLAB: f"a:\n\n  image: '{image}'\n",
        MANIFEST: POD % f"'{image}'",
    }[path]
    assert refusals_of(path, text) == [(3, image if len(image) <= 100 else "a" * 100 + "…", why)]


def test_an_expression_of_a_docker_step_is_told() -> None:
    text = "runs: {using: composite, steps: [{uses: 'docker://${{ inputs.image }}'}, {uses: 'docker://'}]}"
    (first, second) = refusals_of(ACTION, text)
    assert first == (1, "docker://${{ inputs.image }}", "an expression fills it in when the workflow runs")
    assert second == (1, "docker://", "'' is not an image reference: it names no repository")


@pytest.mark.parametrize(
    ("path", "text", "subject", "why"),
    [
        (COMPOSE, "services: {a: {image: [b]}}", "[b]", "it is no text, and an image's reference is one"),
        (COMPOSE, "services: {a: {image: {{ b }}}}", "{{ b }}", TEMPLATE),
        (COMPOSE, "services: {a: {image: !env b}}", "b", "what becomes of it with the tag !env is not known"),
        (COMPOSE, "services: {a: {image: 3.12}}", "3.12", "without quotes it is a number or a truth value to YAML"),
        (GITLAB, "a: {image: !reference [b, image]}", "!reference [b, image]", "the !reference leads out of this file"),
        (GITLAB, "a: {services: !reference []}", "!reference []", "the !reference leads out of this file"),
        (GITLAB, "a: {image: !reference [a, image]}", "!reference [a, image]", "the !reference leads out of this file"),
        (GITLAB, "a: {services: [!reference [b]]}", "!reference [b]", "the !reference leads out of this file"),
    ],
)
def test_what_is_no_text_is_told(path: str, text: str, subject: str, why: str) -> None:
    assert refusals_of(path, text) == [(1, subject, why)]


def test_a_long_text_is_shortened_for_people() -> None:
    ((_, subject, _),) = refusals_of(COMPOSE, "services: {a: {image: [" + "b, " * 100 + "]}}")
    assert subject == "[" + "b, " * 33 + "…"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (COMPOSE, ""),
        (COMPOSE, "a"),
        (COMPOSE, "services:"),
        (COMPOSE, "services: a"),
        (COMPOSE, "services: [{image: }, a]"),
        (COMPOSE, "services: {a: {image: ~}, b: {image: ''}, c: {image: !reset a:1}, d: }"),
        (COMPOSE, "services: {a: {build: ., image: b:1}, c: {image: b:1}}"),
        (COMPOSE, "services: {a: {build: ., image: b}, c: {image: b:latest}, d: {build: .}}"),
        (COMPOSE, "x: &x {build: .}\nservices: {a: {<<: *x, image: b}}"),
        (COMPOSE, "services: {a: {? [image] : b}}"),
        (WORKFLOW, "jobs: {a: {container: {image: ''}, services: {b: ''}, steps: [{run: c}, d, ]}}"),
        (WORKFLOW, "jobs: {a: {uses: docker://b}}"),
        (ACTION, "runs: {using: node20, main: a.js, image: ./b/Dockerfile}"),
        (GITLAB, "[image]"),
        (GITLAB, "image:\nvariables: {image: a}\na: b\nc: {services: }\nd: {services: [~], image: {name: }}"),
        (MANIFEST, POD.replace("Pod", "Service") % "a"),
        (MANIFEST, POD.replace("v1", "") % "a"),
        (MANIFEST, POD % "" + "# {{"),
        (MANIFEST, "image: apiVersion kind"),
        ("values.yaml", "image: {repository: python, tag: 3.12}"),
        ("README.md", "image: python"),
    ],
)
def test_what_names_no_image_is_passed_over(path: str, text: str) -> None:
    assert yaml_images.image_uses(path, text) == ((), ())


def test_kustomize_keeps_names_tags_and_digests_apart() -> None:
    text = (
        "images:\n- {name: a, newTag: 1.2}\n- name: b\n  newName: ghcr.io/c/b\n  newTag: '1.2.3'\n"
        f'  digest: "{D}"\n- {{name: d, digest: {D}}}\n- {{name: e, newName: f}}\n- {{name: [g], newTag: h}}\n'
        "- {name: i, newTag: [j]}\n- {name: k, newTag: l, tagSuffix: -m}\n- {name: n, newTag: $o}\n"
        f'- name: p\n  digest: >-\n    {D}\n- {{name: q, digest: "\\u0073{D[1:]}"}}\n- {{name: r, newTag: "\\u0031"}}\n'
    )
    uses, unreadable = yaml_images.image_uses(KUSTOMIZE, text)
    no_digest = "kustomize takes the digest from `digest`, which is not there beside `newTag`"
    assert [(use.line, use.reference, use.obstacle) for use in uses] == [
        (2, "a:1.2", no_digest),
        (6, f"ghcr.io/c/b:1.2.3@{D}", ""),
        (7, f"d@{D}", ""),
        (14, f"p@{D}", BLOCK),
        (16, f"q@{D}", BROKEN),
        (17, "r:1", no_digest),
    ]
    assert unreadable == (
        Unreadable(path=KUSTOMIZE, line=12, subject="n", why="another program fills it in before it is applied"),
    )
    assert ["".join(text[at] for at in use.tag_at) for use in uses] == ["", "1.2.3", "", "", "", ""]
    new = image_edits.apply(KUSTOMIZE, text, [Edit(use=uses[1], digest=E, tag="1.2.4")], yaml_images.image_uses)
    assert new == text.replace(D, E, 1).replace("1.2.3", "1.2.4")
    assert dockerfile.repin(text, [(use, E) for use in uses[1:3]]) == text.replace(D, E, 2)


@pytest.mark.parametrize("path", [COMPOSE, WORKFLOW, ACTION, GITLAB, KUSTOMIZE])
@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a:\n b: [\n", 3, "it is no YAML: did not find expected node content"),
        ("a: b\n{% if c %}\n", 2, "it is no YAML: "),
        ("a: \u2028\n  *b", 2, "it has no anchor &b before *b"),
        ("a: \0", 0, "it is no YAML: "),
        ("a: \ud800", 0, "it is no YAML: "),
        ("a:\n " + "[" * 101 + "]" * 101, 2, "it is nested too deeply"),
        ("[" + "a," * 200_000 + "]", 1, "it holds more than 200000 values"),
        ("%TAG !a! b\n" * 200 + "--- c", 0, "it has more than 100 %TAG directives"),
        (" " * 1_048_577, 0, "it is longer than 1048576 characters, and so is not read"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_once(path: str, text: str, line: int, why: str) -> None:
    ((where, subject, told),) = refusals_of(path, text)
    assert (where, subject) == (line, path)
    assert told.startswith(why)


def test_a_manifest_that_cannot_be_read_is_told_where_it_is_one_of_a_workload() -> None:
    broken = POD % "a:1" + "{"
    assert [row[:2] for row in refusals_of(MANIFEST, broken)] == [(4, MANIFEST)]
    assert [row[:2] for row in refusals_of(MANIFEST, POD % ("a" * 2_000_000))] == [(0, MANIFEST)]
    assert not refusals_of(MANIFEST, broken.replace("Pod", "Pods"))


def test_a_template_of_a_manifest_tells_its_images() -> None:
    text = (
        "apiVersion: v1\nkind: Pod\nspec:\n{{- if .Values.a }}\n  containers:\n"
        '    - image: "{{ .Values.image }}:{{ .Values.tag }}" # b\n    - name: c\n      image: d:1\n      image:\n'
        '      "image": {{ include "e" . }}\r\n      images: f\n      image: # g\n{{- end }}\n'
    )
    assert refusals_of("chart/templates/pod.yaml", text) == [
        (6, '"{{ .Values.image }}:{{ .Values.tag }}" # b', TEMPLATE),
        (8, "d:1", NO_YAML),
        (10, '{{ include "e" . }}', TEMPLATE),
    ]


def test_a_template_that_is_yaml_is_read_where_it_is_filled() -> None:
    text = POD % '"{{ .Values.image }}"' + "---\n" + POD % "a:1"
    uses, unreadable = yaml_images.image_uses("chart/templates/pod.yaml", text)
    assert [use.reference for use in uses] == ["a:1"]
    assert [(row.line, row.subject, row.why) for row in unreadable] == [(3, "{{ .Values.image }}", TEMPLATE)]


def test_one_reason_at_one_place_is_told_once() -> None:
    text = "x: &x {image: $A}\nservices: {a: *x, b: *x, c: {<<: *x, platform: linux/arm64}}"
    assert len(refusals_of(COMPOSE, text)) == 1


LOOPS = {
    "itself": (COMPOSE, "services: &a {b: *a, c: {<<: *a, image: d:1}}", 1),
    "merged with itself": (COMPOSE, "services: {a: &b {<<: [*b, *b, c], image: d:1}, e: &f [{<<: *f}]}", 1),
    "list of lists": (MANIFEST, "&a {apiVersion: v1, kind: List, items: &b [*a, *a, image]}", 0),
    "references in a circle": (GITLAB, "a: {image: !reference [b, image]}\nb: {image: !reference [a, image]}", 0),
    "services in services": (GITLAB, "a: {services: &b [*b, !reference [a, services], c:1]}", 1),
    "a path without end": (GITLAB, "a: &a {b: *a, image: !reference [" + "a, " + "b, " * 1000 + "]}", 0),
    "a sequence merged": (COMPOSE, "services: {a: {<<: [[{image: x}]], image: b}}", 1),
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops_come_to_an_end(name: str) -> None:
    path, text, count = LOOPS[name]
    uses, _ = yaml_images.image_uses(path, text)
    assert len(uses) == count


def bomb(first: str, each: str, last: str) -> str:
    lines = "".join(each.format(at, at - 1) for at in range(1, 60))
    return f"x0: &x0 {first}\n{lines}{last}"


HOSTILE = {
    "sequences of aliases": (GITLAB, bomb("[a:1]", "x{0}: &x{0} [*x{1}, *x{1}]\n", "b: {{services: *x59}}".format())),
    "merges": (COMPOSE, bomb("{image: a:1}", "x{0}: &x{0} {{<<: [*x{1}, *x{1}], k{0}: 1}}\n", "services: {b: *x59}")),
    "a chain of merges": (
        COMPOSE,
        "- &x0 {a: 1}\n" + "".join(f"- &x{at} {{<<: *x{at - 1}, k{at}: 1}}\n" for at in range(1, 30_000)),
    ),
    "jobs of one list": (
        GITLAB,
        "x: &x {services: &s [" + "a, " * 60_000 + "]}\n" + "".join(f"j{at}: *x\n" for at in range(40_000)),
    ),
    "pods of one list": (
        MANIFEST,
        "apiVersion: v1\nkind: List\nitems:\n- &p {apiVersion: v1, kind: Pod, spec: {containers: ["
        + "{image: a}, " * 20_000
        + "]}}\n"
        + "- *p\n" * 60_000,
    ),
    "deep flow": (COMPOSE, "[" * 1_000_000),
    "deep block": (COMPOSE, "- " * 500_000),
    "deep keys": (COMPOSE, "? " * 500_000),
    "one long text": (COMPOSE, "services: {a: {image: " + "a" * 1_000_000 + "}}"),
    "a long folded text": (COMPOSE, "services: {a: {image: '" + "a\n" * 500_000 + "'}}"),
    "variables without end": (COMPOSE, "services: {a: {image: '" + "${A:-" * 200 + "'}}"),
    "image lines": (MANIFEST, "apiVersion: {{\nkind: Pod\n" + "image: {{\n" * 90_000),
    "spaces": (MANIFEST, "apiVersion: kind: [ image\n" + " " * 500_000 + "{" + "\n- " * 100_000),
    "documents": (COMPOSE, "---\n" * 190_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_takes_neither_long_nor_much(name: str) -> None:
    path, text = HOSTILE[name]
    began = time.process_time()
    yaml_images.image_uses(path, text)
    assert time.process_time() - began < 30
    assert len(text) <= yaml_images.LONGEST_FILE


def test_aliases_do_not_multiply_in_memory() -> None:
    path, text = HOSTILE["a chain of merges"]
    tracemalloc.start()
    try:
        assert refusals_of(path, text)[0][2] == "its merge keys bring in more than 100000 entries"
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_the_slow_parser_fails_as_softly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_nodes, "LOADER", yaml.SafeLoader)
    for text in ('a: "\\UFFFFFFFF"', 'a: "\\U00110000"', "%YAML 1." + "9" * 5000 + "\n---\na", "a: !<%ff> b"):
        assert [row[:2] for row in refusals_of(COMPOSE, text)] == [(0, COMPOSE)] or "%ff" in text


TOKENS = st.sampled_from(
    [
        *("services: ", "jobs: ", "image: ", "container: ", "steps: ", "uses: ", "docker://", "name: ", "images: "),
        *(
            "apiVersion: v1\n",
            "kind: Pod\n",
            "kind: List\n",
            "spec: ",
            "containers: ",
            "items: ",
            "newTag: ",
            "digest: ",
        ),
        *("- ", "{", "}", "[", "]", ", ", "\n", "\n  ", "\n    ", "\r\n", "\r", "\u2028", "\x85", "\t", " ", "---\n"),
        *(
            "&a ",
            "*a ",
            "<<: *a",
            "!reference [a, b]",
            "!!str ",
            "! ",
            "|\n",
            ">-\n",
            "'",
            '"',
            "\\",
            "#",
            "? ",
            "...\n",
        ),
        *(
            "python:3.12",
            f"a@{D}",
            "a: ",
            "b",
            "$A",
            "${B:-c}",
            "{{ d }}",
            "\ufeff",
            "\0",
            "\U0001f600",
            "é",
            "~",
            "''",
        ),
    ]
)
TEXTS = st.text() | st.lists(TOKENS, max_size=40).map("".join)


def sound(path: str, text: str) -> None:
    uses, unreadable = yaml_images.image_uses(path, text)
    for use in uses:
        assert 1 <= use.line <= text.count("\n") + 1
        assert (use.digest_span is None) == bool(use.obstacle)
        if use.digest_span and not use.name.digest:
            assert text[: use.digest_span.start].endswith(use.reference)
        assert not use.tag_at or "".join(text[at] for at in use.tag_at) == use.name.tag
    assert all(row.why and 0 <= row.line <= text.count("\n") + 1 for row in unreadable)
    edits = [(use, E) for use in uses if use.digest_span]
    new = dockerfile.repin(text, edits)
    again, unreadable_again = yaml_images.image_uses(path, new)
    assert [(now.line, now.platform, now.obstacle) for now in again] == [
        (was.line, was.platform, was.obstacle) for was in uses
    ]
    assert [use.name.digest for use in again if use.digest_span] == [E for _ in edits]
    assert len(unreadable_again) == len(unreadable)
    lines = {use.line for use, _ in edits if use.name.digest != E}
    pairs = zip(text.split("\n"), new.split("\n"), strict=True)
    assert {at for at, (old, now) in enumerate(pairs, start=1) if old != now} == lines


@given(st.sampled_from(PATHS), TEXTS)
@example(COMPOSE, "\ufeff\ufeffservices: {a: {image: python}}")
@example(COMPOSE, "services: {a: {image: \ufeffpython}}")
@example(COMPOSE, "services: {a: {image: 'python'\u2028}}")
@settings(max_examples=800, deadline=None)
def test_any_text_can_be_read_and_what_is_edited_is_read_back(path: str, text: str) -> None:
    sound(path, text)


SCALARS = st.sampled_from(
    [
        *("python:3.12", "'python:3.12'", '"a/b"', "&a c:1", "*a", "!!str d", f"e:1@{D}", f"'f@{D}'", "|-\n g", "'$H'"),
        *(
            "~",
            "''",
            "{{ i }}",
            '"\\u006a"',
            "!x k",
            "[l]",
            "3.1",
            "docker://m:1",
            "'docker://n'",
            "!reference [a, image]",
        ),
    ]
)
SHAPES = st.sampled_from(
    [
        (COMPOSE, "services:\n  s{n}:\n    image: {v}\n"),
        (COMPOSE, "services: {{s{n}: {{image: {v}, platform: linux/amd64}}}} # {v}\n"),
        (
            WORKFLOW,
            "jobs:\n  j:\n    container: {v}\n    services: {{x: {{image: {v}}}}}\n    steps: [{{uses: {v}}}]\n",
        ),
        (ACTION, "runs: {{image: {v}}}\n"),
        (GITLAB, "a:\n  image: {v}\n  services:\n  - {v}\n  - name: {v}\n"),
        (KUSTOMIZE, "images:\n- name: {v}\n  newTag: '1'\n  digest: " + D + "\n"),
        (MANIFEST, "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: {v}\n  - {{image: {v}}}\n"),
    ]
)


@given(
    SHAPES, st.lists(SCALARS, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "\ufeff"])
)
@settings(max_examples=400, deadline=None)
def test_files_of_the_right_shape_are_edited_soundly(
    shape: tuple[str, str], values: list[str], end: str, start: str
) -> None:
    path, pattern = shape
    text = start + "---\n".join(pattern.format(n=at, v=value) for at, value in enumerate(values))
    sound(path, text.replace("\n", end))


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_both_parsers_mean_the_same_places(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fast, _ = yaml_images.image_uses(COMPOSE, text)
        patch.setattr(yaml_nodes, "LOADER", yaml.SafeLoader)
        slow, _ = yaml_images.image_uses(COMPOSE, text)
    assert not fast or not slow or fast == slow
