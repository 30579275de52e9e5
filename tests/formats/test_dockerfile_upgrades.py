import json
import re
from pathlib import Path

import dockerfile as buildkit
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bot.formats import dockerfile
from bot.formats.dockerfile_upgrades import (
    LAYERS,
    Stamp,
    Upgrade,
    stamped,
    upgrade_advice,
    upgrades,
    with_upgrade_layer,
)
from bot.model.images import Span

CORPUS = sorted((Path(__file__).parent / "dockerfiles").glob("*.df"))
OLD, NEW = "2026-08-17.00000000", "2026-11-24.1a2b3c4d"
ARG, OTHER = f"ARG QUARTERDECK_STAMP={OLD}\n", f"ARG QUARTERDECK_STAMP={NEW}\n"
UPGRADE = "RUN apt-get update && apt-get -y upgrade\n"


def only(text: str) -> Upgrade:
    (found,) = upgrades(text)
    return found


def managers_of(run: str) -> list[str]:
    return [upgrade.manager for upgrade in upgrades(f"FROM a\n{run}\n")]


@pytest.mark.parametrize(
    ("manager", "run"),
    [
        ("apt", "RUN apt-get upgrade"),
        ("apt", "RUN apt-get update && apt-get -y upgrade"),
        ("apt", "run apt-get update && apt-get dist-upgrade -y --no-install-recommends && rm -rf /var/lib/apt/lists/*"),
        ("apt", "RUN /usr/bin/apt-get -qq full-upgrade"),
        ("apt", "RUN apt update; apt upgrade -y"),
        ("apt", "RUN aptitude -y safe-upgrade"),
        ("apt", "RUN DEBIAN_FRONTEND=noninteractive apt-get -qyo Dpkg::Options::=--force-confold upgrade"),
        ("apt", "RUN apt-get -o Dpkg::Options::=--force-confold -t=stable upgrade"),
        ("apt", "RUN apt-get -oDpkg::Use-Pty=0 --option Debug=1 -tstable upgrade curl"),
        ("apt", "RUN sudo -E apt-get -y upgrade"),
        ("apt", "RUN env DEBIAN_FRONTEND=noninteractive apt-get -y upgrade"),
        ("apt", "RUN export DEBIAN_FRONTEND=noninteractive && apt-get -y upgrade"),
        ("apt", "RUN $SUDO apt-get -o $OPTION $MORE upgrade"),
        ("apt", "RUN apt-get ${A:=b} upgrade"),
        ("apt", "RUN set -eux; apt-get update; apt-get -y upgrade; apt-get clean"),
        ("apt", "RUN set -eux; \\\n  # the system first\n  apt-get update; \\\n\n  apt-get \\\n  upgrade -y"),
        ("apt", "RUN if test -x /usr/bin/apt-get; then apt-get -y upgrade; else apk upgrade; fi"),
        ("apt", "RUN { apt-get update && (apt-get -y upgrade); } > /log 2>&1"),
        ("apt", "RUN --mount=type=cache,target=/var/cache/apt --network=default apt-get -y upgrade"),
        ("apt", 'RUN ["sh", "-c", "apt-get update && apt-get -y upgrade"]'),
        ("apt", 'RUN ["/usr/bin/apt-get", "-y", "upgrade"]'),
        ("apt", "RUN bash -euxo pipefail -c 'apt-get update && apt-get -y upgrade'"),
        ("apt", 'RUN sudo bash -c "sh -c \'apt-get -y upgrade\'"'),
        ("apt", "RUN <<EOF\nset -e\napt-get update\napt-get -y upgrade\nEOF"),
        ("apt", "RUN --mount=type=cache,target=/c <<-'EOF'\n\tapt-get -y upgrade\n\tEOF"),
        ("apt", "RUN <<EOF\n#!/bin/bash\napt-get -y upgrade\nEOF"),
        ("apt", "RUN sudo bash -ex <<EOF\napt-get -y upgrade\nEOF"),
        ("apt", "RUN apt-get -y upgrade && cat > /x <<EOF\nEOF"),
        ("apk", "RUN apk upgrade"),
        ("apk", "RUN apk -U upgrade"),
        ("apk", "RUN apk --no-cache upgrade --available"),
        ("apk", "RUN apk update && apk upgrade --no-cache && apk add curl"),
        ("apk", "RUN apk -X https://mirror.example/main upgrade"),
        ("dnf", "RUN dnf -y upgrade && dnf clean all"),
        ("dnf", "RUN dnf5 update -y --security --setopt install_weak_deps=0 -x kernel"),
        ("yum", "RUN yum -y update && yum clean all"),
        ("microdnf", "RUN microdnf update -y"),
        ("tdnf", "RUN tdnf upgrade -y"),
        ("zypper", "RUN zypper --non-interactive up"),
        ("zypper", "RUN zypper ref && zypper -n --no-gpg-checks update -y"),
        ("zypper", "RUN zypper --non-interactive patch --category security"),
    ],
)  # fmt: skip
def test_an_instruction_that_upgrades_packages_is_found(manager: str, run: str) -> None:
    assert managers_of(run) == [manager]


