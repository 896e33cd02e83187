"""The attached provider: who may dial in, and what a hostile dialler or sandbox can reach (nothing)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import proctor_supervisor
from proctor.errors import SandboxUnavailable
from proctor.sandbox.attached import AttachedProvider
from proctor.sandbox.provider import Session
from proctor.settings import Settings
from proctor.wire import Limits
from proctor_supervisor import PROTOCOL, fingerprint, protocol

SOURCES = Path(proctor_supervisor.__file__).parents[1]
BOOT = f"import sys; sys.path.insert(0, {str(SOURCES)!r}); from proctor_supervisor.main import main; main()"
HELLO = {
    "op": "hello",
    "protocol": PROTOCOL,
    "supervisor": fingerprint(),
    "tier": "B",
    "languages": {"python": "3.11"},
    "enforcement": {},
    "image": "forged",
}


@pytest.fixture(name="folder")
def _folder() -> Iterator[Path]:
    """Sandboxes run as users of their own and must come as far as this; pytest's own folders are for nobody else."""
    with tempfile.TemporaryDirectory(prefix="proctor-sockets-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(name="provider")
def _provider(folder: Path) -> Iterator[AttachedProvider]:
    provider = AttachedProvider(Settings(sandbox_sockets=folder), arrival_s=20, hello_s=1)
    yield provider
    provider.close()


@pytest.fixture(name="start")
def _start(folder: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a sandbox that dials any worker of the folder, for ever."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = ["/usr/bin/python3", "-I", "-S", "-B", "-c", BOOT, "--dial", str(folder), "--forever"]
        started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def output(session: Session, code: str) -> str:
    program = session.program("python", code.encode(), Limits(cpu_s=5, wall_s=15))
    ran = program.run()
    program.close()
    assert ran.stderr == b""
    return ran.stdout.decode()


def dial(folder: Path, within_s: float = 10) -> socket.socket:
    """Connect to whatever listens in the folder."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        for path in folder.glob("*.sock"):
            sock = socket.socket(socket.AF_UNIX)
            try:
                sock.connect(str(path))
                return sock
            except OSError:
                sock.close()
        time.sleep(0.01)
    raise AssertionError("nobody listens")


def in_background(act: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def waits_in_vain(provider: AttachedProvider) -> None:
    with pytest.raises(SandboxUnavailable):
        provider.session()


def test_runs_a_sample_and_leaves_no_path(
    provider: AttachedProvider, start: Callable[[], object], folder: Path
) -> None:
    start()
    session = provider.session()
    assert list(folder.iterdir()) == []
    assert output(session, "print(6 * 7)") == "42\n"


def test_two_sandboxes_are_two(provider: AttachedProvider, start: Callable[[], object]) -> None:
    start()
    start()
    one, other = provider.session(), provider.session()
    assert (output(one, "print(1)"), output(other, "print(2)")) == ("1\n", "2\n")


def test_a_sandbox_dials_again_with_a_fresh_supervisor(
    provider: AttachedProvider, start: Callable[[], object], folder: Path
) -> None:
    start()
    first = provider.session()
    assert output(first, "print(1)") == "1\n"
    first.close()
    provider.give_back(first)
    assert output(provider.session(), "print(2)") == "2\n"


def test_a_sandbox_outlives_its_worker(folder: Path, start: Callable[[], object]) -> None:
    start()
    worker = (
        "import sys\nfrom pathlib import Path\nfrom proctor.settings import Settings\n"
        "from proctor.sandbox.attached import AttachedProvider\n"
        "session = AttachedProvider(Settings(sandbox_sockets=Path(sys.argv[1]))).session()\n"
        "program = session.program('python', b'while True: pass', session_limits)\n"
    ).replace("session_limits", "__import__('proctor.wire').wire.Limits(cpu_s=100, wall_s=100, sample_wall_s=100)")
    worker += "print('running', flush=True)\nprogram.run()\n"
    process = subprocess.Popen([sys.executable, "-c", worker, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"running\n"
    time.sleep(0.3)
    process.kill()
    process.communicate()
    provider = AttachedProvider(Settings(sandbox_sockets=folder), arrival_s=10)
    try:
        assert output(provider.session(), "print(1)") == "1\n"
    finally:
        provider.close()


def test_nobody_comes(folder: Path) -> None:
    provider = AttachedProvider(Settings(sandbox_sockets=folder), arrival_s=0.5)
    with pytest.raises(SandboxUnavailable, match=r"within 0\.5 s"):
        provider.session()
    assert list(folder.iterdir()) == []


def _says(frame: dict[str, Any]) -> Callable[[socket.socket], None]:
    return lambda sock: protocol.send(sock, frame)


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param(lambda sock: None, id="says nothing"),
        pytest.param(lambda sock: sock.close(), id="hangs up"),
        pytest.param(lambda sock: sock.sendall(b"GET / HTTP/1.1\r\n\r\n"), id="speaks HTTP"),
        pytest.param(lambda sock: sock.sendall(b"\xff" * 4096), id="announces 4 GiB"),
        pytest.param(lambda sock: sock.sendall(b"\0\0\1\0{"), id="stops in mid-frame"),
        pytest.param(lambda sock: sock.sendall(b"\0\0\0\2[]"), id="sends no object"),
        pytest.param(_says({"op": "ran"}), id="sends an account at once"),
        pytest.param(_says(HELLO | {"protocol": 999}), id="another protocol"),
        pytest.param(_says(HELLO | {"tier": "U"}), id="too weak a tier"),
        pytest.param(_says(HELLO | {"tier": "Z"}), id="an invented tier"),
        pytest.param(_says(HELLO | {"languages": {}}), id="no language"),
        pytest.param(_says(HELLO | {"languages": "python"}), id="malformed languages"),
        pytest.param(_says({"op": "hello", "protocol": PROTOCOL}), id="half a hello"),
        pytest.param(_says({"op": "refused", "message": "no"}), id="refuses"),
        pytest.param(_says(HELLO), id="says hello and no more"),
    ],
)
def test_a_hostile_dialler_is_sent_off_and_an_honest_one_serves(
    provider: AttachedProvider, start: Callable[[], object], folder: Path, hostile: Callable[[socket.socket], None]
) -> None:
    held: list[socket.socket] = []

    def attack() -> None:
        held.append(dial(folder))
        hostile(held[0])
        start()

    attacker = in_background(attack)
    try:
        session = provider.session()
        attacker.join(5)
        assert session.hello.image != "forged"
        assert output(session, "print('honest')") == "honest\n"
    finally:
        held[0].close()


def test_what_is_taken_cannot_be_dialled_again(
    provider: AttachedProvider, start: Callable[[], object], folder: Path
) -> None:
    """A sandbox that was turned cannot reach another's worker, nor pose as it."""
    seen: list[Path] = []

    def watch() -> None:
        while not (found := list(folder.glob("*.sock"))):
            time.sleep(0.005)
        seen.extend(found)
        start()

    watcher = in_background(watch)
    session = provider.session()
    watcher.join(5)
    with socket.socket(socket.AF_UNIX) as second, pytest.raises(FileNotFoundError):
        second.connect(str(seen[0]))
    assert output(session, "print(1)") == "1\n"


def test_a_sample_finds_no_socket_and_cannot_dial(
    provider: AttachedProvider, start: Callable[[], object], folder: Path
) -> None:
    start()
    session = provider.session()
    other = AttachedProvider(Settings(sandbox_sockets=folder), arrival_s=3)  # a worker that listens meanwhile
    listening = in_background(lambda: waits_in_vain(other))
    while not list(folder.glob("*.sock")):
        time.sleep(0.01)
    (path,) = folder.glob("*.sock")
    code = f"""
import os, socket
def attempt(act):
    try:
        return repr(act())
    except OSError as error:
        return type(error).__name__
print(attempt(lambda: os.listdir({str(folder)!r})), attempt(lambda: socket.socket(socket.AF_UNIX)))
a, b = socket.socketpair()
print(attempt(lambda: a.connect({str(path)!r})), attempt(lambda: os.unlink({str(path)!r})))
"""
    lines = output(session, code).split()
    assert lines == ["FileNotFoundError", "PermissionError", "PermissionError", "FileNotFoundError"]
    assert path.exists()
    listening.join(10)


@pytest.mark.docker
def test_a_container_cannot_touch_the_folder(provider: AttachedProvider, folder: Path) -> None:
    """Even the sandbox's own user, with no isolation of samples at all, replaces and removes nothing."""
    from proctor.sandbox.docker_client import connect
    from proctor.sandbox.docker_container import Owner, container_options, fresh_uid

    folder.chmod(0o777)  # so that nothing but the mount stands in the way
    waiting = in_background(lambda: waits_in_vain(provider))
    while not list(folder.glob("*.sock")):
        time.sleep(0.01)
    (path,) = folder.glob("*.sock")
    inside = f"/run/proctor/{path.name}"
    code = f"""
import os, socket
def attempt(act):
    try:
        act()
    except OSError as error:
        print(error.errno)
    else:
        print("done")
attempt(lambda: os.unlink({inside!r}))
attempt(lambda: os.rename({inside!r}, "/run/proctor/x"))
attempt(lambda: os.symlink("/tmp/x", "/run/proctor/y.sock"))
attempt(lambda: os.chmod({inside!r}, 0))
attempt(lambda: socket.socket(socket.AF_UNIX).bind("/run/proctor/z.sock"))
attempt(lambda: socket.socket(socket.AF_UNIX).listen())
"""
    settings = Settings()
    options = container_options(
        image=settings.sandbox_image,
        folder=folder,
        limits=settings.limits_default,
        limits_max=settings.limits_max,
        uid=fresh_uid(mapped=False),
        owner=Owner.current(),
        instance="test",
        token="",
        min_tier="A",
        tier=None,
        runtime=None,
    )
    options |= {"entrypoint": ["python3", "-I", "-c", code], "command": [], "auto_remove": False}
    options["log_config"] = {"type": "json-file"}
    client = connect()
    container = client.containers.create(**options)
    try:
        container.start()
        container.wait(timeout=30)
        answers = container.logs().split()
    finally:
        container.remove(force=True)
        client.close()
    assert answers == [b"30", b"30", b"30", b"30", b"1", b"1"], "EROFS; EPERM for bind and listen"
    assert os.path.exists(path)
    dial(folder).close()
    waiting.join(1)


@pytest.fixture(name="start_family")
def _start_family(folder: Path) -> Iterator[Callable[[str, dict[str, str]], subprocess.Popen[bytes]]]:
    """Starts a sandbox that dials in a family's folder, and says that it serves some languages."""
    started: list[subprocess.Popen[bytes]] = []

    def start(family: str, languages: dict[str, str]) -> subprocess.Popen[bytes]:
        (folder / family).mkdir(exist_ok=True)
        command = ["/usr/bin/python3", "-I", "-S", "-B", "-c", BOOT, "--dial", str(folder / family), "--forever"]
        command += ["--languages", json.dumps(languages)]
        started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


StartFamily = Callable[[str, dict[str, str]], "subprocess.Popen[bytes]"]


def test_a_worker_waits_for_one_of_each_family(folder: Path, start_family: StartFamily) -> None:
    """Units of every language come to every worker: it serves none before it can serve all."""
    (folder / "go").mkdir()
    start_family("python", {"python": "3"})
    alone = AttachedProvider(Settings(sandbox_sockets=folder), arrival_s=1)
    with pytest.raises(SandboxUnavailable, match="no sandbox for go"):
        alone.session()
    alone.close()
    start_family("go", {"go": "1.19"})
    provider = AttachedProvider(Settings(sandbox_sockets=folder), arrival_s=20)
    try:
        session = provider.session()
        assert output(session, "print(1)") == "1\n"
        assert provider.languages() == {**session.hello.languages, "go": "1.19"}
        assert provider.session("go").hello.languages == {"go": "1.19"}
    finally:
        provider.close()


def test_families_may_be_named(folder: Path, start_family: StartFamily) -> None:
    """As compose does, whose worker has every folder: by profiles, of which others are no families."""
    for family in ("cpp", "go", "java"):
        (folder / family).mkdir()
    start_family("python", {"python": "3"})
    start_family("cpp", {"c": "12", "cpp": "12"})
    settings = Settings(sandbox_sockets=folder, sandbox_families="monitoring, cpp,,python")
    provider = AttachedProvider(settings, arrival_s=20)
    try:
        assert output(provider.session(), "print(1)") == "1\n"
        assert set(provider.languages()) == {"python", "c", "cpp"}
    finally:
        provider.close()


def test_a_sandbox_of_one_family_is_not_taken_for_another(folder: Path, start_family: StartFamily) -> None:
    """Not even one that lies: it reaches its own family's folder alone, and there it is no use."""
    (folder / "cpp").mkdir()
    start_family("cpp", {"python": "3"})
    start_family("python", {"python": "3"})
    provider = AttachedProvider(Settings(sandbox_sockets=folder), arrival_s=1)
    try:
        with pytest.raises(SandboxUnavailable, match="no sandbox for c and cpp"):
            provider.session()
    finally:
        provider.close()


def test_what_a_family_lost_is_replaced_from_its_own_folder(folder: Path, start_family: StartFamily) -> None:
    start_family("python", {"python": "3"})
    start_family("go", {"go": "1.19"})
    provider = AttachedProvider(Settings(sandbox_sockets=folder), arrival_s=20)
    try:
        provider.give_back(provider.session())
        go = provider.session("go")
        go.close()
        provider.give_back(go)
        assert "go" in provider.languages(), "it is still offered"
        assert not provider.session("go").hung_up()
    finally:
        provider.close()


@pytest.mark.docker
def test_what_one_container_runs_takes_no_task_from_another(folder: Path) -> None:
    """Replicas of a service have one user, whose tasks the kernel counts together; limits are each sample's own."""
    from proctor.sandbox.docker_client import connect
    from proctor.sandbox.docker_container import Owner, container_options

    settings = Settings()
    options = container_options(
        image=settings.sandbox_image,
        folder=folder,
        limits=settings.limits_default,
        limits_max=settings.limits_max,
        uid=65532,
        owner=Owner.current(),
        instance="test",
        token="",
        min_tier="A",
        tier=None,
        runtime=None,
    )
    options["command"] = ["--dial", "/run/proctor", "--forever", "--tier", "A"]
    options.pop("name")
    sleeps = (
        "import threading, time\nfor _ in range({}):\n    threading.Thread(target=time.sleep, args=({},)).start()\n"
    )
    with contextlib.ExitStack() as stack:
        client = connect()
        stack.callback(client.close)
        sessions = []
        for _ in range(3):
            container = client.containers.create(**options)
            stack.callback(container.remove, force=True)
            container.start()
            provider = AttachedProvider(Settings(sandbox_sockets=folder))
            stack.callback(provider.close)
            sessions.append(provider.session())
        assert [(s.hello.tier, s.hello.enforcement["processes"]) for s in sessions] == [("A", "polled")] * 3
        others = [in_background(lambda s=s: output(s, sleeps.format(50, 4))) for s in sessions[1:]]
        time.sleep(1)
        program = sessions[0].program("python", sleeps.format(5, 0.2).encode(), Limits(processes=8))
        ran = program.run()
        assert (ran.exit_code, ran.stopped, ran.stderr) == (0, None, b"")
        program = sessions[0].program("python", sleeps.format(12, 5).encode(), Limits(processes=8))
        assert program.run().stopped == "processes"
        for other in others:
            other.join(20)
