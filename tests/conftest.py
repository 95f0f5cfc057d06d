"""What all tests share: where the collection and the stand-ins are imported from, and the facts that may lie beside the checkout."""
from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
COLLECTIONS = ROOT / ".collections"


def link():
    """Make the path under which Python and Ansible find the checkout as a collection."""
    place = COLLECTIONS / "ansible_collections" / "homelab" / "media"
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.symlink_to("../../..")
    except FileExistsError:
        # There already, or another worker was faster.
        pass


link()
for directory in (str(ROOT / "lab"), str(COLLECTIONS)):
    if directory not in sys.path:
        sys.path.insert(0, directory)

# A slow machine is no fault of what is tested, and a run that fails is one that anybody can repeat. HYPOTHESIS_PROFILE=default looks elsewhere.
settings.register_profile("repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def shared_facts():
    """Where recordings and OpenAPI documents are, or None: the project does not need them."""
    for candidate in (os.environ.get("HOMELAB_SHARED"), ROOT.parent / "shared"):
        if candidate and (Path(candidate) / "recorded").is_dir():
            return Path(candidate)
    return None


@pytest.fixture(scope="session")
def facts():
    """The directory of recordings and OpenAPI documents; tests that compare with them are skipped without."""
    found = shared_facts()
    if found is None:
        pytest.skip("no recordings here: set HOMELAB_SHARED to a directory with recorded/ and specs/")
    return found
