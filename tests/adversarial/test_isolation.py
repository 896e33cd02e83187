"""Attacks on other samples, on the supervisor and on the host, each named by its outcome.

A probe is a program that prints a line for everything that it managed to do and should not have: no line, no break.
"""

# ruff: noqa: E501 (programs as one line each)
from __future__ import annotations

import secrets
import time

import pytest
from contract.conftest import Kind, Runner

from proctor.sandbox.provider import Session

PRELUDE = """
import ctypes, errno, os, socket, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def call(name, number, *args):
    if libc.syscall(number, *args) != -1: print('allowed:', name)
    elif ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.EACCES): print(name, os.strerror(ctypes.get_errno()))
def tries(name, function, *args):
    try: function(*args)
    except (OSError, ValueError): return
    print('allowed:', name)
"""


def breaks(run: Runner, probe: str, stdin: bytes = b"", **limits: float) -> list[str]:
    """What the probe managed to do."""
    ran = run(PRELUDE + probe, stdin, **limits)
    assert (ran.exit_code, ran.stopped) == (0, None), ran.stderr.decode(errors="replace")
    return ran.stdout.decode().splitlines()


# The host


def test_no_socket_of_any_family_opens(run: Runner) -> None:
    probe = """
for family in range(0, 46):
    for kind in (1, 2, 3, 5):
        tries(f'socket({family}, {kind})', socket.socket, family, kind)
for kind in (2, 5):
    tries(f'socketpair({kind})', socket.socketpair, socket.AF_UNIX, kind)
tries('getaddrinfo', socket.getaddrinfo, 'example.org', 80)
tries('connect', socket.create_connection, ('127.0.0.1', 80), 1)
"""
    assert breaks(run, probe) == []


def test_a_socketpair_can_neither_connect_nor_bind_nor_send_elsewhere(run: Runner) -> None:
    probe = """
a, b = socket.socketpair()
for target in ('/tmp/x', '\\0x', b'\\0'):
    tries(f'bind {target}', a.bind, target); tries(f'connect {target}', a.connect, target); tries(f'sendto', a.sendto, b'x', target)
tries('listen', a.listen); tries('accept', a.accept)
tries('setsockopt', a.setsockopt, socket.SOL_SOCKET, 26, b'x' * 16)
"""
    assert breaks(run, probe) == []