@pytest.mark.parametrize(
    "run",
    [
        "RUN apt-get update",
        "RUN apt-get update && apt-get install -y curl",
        "RUN apt-get install --only-upgrade -y curl",
        "RUN apt-get",
        "RUN apt list --upgradable",
        "RUN apt-get -s upgrade",
        "RUN apt-get -qyd upgrade",
        "RUN apt-get upgrade --dry-run",
        "RUN apt-get -o upgrade update",
        "RUN echo apt-get upgrade",
        "RUN echo 'x && apt-get -y upgrade'",
        "RUN echo $(apt-get upgrade)",
        "RUN # apt-get upgrade\\\n true",
        "RUN true # apt-get upgrade",
        "RUN command -v apt-get",
        "RUN $APT upgrade",
        "RUN pip install --upgrade pip",
        "RUN apk add --upgrade curl",
        "RUN apk -U add curl",
        "RUN apk upgrade libssl3",
        "RUN apk --root /other upgrade",
        "RUN dnf check-update",
        "RUN dnf upgrade -y openssl-libs",
        "RUN dnf --installroot=/other -y upgrade",
        "RUN yum upgrade --downloadonly",
        "RUN zypper refresh",
        "RUN zypper up -y curl",
        "RUN sh ./upgrade.sh",
        "RUN sh -c",
        "RUN bash -c 'echo apt-get upgrade'",
        "RUN bash -c 'apt-get -y upgrade",
        "RUN apt-get '${' upgrade 'x",
        "RUN sh -c 'apt-get ${ upgrade' \"",
        'RUN ["apt-get upgrade"]',
        "RUN []",
        "RUN",
        "RUN cat > /x.sh <<EOF\napt-get -y upgrade\nEOF",
        "RUN sh /dev/stdin <<EOF\necho\nEOF",
        "RUN <<EOF\n#!/usr/bin/env python3\napt-get -y upgrade\nEOF",
        "RUN <<EOF\napt-get -y upgrade\n",
        "ONBUILD RUN apt-get -y upgrade",
        "CMD apt-get -y upgrade",
        "LABEL x='RUN apt-get upgrade'",
        "COPY <<EOF /x\nRUN apt-get upgrade\nEOF",
    ],
)
def test_what_upgrades_nothing_in_this_image_is_not_found(run: str) -> None:
    assert managers_of(run) == []


@pytest.mark.parametrize(
    ("manager", "script"),
    [
        (["apt"], "sh -c 'apt upgrade'"),
        (["apt"], """sh -c 'sh -c "apt upgrade"'"""),
        ([], r"""sh -c 'sh -c "sh -c \"apt upgrade\""'"""),
    ],
)
def test_shells_within_shells_are_followed_for_a_while(manager: list[str], script: str) -> None:
    assert managers_of(f"RUN {json.dumps(['sh', '-c', script])}") == manager


