"""What people accepted until a date: waivers of the configuration and of the repository, and `ignore` in proposals."""

from dataclasses import dataclass, replace
from datetime import date

from packaging.utils import canonicalize_name

from bot.model.contents import Advisory
from bot.model.images import ImageUse
from bot.model.policy import Ignored, Waiver
from bot.model.reasons import Reason

EXPIRED = "waiver-expired"
HUB = "docker.io"  # whose name, and that of its `library`, people leave out


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceptions:
    """Everything that is accepted for one repository, seen on one day; ids do not tell upper from lower case."""

    today: date
    waivers: tuple[Waiver, ...] = ()
    ignored: tuple[Ignored, ...] = ()

    def of(self, advisory: Advisory, name: str) -> Waiver | Ignored | None:
        """Give what accepts an advisory about a package (normalised name); None where nothing does."""
        names = {one.casefold() for one in advisory.names}
        for waiver in self.waivers:
            if self._holds(waiver) and waiver.id.casefold() in names:
                return waiver
        return next((one for one in self.ignored if self._holds(one) and self._means(one, names, name)), None)

    def package(self, name: str) -> Ignored | None:
        """Give what says that a package (normalised name) is left where it is."""
        return next((one for one in self.ignored if self._holds(one) and canonicalize_name(one.subject) == name), None)

    def image(self, use: ImageUse) -> Ignored | None:
        """Give what says that an image is left as it is, in whatever way people name it."""
        names = spellings(use)
        return next((one for one in self.ignored if self._holds(one) and one.subject.casefold() in names), None)

    def expired(self, advisories: tuple[Advisory, ...]) -> tuple[Reason, ...]:
        """Say which waivers are over of advisories that still affect something."""
        names = {name.casefold() for one in advisories for name in one.names}
        over = [one for one in self.waivers if not self._holds(one) and one.id.casefold() in names]
        return tuple(
            Reason(
                code=EXPIRED,
                subject=one.id,
                text=f"the waiver of {one.id} ended on {one.until:%Y-%m-%d} ({one.reason}): fix it, or renew it",
            )
            for one in over
        )

    def _holds(self, one: Waiver | Ignored) -> bool:
        return self.today <= one.until

    @staticmethod
    def _means(one: Ignored, names: set[str], name: str) -> bool:
        return one.subject.casefold() in names or canonicalize_name(one.subject) == name


def spellings(use: ImageUse) -> frozenset[str]:
    """Give the ways in which people name an image, in lower case: in full or short, with or without tag and digest."""
    name = use.name
    short = replace(name, tag=None).tagged
    bases = {short, f"{name.registry}/{name.repository}"}
    bases |= {name.repository, f"{name.registry}/{short}"} if name.registry == HUB else set()
    tagged = bases | {f"{base}:{name.tag}" for base in bases if name.tag}
    pinned = {f"{one}@{name.digest}" for one in tagged if name.digest}
    return frozenset(one.casefold() for one in {*tagged, *pinned, use.reference})
