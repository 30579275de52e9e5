from datetime import date, timedelta

import pytest

from bot.model.locks import LockerName
from bot.model.policy import Policy, Waiver
from bot.settings import (
    BadSettings,
    ImagesSettings,
    LockSettings,
    RepositoryFile,
    read_pyproject,
    read_repository_file,
)

COMMON = Policy(cooldown=timedelta(days=3), retag="minor")
TEXT = """
enabled = false
ignore = ["examples/**", "docs/Dockerfile"]
python = "3.12"
policy.cooldown = "1 day"
images = { ignore = ["internal/*"], platforms = ["linux/arm64"] }

[[waiver]]
id = "CVE-2026-1"
until = 2027-01-31
reason = "not reachable"

[[locks]]
path = "requirements/base.txt"
sources = ["requirements/base.in"]
locker = "uv-pip"
options = ["--generate-hashes", "--extra dev", "--annotation-style=line", "-c limits.txt"]
python = "3.11"
"""
REFUSED = "a repository can never set hosts, credentials, commands or paths outside itself; the operator does"


def _mistakes(text: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        read_repository_file(text, ".quarterdeck.toml", COMMON)
    return caught.value.message.splitlines()


def test_a_repository_says_how_it_is_treated() -> None:
    assert read_repository_file(TEXT, ".quarterdeck.toml", COMMON) == RepositoryFile(
        policy=Policy(cooldown=timedelta(days=1), retag="minor"),
        waivers=(Waiver(id="CVE-2026-1", until=date(2027, 1, 31), reason="not reachable"),),
        enabled=False,
        ignore=("examples/**", "docs/Dockerfile"),
        locks=(
            LockSettings(
                path="requirements/base.txt",
                sources=("requirements/base.in",),
                locker=LockerName.UV_PIP,
                options=("--generate-hashes", "--extra", "dev", "--annotation-style=line", "-c", "limits.txt"),
                python="3.11",
            ),
        ),
        images=ImagesSettings(ignore=("internal/*",), platforms=("linux/arm64",)),
        python="3.12",
    )


def test_a_repository_that_says_nothing_is_held_to_the_common_policy() -> None:
    assert read_repository_file("", ".quarterdeck.toml", COMMON) == RepositoryFile(policy=COMMON)


def test_the_same_table_may_stand_in_pyproject() -> None:
    text = (
        '[project]\nname = "web"\n[tool.quarterdeck]\npython = "3.12"\n[tool.quarterdeck.policy]\ncooldown = "0 days"\n'
    )

    assert read_pyproject(text, "pyproject.toml", COMMON) == RepositoryFile(
        policy=Policy(cooldown=timedelta(0), retag="minor"), python="3.12"
    )


@pytest.mark.parametrize("text", ["", "[tool.black]\n", "tool = 1"])
def test_a_pyproject_without_the_table_says_nothing(text: str) -> None:
    assert read_pyproject(text, "pyproject.toml", COMMON) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[project]\n[tool.quarterdeck]\nenabld = true",
            "pyproject.toml:3: unknown key 'enabld' in [tool.quarterdeck]; did you mean 'enabled'?",
        ),
        (
            "[tool.quarterdeck.policy]\n\ncooldown = 1",
            "pyproject.toml:3: 'cooldown' in [tool.quarterdeck.policy] must be a duration like \"7 days\", not a whole number",
        ),
        ("[tool]\nquarterdeck = 1", "pyproject.toml:2: [tool.quarterdeck] must be a table, not a whole number"),
        ("x", "pyproject.toml:1: this is not TOML: Expected '=' after a key in a key/value pair"),
    ],
)
def test_mistakes_in_pyproject_have_the_lines_of_pyproject(text: str, expected: str) -> None:
    with pytest.raises(BadSettings) as caught:
        read_pyproject(text, "pyproject.toml", COMMON)

    assert caught.value.message == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[forge]", "unknown key 'forge' at the top level"),
        ("[[registry]]", "unknown key 'registry' at the top level"),
        ("index-url = 'x'", "unknown key 'index-url' at the top level"),
        ("policy.token = 'x'", "unknown key 'token' in [policy]"),
        ("locks = [{path='a', sources=['b'], command='rm'}]", "unknown key 'command' in [[locks]]"),
        ("locks = [{path='a', sources=['b'], options=['--index-url=https://x']}]", "'options' in [[locks]] must not hold --index-url"),
        ("locks = [{path='a', sources=['b'], options=['--pip-args', 'x']}]", "'options' in [[locks]] must not hold --pip-args"),
        ("locks = [{path='a', sources=['b'], options=['-c ../x.txt']}]", "'options' in [[locks]] must not hold --constraint"),
        ("locks = [{path='a', sources=['b'], options=['-o x.txt']}]", "'options' in [[locks]] must not hold --output-file"),
        ("locks = [{path='a', sources=['b'], options=['-c https://x/c.txt']}]", "'options' in [[locks]] must not hold --constraint"),
        ("locks = [{path='a', sources=['b'], options=['--group=../x:dev']}]", "'options' in [[locks]] must not hold --group"),
    ],
)  # fmt: skip
def test_a_repository_never_sets_hosts_credentials_or_commands(text: str, expected: str) -> None:
    assert _mistakes(text) == [f".quarterdeck.toml:1: {expected}; {REFUSED}"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../other", "a/../../b", "~/x", "C:/x", "a\\\\..\\\\b"])
def test_a_repository_never_names_paths_outside_itself(path: str) -> None:
    for text in (f'ignore = ["{path}"]', f'[[locks]]\nsources = ["x.in"]\npath = "{path}"'):
        (mistake,) = _mistakes(text)
        assert "leads out of the repository" in mistake


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("locks = [{path='a', sources=[]}]", "1: 'sources' in [[locks]] must not be empty"),
        ("locks = [{path='a'}]", "1: 'sources' is missing in [[locks]]; what it is compiled from"),
        ("locks = [{path='a', sources=['b'], options=['x.in']}]", "1: 'options' in [[locks]] holds 'x.in', which is no option; sources have a key of their own"),
        ("locks = [{path='a', sources=['b'], options=[\"'\"]}]", "1: 'options' in [[locks]] has a quote that is not closed"),
        ("python = '2.7'", "1: 'python' at the top level: \"2.7\" is no version of Python; write it like \"3.12\""),
        ("locks = {}", "1: 'locks' at the top level must be an array, not a table; write [[locks]]"),
    ],
)  # fmt: skip
def test_other_mistakes_are_told_as_everywhere(text: str, expected: str) -> None:
    assert _mistakes(text) == [f".quarterdeck.toml:{expected}"]
