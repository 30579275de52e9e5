"""What a compiler wrote goes into a lock as it stands: only what changed is written anew."""

from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.formats import text_lines
from bot.formats.lock_merge import merged
from bot.formats.lock_text import LockText
from bot.model.locks import LockerName
from tests.formats.written_locks import PIP_HEADER, STYLES, UV_HEADER, Package, digest, entry, packages, written

PIP, UV = LockerName.PIP_TOOLS, LockerName.UV_PIP
A, B, C = digest("a"), digest("b"), digest("c")
UNSAFE = "\n# The following packages are considered to be unsafe in a requirements file:\n"
UNPINNED = (
    "\n# WARNING: The following packages were not pinned, but pip requires them to be"
    "\n# pinned when the requirements file includes hashes and the requirement is not"
    "\n# satisfied by a package already installed. Consider using the --allow-unsafe flag.\n"
)
UNHASHED = (
    "# WARNING: pip install will require the following package to be hashed.\n"
    "# Consider using a hashable URL like https://example.org/archive/SOMECOMMIT.zip\n"
)
PIECES = st.sampled_from([
    "foo==1", "foo==2", "bar[x]==2 ; python_version > '3'", "Foo ==1;os_name=='nt'", " \\", "\n", "\r\n", "\r", "\x0c",
    "\u2028", "\x00", "\n    --hash=sha256:aa", "  # via x", "    # via", "\n    #   y", "-e ./x", "--index-url x", "#",
    UNSAFE, UNPINNED, UNHASHED, "\ufeff", " ", "\n# note\n", "foo>=1", "x @ https://example.org/x.whl",
])  # fmt: skip
TEXTS = st.lists(PIECES, max_size=30).map("".join) | st.text()


def one(old: str, new: str, by: LockerName = PIP) -> str:
    """Merge, and hold that merging again changes nothing."""
    text = merged(old, new, by=by).text
    assert merged(text, new, by=by).text == text
    return text


@given(TEXTS, st.sampled_from([PIP, UV]))
def test_a_lock_merged_with_itself_is_itself(text: str, by: LockerName) -> None:
    assert merged(text, text, by=by).text == text


