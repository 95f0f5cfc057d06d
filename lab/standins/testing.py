# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start stand-ins and tiny download clients for tests, and prove what was (not) asked of them.

Everything listens on a free port of 127.0.0.1. A handle has ``url`` (with the URL base), ``requests()``,
``reset()``, ``faults(...)`` and ``stop()``, and is a context manager.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import uuid
from http.cookiejar import DefaultCookiePolicy
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs

import requests
from werkzeug.formparser import parse_form_data

from . import torrents
from .common import Lab, plain, serve_in_thread

LAB = Path(__file__).resolve().parent.parent
API_KEY = "0123456789abcdef0123456789abcdef"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Handle:
    """Something that runs; see the module's description."""

    def __init__(self, url, stop, lab_url=None, **facts):
        self.url = url
        self._stop = stop
        self._lab_url = lab_url or url
        self.host, _colon, port = self._lab_url.split("://")[1].partition(":")
        self.port = int(port.split("/")[0])
        self.__dict__.update(facts)

    def requests(self, writes=False):
        """Every request answered so far; ``writes=True``: only those that are not GET or HEAD."""
        found = requests.get(self._lab_url + "/__requests__", timeout=10).json()
        return [item for item in found if item["method"] not in ("GET", "HEAD")] if writes else found

    def reset(self):
        requests.post(self._lab_url + "/__reset_requests__", timeout=10)

    def faults(self, rules=None):
        """Switch faults on (a dict), or all of them off (nothing)."""
        requests.put(self._lab_url + "/__faults__", json=rules or {}, timeout=10)

    def stop(self):
        self._stop()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.stop()


class ArrHandle(Handle):
    """A running *arr stand-in: ``api("GET", "tag")`` asks it with its key."""

    def api(self, method, path, body=None, **options):
        options.setdefault("timeout", 30)
        options.setdefault("allow_redirects", False)
        headers = {"X-Api-Key": self.api_key, **options.pop("headers", {})}
        root = self.url + ("/api/v3/" if self.kind in ("sonarr", "radarr") else "/api/v1/")
        return requests.request(method, root + path, headers=headers, json=body, **options)

    def wait(self, timeout=20, path="/ping"):
        """Wait until it answers (whatever it answers)."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                return requests.get(self._lab_url + path, timeout=5, allow_redirects=False)
            except requests.exceptions.RequestException:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def restart(self):
        """Stop the process (as a power cut would) and start it again on the same state."""
        self.process.kill()
        self.process.wait()
        self.process = self.spawn()
        self.wait()


def seed(config_dir, port, api_key=API_KEY, url_base="", authentication="None", **elements):
    """Write a config.xml as an operator would before the first start; an existing one gets the port only."""
    path = Path(config_dir) / "config.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        text = path.read_text()
        path.write_text(
            re.sub(r"<Port>.*?</Port>", f"<Port>{port}</Port>", text)
            if "<Port>" in text
            else text.replace("<Config>", f"<Config><Port>{port}</Port>")
        )
        return
    values = {"Port": port, "ApiKey": api_key, "UrlBase": url_base, "AuthenticationMethod": authentication, **elements}
    lines = "".join(f"  <{name}>{value}</{name}>\n" for name, value in values.items() if value is not None)
    path.write_text(f"<Config>\n{lines}</Config>\n")


def start_arr(kind, tmp_path, *, api_key=API_KEY, url_base="", env=None, port=None, authentication="None", wait=True):
    """Start Sonarr, Radarr, Lidarr or Prowlarr in a process of its own, with its state in ``tmp_path/<kind>``.

    Pushing indexers is not slowed down (``STANDIN_SYNC_INTERVAL=0``) unless ``env`` says otherwise.
    """
    config_dir = Path(tmp_path) / kind
    port = port or free_port()
    seed(config_dir, port, api_key, url_base, authentication)
    environment = {**os.environ, "PYTHONPATH": str(LAB), "STANDIN_SYNC_INTERVAL": "0", **(env or {})}
    log = (config_dir / "stdout.log").open("ab")

    def spawn():
        return subprocess.Popen(
            [sys.executable, "-m", "standins.arr", "--app", kind, "--config", str(config_dir), "--host", "127.0.0.1"],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    process = spawn()
    base = "/" + url_base.strip("/") if url_base.strip("/") else ""
    handle = ArrHandle(
        f"http://127.0.0.1:{port}{base}",
        None,
        f"http://127.0.0.1:{port}",
        kind=kind,
        api_key=api_key,
        process=process,
        spawn=spawn,
        config_dir=config_dir,
    )

    def stop():
        if handle.process.poll() is None:
            handle.process.kill()
        handle.process.wait()
        log.close()

    handle._stop = stop
    if wait:
        try:
            handle.wait()
        except requests.exceptions.RequestException:
            stop()
            raise RuntimeError((config_dir / "stdout.log").read_text()) from None
    return handle


def start_arr_in_thread(kind, tmp_path, *, api_key=API_KEY, url_base="", env=None, authentication="None"):
    """The same stand-in in a thread of this process: 20 times faster to start, and no restart."""
    from .arr import create_app

    config_dir = Path(tmp_path) / kind
    seed(config_dir, free_port(), api_key, url_base, authentication)
    flask = create_app(kind, config_dir, {"STANDIN_SYNC_INTERVAL": "0", **(env or {})})
    lab = Lab(flask, config_dir, handles_starting=True)
    server, url = serve_in_thread(lab)

    def stop():
        server.shutdown()
        server.server_close()

    return ArrHandle(
        url + flask.service.url_base,
        stop,
        url,
        kind=kind,
        api_key=api_key,
        config_dir=config_dir,
        service=flask.service,
        lab=lab,
    )


def start_wsgi(application, **facts):
    """Serve any WSGI application in a thread, with the lab's control routes."""
    server, url = serve_in_thread(Lab(application))

    def stop():
        server.shutdown()
        server.server_close()

    return Handle(url, stop, **facts)


