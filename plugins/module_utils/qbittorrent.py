# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""qBittorrent: its Web API, preferences and categories.

Facts, as seen on real 4.5.2 and 5.1.0 and in the sources (src/webui/api/): C(setPreferences) answers 200 to anything, broken JSON and unknown names
included, so that only reading back tells what it took; text for numbers is converted, numbers out of range are stored, limits are rounded to KiB, and
some preferences are taken only together with another one. Up to 5.1 a login is answered 200 with C(Ok.) or C(Fails.), from 5.2 on 204 or 401, with a
cookie of any name; 5.2 knows API keys. 401 before a login is the check of the Host header, 403 a missing login or a ban.
"""
from __future__ import annotations

import json
import re
import subprocess

from ansible_collections.homelab.media.plugins.module_utils.client import ApiClient, looks_like_html
from ansible_collections.homelab.media.plugins.module_utils.docker_cli import Docker, DockerProblem
from ansible_collections.homelab.media.plugins.module_utils.documents import hidden
from ansible_collections.homelab.media.plugins.module_utils.errors import HIDDEN, MediaError, redact
from ansible_collections.homelab.media.plugins.module_utils.resource import OPEN_SECRETS, nearest, yes_or_no
from ansible_collections.homelab.media.plugins.module_utils.worker import Worker

PREFERENCES = "app/preferences"
CATEGORIES = "torrents/categories"
PASSWORD = "web_ui_password"
USERNAME = "web_ui_username"
# How a password that nobody can read stands among the preferences.
MASK = "********"
PORTS = ("listen_port", "web_ui_port", "ssl_listen_port", "embedded_tracker_port", "i2p_port", "proxy_port")
PATHS = ("save_path", "temp_path", "export_dir", "export_dir_fin", "file_log_path", "alternative_webui_path", "ip_filter_path")
# Texts of lines that are written with commas as well.
LINES = ("bypass_auth_subnet_whitelist", "banned_IPs", "web_ui_reverse_proxies_list")
# Taken only together.
TOGETHER = (
    ("schedule_from_hour", "schedule_from_min"), ("schedule_to_hour", "schedule_to_min"), ("max_ratio", "max_ratio_enabled"),
    ("max_seeding_time", "max_seeding_time_enabled"), ("max_inactive_seeding_time", "max_inactive_seeding_time_enabled"),
)
# With another one of these it no longer answers where it did.
MOVING = ("web_ui_port", "web_ui_address", "use_https", "web_ui_https_cert_path", "web_ui_https_key_path")


class QbittorrentClient(ApiClient):
    """The Web API of one qBittorrent.

    :param username: User name of the web page's login.
    :param password: Its password.
    :param api_key: A key in the place of both, from 5.2 on.
    """

    root = "/api/v2"

    def __init__(self, url, username=None, password=None, api_key=None, **options):
        super().__init__(url, headers={"Authorization": "Bearer {0}".format(api_key)} if api_key else None, secrets=[password, api_key], **options)
        self.username, self.password, self.api_key = username, password, api_key
        # What a login proved to be right: user name and password.
        self.proved = None
        # The refusal of a login, when somebody else may know a better one.
        self.lenient, self.denied = False, None

    def connect(self):
        """Wait until it answers, log in, and make sure that it is qBittorrent.

        :return: C(version) and C(webapi_version).
        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        self.denied = None
        try:
            version = self.patient("GET", "/api/v2/app/version")
        except MediaError as error:
            if error.status != 403 or self.api_key or "banned" in str(error):
                if error.status in (404, 405):
                    raise self._foreign() from None
                raise
            try:
                self.log_in(self.username, self.password)
            except MediaError as denied:
                if not (self.lenient and denied.status == 401):
                    raise
                self.denied = denied
                return {}
            version = self.request("GET", "/api/v2/app/version")
        return self.identify(version)

    def identify(self, version):
        """Look whether a version is one of qBittorrent."""
        if not re.match(r"v?\d+\.\d+", str(version or "")):
            raise self._foreign()
        self.app, self.version = "qbittorrent", str(version).lstrip("v")
        return {"version": self.version, "webapi_version": str(self.request("GET", "/api/v2/app/webapiVersion"))}

    def _foreign(self):
        return MediaError("connecting to {0} at {1}: what answers there is not qBittorrent; correct the URL".format(self.name, self.url))

    def log_in(self, username, password):
        """Begin a session.

        :raises MediaError: with the status 401 when user name or password is wrong.
        """
        what = "logging in at {0}".format(self.url if self.name == self.url else "{0}, {1}".format(self.name, self.url))
        if not username or not password:
            raise MediaError("{0}: it wants a login; give username and password".format(what), 401)
        self._session.cookies.clear()
        self.secrets.add(password)
        response = self._send("POST", "/api/v2/auth/login", None, None, what, {"username": username, "password": password})
        if response.status_code in (404, 405) or looks_like_html(response):
            raise self._foreign()
        if response.status_code == 401 or response.status_code == 200 and (response.text or "").strip() == "Fails.":
            raise MediaError("{0}: user name or password is wrong; give those of Options > Web UI".format(what), 401)
        if response.status_code not in (200, 204):
            self._decode(response, what)
        self.proved = (username, password)

    def _decode(self, response, what):
        status, text = response.status_code, " ".join((response.text or "").split())
        if status == 403 and "banned" in text.lower():
            raise MediaError("{0}: it has banned this address after too many wrong logins; wait an hour or restart it, and give the right login".format(
                what), 403)
        if status == 403:
            raise MediaError("{0}: it wants a login (403); {1}".format(
                what, "give a key that is valid" if self.api_key else "look whether its sessions end very early"), 403)
        if status == 401 and response.headers.get("WWW-Authenticate"):
            raise self._foreign()
        if status == 401 and self.api_key:
            raise MediaError("{0}: the API key is wrong, or its version knows none before 5.2 (401); give another one, or username and password".format(
                what), 401)
        if status == 401:
            raise MediaError("{0}: it refuses the address that it is called by (401); publish the port under the number that it listens on, or switch off "
                             "the validation of the Host header".format(what), 401)
        if status >= 400:
            raise MediaError("{0}: {1} ({2})".format(what, redact(text[:200] or "an empty answer", self.secrets), status), status)
        if status in (200, 204) and "json" not in response.headers.get("Content-Type", "") and not looks_like_html(response):
            return text or None
        return super()._decode(response, what)

    def set_inside(self, container, username, password):
        """Set the login from inside the container, where qBittorrent asks for none when it lets its own machine in.

        :param container: Its name.
        :raises MediaError: when that cannot be done.
        """
        what = "setting the login of {0} inside its container {1}".format(self.name, container)
        form = "json=" + _quoted(json.dumps({USERNAME: username, PASSWORD: password}))
        port = re.search(r":(\d+)$", self.url)
        script = "exec curl -fsS --max-time 20 -o /dev/null --data-binary @- \"http://localhost:${WEBUI_PORT:-$1}/api/v2/app/setPreferences\""
        try:
            # The form comes by standard input: a command line is for everybody to see.
            Docker(lambda command: _run(command, form)).ask(what, "exec", "-i", container, "sh", "-c", script, "sh", port.group(1) if port else "8080")
        except DockerProblem as error:
            raise MediaError("{0}; set it by hand in Options > Web UI, or give the login that it has".format(redact(error, self.secrets))) from None


