"""Every promise of the Kubernetes manifests, held against what `kubectl kustomize` renders."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from proctor import __version__
from proctor.sandbox.leased import with_room
from proctor.settings import Settings
from proctor.worker.main import FAREWELL_S
from proctor_supervisor.languages.table import families, languages_of

from .docker_cli import ROOT, SECCOMP, need

OVERLAYS = ["k8s/base", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "k8s" / "overlays").iterdir())]
BASELINE = "k8s/overlays/baseline"
Manifest = dict[str, Any]

#: Kinds that belong to no namespace.
CLUSTER = {"Namespace", "PriorityClass", "RuntimeClass"}
#: PersistentVolumeClaims and host paths aside, all that Pod Security `restricted` lets a pod mount.
RESTRICTED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


@lru_cache
def rendered(folder: str) -> tuple[Manifest, ...]:
    need("kubectl")
    done = subprocess.run(["kubectl", "kustomize", folder], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return tuple(m for m in yaml.safe_load_all(done.stdout) if m)


def of_kind(folder: str, *kinds: str) -> list[Manifest]:
    return [m for m in rendered(folder) if m["kind"] in kinds]


def named(folder: str, kind: str, name: str) -> Manifest:
    (found,) = [m for m in of_kind(folder, kind) if m["metadata"]["name"] == name]
    return found


def workloads(folder: str) -> list[Manifest]:
    return of_kind(folder, "Deployment", "StatefulSet", "DaemonSet")


def pod(workload: Manifest) -> Manifest:
    spec: Manifest = workload["spec"]["template"]["spec"]
    return spec


def containers(workload: Manifest) -> list[Manifest]:
    return [*pod(workload).get("initContainers", []), *pod(workload)["containers"]]


def labels(workload: Manifest) -> dict[str, str]:
    found: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return found


def selects(selector: Manifest | None, of: dict[str, str]) -> bool:
    """Whether a label selector takes labels in."""
    if selector is None:
        return False
    for key, value in selector.get("matchLabels", {}).items():
        if of.get(key) != value:
            return False
    for wanted in selector.get("matchExpressions", []):
        assert wanted["operator"] == "In"
        if of.get(wanted["key"]) not in wanted["values"]:
            return False
    return True


@pytest.fixture(name="overlay", params=OVERLAYS)
def _overlay(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("folder", [*OVERLAYS, "k8s/node"])
def test_is_valid_to_the_letter(folder: str, tmp_path: Path) -> None:
    """Of every kind that Kubernetes itself has; kinds of operators are checked below."""
    known = [m for m in rendered(folder) if "keda.sh" not in m["apiVersion"]]
    assert len(known) < len(rendered(folder)) or "keda" not in folder
    file = tmp_path / "manifests.yaml"
    file.write_text(yaml.safe_dump_all(known))
    validate = [str(Path(sys.executable).with_name("kubernetes-validate")), "--strict", str(file)]
    done = subprocess.run(validate, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("passed") == len(known)


def test_the_namespace_is_held_to_restricted(overlay: str) -> None:
    (namespace,) = of_kind(overlay, "Namespace")
    standard = {name.rpartition("/")[2]: value for name, value in namespace["metadata"]["labels"].items()}
    assert standard["enforce"] == ("baseline" if overlay == BASELINE else "restricted")
    assert (standard["warn"], standard["audit"]) == ("restricted", "restricted"), "what exceeds it is told"
    elsewhere = [m for m in rendered(overlay) if m["kind"] not in CLUSTER and m["metadata"]["namespace"] != "proctor"]
    assert elsewhere == []


def test_pods_are_restricted(overlay: str) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/, line by line."""
    for workload in workloads(overlay):
        spec = pod(workload)
        for forbidden in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
            assert not spec.get(forbidden)
        assert {next(k for k in v if k != "name") for v in spec["volumes"]} <= RESTRICTED_VOLUMES
        assert "sysctls" not in spec["securityContext"]
        for container in containers(workload):
            security = {**spec["securityContext"], **container["securityContext"]}
            assert security["allowPrivilegeEscalation"] is False
            if not (overlay == BASELINE and container["name"] == "sandbox"):
                assert security["runAsNonRoot"] is True
                assert security["runAsUser"] > 0
                assert security["capabilities"] == {"drop": ["ALL"]}
            assert security["readOnlyRootFilesystem"] is True
            assert not security.get("privileged")
            assert security["seccompProfile"]["type"] in ("RuntimeDefault", "Localhost")
            assert not [port for port in container.get("ports", []) if "hostPort" in port]


