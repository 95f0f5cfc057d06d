# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every stand-in shares: a persistent store, switchable faults, a request log and a server.

The lab part is a WSGI middleware, so it works for any application and never depends on its
authentication. Control routes (lab only, no key):

``GET /__faults__``            the faults that are switched on
``POST|PUT /__faults__``       replace them (kept in ``<config>/faults.json``, so they survive a restart)
``DELETE /__faults__``         switch all of them off
``GET /__requests__``          everything answered so far: ``[{method, path, query, status, ms, t}]``
``POST /__reset_requests__``   forget it

Faults (all optional; a rule may be one object or a list of them)::

    {"slow_start": 5,                   # 503 "starting up" for the first seconds of the process
     "refuse_start": 3,                 # nothing listens for the first seconds of the process
     "fail":  {"status": 500, "path": "/api/.*/tag", "method": "POST", "count": 1, "body": "database is locked"},
     "drop":  {"path": ".*", "count": 1},           # close the connection without an answer
     "delay": {"seconds": 2, "path": ".*"},
     "html":  true,                                 # a login page answers everything
     "stale": {"path": "/api/.*/indexer"}}          # GET keeps answering as at the first read since
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import sys
import tempfile
import threading
import time
import urllib.parse
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOGIN_PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form>Sign in</form></body></html>\n"


class DropConnection(Exception):
    """Raised to close the connection without any answer."""


