"""The vulnerabilities of a CycloneDX document, and what is known of them here (VEX).

- A fix exists: `exploitable`, response `update`, with what to do. Nobody has looked whether the code is reached, so the
  cautious state is the true one.
- No fix exists: `in_triage`; there is nothing to do yet but to look.
- Waived: `exploitable`, response `will_not_fix`, and the reason as the detail. A waiver says that somebody accepted it
  until a day; `not_affected` would be a claim to third parties, which needs one of the specification's justifications
  and does not end. A reason in free text proves none of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cyclonedx.model import XsUri
from cyclonedx.model.component import Component
from cyclonedx.model.impact_analysis import (
    ImpactAnalysisAffectedStatus,
    ImpactAnalysisResponse,
    ImpactAnalysisState,
)
from cyclonedx.model.vulnerability import (
    BomTarget,
    BomTargetVersionRange,
    Vulnerability,
    VulnerabilityAdvisory,
    VulnerabilityAnalysis,
    VulnerabilityRating,
    VulnerabilityReference,
    VulnerabilitySeverity,
    VulnerabilitySource,
)

from bot.decide.bom_images import Image
from bot.decide.bom_parts import Parts
from bot.decide.bom_purls import key_of
from bot.decide.contents import changed
from bot.decide.exchange import LONGEST_NAME, LONGEST_TEXT, weight
from bot.formats.exchange_text import line, link
from bot.model.contents import Advisory, SourceChange
from bot.model.findings import Accepted, ArchiveAhead, MovedDigest, VulnerablePin
from bot.model.runs import RunRecord

SOURCES = {
    "CVE": "CVE", "GHSA": "GitHub Advisories", "PYSEC": "PyPA", "MAL": "OpenSSF malicious packages", "DSA": "Debian",
    "DLA": "Debian", "DEBIAN": "Debian", "USN": "Ubuntu", "UBUNTU": "Ubuntu", "ALPINE": "Alpine", "RHSA": "Red Hat",
}  # fmt: skip
"""Who gives out ids, by what they begin with; all others are known by way of OSV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One flaw of some components (`affected`: reference and version) and what is known of it."""

    advisory: Advisory
    affected: tuple[tuple[str, str], ...]
    state: ImpactAnalysisState
    response: ImpactAnalysisResponse | None
    detail: str
    advice: str = ""


def vulnerabilities(run: RunRecord, parts: Parts, root: Component) -> list[Vulnerability]:
    """Give the vulnerabilities of a run; flaws without an id (`security-unnamed`) have no place in the document."""
    found = sorted(set(_flaws(run, parts, str(root.bom_ref))), key=lambda flaw: (flaw.advisory.id, repr(flaw)))
    seen: Counter[str] = Counter()
    rows = []
    for flaw in found:
        reference = f"{flaw.affected[0][0]}#{line(flaw.advisory.id, LONGEST_NAME)}"
        seen[reference] += 1
        rows.append(_written(flaw, f"{reference}#{seen[reference]}"))
    return rows


def _flaws(run: RunRecord, parts: Parts, root: str) -> Iterator[Flaw]:
    for finding in run.findings:
        match finding:
            case VulnerablePin():
                yield from _pin(finding, parts, root)
            case MovedDigest(use=use, diffs=diffs, available=available):
                rows = [row for row in changed(diffs) if row.is_security]
                advice = f"move to {use.name.tagged}@{available}"
                yield from _image(parts.images.get(use.name), rows, advice, root)
            case ArchiveAhead(use=use, updates=rows, remedy=remedy):
                yield from _image(parts.images.get(use.name), rows, remedy, root)
            case _:  # the others name no flaw
                continue
    for row in run.accepted:
        yield _accepted(row, parts, root)


def _pin(finding: VulnerablePin, parts: Parts, root: str) -> Iterator[Flaw]:
    for one in finding.advisories:
        yield Flaw(
            advisory=one,
            affected=(_target(finding.name, finding.version, parts, root),),
            state=ImpactAnalysisState.EXPLOITABLE if finding.fixed_in else ImpactAnalysisState.IN_TRIAGE,
            response=ImpactAnalysisResponse.UPDATE if finding.fixed_in else None,
            detail=finding.why,
            advice=f"upgrade to {finding.fixed_in}" if finding.fixed_in else "",
        )


def _accepted(row: Accepted, parts: Parts, root: str) -> Flaw:
    return Flaw(
        advisory=row.advisory,
        affected=(_target(row.name, row.version, parts, root),),
        state=ImpactAnalysisState.EXPLOITABLE,
        response=ImpactAnalysisResponse.WILL_NOT_FIX,
        detail=f"{row.reason} (accepted until {row.until})",
    )


def _target(name: str, version: str, parts: Parts, root: str) -> tuple[str, str]:
    component = parts.pins.get(key_of(name, version))
    return (str(component.bom_ref) if component else root), version


def _image(image: Image | None, rows: Iterable[SourceChange], advice: str, root: str) -> Iterator[Flaw]:
    for row in rows:
        packages = [one for name in row.packages for one in (image.packages.get(name, ()) if image else ())]
        whole = str(image.component.bom_ref) if image else root
        affected = tuple((str(one.bom_ref), one.version or "") for one in packages) or ((whole, ""),)
        for one in row.advisories:
            yield Flaw(
                advisory=one,
                affected=affected,
                state=ImpactAnalysisState.EXPLOITABLE,
                response=ImpactAnalysisResponse.UPDATE,
                detail=f"{row.source} {row.new} fixes it, {row.old} is installed",
                advice=advice,
            )


def _written(flaw: Flaw, reference: str) -> Vulnerability:
    one = flaw.advisory
    address = link(one.url)
    return Vulnerability(
        bom_ref=reference,
        id=line(one.id, LONGEST_NAME),
        source=_source(one.id, address),
        references=[VulnerabilityReference(id=line(name, LONGEST_NAME), source=_source(name)) for name in one.aliases],
        ratings=[VulnerabilityRating(severity=VulnerabilitySeverity(str(weight(one))))],
        description=line(one.summary, LONGEST_TEXT) or None,
        recommendation=line(flaw.advice, LONGEST_TEXT) or None,
        advisories=[VulnerabilityAdvisory(url=XsUri(address))] if address else [],
        analysis=VulnerabilityAnalysis(
            state=flaw.state,
            responses=[flaw.response] if flaw.response else [],
            detail=line(flaw.detail, LONGEST_TEXT) or None,
        ),
        affects=[BomTarget(ref=ref, versions=_versions(version)) for ref, version in flaw.affected],
    )


def _versions(version: str) -> list[BomTargetVersionRange]:
    clean = line(version, LONGEST_NAME)
    return [BomTargetVersionRange(version=clean, status=ImpactAnalysisAffectedStatus.AFFECTED)] if clean else []


def _source(name: str, address: str | None = None) -> VulnerabilitySource:
    return VulnerabilitySource(name=SOURCES.get(name.partition("-")[0], "OSV"), url=XsUri(address) if address else None)
