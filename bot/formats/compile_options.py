"""Every option of pip-compile and `uv pip compile`: what it takes, and what becomes of it when a header is replayed.

The tables follow `pip-compile --help` (7.6), `uv help pip compile` (0.13), the options that pip-tools 5 and 6 had,
and uv's hidden aliases. A test asks the installed tools for their help, so that a new option cannot slip past.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from bot.model.locks import LockerName


class Kind(StrEnum):
    """What becomes of an option."""

    SAFE = "kept"
    PATH = "kept, and its file must stay inside the repository"
    HOST = "kept as a package index, whose host must be the operator's"
    OURS = "dropped, because Quarterdeck decides it"
    OUTPUT = "where the lock is written"
    PIP_ARGS = "words for pip, each judged by itself"
    DANGEROUS = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option; `twin` is its negation (`--no-annotate`), `why` and `remedy` tell of a refused one."""

    name: str
    kind: Kind
    takes_value: bool = False
    aliases: tuple[str, ...] = ()
    twin: str = ""
    why: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An option that is not replayed, why, and what somebody can do instead; never its value, which may be secret.

    `place` says where it stands when that is not the command itself: `pyproject.toml:12`.
    """

    option: str
    why: str
    remedy: str
    place: str = ""

    @property
    def sentence(self) -> str:
        """The refusal in one line."""
        return f"{self.option} {self.why}; {self.remedy}"


PIP_CONF = "the operator sets that in pip's own configuration of the service"
INDEX_TABLE = "publish them in a package index and have the operator list its host in an [[index]] table"
FROM_SOURCE = "drop it; the operator names what may be built in [policy] build_from_source"
LOCKS_TABLE = "take it out of the command, or describe the lock in [[locks]] of .quarterdeck.toml"
FIND_LINKS = "takes files from a folder or a page that is no package index"
CERTIFICATE = "names a certificate of another machine"
UNCHECKED = "turns off the check of a host's certificate"
NOTHING = "compiles nothing"
COMPILE = "let the header name the command that writes the lock"
NOT_UVS = "is refused by uv itself"


def _options(kind: Kind, specs: str, why: str = "", remedy: str = "") -> list[Option]:
    """Read `-p,--pre`, `--annotate/--no-annotate` and `--extra=` (it takes a value); the last name is canonical."""
    options = []
    for spec in specs.split():
        names, _, twin = spec.removesuffix("=").partition("/")
        *aliases, name = names.split(",")
        valued = spec.endswith("=")
        one = Option(
            name=name, kind=kind, takes_value=valued, aliases=tuple(aliases), twin=twin, why=why, remedy=remedy
        )
        options.append(one)
    return options


PIP_COMPILE = (
    *_options(
        Kind.SAFE,
        "-p,--pre --extra= --all-extras --uploaded-prior-to= --header/--no-header --annotate/--no-annotate"
        " --emit-trusted-host/--no-emit-trusted-host --annotation-style= --newline= --allow-unsafe/--no-allow-unsafe"
        " --strip-extras/--no-strip-extras --generate-hashes --reuse-hashes/--no-reuse-hashes --max-rounds="
        " --build-isolation --emit-find-links/--no-emit-find-links --resolver= --unsafe-package="
        " --index,--emit-index-url/--no-emit-index-url --emit-options/--no-emit-options",
    ),
    *_options(Kind.PATH, "-c,--constraint="),
    *_options(Kind.HOST, "-i,--index-url= --extra-index-url="),
    *_options(
        Kind.OURS,
        "--color/--no-color -v,--verbose -q,--quiet -n,--dry-run -r,--rebuild -U,--upgrade/--no-upgrade"
        " -P,--upgrade-package= --cache-dir= --config= --no-config"
        " --no-index",  # pip-tools 7.4 writes it beside --index-url=None, and alone it would find nothing
    ),
    *_options(Kind.OUTPUT, "-o,--output-file="),
    *_options(Kind.PIP_ARGS, "--pip-args="),
    *_options(Kind.DANGEROUS, "-f,--find-links=", FIND_LINKS, INDEX_TABLE),
    *_options(Kind.DANGEROUS, "--cert= --client-cert=", CERTIFICATE, PIP_CONF),
    *_options(Kind.DANGEROUS, "--trusted-host=", UNCHECKED, PIP_CONF),
    *_options(Kind.DANGEROUS, "--no-build-isolation", "builds with what is installed beside pip", FROM_SOURCE),
    *_options(
        Kind.DANGEROUS, "--build-deps-for= --all-build-deps --only-build-deps", "runs the project's build backend",
        "list what the build requires in a source of its own",
    ),
    *_options(
        Kind.DANGEROUS, "--group=", "is no option of pip-compile, which reads no dependency groups",
        "compile with uv, or list the group's requirements in a source",
    ),
    *_options(Kind.DANGEROUS, "-h,--help --version", NOTHING, COMPILE),
)  # fmt: skip

UV_COMPILE = (
    *_options(
        Kind.SAFE,
        "--extra= --all-extras/--no-all-extras --group= --no-deps/--deps --strip-extras/--no-strip-extras"
        " --strip-markers/--no-strip-markers --annotate/--no-annotate --header/--no-header --annotation-style="
        " --generate-hashes/--no-generate-hashes --require-build-hashes/--no-require-build-hashes --no-build/--build"
        " --no-binary= --only-binary= --python-version= --python-platform= --universal/--no-universal"
        " --unsafe-package,--no-emit-package= --emit-index-url/--no-emit-index-url"
        " --emit-find-links/--no-emit-find-links --emit-build-options/--no-emit-build-options"
        " --emit-index-annotation/--no-emit-index-annotation --emit-marker-expression/--no-emit-marker-expression"
        " --index-strategy= --resolution= --pre --prerelease= --prerelease-package= --fork-strategy= --exclude-newer="
        " --exclude-newer-package= --no-sources --no-sources-package= --build-isolation",
    ),
    *_options(
        Kind.PATH,
        "-c,--constraints,--constraint= --overrides,--override= --excludes,--exclude="
        " -b,--build-constraints,--build-constraint=",
    ),
    *_options(Kind.HOST, "-i,--index-url= --default-index= --extra-index-url= --index="),
    *_options(
        Kind.OURS,
        "-U,--upgrade/--no-upgrade -P,--upgrade-package= --upgrade-group= -q,--quiet -v,--verbose --color= --no-color"
        " --no-progress --custom-compile-command= -n,--no-cache-dir,--no-cache --cache-dir= --refresh/--no-refresh"
        " --refresh-package= --link-mode= --system/--no-system -p,--python= --managed-python/--no-managed-python"
        " --python-preference= --python-fetch= --no-python-downloads/--allow-python-downloads --keyring-provider="
        " --native-tls/--no-native-tls --system-certs/--no-system-certs --offline/--no-offline --project= --directory="
        " --config-file= --no-config --isolated --preview/--no-preview --preview-features= --legacy-setup-py"
        " --allow-unsafe/--no-allow-unsafe --no-reuse-hashes --resolver= --no-emit-trusted-host --no-emit-options",
    ),
    *_options(Kind.OUTPUT, "-o,--output-file="),
    *_options(Kind.DANGEROUS, "-f,--find-links=", FIND_LINKS, INDEX_TABLE),
    *_options(Kind.DANGEROUS, "--cert= --client-cert=", CERTIFICATE, PIP_CONF),
    *_options(Kind.DANGEROUS, "--trusted-host,--allow-insecure-host=", UNCHECKED, PIP_CONF),
    *_options(Kind.DANGEROUS, "--no-index", "leaves out every package index", "drop it"),
    *_options(
        Kind.DANGEROUS, "--format=", "writes another form of lock, which can be read, but not written yet",
        "write a requirements file",
    ),
    *_options(
        Kind.DANGEROUS, "--no-build-isolation --no-build-isolation-package=", "builds with what is installed beside uv",
        FROM_SOURCE,
    ),
    *_options(
        Kind.DANGEROUS, "-C,--config-settings,--config-setting= --config-settings-package=",
        "configures a build, which runs the code of a package", FROM_SOURCE,
    ),
    *_options(
        Kind.DANGEROUS, "--torch-backend=", "takes packages from an index that it does not name",
        "name that index with --index, and have the operator list its host in an [[index]] table",
    ),
    *_options(
        Kind.DANGEROUS, "--emit-options --reuse-hashes --max-rounds= --emit-trusted-host --config= --pip-args=",
        NOT_UVS, "drop it",
    ),
    *_options(Kind.DANGEROUS, "-h,--help -V,--version --show-settings", NOTHING, COMPILE),
)  # fmt: skip


def _by_name(options: tuple[Option, ...]) -> dict[str, Option]:
    return {name: option for option in options for name in (*option.aliases, option.name, option.twin) if name}


TABLES = {LockerName.PIP_TOOLS: _by_name(PIP_COMPILE), LockerName.UV_PIP: _by_name(UV_COMPILE)}


def find(locker: LockerName, written: str) -> Option | None:
    """Look up an option as written, in any of its spellings; None where the tool has none of that name."""
    return TABLES[locker].get(written)


def refusal(option: Option, place: str = "") -> Refusal:
    """Refuse a dangerous option."""
    return Refusal(option=option.name, why=option.why, remedy=option.remedy, place=place)


def unknown(locker: LockerName, written: str, place: str = "") -> Refusal:
    """Refuse an option that the tool is not known to have, with the one that it resembles."""
    near = get_close_matches(written, [name for name in TABLES[locker] if name.startswith("--")], n=1, cutoff=0.8)
    remedy = f"did you mean {near[0]}?" if near else LOCKS_TABLE
    tool = "uv pip compile" if locker is LockerName.UV_PIP else "pip-compile"
    return Refusal(option=written, why=f"is no option of {tool} that this version knows", remedy=remedy, place=place)
