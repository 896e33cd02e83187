"""The images: who runs in them, what is in them, whether a second build is the same, and doctor in every one."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from proctor import __version__
from proctor.doctor.examine import examine
from proctor.doctor.promises import PROMISES
from proctor.sandbox.docker import DockerProvider
from proctor.settings import Settings
from proctor_supervisor.languages.table import PYTHON, families, languages_of

from .docker_cli import (
    REDIS_IMAGE,
    ROOT,
    SECCOMP,
    SERVICE_IMAGE,
    TAG,
    build_sandboxes,
    build_service_images,
    docker,
    inspect,
    run,
)

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

SERVICE_IMAGES = [SERVICE_IMAGE, REDIS_IMAGE, f"proctor-prometheus:{TAG}"]
SANDBOX_IMAGE = f"proctor-sandbox-python:{TAG}"
STAGES = "built,root,image"
HARDENED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges:true", "--network=none"]

#: What no busy machine can be blamed for.
SECURITY = {"network", "filesystem", "processes", "kernel", "privileges", "other samples", "answers", "verdicts"}


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    build_service_images()


@pytest.mark.parametrize("image", SERVICE_IMAGES)
def test_service_images_say_what_they_are(image: str) -> None:
    config = _nobody_is_root_and_labels_say_what_it_is(image)
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", config["Labels"]["org.opencontainers.image.revision"])


@pytest.mark.parametrize("family", families())
def test_sandbox_images_hold_nothing_of_the_service(family: str) -> None:
    build_sandboxes(family)
    image = f"proctor-sandbox-{family}:{TAG}"
    config = _nobody_is_root_and_labels_say_what_it_is(image)
    assert not [value for value in config["Env"] if "PROCTOR" in value]
    script = (
        "find / -xdev -type f -perm /6000; ls /opt/proctor | grep -v -e proctor_supervisor -e languages.json; "
        "python3 -c 'import proctor' 2>/dev/null && echo service; "
        "for p in pip pip3 apt apt-get npm cargo curl docker; do command -v $p; done; ls /run/secrets 2>/dev/null; true"
    )
    assert docker("run", "--rm", *HARDENED, "--user=0", "--entrypoint=/bin/sh", image, "-c", script) == ""


@pytest.mark.parametrize("image", SERVICE_IMAGES)
def test_no_compiler_no_package_manager_no_set_uid(image: str) -> None:
    script = (
        "find / -xdev -type f -perm /6000; "
        "for p in cc gcc clang as ld pip pip3 apt apt-get curl docker; do command -v $p; done; "
        "ls /run/secrets 2>/dev/null; true"
    )
    assert docker("run", "--rm", *HARDENED, "--user=0", "--entrypoint=/bin/sh", image, "-c", script) == ""


def test_the_service_has_the_locked_versions() -> None:
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    found = json.loads(run(str(ROOT / "scripts" / "sbom"), SERVICE_IMAGE).stdout)["components"]
    python = {c["name"].lower().replace("_", "-"): c["version"] for c in found if c["purl"].startswith("pkg:pypi/")}
    assert python.pop("proctor-rewards") == __version__
    assert {"fastapi", "redis", "rq", "uvicorn"} <= set(python)
    assert {name: version for name, version in python.items() if locked.get(name) != version} == {}
    debian = {c["name"]: c for c in found if c["purl"].startswith("pkg:deb/debian/")}
    assert re.fullmatch(r"pkg:deb/debian/python3@3\.11[^?]*\?arch=\w+&distro=debian-12", debian["python3"]["purl"])
    assert docker("run", "--rm", *HARDENED, SERVICE_IMAGE, "--version") == f"proctor {__version__}"


def test_a_second_build_has_the_same_layers() -> None:
    """Built without any cache but Debian's packages, which are what the mirror gives on the day."""
    again = f"proctor:again-{secrets.token_hex(4)}"
    try:
        options = {"PROCTOR_IMAGE_TAG": again.partition(":")[2], "PROCTOR_BUILD_OPTIONS": f"--no-cache-filter={STAGES}"}
        run(str(ROOT / "scripts" / "build-service-images"), "proctor", environment=options, timeout_s=500)
        layers = [image["RootFS"]["Layers"] for image in inspect([SERVICE_IMAGE, again])]
        assert layers[0] == layers[1]
    finally:
        docker("image", "rm", again, check=False)


def test_a_second_build_of_a_sandbox_has_the_same_files() -> None:
    """As docs/operations.md says of every family; the others take minutes. It ends 1 where a file differs."""
    build_sandboxes("go")
    said = run(str(ROOT / "scripts" / "rebuild-images"), "go", timeout_s=500).stdout
    assert re.fullmatch(r"go: the same layers\n|go: (\d{3,}) of \1 files are the same\n", said)


