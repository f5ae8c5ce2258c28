"""Run every benchmark, or those named, each in a process of its own.

Options are handed on: `bench_nation --villages=10000 --workers=2`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    found = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    options = [word for word in sys.argv[1:] if word.startswith("--")]
    named = [word for word in sys.argv[1:] if word not in options]
    wanted = [name for name in found if not named or name in named]
    failed = []
    for name in wanted:
        print(f"\n==> {name}", flush=True)
        if subprocess.run(
            [sys.executable, "-m", f"tests.benchmarks.{name}", *options], check=False
        ).returncode:
            failed.append(name)
    if failed:
        print("\nFailed: " + ", ".join(failed), file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
