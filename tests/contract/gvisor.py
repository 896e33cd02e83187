"""The suites under gVisor: what is different there and why."""

from __future__ import annotations

#: Tests that do not hold under Debian 12's runsc (December 2022), by name or by name and case, each with its reason.
EXCEPTIONS: dict[str, str] = {
    "test_cpu_and_wall_are_told_apart": "clocks of CPU time go by 10 ms, and tell what tasks wait too",
    "test_cpu_is_counted_per_case": "clocks of CPU time go by 10 ms, and tell what tasks wait too",
    "test_processes_up_to_the_limit_are_fine": "sixteen processes that wait use up two seconds of such a clock",
    "test_bomb_is_stopped[fork]": "stopped too, but for CPU time or memory: each fork takes long",
    "test_bomb_is_stopped[fork-and-setsid]": "stopped too, but for CPU time or memory: each fork takes long",
    "test_bomb_is_stopped[sessions]": "stopped too, but for CPU time or memory: each fork takes long",
    "test_bomb_is_stopped[shell]": "stopped too, but for CPU time: each fork takes long",
    "test_bomb_is_stopped[recursion]": "stopped too, but for CPU time: each new page takes long",
    "test_limit_is_named[shared-mapping]": "stopped too, on a busy machine for CPU time: each new page takes long",
    "test_limit_is_named[many-small-processes]": "stopped too, on a busy machine for wall time: each fork takes long",
    "test_a_candidate_that_dies_passes_nothing[processes]": "stopped too, but for CPU time: each fork takes long",
    "test_bomb_is_stopped[dropped-shared-mmap]": "stopped too, but for CPU time",
    "test_memory_that_is_only_reserved_does_not_count": "a shared mapping counts as resident as a whole",
    "test_other_tables_of_system_calls_kill[i386]": "int 0x80 is refused with an error instead",
}


def exception(name: str) -> str | None:
    """Why a test, by its plain name, does not hold here; None where it does."""
    return EXCEPTIONS.get(name) or EXCEPTIONS.get(name.partition("[")[0])
