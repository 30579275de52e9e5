"""What people accepted until a date: waivers of the configuration and of the repository, and `ignore` in proposals."""

from dataclasses import dataclass
from datetime import date

from packaging.utils import canonicalize_name

from bot.model.contents import Advisory
from bot.model.images import ImageUse
from bot.model.policy import Ignored, Waiver
from bot.model.reasons import Reason


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
        """Give what says that an image is left as it is: as written, with or without its tag and digest."""
        name = use.name
        whole = name.tagged
        bare = whole.removesuffix(f":{name.tag}") if name.tag else whole
        short = {whole, bare, use.reference, f"{whole}@{name.digest}", f"{name.registry}/{name.repository}"}
        return next((one for one in self.ignored if self._holds(one) and one.subject in short), None)

    def expired(self, advisories: tuple[Advisory, ...]) -> tuple[Reason, ...]:
        """Say which waivers are over of advisories that still affect something."""
        names = {name.casefold() for one in advisories for name in one.names}
        over = [one for one in self.waivers if not self._holds(one) and one.id.casefold() in names]
        return tuple(
            Reason(
                code="waiver-expired",
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
