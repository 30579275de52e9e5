import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import image_name
from bot.model.images import ImageName

DIGEST = "sha256:" + "0f" * 32
LONG_DIGEST = "sha512:" + "0f" * 64


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("python", "docker.io", "library/python", "latest", None),
        ("python:3.12-slim", "docker.io", "library/python", "3.12-slim", None),
        ("library/python:3", "docker.io", "library/python", "3", None),
        ("docker.io/python:3", "docker.io", "library/python", "3", None),
        ("index.docker.io/library/python:3", "docker.io", "library/python", "3", None),
        ("registry-1.docker.io/acme/web:3", "docker.io", "acme/web", "3", None),
        ("acme/web", "docker.io", "acme/web", "latest", None),
        (f"python@{DIGEST}", "docker.io", "library/python", None, DIGEST),
        (f"python:3.12@{DIGEST}", "docker.io", "library/python", "3.12", DIGEST),
        (f"python@{LONG_DIGEST}", "docker.io", "library/python", None, LONG_DIGEST),
        ("ghcr.io/acme/web/api:1.0_rc.1", "ghcr.io", "acme/web/api", "1.0_rc.1", None),
        ("GHCR.io/acme/web", "ghcr.io", "acme/web", "latest", None),
        ("ghcr.io/web", "ghcr.io", "web", "latest", None),
        ("localhost/web", "localhost", "web", "latest", None),
        ("localhost:5000/web:2", "localhost:5000", "web", "2", None),
        ("registry:5000/web", "registry:5000", "web", "latest", None),
        ("127.0.0.1:5000/a/b", "127.0.0.1:5000", "a/b", "latest", None),
        ("[::1]:5000/a", "[::1]:5000", "a", "latest", None),
        ("a.b-c__d---e", "docker.io", "library/a.b-c__d---e", "latest", None),
    ],
)
def test_a_reference_is_normalised(
    text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    expected = ImageName(registry=registry, repository=repository, tag=tag, digest=digest)
    assert image_name.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "names no repository"),
        (":3", "names no repository"),
        ("ghcr.io/", "names no repository"),
        ("Python:3", "must be lower-case"),
        ("Acme/web", "must be lower-case"),
        ("python:", "tag is empty"),
        ("python:-x", "'-x' is not a tag"),
        ("python:" + "x" * 129, "is not a tag"),
        ("python:3:4", "'3:4' is not a tag"),
        ("python@", "digest is not"),
        ("python@sha256:abc", "digest is not"),
        ("python@sha256:" + "AB" * 32, "digest is not"),
        (f"python@{DIGEST}@{DIGEST}", "digest is not"),
        ("python 3", "is not a repository's name"),
        ("a//b", "is not a repository's name"),
        ("-a", "is not a repository's name"),
        ("a..b", "is not a repository's name"),
        ("a___b", "is not a repository's name"),
        ("python\n", "is not a repository's name"),
        ("https://ghcr.io/a", "'https:' is not a registry's host"),
        ("-x.io/a", "is not a registry's host"),
        ("host:0/a", "is not a registry's host"),
        ("host:65536/a", "is not a registry's host"),
        ("0f" * 32, "image's id"),
        ("a" * 256, "longer than 255 characters"),
    ],
)
def test_a_malformed_reference_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="is not an image reference") as raised:
        image_name.parse(text)
    assert why in str(raised.value)


def read(text: str) -> ImageName | str:
    try:
        return image_name.parse(text)
    except ValueError as error:
        return str(error)


@given(st.text(alphabet="aZ0.:/@-_ [\n", max_size=30) | st.text(max_size=30))
def test_any_text_is_a_reference_that_reads_back_or_is_refused_by_name(text: str) -> None:
    name = read(text)
    if isinstance(name, str):
        assert repr(text) in name
    else:
        assert read(f"{name.registry}/{name.repository}:{name.tag}") == name