@pytest.mark.skipif("os.uname().machine != 'x86_64'", reason="the numbers are those of x86-64")
def test_kernel_interfaces_are_refused(run: Runner) -> None:
    probe = """
for name, number, args in (
    ('io_uring_setup', 425, (8, ctypes.create_string_buffer(120))), ('bpf', 321, (0, ctypes.create_string_buffer(120), 120)),
    ('keyctl', 250, (0, -3, 1)), ('add_key', 248, (b'user', b'a', b'b', 1, -3)), ('request_key', 249, (b'user', b'a', 0, -3)),
    ('userfaultfd', 323, (0,)), ('perf_event_open', 298, (ctypes.create_string_buffer(120), 0, -1, -1, 0)),
    ('ptrace', 101, (0, 0, 0, 0)), ('process_vm_readv', 310, (os.getpid(), 0, 0, 0, 0, 0)), ('kcmp', 312, (1, 1, 0, 0, 0)),
    ('pidfd_getfd', 438, (0, 0, 0)), ('process_madvise', 440, (0, 0, 0, 0, 0)), ('pidfd_send_signal', 424, (0, 9, 0, 0)),
    ('unshare user', 272, (0x10000000,)), ('unshare mount', 272, (0x20000,)), ('setns', 308, (0, 0)),
    ('mount', 165, (b'none', b'/tmp', b'tmpfs', 0, 0)), ('umount2', 166, (b'/tmp', 0)), ('pivot_root', 155, (b'.', b'.')),
    ('chroot', 161, (b'/tmp',)), ('fsopen', 430, (b'tmpfs', 0)), ('open_tree', 428, (-100, b'/', 1)), ('move_mount', 429, (0, b'', 0, b'', 0)),
    ('mount_setattr', 442, (-100, b'/', 0, 0, 0)), ('swapon', 167, (b'/tmp/x', 0)), ('reboot', 169, (0, 0, 0, 0)),
    ('init_module', 175, (0, 0, b'')), ('finit_module', 313, (0, b'', 0)), ('kexec_load', 246, (0, 0, 0, 0)),
    ('open_by_handle_at', 304, (-100, ctypes.create_string_buffer(64), 0)), ('name_to_handle_at', 303, (-100, b'/', 0, 0, 0)),
    ('fanotify_init', 300, (0, 0)), ('quotactl', 179, (0, 0, 0, 0)), ('acct', 163, (0,)), ('settimeofday', 164, (0, 0)),
    ('clock_settime', 227, (0, 0)), ('clock_adjtime', 305, (0, 0)), ('adjtimex', 159, (0,)), ('sethostname', 170, (b'x', 1)),
    ('iopl', 172, (3,)), ('ioperm', 173, (0, 1, 1)), ('modify_ldt', 154, (0, 0, 0)), ('syslog', 103, (3, 0, 0)),
    ('memfd_create', 319, (b'x', 0)), ('memfd_secret', 447, (0,)), ('vmsplice', 278, (1, 0, 0, 0)), ('splice', 275, (0, 0, 1, 0, 1, 0)),
    ('tee', 276, (0, 1, 1, 0)), ('sendfile', 40, (1, 0, 0, 1)), ('copy_file_range', 326, (0, 0, 1, 0, 1, 0)),
    ('shmget', 29, (0, 4096, 0o1600)), ('semget', 64, (0, 1, 0o1600)), ('msgget', 68, (0, 0o1600)), ('mq_open', 240, (b'/x', 0o102, 0o600, 0)),
    ('chown', 92, (b'/tmp', 0, 0)), ('setxattr', 188, (b'/tmp', b'user.x', b'y', 1, 0)), ('mknod', 133, (b'/tmp/n', 0o20600, 0x101)),
    ('setuid', 105, (0,)), ('setgid', 106, (0,)), ('setresuid', 117, (0, 0, 0)), ('setgroups', 116, (0, 0)), ('capset', 126, (0, 0)),
    ('seccomp', 317, (0, 0, 0)), ('landlock_create_ruleset', 444, (0, 0, 1)), ('mlock', 149, (0, 4096)), ('mlockall', 151, (3,)),
    ('mbind', 237, (0, 0, 0, 0, 0, 0)), ('set_mempolicy', 238, (0, 0, 0)), ('move_pages', 279, (0, 0, 0, 0, 0, 0)), ('mincore', 27, (0, 0, 0)),
    ('ioprio_set', 251, (1, 0, 0)), ('sched_setattr', 314, (0, 0, 0)), ('lookup_dcookie', 212, (0, 0, 0)), ('clone3', 435, (0, 0)),
    ('personality', 135, (0x0040000,)), ('sync', 162, ()), ('syncfs', 306, (1,)), ('cachestat', 451, (0, 0, 0, 0)), ('listmount', 458, (0, 0, 0, 0)),
):
    call(name, number, *args)
for flags in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, 0x8000, 0x2000):
    call(f'clone {flags:x}', 56, flags | 17, 0, 0, 0, 0)
for option, args in ((4, (0,)), (22, (2, 0)), (24, (0,)), (36, (1,)), (47, (2, 0)), (59, (1, 0, 0))):
    call(f'prctl {option}', 157, option, *args, 0, 0, 0)
call('tiocsti', 16, 0, 0x5412, b'x') if libc.ioctl(0, 0x5412, b'x') == 0 else None
"""
    assert breaks(run, probe) == []


@pytest.mark.skipif("os.uname().machine != 'x86_64'", reason="other tables of system calls exist on x86-64 alone")
@pytest.mark.parametrize("how", ["x32", "i386"])
def test_other_tables_of_system_calls_kill(run: Runner, how: str) -> None:
    code = {
        "x32": "b8" + (0x40000000 | 39).to_bytes(4, "little").hex() + "0f05c3",  # mov eax, x32 getpid; syscall; ret
        "i386": "b814000000cd80c3",  # mov eax, getpid of i386; int 0x80; ret
    }[how]
    ran = run(f"""
import ctypes, mmap
m = mmap.mmap(-1, 4096, prot=7); m.write(bytes.fromhex('{code}'))
f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
print('alive', f())
""")
    assert ran.stdout == b""
    assert ran.signal is not None


