# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sum the counts of all pytest runs, from the JUnit files that they left."""
from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def main():
    tests = failed = skipped = 0
    for path in sorted(Path(sys.argv[1]).glob("*.xml")):
        for suite in ElementTree.parse(path).getroot().iter("testsuite"):
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            tests += int(suite.get("tests", 0))
            failed += bad
            skipped += int(suite.get("skipped", 0))
    print("{0} passed, {1} failed{2}".format(tests - failed - skipped, failed, ", {0} skipped".format(skipped) if skipped else ""))


if __name__ == "__main__":
    main()
