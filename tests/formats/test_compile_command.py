"""Which options of a header are replayed, dropped and refused."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import compile_command
from bot.formats.compile_command import CompileCommand, NamedIndex
from bot.formats.compile_prefix import Unreplayable
from bot.model.locks import LockerName


def parsed(command: str) -> CompileCommand:
    found = compile_command.read(command)
    assert isinstance(found, CompileCommand), found
    return found


@dataclass(frozen=True, kw_only=True)
class Real:
    """What a header of a real project comes to."""

    command: str
    arguments: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    output: str | None = None
    refused: tuple[str, ...] = ()
    folder: str = ""
    locker: LockerName = LockerName.PIP_TOOLS


REAL = [
    Real(
        command="pip-compile --allow-unsafe --generate-hashes --output-file=requirements/deploy.txt requirements/deploy.in",
        arguments=("--allow-unsafe", "--generate-hashes"), sources=("requirements/deploy.in",),
        output="requirements/deploy.txt",
    ),
    Real(
        command="pip-compile --allow-unsafe --constraint=requirements/main.txt --generate-hashes"
        " --output-file=requirements/tests.txt --strip-extras requirements/tests.in",
        arguments=("--allow-unsafe", "--constraint=requirements/main.txt", "--generate-hashes", "--strip-extras"),
        sources=("requirements/tests.in",), output="requirements/tests.txt",
    ),
    Real(
        command="pip-compile --output-file=requirements/pip.txt --resolver=backtracking --uploaded-prior-to=P14D"
        " requirements/pip.in",
        arguments=("--resolver=backtracking", "--uploaded-prior-to=P14D"), sources=("requirements/pip.in",),
        output="requirements/pip.txt",
    ),
    Real(
        command="pip-compile --cert=None --client-cert=None --index-url=None --output-file=requirements/edx/base.txt"
        " --pip-args=None requirements/edx/base.in",
        sources=("requirements/edx/base.in",), output="requirements/edx/base.txt",
    ),
    Real(
        command="pip-compile --allow-unsafe --generate-hashes --output-file=securedrop/requirements/python3/requirements.txt"
        " ../admin/requirements.in securedrop/requirements/python3/requirements.in",
        arguments=("--allow-unsafe", "--generate-hashes"),
        sources=("../admin/requirements.in", "securedrop/requirements/python3/requirements.in"),
        output="securedrop/requirements/python3/requirements.txt",
    ),
    Real(command="pip-compile --extra=dev --extra web -o dev.txt pyproject.toml",
         arguments=("--extra=dev", "--extra=web"), sources=("pyproject.toml",), output="dev.txt"),
    Real(command="pip-compile --all-extras pyproject.toml", arguments=("--all-extras",), sources=("pyproject.toml",)),
    Real(command="pip-compile --group=dev pyproject.toml", sources=("pyproject.toml",), refused=("--group",)),
    Real(command="uv pip compile --universal --group dev --group tools/pyproject.toml:lint -o requirements.txt",
         arguments=("--universal", "--group=dev", "--group=tools/pyproject.toml:lint"), output="requirements.txt",
         locker=LockerName.UV_PIP),
    Real(command="uv pip compile --python-version 3.12 --python-platform linux -p 3.11 --no-annotate a.in -o a.txt",
         arguments=("--python-version=3.12", "--python-platform=linux", "--no-annotate"), sources=("a.in",),
         output="a.txt", locker=LockerName.UV_PIP),
    Real(command="uv pip compile -c=c.txt --overrides o.txt --excludes x.txt -b b.txt --refresh --color never a.in",
         arguments=("--constraint=c.txt", "--override=o.txt", "--exclude=x.txt", "--build-constraint=b.txt"),
         sources=("a.in",), locker=LockerName.UV_PIP),
    Real(command="uv pip compile a.in --torch-backend=cpu --config-setting a=b --find-links ./wheels",
         sources=("a.in",), refused=("--torch-backend", "--config-setting", "--find-links"), locker=LockerName.UV_PIP),
    Real(command="python -m piptools compile a.in", sources=("a.in",)),
    Real(command="python3.11 -m piptools compile a.in", sources=("a.in",)),
    Real(command="py -3.11 -m piptools compile a.in", sources=("a.in",)),
    Real(command="python -m uv pip compile a.in", sources=("a.in",), locker=LockerName.UV_PIP),
    Real(command="./venv/bin/pip-compile a.in", sources=("a.in",)),
    Real(command="uvx --from pip-tools pip-compile a.in", sources=("a.in",)),
    Real(command="uvx --from=pip-tools==7.4.1 --python 3.11 pip-compile a.in", sources=("a.in",)),
    Real(command="uv tool run --from pip-tools pip-compile a.in", sources=("a.in",)),
    Real(command="uv run pip-compile a.in", sources=("a.in",)),
    Real(command="uv run --with pip-tools --no-project python -m piptools compile a.in", sources=("a.in",)),
    Real(command="pipx run --spec pip-tools pip-compile a.in", sources=("a.in",)),
    Real(command="pipenv run pip-compile a.in", sources=("a.in",)),
    Real(command="cd requirements && pip-compile a.in", sources=("a.in",), folder="requirements"),
    Real(command="cd a && uv pip compile --directory b a.in", sources=("a.in",), folder="a/b", locker=LockerName.UV_PIP),
    Real(command="CUSTOM_COMPILE_COMMAND='make x' pip-compile a.in", sources=("a.in",)),
    Real(command="env LC_ALL=C pip-compile a.in", sources=("a.in",)),
    Real(command="pip-compile", sources=()),
]  # fmt: skip


@pytest.mark.parametrize("real", REAL, ids=lambda real: real.command)
def test_the_headers_of_real_projects(real: Real) -> None:
    command = parsed(real.command)
    assert Real(
        command=real.command, arguments=command.arguments, sources=command.sources, output=command.output,
        refused=command.refused, folder=command.folder, locker=command.locker,
    ) == real  # fmt: skip


@pytest.mark.parametrize(
    ("command", "why", "exported"),
    [
        ("", "its header names no command", False),
        ("make upgrade", "its header names 'make upgrade', which is no compile command that can be replayed", False),
        ("docker compose run web pip-compile a.in", "is no compile command that can be replayed", False),
        ("tox -e pip-compile", "is no compile command that can be replayed", False),
        ("python", "is no compile command that can be replayed", False),
        ("uv", "is no compile command that can be replayed", False),
        ("uvx", "is no compile command that can be replayed", False),
        ("uv run --with", "is no compile command that can be replayed", False),
        ("python -m black", "is no compile command that can be replayed", False),
        (
            "uv export --frozen -o requirements.txt",
            "is made from uv.lock by uv export, not compiled from sources",
            True,
        ),
        ("poetry export -o a.txt", "is made from poetry.lock", True),
        ("pip-compile-multi", "is written by pip-compile-multi", True),
        ("pip-compile 'unclosed", "has a quote that is not closed", False),
        ("pip-compile a.in && pip-compile b.in", "is more than one command", False),
        ("pip-compile $(cat words)", "is more than one command", False),
        ("PIP_INDEX_URL=https://user:secret@x.example/ pip-compile", "which sets PIP_INDEX_URL", False),
        ("uvx --from evil pip-compile a.in", "from a package that is neither pip-tools nor uv", False),
        ("uv run --env-file .env pip-compile", "runs the command with --env-file", False),
        ("make\x07 " + "x" * 200, "'make? " + "x" * 114 + "…'", False),
    ],
)
def test_another_command_is_not_replayed_and_says_why(command: str, why: str, exported: bool) -> None:
    found = compile_command.read(command)
    assert isinstance(found, Unreplayable)
    assert why in found.why
    assert "secret" not in found.why
    assert found.exported is exported
    assert compile_command.parse(command) is None


def test_options_sources_and_output_are_told_apart() -> None:
    command = parsed(
        "pip-compile --allow-unsafe --extra=web --extra dev -c limits.txt -o out.txt --upgrade -P django -q a.in b.in"
    )
    assert command.options == (
        ("--allow-unsafe", ""), ("--extra", "web"), ("--extra", "dev"), ("--constraint", "limits.txt"),
    )  # fmt: skip
    assert command.sources == ("a.in", "b.in")
    assert command.output == "out.txt"
    assert command.refused == ()
    assert command.values("--extra") == ("web", "dev")
    assert command.paths == (("--constraint", "limits.txt"),)


@pytest.mark.parametrize(
    ("command", "options", "output", "refused"),
    [
        ("pip-compile -qU a.in", (), None, ()),
        ("pip-compile -pqoout.txt a.in", (("--pre", ""),), "out.txt", ()),
        ("pip-compile -o=out.txt a.in", (), "=out.txt", ()),
        ("uv pip compile -o=out.txt a.in", (), "out.txt", ()),
        ("pip-compile -qX a.in", (), None, ("-X",)),
        ("pip-compile --annot a.in", (), None, ("--annot",)),
        ("pip-compile --annotate=yes a.in", (), None, ("--annotate",)),
        ("pip-compile --annotate=None a.in", (), None, ()),
        ("pip-compile a.in --extra", (), None, ("--extra",)),
        ("pip-compile --no-header --header a.in", (("--no-header", ""), ("--header", "")), None, ()),
        ("uv pip compile --cert=None a.in", (), None, ("--cert",)),
    ],
)
def test_words_are_read_as_the_tools_read_them(
    command: str, options: tuple[tuple[str, str], ...], output: str | None, refused: tuple[str, ...]
) -> None:
    found = parsed(command)
    assert (found.options, found.output, found.refused) == (options, output, refused)
    assert found.sources == ("a.in",)


@pytest.mark.parametrize(
    ("command", "sentences"),
    [
        ("pip-compile --trusted-host evil.example a.in",
         ["--trusted-host turns off the check of a host's certificate; the operator sets that in pip's own configuration"
          " of the service"]),
        ("pip-compile --find-links=https://u:p@evil.example/x a.in",
         ["--find-links takes files from a folder or a page that is no package index; publish them in a package index"
          " and have the operator list its host in an [[index]] table"]),
        ("pip-compile --cert x.pem --brand-new-option a.in",
         ["--cert names a certificate of another machine; the operator sets that in pip's own configuration of the service",
          "--brand-new-option is no option of pip-compile that this version knows; take it out of the command, or"
          " describe the lock in [[locks]] of .quarterdeck.toml"]),
        ("pip-compile --generate-hash a.in",
         ["--generate-hash is no option of pip-compile that this version knows; did you mean --generate-hashes?"]),
        ("pip-compile -c https://u:p@x.example/limits.txt a.in",
         ["--constraint names an address instead of a file of the repository; put the file into the repository and name"
          " it by a relative path"]),
        ("pip-compile -c /etc/limits.txt a.in",
         ["--constraint names a file outside the repository; put the file into the repository and name it by a relative"
          " path"]),
        ("pip-compile -i ./folder a.in", ["--index-url names no http or https address; write the address of a package index"]),
        ("pip-compile -i http://[ a.in", ["--index-url names no http or https address; write the address of a package index"]),
        ("uv pip compile --nonsense a.in",
         ["--nonsense is no option of uv pip compile that this version knows; take it out of the command, or describe the"
          " lock in [[locks]] of .quarterdeck.toml"]),
    ],
)  # fmt: skip
def test_a_refusal_says_why_and_what_to_do_and_repeats_no_value(command: str, sentences: list[str]) -> None:
    assert [refusal.sentence for refusal in parsed(command).refusals] == sentences


@pytest.mark.parametrize(
    ("arguments", "options", "refused"),
    [
        ("--retries 5 --timeout=60 --disable-pip-version-check -qq --prefer-binary --no-input", (), []),
        ("--pre --uploaded-prior-to P14D", (("--pre", ""), ("--uploaded-prior-to", "P14D")), []),
        ("--only-binary :all:", (), []),
        ("--only-binary=six", (), ["holds --only-binary"]),
        ("--extra-index-url https://u:p@evil.example/ --no-deps", (), ["holds --extra-index-url", "holds --no-deps"]),
        ("-ihttps://u:p@evil.example/", (), ["holds -i"]),
        ("--no-index six --trusted-host", (),
         ["holds --no-index", "holds a word that is no option",
          "holds --trusted-host, which turns off the check of a host's certificate"]),
        ("--index-url", (), ["holds --index-url"]),
        ("--timeout", (), []),
        ("'", (), ["has a quote that is not closed"]),
    ],
)  # fmt: skip
def test_the_words_for_pip_are_judged_one_by_one(
    arguments: str, options: tuple[tuple[str, str], ...], refused: list[str]
) -> None:
    command = compile_command.of_words(LockerName.PIP_TOOLS, [f"--pip-args={arguments}", "a.in"], "x.toml:3")
    assert command.options == options
    assert [refusal.why for refusal in command.refusals] == refused
    assert {(refusal.option, refusal.place) for refusal in command.refusals} <= {("--pip-args", "x.toml:3")}


def test_indexes_are_named_apart_from_the_other_options() -> None:
    command = parsed(
        "pip-compile -i https://zero.example/ --extra-index-url=https://two.example --index-url https://one.example/simple"
        " --extra-index-url=https://two.example a.in"
    )
    assert command.options == ()
    assert command.indexes == (
        "https://zero.example/", "https://two.example", "https://one.example/simple", "https://two.example",
    )  # fmt: skip
    assert command.index_url == "https://one.example/simple"
    assert command.extra_indexes == ("https://two.example",)
    uv = parsed("uv pip compile --index acme=https://u:p@one.example/s?a=b --default-index https://two.example a.in")
    assert uv.index_options == (
        NamedIndex(option="--index", url="https://u:p@one.example/s?a=b"),
        NamedIndex(option="--default-index", url="https://two.example"),
    )
    assert "u:p" not in repr(uv)


def test_what_decides_about_files_and_python_is_known_though_it_is_not_replayed() -> None:
    command = parsed("pip-compile --config=x.toml --cache-dir=/c --dry-run a.in")
    assert (command.config, command.reads_config, command.options) == ("x.toml", True, ())
    assert parsed("pip-compile --no-config a.in").reads_config is False
    assert parsed("uv pip compile --config-file u.toml a.in").config == "u.toml"
    assert parsed("uv pip compile -p python3.11 a.in").python == "3.11"
    assert parsed("uv pip compile -p ./venv/bin/python a.in").python == ""


def test_everything_behind_two_dashes_is_a_source() -> None:
    command = parsed("python -m piptools compile -- -odd.in")
    assert command.sources == ("-odd.in",)
    assert command.locker is LockerName.PIP_TOOLS


def test_standard_input_is_a_source_of_its_own() -> None:
    assert parsed("uv pip compile - -o a.txt").sources == ("-",)


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("pip-compile", "requirements.txt"),
        ("pip-compile setup.py", "requirements.txt"),
        ("pip-compile web/pyproject.toml", "web/requirements.txt"),
        ("pip-compile req/dev.in", "req/dev.txt"),
        ("pip-compile req.d/dev", "req.d/dev.txt"),
        ("pip-compile -o - a.in", None),
        ("uv pip compile a.in", None),
        ("uv pip compile a.in -o b.txt", "b.txt"),
    ],
)
def test_the_default_output_is_pip_tools_own(command: str, output: str | None) -> None:
    assert compile_command.default_output(parsed(command)) == output


@pytest.mark.parametrize(
    ("directory", "written", "path"),
    [
        ("", "a.in", "a.in"), ("sub", "../a.in", "a.in"), ("sub", "./b/../a.in", "sub/a.in"),
        ("", "../a.in", None), ("sub", "../../a.in", None), ("", "/etc/passwd", None), ("a", "..", "."),
        ("", "..", None),
    ],
)  # fmt: skip
def test_a_path_never_leaves_the_repository(directory: str, written: str, path: str | None) -> None:
    assert compile_command.inside(directory, written) == path


WORDS = st.lists(
    st.sampled_from(
        ["--", "-", "-o", "-qU", "--pip-args", "--index", "x=http://[", "--group", ":", "cd", "&&", "a.in", "-c"]
    )
    | st.text()
)


@given(st.sampled_from(["pip-compile ", "uv pip compile ", "cd x && uv run ", ""]), st.text())
def test_no_text_makes_the_parser_fail(start: str, text: str) -> None:
    compile_command.parse(start + text)


@given(st.sampled_from([LockerName.PIP_TOOLS, LockerName.UV_PIP]), WORDS)
def test_no_words_make_the_reader_fail_and_what_is_kept_stays_what_it_was(locker: LockerName, words: list[str]) -> None:
    command = compile_command.of_words(locker, words)
    again = compile_command.of_words(locker, command.arguments)
    assert again.options == command.options
    assert again.refusals == ()


def test_the_no_index_that_pip_tools_7_4_writes_means_nothing() -> None:
    found = compile_command.parse(
        "pip-compile --cert=None --client-cert=None --index-url=None --no-index --output-file=a.txt --pip-args=None a.in"
    )
    assert found is not None
    assert (found.refused, found.options) == ((), ())


def test_a_span_that_uv_writes_without_quotes_is_one_value() -> None:
    found = compile_command.parse("uv pip compile --exclude-newer 30 days a.in -o a.txt")
    assert found is not None
    assert (found.options, found.sources) == ((("--exclude-newer", "30 days"),), ("a.in",))
