"""Reading tables of lifetimes."""

import contextlib
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.lifetime_table import read
from bot.model.contents import Cycle, LifetimeTable

OWN = {
    "source": "endoflife.date (MIT)",
    "commit": "a70eca3",
    "date": "2026-08-22T08:52:34+00:00",
    "products": {
        "ubuntu": {
            "24.04": {
                "codename": "Noble Numbat",
                "releaseDate": "2024-04-25",
                "eol": "2029-05-31",
                "eoes": "2036-05-31",
            }
        },
        "debian": {
            "13": {"codename": "Trixie", "eol": "2028-08-09", "eoes": "2030-06-30", "latest": "13.6"},
            "12": {"codename": "Bookworm", "eol": "2026-07-11", "eoes": False},
        },
        "go": {"1.27": {"eol": False}, "1.0": {"eol": True}, "0.9": {}},
    },
}
API = {
    "schema_version": "1.2.0",
    "generated_at": "2026-11-20T03:14:15+00:00",
    "total": 2,
    "result": [
        {
            "name": "debian",
            "aliases": [],
            "label": "Debian",
            "category": "os",
            "labels": {"eoas": None, "eol": "Security Support", "eoes": "Long Term Support"},
            "releases": [
                {
                    "name": "12",
                    "codename": "Bookworm",
                    "label": "12 (Bookworm)",
                    "releaseDate": "2023-06-10",
                    "isLts": False,
                    "ltsFrom": None,
                    "isEol": True,
                    "eolFrom": "2026-06-10",
                    "isEoes": False,
                    "eoesFrom": "2028-06-30",
                    "isMaintained": True,
                    "latest": {"name": "12.12", "date": "2025-09-06", "link": "https://project.example/12"},
                },
                {"name": "13", "codename": None, "isEol": False, "eolFrom": None},
            ],
        },
        {"name": "alpine-linux", "releases": [{"name": "3.23", "isEol": False, "eolFrom": "2027-11-01"}]},
    ],
}


def row(product: str, release: str, codename: str = "", end: str | None = None, extended: str | None = None) -> Cycle:
    ends = [date.fromisoformat(day) if day else None for day in (end, extended)]
    return Cycle(product=product, release=release, codename=codename, end=ends[0], extended_end=ends[1])


def test_our_own_table_is_read() -> None:
    table = read(json.dumps(OWN))
    assert (table.source, table.as_of) == ("endoflife.date (MIT)", date(2026, 8, 22))
    assert table.cycles == (
        row("debian", "13", "Trixie", "2028-08-09", "2030-06-30"),
        row("debian", "12", "Bookworm", "2026-07-11"),
        row("go", "1.27"),
        row("go", "1.0"),
        row("go", "0.9"),
        row("ubuntu", "24.04", "Noble Numbat", "2029-05-31", "2036-05-31"),
    )


def test_the_answer_of_the_api_is_read() -> None:
    table = read(json.dumps(API))
    assert (table.source, table.as_of) == ("endoflife.date", date(2026, 11, 20))
    assert table.cycles == (
        row("alpine-linux", "3.23", "", "2027-11-01"),
        row("debian", "12", "Bookworm", "2026-06-10", "2028-06-30"),
        row("debian", "13"),
    )


def changed(document: dict[str, Any], **values: Any) -> str:
    return json.dumps({**document, **values})


def api(*releases: Any) -> str:
    return changed(API, result=[{"name": "debian", "releases": list(releases)}])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not JSON"),
        ("<html>", "is not JSON"),
        ("[" * 200_000, "is not JSON"),
        ("1" * 5000, "is not JSON"),
        ("[]", "neither products nor a result"),
        ("null", "neither products nor a result"),
        ("{}", "neither products nor a result"),
        (changed(OWN, products=[]), "is not understood at products"),
        (changed(OWN, products={"debian": []}), "is not understood at debian"),
        (changed(OWN, products={"debian": {"12": "2026"}}), "is not understood at debian 12"),
        (changed(OWN, products={"debian": {"12": {"eol": "soon"}}}), "a date for debian 12 that is none"),
        (changed(OWN, products={"debian": {"12": {"eol": 2026}}}), "a date for debian 12 that is none"),
        (changed(OWN, products={"debian": {"12": {"eol": "2026-02-30"}}}), "a date for debian 12 that is none"),
        (changed(OWN, products={}), "is empty"),
        (changed(OWN, date=None), "when it was made"),
        (changed(OWN, date="today"), "when it was made"),
        (changed(API, schema_version="2.0.0"), "version 2.0.0"),
        (changed(API, schema_version=None), "version None"),
        (changed(API, result={"name": "debian"}), "does not list what is in the result"),
        (changed(API, result=[]), "is empty"),
        (changed(API, result=["debian"]), "is not understood at a product"),
        (changed(API, result=[{"releases": []}]), "an entry without a name in a product"),
        (changed(API, result=[{"name": "debian"}]), "does not list what is in debian"),
        (api("12"), "is not understood at debian"),
        (api({"name": 12}), "an entry without a name in debian"),
        (api({"name": ""}), "an entry without a name in debian"),
        (api({"name": "12", "eolFrom": "never"}), "a date for debian 12 that is none"),
        (api({"name": "12", "eoesFrom": []}), "a date for debian 12 that is none"),
    ],
)
def test_everything_else_is_refused_with_a_sentence(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["2026-01-01", "debian"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "releases", "eol", "eolFrom", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON, JSON, st.sampled_from([("products", OWN), ("result", API)]))
def test_hostile_documents_are_read_or_refused(inner: Any, moment: Any, form: tuple[str, dict[str, Any]]) -> None:
    name, document = form
    text = json.dumps({**document, name: inner, "date": moment, "generated_at": "2026-01-01"})
    table: LifetimeTable | None = None
    with contextlib.suppress(ValueError):
        table = read(text)
    assert table is None or table.cycles
