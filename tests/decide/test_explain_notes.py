"""What a body says of releases: links, and strangers' words that cannot break it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.decide.explain_notes import LONGEST, links_section, notes_section
from bot.model.change import ProjectNotes
from bot.model.talk import ReleaseNote
from tests.builders import a_change, a_pin_change
from tests.rig.github_markdown import page, render

LINKS = (("changelog", "https://web.example/changes"), ("source", "https://github.com/acme/web"))


def a_note(version: str = "1.1", text: str = "* Faster", **fields: Any) -> ReleaseNote:
    values = {"title": "", "url": f"https://github.com/acme/web/releases/tag/{version}", **fields}
    return ReleaseNote(version=version, text=text, **values)


def some_notes(name: str = "web", **fields: Any) -> ProjectNotes:
    return ProjectNotes(name=name, old="1.0", new="1.1", **{"links": LINKS, **fields})


def a_section(*notes: ProjectNotes) -> str:
    return notes_section(a_change(project_notes=notes))


def test_nothing_is_said_where_nothing_was_asked() -> None:
    assert a_section() == ""
    assert links_section(a_change()) == ""


def test_links_stand_in_a_line_and_notes_folded_under_them() -> None:
    text = a_section(
        some_notes(notes=(a_note(title="web 1.1"), a_note("1.0.1", "# Fixes\n\n* a bug", title="Bugs"))),
        some_notes("zope"),
    )
    assert text == (
        "## Release notes\n\n"
        "- `web` `1.0` → `1.1`: [changelog](https://web.example/changes) · [source](https://github.com/acme/web)\n"
        "- `zope` `1.0` → `1.1`: [changelog](https://web.example/changes) · [source](https://github.com/acme/web)\n\n"
        "<details>\n<summary>web: the notes of 2 releases</summary>\n\n"
        "**[1.1](https://github.com/acme/web/releases/tag/1.1)**\n\n- Faster\n\n"
        "**[1.0.1](https://github.com/acme/web/releases/tag/1.0.1)** Bugs\n\n**Fixes**\n\n- a bug\n\n</details>"
    )


def test_what_could_not_be_had_is_told() -> None:
    assert (
        "[source](https://github.com/acme/web) · its notes could not be had: api.github.com answers 503"
        in a_section(some_notes(problem="api.github.com answers 503"))
    )
    assert a_section(some_notes(), some_notes("zope", links=())).endswith(
        "\n- `zope`: the index tells neither a changelog nor a source"
    )


def test_where_nothing_is_known_of_any_package_there_is_no_section() -> None:
    assert a_section(some_notes(links=())) == ""


def test_links_that_may_not_stand_in_a_body_are_left_out() -> None:
    links = (("changelog", "javascript:alert(1)"), ("source", "https://github.com/acme/web"))
    assert "`1.1`: [source](https://github.com/acme/web)" in a_section(some_notes(links=links))


def test_upgrades_that_were_not_asked_about_are_counted() -> None:
    pins = (a_pin_change("web", "1.0", "1.1"), a_pin_change("zope", "1", "2"))
    assert "- and 1 more, which are not listed" in notes_section(a_change(pins=pins, project_notes=(some_notes(),)))


def test_long_notes_are_cut_and_what_is_left_out_is_counted() -> None:
    notes = tuple(a_note(f"1.{number}", "* word\n" * 800) for number in range(9, 0, -1))
    text = a_section(some_notes(notes=notes))
    assert "\n\n…\n\n… and 8 older releases\n\n</details>" in text
    assert len(text) < 4000
    assert "… and 1 older release\n" in a_section(some_notes(notes=notes[:2]))
    many = a_section(*(some_notes(f"web{number}", notes=notes) for number in range(20)))
    assert len(many) < LONGEST + 20 * 300
    assert many.count("<details>") == many.count("</details>") == 20


def test_a_plain_body_has_the_links_where_they_are_short() -> None:
    few = a_change(project_notes=(some_notes(notes=(a_note(),)),))
    assert links_section(few).endswith("[source](https://github.com/acme/web)")
    assert links_section(a_change(project_notes=tuple(some_notes(f"web{number}") for number in range(20)))) == ""


HOSTILE = st.text() | st.lists(
    st.sampled_from(["</details>", "<!--", "-->", "```\n", "\n", "- [ ] ", "@a", "#1", "<b>", "|", "](", "[", "~~~", "a"])
).map("".join)  # fmt: skip


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_nothing_that_a_stranger_writes_leaves_its_fold(text: str, title: str, version: str, problem: str) -> None:
    note = a_note(version, text, title=title, url=f"https://a.example/{text}")
    section = a_section(
        some_notes(name=title or "x", notes=(note,), problem=problem, links=(("source", f"https://{title}"),))
    )
    found = page(section)
    assert found.acted_on == []
    assert found.comments == []
    assert [tag for tag in found.tags if tag in {"details", "summary", "h2", "input", "img", "b"}] == [
        "h2",
        "details",
        "summary",
    ]
    assert render(f"{section}\n\n## ours\n").endswith("</details>\n<h2>ours</h2>\n")