def test_a_shell_that_calls_itself_over_and_over_takes_no_time() -> None:
    script = 'sh -c "$A"; ' * 300
    run = f"RUN A='{script}'; " + 'sh -c "$A"; ' * 10_000
    assert managers_of(run) == []


def test_an_upgrade_knows_its_stage_and_the_bottom_of_that_stage() -> None:
    text = (
        "ARG BASE=one\n"
        "FROM python:3.12 AS One\n"
        "RUN apt-get -y upgrade\n"
        "FROM $BASE AS two\n"
        "RUN apt-get -y upgrade\n"
        "FROM alpine AS three\n"
        "FROM two\n"
        "  RUN apt-get -y upgrade\n"
        "FROM three\n"
        "RUN apk upgrade\n"
        "FROM ${one\n"
        "RUN apk upgrade\n"
        "FROM\n"
        "RUN apk upgrade\n"
    )
    found = [(row.base_line, row.stage_line, row.line, row.manager) for row in upgrades(text)]
    assert found == [
        (2, 2, 3, "apt"),
        (2, 4, 5, "apt"),
        (2, 7, 8, "apt"),
        (6, 9, 10, "apk"),
        (11, 11, 12, "apk"),
        (13, 13, 14, "apk"),
    ]
    assert [text[row.at :].partition("\n")[0] for row in upgrades(text)][2] == "  RUN apt-get -y upgrade"


def test_an_instruction_before_the_first_stage_is_none() -> None:
    assert upgrades(UPGRADE) == ()


