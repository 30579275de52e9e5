"""Which locks a Dockerfile installs, and in which image: shapes that stand in real repositories."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.dockerfile_installs import installs
from bot.formats.image_files import Paths

FILES = frozenset({
    "requirements.txt", "requirements-dev.txt", "requirements/base.txt", "requirements/prod.txt", "requirements/dev.txt",
    "src/app.py", "services/web/requirements.txt", "services/web/Dockerfile", "services/web/app.py",
    "services/api/reqs.txt", "deploy/Dockerfile", "docker/web/Dockerfile", "Dockerfile",
})  # fmt: skip
SLIM = "FROM python:3.12-slim\n"


def installed(text: str, path: str = "Dockerfile", files: frozenset[str] = FILES) -> list[tuple[str, int, str, str]]:
    found = installs(path, text, Paths.of(files))
    return [(one.lock, one.line, one.base.reference if one.base else "", one.python) for one in found]


def locks(text: str, path: str = "Dockerfile", files: frozenset[str] = FILES) -> list[str]:
    return [lock for lock, _, _, _ in installed(text, path, files)]


ONE = [
    ("a file into the working directory", "COPY requirements.txt .\nRUN pip install -r requirements.txt"),
    ("an absolute working directory", "WORKDIR /app\nCOPY requirements.txt ./\nRUN pip install --no-cache-dir -r requirements.txt"),
    ("working directories that add up", "WORKDIR /srv\nWORKDIR app\nCOPY requirements.txt .\nRUN pip install -r /srv/app/requirements.txt"),
    ("to a file of another name", "COPY requirements.txt /tmp/r.txt\nRUN pip install -r /tmp/r.txt"),
    ("to a folder that exists in the image", "COPY requirements.txt /tmp\nRUN pip install -r /tmp/requirements.txt"),
    ("to a folder with a slash", "COPY requirements.txt /tmp/\nRUN pip3 install -r /tmp/requirements.txt"),
    ("everything", "COPY . .\nRUN pip install -r requirements.txt"),
    ("everything to a folder", "COPY . /app\nWORKDIR /app\nRUN pip install -U -r requirements.txt"),
    ("everything with a slash", "COPY ./ /app/\nRUN cd /app && pip install -r requirements.txt"),
    ("the root of the context", "COPY / /app/\nRUN pip install -r /app/requirements.txt"),
    ("an owner", "COPY --chown=app:app --chmod=644 requirements.txt /app/\nWORKDIR /app\nUSER app\nRUN pip install --user -r requirements.txt"),
    ("ADD", "ADD requirements.txt /app/requirements.txt\nRUN pip install -r /app/requirements.txt"),
    ("ADD of everything", "ADD . /code\nWORKDIR /code\nRUN pip install -r requirements.txt"),
    ("JSON form", 'COPY ["requirements.txt", "setup.py", "./"]\nRUN ["pip", "install", "-r", "requirements.txt"]'),
    ("several sources", "COPY setup.py requirements.txt README.md /app/\nWORKDIR /app\nRUN pip install -r requirements.txt"),
    ("a pattern", "COPY requirements*.txt /tmp/\nRUN pip install -r /tmp/requirements.txt"),
    ("a pattern for a file that may be missing", "COPY Pipfile* requirements.tx[t] ./\nRUN pip install -r requirements.txt"),
    ("a source from the root", "COPY ./requirements.txt /requirements.txt\nRUN pip install -r /requirements.txt"),
    ("continuation lines", "COPY requirements.txt .\nRUN apt-get update \\\n    # for psycopg\n && apt-get install -y gcc \\\n && pip install \\\n      --no-cache-dir \\\n      -r requirements.txt \\\n && rm -rf /var/lib/apt/lists/*"),
    ("a semicolon", "COPY requirements.txt .\nRUN set -ex; pip install --upgrade pip; pip install -r requirements.txt"),
    ("python -m pip", "COPY requirements.txt .\nRUN python -m pip install --no-cache-dir --requirement requirements.txt"),
    ("python3 with options", "COPY requirements.txt .\nRUN python3 -I -m pip --disable-pip-version-check install -r requirements.txt"),
    ("an equals sign", "COPY requirements.txt .\nRUN pip install --requirement=requirements.txt"),
    ("glued", "COPY requirements.txt .\nRUN pip install -rrequirements.txt"),
    ("short options together", "COPY requirements.txt .\nRUN pip install -qUr requirements.txt"),
    ("pip of a venv", "COPY requirements.txt .\nRUN python -m venv /venv && /venv/bin/pip install -r requirements.txt"),
    ("pip of a venv in a variable", "ENV VIRTUAL_ENV=/opt/venv\nCOPY requirements.txt .\nRUN $VIRTUAL_ENV/bin/pip install -r requirements.txt"),
    ("pip of a venv nobody knows", "COPY requirements.txt .\nRUN ${VENV}/bin/pip install -r requirements.txt"),
    ("uv", "COPY requirements.txt .\nRUN uv pip install --system --no-cache -r requirements.txt"),
    ("uv sync", "COPY requirements.txt .\nRUN uv pip sync --system requirements.txt"),
    ("uv as a module", "COPY requirements.txt .\nRUN python -m uv pip install -r requirements.txt"),
    ("pip-sync", "COPY requirements.txt .\nRUN pip-sync --pip-args '--no-cache-dir' requirements.txt"),
    ("pip-sync without a file", "COPY requirements.txt .\nRUN pip install pip-tools && pip-sync"),
    ("piptools sync", "COPY requirements.txt .\nRUN python -m piptools sync requirements.txt"),
    ("a prefix of the environment", "COPY requirements.txt .\nRUN PIP_NO_CACHE_DIR=1 CFLAGS='-O2 -g' pip install -r requirements.txt"),
    ("a wrapper", "COPY requirements.txt .\nRUN sudo -H pip install -r requirements.txt"),
    ("a bind mount", "RUN --mount=type=bind,source=requirements.txt,target=/tmp/r.txt pip install -r /tmp/r.txt"),
    ("a bind mount and a cache", "WORKDIR /app\nRUN --mount=type=cache,target=/root/.cache/pip \\\n    --mount=type=bind,source=requirements.txt,target=requirements.txt \\\n    python -m pip install -r requirements.txt"),
    ("a bind mount of everything", "RUN --mount=target=/src pip install -r /src/requirements.txt"),
    ("a bind mount into the working directory", "WORKDIR /src\nRUN --mount=type=bind,src=.,dst=. pip install -r requirements.txt"),
    ("a here-document", "COPY requirements.txt .\nRUN <<EOF\nset -e\napt-get update\npip install -r requirements.txt\nEOF"),
    ("a here-document for bash", "COPY requirements.txt .\nRUN bash -e <<'EOF'\n# first\npip install \\\n  -r requirements.txt\nEOF"),
    ("a here-document with a shebang", "COPY requirements.txt .\nRUN <<-EOF\n\t#!/bin/bash\n\tpip install -r requirements.txt\n\tEOF"),
    ("an ENV as a folder", "ENV APP_HOME /app\nWORKDIR $APP_HOME\nCOPY requirements.txt $APP_HOME/\nRUN pip install -r ${APP_HOME}/requirements.txt"),
    ("ENV that build on each other", "ENV A=/a B=x\nENV C=${A}/${B}\nCOPY requirements.txt $C/\nRUN pip install -r /a/x/requirements.txt"),
    ("a default in place", "COPY requirements.txt .\nRUN pip install -r ${FILE:-requirements.txt}"),
    ("bash -c", "COPY requirements.txt .\nRUN /bin/bash -lc 'source /venv/bin/activate && pip install -r requirements.txt'"),
    ("the exec form of a shell", 'COPY requirements.txt .\nRUN ["/bin/sh", "-c", "pip install -r requirements.txt"]'),
    ("a branch", "COPY . .\nRUN if [ -f requirements.txt ]; then pip install -r requirements.txt; fi"),
    ("a second try", "COPY requirements.txt .\nRUN apk add gcc || true; pip install -r requirements.txt || exit 1"),
    ("a subshell", "COPY . /app\nRUN (cd /app && pip install -r requirements.txt) && (cd /other; pip install -r requirements.txt)"),
    ("a pipe", "COPY requirements.txt .\nRUN pip install -r requirements.txt 2>&1 | tee /tmp/log"),
    ("a copy inside of the image", "COPY . /app\nRUN cp /app/requirements.txt /tmp/r.txt && pip install -r /tmp/r.txt"),
    ("wheels", "COPY requirements.txt .\nRUN pip wheel --wheel-dir /wheels -r requirements.txt"),
    ("lower case", "copy requirements.txt .\nrun pip install -r requirements.txt"),
    ("a folder that is left", "COPY . /app\nRUN pushd /app && pip install -r requirements.txt && popd && pip install -r requirements.txt"),
    ("an escape", "COPY requirements.txt .\nRUN pip install -r \\\n\\\nrequirements.txt"),
    ("a redirection", "COPY requirements.txt .\nRUN pip install -r requirements.txt > /dev/null"),
    ("an export", "COPY . .\nRUN export F=requirements && pip install -r $F.txt"),
    ("constraints and indexes", "COPY . .\nRUN pip install -c requirements/base.txt -i https://index.example/simple -r requirements.txt --trusted-host x"),
    ("a twin that comes to the same", "COPY requirements.txt .\nRUN pip install -r requirements.txt && pip install -r ./requirements.txt"),
]  # fmt: skip


@pytest.mark.parametrize("text", [text for _, text in ONE], ids=[name for name, _ in ONE])
def test_one_lock_is_installed(text: str) -> None:
    found = installed(SLIM + text + "\n")
    assert [(lock, base) for lock, _, base, _ in found] == [("requirements.txt", "python:3.12-slim")]
    assert all("RUN" in (SLIM + text).splitlines()[line - 1].upper() for _, line, _, _ in found)


SILENT = [
    ("a variable without a value", "ARG ENV\nCOPY . .\nRUN pip install -r requirements/${ENV}.txt"),
    ("a variable that nobody declared", "COPY . .\nRUN pip install -r $FILE"),
    ("a variable of the shell", "COPY . .\nRUN F=$(ls *.txt); pip install -r $F"),
    ("a loop", "ARG f=requirements.txt\nCOPY . .\nRUN for f in requirements/*.txt; do pip install -r $f; done"),
    ("a file that is made in the image", "COPY pyproject.toml .\nRUN poetry export -o /r.txt && pip install -r /r.txt"),
    ("a file that is written over", "COPY . .\nRUN grep -v torch requirements.txt > requirements.txt && pip install -r requirements.txt"),
    ("a file that another takes the place of", "COPY . .\nRUN mv /elsewhere.txt requirements.txt && pip install -r requirements.txt"),
    ("a file of an image", "COPY . .\nCOPY --from=acme/base:1 /out/requirements.txt .\nRUN pip install -r requirements.txt"),
    ("a file of the network", "COPY . .\nADD https://files.example/requirements.txt /\nRUN pip install -r requirements.txt"),
    ("a file of the file itself", "COPY . .\nCOPY <<EOF /requirements.txt\ndjango\nEOF\nRUN pip install -r requirements.txt"),
    ("a folder that nobody knows", "COPY . $SOMEWHERE\nRUN pip install -r $SOMEWHERE/requirements.txt"),
    ("a working directory that nobody knows", "WORKDIR $SOMEWHERE\nCOPY . .\nRUN pip install -r requirements.txt"),
    ("a source that nobody knows", "COPY $FILE requirements.txt\nRUN pip install -r requirements.txt"),
    ("a folder that only the shell knows", "COPY . .\nRUN cd $(mktemp -d) && pip install -r requirements.txt"),
    ("the last folder", "COPY . .\nRUN cd - && pip install -r requirements.txt"),
    ("the home folder", "COPY requirements.txt /root/\nRUN cd && pip install -r requirements.txt; pip install -r ~/requirements.txt"),
    ("parents", "COPY --parents requirements.txt /x/\nRUN pip install -r /x/requirements.txt"),
    ("no COPY", "RUN pip install -r requirements.txt"),
    ("a package", "COPY . .\nRUN pip install . && pip install requirements.txt"),
    ("only constraints", "COPY . .\nRUN pip install -c requirements.txt django"),
    ("another command", "COPY . .\nRUN pip list -r requirements.txt; pip; python setup.py -m pip install -r requirements.txt; python -m; echo"),
    ("other programs", "COPY . .\nRUN conda install -r requirements.txt; uv run x -r requirements.txt; uv pip list; uv pip sync; python -m venv x"),
    ("no operand", "COPY . .\nRUN pip install -r"),
    ("an empty RUN", "COPY . .\nRUN"),
    ("an ADD of a git repository", "ADD git@forge.example:acme/web.git /\nRUN pip install -r /requirements.txt"),
    ("words that start nothing", "COPY . .\nRUN sudo; env A=b; case x in y) echo;; esac; echo > $LOG"),
    ("a quote that does not close", "COPY . .\nRUN pip install -r 'requirements.txt"),
    ("braces that do not close", "COPY . .\nRUN pip install -r ${requirements.txt"),
    ("a malformed folder", "WORKDIR ${\nCOPY . .\nRUN pip install -r requirements.txt"),
    ("a program that reads a here-document", "COPY . .\nRUN python3 <<EOF\npip install -r requirements.txt\nEOF"),
    ("a script of another language", "COPY . .\nRUN <<EOF\n#!/usr/bin/env python3\npip install -r requirements.txt\nEOF"),
    ("a shell without a script", "COPY . .\nRUN sh install.sh; sh -c"),
    ("shells in shells in shells", "COPY . .\nRUN sh -c 'sh -c \"sh -c \\\"sh -c \\\\\\\"pip install -r requirements.txt\\\\\\\"\\\"\"'"),
    ("a mount of an image", "RUN --mount=from=acme/base,target=/x pip install -r /x/requirements.txt"),
    ("a mount that is gone", "RUN --mount=target=/x true\nRUN pip install -r /x/requirements.txt"),
    ("a mount without a place", "RUN --mount=type=bind,source=. --mount pip install -r /requirements.txt"),
    ("another build", "ONBUILD COPY requirements.txt .\nONBUILD RUN pip install -r requirements.txt"),
    ("a pattern that is turned around", "COPY requirements.tx[^t] /\nRUN pip install -r /requirements.txt"),
    ("a pattern that matches nothing", "COPY *.lock /\nRUN pip install -r /requirements.txt"),
    ("COPY of nothing", "COPY requirements.txt\nCOPY\nRUN pip install -r requirements.txt"),
    ("a copy that is not followed", "COPY requirements.txt /a/\nRUN cp -r /a/requirements.txt /b /c && pip install -r /c/requirements.txt; cp /a/x $Y"),
    ("a working directory of nothing", "WORKDIR\nCOPY . .\nRUN pip install -r requirements.txt"),
]  # fmt: skip


@pytest.mark.parametrize("text", [text for _, text in SILENT], ids=[name for name, _ in SILENT])
def test_what_is_not_plain_says_nothing(text: str) -> None:
    assert locks(SLIM + text + "\n") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY . .\nRUN pip install -r requirements.txt -r requirements-dev.txt", ["requirements.txt", "requirements-dev.txt"]),
        ("COPY requirements/ /tmp/requirements/\nRUN pip install -r /tmp/requirements/prod.txt", ["requirements/prod.txt"]),
        ("COPY requirements /tmp\nRUN pip install -r /tmp/base.txt", ["requirements/base.txt"]),
        ("COPY requirements/*.txt /tmp/\nRUN pip install -r /tmp/base.txt -r /tmp/dev.txt", ["requirements/base.txt", "requirements/dev.txt"]),
        ("COPY require* /tmp/\nRUN pip install -r /tmp/requirements.txt -r /tmp/prod.txt", ["requirements.txt", "requirements/prod.txt"]),
        ("ARG ENV=prod\nCOPY . .\nRUN pip install -r requirements/${ENV}.txt", ["requirements/prod.txt"]),
        ("ARG ENV=prod\nENV ENV=dev\nARG ENV=base\nCOPY . .\nRUN pip install -r requirements/$ENV.txt", ["requirements/dev.txt"]),
        ('ARG DEV=false\nCOPY . .\nRUN if [ "$DEV" = true ]; then pip install -r requirements/dev.txt; else pip install -r requirements/prod.txt; fi',
         ["requirements/dev.txt", "requirements/prod.txt"]),
        ("COPY requirements.txt /r.txt\nCOPY requirements/dev.txt /r.txt\nRUN pip install -r /r.txt", ["requirements/dev.txt"]),
        ("COPY requirements.txt /r.txt\nRUN pip install -r /r.txt\nCOPY requirements/dev.txt /r.txt", ["requirements.txt"]),
        ("COPY . /app\nCOPY requirements/dev.txt /app/requirements.txt\nRUN pip install -r /app/requirements.txt", ["requirements/dev.txt"]),
        ("COPY requirements/dev.txt /app/\nCOPY services/web /app\nRUN cd /app && pip install -r dev.txt -r requirements.txt",
         ["requirements/dev.txt", "services/web/requirements.txt"]),
        ("COPY . .\nRUN ENV=dev && pip install -r requirements/$ENV.txt", ["requirements/dev.txt"]),
        ("COPY . .\nRUN mv requirements/dev.txt requirements.txt && pip install -r requirements.txt", ["requirements/dev.txt"]),
        ("COPY . .\nRUN pip-sync requirements.txt -- requirements/dev.txt", ["requirements.txt", "requirements/dev.txt"]),
        ("COPY ../requirements.txt .\nRUN pip install -r requirements.txt", ["requirements.txt"]),
        ("COPY requirements.txt .\nRUN --mount=target=/m cp /m/requirements/dev.txt /d.txt\nRUN pip install -r /d.txt", ["requirements/dev.txt"]),
    ],
)  # fmt: skip
def test_which_files_are_installed(text: str, expected: list[str]) -> None:
    assert locks(SLIM + text + "\n") == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("services/web/Dockerfile", "COPY requirements.txt .\nRUN pip install -r requirements.txt", ["services/web/requirements.txt"]),
        ("services/web/Dockerfile", "COPY . .\nRUN pip install -r requirements.txt", ["services/web/requirements.txt"]),
        ("services/web/Dockerfile", "COPY services/web/requirements.txt .\nRUN pip install -r requirements.txt", ["services/web/requirements.txt"]),
        ("services/web/Dockerfile", "COPY . /app\nWORKDIR /app/services/web\nRUN pip install -r requirements.txt", ["services/web/requirements.txt"]),
        ("services/web/Dockerfile", "COPY requirements/prod.txt /r.txt\nRUN pip install -r /r.txt", ["requirements/prod.txt"]),
        ("services/web/Dockerfile", "COPY app.py requirements.txt dist ./\nRUN pip install -r requirements.txt", ["services/web/requirements.txt"]),
        ("services/web/Dockerfile", "COPY web/requirements.txt api/reqs.txt ./\nRUN pip install -r reqs.txt", ["services/api/reqs.txt"]),
        ("deploy/Dockerfile", "COPY . .\nRUN pip install -r requirements.txt", ["requirements.txt"]),
        ("docker/web/Dockerfile", "COPY requirements.txt /\nRUN pip install -r /requirements.txt", ["requirements.txt"]),
        ("services/web/Dockerfile", "RUN --mount=type=bind,source=requirements/dev.txt,target=/d.txt pip install -r /d.txt", ["requirements/dev.txt"]),
    ],
)  # fmt: skip
def test_the_build_context_is_the_folder_that_has_what_is_copied(path: str, text: str, expected: list[str]) -> None:
    assert locks(SLIM + text + "\n", path) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM python:3.12 AS build\nCOPY requirements.txt .\nRUN pip wheel -r requirements.txt -w /wheels\n"
         "FROM python:3.12-slim\nCOPY --from=build /wheels /wheels\nRUN pip install /wheels/*\n",
         [("requirements.txt", 3, "python:3.12", "")]),
        ("FROM python:3.11 AS base\nWORKDIR /app\nCOPY . .\nFROM base AS final\nRUN pip install -r requirements.txt\n",
         [("requirements.txt", 5, "python:3.11", "")]),
        ("FROM python:3.11 AS a\nFROM a AS b\nFROM B AS c\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
         [("requirements.txt", 5, "python:3.11", "")]),
        ("FROM python:3.11 AS base\nCOPY requirements.txt /r/\nFROM base\nRUN pip install -r /r/requirements.txt\n"
         "FROM base AS test\nCOPY requirements-dev.txt /r/\nRUN pip install -r /r/requirements-dev.txt\n",
         [("requirements.txt", 4, "python:3.11", ""), ("requirements-dev.txt", 7, "python:3.11", "")]),
        ("FROM alpine AS files\nCOPY . /src\nFROM python:3.12\nCOPY --from=files /src/requirements /r\nRUN pip install -r /r/base.txt\n",
         [("requirements/base.txt", 5, "python:3.12", "")]),
        ("FROM alpine AS files\nCOPY . /src\nFROM python:3.12\nCOPY --from=0 /src/requirements.txt /\nRUN pip install -r requirements.txt\n",
         [("requirements.txt", 5, "python:3.12", "")]),
        ("FROM alpine AS files\nCOPY requirements.txt /src/a/\nFROM python:3.12\nCOPY --from=files /src /r\nRUN pip install -r /r/a/requirements.txt\n",
         [("requirements.txt", 5, "python:3.12", "")]),
        ("FROM alpine AS files\nCOPY requirements.txt /\nFROM python:3.12\nCOPY --from=files / /r\nRUN pip install -r /r/requirements.txt\n",
         [("requirements.txt", 5, "python:3.12", "")]),
        ("FROM python:3.12 AS export\nRUN poetry export -o /requirements.txt\nFROM python:3.12\nCOPY . /\nCOPY --from=export /requirements.txt /\n"
         "RUN pip install -r requirements.txt\n", []),
        ("FROM python:3.12\nCOPY --from=7 /requirements.txt /\nRUN pip install -r requirements.txt\n", []),
        ("FROM alpine AS files\nCOPY . /src\nFROM python:3.12\nRUN --mount=from=files,source=/src/requirements.txt,target=/r.txt pip install -r /r.txt\n",
         [("requirements.txt", 4, "python:3.12", "")]),
        ("ARG V=3.12\nARG ENV=prod\nFROM python:${V}-slim\nARG ENV\nCOPY . .\nRUN pip install -r requirements/$ENV.txt\n",
         [("requirements/prod.txt", 6, "python:3.12-slim", "")]),
        ("ARG ENV=prod\nFROM python:3.12\nCOPY . .\nRUN pip install -r requirements/$ENV.txt\n", []),
        ("ARG BASE\nFROM $BASE\nCOPY . .\nRUN pip install -r requirements.txt\n", [("requirements.txt", 4, "", "")]),
        ("FROM ${\nCOPY . .\nRUN pip install -r requirements.txt\n", [("requirements.txt", 3, "", "")]),
        ("FROM\nCOPY . .\nRUN pip install -r requirements.txt\n", [("requirements.txt", 3, "", "")]),
        ("FROM scratch\nCOPY . .\nRUN pip install -r requirements.txt\n", [("requirements.txt", 3, "", "")]),
        ("COPY . .\nRUN pip install -r requirements.txt\n", []),
        ("FROM ubuntu:24.04\nCOPY . .\nRUN python3.11 -m pip install -r requirements.txt\n", [("requirements.txt", 3, "ubuntu:24.04", "3.11")]),
        ("FROM ubuntu:24.04\nCOPY . .\nRUN pip3.10 install -r requirements.txt\n", [("requirements.txt", 3, "ubuntu:24.04", "3.10")]),
        ("FROM ubuntu\nCOPY . .\nRUN uv pip install --python=3.13 -r requirements.txt\n", [("requirements.txt", 3, "ubuntu", "3.13")]),
        ("FROM ubuntu\nCOPY . .\nRUN uv pip sync -p /usr/bin/python3.9 requirements.txt\n", [("requirements.txt", 3, "ubuntu", "3.9")]),
        ("FROM ubuntu\nCOPY . .\nRUN uv pip install -p /venv -r requirements.txt\n", [("requirements.txt", 3, "ubuntu", "")]),
        ("FROM ubuntu\nCOPY . .\nRUN pip install --target /t --python-version 3.8.1 -r requirements.txt\n", [("requirements.txt", 3, "ubuntu", "3.8")]),
        ("# escape=`\nFROM python:3.12\nCOPY requirements.txt `\n  .\nRUN pip install `\n  -r requirements.txt\n",
         [("requirements.txt", 5, "python:3.12", "")]),
    ],
)  # fmt: skip
def test_stages_and_interpreters(text: str, expected: list[tuple[str, int, str, str]]) -> None:
    assert installed(text) == expected


def test_the_platform_is_that_of_the_image_at_the_bottom() -> None:
    text = "FROM --platform=linux/arm64 python:3.12 AS a\nFROM a\nCOPY . .\nRUN pip install -r requirements.txt\n"
    (found,) = installs("Dockerfile", text, Paths.of(FILES))
    assert found.base is not None
    assert (found.base.platform, found.base.line, found.where) == ("linux/arm64", 1, "Dockerfile:4")


def test_a_file_that_is_too_long_says_nothing() -> None:
    text = SLIM + "COPY . .\nRUN pip install -r requirements.txt\n" + "#" * 262_144
    assert locks(text) == []


def test_stages_that_copy_from_stages_do_not_grow_without_end() -> None:
    stages = [f"FROM a AS s{n}\nCOPY --from=s{n - 1} / /a/\nCOPY --from=s{n - 1} / /b/\n" for n in range(1, 40)]
    assert locks("FROM a AS s0\nCOPY requirements.txt /\n" + "".join(stages)) == []


def test_patterns_without_end_are_not_all_tried() -> None:
    text = (
        SLIM
        + "COPY requirements*.txt /a/\n" * 101
        + "COPY requirements*.txt /b/\nRUN pip install -r {}/requirements.txt\n"
    )
    assert locks(text.format("/a")) == ["requirements.txt"]
    assert locks(text.format("/b")) == []


WORDS = st.sampled_from([
    "FROM", "python:3.12", "AS", "x", "COPY", "--from=x", ".", "requirements.txt", "RUN", "pip", "install", "-r", "&&", ";",
    "(", ")", "$", "${", "}", "'", '"', "`", "\\", "\n", "<<EOF", "EOF", "WORKDIR", "/", "ENV", "ARG", "A=b", "$A", "cd", ">",
    "--mount=target=.", "[", "]", "*", "sh", "-c",
])  # fmt: skip


@given(st.lists(WORDS, max_size=60).map(" ".join) | st.text(max_size=200))
def test_nothing_makes_it_fail_and_it_only_names_files_of_the_repository(text: str) -> None:
    for found in installs("services/web/Dockerfile", text, Paths.of(FILES)):
        assert found.lock in FILES
        assert 1 <= found.line <= text.count("\n") + 1


def test_a_script_that_runs_itself_is_not_followed_without_end() -> None:
    again = 'sh -c "$A"; ' * 300
    text = f"FROM python:3.12\nCOPY . .\nRUN A='{again}'; {again} pip install -r requirements.txt\n"
    found = installs("Dockerfile", text, Paths.of({"Dockerfile", "requirements.txt"}))
    assert [one.lock for one in found] == ["requirements.txt"]
