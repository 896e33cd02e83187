"""Folders of sandboxes that share /tmp or /dev/shm, in pid namespaces that do not see each other."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import proctor_supervisor
from proctor_supervisor import landlock

SOURCES = Path(proctor_supervisor.__file__).parents[1]
HOLDER = f"""
import sys
sys.path.insert(0, {str(SOURCES)!r})
from proctor_supervisor import landlock
print(landlock.make_base((sys.argv[1],)), flush=True)
sys.stdin.read()
"""


def test_a_folder_is_held_as_long_as_its_maker_lives(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as maker:
        assert maker.stdout is not None
        path = maker.stdout.readline().strip()
        assert not landlock.hold(path)
        maker.kill()
        maker.wait()
        assert landlock.hold(path)


def test_a_folder_that_another_took_over_is_left_to_him(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who cleans up came between our making and holding it: a second one is made."""
    made: list[str] = []
    cleaner: list[int] = []
    make = tempfile.mkdtemp

    def gone_at_first(**how: str) -> str:
        made.append(make(**how))
        if len(made) == 1:
            cleaner.append(os.open(made[0], os.O_RDONLY))
            fcntl.flock(cleaner[0], fcntl.LOCK_EX)
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", gone_at_first)
    assert landlock.make_base((str(tmp_path),)) == made[1]
    os.close(cleaner[0])