def test_a_file_too_long_for_a_dockerfile_is_not_read() -> None:
    assert upgrades(f"FROM a\n{UPGRADE}" + "#" * 262_145) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM a\n{UPGRADE}", "FROM a\n{NEW}{UPGRADE}"),
        ("FROM a\n{OLD}{UPGRADE}", "FROM a\n{NEW}{UPGRADE}"),
        ("FROM a\n{OLD}# why\n\n{UPGRADE}", "FROM a\n{NEW}# why\n\n{UPGRADE}"),
        ("FROM a\n{OLD}RUN true\n{UPGRADE}", "FROM a\n{NEW}RUN true\n{UPGRADE}"),
        ("FROM a\n# why\n{UPGRADE}", "FROM a\n# why\n{NEW}{UPGRADE}"),
        ("{OLD}FROM a\n{UPGRADE}", "{OLD}FROM a\n{NEW}{UPGRADE}"),
        ("FROM a\n{OLD}FROM b\n{UPGRADE}", "FROM a\n{OLD}FROM b\n{NEW}{UPGRADE}"),
        ("FROM a AS x\n{OLD}FROM x\n{UPGRADE}", "FROM a AS x\n{OLD}FROM x\n{NEW}{UPGRADE}"),
        ("FROM a\n{UPGRADE}{OLD}", "FROM a\n{NEW}{UPGRADE}{OLD}"),
        ("FROM a\nARG QUARTERDECK_STAMP\n{UPGRADE}", "FROM a\nARG QUARTERDECK_STAMP\n{NEW}{UPGRADE}"),
        ("FROM a\nARG QUARTERDECK_STAMP=\n{UPGRADE}", "FROM a\nARG QUARTERDECK_STAMP=\n{NEW}{UPGRADE}"),
        ("FROM a\narg B=1 QUARTERDECK_STAMP=x C\n{UPGRADE}", "FROM a\narg B=1 QUARTERDECK_STAMP={new} C\n{UPGRADE}"),
        ("FROM a\nARG QUARTERDECK_STAMP='x y'\n{UPGRADE}", "FROM a\nARG QUARTERDECK_STAMP={new}\n{UPGRADE}"),
        ("FROM a\nARG QUARTERDECK_STAMP=x\\\n# c\ny\n{UPGRADE}", "FROM a\nARG QUARTERDECK_STAMP={new}\n{UPGRADE}"),
        ("FROM a\n{OLD}{OLD}{UPGRADE}", "FROM a\n{OLD}{NEW}{UPGRADE}"),
        ("FROM a\n{UPGRADE}RUN true\n{UPGRADE}", "FROM a\n{NEW}{UPGRADE}RUN true\n{UPGRADE}"),
        ("FROM a\n{OLD}{UPGRADE}RUN true\n{UPGRADE}", "FROM a\n{NEW}{UPGRADE}RUN true\n{UPGRADE}"),
        ("FROM a\n{OLD}{UPGRADE}{OLD}{UPGRADE}", "FROM a\n{NEW}{UPGRADE}{NEW}{UPGRADE}"),
        ("FROM a\n{UPGRADE}{OLD}{UPGRADE}", "FROM a\n{NEW}{UPGRADE}{NEW}{UPGRADE}"),
        ("FROM a\n{UPGRADE}FROM b\n{UPGRADE}", "FROM a\n{NEW}{UPGRADE}FROM b\n{NEW}{UPGRADE}"),
        ("FROM a\n \t{UPGRADE}", "FROM a\n \t{NEW} \t{UPGRADE}"),
        ("FROM a\nRUN apk upgrade", "FROM a\n{NEW}RUN apk upgrade"),
        ("# escape=`\nFROM a\nRUN apt-get `\n upgrade\n", "# escape=`\nFROM a\n{NEW}RUN apt-get `\n upgrade\n"),
        ("FROM a\nRUN <<EOF\napk upgrade\nEOF\n", "FROM a\n{NEW}RUN <<EOF\napk upgrade\nEOF\n"),
    ],
)  # fmt: skip
def test_a_stamp_is_inserted_or_replaced(before: str, after: str) -> None:
    fill = {"{OLD}": ARG, "{NEW}": OTHER, "{new}": NEW, "{UPGRADE}": UPGRADE}
    before, after = (re.sub(r"\{\w+\}", lambda key: fill[key[0]], text) for text in (before, after))
    lines = [row.line for row in upgrades(before)]
    assert stamped(before, lines, NEW) == after
    windows = before.replace("\n", "\r\n")
    assert stamped(windows, lines, NEW) == after.replace("\n", "\r\n")
    assert all(row.stamp and row.stamp.value == NEW for row in upgrades(after))
    for row in upgrades(after):
        assert row.stamp
        assert after[row.stamp.span.start : row.stamp.span.end] == NEW


def test_only_the_upgrades_that_are_named_get_a_stamp() -> None:
    text = f"FROM a\n{UPGRADE}FROM b\n{UPGRADE}"
    assert stamped(text, [4], NEW) == f"FROM a\n{UPGRADE}FROM b\n{OTHER}{UPGRADE}"
    assert stamped(text, [], NEW) == text


def test_a_stamp_says_where_its_value_stands() -> None:
    text = f"FROM a\nARG QUARTERDECK_STAMP='{OLD}'\n{UPGRADE}"
    start = text.index(f"'{OLD}'")
    assert only(text).stamp == Stamp(value=OLD, span=Span(start=start, end=start + len(OLD) + 2))
    assert only(f"FROM a\n{UPGRADE}").stamp is None


def test_a_line_without_an_upgrade_gets_no_stamp() -> None:
    with pytest.raises(ValueError, match="line 1 holds no instruction that upgrades packages"):
        stamped(f"FROM a\n{UPGRADE}", [1, 2], NEW)


