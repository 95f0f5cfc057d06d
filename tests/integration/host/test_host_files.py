# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""media_files: whole files or none, seeds, drift, diffs without secrets."""
from __future__ import annotations

import os
import stat
import subprocess

import pytest
from hostruns import both, run

SECRET = "correct-horse-4711 $ ' \" é"
ROOT = os.geteuid() == 0


def entry(path, content, **more):
    return dict({"path": str(path), "content": content, "owner": os.geteuid(), "group": os.getegid(), "mode": "0600"}, **more)


def facts(path):
    info = os.lstat(path)
    return (info.st_ino, info.st_mtime_ns, stat.S_IMODE(info.st_mode), path.read_bytes())


def test_six_steps(tmp_path):
    path = tmp_path / "new" / "deep" / "app.env"
    options = {"files": [entry(path, "# app\nUSER='x'\nKEY=\u27e6secret:app.key|env\u27e7\n")], "secrets": {"app.key": SECRET}}
    assert run("media_files", options, check=True)["changed"] and not (tmp_path / "new").exists()
    first = both("media_files", options)
    assert first["files"] == [{"path": str(path), "changed": True}]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and stat.S_IMODE(os.stat(path.parent).st_mode) == 0o755
    assert "KEY=(value" in first["diff"][0]["after"] and "horse" not in first["_text"]
    before = facts(path)
    assert not both("media_files", options)["changed"]
    assert facts(path) == before
    options["secrets"] = {"app.key": SECRET + "2"}
    changed = both("media_files", options)
    lines = [set(changed["diff"][0][side].splitlines()) for side in ("before", "after")]
    assert [line.split("=")[0] for line in lines[1] - lines[0]] == ["KEY"]
    assert "horse" not in changed["_text"] and not list(path.parent.glob(".*"))


def test_an_umask_changes_nothing(tmp_path):
    path = tmp_path / "a" / "b"
    run("media_files", {"files": [entry(path, "x", mode="0644")]}, prefix=["sh", "-c", "umask 077; exec \"$@\"", "sh"])
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644 and stat.S_IMODE(os.stat(path.parent).st_mode) == 0o755


def test_drift_of_mode_is_put_right_and_the_content_kept(tmp_path):
    path = tmp_path / "a"
    options = {"files": [entry(path, "x\n")]}
    run("media_files", options)
    inode = os.stat(path).st_ino
    path.chmod(0o644)
    result = both("media_files", options)
    assert "0600" in result["diff"][0]["after"] and stat.S_IMODE(os.stat(path).st_mode) == 0o600 and os.stat(path).st_ino == inode


def test_a_seed_is_the_apps_from_then_on(tmp_path):
    path = tmp_path / "config.xml"
    options = {"files": [entry(path, "<a>\u27e6secret:app.key|xml\u27e7</a>", seed=True)], "secrets": {"app.key": SECRET}}
    assert both("media_files", options)["changed"]
    path.write_text("the app's own", encoding="utf-8")
    path.chmod(0o644)
    before = facts(path)
    # Not even its references need a value any more.
    assert not both("media_files", dict(options, secrets={}))["changed"]
    assert facts(path) == before


def test_digests_follow_secrets_and_stay_otherwise(tmp_path):
    options = {"files": [entry(tmp_path / "a.env", "K=\u27e6secret:app.key|env\u27e7\n"), entry(tmp_path / "c.yml", "digest: \u27e6digest:app\u27e7\n")],
               "digests": {"app": {"model": "{}", "files": [str(tmp_path / "a.env")]}},
               "secrets": {"app.key": SECRET, "host.digest_key": "0123456789abcdef"}}
    first = both("media_files", options)["digests"]["app"]
    assert (tmp_path / "c.yml").read_text(encoding="utf-8") == f"digest: {first}\n"
    assert both("media_files", options)["digests"]["app"] == first
    options["secrets"]["app.key"] = SECRET + "2"
    assert both("media_files", options)["digests"]["app"] != first
    del options["secrets"]["host.digest_key"]
    assert "host.digest_key has no value" in run("media_files", options)["msg"]


def test_a_key_of_a_host_that_cannot_be_read_leaves_the_file_as_it_is(tmp_path):
    path = tmp_path / "unpackerr.env"
    options = {"files": [entry(path, "A=\u27e6secret:sonarr.api_key|env\u27e7\nB=\u27e6secret:radarr.api_key|env\u27e7\nC=1\n")], "on_problem": "report",
               "digests": {"unpackerr": {"model": "{}", "files": [str(path)]}},
               "secrets": {"sonarr.api_key": SECRET, "host.digest_key": "0123456789abcdef"}}
    # On the first run the file is there, so that the service can start, and goes without the line.
    first = both("media_files", options)
    assert first["problems"] == [f"{path} needs radarr.api_key, which is not known in this run, so it goes without; bring that host into the run, "
                                 "or give it under media_secrets"]
    assert [line.split("=")[0] for line in path.read_text(encoding="utf-8").splitlines()] == ["A", "C"]
    whole = both("media_files", dict(options, secrets=dict(options["secrets"], **{"radarr.api_key": "k" * 32})))
    assert whole["changed"] and whole["problems"] == []
    before = facts(path)
    again = both("media_files", options)
    assert not again["changed"] and facts(path) == before and again["digests"] == whole["digests"]
    assert "so it stays as it is" in again["problems"][0]
    assert "radarr.api_key has no value" in run("media_files", dict(options, on_problem="fail"))["msg"]


