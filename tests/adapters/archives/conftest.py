"""One signing key for all tests of archives, and an archive that is signed with it for each."""

from collections.abc import Iterator

import pytest

from tests.rig.apt_archive import AptArchive, Signer, made_signer


@pytest.fixture(scope="session")
def signer() -> Iterator[Signer]:
    with made_signer() as signer:
        yield signer


@pytest.fixture
def archive(signer: Signer) -> Iterator[AptArchive]:
    archive = AptArchive(signer)
    with archive.server:
        yield archive
