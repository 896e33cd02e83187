"""Layer 1 of the isolation, to the letter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proctor.sandbox.docker_container import Owner, container_options, fresh_uid, memory_bytes, start_time
from proctor.wire import Limits


@pytest.fixture(name="options")
def _options(tmp_path: Path) -> dict[str, Any]:
    return container_options(
        image="image",
        folder=tmp_path,
        limits=Limits(),
        limits_max=Limits(processes=512),
        uid=fresh_uid(mapped=False),
        owner=Owner.current(),
        instance="test",
        token="secret",
        min_tier="A",
        tier=None,
        runtime="runsc",
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("network_mode", "none"),
        ("read_only", True),
        ("cap_drop", ["ALL"]),
        ("privileged", False),
        ("ipc_mode", "private"),
        ("init", False),
        ("auto_remove", True),
        ("restart_policy", {"Name": "no"}),
        ("runtime", "runsc"),
        ("nano_cpus", 1_000_000_000),
        ("tty", False),
    ],
)
def test_is_as_promised(options: dict[str, Any], option: str, value: object) -> None:
    assert options[option] == value


def test_adds_no_power(options: dict[str, Any]) -> None:
    assert not options.keys() & {
        "cap_add",
        "devices",
        "pid_mode",
        "userns_mode",
        "volumes",
        "ports",
        "group_add",
        "environment",
    }


def test_no_new_privileges_and_our_own_seccomp_profile(options: dict[str, Any]) -> None:
    privileges, profile = options["security_opt"]
    assert privileges == "no-new-privileges:true"
    assert json.loads(profile.removeprefix("seccomp="))["defaultAction"] == "SCMP_ACT_ERRNO"


def _with(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "image": "image",
        "folder": tmp_path,
        "limits": Limits(),
        "limits_max": Limits(),
        "uid": 1_000_000_000,
        "owner": Owner.current(),
        "instance": "test",
        "token": "secret",
        "min_tier": "A",
        "tier": None,
        "runtime": None,
    }
    return container_options(**arguments | changes)


@pytest.mark.parametrize("changes", [{"min_tier": "U"}, {"min_tier": "U", "tier": "U"}])
def test_tier_u_adds_two_capabilities_and_a_block_of_users(tmp_path: Path, changes: dict[str, Any]) -> None:
    options = _with(tmp_path, **changes)
    assert options["user"] == "0:0"
    assert options["cap_drop"] == ["ALL"]
    assert options["cap_add"] == ["SETUID", "SETGID"]
    assert options["command"][-2:] == ["--users", "1000000000"]
    assert "uid=1000000000" in options["tmpfs"]["/tmp"]


def test_a_stronger_tier_alone_needs_no_root(tmp_path: Path) -> None:
    options = _with(tmp_path, min_tier="U", tier="B")
    assert options["user"] == "1000000000:1000000000"
    assert "cap_add" not in options


@pytest.mark.parametrize(("runtime", "most"), [(None, 600), ("runsc", 8 * 600)])
def test_processes_are_bounded(tmp_path: Path, runtime: str | None, most: int) -> None:
    """gVisor's kernel takes several threads of the host for each task within."""
    pids = _with(tmp_path, limits_max=Limits(processes=400), runtime=runtime)["pids_limit"]
    assert (400 if runtime is None else 8 * 400) < pids < most


def test_an_apparmor_profile_is_named(tmp_path: Path) -> None:
    assert "apparmor=proctor-sandbox" in _with(tmp_path, apparmor="proctor-sandbox")["security_opt"]


def test_nothing_of_the_host_but_the_socket_read_only(options: dict[str, Any], tmp_path: Path) -> None:
    (mount,) = options["mounts"]
    assert (mount["Source"], mount["ReadOnly"], mount["Type"]) == (str(tmp_path), True, "bind")


def test_no_log_and_no_swap(options: dict[str, Any]) -> None:
    assert options["log_config"]["Type"] == "none"
    assert options["mem_limit"] == options["memswap_limit"] == memory_bytes(Limits())


def test_never_root_and_never_an_account() -> None:
    assert all(fresh_uid(mapped=False) >= 1_000_000_000 for _ in range(100))
    assert all(20_000 <= fresh_uid(mapped=True) < 60_000 for _ in range(100))
    assert len({fresh_uid(mapped=False) for _ in range(100)}) > 90


def test_an_owner_lives_until_it_ends() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = Owner(Owner.current().host, f"{child.pid}:{start_time(child.pid)}")
    assert owner.lives()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not owner.lives(), "a zombie runs nothing"
    child.communicate()
    assert not owner.lives()


def test_a_pid_used_again_is_another_owner() -> None:
    own = Owner.current()
    assert own.lives()
    assert not Owner(own.host, f"{os.getpid()}:1").lives()
    assert not Owner(own.host, "nonsense").lives()
