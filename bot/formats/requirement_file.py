"""Source files of locks (`requirements.in`, `constraints.txt`, pyproject.toml, setup.cfg, setup.py): text to values."""

from bot.formats import project_file, requirement_lines, setup_file
from bot.formats.requirement_lines import Line, logical_lines
from bot.formats.requirement_source import Build, RequirementFile, Where, gather

__all__ = ["Build", "Line", "RequirementFile", "logical_lines", "parse"]


def parse(path: str, text: str, *, constraint: bool = False, group: str = "") -> RequirementFile:
    """Read one source; what is not understood is an Unreadable row with its line, never dropped.

    `constraint` says that it was named by `-c`, `group` to which extra or group its lines belong.
    """
    name = path.rpartition("/")[2]
    if name.endswith(".toml"):
        return project_file.parse(path, text)
    if name.endswith(".cfg"):
        return setup_file.parse_cfg(path, text)
    if name.endswith(".py"):
        return setup_file.parse_py(path, text)
    return gather(
        [
            requirement_lines.read(Where(path=path, line=line.number, constraint=constraint, group=group), line.text)
            for line in logical_lines(text)
        ]
    )
