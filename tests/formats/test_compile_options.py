"""The tables of options, held against what the installed tools say of themselves."""

import re
import sys
from pathlib import Path

import pytest
import uv

from bot.formats import compile_options
from bot.formats.compile_options import Kind
from bot.model.locks import LockerName
from bot.system.process import base_environment, run

SPELLINGS = re.compile(r"^\s{0,10}(-[^\s].*)$", re.MULTILINE)
NAME = re.compile(r"(?<![\w<-])(--?[A-Za-z][A-Za-z0-9-]*)")
HELP = {
    LockerName.PIP_TOOLS: [sys.executable, "-m", "piptools", "compile", "--help"],
    LockerName.UV_PIP: [uv.find_uv_bin(), "help", "pip", "compile"],
}


def printed(locker: LockerName) -> set[str]:
    done = run(HELP[locker], cwd=Path.cwd(), timeout=60, env=base_environment())
    assert done.code == 0, done.stderr
    lines = (re.split(r"\s{2,}", line)[0] for line in SPELLINGS.findall(done.stdout))
    return {name for line in lines for name in NAME.findall(line)}


@pytest.mark.parametrize("locker", list(HELP))
def test_every_option_that_the_installed_tool_prints_is_known(locker: LockerName) -> None:
    names = printed(locker)
    assert {"--help", "--output-file", "-o", "--no-annotate", "--index-url", "-q"} <= names
    assert sorted(name for name in names if compile_options.find(locker, name) is None) == []


@pytest.mark.parametrize("table", [compile_options.PIP_COMPILE, compile_options.UV_COMPILE])
def test_no_spelling_stands_twice_and_every_dangerous_option_says_why_and_what_to_do(
    table: tuple[compile_options.Option, ...],
) -> None:
    spellings = [name for option in table for name in (option.name, *option.aliases, option.twin) if name]
    assert len(spellings) == len(set(spellings))
    for option in table:
        assert bool(option.why and option.remedy) is (option.kind is Kind.DANGEROUS), option.name