@given(packages(), st.sampled_from(STYLES), st.sampled_from(STYLES), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_a_lock_that_pins_the_same_stays_byte_for_byte(
    pins: list[Package], mine: str, theirs: str, hashed: bool, newline: str
) -> None:
    if hashed:
        pins = [replace(pin, hashes=(A, B)) for pin in pins]
    old = "\ufeff" + (written(pins, mine) + "\n# the end\n").replace("\n", newline)
    assert one(old, written(pins, theirs, UV_HEADER), UV) == old
    assert one(old, "--only-binary :all:\n\n" + written(pins, theirs, "")) == old


@given(packages(), packages(), st.sampled_from(STYLES), st.booleans(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_lock_that_changes_is_what_its_own_compiler_would_have_written(
    before: list[Package], after: list[Package], style: str, hashed: bool, newline: str
) -> None:
    """The compiler sorts, and so does the old lock: merging what was written in another style gives the lock's own."""
    if hashed:
        before, after = ([replace(pin, hashes=(A, B)) for pin in pins] for pins in (before, after))
    told = {len(pin.via) > 1 for pin in before}
    if not any(told) and style in {"line", "split"} and hashed:
        return  # nothing tells the two styles apart
    if not before or (hashed is False and style == "five"):
        return
    expected = written(after, style).replace("\n", newline)
    assert one(written(before, style).replace("\n", newline), written(after, "uv", UV_HEADER)) == expected


def test_the_entry_of_another_version_is_written_as_the_lock_writes() -> None:
    old = PIP_HEADER + dedent(f"""\
        # we need this one
        Zope.Interface[test, docs]==1.0 ; python_version>"3.6" \\
          --hash={A}
          # not before May
          # via
          #   -r a.in (line 3)
          #   Other
        other==1.0  # a remark
        """)
    new = UV_HEADER + dedent(f"""\
        other==2.0 \\
            --hash={C}
            # via -r a.in
        zope-interface[docs,test]==2.0 ; python_version > '3.6' \\
            --hash={B} \\
            --hash={C}
            # via
            #   -r a.in
            #   other
        """)
    assert one(old, new, UV) == PIP_HEADER + dedent(f"""\
        # we need this one
        Zope.Interface[test, docs]==2.0 ; python_version > '3.6' \\
          --hash={B} \\
          --hash={C}
          # via
          #   -r a.in (line 3)
          #   Other
          # not before May
        other==2.0 \\
          --hash={C}  # a remark
          # via -r a.in
        """)


def test_only_the_annotation_is_written_anew_where_only_that_differs() -> None:
    old = f"one==1  # via b\r\ntwo==1 \\\r\n    --hash={A}\r\n    # mine\r\n    # via b\r\nsix==1 # why\r\n    # via b\r\n"
    new = f"one==1\n    # via\n    #   a\n    #   b\ntwo==1 \\\n    --hash={A}\n    # via\n    #   a\n    #   b\nsix==1\n    # via a\n"
    assert one(old, new) == (
        f"one==1                    # via a, b\r\ntwo==1 \\\r\n    --hash={A}\r\n    # mine\r\n    # via a, b\r\n"
        "six==1 # why\r\n    # via a\r\n"
    )


def test_hashes_that_were_published_later_are_taken_over() -> None:
    old = f"one==1 \\\n    --hash={A}\n    # via b\n"
    assert one(old, f"one==1 \\\n    --hash={A} \\\n    --hash={B}\n    # via b\n") == (
        f"one==1 \\\n    --hash={A} \\\n    --hash={B}\n    # via b\n"
    )
    assert one(f"one==1 --hash={A}\ntwo==1 --hash={A}\n", f"one==2 \\\n    --hash={B} \\\n    --hash={C}\n") == (
        f"one==2 --hash={B} --hash={C}\n"
    )


def test_the_backslash_before_an_annotation_is_kept_where_a_lock_has_it() -> None:
    old = "".join(entry(Package(name=name, hashes=(A,), via=("x",)), "five") for name in ("one", "two"))
    new = "".join(entry(Package(name=name, hashes=(B,), via=("x",)), "uv") for name in ("one", "two"))
    assert one(old, new) == old.replace(A, B)
    assert one(old, new.replace(B, A).replace("    # via x\n", "", 1)) == old.replace(" \\\n    # via x", "", 1)


def test_a_lock_without_annotations_gets_none_and_a_compiler_without_takes_none_away() -> None:
    assert one("one==1\n", "one==2\n    # via b\ntwo==1\n    # via b\n") == "one==2\ntwo==1\n"
    assert one("one==1\n", "one==1\n    # via b\n") == "one==1\n"
    assert one("one==1\n    # via b\ntwo==1\n    # via c\n", "one==1\ntwo==2\n") == (
        "one==1\n    # via b\ntwo==2\n    # via c\n"
    )


def test_new_entries_stand_where_the_compiler_has_them_and_the_order_of_the_old_stays() -> None:
    assert one("c==1\na==1\n", "a==1\nb==1\nc==1\nd==1\n") == "c==1\nd==1\na==1\nb==1\n"
    assert one("b==1\n", "a==1\nb==1\n") == "a==1\nb==1\n"
    assert one("# head\n--pre\n\nb==1\n", "# other\n\na==1\nb==1\n") == "# head\n--pre\n\na==1\nb==1\n"
    assert one("# head\n--pre\n\nb==1\n\nc==1\n", "a==1\n") == "# head\n--pre\n\na==1\n"
    assert one("", "a==1\n") == "a==1\n"
    assert one("# head", "a==1\n") == "# head\na==1\n"


def test_what_goes_away_takes_its_comments_and_leaves_the_empty_line_between_its_neighbours() -> None:
    old = "a==1\n\n# for b\nb==1\n    # mine\n    # via x\nc==1\n# for d\nd==1\n\ne==1\n"
    assert one(old, "a==1\nc==1\ne==1\n") == "a==1\n\nc==1\n\ne==1\n"


def test_options_between_entries_stay_and_those_of_the_machine_are_dropped_and_named() -> None:
    old = "# head\n--index-url https://index.example/simple\n\na==1\n-r other.txt\nb==1\n"
    new = "--index-url http://127.0.0.1:1/simple\n--trusted-host 127.0.0.1\n--only-binary :all:\n\na==2\nb==1\n"
    done = merged(old, new, by=PIP)
    assert done.text == old.replace("a==1", "a==2")
    assert done.leaked == (
        "--index-url http://127.0.0.1:1/simple",
        "--trusted-host 127.0.0.1",
        "--only-binary :all:",
    )
    assert one(old, "b==1\n") == "# head\n--index-url https://index.example/simple\n\n-r other.txt\nb==1\n"


def test_entries_of_one_name_are_told_apart_by_their_markers() -> None:
    old = "a==1 ; os_name=='nt'\na==2 ; os_name!='nt'\na==5\n"
    new = 'a==2 ; os_name != "nt"\na==3 ; os_name == "nt"\n'
    assert one(old, new) == "a==3 ; os_name == \"nt\"\na==2 ; os_name!='nt'\n"
    assert one("a[x]==1\n", "a==1\n") == "a==1\n"
    assert one("a[X]==1\n", "a[x]==1\n") == "a[X]==1\n"
    assert one("a==1 ; nonsense\n", "a==1 ; nonsense\n") == "a==1 ; nonsense\n"
    assert one("a===1\nb ==1\n", "a==1\nb==2\n") == "a==1\nb ==2\n"
    assert one("a==1;os_name=='nt'\nb==1\n", "a==2 ; os_name=='nt'\nb==1 ; os_name=='nt'\n") == (
        "a==2;os_name=='nt'\nb==1;os_name=='nt'\n"
    )


def test_addresses_and_editables_are_taken_over_with_the_annotation_of_the_lock() -> None:
    old = "-e ./lib  # via -r a.in\nx @ https://example.org/x-1.whl  # via y\nfoo>=1\n"
    new = "-e ./lib\n    # via -r a.in\n-e ./more\n    # via -r a.in\nx @ https://example.org/x-2.whl\n    # via z\n"
    assert one(old, new) == (
        "-e ./lib  # via -r a.in\n-e ./more                 # via -r a.in\nx @ https://example.org/x-2.whl  # via z\n"
    )
    assert one("x==1\n", "x @ https://example.org/x-2.whl\n") == "x @ https://example.org/x-2.whl\n"


def test_what_no_compiler_writes_is_taken_over_as_it_is() -> None:
    assert one("a==1\r\n", "a==1\nb>=1 # x\n") == "a==1\r\nb>=1 # x\r\n"
    assert one("foo>=1\n", "foo==1\n") == "foo==1\n"


def test_the_last_line_without_an_end_gets_one_only_where_more_follows() -> None:
    assert one("a==1", "a==1\n") == "a==1"
    assert one("a==1", "a==1\nb==1\n") == "a==1\nb==1\n"
    assert one("a==1\n# end", "a==1\n" + UNSAFE + "# pip\n") == "a==1\n# end\n" + UNSAFE + "# pip\n"


def test_the_list_of_unsafe_packages_follows_the_compiler() -> None:
    old = "a==1\n" + UNSAFE + "# setuptools\n"
    assert one(old, "a==2\n" + UNSAFE + "# setuptools\n") == "a==2\n" + UNSAFE + "# setuptools\n"
    assert one(old, "a==1\n" + UNSAFE + "# pip\n# setuptools\n") == "a==1\n" + UNSAFE + "# pip\n# setuptools\n"
    assert one(old + "\n# the end\n", "a==1\n") == "a==1\n\n# the end\n"
    assert one("a==1\n", old) == old
    assert one(PIP_HEADER + UNSAFE + "# pip\n", PIP_HEADER) == PIP_HEADER


def test_unsafe_packages_that_are_pinned_keep_their_heading_while_one_is_left() -> None:
    old = "a==1\n" + UNSAFE + "pip==1\nsetuptools==1\n"
    assert one(old, "a==1\n" + UNSAFE + "pip==1\nsetuptools==2\n") == "a==1\n" + UNSAFE + "pip==1\nsetuptools==2\n"
    assert one(old, "a==1\nb==1\n" + UNSAFE + "setuptools==1\n") == "a==1\nb==1\n" + UNSAFE + "setuptools==1\n"
    assert one(old, "a==1\n") == "a==1\n"
    assert one("a==1\n", old) == old
    assert one(old, "a==1\npip==1\nsetuptools==2\n", UV) == "a==1\n" + UNSAFE + "pip==1\nsetuptools==2\n"
    assert one("a==1\npip==1\nsetuptools==1\n", old) == "a==1\npip==1\nsetuptools==1\n"


def test_uv_pins_for_a_lock_of_pip_compile_what_that_only_names() -> None:
    old, new = PIP_HEADER + "a==1\n", UV_HEADER + "a==1\nsetuptools==80\n"
    assert one(old, new, UV) == old + UNSAFE + "# setuptools\n"
    assert one(old + UNSAFE + "# setuptools\n", new, UV) == old + UNSAFE + "# setuptools\n"
    assert one("a==1\n" + UNSAFE + "# setuptools\n", new, UV) == "a==1\n" + UNSAFE + "# setuptools\n"
    assert one(old + UNSAFE + "# setuptools\n", UV_HEADER + "a==1\n", UV) == old
    hashed = f"setuptools==80 \\\n    --hash={A}\n"
    assert one(old, UV_HEADER + "a==1\n" + hashed, UV) == old + UNPINNED + "# setuptools\n"
    allowing = old.replace("pip-compile --", "pip-compile --allow-unsafe --")
    assert one(allowing, new, UV) == allowing + "setuptools==80\n"
    assert one(UV_HEADER + "a==1\n", new, UV) == new
    excluded = "\n# The following packages were excluded from the output:\n# setuptools\n"
    assert one(UV_HEADER + "a==1\n", UV_HEADER + "a==2\n" + excluded, UV) == UV_HEADER + "a==2\n" + excluded


def test_extras_and_markers_that_uv_leaves_out_stay_in_a_lock_of_pip_compile() -> None:
    old = PIP_HEADER + "a[x]==1 ; os_name == 'posix'\n    # via\n    #   -r a.in\n    #   a\nb==1\n    # via -r a.in\n"
    new = UV_HEADER + "a==1\n    # via -r a.in\nb==1\n    # via -r a.in\n"
    assert one(old, new, UV) == old
    assert one(old, new.replace("a==1", "a==2"), UV) == old.replace("a[x]==1", "a[x]==2")
    assert one(old, new.replace("a==1", "a @ https://example.org/a.whl"), UV) == old.replace(
        "a[x]==1 ; os_name == 'posix'", "a @ https://example.org/a.whl"
    )
    assert one(old, new) == (PIP_HEADER + "a==1\n    # via\n    #   -r a.in\n    #   a\nb==1\n    # via -r a.in\n")


def test_the_warning_above_what_has_no_hash_follows_pip_compile_and_not_uv() -> None:
    old = f"a==1 \\\n    --hash={A}\n# mine\nx @ https://example.org/x.zip\n"
    warned = old.replace("x @", UNHASHED + "x @")
    assert one(old, warned) == warned
    assert one(warned, old) == old
    assert one(PIP_HEADER + warned, warned.replace("# mine\n", ""), UV) == PIP_HEADER + warned
    assert one(PIP_HEADER + UNHASHED + "x @ https://example.org/x.zip\n", "x @ https://example.org/x.zip\n", UV) == (
        PIP_HEADER + UNHASHED + "x @ https://example.org/x.zip\n"
    )
    assert one(f"a==1 \\\n    --hash={A}\n", warned) == warned.replace("# mine\n", "")


def test_where_uv_found_a_package_is_only_said_in_locks_that_say_so() -> None:
    old = "a==1\n    # via x\n    # from https://index.example/simple\nb==1\n    # via x\n    # from https://index.example/simple\n"
    new = old.replace("a==1", "a==2").replace("b==1\n    # via x", "b==1\n    # via y")
    assert one(old, new) == new
    leaking = new.replace("index.example", "127.0.0.1:1")
    assert "127.0.0.1" not in one(old, leaking)
    assert (
        one("a==1\n    # via x\n", "a==2\n    # via x\n    # from http://127.0.0.1:1/simple\n") == "a==2\n    # via x\n"
    )


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("x @ file:///home/me/x", "the path file:///home/me/x"),
        ("-e file:///home/me/x", "the path file:///home/me/x"),
        ("-e /home/me/x", "the path /home/me/x"),
        ("/home/me/x.whl", "the path /home/me/x.whl"),
        ("x==1\n    # via -r /home/me/a.in", "the path /home/me/a.in"),
        ("x==1  # via -r /home/me/a.in", "the path /home/me/a.in"),
        ("x @ https://user:secret@example.org/x.whl", "a password or token"),
        ("x @ git+https://token@example.org/x.git", "a password or token"),
        ("x @ git+ssh://git:secret@example.org/x.git", "a password or token"),
    ],
)
def test_no_path_of_the_machine_and_no_password_gets_in(line: str, what: str) -> None:
    new = f"# head\na==1\n{line}\n"
    with pytest.raises(
        ValueError, match=rf"^line [34] of what the compiler wrote names {what}, which the lock does not"
    ):
        merged("a==1\n    # via b\n", new, by=PIP)
    assert "secret" not in what
    known = f"a==0\n{line}\n"
    assert one(known, new) == known.replace("a==0", "a==1")


def test_a_path_that_the_lock_has_already_may_stay() -> None:
    old, new = "x @ file:///srv/x  # via a, b\n", "x @ file:///srv/x\n    # via c\n"
    assert one(old, new) == "x @ file:///srv/x         # via c\n"


def test_a_user_of_git_is_no_secret() -> None:
    assert one("", "x @ git+ssh://git@example.org/x.git\n") == "x @ git+ssh://git@example.org/x.git\n"


@given(TEXTS, packages(), st.sampled_from(STYLES), st.booleans())
def test_any_text_takes_over_the_pins_and_keeps_its_options(
    old: str, pins: list[Package], style: str, ours: bool
) -> None:
    assume(old.count(UNSAFE.strip()) + old.count("not pinned") <= 1)  # compilers write one list
    lock = LockText.parse(old)
    loose = [*lock.trailer, *(line for part in lock.parts for line in part.before)]
    assume(not any("#   " in line.text or "via" in line.text or line.indented for line in loose))  # nor these alone
    new = "--trusted-host 127.0.0.1\n\n" + written(pins, style)
    text = one(old, new, PIP if ours else UV)
    before, after = LockText.parse(old), LockText.parse(text)
    assert text.startswith(before.bom + text_lines.raw(before.header))
    assert [option.text for option in after.options] == [option.text for option in before.options]
    have = sorted((entry.name, entry.version, entry.marker.replace("'", '"')) for entry in after.entries)
    assert have == sorted((pin.name, pin.version, pin.marker) for pin in pins)