def _run(command, text):
    """A command with a text on its standard input: code, output, errors."""
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, "", type(error).__name__
    return done.returncode, done.stdout, done.stderr


def _quoted(text):
    """A text as a value of a form."""
    return "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else "%{0:02X}".format(byte) for byte in text.encode())


def shape(name, value):
    """A preference in the form in which it is compared: paths without a slash at the end, lines without commas."""
    if isinstance(value, str) and name in PATHS:
        return value.rstrip("/") or value
    if isinstance(value, str) and name in LINES:
        return "\n".join(part for part in re.split(r"[\s,]+", value) if part)
    if isinstance(value, float) and value == int(value):
        return int(value)
    return value


def like(value, have, where):
    """A wanted preference in the type that it has.

    :raises MediaError: when that is not possible.
    """
    try:
        if isinstance(have, bool):
            return yes_or_no(value)
        if isinstance(have, (int, float)):
            number = float(int(value)) if isinstance(value, bool) else float(str(value))
            return int(number) if number == int(number) else number
    except (OverflowError, TypeError, ValueError):
        raise MediaError("{0} takes {1}; correct it".format(where, "true or false" if isinstance(have, bool) else "a number")) from None
    if isinstance(have, dict) is not isinstance(value, dict):
        raise MediaError("{0} takes {1}; correct it".format(where, "a mapping" if isinstance(have, dict) else "a text"))
    if isinstance(have, str) and isinstance(value, list):
        return "\n".join(map(str, value))
    return str(value) if isinstance(have, str) else value


