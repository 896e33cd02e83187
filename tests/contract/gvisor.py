"""The suites under gVisor: what is different there and why, and which part of them CI runs.

gVisor is slow to start processes, so CI runs `IN_CI`; PROCTOR_GVISOR=all runs everything.
"""

from __future__ import annotations

import os

#: Tests that do not hold under Debian 12's runsc (December 2022), by name or by name and case, each with its reason.
EXCEPTIONS: dict[str, str] = {
    "test_cpu_and_wall_are_told_apart": "clocks of CPU time go by 10 ms, and tell what tasks wait too",
    "test_cpu_is_counted_per_case": "clocks of CPU time go by 10 ms, and tell what tasks wait too",
    "test_processes_up_to_the_limit_are_fine": "sixteen processes that wait use up two seconds of such a clock",
    "test_bomb_is_stopped[fork]": "stopped too, but for CPU time or memory: each fork takes long",
    "test_bomb_is_stopped[fork-and-setsid]": "stopped too, but for CPU time or memory: each fork takes long",
    "test_bomb_is_stopped[shell]": "stopped too, but for CPU time: each fork takes long",
    "test_bomb_is_stopped[dropped-shared-mmap]": "stopped too, but for CPU time",
    "test_memory_that_is_only_reserved_does_not_count": "a shared mapping counts as resident as a whole",
    "test_other_tables_of_system_calls_kill[i386]": "int 0x80 is refused with an error instead",
    "test_priorities_and_limits_of_others_are_out_of_reach": "a nice value changes nothing, so anyone may set his own",
}

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


def exception(name: str) -> str | None:
    """Why a test, by its plain name, does not hold here; None where it does."""
    return EXCEPTIONS.get(name) or EXCEPTIONS.get(name.partition("[")[0])


def runs(name: str) -> bool:
    """Whether a test, by its plain name, is to run."""
    return os.environ.get("PROCTOR_GVISOR") == "all" or name in IN_CI