def test_nothing_but_its_own_folders_can_be_written(run: Runner) -> None:
    probe = """
own = {os.path.realpath(p) for p in (os.getcwd(), os.environ['HOME'], '/tmp', '/var/tmp', '/dev/shm', os.path.dirname(os.getcwd()))}
DEVICES = {'/dev/' + name for name in ('null', 'zero', 'full', 'random', 'urandom')}
seen = set()
def walk(folder, depth):
    folder = os.path.realpath(folder)
    if folder in seen or folder in own or len(seen) > 3000: return
    seen.add(folder)
    tries(f'create in {folder}', lambda: os.close(os.open(folder + '/proctor-probe', os.O_CREAT | os.O_WRONLY)))
    tries(f'mkdir in {folder}', os.mkdir, folder + '/proctor-probe-dir')
    try: entries = list(os.scandir(folder))
    except OSError: return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and depth: walk(entry.path, depth - 1)
        elif not entry.is_symlink() and entry.path not in DEVICES:
            tries(f'open {entry.path}', lambda: os.close(os.open(entry.path, os.O_WRONLY)))
walk('/', 2)
for path in ('/usr/bin/python3', '/etc/passwd', '/usr/lib', '/'):
    tries(f'rename {path}', os.rename, path, path + '-moved'); tries(f'chmod {path}', os.chmod, path, 0o777)
    tries(f'utime {path}', os.utime, path); tries(f'truncate {path}', os.truncate, path, 0)
"""
    assert breaks(run, probe, cpu_s=5) == []


def test_secrets_of_the_host_cannot_be_read(run: Runner) -> None:
    probe = """
for path in ('/etc/shadow', '/root', '/home', '/proc/1/environ', '/proc/self/maps', '/proc/cpuinfo', '/proc/kcore', '/sys/kernel',
             '/sys/fs/cgroup', '/var/run', '/run/docker.sock', '/var/lib', '/dev/mem', '/dev/kmsg', '/dev/vda', '/dev/sda', '/dev/fuse',
             '/dev/kvm', '/dev/net/tun', '/dev/tty', '/dev/ptmx', '/etc/ssh', '/etc/hostname', '/etc/hosts', '/boot', '/opt', '/srv', '/mnt'):
    try:
        listed = os.listdir(path) if os.path.isdir(path) else [os.open(path, os.O_RDONLY)]
    except OSError: continue
    if listed: print('reads', path)
"""
    assert breaks(run, probe) == []


def test_no_set_user_id_program_gains_anything(run: Runner) -> None:
    probe = """
import subprocess
for command in (['su', '-c', 'id'], ['passwd', '--status'], ['mount', '-t', 'tmpfs', 'x', '/tmp'], ['unshare', '-r', 'id'], ['newgrp']):
    try: done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=5)
    except OSError: continue
    if b'uid=0' in done.stdout: print(command)
print(os.getresuid()[1] == 0, os.getgroups() == [0])
"""
    assert breaks(run, probe) == ["False False"]


def test_no_privilege_is_left(run: Runner) -> None:
    probe = """
header, data = struct.pack('Ii', 0x20080522, 0), ctypes.create_string_buffer(24)
libc.capget(ctypes.create_string_buffer(header), data)
print(data.raw == bytes(24), libc.prctl(39, 0, 0, 0, 0), [libc.prctl(23, cap, 0, 0, 0) for cap in (7, 21)])
"""
    lines = breaks(run, probe)
    assert lines[0].startswith("True 1")


# Other samples


def test_files_of_one_sample_are_not_found_by_the_next(run: Runner) -> None:
    mark = secrets.token_hex(8)
    leave = f"""
for folder in ('.', '/tmp', '/var/tmp', '/dev/shm', os.environ['HOME'], '/sandbox', '..', '/'):
    for deep in ('', '/a' * 30):
        try:
            os.makedirs(folder + deep, exist_ok=True)
            with open(folder + deep + '/{mark}', 'w') as f: f.write('{mark}')
            os.chmod(folder + deep, 0)
        except OSError: pass
"""
    find = f"""
for root in ('/tmp', '/var/tmp', '/dev/shm', '/sandbox', os.getcwd(), os.environ['HOME'], '/run', '/dev'):
    for folder, folders, files in os.walk(root):
        if '{mark}' in files: print('found in', folder)
    if os.path.isdir(os.environ['HOME']) and os.listdir('.'): print('not empty:', os.listdir('.'))
"""
    breaks(run, leave)
    assert breaks(run, find) == []


