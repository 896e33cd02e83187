"""A pod of the Kubernetes manifests without a cluster: its containers under Docker, as the kubelet would start them.

They share the network and the IPC namespace of one container that only sleeps; every other setting comes from the
manifest: user, capabilities, seccomp profile, read-only root, memory, processors, volumes, arguments, environment.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .docker_cli import SECCOMP, SERVICE_IMAGE, TAG, docker, inspect

Manifest = dict[str, Any]

#: Where `securityContext.seccompProfile.localhostProfile` lies on nodes.
PROFILES = {"profiles/proctor-sandbox.json": SECCOMP}


@dataclass
class Pod:
    """Names of a pod's containers. network: a Docker network; ip: the pod's address in it."""

    network: str
    name: str = field(default_factory=lambda: f"proctor-pod-{secrets.token_hex(4)}")
    volumes: list[str] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    ip: str = ""
    scratch: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="proctor-pod-")))

    def container(self, name: str) -> str:
        """The Docker name of a container."""
        return f"{self.name}-{name}"

    def execute(self, name: str, *command: str, check: bool = True) -> str:
        """Run a command in a container, as a probe does."""
        return docker("exec", self.container(name), *command, check=check)

    def logs(self) -> str:
        """What the containers said, for a failure's message."""
        return "\n".join(docker("logs", "--tail", "20", name, check=False) for name in self.containers)


@contextmanager
def started(
    workload: Manifest,
    network: str,
    *,
    config: Mapping[str, str],
    files: Mapping[str, Path],
    alias: str | None = None,
    publish: str | None = None,
    replace: Mapping[str, list[str]] | None = None,
    profiles: Mapping[str, Path] = PROFILES,
) -> Iterator[Pod]:
    """The pod of a workload. config: data of the ConfigMap; files: a folder on this machine for each Secret;
    alias: its name in the network; publish: `port:port`; replace: arguments of containers; profiles: the node's."""
    spec = workload["spec"]["template"]["spec"]
    pod = Pod(network)
    try:
        sleeper = pod.container("pause")
        pod.containers.append(sleeper)
        options = ["--network-alias", alias] if alias else []
        options += ["-p", publish] if publish else []
        docker(
            "run", "-d", "--name", sleeper, "--network", network, "--ipc", "shareable", *options,
            "--entrypoint", "sleep", SERVICE_IMAGE, "infinity",
        )  # fmt: skip
        pod.ip = inspect([sleeper])[0]["NetworkSettings"]["Networks"][network]["IPAddress"]
        mounts = {v["name"]: _volume(pod, v, files) for v in spec["volumes"]}
        for claim in workload["spec"].get("volumeClaimTemplates", []):
            owner = spec["securityContext"]["fsGroup"]
            mounts[claim["metadata"]["name"]] = _tmpfs(pod, claim["metadata"]["name"], f"mode=0770,gid={owner}")
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            options = [*_security(spec, container, profiles), *_resources(container)]
            options += _mounts(pod, container, mounts)
            _start(pod, container, options, config, (replace or {}).get(container["name"]))
        yield pod
    finally:
        if pod.containers:
            docker("rm", "-f", "-v", *reversed(pod.containers), check=False)
        if pod.volumes:
            docker("volume", "rm", *pod.volumes, check=False)
        shutil.rmtree(pod.scratch)


def _volume(pod: Pod, volume: Manifest, files: Mapping[str, Path]) -> str:
    """A volume's source for `--mount`."""
    if "secret" in volume:
        name = volume["secret"]["secretName"]
        (folder,) = [path for known, path in files.items() if name.startswith(known)]
        return f"type=bind,source={folder}"
    size = volume["emptyDir"]["sizeLimit"].removesuffix("Mi")
    return _tmpfs(pod, volume["name"], f"mode=0777,size={size}m")


def _tmpfs(pod: Pod, name: str, options: str) -> str:
    volume = pod.container(name)
    docker("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", f"o={options}", volume)
    pod.volumes.append(volume)
    return f"type=volume,source={volume}"


def _security(spec: Manifest, container: Manifest, profiles: Mapping[str, Path]) -> list[str]:
    """A security context as options of `docker run`."""
    security = {**spec["securityContext"], **container["securityContext"]}
    capabilities, profile = security["capabilities"], security["seccompProfile"]
    options = ["--user", f"{security['runAsUser']}:{security['runAsGroup']}"]
    if group := security.get("fsGroup"):
        options += ["--group-add", str(group)]
    options += [f"--cap-drop={name}" for name in capabilities["drop"]]
    options += [f"--cap-add={name}" for name in capabilities.get("add", [])]
    if not security["allowPrivilegeEscalation"]:
        options += ["--security-opt", "no-new-privileges:true"]
    if profile["type"] == "Localhost":
        options += ["--security-opt", f"seccomp={profiles[profile['localhostProfile']]}"]
    if security["readOnlyRootFilesystem"]:
        options.append("--read-only")
    return options


def _resources(container: Manifest) -> list[str]:
    limits = container["resources"]["limits"]
    memory = limits["memory"].replace("Mi", "m").replace("Gi", "g")
    return ["--memory", memory, "--memory-swap", memory, "--cpus", limits["cpu"].replace("00m", "e-1")]


def termination_log(container: Manifest) -> str:
    """Where the kubelet mounts a file that everybody may write to."""
    return str(container.get("terminationMessagePath", "/dev/termination-log"))


def _mounts(pod: Pod, container: Manifest, mounts: Mapping[str, str]) -> list[str]:
    """A container's volumes and its termination log as options of `docker run`."""
    options = []
    for mount in container["volumeMounts"]:
        read_only = ",readonly" if mount.get("readOnly") else ""
        options += ["--mount", f"{mounts[mount['name']]},target={mount['mountPath']}{read_only}"]
    log = pod.scratch / container["name"]
    log.touch()
    log.chmod(0o666)
    return [*options, "--mount", f"type=bind,source={log},target={termination_log(container)}"]


def _start(
    pod: Pod, container: Manifest, options: list[str], config: Mapping[str, str], arguments: list[str] | None
) -> None:
    environment = {e["name"]: e["value"] for e in container.get("env", [])}
    if container.get("envFrom"):
        environment = {**config, **environment}
    for name, value in environment.items():
        options += ["-e", f"{name}={value}"]
    name = pod.container(container["name"])
    pod.containers.append(name)
    image = container["image"].partition(":")[0]
    docker(
        "run", "-d", "--name", name, "--network", f"container:{pod.containers[0]}", "--ipc",
        f"container:{pod.containers[0]}", *options, f"{image}:{TAG}", *(arguments or container.get("args", [])),
    )  # fmt: skip