def test_nobody_has_a_token_or_the_docker_socket(overlay: str) -> None:
    for workload in workloads(overlay):
        assert pod(workload)["automountServiceAccountToken"] is False
        assert pod(workload)["enableServiceLinks"] is False
        assert pod(workload)["serviceAccountName"] in {
            a["metadata"]["name"] for a in of_kind(overlay, "ServiceAccount")
        }
    assert all(a["automountServiceAccountToken"] is False for a in of_kind(overlay, "ServiceAccount"))
    assert not of_kind(overlay, "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
    text = yaml.safe_dump_all(rendered(overlay))
    assert not re.search(r"docker\.sock|containerd\.sock|crio\.sock|hostPath|privileged: true", text)


def test_every_container_has_limits_and_probes(overlay: str) -> None:
    for workload in workloads(overlay):
        for container in containers(workload):
            assert set(container["resources"]["limits"]) == {"cpu", "memory"}
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}
            assert "livenessProbe" in container
            assert "readinessProbe" in container or container["name"].startswith("sandbox")
        assert pod(workload)["priorityClassName"] in {p["metadata"]["name"] for p in of_kind(overlay, "PriorityClass")}


def test_selectors_match_their_pods(overlay: str) -> None:
    for workload in workloads(overlay):
        assert selects(workload["spec"]["selector"], labels(workload))
        for spread in pod(workload).get("topologySpreadConstraints", []):
            assert selects(spread["labelSelector"], labels(workload))
    for chooser in of_kind(overlay, "Service", "PodDisruptionBudget"):
        selector = chooser["spec"]["selector"]
        selector = selector if chooser["kind"] == "PodDisruptionBudget" else {"matchLabels": selector}
        assert len([w for w in workloads(overlay) if selects(selector, labels(w))]) == 1
    for scaled in of_kind(overlay, "HorizontalPodAutoscaler", "ScaledObject"):
        target = scaled["spec"]["scaleTargetRef"]
        assert "replicas" not in named(overlay, target["kind"], target["name"])["spec"]


def test_deployments_are_spread_and_kept_up(overlay: str) -> None:
    budgets = of_kind(overlay, "PodDisruptionBudget")
    for deployment in of_kind(overlay, "Deployment"):
        assert {s["topologyKey"] for s in pod(deployment)["topologySpreadConstraints"]} == {
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        }
        assert [b for b in budgets if selects(b["spec"]["selector"], labels(deployment))]