def test_processes_of_one_sample_do_not_reach_the_next(run: Runner) -> None:
    leave = """
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            import signal
            for n in range(1, 65):
                try: signal.signal(n, signal.SIG_IGN)
                except (OSError, ValueError): pass
            for fd in range(3): os.close(fd)
            while True: time.sleep(1)
        os._exit(0)
"""
    find = """
for pid in range(1, 4000):
    if pid != os.getpid():
        try: os.kill(pid, 0); print('sees', pid)
        except ProcessLookupError: pass
        except PermissionError: pass
"""
    breaks(run, leave)
    assert breaks(run, find) == []


def test_a_sample_signals_nobody_but_itself(run: Runner, session: Session) -> None:
    run(
        "import os, signal\nfor pid in range(1, 40000):\n    if pid != os.getpid():\n        try: os.kill(pid, signal.SIGKILL)\n        except OSError: pass"
    )
    run(
        "import os, signal\nfor n in (15, 9):\n    for target in (-1, 0, os.getppid(), -os.getppid() or -2):\n        try: os.kill(target, n)\n        except OSError: pass"
    )
    assert run.output("print('alive')") == "alive\n"


def test_priorities_and_limits_of_others_are_out_of_reach(run: Runner) -> None:
    probe = """
import resource
for pid in (1, os.getppid() or 1, 2, 3, 4, 5, 12345):
    if pid == os.getpid(): pid += 1
    tries(f'prlimit {pid}', resource.prlimit, pid, resource.RLIMIT_CPU, (1, 1))
    tries(f'read prlimit {pid}', resource.prlimit, pid, resource.RLIMIT_CPU)
    tries(f'setpriority {pid}', os.setpriority, os.PRIO_PROCESS, pid, 19)
    tries(f'affinity {pid}', os.sched_setaffinity, pid, {0})
    tries(f'scheduler {pid}', os.sched_setscheduler, pid, os.SCHED_BATCH, os.sched_param(0))
tries('setpriority of a user', os.setpriority, os.PRIO_USER, 0, 19)
tries('setpriority of a group', os.setpriority, os.PRIO_PGRP, 0, 19)
tries('nicer', os.nice, -5)
tries('higher', lambda: resource.setrlimit(resource.RLIMIT_NPROC, (10**6, 10**6)))
"""
    assert breaks(run, probe) == []


def test_lowered_limits_do_not_reach_the_next_sample(run: Runner) -> None:
    run(
        "import resource, os\nresource.setrlimit(resource.RLIMIT_NOFILE, (5, 5)); resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28)); os.nice(19); os.umask(0o777)"
    )
    assert (
        run.output(
            "import os, resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 100, os.nice(0) < 19, oct(os.umask(0)))"
        )
        == "True True 0o22\n"
    )


def test_semaphores_and_shared_memory_by_name_do_not_last(run: Runner, kind: Kind) -> None:
    name = "/" + secrets.token_hex(6)
    probe = f"""
rt = ctypes.CDLL(None, use_errno=True)
rt.sem_open.restype = ctypes.c_void_p
print('sem', rt.sem_open(b'{name}', 0, 0, 0) is not None, 'shm', rt.shm_open(b'{name}', 0, 0) >= 0)
rt.sem_open(b'{name}', 0o100, 0o666, 1); rt.shm_open(b'{name}', 0o102, 0o666)
"""
    for _ in range(2):
        assert breaks(run, probe) == ["sem False shm False"]


def test_environment_and_interpreter_do_not_carry_over(run: Runner) -> None:
    run(
        "import os, sys, builtins, json; os.environ['LEFT'] = '1'; sys.path.append('/left'); builtins.left = 1; json.left = 1; sys.modules['left'] = 1"
    )
    probe = "import os, sys, builtins, json; print('LEFT' in os.environ, '/left' in sys.path, hasattr(builtins, 'left'), hasattr(json, 'left'), 'left' in sys.modules)"
    assert run.output(probe) == "False False False False False\n"


def test_no_descriptor_but_the_three_is_open(run: Runner) -> None:
    probe = """
for fd in range(3, 512):
    try: info = os.fstat(fd)
    except OSError: continue
    print('open', fd, oct(info.st_mode))
"""
    assert breaks(run, probe) == []


def test_stdin_is_sealed(run: Runner) -> None:
    probe = """
tries('write to stdin', os.write, 0, b'x'); tries('truncate stdin', os.ftruncate, 0, 0)
for path in ('/proc/self/fd/0', '/dev/stdin'):
    try: os.write(os.open(path, os.O_RDWR), b'x')
    except OSError: pass
if os.pread(0, 9, 0) != b'secret': print('changed')
"""
    assert breaks(run, probe, b"secret") == []