@pytest.mark.parametrize("value", ["", "a b", "a\nRUN x", "$A", "-a", "é", "a" * 129])
def test_a_value_that_is_more_than_a_stamp_is_never_written(value: str) -> None:
    with pytest.raises(ValueError, match="is no value for a stamp"):
        stamped(f"FROM a\n{UPGRADE}", [2], value)
    with pytest.raises(ValueError, match="is no value for a stamp"):
        with_upgrade_layer("FROM a\n", 1, "apt", value)


@pytest.mark.parametrize(
    ("before", "line", "after"),
    [
        ("FROM a\n", 1, "FROM a\n{NEW}{LAYER}\n"),
        ("FROM a", 1, "FROM a\n{NEW}{LAYER}"),
        ("FROM a\nRUN x\n", 1, "FROM a\n{NEW}{LAYER}\nRUN x\n"),
        ("FROM a AS x\nFROM \\\n# c\n b \\\n AS y\nRUN x\n", 2, "FROM a AS x\nFROM \\\n# c\n b \\\n AS y\n{NEW}{LAYER}\nRUN x\n"),
        ("ARG A=b\nfrom $A\n\n# c\nRUN x", 2, "ARG A=b\nfrom $A\n{NEW}{LAYER}\n\n# c\nRUN x"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("manager", LAYERS)
def test_a_layer_that_upgrades_is_inserted_behind_its_from(before: str, line: int, after: str, manager: str) -> None:
    layer = f"RUN {LAYERS[manager]}"
    after = after.replace("{NEW}", OTHER).replace("{LAYER}", layer)
    assert with_upgrade_layer(before, line, manager, NEW) == after
    if before.endswith("\n") or before.count("\n"):
        windows = with_upgrade_layer(before.replace("\n", "\r\n"), line, manager, NEW)
        assert windows == after.replace("\n", "\r\n")
    upgrade = only(after)
    assert (upgrade.stage_line, upgrade.manager) == (line, manager)
    assert upgrade.stamp
    assert layer in upgrade_advice(manager)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("FROM a\nRUN x\n", 2, "line 2 holds no FROM"),
        ("FROM a\n", 3, "line 3 holds no FROM"),
        ("FROM\n", 1, "line 1 holds no FROM"),
        ("FROM a\\\n\n", 1, "has no plain end"),
        ("FROM a \\\n \\\n\n", 1, "has no plain end"),
    ],
)
def test_a_layer_that_has_no_place_is_refused(text: str, line: int, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        with_upgrade_layer(text, line, "apt", NEW)


def test_a_manager_that_is_not_known_has_no_layer() -> None:
    with pytest.raises(ValueError, match="no command is known that upgrades packages with 'pacman'"):
        with_upgrade_layer("FROM a\n", 1, "pacman", NEW)
    with pytest.raises(ValueError, match="'pacman'"):
        upgrade_advice("pacman")


RUNS = st.sampled_from(
    [
        *("RUN apt-get -y upgrade", "  RUN apk -U upgrade", 'RUN ["dnf", "-y", "upgrade"]', "RUN true", "RUN apt-get \\\n  upgrade"),
        *("RUN <<EOF\nyum -y update\nEOF", "ARG QUARTERDECK_STAMP=old", "ARG QUARTERDECK_STAMP='old' B=2", "ARG QUARTERDECK_STAMP"),
        *("FROM a:1", "FROM b AS x", "FROM x", "FROM --platform=linux/amd64 c@sha256:" + "ab12" * 16, "COPY --from=d e f"),
        *("# a comment", "", "ONBUILD RUN apt-get upgrade", "COPY <<EOF /x\nRUN apk upgrade\nEOF", "ARG V=1", "FROM y:$V"),
    ]
)  # fmt: skip
FILES = st.builds(
    lambda start, lines, end, last: (start + end.join([*lines, ""])).replace("\n", end) + last,
    st.sampled_from(["", "\ufeff", "# syntax=docker/dockerfile:1\n", "ARG QUARTERDECK_STAMP=outside\n"]),
    st.lists(RUNS, min_size=1, max_size=10),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "RUN apk upgrade"]),
)