def secret_names(preferences):
    """The preferences that hold a secret."""
    return sorted(name for name in set(preferences) | {PASSWORD} if OPEN_SECRETS.search(name))


class QbittorrentWorker(Worker):
    """All work on one qBittorrent."""

    def __init__(self, client, *arguments, **options):
        super().__init__(client, *arguments, **options)
        # With another login than the one given it may be that the wish brings the right one.
        client.lenient = True

    def converge(self, wish):
        denied = self.client.denied
        if denied and wish.get("resource") != "preferences":
            raise denied
        return super().converge(wish)

    def preferences(self, fresh=False):
        """The preferences; the password stands there as the one that a login proved, else hidden."""
        found = {name: shape(name, value) for name, value in self.client.read(PREFERENCES, fresh).items()}
        found[PASSWORD] = self.client.proved[1] if self.client.proved else MASK
        return found

    # -- preferences

    def do_preferences(self, wish):
        """Any preferences by their names."""
        settings = {name: value for name, value in (wish.get("settings") or {}).items() if value is not None}
        if self.client.denied:
            done = self._new_login(settings, wish.get("container"))
            if done:
                return done
        current = self.preferences()
        wanted = {}
        for name, value in settings.items():
            if name not in current:
                raise MediaError("{0}: there is no preference {1}; {2}".format(self.where, name, nearest(name, current)))
            wanted[name] = shape(name, like(value, current[name], "{0}: {1}".format(self.where, name)))
        self._sane(wanted)
        done = self.settle("preferences", "preferences", current, wanted, lambda payload: self._set(payload, wanted, current), secrets=secret_names(wanted),
                           ordered=tuple(current))
        done["object"] = {name: value for name, value in done["object"].items() if name in wanted}
        return done

    def _sane(self, wanted):
        """What it would store and then not work with."""
        for name in PORTS:
            if name in wanted and not (isinstance(wanted[name], int) and 0 <= wanted[name] <= 65535 and (wanted[name] or name != "web_ui_port")):
                raise MediaError("{0}: {1} is a port up to 65535, not {2}; correct it".format(self.where, name, wanted[name]))
        if wanted.get("listen_port") and wanted.get("random_port"):
            raise MediaError("{0}: listen_port and random_port exclude each other, and random_port would win; name one".format(self.where))
        if len(str(wanted.get(USERNAME, "12345"))) < 3 or len(str(wanted.get(PASSWORD, "123456"))) < 6:
            raise MediaError("{0}: a user name has at least 3 characters and a password 6; give longer ones".format(self.where))

    def _set(self, payload, wanted, current):
        """Send what differs, with what it is taken together with, and look what has become of it."""
        names = {name for name in wanted if payload[name] != current[name]}
        for group in TOGETHER:
            if names & set(group):
                names.update(name for name in group if name in current)
        if current.get("random_port") and wanted.get("listen_port") and "random_port" not in wanted:
            raise MediaError("listen_port has no effect while random_port is on; set random_port to false as well")
        self._send({name: payload[name] for name in names if payload[name] != MASK})
        try:
            if names & {USERNAME, PASSWORD} and self.client.proved:
                # Nothing else tells whether it took the password.
                self.client.log_in(payload[USERNAME], payload[PASSWORD])
            found = self.preferences(fresh=True)
        except MediaError as error:
            if error.unreachable and names & set(MOVING):
                # It is somewhere else from now on.
                return payload
            raise
        for name in sorted(wanted):
            if name != PASSWORD and found.get(name) != payload[name]:
                seen = "it" if OPEN_SECRETS.search(name) else "{0!r} in the place of {1!r}".format(found.get(name), payload[name])
                pair = next((group for group in TOGETHER if name in group and not set(group) <= set(wanted)), None)
                raise MediaError("qBittorrent answered that it saved {0}, but has {1}; {2}".format(
                    name, seen, "name {0} as well".format(" and ".join(item for item in pair if item != name)) if pair else "correct the value"))
        return found

    def _send(self, settings):
        self.client.forget(PREFERENCES)
        self.client.request("POST", "/api/v2/app/setPreferences", form={"json": json.dumps(settings)})

    def _new_login(self, settings, container):
        """Where the given login is refused: the one that is wanted may be there already, else it can be set from inside the container.

        :return: In check mode the change; C(None) when a session has begun.
        """
        client, denied = self.client, self.client.denied
        login = (str(settings.get(USERNAME) or client.username), str(settings.get(PASSWORD) or client.password))
        client.secrets.add(login[1])
        if login != (client.username, client.password):
            try:
                client.log_in(*login)
            except MediaError as error:
                if error.status != 401:
                    raise
                raise denied from None
            client.identify(client.request("GET", "/api/v2/app/version"))
            client.denied = None
            return None
        if not container or PASSWORD not in settings:
            raise denied
        fields = [PASSWORD]
        after = dict.fromkeys(fields, HIDDEN + " (new)")
        if self.check_mode:
            return self.change("preferences", "preferences", "update", dict.fromkeys(fields, HIDDEN), after)
        client.set_inside(container, *login)
        try:
            client.log_in(*login)
        except MediaError as error:
            if error.status != 401:
                raise
            raise MediaError("{0}: its login is another one, and setting it from inside the container had no effect; {1}".format(
                self.where, "set it by hand in Options > Web UI")) from None
        client.identify(client.request("GET", "/api/v2/app/version"))
        client.denied = None
        rest = self.do_preferences({"settings": settings})
        return self.change("preferences", "preferences", "update", dict(dict.fromkeys(fields, HIDDEN), **rest["before"]), dict(after, **rest["after"]),
                           rest["object"])

    # -- categories

    def categories(self, fresh=False):
        """The categories by name."""
        return {name: category_of(entry) for name, entry in (self.client.read(CATEGORIES, fresh) or {}).items()}

    def do_category(self, wish):
        """A category with its directories."""
        name = wish["name"]
        current = self.categories().get(name)
        if wish.get("state") == "absent":
            if current is None:
                return self.change("category", name, None)
            if not self.check_mode:
                self._category("removeCategories", {"categories": name})
                if name in self.categories(fresh=True):
                    raise MediaError("{0}: qBittorrent answered that it removed it, but it is still there; look into its log".format(self.where))
            return self.change("category", name, "delete", before=current)
        if current is not None and wish.get("keep"):
            return self.change("category", name, None, found=current)
        wanted = {"name": name}
        for option in ("save_path", "download_path"):
            if wish.get(option) is not None:
                wanted[option] = wish[option].rstrip("/") or wish[option]
        enabled = wish.get("download_path_enabled")
        if enabled is None and wanted.get("download_path"):
            enabled = True
        if enabled is not None:
            wanted["download_path_enabled"] = enabled
        if enabled and not (wanted.get("download_path") or (current or {}).get("download_path")):
            raise MediaError("{0}: a directory for incomplete downloads has to be named; set download_path".format(self.where))

        def write(payload):
            form = {"category": name, "savePath": payload.get("save_path", "")}
            if payload.get("download_path_enabled") is not None:
                form["downloadPathEnabled"] = "true" if payload["download_path_enabled"] else "false"
                if payload["download_path_enabled"]:
                    form["downloadPath"] = payload["download_path"]
            self._category("createCategory" if current is None else "editCategory", form)

        return self.settle("category", name, current, wanted, write, read_back=lambda: self.categories(fresh=True).get(name, {}))

    def _category(self, action, form):
        self.client.forget(CATEGORIES)
        self.client.request("POST", "/api/v2/torrents/" + action, form=form)


def category_of(entry):
    """A category in the words of the module; without a word on incomplete downloads it follows the preferences."""
    found = {"name": entry["name"], "save_path": entry.get("savePath", "")}
    if entry.get("download_path") is not None:
        found["download_path_enabled"] = bool(entry["download_path"])
        found["download_path"] = entry["download_path"] or ""
    return found


def inspect(client):
    """What C(qbittorrent_info) returns."""
    preferences = client.read(PREFERENCES)
    return {"preferences": hidden(preferences, secret_names(preferences)),
            "categories": [category_of(entry) for dummy, entry in sorted((client.read(CATEGORIES) or {}).items())],
            "transfer": client.request("GET", "/api/v2/transfer/info")}