def test_descriptors_of_other_processes_cannot_be_opened(run: Runner) -> None:
    probe = """
parent = os.getppid() or os.getpid()
for pid in range(max(1, parent - 400), parent + 20):
    if pid != os.getpid():
        for name in (*(f'fd/{n}' for n in range(12)), 'mem', 'maps', 'environ', 'cwd/.', 'root/.'):
            tries(f'/proc/{pid}/{name}', lambda: os.close(os.open(f'/proc/{pid}/{name}', os.O_RDONLY)))
"""
    assert breaks(run, probe) == []


HEAP = """
import ctypes, os, sys
needle = bytes(reversed(sys.stdin.buffer.read().strip()))
libc = ctypes.CDLL(None, use_errno=True)
libc.sbrk.restype = ctypes.c_void_p
read_end, write_end = os.pipe()
def page(at):  # a write to a pipe reads memory without dying of it
    if libc.write(write_end, ctypes.c_void_p(at), 4096) != 4096: return b''
    return os.read(read_end, 4096)
copies = [bytes(bytearray(needle)) for _ in range(COPIES)]
top, near = libc.sbrk(0), id(copies) & ~4095
found = pages = 0
for start, end in ((top - (64 << 20), top), (near - (256 << 20), near + (256 << 20))):
    for at in range(start & ~4095, end, 4096):
        data = page(at)
        pages += bool(data)
        found += data.count(needle)
print(pages > 500, found)
"""


def test_memory_of_the_zygote_holds_nothing_of_earlier_samples(run: Runner) -> None:
    """The needle comes reversed, so that the search finds no copies but those that it makes itself."""
    needle = secrets.token_hex(24).encode()
    source = f"x = ['{needle.decode()}' + str(i) for i in range(1000)]\nprint(len(x), input()[:1])"
    run.output(source, needle)

    def search(copies: int) -> int:
        text = run.output(HEAP.replace("COPIES", str(copies)), needle[::-1], cpu_s=20, wall_s=40)
        assert text.startswith("True ")
        return int(text.split()[1])

    none, many = search(0), search(100)
    assert many >= 90  # the search does find what is there, but for what has been written over
    assert none <= 2  # the needle itself


# The supervisor


def test_it_is_not_there(run: Runner, kind: Kind) -> None:
    probe = "print(os.getppid()); print([m for m in sys.modules if 'proctor' in m]); print([k for k in os.environ if 'PROCTOR' in k])"
    lines = breaks(run, probe)
    if kind.tier == "B":
        assert lines[0] == "0"
    assert lines[1:] == ["[]", "[]"]


def test_reports_cannot_be_forged_on_any_descriptor(run: Runner) -> None:
    ran = run("""
import os, json, struct
text = json.dumps({"op": "ran", "ran": {"exit_code": 0, "signal": None, "stopped": None}, "blobs": []}).encode()
for fd in range(0, 512):
    for data in (struct.pack('>I', len(text)) + text, b'C' + bytes(16), b'E' + bytes(24), b'X forged'):
        try: os.write(fd, data)
        except OSError: pass
os._exit(3)
""")
    assert (ran.exit_code, ran.compile_error, ran.stopped) == (3, None, None)


def test_the_oom_score_stays(run: Runner) -> None:
    assert breaks(run, "tries('oom', lambda: open('/proc/self/oom_score_adj', 'w').write('-1000'))") == []


def test_cpu_hidden_in_short_lived_children_is_found(run: Runner) -> None:
    source = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
end = time.monotonic() + 6
while time.monotonic() < end:
    if os.fork() == 0:
        t = time.process_time()
        while time.process_time() - t < .003: pass
        os._exit(0)
    time.sleep(.004)