def images(text: str) -> list[tuple[str, object, object]]:
    return [(use.reference, use.platform, use.role) for use in dockerfile.image_uses("Dockerfile", text)[0]]


def commands(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(row.cmd.upper(), row.value) for row in buildkit.parse_string(text)]


@given(FILES, st.data())
@settings(max_examples=300)
def test_a_stamp_changes_nothing_else_and_buildkit_sees_it_before_the_run(text: str, data: st.DataObject) -> None:
    before = upgrades(text)
    assume(before)
    chosen = data.draw(st.lists(st.sampled_from(before), unique=True))
    new = stamped(text, [row.line for row in chosen], NEW)
    after = upgrades(new)
    assert [row.manager for row in after] == [row.manager for row in before]
    again = [now for was, now in zip(before, after, strict=True) if was in chosen]
    assert all(row.stamp and row.stamp.value == NEW for row in again)
    assert stamped(new, [row.line for row in again], NEW) == new
    assert images(new) == images(text)
    assert without_stamps(new) == without_stamps(text)
    rows = buildkit.parse_string(new)
    for row in again:
        stage = [step for step in rows if row.stage_line <= step.start_line < row.line]
        stamps = [value for step in stage if step.cmd.upper() == "ARG" for value in step.value if "STAMP=" in value]
        assert stamps[-1] == f"QUARTERDECK_STAMP={NEW}"
    assert [row for row in commands(new) if row[0] != "ARG"] == [row for row in commands(text) if row[0] != "ARG"]


def without_stamps(text: str) -> str:
    """Take out the lines that hold nothing but a stamp, and the values of those in other lines."""
    lines = re.sub(rf"(?m)^[ \t]*ARG QUARTERDECK_STAMP=(old|{NEW})\r?\n", "", text)
    return re.sub(rf"STAMP=('old'|old|{NEW})", "STAMP=", lines)


@given(FILES, st.sampled_from(sorted(LAYERS)))
@settings(max_examples=200)
def test_a_layer_changes_nothing_else(text: str, manager: str) -> None:
    for line in [row.start_line for row in buildkit.parse_string(f"{text}\nRUN end") if row.cmd.upper() == "FROM"]:
        new = with_upgrade_layer(text, line, manager, NEW)
        assert images(new) == images(text)
        assert len(upgrades(new)) == len(upgrades(text)) + 1
        added = next(row for row in upgrades(new) if row.stage_line == line)
        assert added.stamp
        assert added.stamp.value == NEW
        assert stamped(new, [added.line], OLD) == new.replace(NEW, OLD, 1)
        assert re.sub(
            rf"ARG QUARTERDECK_STAMP={NEW}\r?\nRUN {re.escape(LAYERS[manager])}(\r?\n|\Z)", "", new, count=1
        ) in {text, text + "\n"}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_in_the_corpus_a_layer_goes_behind_every_from_that_has_a_plain_end(path: Path) -> None:
    text = path.read_bytes().decode()
    for row in buildkit.parse_string(text):
        if row.cmd.upper() != "FROM" or not row.value:
            continue
        try:
            new = with_upgrade_layer(text, row.start_line, "apk", NEW)
        except ValueError as error:
            assert "no plain end" in str(error)  # noqa: PT017 - a few files end in the middle of a FROM
            continue
        assert images(new) == images(text)
        assert len(commands(new)) == len(commands(text)) + 2


@given(
    st.text()
    | st.lists(RUNS | st.sampled_from(["'", '"', "\\", "sh -c ", "<<EOF", "$(", "`"]), max_size=20).map("".join)
)
def test_any_text_can_be_read(text: str) -> None:
    for upgrade in upgrades(text):
        assert text[upgrade.at - 1] == "\n"
        assert upgrade.base_line <= upgrade.stage_line < upgrade.line
