"""The container's seccomp profile against what it must deny, and against the sample's own filter."""

from __future__ import annotations

import json

import pytest

from proctor.sandbox.docker_container import seccomp_profile
from proctor_supervisor import seccomp

RULES = json.loads(seccomp_profile())["syscalls"]
ALLOWED = {name for rule in RULES if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}

DENIED_TEXT = """
io_uring_setup io_uring_enter io_uring_register bpf perf_event_open userfaultfd keyctl add_key request_key
ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp process_madvise shmget shmat shmctl semget semop msgget
msgsnd mq_open mq_timedsend fsopen fsconfig fsmount fspick open_tree move_mount open_by_handle_at name_to_handle_at
init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct iopl ioperm quotactl
settimeofday clock_settime adjtimex clock_adjtime syslog modify_ldt vmsplice fanotify_init mbind set_mempolicy
migrate_pages move_pages sched_setattr ioprio_set bind listen accept accept4 clone3 lookup_dcookie nfsservctl uselib
"""


@pytest.mark.parametrize("name", DENIED_TEXT.split())
def test_denied(name: str) -> None:
    assert name not in ALLOWED


def test_denies_what_it_does_not_name() -> None:
    profile = json.loads(seccomp_profile())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert not {rule["action"] for rule in RULES} - {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"}


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_allows_what_a_sample_may_do(machine: str) -> None:
    """A call has to pass both filters; one denied here would differ between providers."""
    assert not set(seccomp.numbers(machine)) - ALLOWED - {"clone3"}


def test_sockets_are_unix_alone() -> None:
    (rule,) = [rule for rule in RULES if "socket" in rule["names"]]
    assert rule["args"] == [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]


@pytest.mark.parametrize(("name", "denied"), [("clone", 0x42000000), ("unshare", 0x02000080)])
def test_namespaces_that_nobody_needs(name: str, denied: int) -> None:
    (rule,) = [rule for rule in RULES if name in rule["names"]]
    assert rule["args"] == [{"index": 0, "value": denied, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]


def test_every_rule_says_why() -> None:
    assert all(rule["comment"] for rule in RULES)
