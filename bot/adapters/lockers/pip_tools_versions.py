"""Which pip fits which pip-tools: pip-tools reaches into pip's internals, so each of its versions ends at some pip.

Every limit was found by compiling, with and without hashes, with both of pip-tools' resolvers.
"""

from packaging.version import InvalidVersion, Version

ENDS = (
    ("7.6.1", ""), ("7.5.3", "26.2"), ("7.5.2", "26"), ("7.5", "25.3"), ("7.0", "24.3"), ("6.13", "23.2"),
    ("6.6.1", "23.1"), ("6.5", "22.1"), ("6.4", "22"), ("5.4", "21.3"), ("5.1", "20.3"), ("0", "20.1"),
)  # fmt: skip
"""From this pip-tools on, pip must be older than that; "" where every pip fits so far."""
WITH_SETUPTOOLS = Version("7")
OLD_SETUPTOOLS = ("setuptools<70", "wheel")  # what stands in for pkg_resources and builds where pip is old


def parsed(text: str) -> Version | None:
    """Read a version, None where it is none."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def fitting_pip(pip_tools: Version) -> str:
    """Give the requirement that holds pip to what fits: `pip<25.1`, or `pip` where every one does."""
    end = next(end for start, end in ENDS if pip_tools >= Version(start))
    return f"pip<{end}" if end else "pip"


def requirements(pip_tools: Version) -> tuple[str, ...]:
    """Give what is installed for a pinned pip-tools."""
    old = OLD_SETUPTOOLS if pip_tools < WITH_SETUPTOOLS else ()
    return (f"pip-tools=={pip_tools}", fitting_pip(pip_tools), *old)