def read(environ):
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def respond(start_response, status, body=b"", content_type="application/json", **headers):
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    line, pairs, body = plain(status, body.encode() if isinstance(body, str) else body, content_type)
    start_response(line, pairs + [(name.replace("_", "-"), value) for name, value in headers.items()])
    return [body]


def form_of(environ):
    """(values, files) of a form, however it is sent."""
    if environ.get("CONTENT_TYPE", "").startswith("multipart/"):
        _stream, values, files = parse_form_data(environ)
        return values.to_dict(), {name: item.read() for name, item in files.items()}
    return {key: values[0] for key, values in parse_qs(read(environ).decode(), keep_blank_values=True).items()}, {}


def change_torrents(state, what, form, files):
    """torrents/add, delete and setCategory; the text of the answer."""
    if what == "add":
        content = files.get("torrents")
        number = torrents.info_hash(content) if content else torrents.magnet_hash(form.get("urls", ""))
        if not number:
            return "Fails."
        info = torrents.decode(content)[0][b"info"] if content else {b"name": b"magnet", b"length": 1}
        size = info.get(b"length") or sum(one[b"length"] for one in info[b"files"])
        state["torrents"][number] = {"hash": number, "name": info[b"name"].decode(), "category": form.get("category", ""), "state": "downloading",
                                     "progress": 0.0, "size": size, "amount_left": size, "eta": 90, "save_path": "/downloads", "content_path": "",
                                     "form": form}
        return "Ok."
    for number in form.get("hashes", "").split("|"):
        if what == "delete":
            state["torrents"].pop(number, None)
        elif what == "setCategory":
            state["torrents"][number]["category"] = form["category"]
    return ""


