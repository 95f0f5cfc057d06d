# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's images are made of: the table of recipes, names from the catalog, Dockerfiles, cache keys. Runs nothing.

A recipe in images/recipes.json:

    from         the image it adds to; without one it is a fresh Debian of ``packages``
    packages     from Debian; ``components`` beyond main that they need
    copy         file or directory below lab/ -> place in the image
    scripts      the same for a file of images/, made executable
    standins     packages of standins/ that it holds (what they share comes along); ``program`` the module to run, with arguments
    run_as       ``puid``: PUID and PGID decide, as LinuxServer does; else a fixed ``uid:gid``
    config       its directory of state (/config)
    app          false when it is no app of the catalog
"""
from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUITE = "trixie"
# Not in the name of a lab: labs side by side share what is built.
IMAGES = "homelab-lab"


class RecipeError(Exception):
    """What is wrong with a recipe or the catalog, with what to do about it."""


def catalog_names(directory):
    """App to its image with version, as the catalog has them."""
    found = {}
    for path in sorted(directory.glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        image = re.search(r"^image: *[\"']?([^\s\"'#]+)", text, re.M)
        version = re.search(r"^version: *[\"']?([^\s\"'#]+)", text, re.M)
        if image and version:
            found[path.stem] = "{0}:{1}".format(image.group(1), version.group(1))
    return found


def load(names, directory=HERE):
    """The table of recipes; every app gets the name ``tag`` that it is published under, every image the one ``built`` that it has here."""
    table = json.loads((directory / "images" / "recipes.json").read_text(encoding="utf-8"))
    apps = {name for name, recipe in table.items() if recipe.get("app", True)}
    unnamed = sorted(apps - set(names))
    if unnamed:
        raise RecipeError("the catalog has no image and version for {0}: add them to catalog/{1}.yml, or take the recipe out of "
                          "lab/images/recipes.json".format(", ".join(unnamed), unnamed[0]))
    for name in apps:
        table[name]["tag"] = names[name]
    for name in table:
        table[name]["built"] = "{0}/{1}:{2}".format(IMAGES, name, key(name, table, directory))
    return table


def copies(recipe):
    """What goes into the image: place below lab/ -> place in the image."""
    found = {}
    if recipe.get("program") or recipe.get("run_as") == "puid":
        found["images/entrypoint.sh"] = "/lab/entrypoint.sh"
    if recipe.get("standins"):
        for name in ("__init__.py", "common.py", "kit.py"):
            found["standins/" + name] = "/lab/standins/" + name
        for name in recipe["standins"]:
            found["standins/" + name] = "/lab/standins/" + name
    for name, place in recipe.get("scripts", {}).items():
        found["images/" + name] = place
    found.update(recipe.get("copy", {}))
    return found


def dockerfile(recipe):
    """The text of an image's Dockerfile below its FROM line."""
    lines = []
    if recipe.get("components"):
        lines.append("RUN sed -i 's/ main$/ main {0}/' /etc/apt/sources.list".format(" ".join(recipe["components"])))
    if recipe.get("packages"):
        lines.append("RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends {0} "
                     "&& rm -rf /var/lib/apt/lists/*".format(" ".join(recipe["packages"])))
    if copies(recipe) or recipe.get("app", True):
        lines.append("COPY rootfs/ /")
    app = recipe.get("app", True)
    config = recipe.get("config", "/config")
    owner = recipe.get("run_as", "puid")
    if owner != "puid":
        lines.append("RUN chown {0} {1}".format(owner, config))
    environment = dict(recipe.get("env", {}))
    if app:
        version = recipe["tag"].rpartition(":")[2]
        lines.append('LABEL org.opencontainers.image.version="{0}"'.format(version))
        environment.update(STANDIN_VERSION=version, LAB_USER="puid" if recipe.get("run_as") == "puid" else "", LAB_CONFIG=config)
    lines += ['ENV {0}="{1}"'.format(name, value) for name, value in environment.items()]
    if owner != "puid":
        lines.append("USER " + owner)
    if recipe.get("healthcheck"):
        lines.append("HEALTHCHECK --interval=5s --timeout=5s --start-period=30s CMD " + json.dumps(recipe["healthcheck"]))
    entrypoint = recipe.get("entrypoint") or (["/lab/entrypoint.sh", "python3", "-m"] + recipe["program"] if recipe.get("program") else None)
    if entrypoint:
        lines.append("ENTRYPOINT " + json.dumps(entrypoint))
    if recipe.get("cmd"):
        lines.append("CMD " + json.dumps(recipe["cmd"]))
    return "\n".join(lines) + "\n"


def programs(recipe):
    """The places in the image whose file has to be executable."""
    return {place for place in copies(recipe).values() if place in recipe.get("scripts", {}).values() or place.endswith(("entrypoint", ".sh"))}


def stage(recipe, target, directory=HERE):
    """Lay out below ``target`` what goes into the image. Modes are ours: those of a checkout depend on somebody's umask."""
    executable = programs(recipe)
    target.mkdir(parents=True)
    target.chmod(0o755)
    if recipe.get("app", True):
        make_directories(target, recipe.get("config", "/config"))
    for source, place in copies(recipe).items():
        path = directory / source
        for item in [path] if path.is_file() else wanted(path):
            inside = place if item == path else "{0}/{1}".format(place, item.relative_to(path))
            make_directories(target, inside.rpartition("/")[0])
            copy = target / inside.lstrip("/")
            copy.write_bytes(item.read_bytes())
            copy.chmod(0o755 if inside in executable else 0o644)


def make_directories(target, place):
    for part in [item for item in place.split("/") if item]:
        target = target / part
        target.mkdir(exist_ok=True)
        target.chmod(0o755)


def files_hash(places, directory=HERE):
    """One hash over the names and contents of files and directories; what Python leaves behind does not count."""
    digest = hashlib.sha256()
    for place in sorted(places):
        path = directory / place
        if not path.exists():
            raise RecipeError("lab/{0} is not there, and lab/images/recipes.json wants it: take the recipe out or add the file".format(place))
        for item in [path] if path.is_file() else wanted(path):
            digest.update(str(item.relative_to(directory)).encode() + b"\0" + item.read_bytes() + b"\0")
    return digest.hexdigest()


def wanted(path):
    return sorted(item for item in path.rglob("*") if item.is_file() and "__pycache__" not in item.parts and item.suffix != ".pyc")


def key(name, table, directory=HERE):
    """The cache key of an image: it changes exactly when its recipe, its files, its version or what it is built from changes."""
    recipe = table[name]
    if recipe.get("from"):
        if recipe["from"] not in table:
            raise RecipeError("{0} is built from {1}, which lab/images/recipes.json does not have".format(name, recipe["from"]))
        text = dockerfile(recipe) + json.dumps([copies(recipe), sorted(programs(recipe))]) + key(recipe["from"], table, directory)
    else:
        text = json.dumps({part: value for part, value in recipe.items() if part != "built"}, sort_keys=True) + SUITE
    return hashlib.sha256((text + files_hash(copies(recipe), directory)).encode()).hexdigest()[:16]


def to_build(table, have):
    """The images that are not there yet, each after the one that it is built from."""
    order = []

    def add(name):
        parent = table[name].get("from")
        if parent:
            add(parent)
        if name not in order and table[name]["built"] not in have:
            order.append(name)

    for name in table:
        add(name)
    return order
