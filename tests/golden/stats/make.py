# SPDX-License-Identifier: MIT
"""Writes the golden cases of src/stats: tests/golden/stats/*.json, from scipy, statsmodels, mpmath, R and papers.

Every case says where its numbers come from. Run with a Python that has numpy, scipy, statsmodels and mpmath (a private
environment: none of them is a dependency of the project but numpy and scipy), with `Rscript` and the package rpact for
the group-sequential cases:

    python -m tests.golden.stats.make [--check] [FILE…]

`--check` compares with the committed files instead of writing.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
from importlib.metadata import version

from tests.golden.stats.suite import FOLDER, Suite

LIBRARIES = ("numpy", "scipy", "statsmodels", "mpmath")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("files", nargs="*", help="which, e.g. tests; all without")
    options = parser.parse_args()
    modules = sorted(path.stem[len("cases_") :] for path in FOLDER.glob("cases_*.py"))
    made_by = f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    stale, total = [], 0
    for name in options.files or modules:
        suite = Suite(name)
        importlib.import_module(f"tests.golden.stats.cases_{name}").make(suite)
        path, text = FOLDER / f"{name}.json", suite.text(made_by)
        total += len(suite.cases)
        print(f"{name}: {len(suite.cases)} cases, {len(text) / 1000:.0f} KB")
        if not options.check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    print(f"{total} cases in all")
    if stale:
        print(f"differ from the committed files: {', '.join(stale)}", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