def start_qbittorrent(
    username="admin", password="adminadmin", version="v5.1.0", categories=(), preferences=None, api_key=None
):
    """qBittorrent 5.1's Web API as far as an *arr uses it: session cookie, ``Fails.`` with 200, ban after five.

    A login that carries a valid session is answered ``Ok.`` whatever its password says, as in the real one. Torrents that it is given
    are in ``state["torrents"]`` by their hash and stay as they are until somebody changes them there.
    """
    state = {
        "torrents": {},
        "sessions": set(),
        "failures": 0,
        "categories": {name: {"name": name, "savePath": ""} for name in categories},
        "preferences": {
            "max_ratio_enabled": False,
            "max_ratio_act": 0,
            "queueing_enabled": True,
            "listen_port": 6881,
            "save_path": "/downloads",
            **(preferences or {}),
        },
    }
    text = "text/plain; charset=UTF-8"

    def application(environ, start_response):
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("SID")
        session = cookie is not None and cookie.value in state["sessions"]
        form, files = form_of(environ)
        origin = environ.get("HTTP_ORIGIN") or environ.get("HTTP_REFERER")
        if origin and origin.split("://")[-1].split("/")[0] != environ.get("HTTP_HOST"):
            return respond(start_response, 401, "Unauthorized", text)
        if path == "/api/v2/auth/login":
            if method != "POST":
                return respond(start_response, 405, "Method Not Allowed", text)
            if session:
                return respond(start_response, 200, "Ok.", text)
            if state["failures"] >= 5:
                return respond(
                    start_response,
                    403,
                    "Your IP address has been banned after too many failed authentication attempts.",
                    text,
                )
            if form.get("username") != username or form.get("password") != password:
                state["failures"] += 1
                return respond(start_response, 200, "Fails.", text)
            state["failures"] = 0
            value = uuid.uuid4().hex
            state["sessions"].add(value)
            return respond(
                start_response, 200, "Ok.", text, Set_Cookie=f"SID={value}; HttpOnly; SameSite=Strict; path=/"
            )
        bearer = environ.get("HTTP_AUTHORIZATION", "")
        if not session and not (api_key and bearer == f"Bearer {api_key}"):
            return respond(start_response, 403, "Forbidden", text)
        if path == "/api/v2/auth/logout":
            state["sessions"].discard(cookie.value)
            return respond(start_response, 200, "", text)
        if path in ("/api/v2/torrents/createCategory", "/api/v2/app/setPreferences") and method != "POST":
            return respond(start_response, 405, "Method Not Allowed", text)
        if path == "/api/v2/torrents/createCategory":
            if not form.get("category"):
                return respond(start_response, 400, "Category name cannot be empty", text)
            if form["category"] in state["categories"]:
                return respond(start_response, 409, "Unable to create category", text)
            state["categories"][form["category"]] = {"name": form["category"], "savePath": form.get("savePath", "")}
            return respond(start_response, 200, "", text)
        if path == "/api/v2/app/setPreferences":
            try:
                state["preferences"].update(json.loads(form.get("json") or "{}"))
            except ValueError:
                pass  # unreadable JSON is a 200 as well
            return respond(start_response, 200, "", text)
        if path.startswith("/api/v2/torrents/") and method == "POST":
            return respond(start_response, 200, change_torrents(state, path.rsplit("/", 1)[1], form, files), text)
        wanted = parse_qs(environ.get("QUERY_STRING", "")).get("category", [None])[0]
        answers = {
            "/api/v2/app/version": (version, text),
            "/api/v2/app/webapiVersion": ("2.11.4", text),
            "/api/v2/app/preferences": (state["preferences"], "application/json"),
            "/api/v2/torrents/categories": (state["categories"], "application/json"),
            "/api/v2/torrents/info": (
                [one for one in state["torrents"].values() if wanted in (None, one["category"])],
                "application/json",
            ),
        }
        if path not in answers:
            return respond(start_response, 404, "Not Found", text)
        return respond(start_response, 200, *answers[path])

    return start_wsgi(application, state=state, username=username, password=password)


