"""Kinds of sandbox that cost CI much and show little that others do not: it runs `IN_CI` of the suites on them.

gVisor is slow to start processes; tier U is the same supervisor whether the worker or somebody else started it.
PROCTOR_WHOLE=docker-runsc,attached-U runs everything on the kinds that it names, PROCTOR_WHOLE=all on each.
"""

from __future__ import annotations

import os

SAMPLED = frozenset(("docker-runsc", "attached-U", "attached-docker-U"))

#: One of each kind of promise.
IN_CI = frozenset(
    (
        "test_hello_names_tier_language_and_enforcement",
        "test_stdin_arrives_whole[200kB]",
        "test_stdout_and_stderr_arrive_whole[200kB]",
        "test_argv_and_files",
        "test_fetched_are_regular_files_of_the_sample_alone",
        "test_compile_once_run_many",
        "test_honest_oddity_works[multiprocessing]",
        "test_honest_oddity_works[subprocess]",
        "test_limit_is_named[busy]",
        "test_limit_is_named[sleep]",
        "test_limit_is_named[heap]",
        "test_limit_is_named[flood]",
        "test_limit_is_named[fork-bomb-that-sleeps]",
        "test_a_full_disk_is_flagged",
        "test_next_sample_runs_after[kill-all]",
        "test_closing_from_another_thread_ends_a_run_within_two_seconds",
        "test_no_socket_of_any_family_opens",
        "test_kernel_interfaces_are_refused",
        "test_nothing_but_its_own_folders_can_be_written",
        "test_secrets_of_the_host_cannot_be_read",
        "test_files_of_one_sample_are_not_found_by_the_next",
        "test_processes_of_one_sample_do_not_reach_the_next",
        "test_a_sample_signals_nobody_but_itself",
        "test_no_descriptor_but_the_three_is_open",
        "test_descriptors_of_other_processes_cannot_be_opened",
        "test_memory_of_the_zygote_holds_nothing_of_earlier_samples",
    )
)


def plain(name: str, kind: str) -> str:
    """A test's name without the kind of sandbox."""
    return name.replace(f"[{kind}]", "").replace(f"[{kind}-", "[").replace(f"-{kind}]", "]")


def leaves_out(name: str, kind: str) -> bool:
    """Whether `kind` is sampled and the test, by its name as pytest writes it, is not in the sample."""
    whole = os.environ.get("PROCTOR_WHOLE", "").split(",")
    return kind in SAMPLED and not {"all", kind} & set(whole) and plain(name, kind) not in IN_CI