def test_java_takes_its_classes_from_the_archive() -> None:
    """Beside another folder's program, as the supervisor starts it."""
    build_sandboxes("java")
    home = "/usr/lib/proctor/java"
    script = (
        f"cd /tmp && java -XX:+UseSerialGC -XX:SharedArchiveFile={home}/driver.jsa -Xlog:class+load "
        f"-cp {home}/driver.jar:/tmp/program.jar proctor.Train </dev/null"
    )
    options = [*HARDENED, "--tmpfs=/tmp", "--user=65532", "--entrypoint=/bin/sh"]
    said = docker("run", "--rm", *options, f"proctor-sandbox-java:{TAG}", "-c", script)
    assert said.count("shared objects file") > 0.8 * said.count(" source: ") > 800


def test_doctor_runs_in_the_service_image() -> None:
    """The namespace provider inside a container without any capability: tier B, as our profile lets it."""
    command = ["run", "--rm", *HARDENED, "--tmpfs=/tmp:mode=1777", f"--security-opt=seccomp={SECCOMP}", SERVICE_IMAGE]
    found = docker(*command, "doctor", "--sandbox", "namespace", "--json", timeout_s=300, check=False)
    _keeps_its_promises(found)


@pytest.fixture(name="sockets")
def _sockets() -> Iterator[str]:
    name = f"proctor-test-{secrets.token_hex(4)}"
    options = ["type=tmpfs", "device=tmpfs", "o=mode=0755,uid=10001,gid=10001"]
    docker("volume", "create", *(part for option in options for part in ("-o", option)), name)
    yield name
    docker("volume", "rm", name)


def test_doctor_attacks_the_sandbox_image(sockets: str) -> None:
    """From the service image, over a socket, as compose and pods do."""
    sandbox = docker(
        "run", "-d", *HARDENED, "--ipc=private", "--tmpfs=/tmp:mode=1777,size=160m",
        f"--security-opt=seccomp={SECCOMP}",
        "--memory=1344m", "--memory-swap=1344m", "--pids-limit=256", "--user=65532:65532",
        f"--mount=type=volume,source={sockets},target=/run/proctor,readonly",
        SANDBOX_IMAGE, "--dial", "/run/proctor", "--forever",
    )  # fmt: skip
    try:
        found = docker(
            "run", "--rm", *HARDENED, "--tmpfs=/tmp:mode=1777",
            f"--mount=type=volume,source={sockets},target=/run/proctor", SERVICE_IMAGE, "doctor", "--json",
            timeout_s=300, check=False,
        )  # fmt: skip
        assert _keeps_its_promises(found)["provider"] == "attached"
    finally:
        docker("rm", "-f", sandbox)


@pytest.fixture(scope="module", name="provider")
def _provider() -> Iterator[DockerProvider]:
    build_sandboxes()
    with contextlib.closing(DockerProvider(Settings())) as provider:
        yield provider


@pytest.mark.parametrize("family", [name for name in families() if name != PYTHON])
def test_doctor_attacks_every_other_image(family: str, provider: DockerProvider) -> None:
    """As `proctor doctor --sandbox docker --language go` does, but for the limits, which no image has a part in."""
    language = min(languages_of(family) - {"bash"})
    hello, findings = examine(provider, promises=[p for p in PROMISES if p.limit is None], language=language)
    assert set(hello.languages) == languages_of(family)
    assert {f.name for f in findings} >= SECURITY
    assert [(f.name, f.breaches) for f in findings if not f.kept] == []


def _keeps_its_promises(text: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(text)
    promises = found["promises"]
    assert isinstance(promises, list)
    assert found["tier"] == "B"
    assert {p["name"] for p in promises} >= SECURITY
    assert [p["breaches"] for p in promises if p["name"] in SECURITY and not p["kept"]] == []
    return found


def _nobody_is_root_and_labels_say_what_it_is(image: str) -> dict[str, Any]:
    config: dict[str, Any] = inspect([image])[0]["Config"]
    assert int(config["User"].split(":")[0]) > 0
    label = "org.opencontainers.image"
    assert config["Labels"][f"{label}.version"] == __version__
    assert config["Labels"][f"{label}.licenses"] == "Apache-2.0"
    assert config["Labels"][f"{label}.title"] == image.partition(":")[0]
    assert not [value for value in config["Env"] if re.search("KEY|PASSWORD|TOKEN|SECRET", value)]
    return config