def start_sabnzbd(
    api_key="aaaabbbbccccddddeeeeffff00001111",
    categories=("tv", "movies", "music"),
    misc=None,
    username=None,
    password=None,
):
    """SABnzbd 4.5's API: ``version`` for anybody, the rest is 403 as text without the key, 200 with an error inside."""
    state = {
        "misc": {"pre_check": 0, "complete_dir": "/downloads/complete", **(misc or {})},
        "categories": [{"name": "*", "order": 0, "pp": "3", "script": "Default", "dir": "", "priority": 0}]
        + [
            {"name": name, "order": place, "pp": "", "script": "Default", "dir": name, "priority": -100}
            for place, name in enumerate(categories, 1)
        ],
    }

    def application(environ, start_response):
        values = {key: item[0] for key, item in parse_qs(environ["QUERY_STRING"], keep_blank_values=True).items()}
        form = read(environ).decode("utf-8", "replace")
        values.update({key: item[0] for key, item in parse_qs(form).items()})
        if environ["PATH_INFO"] not in ("/api", "/sabnzbd/api"):
            return respond(start_response, 404, "Not Found", "text/html;charset=utf-8")
        mode = values.get("mode")
        if mode == "version":
            return respond(start_response, 200, {"version": "4.5.0"})
        if mode == "auth":
            return respond(start_response, 200, {"auth": "apikey"})
        login = username and values.get("ma_username") == username and values.get("ma_password") == password
        if not login and values.get("apikey") != api_key:
            text = "API Key Incorrect" if values.get("apikey") else "API Key Required"
            return respond(start_response, 403, text, "text/html;charset=utf-8")
        if mode == "get_config":
            return respond(
                start_response,
                200,
                {"config": {"misc": state["misc"], "categories": state["categories"], "servers": []}},
            )
        if mode == "get_cats":
            return respond(start_response, 200, {"categories": [item["name"] for item in state["categories"]]})
        if mode == "set_config" and values.get("section") == "categories":
            entry = {
                "name": values["keyword"],
                "order": 0,
                "pp": "",
                "script": "Default",
                "dir": values.get("dir", ""),
                "priority": -100,
            }
            state["categories"] = [item for item in state["categories"] if item["name"] != entry["name"]] + [entry]
            return respond(start_response, 200, {"config": {"categories": [entry]}})
        if mode == "fullstatus":
            return respond(start_response, 200, {"status": {"completedir": state["misc"]["complete_dir"]}})
        if mode in ("queue", "history"):
            return respond(start_response, 200, {mode: {"version": "4.5.0", "slots": []}})
        return respond(start_response, 200, {"status": False, "error": "not implemented"})

    return start_wsgi(application, state=state, api_key=api_key)


def start_nzbget(
    username="nzbget", password="tegbzn6789", categories=("tv", "Movies", "Music", "Prowlarr"), options=None
):
    """NZBGet 21's JSON-RPC: basic authentication, an unknown method is a 200 with an error inside."""
    state = {
        "options": {
            "MainDir": "/downloads",
            "DestDir": "${MainDir}/completed",
            "KeepHistory": "30",
            **{f"Category{place}.Name": name for place, name in enumerate(categories, 1)},
            **(options or {}),
        }
    }
    expected = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()

    def application(environ, start_response):
        body = read(environ)
        if environ.get("HTTP_AUTHORIZATION") != expected:
            return respond(start_response, 401, "", "text/plain", WWW_Authenticate='Basic realm="NZBGet"')
        if not environ["PATH_INFO"].startswith("/jsonrpc"):
            return respond(start_response, 400, "<html><body>Error: 400 Bad Request</body></html>", "text/html")
        call = json.loads(body or b"{}") if environ["REQUEST_METHOD"] == "POST" else {}
        method = call.get("method") or environ["PATH_INFO"].rpartition("/")[2]
        answers = {
            "version": "21.0",
            "status": {"ServerPaused": False},
            "listgroups": [],
            "history": [],
            "config": [{"Name": name, "Value": value} for name, value in state["options"].items()],
        }
        if method not in answers:
            return respond(
                start_response,
                200,
                {
                    "version": "1.1",
                    "id": call.get("id"),
                    "error": {"name": "JSONRPCError", "code": 1, "message": "Invalid procedure"},
                },
            )
        return respond(start_response, 200, {"version": "1.1", "id": call.get("id"), "result": answers[method]})

    return start_wsgi(application, state=state, username=username, password=password)


