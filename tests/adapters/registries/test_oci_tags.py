"""Lists of tags: pages, how long they are kept, and registries that lie in them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.registries import oci as adapter
from bot.adapters.registries.oci import OciRegistry
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.system.http import Http
from tests.rig.hub import HubFront
from tests.rig.inside import REPOSITORY, named, plain
from tests.rig.registry import DockerRegistry, push_image
from tests.rig.web import Said, Seen, WebServer

MakeOci = Callable[..., OciRegistry]
MakeFront = Callable[..., HubFront]
Serve = Callable[..., WebServer]
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
TAGS = ("3.12", "3.12-slim", "3.13", "3.13-slim", "latest")


class Memory(dict[tuple[str, str], str]):
    """What is remembered from run to run."""

    @property
    def ways(self) -> dict[str, object]:
        return {
            "recall": lambda kind, key: self.get((kind, key)),
            "remember": lambda kind, key, value, _now: self.__setitem__((kind, key), value),
        }


def tags(oci: MakeOci, server: DockerRegistry | WebServer, **memory: object) -> tuple[str, ...]:
    return oci(plain(server), **memory).tags(named(server))


def test_tags_are_listed(oci: MakeOci, http: Http, docker_registry: DockerRegistry) -> None:
    for tag in TAGS:
        push_image(docker_registry, REPOSITORY, tag)
    assert tags(oci, docker_registry) == TAGS
    assert http.requests == 1


def test_tags_are_listed_page_by_page(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tag in TAGS:
        push_image(docker_registry, REPOSITORY, tag)
    hub = front(docker_registry.url)

    def page(seen: Seen, said: Said) -> Said:  # distribution 2.8 knows no pages of tags
        count, last = int(seen.query["n"]), seen.query.get("last", "")
        left = sorted(tag for tag in json.loads(said.body)["tags"] if tag > last)
        more = {"link": f'<{seen.path}?last={left[count - 1]}&n={count}>; rel="next"'} if len(left) > count else {}
        return Said(200, json.dumps({"name": REPOSITORY, "tags": left[:count]}).encode(), more)

    hub.alter = page
    monkeypatch.setattr(adapter, "TAGS_A_PAGE", 2)
    assert tags(oci, hub) == TAGS
    assert [seen.query for seen in hub.log if "tags" in seen.path][1:] == [
        {"n": "2"}, {"n": "2", "last": "3.12-slim"}, {"n": "2", "last": "3.13-slim"},
    ]  # fmt: skip


def test_a_list_is_asked_for_once_a_run_and_kept_for_a_day(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry
) -> None:
    push_image(docker_registry, REPOSITORY, "3.12")
    memory = Memory()
    registry = oci(plain(docker_registry), **memory.ways)
    assert registry.tags(named(docker_registry)) == registry.tags(named(docker_registry, "other")) == ("3.12",)
    push_image(docker_registry, REPOSITORY, "3.13")
    assert tags(oci, docker_registry, **memory.ways) == ("3.12",)
    assert http.requests == 1
    ((key, text),) = memory.items()
    for at in (NOW - timedelta(days=1), NOW + timedelta(hours=1)):
        memory[key] = text.replace(NOW.isoformat(), at.isoformat())
        assert tags(oci, docker_registry, **memory.ways) == ("3.12", "3.13")
    assert http.requests == 3


@pytest.mark.parametrize(
    "strange",
    [
        "{",
        "5",
        "[]",
        "{}",
        '{"at": 5, "tags": []}',
        '{"at": "2026-10-01T12:00:00", "tags": ["a"]}',
        '{"at": "2026-10-01T12:00:00+00:00", "tags": "ab"}',
        '{"at": "2026-10-01T12:00:00+00:00", "tags": [5]}',
        '{"at": "2026-10-01T12:00:00+00:00", "tags": ["a b"]}',
    ],
)
def test_what_is_kept_and_makes_no_sense_is_asked_anew(
    oci: MakeOci, docker_registry: DockerRegistry, strange: str
) -> None:
    push_image(docker_registry, REPOSITORY, "3.12")
    memory = Memory({("tags", f"{docker_registry.host}/{REPOSITORY}"): strange})
    assert tags(oci, docker_registry, **memory.ways) == ("3.12",)


def paged(*links: str) -> Callable[[Seen], Said]:
    """Answer page after page, each with one tag and a link; without one when there are no more."""
    left = list(links)

    def answer(seen: Seen) -> Said:
        body = json.dumps({"name": REPOSITORY, "tags": [f"t-{seen.query.get('last', 'first')}"]}).encode()
        return Said(200, body, {"link": left.pop(0)} if left else {})

    return answer


@pytest.mark.parametrize("quoted", ['"next"', "next"])
def test_of_a_link_only_the_last_tag_is_taken(oci: MakeOci, serve: Serve, quoted: str) -> None:
    stranger = serve(lambda _seen: Said(200, b'{"tags": ["evil"]}'))
    server = serve(
        paged(
            f"<{stranger.url}/v2/x/tags/list?n=5&last=a>; rel={quoted}", f"<file:///etc?last=b%26n%3D1>; rel={quoted}"
        )
    )
    assert tags(oci, server) == ("t-a", "t-first")
    assert stranger.log == []
    assert [seen.query.get("last") for seen in server.log] == [None, "a", "b&n=1"]
    assert {seen.query["n"] for seen in server.log} == {"1000"}
    assert {seen.path for seen in server.log} == {f"/v2/{REPOSITORY}/tags/list"}


@pytest.mark.parametrize(
    "link", ["<?n=1>; rel=next", "<?last=a>; rel=prev", "nonsense", "<" * 50_000, "<?x>;," * 9_000]
)
def test_a_link_that_leads_nowhere_is_the_end(oci: MakeOci, serve: Serve, link: str) -> None:
    server = serve(paged(link, link))
    assert tags(oci, server) == ("t-first",)
    assert len(server.log) == 1


def test_pages_without_end_are_read_for_a_while(oci: MakeOci, serve: Serve) -> None:
    same = serve(paged(*["<?last=a>; rel=next"] * 9))
    assert tags(oci, same) == ("t-a", "t-first")
    assert len(same.log) == 2
    turning = serve(paged(*["<?last=a>; rel=next", "<?last=b>; rel=next"] * 50))
    assert tags(oci, turning) == ("t-a", "t-b", "t-first")
    assert len(turning.log) == adapter.TAG_PAGES


@pytest.mark.parametrize("body", [b'{"tags": null}', b"{}", b'{"tags": [5, "a b", "../x", ""]}'])
def test_a_list_may_be_empty(oci: MakeOci, serve: Serve, body: bytes) -> None:
    assert tags(oci, serve(lambda _seen: Said(200, body))) == ()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"tags": "a"}', b'{"tags": 5}', b"[" * 50_000])
def test_what_is_no_list_is_unavailable(oci: MakeOci, serve: Serve, body: bytes) -> None:
    with pytest.raises(Unavailable):
        tags(oci, serve(lambda _seen: Said(200, body)))


def test_a_repository_that_is_not_there_is_the_repositorys_problem(
    oci: MakeOci, docker_registry: DockerRegistry, private_registry: DockerRegistry
) -> None:
    with pytest.raises(RepoError, match=f"the list of tags of {docker_registry.host}/{REPOSITORY} does not exist"):
        tags(oci, docker_registry)
    with pytest.raises(AccessDenied):
        tags(oci, private_registry)
