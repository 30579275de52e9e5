"""Find out everything about the images of a snapshot: once per image, for all of its mentions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.decide import assess, retag, settle
from bot.decide.document import tag_of
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.model.contents import ImageContents
from bot.model.findings import Unreadable
from bot.model.images import ImageLook, ImageName, ImageUse, PlatformManifest, Role
from bot.model.observed import Difference, Frozen, ImageState, Inspection, Offer, Target
from bot.model.policy import Policy
from bot.model.reasons import Reason
from bot.model.snapshot import Snapshot
from bot.workflow import kept
from bot.workflow.case import Case
from bot.workflow.image_texts import refusals
from bot.workflow.inside import Insides
from bot.workflow.look import SIGHTINGS, TRUSTED_FOR, Looked
from bot.workflow.together import together

READERS = 4
INSIDE = frozenset({Role.BASE, Role.RUN})  # of the others only single files are used, or none
PASSING = (AccessDenied, RepoError, Unavailable)  # one image that cannot be looked into is a finding, no failure
MOVES_KIND = "tag-moves"
UPDATES_KIND = "waiting-updates"
NO_TAG = "it has a digest and no tag, so nobody can tell what comes after it: write the tag before the digest"
MOST_PASSED = 3  # tags that are too new, before a rebuild leaves the tag as it is
FROZEN_KIND = "frozen-tag"
FROZEN_FOR = timedelta(days=1)  # how long a verdict on a tag that may have stopped moving is taken as it was


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """What makes two mentions the same image: they are looked at once."""

    name: ImageName
    pinned: str | None
    platforms: tuple[str, ...]
    inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """Everything about one image that does not depend on where it is mentioned; `unread` are sentences."""

    moved: bool
    newest: Target
    settled: Target | None
    ripe: datetime | None
    inspections: tuple[Inspection, ...]
    retag: Target | None
    offers: tuple[Offer, ...]
    frozen: Frozen | None
    notes: tuple[Reason, ...]
    unread: tuple[str, ...]


def states(
    case: Case, snapshot: Snapshot, looked: Looked, texts: Mapping[str, str], *, broad: bool
) -> tuple[tuple[ImageState, ...], tuple[Unreadable, ...]]:
    """Give the state of every mention whose tag was seen, and what could not be looked into.

    `texts` are the files that mention images; `broad` says that a rebuild may move tags, so that they are looked for.
    """
    by_name = {look.name: look for look in looked.looks}
    policy = case.rules.policy
    keys = {use: _key(use, policy) for use in snapshot.images if tag_of(use) in by_name}
    wanted = tuple(dict.fromkeys(keys.values()))
    tagless = tuple(
        Unreadable(path=use.path, line=use.line, subject=use.reference, why=NO_TAG)
        for use in snapshot.images
        if use.name.tag is None and looked.asked
    )
    if not wanted:
        return (), tagless
    study = _Study(case=case, looked=looked, insides=Insides(case.tools.glass, case.now), broad=broad)
    with case.tools.progress.step(case.name, "looking inside images"):
        facts = dict(zip(wanted, together(study.facts, wanted, readers=READERS), strict=True))
    moving = {use: target for use, key in keys.items() if (target := facts[key].retag) is not None}
    refused = refusals(moving, snapshot.images, texts)
    found = tuple(
        _state(use, by_name[tag_of(use)], facts[key], refused.get(use, ""), looked.silent.get(tag_of(use), ""))
        for use, key in keys.items()
    )
    strange = tuple(
        Unreadable(path=use.path, line=use.line, subject=use.reference, why=why)
        for use, key in keys.items()
        for why in facts[key].unread
    )
    return found, (*tagless, *strange)


def _key(use: ImageUse, policy: Policy) -> _Key:
    platforms = assess.platforms_of(use, policy)
    return _Key(name=tag_of(use), pinned=use.name.digest, platforms=platforms, inside=use.role in INSIDE)


def _state(use: ImageUse, look: ImageLook, facts: _Facts, refusal: str, silent: str) -> ImageState:
    """Put together what is known of a mention; a tag that it cannot get is offered instead."""
    target, offers, notes = facts.retag, facts.offers, facts.notes
    if refusal and target is not None and target.tag is not None:
        kind = "patch" if retag.newest_patch(use.name.tag or "", (target.tag,)) else "minor"
        offers = (Offer(tag=target.tag, kind=kind), *offers)
        name = use.name.tagged
        notes = (*notes, Reason(code="retag-by-hand", subject=name, text=f"{name} stays: {refusal}"))
        target = None
    return ImageState(
        use=use,
        look=look,
        moved=facts.moved,
        newest=facts.newest,
        settled=facts.settled,
        ripe=facts.ripe,
        inspections=facts.inspections,
        retag=target,
        offers=offers,
        frozen=facts.frozen,
        notes=notes,
        silent=silent,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Study:
    """Looks at images one after the other; `broad` as in `states`."""

    case: Case
    looked: Looked
    insides: Insides
    broad: bool

    def facts(self, key: _Key) -> _Facts:
        """Find out everything about one image."""
        look = next(one for one in self.looked.looks if one.name == key.name)
        unread: list[str] = []
        moved = self._moved(key, key.pinned, look.digest)
        newest = self._target(key, key.pinned, look.digest, unread, moved=moved)
        stays = newest.another_release and key.pinned is not None  # what is built is then still the pinned image
        inspections = self._inspections(key, key.pinned or "" if stays else look.digest, unread)
        created = self._created(key.name, look.digest, key) if key.inside else None
        history = self._history(key.name, look.digest, created, extend=key.name not in self.looked.silent)
        offers: tuple[Offer, ...] = ()
        target: Target | None = None
        notes: tuple[Reason, ...] = ()
        if self.broad and key.name.tag:
            target, offers, notes = self._retag(key, look.digest)
        return _Facts(
            moved=moved,
            newest=newest,
            settled=self._settled(key, newest, history),
            ripe=settle.ripe(history, self.case.rules.policy.digest_settle),
            inspections=inspections,
            retag=target,
            offers=offers,
            frozen=self._frozen(key, look.digest, created),
            notes=notes,
            unread=tuple(dict.fromkeys(unread)),
        )

    def _inspections(self, key: _Key, digest: str, unread: list[str]) -> tuple[Inspection, ...]:
        found: list[Inspection] = []
        for platform in key.platforms if key.inside else ():
            try:
                seen = self.insides.inspection(key.name, digest, platform)
            except PASSING as error:
                unread.append(_sentence(error))
                continue
            unread += seen.unreadable
            found.append(self._with_earlier(seen))
        return tuple(found)

    def _with_earlier(self, seen: Inspection) -> Inspection:
        """Let what an archive said of this very image lately stand in where it does not answer now.

        Otherwise what was proposed for its sake would go and come back with every bad hour.
        """
        store, subject = self.case.tools.store, f"{seen.contents.digest} {seen.contents.platform}"
        if set(seen.unreadable) <= set(seen.contents.unreadable):
            text = kept.updates_text(seen.updates, self.case.now)
            if kept.updates(store.recall(UPDATES_KIND, subject), self.case.now) != seen.updates:
                store.remember(UPDATES_KIND, subject, text, self.case.now)
            return seen
        known = kept.updates(store.recall(UPDATES_KIND, subject), self.case.now) or ()
        told = {row.source for row in seen.updates}
        return replace(seen, updates=(*seen.updates, *(row for row in known if row.source not in told)))

    def _target(  # noqa: PLR0913 - what a move is made of
        self, key: _Key, old: str | None, new: str, unread: list[str], *, moved: bool, tag: str | None = None
    ) -> Target:
        """Say what going from one digest to another would be."""
        if not moved or old is None:
            return Target(digest=new, tag=tag)
        missing = self._missing(key, old, new)
        possible = replace(key, platforms=tuple(one for one in key.platforms if one not in missing))
        differences = self._differences(possible, old, new, unread)
        return Target(
            digest=new,
            tag=tag,
            differences=differences,
            blind=key.inside and len(differences) < len(possible.platforms),
            missing=missing,
            older=bool(differences) and all(_older(one.diff.new, one.diff.old) for one in differences),
        )

    def _missing(self, key: _Key, old: str, new: str) -> tuple[str, ...]:
        """Name the platforms in use that an index had and has not any more: the others land one after the other."""
        before, after = ({one.platform for one in self._manifests(key.name, digest)} for digest in (old, new))
        return tuple(one for one in key.platforms if after and one not in after and (one in before or not before))

    def _moved(self, key: _Key, pinned: str | None, digest: str) -> bool:
        if pinned in {None, digest}:
            return False
        old, new = (self._manifests(key.name, one) for one in (pinned or "", digest))
        return assess.is_move(old, new, key.platforms)

    def _manifests(self, name: ImageName, digest: str) -> tuple[PlatformManifest, ...]:
        """List an index; a digest that the registry no longer has cannot be compared, so it counts as moved."""
        try:
            return self.case.tools.registry.manifests(name, digest)
        except PASSING:
            return ()

    def _differences(self, key: _Key, old: str, new: str, unread: list[str]) -> tuple[Difference, ...]:
        """Compare by platform; one that cannot be compared is left out, and `unread` says why."""
        found: list[Difference] = []
        compare = self.insides.difference if key.inside else self.insides.outline
        for platform in key.platforms:
            try:
                found.append(compare(key.name, old, new, platform))
            except PASSING as error:
                unread += [_sentence(error)] if key.inside else []
        return tuple(found)

    def _history(
        self, name: ImageName, digest: str, created: datetime | None, *, extend: bool
    ) -> tuple[settle.Sighting, ...]:
        """Give what the tag pointed to as our looks know it, this one included, and remember it."""
        store, subject = self.case.tools.store, _subject(name)
        known = settle.loads(store.recall(SIGHTINGS, subject))
        if not extend:
            return known
        found = settle.seen(known, digest, self.case.now, created)
        if settle.is_news(known, found):
            store.remember(SIGHTINGS, subject, settle.dumps(found), self.case.now)
        return found

    def _settled(self, key: _Key, newest: Target, history: tuple[settle.Sighting, ...]) -> Target | None:
        """Give the newest digest that stood long enough, where that is a step forward from the pin.

        A pin that is not in our history may be younger than what is: then the dates of the two images tell.
        """
        digest = settle.settled(history, self.case.rules.policy.digest_settle)
        if digest is None or digest == newest.digest:
            return newest if digest is not None else None
        if key.pinned is None:
            return Target(digest=digest)
        if digest == key.pinned or not settle.forward(history, key.pinned, digest):
            return None
        if not self._moved(key, key.pinned, digest):
            return None
        target = self._target(key, key.pinned, digest, [], moved=True)
        return None if target.older else target

    def _retag(self, key: _Key, digest: str) -> tuple[Target | None, tuple[Offer, ...], tuple[Reason, ...]]:
        """Find the tag that a rebuild takes, and those that it only offers; none where the list cannot be had.

        Where the newest has not stood long enough, the one before it may have.
        """
        name, passed = key.name, list[str]()
        moves, notes = self._moves(name, ())
        offered = moves.offered if moves else ()
        while moves is not None and moves.taken is not None and len(passed) < MOST_PASSED:
            there = replace(name, tag=moves.taken)
            history, unheard = self._sightings(there, key)
            if not history:
                return None, offered, (*notes, _tags_unread(name, unheard))
            settle_for = self.case.rules.policy.digest_settle
            chosen = settle.settled(history, settle_for)
            if chosen is not None:
                target = self._target(key, key.pinned or digest, chosen, [], moved=True, tag=moves.taken)
                return target, offered, notes
            text = f"{there.tagged} is too new to be taken: it has not stood for {settle.hours(settle_for)} yet"
            notes = (*notes, Reason(code="retag-settles", subject=name.tagged, text=text))
            passed.append(moves.taken)
            moves, _ = self._moves(name, tuple(passed))
        return None, offered, notes

    def _moves(self, name: ImageName, without: tuple[str, ...]) -> tuple[retag.Moves | None, tuple[Reason, ...]]:
        """Say where a tag may go, but for some; what was said lately stands in for a registry that does not list."""
        store, policy = self.case.tools.store, self.case.rules.policy.retag
        subject = " ".join((_subject(name), policy, *without))
        why = self.looked.silent.get(name, "")
        if not why:
            try:
                tags = [tag for tag in self.case.tools.registry.tags(name) if tag not in without]
                moves = retag.moves(name.tag or "", tags, policy)
            except PASSING as error:
                why = _sentence(error)
            else:
                store.remember(MOVES_KIND, subject, kept.moves_text(moves, self.case.now), self.case.now)
                return moves, ()
        return kept.moves(store.recall(MOVES_KIND, subject), self.case.now), (_tags_unread(name, why),)

    def _sightings(self, name: ImageName, key: _Key) -> tuple[tuple[settle.Sighting, ...], str]:
        """Look at another tag; where its registry is not heard, what is known of it, and why no more is."""
        why = self.looked.silent.get(key.name, "")
        if not why:
            try:
                look = self.case.tools.registry.look(name)
            except PASSING as error:
                why = _sentence(error)
            else:
                return self._history(name, look.digest, self._created(name, look.digest, key), extend=True), ""
        return self._history(name, "", None, extend=False), why

    def _created(self, name: ImageName, digest: str, key: _Key) -> datetime | None:
        try:
            return self.case.tools.registry.config(name, digest, key.platforms[0]).created
        except PASSING:
            return None

    def _frozen(self, key: _Key, digest: str, created: datetime | None) -> Frozen | None:
        """Tell whether the tag still moves; asked at most once a day, and only where its image is old.

        Where that cannot be asked now, the last verdict on this very image stands.
        """
        name, now, built = key.name, self.case.now, self._built(key.name)
        old = created is not None and now - created > retag.QUIET
        if not key.inside or name.tag is None or not (old or built):
            return None
        if built:
            return retag.frozen(name.tag, created, {}, now, built=built, tags=tuple(sorted(built)))
        store, subject = self.case.tools.store, f"{_subject(name)} {digest}"
        text = store.recall(FROZEN_KIND, subject)
        known = kept.verdict(text, now, FROZEN_FOR)
        if known is not None:
            return known[0]
        try:
            found = self._asked(key, created)
        except PASSING:
            last = kept.verdict(text, now, TRUSTED_FOR)
            return last[0] if last else None
        store.remember(FROZEN_KIND, subject, kept.verdict_text(found, now), now)
        return found

    def _built(self, name: ImageName) -> frozenset[str] | None:
        """Give the configured list of tags that are still built; None also where it does not answer now."""
        try:
            return self.case.tools.registry.built(name)
        except Unavailable:
            return None

    def _asked(self, key: _Key, created: datetime | None) -> Frozen | None:
        """Ask for the tag's siblings; one that is gone or private is passed over, a registry that is down is raised."""
        name, registry = key.name, self.case.tools.registry
        if why := self.looked.silent.get(name):
            raise Unavailable(why)
        tags = registry.tags(name)
        moved: dict[str, datetime] = {}
        for tag in retag.siblings(name.tag or "", tags):
            there = replace(name, tag=tag)
            try:
                found = registry.config(there, registry.look(there).digest, key.platforms[0]).created
            except (AccessDenied, RepoError):
                continue
            if found is not None:
                moved[tag] = found
        return retag.frozen(name.tag or "", created, moved, self.case.now, built=None, tags=tags)


def _subject(name: ImageName) -> str:
    return f"{name.registry}/{name.repository}:{name.tag}"


def _older(one: ImageContents, other: ImageContents) -> bool:
    """Whether an image was certainly made before another one."""
    return one.created is not None and other.created is not None and one.created < other.created


def _tags_unread(name: ImageName, why: str) -> Reason:
    text = f"whether {name.tagged} has a newer tag was not asked now: {why}"
    return Reason(code="tags-unread", subject=name.tagged, text=text)


def _sentence(error: AccessDenied | RepoError | Unavailable) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