def test_a_user_name_does_not_garble_paths(tmp_path):
    path = tmp_path / "mediahost"
    result = run("media_files", {"files": [entry(path, "x")], "secrets": {"admin.username": "media"}})
    assert result["files"][0]["path"] == str(path)


@pytest.mark.parametrize("content", [
    "{0}\n", "key: |\n  {0}\n", "<a b=\"{0}\"/>\n", "{0}==\n", "- {0}\n", "  \"{0}\",\n", "a = {0}\n", "<a>{0}</a>\n", "{0}:\n  x: 1\n",
])
@pytest.mark.parametrize("secret", ["correct-horse-4711", "q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng" * 2])
def test_no_notation_shows_a_secret_in_a_diff(tmp_path, content, secret):
    # By hand in the file, so that it is not known as the value of a reference.
    (tmp_path / "a").write_text(content.format(secret), encoding="utf-8")
    result = run("media_files", {"files": [entry(tmp_path / "a", "new\n", sensitive=True)]}, check=True)
    shown = result["diff"][0]["before"]
    if content.startswith("{0}:") and len(secret) < 30:
        pytest.skip("the name of a key is shown")
    assert secret not in shown


@pytest.mark.skipif(not ROOT, reason="links of other users take root")
def test_links_of_another_user_lead_nowhere(tmp_path):
    os.chmod(tmp_path, 0o755)
    (tmp_path / "config").mkdir()
    (tmp_path / "etc").mkdir()
    os.chown(tmp_path / "config", 4711, 4711)
    os.symlink(tmp_path / "etc", tmp_path / "config" / "sub")
    os.lchown(tmp_path / "config" / "sub", 4711, 4711)
    result = run("media_files", {"files": [entry(tmp_path / "config/sub/passwd", "x")]})
    assert "is a symbolic link of user 4711 that leads to a directory of user 0" in result["msg"] and not list((tmp_path / "etc").iterdir())
    os.chown(tmp_path / "etc", 4711, 4711)
    assert run("media_files", {"files": [entry(tmp_path / "config/sub/mine", "x")]})["changed"]


@pytest.mark.parametrize("make, words", [
    (lambda path: path.symlink_to("/etc/hostname"), "it is a symbolic link to /etc/hostname"),
    (lambda path: path.mkdir(), "it is a directory"),
    (os.mkfifo, "it is no regular file"),
])
def test_what_is_no_file_is_refused(tmp_path, make, words):
    make(tmp_path / "a")
    before = os.stat("/etc/hostname").st_mtime_ns
    for check in (True, False):
        assert words in run("media_files", {"files": [entry(tmp_path / "a", "x")]}, check=check)["msg"]
    assert os.stat("/etc/hostname").st_mtime_ns == before


def test_a_bad_mode_is_a_sentence(tmp_path):
    assert "rw-- is no octal mode" in run("media_files", {"files": [entry(tmp_path / "a", "x", mode="rw--")]})["msg"]


def test_a_write_that_does_not_fit_leaves_the_old_file(tmp_path):
    path = tmp_path / "a"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o600)
    prefix = ["prlimit", f"--fsize={64 * 1024}", "--"]
    if not _works(prefix):
        pytest.skip("there is no prlimit here")
    # A process that ignores the signal gets an error in the middle of the file, as on a full disk.
    result = run("media_files", {"files": [entry(path, "x" * 200000)]}, prefix=prefix)
    assert result["failed"] and str(path) in result["msg"] and "\n" not in result["msg"]
    assert path.read_text(encoding="utf-8") == "old" and os.listdir(tmp_path) == ["a"]


def _works(prefix):
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def test_a_full_disk_is_one_sentence(tmp_path):
    place = tmp_path / "full"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        (place / "a").write_text("old", encoding="utf-8")
        result = run("media_files", {"files": [entry(place / "a", "x" * 200000)]})
        assert "no space left" in result["msg"] or "no space is left" in result["msg"]
        assert (place / "a").read_text(encoding="utf-8") == "old" and os.listdir(place) == ["a"]
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_what_a_killed_run_left_is_used_up(tmp_path):
    (tmp_path / ".a.homelab-media-new").write_text("half", encoding="utf-8")
    run("media_files", {"files": [entry(tmp_path / "a", "x")]})
    assert os.listdir(tmp_path) == ["a"]


COMPOSE = """# written
name: one
services:
  # Gateway
  gw:
    image: a:1
    environment:
      SUBNETS: "10.0.0.0/8"
  app:
    image: b:1

networks:
  lan:
    external: true
"""


@pytest.mark.parametrize("before, names", [
    (None, []),
    (COMPOSE, []),
    (COMPOSE.replace("  # Gateway\n", "\n  # Another remark\n").replace("external: true", "external: false"), []),
    (COMPOSE.replace("10.0.0.0/8", "0.0.0.0/1"), ["gw"]),
    (COMPOSE.replace("  app:\n    image: b:1\n", ""), []),
    (COMPOSE + "  # with another service\n", []),
    (COMPOSE.replace("    image: b:1", "    image: b:1\n    ports:\n      - 1:1"), ["app"]),
    ("{services: {gw: {image: c}}}\n", ["app", "gw"]),
], ids=["new", "same", "remark", "edited", "without one", "comment", "added to", "another style"])
def test_who_was_defined_in_another_way(tmp_path, before, names):
    path = tmp_path / "compose.yml"
    if before is not None:
        path.write_text(before)
        path.chmod(0o600)
    found = both("media_files", {"files": [entry(path, COMPOSE)]})
    assert found["edited"] == names
    assert path.read_text() == COMPOSE
