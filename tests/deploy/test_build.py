"""deploy/build: which tags it makes, with which builder, and that nothing leaves the machine unless told."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig.repositories import commit, git, make_repository

ROOT = Path(__file__).parents[2]
SCRIPTS = ("deploy/build", "deploy/demo", "tests/run", ".ci/run")
FAKE = '#!/bin/sh\nprintf "%s" "${0##*/}" >>"$CALLS"\nfor word; do printf "|%s" "$word" >>"$CALLS"; done\necho >>"$CALLS"\n'


@dataclass(frozen=True)
class Bench:
    """A repository with deploy/build in it, and a folder of programs that only write down how they are called."""

    repository: Path
    programs: Path

    @property
    def commit(self) -> str:
        return git(self.repository, "rev-parse", "--short=7", "HEAD").strip()

    def add(self, name: str) -> None:
        (self.programs / name).write_text(FAKE)
        (self.programs / name).chmod(0o755)

    def __call__(self, *words: str, code: int = 0, **more: str) -> tuple[list[str], str]:
        """Run deploy/build; give the calls that it made, and what it printed."""
        calls = self.programs / "calls"
        calls.write_text("")
        environment = {
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "CALLS": str(calls),
            "HOME": str(self.programs),
            **more,
        }
        command = [str(self.repository / "deploy/build"), *words]
        ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=60)
        assert ran.returncode == code, ran.stderr
        return calls.read_text().splitlines(), ran.stdout + ran.stderr


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Give a bench whose repository is on main and clean, with a buildah and no other builder."""
    programs = tmp_path / "programs"
    programs.mkdir()
    run = '#!/bin/sh\necho tests >>"$CALLS"\n'
    repository = make_repository(tmp_path / "repository", {"tests/run": run})
    (repository / "tests/run").chmod(0o755)
    (repository / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/build", repository / "deploy/build")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "Build")
    bench = Bench(repository=repository, programs=programs)
    bench.add("buildah")
    return bench


def tags(call: str) -> list[str]:
    words = call.split("|")
    return [words[at + 1] for at, word in enumerate(words) if word == "--tag"]


def test_main_is_tested_built_and_tagged_as_the_latest_too(bench: Bench) -> None:
    calls, printed = bench()
    assert calls[0] == "tests"
    assert calls[1].startswith("buildah|bud|--format|docker|")
    assert calls[1].endswith("|--file|deploy/Dockerfile|.")
    assert tags(calls[1]) == [f"quarterdeck:main-{bench.commit}", "quarterdeck:latest"]
    assert printed.splitlines() == tags(calls[1])
    assert len(calls) == 2, "nothing is pushed"


@pytest.mark.parametrize(
    ("branch", "tag"),
    [
        ("feature/x", "feature-x"),
        ("latest", "latest"),
        ("Main", "Main"),
        ("ümläut & $(touch x)", "----ml--ut-----touch-x-"),
        ("-.dash", "dash"),
        ("…", "branch"),
        ("a" * 200, "a" * 100),
    ],
)
def test_another_branch_never_takes_the_tags_of_main(bench: Bench, branch: str, tag: str) -> None:
    calls, _ = bench("--no-tests", "--branch", branch)
    assert [one.removeprefix("quarterdeck:") for one in tags(calls[0])] == [f"{tag.lstrip('-')}-{bench.commit}"]
    assert not (bench.repository / "x").exists()


def test_the_branch_is_that_of_the_checkout(bench: Bench) -> None:
    git(bench.repository, "switch", "--quiet", "--create", "team/fix")
    assert tags(bench("--no-tests")[0][0]) == [f"quarterdeck:team-fix-{bench.commit}"]
    git(bench.repository, "switch", "--quiet", "--detach")
    assert tags(bench("--no-tests")[0][0]) == [f"quarterdeck:detached-{bench.commit}"]


def test_it_pushes_every_tag_when_told_and_only_what_is_committed(bench: Bench) -> None:
    image = "registry.example.com/acme/quarterdeck"
    calls, _ = bench("--no-tests", "--push", "--image", image)
    assert calls[1:] == [f"buildah|push|{image}:main-{bench.commit}", f"buildah|push|{image}:latest"]
    (bench.repository / "new").write_text("")
    calls, printed = bench("--no-tests", "--push", code=2)
    assert calls == []
    assert "not committed" in printed
    assert tags(bench("--no-tests")[0][0]) == [f"quarterdeck:main-{bench.commit}-dirty"]


def test_tests_that_fail_end_it_before_anything_is_built(bench: Bench) -> None:
    commit(bench.repository, {"tests/run": "#!/bin/sh\nexit 1\n"}, "Break it")
    assert bench("--push", code=1)[0] == []


@pytest.mark.parametrize(
    ("builder", "command"), [("podman", "podman|build|--format|docker"), ("docker", "docker|build")]
)
def test_any_builder_will_do(bench: Bench, builder: str, command: str) -> None:
    bench.add(builder)
    calls, _ = bench("--no-tests", "--pip-config", "/etc/pip.conf", "--", "--no-cache", BUILDER=builder)
    assert calls[0].startswith(f"{command}|--secret|id=pip.conf,src=/etc/pip.conf|--tag|")
    assert calls[0].endswith("|--no-cache|--file|deploy/Dockerfile|.")


def test_mistakes_are_told_before_anything_is_done(bench: Bench) -> None:
    for words in (["--psuh"], ["--image"], ["--branch", ""]):
        calls, printed = bench(*words, code=2)
        assert (calls, words[0] in printed) == ([], True)


def test_scripts_have_nothing_that_shellcheck_finds() -> None:
    program = shutil.which("shellcheck", path=f"{ROOT / '.venv/bin'}:{os.environ['PATH']}")
    assert program, "shellcheck comes with the development tools"
    ran = subprocess.run([program, *SCRIPTS], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stdout
