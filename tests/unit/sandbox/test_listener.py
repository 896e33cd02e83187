"""One connection per socket, and no path afterwards."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from proctor.errors import SandboxUnavailable
from proctor.sandbox.listener import STALE_S, Listener, remove_stale


def dial(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        raise
    return sock


def test_takes_one_and_is_gone(tmp_path: Path) -> None:
    listener = Listener(tmp_path)
    with dial(listener.path) as theirs, listener.accept(5) as ours:
        listener.close()
        theirs.sendall(b"hello")
        assert ours.recv(5) == b"hello"
        assert list(tmp_path.iterdir()) == []


def test_a_second_caller_gets_nothing(tmp_path: Path) -> None:
    listener = Listener(tmp_path)
    with dial(listener.path), dial(listener.path) as second, listener.accept(5):
        listener.close()
        second.settimeout(5)
        with pytest.raises(ConnectionResetError):
            second.recv(1)


def test_gives_up_in_time(tmp_path: Path) -> None:
    listener = Listener(tmp_path)
    began = time.monotonic()
    with pytest.raises(SandboxUnavailable, match=r"within 0\.5 s"):
        listener.accept(0.5)
    assert time.monotonic() - began < 2
    listener.close()


def test_the_check_ends_the_wait(tmp_path: Path) -> None:
    def check() -> None:
        raise SandboxUnavailable("the container ended")

    listener = Listener(tmp_path)
    with pytest.raises(SandboxUnavailable, match="ended"):
        listener.accept(60, check=check)
    listener.close()


def test_a_path_longer_than_an_address(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    listener = Listener(folder)
    assert len(str(listener.path)) > 108
    listener.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="cannot listen"):
        Listener(tmp_path / "none")


def test_removes_sockets_that_nobody_minds(tmp_path: Path) -> None:
    stale, fresh = Listener(tmp_path), Listener(tmp_path)
    past = time.time() - STALE_S - 1
    os.utime(stale.path, (past, past))
    remove_stale(tmp_path)
    assert list(tmp_path.iterdir()) == [fresh.path]
    stale.close()
    fresh.close()


def test_a_socket_removed_under_us_is_noticed(tmp_path: Path) -> None:
    listener = Listener(tmp_path)
    listener.path.unlink()
    with pytest.raises(SandboxUnavailable, match="removed"):
        listener.accept(10)
    listener.close()