"""
    ran = run(source, cpu_s=1.0, wall_s=8)
    assert ran.stopped == "cpu"


def test_descriptors_run_out_before_the_supervisor_notices(run: Runner) -> None:
    ran = run("import os\nfds = []\nwhile True: fds.append(os.pipe())")
    assert ran.exit_code == 1
    assert b"Too many open files" in ran.stderr
    assert run.output("print('alive')") == "alive\n"


# Bombs: each ends soon, with its own limit, and leaves no process


#: Far above cpu_s: the machine may be busy with other tests.
WALL_S = 12

BOMBS = {
    "fork": ("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", {"processes"}),
    "fork-and-setsid": (
        "import os\nwhile True:\n    try:\n        os.fork(); os.setsid()\n    except OSError: pass",
        {"processes"},
    ),
    "fork-and-exit": (
        "import os\nwhile True:\n    try:\n        if os.fork(): os._exit(0)\n    except OSError: pass",
        {"processes", "cpu", None},
    ),
    "shell": (r"import os; os.execv('/bin/sh', ['sh', '-c', 'b() { b | b & }; b; wait'])", {"processes", None}),
    "threads": (
        "import threading, time\nwhile True:\n    try: threading.Thread(target=time.sleep, args=(99,)).start()\n    except RuntimeError: pass",
        {"processes"},
    ),
    "memory": ("x = []\nwhile True: x.append(bytearray(1 << 24))", {"memory"}),
    "memory-in-children": (
        "import os\nfor _ in range(9): os.fork() if _ < 3 else None\nx = []\nwhile True: x.append(b'x' * (1 << 22))",
        {"memory"},
    ),
    "shared-mmap": (
        "import mmap\nx = []\nwhile True:\n    m = mmap.mmap(-1, 1 << 24); m.write(b'x' * (1 << 24)); x.append(m)",
        {"memory"},
    ),
    "dropped-shared-mmap": (
        "import mmap\nm = mmap.mmap(-1, 4 << 30)\nfor i in range(0, 4 << 30, 1 << 24):\n    m[i:i + (1 << 24)] = bytes(1 << 24); m.madvise(mmap.MADV_DONTNEED)",
        {"memory"},
    ),
    "shm-file": ("f = open('/dev/shm/x', 'wb')\nwhile True: f.write(b'x' * (1 << 20))", {None}),
    "unlinked-file": (
        "import os\nf = open('x', 'wb'); os.unlink('x')\nwhile True: f.write(b'x' * (1 << 20)); f.flush()",
        {None},
    ),
    "sparse-file": (
        "import os\nf = os.open('x', os.O_CREAT | os.O_RDWR); os.ftruncate(f, 1 << 20)\nwhile True: os.write(f, b'x' * (1 << 20))",
        {None},
    ),
    "deep-folders": ("import os\nwhile True: os.mkdir('d'); os.chdir('d')", {None, "cpu"}),
    "pipes": (
        "import os, fcntl\nwhile True:\n    r, w = os.pipe(); fcntl.fcntl(w, 1031, 1 << 20); os.set_blocking(w, False); os.write(w, bytes(1 << 20))",
        {None, "memory"},
    ),
    "inodes": ("i = 0\nwhile True:\n    open(str(i), 'w').close(); i += 1", {None, "cpu"}),
    "links": (
        "import os\nopen('x', 'w').close(); i = 0\nwhile True:\n    os.symlink('x', f's{i}'); i += 1",
        {None, "cpu"},
    ),
    "memfds": (
        "import os\nx = []\nwhile True: x.append(os.memfd_create('x')); os.write(x[-1], bytes(1 << 24))",
        {None},
    ),
    "descriptors": ("import os\nx = []\nwhile True: x.append(os.open('/dev/null', 0))", {None}),
    "sessions": (
        "import os\nwhile True:\n    try:\n        if os.fork() == 0: os.setsid(); os.closerange(0, 9)\n    except OSError: pass",
        {"processes", "cpu"},
    ),
    "stdout": ("import os\nwhile True: os.write(1, bytes(1 << 20))", {"output"}),
    "regex": ("import re; re.match('(a*)*b', 'a' * 40)", {"cpu"}),
    "big-int": ("print(9 ** 9 ** 9)", {"cpu", "memory"}),
    "string": ("x = 'x'\nwhile True: x += x", {"memory", None}),
    "recursion": ("import sys\nsys.setrecursionlimit(1 << 30)\ndef f(): f()\nf()", {"memory", None}),
    "stopped": ("import os, signal\nif os.fork() == 0: os.kill(os.getpid(), signal.SIGSTOP)\nos.wait()", {"wall"}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_stopped(run: Runner, name: str) -> None:
    source, expected = BOMBS[name]
    started = time.monotonic()
    ran = run(source, cpu_s=1.5, wall_s=2 if name == "stopped" else WALL_S, memory_mib=200, disk_mib=8)
    assert time.monotonic() - started < WALL_S + 8
    assert ran.stopped in expected, ran
    assert ran.exit_code != 0 or name in {"fork-and-exit", "shell"}
    assert run.output("print('alive')") == "alive\n"