def test_the_api_is_scaled_on_its_cpu_and_alone_in_dev_at_most(overlay: str) -> None:
    scaler = named(overlay, "HorizontalPodAutoscaler", "proctor-api")["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "proctor-api"}
    assert (1 if overlay.endswith("dev") else 2) <= scaler["minReplicas"] < scaler["maxReplicas"]
    assert [metric["resource"]["name"] for metric in scaler["metrics"]] == ["cpu"]
    if not overlay.endswith("dev"):
        assert named(overlay, "PodDisruptionBudget", "proctor-api")["spec"]["minAvailable"] < scaler["minReplicas"]


def test_nothing_is_published_beyond_the_cluster(overlay: str) -> None:
    assert not of_kind(overlay, "Ingress", "HTTPRoute")
    assert {service["spec"].get("type", "ClusterIP") for service in of_kind(overlay, "Service")} == {"ClusterIP"}


def test_ports_match(overlay: str) -> None:
    """A Service's target is a port that its pods open, and the port that the program is told to listen on."""
    for service in of_kind(overlay, "Service"):
        (workload,) = [
            w for w in workloads(overlay) if selects({"matchLabels": service["spec"]["selector"]}, labels(w))
        ]
        opened = {p["name"]: p["containerPort"] for c in containers(workload) for p in c.get("ports", [])}
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in opened
    (api,) = pod(named(overlay, "Deployment", "proctor-api"))["containers"]
    assert api["args"][api["args"].index("--port") + 1] == str(api["ports"][0]["containerPort"])
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert api[probe]["httpGet"]["port"] == api["ports"][0]["name"]
    assert api["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert api["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_volumes_and_settings_exist(overlay: str) -> None:
    maps = {m["metadata"]["name"]: m for m in of_kind(overlay, "ConfigMap")}
    for workload in workloads(overlay):
        declared = {v["name"] for v in pod(workload)["volumes"]}
        declared |= {c["metadata"]["name"] for c in workload["spec"].get("volumeClaimTemplates", [])}
        assert {m["name"] for c in containers(workload) for m in c["volumeMounts"]} == declared
        for container in containers(workload):
            given = [e["name"] for e in container.get("env", [])]
            for source in container.get("envFrom", []):
                given += maps[source["configMapRef"]["name"]]["data"]
            known = {f"PROCTOR_{name.upper()}" for name in Settings.model_fields} | {"PROCTOR_SECRETS"}
            assert set(given) <= known | {"PROCTOR_REDIS_PASSWORD_FILE", "PROCTOR_REDIS_MAXMEMORY"}


def test_secrets_are_files(overlay: str) -> None:
    for workload in workloads(overlay):
        for container in containers(workload):
            assert "secret" not in json.dumps([container.get("env", []), container.get("envFrom", [])]).replace(
                "/run/secrets/", ""
            ), "no secret in an environment"
    worker = named(overlay, "Deployment", "proctor-worker")
    mounted = {c["name"]: {m["name"] for m in c["volumeMounts"]} for c in containers(worker)}
    for name in mounted.keys() - {"worker"}:
        assert mounted[name] == {name.replace("sandbox", "sockets"), f"{name}-tmp", f"{name}-shm"}
    assert "api-keys" not in mounted["worker"]


def test_the_sandbox_is_a_native_sidecar_with_a_socket_folder_of_its_own(overlay: str) -> None:
    worker = named(overlay, "Deployment", "proctor-worker")
    sidecars = pod(worker)["initContainers"]
    assert sidecars
    (main,) = pod(worker)["containers"]
    volumes = {v["name"]: v for v in pod(worker)["volumes"]}
    environment = {e["name"]: e["value"] for e in main["env"]}
    assert environment["PROCTOR_SANDBOX"] == "attached"
    for sandbox in sidecars:
        assert sandbox["restartPolicy"] == "Always"
        assert "env" not in sandbox
        assert "envFrom" not in sandbox
        (socket,) = [m for m in sandbox["volumeMounts"] if m["mountPath"] == "/run/proctor"]
        assert socket["readOnly"] is True
        assert volumes[socket["name"]]["emptyDir"]["medium"] == "Memory"
        (listens,) = [m for m in main["volumeMounts"] if m["name"] == socket["name"]]
        assert not listens.get("readOnly")
        family = sandbox["image"].partition(":")[0].removeprefix("proctor-sandbox-")
        assert family in families()
        assert listens["mountPath"] == f"{environment['PROCTOR_SANDBOX_SOCKETS']}/{family}"
        assert sandbox["args"][:3] == ["--dial", "/run/proctor", "--forever"]
        assert [c["name"] for c in containers(worker) if socket["name"] in {m["name"] for m in c["volumeMounts"]}] == [
            sandbox["name"],
            "worker",
        ]
        assert sandbox["securityContext"]["runAsUser"] != main["securityContext"]["runAsUser"]


def test_a_sandbox_has_room_for_the_largest_sample(overlay: str) -> None:
    settings = settings_of(overlay)
    worker = named(overlay, "Deployment", "proctor-worker")
    volumes = {v["name"]: v for v in pod(worker)["volumes"]}
    for sandbox in pod(worker)["initContainers"]:
        family = sandbox["image"].partition(":")[0].removeprefix("proctor-sandbox-")
        serves = languages_of(family)
        # Tests that are a program run beside the candidate's.
        most = max((with_room(settings.limits_max, one, one) for one in serves), key=lambda m: m.memory_mib)
        assert sandbox["resources"]["limits"]["memory"] == f"{most.memory_mib + most.disk_mib + 192}Mi"
        assert sandbox["resources"]["requests"]["memory"] == sandbox["resources"]["limits"]["memory"]
        assert sandbox["resources"]["limits"]["cpu"] == "1"
        assert sandbox["args"][sandbox["args"].index("--min-tier") + 1] == settings.min_tier
        size = volumes[f"{sandbox['name']}-tmp"]["emptyDir"]["sizeLimit"]
        assert int(size.removesuffix("Mi")) >= most.disk_mib


def settings_of(overlay: str) -> Settings:
    """The settings of the ConfigMap, read as the service reads them."""
    (config,) = of_kind(overlay, "ConfigMap")
    given = {name.removeprefix("PROCTOR_").lower(): value for name, value in config["data"].items()}
    given["limits_max"] = json.loads(given["limits_max"])
    given.pop("secrets")
    return Settings(**given)


def test_a_worker_has_time_to_finish_its_longest_unit(overlay: str) -> None:
    settings = settings_of(overlay)
    longest_s = settings.limits_max.sample_wall_s + settings.limits_max.compile_s
    assert settings.stop_grace_s >= longest_s
    grace_s = pod(named(overlay, "Deployment", "proctor-worker"))["terminationGracePeriodSeconds"]
    assert grace_s >= settings.stop_grace_s + FAREWELL_S


def test_policies_deny_all_but_what_is_needed(overlay: str) -> None:
    """Exactly these ways are open: clients → API, API and workers → DNS and Redis, and to Redis from those two."""
    policies = of_kind(overlay, "NetworkPolicy")
    (deny,) = [p for p in policies if p["metadata"]["name"] == "default-deny"]
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ways = set()
    for workload in workloads(overlay):
        name = labels(workload)["app.kubernetes.io/name"]
        for policy in policies:
            if policy is deny or not selects(policy["spec"]["podSelector"], labels(workload)):
                continue
            assert policy["spec"]["podSelector"], "no opening for all pods"
            for direction, peers in (("ingress", "from"), ("egress", "to")):
                for rule in policy["spec"].get(direction, []):
                    for peer in rule[peers]:
                        assert peer, "an empty peer is everybody"
                        ports = tuple(f"{p['protocol']}/{p['port']}" for p in rule["ports"])
                        ways.add((name, direction, _peer(peer), ports))
    redis = (
        "192.0.2.10/32"
        if overlay.split("/")[-1] in ("prod", "keda", "gvisor", "baseline", "languages")
        else "pods proctor-redis"
    )
    dns = "kube-system kube-dns"
    expected = {
        ("proctor-api", "ingress", "namespaces proctor-client", ("TCP/8000",)),
        *((who, "egress", dns, ("UDP/53", "TCP/53")) for who in ("proctor-api", "proctor-worker")),
        *((who, "egress", redis, ("TCP/6379",)) for who in ("proctor-api", "proctor-worker")),
    }
    if overlay.endswith("dev"):
        expected.add(("proctor-redis", "ingress", "pods proctor-api proctor-worker", ("TCP/6379",)))
    assert ways == expected


def _peer(peer: Manifest) -> str:
    """A name for a peer of a policy."""
    if "ipBlock" in peer:
        return str(peer["ipBlock"]["cidr"])
    if "namespaceSelector" in peer and "podSelector" in peer:
        namespace = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        return f"{namespace} {peer['podSelector']['matchLabels']['k8s-app']}"
    if "namespaceSelector" in peer:
        return "namespaces " + " ".join(peer["namespaceSelector"]["matchLabels"])
    selector = peer["podSelector"]
    names = [*selector.get("matchLabels", {}).values()]
    names += [v for e in selector.get("matchExpressions", []) for v in e["values"]]
    return "pods " + " ".join(names)


@pytest.mark.parametrize("folder", [*OVERLAYS, "k8s/node"])
def test_images_are_of_this_version(folder: str) -> None:
    for workload in workloads(folder):
        for container in containers(workload):
            name, _, tag = container["image"].partition(":")
            assert tag == __version__
            assert name in ("proctor", "proctor-redis", *(f"proctor-sandbox-{family}" for family in families()))


def test_redis_is_a_stateful_set_in_dev_and_elsewhere_in_prod() -> None:
    redis = named("k8s/overlays/dev", "StatefulSet", "proctor-redis")
    assert redis["spec"]["volumeClaimTemplates"]
    for overlay in ("prod", "keda", "gvisor", "baseline", "languages"):
        assert not of_kind(f"k8s/overlays/{overlay}", "StatefulSet")
        assert not of_kind(f"k8s/overlays/{overlay}", "Secret"), "no secret of production in the repository"


def test_prod_runs_sandboxes_under_our_profile_and_users_of_their_own() -> None:
    for overlay in ("prod", "keda", "languages"):
        worker = named(f"k8s/overlays/{overlay}", "Deployment", "proctor-worker")
        profile = {"type": "Localhost", "localhostProfile": "profiles/proctor-sandbox.json"}
        assert pod(worker)["securityContext"]["seccompProfile"] == profile
        assert not [s for s in pod(worker)["initContainers"] if "seccompProfile" in s["securityContext"]]
        (main,) = pod(worker)["containers"]
        assert main["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, "it needs a network"
        assert pod(worker)["hostUsers"] is False
        assert pod(worker)["nodeSelector"] == {"proctor-sandboxes": "true"}


def test_baseline_offers_tier_u_and_differs_from_prod_in_nothing_else() -> None:
    """All that it takes beyond `restricted` is in the sandbox's container: root, and two capabilities."""
    worker = named(BASELINE, "Deployment", "proctor-worker")
    (sandbox,) = pod(worker)["initContainers"]
    security = sandbox["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"], "add": ["SETGID", "SETUID"]}
    assert (security["runAsUser"], security["runAsNonRoot"]) == (0, False)
    assert settings_of(BASELINE).min_tier == "U"
    # A file that everybody may write to is where samples, who are neither root nor in its group, do not come.
    assert sandbox["terminationMessagePath"].startswith("/root/")
    assert sandbox["args"][-2:] == ["--take", "/tmp"]
    assert "hostUsers" not in pod(worker), "a user namespace has 65,536 users, which all pods of a node would share"

    def without_the_sandbox(overlay: str) -> list[Manifest]:
        found = json.loads(json.dumps(rendered(overlay)))
        for manifest in found:
            if manifest["kind"] == "Namespace":
                manifest["metadata"]["labels"].pop("pod-security.kubernetes.io/enforce")
            if manifest["kind"] == "ConfigMap":
                manifest["metadata"].pop("name")
                manifest["data"].pop("PROCTOR_MIN_TIER")
            if manifest["kind"] == "Deployment":
                pod(manifest).pop("initContainers", None)
                pod(manifest).pop("hostUsers", None)
                manifest["metadata"].pop("annotations")
                for container in containers(manifest):
                    container.pop("envFrom")
        return list(found)

    assert without_the_sandbox(BASELINE) == without_the_sandbox("k8s/overlays/prod")


def test_languages_are_sidecars_of_one_kind() -> None:
    """Every family has one, and they differ in their family's name and memory alone."""
    sidecars = pod(named("k8s/overlays/languages", "Deployment", "proctor-worker"))["initContainers"]
    assert {s["image"].partition(":")[0] for s in sidecars} == {f"proctor-sandbox-{name}" for name in families()}
    shapes = set()
    for sidecar in sidecars[1:]:
        resources = sidecar.pop("resources")
        assert resources["requests"]["cpu"] == "100m", "one of them works at a time"
        shapes.add(json.dumps(sidecar, sort_keys=True).replace(sidecar["name"].removeprefix("sandbox-"), "FAMILY"))
        sidecar["resources"] = resources
    assert len(shapes) == 1


def test_nodes_get_the_profile_that_sandboxes_name() -> None:
    (config,) = of_kind("k8s/node", "ConfigMap")
    assert json.loads(config["data"]["proctor-sandbox.json"]) == json.loads(SECCOMP.read_text())
    installer = named("k8s/node", "DaemonSet", "proctor-seccomp")
    (node,) = [v for v in pod(installer)["volumes"] if "hostPath" in v]
    assert node["hostPath"]["path"] == "/var/lib/kubelet/seccomp/profiles"
    assert installer["metadata"]["namespace"] != "proctor"
    (installs,) = containers(installer)
    assert "proctor-sandbox.json" in installs["command"][-1]
    assert not installs["securityContext"].get("privileged")
    assert installs["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_gvisor_runs_workers_and_nothing_else() -> None:
    overlay = "k8s/overlays/gvisor"
    (runtime,) = of_kind(overlay, "RuntimeClass")
    uses = {w["metadata"]["name"]: pod(w).get("runtimeClassName") for w in workloads(overlay)}
    assert uses == {"proctor-api": None, "proctor-worker": runtime["metadata"]["name"]}


def test_keda_scales_on_units_with_a_long_cooldown() -> None:
    overlay = "k8s/overlays/keda"
    (scaled,) = of_kind(overlay, "ScaledObject")
    assert scaled["spec"]["cooldownPeriod"] >= 600
    assert scaled["spec"]["minReplicaCount"] >= 1
    (trigger,) = scaled["spec"]["triggers"]
    assert trigger["type"] == "redis"
    assert trigger["metadata"]["listName"] == f"{Settings.model_fields['namespace'].default}:units"
    (authentication,) = of_kind(overlay, "TriggerAuthentication")
    assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]


@pytest.mark.parametrize("folder", [*OVERLAYS, "k8s/node"])
def test_every_skipped_check_says_why(folder: str) -> None:
    """`.ci/kubernetes` runs checkov; what it is told to skip stands beside what it is skipped for."""
    for manifest in rendered(folder):
        for key, value in manifest["metadata"].get("annotations", {}).items():
            if "checkov" in key:
                assert re.fullmatch(r"CKV2?_K8S_\d+=\w.{20,}", value), value


def test_components_that_no_overlay_uses_render_too(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    overlay = tmp_path / "k8s" / "overlays" / "monitored"
    overlay.mkdir()
    (overlay / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: proctor\n"
        "resources: [../dev]\ncomponents: [../../components/service-monitor]\n"
    )
    need("kubectl")
    done = subprocess.run(
        ["kubectl", "kustomize", str(overlay)], capture_output=True, text=True, timeout=60, check=True
    )
    (monitor,) = [m for m in yaml.safe_load_all(done.stdout) if m["kind"] == "ServiceMonitor"]
    service = named("k8s/overlays/dev", "Service", "proctor-api")
    assert selects(monitor["spec"]["selector"], service["metadata"]["labels"])
    assert {e["port"] for e in monitor["spec"]["endpoints"]} <= {p["name"] for p in service["spec"]["ports"]}