def write_atomically(path, text, mode=0o644):
    """Write a file so that a reader (or a power cut) sees the old or the new content, never half of it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=str(path.parent), prefix=path.name + ".")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


class Store:
    """A JSON document on disk: ``data`` is a plain dict, ``save`` writes it, ``lock`` guards it."""

    def __init__(self, path, default=None):
        self.path = Path(path)
        self.lock = threading.RLock()
        self.existed = self.path.exists()
        if self.existed:
            self.data = json.loads(self.path.read_text(encoding="utf-8"))
        else:
            self.data = default() if callable(default) else dict(default or {})

    def save(self):
        with self.lock:
            write_atomically(self.path, json.dumps(self.data, ensure_ascii=False))


class RequestLog:
    """Every answered request, in memory and in ``<config>/requests.jsonl``."""

    def __init__(self, path=None):
        self.path = Path(path) if path else None
        self._entries = []
        self._lock = threading.Lock()

    def add(self, entry):
        with self._lock:
            self._entries.append(entry)
            if self.path:
                try:
                    with self.path.open("a", encoding="utf-8") as stream:
                        stream.write(json.dumps(entry) + "\n")
                except OSError:
                    self.path = None  # a removed config directory must not break answering

    def entries(self):
        with self._lock:
            return list(self._entries)

    def clear(self):
        with self._lock:
            self._entries.clear()
            if self.path and self.path.exists():
                self.path.write_text("", encoding="utf-8")


class Faults:
    """The faults switched on, from ``<config>/faults.json`` or over HTTP."""

    def __init__(self, path=None):
        self.path = Path(path) if path else None
        self.started = time.monotonic()
        self._lock = threading.Lock()
        self._stamp = None
        self._rules = {}
        self._stale = {}

    def rules(self):
        self._reload()
        with self._lock:
            return dict(self._rules)

    def replace(self, rules):
        with self._lock:
            self._rules = dict(rules or {})
            self._stale.clear()
            if self.path:
                if self._rules:
                    write_atomically(self.path, json.dumps(self._rules))
                elif self.path.exists():
                    self.path.unlink()
                self._stamp = self._stat()

    def _stat(self):
        try:
            status = self.path.stat()
        except (OSError, AttributeError):
            return None
        return status.st_mtime_ns, status.st_ino

    def _reload(self):
        if not self.path:
            return
        stamp = self._stat()
        with self._lock:
            if stamp == self._stamp:
                return
            self._stamp = stamp
            self._stale.clear()
            try:
                self._rules = json.loads(self.path.read_text(encoding="utf-8")) if stamp else {}
            except ValueError:
                print("faults.json is not JSON: ignored", file=sys.stderr)
                self._rules = {}

    def starting(self):
        """Whether the process still pretends to be starting."""
        return time.monotonic() - self.started < float(self.rules().get("slow_start") or 0)

    def match(self, name, method, path):
        """The first rule of that name for this request; a rule with a count is used up by it."""
        rules = self.rules().get(name)
        if not rules:
            return None
        for rule in rules if isinstance(rules, list) else [rules]:
            if rule is True:
                return {}
            if rule.get("count") == 0:
                continue
            if rule.get("method", method) != method or not re.search(rule.get("path", ""), path):
                continue
            if "count" in rule:
                with self._lock:
                    rule["count"] -= 1
            return rule
        return None

    def stale_answer(self, key):
        with self._lock:
            return self._stale.get(key)

    def remember(self, key, answer):
        with self._lock:
            self._stale.setdefault(key, answer)


class Lab:
    """WSGI middleware with the control routes, the faults and the request log.

    ``handles_starting``: the application itself answers while ``environ["standin.starting"]`` is true
    (its own shape of 503); otherwise a plain 503 is sent from here.
    """

    def __init__(self, application, config_dir=None, handles_starting=False):
        directory = Path(config_dir) if config_dir else None
        self.application = application
        self.handles_starting = handles_starting
        self.faults = Faults(directory / "faults.json" if directory else None)
        self.log = RequestLog(directory / "requests.jsonl" if directory else None)

    def __call__(self, environ, start_response):
        path = environ.get("PATH_INFO", "")
        control = path[path.rfind("/__") :] if "/__" in path else ""
        if control in ("/__faults__", "/__requests__", "/__reset_requests__"):
            return self._control(control, environ, start_response)
        begun = time.monotonic()
        status, headers, body = self._answer(environ, path)
        self.log.add(
            {
                "method": environ["REQUEST_METHOD"],
                "path": path,
                "query": environ.get("QUERY_STRING", ""),
                "status": int(status.split()[0]),
                "ms": round((time.monotonic() - begun) * 1000, 1),
                "t": round(time.time(), 3),
            }
        )
        start_response(status, headers)
        return [body]

    def _answer(self, environ, path):
        method = environ["REQUEST_METHOD"]
        delay = self.faults.match("delay", method, path)
        if delay:
            time.sleep(float(delay.get("seconds", 1)))
        if self.faults.match("drop", method, path) is not None:
            raise DropConnection
        if self.faults.match("html", method, path) is not None:
            return plain(200, LOGIN_PAGE, "text/html")
        environ["standin.starting"] = self.faults.starting()
        if environ["standin.starting"] and not self.handles_starting:
            return plain(503, b"starting up, please try again later", "text/plain")
        fail = self.faults.match("fail", method, path)
        if fail is not None:
            return plain(
                int(fail.get("status", 500)), str(fail.get("body", "")).encode(), fail.get("content_type", "text/plain")
            )
        stale = method == "GET" and self.faults.match("stale", method, path) is not None
        key = (path, environ.get("QUERY_STRING", ""))
        if stale and self.faults.stale_answer(key):
            return self.faults.stale_answer(key)
        answer = call(self.application, environ)
        if stale:
            self.faults.remember(key, answer)
        return answer

    def _control(self, control, environ, start_response):
        method = environ["REQUEST_METHOD"]
        if control == "/__reset_requests__":
            self.log.clear()
            answer = {}
        elif control == "/__requests__":
            answer = self.log.entries()
        else:
            if method in ("POST", "PUT"):
                size = int(environ.get("CONTENT_LENGTH") or 0)
                self.faults.replace(json.loads(environ["wsgi.input"].read(size) or b"{}"))
            elif method == "DELETE":
                self.faults.replace({})
            answer = self.faults.rules()
        status, headers, body = plain(200, json.dumps(answer).encode(), "application/json")
        start_response(status, headers)
        return [body]


def plain(status, body, content_type):
    """One answer as (status line, headers, body)."""
    return (
        f"{status} {responses.get(status, '')}".strip(),
        [("Content-Type", content_type), ("Content-Length", str(len(body)))],
        body,
    )


def call(application, environ):
    """Call a WSGI application and collect its answer."""
    collected = {}

    def start_response(status, headers, exc_info=None):
        collected["status"], collected["headers"] = status, list(headers)

    parts = application(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return collected["status"], collected["headers"], body


class _Handler(BaseHTTPRequestHandler):
    """WSGI over HTTP/1.1 with keep-alive.

    The request body is read before the application runs (an unread body would be taken for the next
    request), and the answer leaves in one send: headers and body in two of them cost 40 ms each on a
    kept-alive connection (delayed acknowledgements).
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120

    def _respond(self):
        length = self.headers.get("Content-Length")
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            body = self._read_chunks()
        else:
            body = self.rfile.read(int(length)) if length and length.isdigit() else b""
        path, _mark, query = self.path.partition("?")
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": urllib.parse.unquote(path, "latin-1"),
            "QUERY_STRING": query,
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.server_address[1]),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "RAW_URI": self.path,
        }
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                environ["HTTP_" + key] = value
        try:
            status, headers, content = call(self.server.application, environ)
        except DropConnection:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        code, _space, reason = status.partition(" ")
        lines = [f"{self.protocol_version} {code} {reason}"]
        lines += [f"{name}: {value}" for name, value in headers if name.lower() not in ("content-length", "connection")]
        if int(code) >= 200 and int(code) not in (204, 304):
            size = next((value for name, value in headers if name.lower() == "content-length"), len(content))
            lines.append(f"Content-Length: {size if self.command == 'HEAD' else len(content)}")
        if self.close_connection:
            lines.append("Connection: close")
        payload = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        self.wfile.write(payload if self.command == "HEAD" else payload + content)

    def _read_chunks(self):
        parts = []
        while True:
            size = int(self.rfile.readline().split(b";")[0] or b"0", 16)
            parts.append(self.rfile.read(size))
            self.rfile.readline()
            if not size:
                return b"".join(parts)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _respond

    def log_message(self, *_arguments):
        """Requests are in the request log; the terminal stays quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, application, host, port):
        self.application = application
        super().__init__((host, port), _Handler)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def serve(application, host="0.0.0.0", port=8080, config_dir=None, handles_starting=False):
    """Serve an application with the lab's control routes until the process ends."""
    lab = application if isinstance(application, Lab) else Lab(application, config_dir, handles_starting)
    refuse = float(lab.faults.rules().get("refuse_start") or 0)
    if refuse:
        time.sleep(refuse)
        lab.faults.started = time.monotonic()
    server = Server(lab, host, port)
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


def serve_in_thread(application, host="127.0.0.1", port=0, config_dir=None):
    """Serve in a daemon thread; returns (server, url). Call ``server.shutdown()`` to end it."""
    lab = application if isinstance(application, Lab) else Lab(application, config_dir)
    server = Server(lab, host, port)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server, f"http://{host}:{server.server_address[1]}"
