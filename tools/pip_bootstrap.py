# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give ansible-test its pip from PyPI.

ansible-test makes an environment for each of its tests, and downloads a bootstrap script for pip from a server of the Ansible project.
Where only PyPI can be reached, that fails. The script is looked for in a cache first, so one with the wheel of the same pip is put there.
"""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = '''import os
import sys

WHEEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "{wheel}")
sys.path.insert(0, WHEEL)
from pip._internal.cli.main import main

own = ("--no-setuptools", "--no-wheel")
more = [] if "--no-setuptools" in sys.argv else ["setuptools"]
sys.exit(main(["install", "--upgrade", "--force-reinstall", "--no-deps"] + [word for word in sys.argv[1:] if word not in own] + [WHEEL] + more))
'''


def wanted():
    """The version of pip that the installed ansible-test asks for."""
    import ansible_test

    source = Path(ansible_test.__file__).parent / "_internal" / "coverage_util.py"
    pins = {}
    for path in (Path(ansible_test.__file__).parent / "_internal").glob("*.py"):
        found = re.search(r"pip=['\"]([0-9.]+)['\"]", path.read_text(encoding="utf-8"))
        if found:
            pins[path.name] = found.group(1)
    if not pins:
        raise SystemExit("pip_bootstrap: cannot tell which pip ansible-test wants (looked beside {0})".format(source))
    return pins[sorted(pins)[-1]]


def main():
    version = wanted()
    cache = Path.home() / ".ansible" / "test" / "cache"
    script = cache / "get_pip_{0}.py".format(version.replace(".", "_"))
    if script.exists():
        return
    cache.mkdir(parents=True, exist_ok=True)
    wheel = "pip-{0}-py3-none-any.whl".format(version)
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", str(cache),
                    "pip=={0}".format(version)], check=True)
    script.write_text(SCRIPT.format(wheel=wheel), encoding="utf-8")


if __name__ == "__main__":
    main()
