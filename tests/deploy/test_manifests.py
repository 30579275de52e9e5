"""compose.yaml and the Kubernetes manifests: valid for the tools that read them, and what they promise."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bot.settings.reading import read
from bot.settings.values import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
VERSIONS = ("1.29", "1.37")  # the oldest that we promise, and the newest that the schemas know
KINDS = {"ConfigMap", "Deployment", "NetworkPolicy", "PersistentVolumeClaim", "Service"}
GIBIBYTE = 1024**3


def manifest(kind: str) -> Any:
    found = [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text()) if one["kind"] == kind]
    assert len(found) == 1
    return found[0]


def pod() -> Any:
    return manifest("Deployment")["spec"]["template"]["spec"]


def container() -> Any:
    (one,) = pod()["containers"]
    return one


def service() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["quarterdeck"]


def settings() -> Settings:
    return read((DEPLOY / "quarterdeck.toml").read_text(), "quarterdeck.toml")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_each_manifest_is_valid_by_the_published_schema(path: Path, version: str) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        kubernetes_validate.validate(document, version, strict=True)


def test_there_is_one_manifest_of_each_kind() -> None:
    assert {yaml.safe_load(path.read_text())["kind"] for path in MANIFESTS} == KINDS
    assert len(MANIFESTS) == len(KINDS)


def test_a_mistake_in_a_manifest_would_be_found() -> None:
    wrong = manifest("Deployment")
    wrong["spec"]["template"]["spec"]["containers"][0]["securityContext"]["runAsNonRooot"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_one_pod_at_a_time_has_the_database() -> None:
    spec = manifest("Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert manifest("PersistentVolumeClaim")["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_the_pod_has_no_privilege_and_cannot_write_its_image() -> None:
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    context = pod()["securityContext"]
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert (context["runAsNonRoot"], context["runAsUser"], context["fsGroup"]) == (True, 8713, 8713)
    assert pod()["automountServiceAccountToken"] is False


def test_only_who_does_not_answer_at_all_is_started_again() -> None:
    paths = {name: container()[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}


def test_all_parts_of_the_cluster_speak_of_the_same_pod() -> None:
    labels = manifest("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert manifest("Service")["spec"]["selector"] == labels
    assert manifest("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    assert manifest("NetworkPolicy")["spec"]["policyTypes"] == ["Ingress", "Egress"]
    named = {name["name"] for name in container()["volumeMounts"]}
    assert named == {volume["name"] for volume in pod()["volumes"]}
    assert settings().service.listen[1] == container()["ports"][0]["containerPort"]


def test_the_config_map_is_the_configuration_of_containers_but_for_its_head() -> None:
    told = manifest("ConfigMap")["data"]["quarterdeck.toml"]
    assert (DEPLOY / "quarterdeck.toml").read_text().endswith(told)
    assert read(told, "quarterdeck.toml") == settings()


def test_compose_itself_takes_the_file() -> None:
    program = shutil.which("docker-compose", path=f"{ROOT / '.venv/bin'}:{os.environ['PATH']}")
    assert program, "docker-compose comes with the development tools"
    command = [program, "--file", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_compose_gives_no_privilege_and_publishes_to_this_machine_only() -> None:
    one = service()
    assert (one["read_only"], one["cap_drop"], one["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert one["user"] == "8713:8713"
    assert [port for port in one["ports"] if not port.startswith("127.0.0.1:")] == []
    assert one["restart"].startswith("on-failure:")


def test_a_stop_is_given_more_time_than_the_service_takes() -> None:
    grace = settings().service.grace.total_seconds()
    assert pod()["terminationGracePeriodSeconds"] > grace
    assert int(service()["stop_grace_period"].removesuffix("s")) > grace


def test_the_memory_that_is_given_holds_all_workers() -> None:
    needed = settings().engine.workers * settings().isolation.memory
    assert int(container()["resources"]["limits"]["memory"].removesuffix("Gi")) * GIBIBYTE > needed
    assert int(service()["mem_limit"].removesuffix("g")) * GIBIBYTE > needed


def test_the_secrets_are_where_the_configuration_looks_for_them() -> None:
    named = {settings().forge.token.file, settings().service.webhook_secret.file}  # type: ignore[union-attr]
    assert named == {f"/run/secrets/{name}" for name in service()["secrets"]}
    assert {"name": "secrets", "mountPath": "/run/secrets", "readOnly": True} in container()["volumeMounts"]
