"""What processes of their own take of the processor is known to the thread that ran them."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from outreach.children import children_seconds, run_child

#: Works for so long, whatever else the machine does.
WORKS = "import sys, time\nwhile time.process_time() < float(sys.argv[1]): pass"


def _work(seconds: float, timeout_seconds: float = 60.0) -> None:
    run_child(
        [sys.executable, "-I", "-c", WORKS, str(seconds)], env={}, timeout_seconds=timeout_seconds
    )


def test_each_thread_pays_for_its_own() -> None:
    def taken(seconds: float) -> float:
        before = children_seconds()
        _work(seconds)
        return children_seconds() - before

    before = children_seconds()
    with ThreadPoolExecutor(2) as threads:
        little, much = threads.map(taken, (0.05, 1.5))
    assert little >= 0.05
    assert much >= 1.5
    assert little < much
    assert children_seconds() == before


def test_who_is_killed_for_taking_too_long_has_taken_all_the_same() -> None:
    before = children_seconds()
    with pytest.raises(subprocess.TimeoutExpired):
        _work(60.0, timeout_seconds=0.5)
    assert children_seconds() > before


def test_it_reads_what_is_sent_and_tells_what_it_said() -> None:
    code = "import sys; print(sys.stdin.read(), file=sys.stderr); print('told'); sys.exit(3)"
    command = [sys.executable, "-I", "-c", code]
    done = run_child(command, env={}, timeout_seconds=60.0, sent=b"read")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"told\n", b"read\n")
    assert run_child(command, env={}, timeout_seconds=60.0).stderr == b"\n"
