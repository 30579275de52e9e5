"""JSON of any shape, made of the words that registries and attestations use, for parsers that must not fail."""

from typing import Any

from hypothesis import strategies as st

DIGEST = f"sha256:{'1' * 64}"
KEYS = (
    "schemaVersion", "manifests", "layers", "config", "digest", "size", "mediaType", "platform", "os", "architecture",
    "variant", "annotations", "vnd.docker.reference.type", "vnd.docker.reference.digest", "rootfs", "history", "Env",
    "created_by", "created", "Labels", "User", "predicate", "predicateType", "subject", "sha256", "packages", "Data",
    "externalRefs", "referenceType", "referenceLocator", "form", "tags", "at", "name",
)  # fmt: skip
WORDS = (
    DIGEST, "1" * 64, "linux", "amd64", "unknown", "attestation-manifest", "https://spdx.dev/Document", "purl", "A=b",
    "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12", "pkg:rpm/redhat/bash@5.1?epoch=1&upstream=a-1-2.src.rpm",
    "2026-01-01T00:00:00Z", "org.opencontainers.image.version",
)  # fmt: skip

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 3),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(WORDS),
)


def _grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(KEYS) | st.text(max_size=5)
    return st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4)


everything: st.SearchStrategy[Any] = st.recursive(scalars, _grown, max_leaves=25)