def start_torznab(api_key="idx-key-1234", categories=None):
    """An indexer with a release in each of its categories."""
    from . import torznab

    application = torznab.create_app(api_key, categories or torznab.CATEGORIES)
    return start_wsgi(application, api_key=api_key)


def start_seeder(api_key="idx-key-1234"):
    """An indexer with the releases of ``standins.seeder``, the tracker of their torrents, and the peer that serves them, all on 127.0.0.1.

    ``url`` and ``api_key`` are the indexer's; ``met`` are the hashes of the torrents that somebody asked the peer for.
    """
    from . import torznab
    from .seeder import peer

    met, listener = [], socket.create_server(("127.0.0.1", 0))

    def one(connection):
        with connection, contextlib.suppress(OSError, EOFError):
            peer.talk(connection, shelf, met.append)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()

    def announce(environ, start_response):
        place = socket.inet_aton("127.0.0.1") + listener.getsockname()[1].to_bytes(2, "big")
        return respond(start_response, 200, b"d8:intervali30e12:min intervali5e5:peers6:" + place + b"e", "text/plain")

    tracker = start_wsgi(announce)
    shelf = peer.Shelf(tracker.url + "/announce")
    threading.Thread(target=accept, daemon=True).start()
    indexer = start_wsgi(torznab.create_app(api_key, shelf=shelf), api_key=api_key, met=met, tracker=tracker, shelf=shelf)
    stop_indexer = indexer._stop

    def stop():
        stop_indexer()
        tracker.stop()
        listener.close()

    indexer._stop = stop
    return indexer


class Recorder:
    """A proxy that remembers method, path, status and body of everything that passes."""

    def __init__(self, target):
        parts = target.split("://", 1)[1]
        address, _slash, base = parts.partition("/")
        self.target = f"http://{address}"
        self.base = "/" + base.rstrip("/") if base.strip("/") else ""
        self.entries = []
        self.lock = threading.Lock()
        self.local = threading.local()

    def __call__(self, environ, start_response):
        if not hasattr(self.local, "session"):
            self.local.session = requests.Session()
            self.local.session.trust_env = False
            # Cookies are between the two sides.
            self.local.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        headers = {
            key[5:].replace("_", "-").title(): value
            for key, value in environ.items()
            if key.startswith("HTTP_") and key not in ("HTTP_HOST", "HTTP_CONNECTION", "HTTP_ACCEPT_ENCODING")
        }
        headers["Accept-Encoding"] = "identity"
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        body = read(environ)
        answer = self.local.session.request(
            environ["REQUEST_METHOD"],
            self.target + environ["RAW_URI"],
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=60,
        )
        with self.lock:
            self.entries.append(
                {
                    "method": environ["REQUEST_METHOD"],
                    "path": environ["RAW_URI"],
                    "status": answer.status_code,
                    "body": body.decode("utf-8", "replace"),
                }
            )
        skipped = ("content-length", "connection", "transfer-encoding", "content-encoding", "date", "server")
        # Not answer.headers, which makes one of several cookies.
        pairs = [(name, value) for name, value in answer.raw.headers.items() if name.lower() not in skipped]
        start_response(f"{answer.status_code} {answer.reason}", pairs)
        return [answer.content]


def recording_proxy(target):
    """A proxy in front of ``target``: ``handle.url`` takes its place, its ``seen()`` and ``writes()`` tell."""
    recorder = Recorder(target)
    server, url = serve_in_thread(recorder)

    def stop():
        server.shutdown()
        server.server_close()

    handle = Handle(url + recorder.base, stop, url, recorder=recorder)
    handle.seen = lambda: list(recorder.entries)
    handle.writes = lambda: [item for item in recorder.entries if item["method"] not in ("GET", "HEAD")]
    handle.clear = recorder.entries.clear
    return handle
