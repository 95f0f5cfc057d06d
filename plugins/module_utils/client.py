# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP client of the apps' APIs: one session per app, patience while it starts, and errors as sentences.

Facts on the *arr apps: ApiKeyAuthenticationHandler.cs (401 with an empty body), UrlBaseMiddleware.cs (307 without the URL base),
StartingUpMiddleware.cs (503 while starting), XErrorPipeline.cs (shapes of error bodies).
"""
from __future__ import annotations

import json
import time
import traceback

from ansible_collections.homelab.media.plugins.module_utils.errors import MediaError, redact

try:
    import requests
except ImportError:
    requests = None
    REQUESTS_ERROR = traceback.format_exc()
else:
    REQUESTS_ERROR = None

API_ROOTS = {"sonarr": "/api/v3", "radarr": "/api/v3", "lidarr": "/api/v1", "prowlarr": "/api/v1"}
STARTING = (502, 503)
BUSY = "database is locked"


def sentence_of(response):
    """What a server said in an error body, whatever shape it has; stack traces and attempted values are left out."""
    text = response.text or ""
    if looks_like_html(response):
        return "a web page instead of an API answer"
    try:
        body = json.loads(text)
    except ValueError:
        return " ".join(text.split())[:200] or "an empty answer"
    if isinstance(body, str):
        return " ".join(body.split())[:300] or "an empty answer"
    if isinstance(body, list):
        found = []
        for item in body:
            if isinstance(item, dict):
                name, message = item.get("propertyName") or "", item.get("errorMessage") or item.get("message") or ""
                found.append("{0}: {1}".format(name, message) if name else str(message))
        return "; ".join(found) or "an error without a message"
    if isinstance(body, dict):
        if isinstance(body.get("errors"), dict):
            return "; ".join("{0}: {1}".format(key, " ".join(str(item) for item in value) if isinstance(value, list) else value)
                             for key, value in body["errors"].items())
        for key in ("errorMessage", "message", "title", "error"):
            if body.get(key):
                return " ".join(str(body[key]).split())[:300]
    return "an error without a message"


def looks_like_html(response):
    """Whether a response is a page for people."""
    return "html" in response.headers.get("Content-Type", "") or (response.text or "").lstrip()[:15].lower().startswith(("<!doctype", "<html"))


class ApiClient:
    """The API of one app. What is particular to an app is in a subclass: how it authenticates, where its API begins, and how it is recognised.

    :param url: Base URL with scheme, port and URL base.
    :param headers: What every request carries, such as the key.
    :param secrets: Texts that no message may hold.
    :param app: Which app is expected.
    :param name: How the instance is called in messages.
    :param timeout: Seconds for one answer.
    :param wait_timeout: Seconds to wait for an app that does not answer yet, or is starting.
    """

    # Where the paths of C(read) and C(write) begin.
    root = ""
    # What to do when the app refuses the key.
    wrong_key = "give the key of Settings > General"

    def __init__(self, url, headers=None, secrets=(), app=None, name=None, validate_certs=True, ca_path=None, timeout=30, wait_timeout=120):
        if requests is None:
            raise MediaError("talking to {0}: the Python library requests is missing on this host; install python3-requests".format(name or url))
        self.url = url.rstrip("/")
        self.app = app
        self.name = name or app or self.url
        # By which the ledger knows it: two instances of one app are two.
        self.key = name or self.url
        self.timeout = timeout
        self.wait_timeout = wait_timeout
        self.secrets = {text for text in secrets if text}
        self.version = None
        self.requests = 0
        self._cache = {}
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = (ca_path or True) if validate_certs else False
        self._session.headers.update(dict({"Accept": "application/json"}, **(headers or {})))

    def connect(self):
        """Wait until the app answers, and make sure that it is the app that is expected.

        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        raise NotImplementedError

    def patient(self, method, path, deadline=None, **options):
        """One request, repeated while the app is not up yet.

        :param deadline: Until when, in seconds of C(time.monotonic); C(wait_timeout) from now when omitted.
        """
        pause = 0.1
        deadline = time.monotonic() + self.wait_timeout if deadline is None else deadline
        while True:
            try:
                return self.request(method, path, **options)
            except MediaError as error:
                if not (error.unreachable or error.status in STARTING) or time.monotonic() + pause > deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 1.5, 2)

    # ----------------------------------------------------------------------------------------------------------------------------
    def request(self, method, path, body=None, params=None, form=None):
        """One request; the path begins with a slash and follows the URL base.

        :param body: To be sent as JSON.
        :param form: To be sent as a form, in the place of C(body).
        :return: The decoded body, C(None) for an empty one.
        """
        verb = {"GET": "reading", "POST": "creating", "PUT": "updating", "DELETE": "deleting"}.get(method, method)
        what = "{0} {1} at {2}".format(verb, path.partition("?")[0], self.url if self.name == self.url else "{0}, {1}".format(self.name, self.url))
        for attempt in range(3):
            response = self._send(method, path, body, params, what, form)
            if response.status_code == 500 and BUSY in (response.text or "") and method in ("GET", "PUT") and attempt < 2:
                time.sleep(0.3 * (attempt + 1))
                continue
            break
        return self._decode(response, what)

    def _send(self, method, path, body, params, what, form=None):
        self.requests += 1
        try:
            return self._session.request(method, self.url + path, json=body, data=form, params=params, timeout=self.timeout,
                                         allow_redirects=False)
        except requests.exceptions.SSLError as error:
            raise MediaError("{0}: the certificate is not trusted ({1}); set ca_path, or validate_certs: false".format(what, self._cause(error))) from None
        except requests.exceptions.Timeout:
            raise MediaError("{0}: no answer within {1} seconds; look whether the app is busy or stuck, or raise timeout".format(
                what, self.timeout)) from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
            raise MediaError("{0}: the URL is not valid; write it as http://host:port/base".format(what)) from None
        except requests.exceptions.ConnectionError as error:
            raise MediaError("{0}: no connection ({1}); look whether the app runs and listens there".format(what, self._cause(error)),
                             unreachable=True) from None
        except requests.exceptions.RequestException as error:
            raise MediaError("{0}: {1}".format(what, self._cause(error))) from None

    def _cause(self, error):
        text = str(error)
        for known in ("Connection refused", "Name or service not known", "Temporary failure in name resolution", "No route to host",
                      "Connection reset", "Remote end closed connection", "certificate verify failed", "timed out"):
            if known.lower() in text.lower():
                return known.lower()
        return redact(text.rpartition(":")[2].strip(" )'\"") or type(error).__name__, self.secrets)

    def _decode(self, response, what):
        status = response.status_code
        if status == 401:
            raise MediaError("{0}: the API key is wrong (401); {1}".format(what, self.wrong_key), 401)
        if status in (301, 302, 303, 307, 308):
            target = response.headers.get("Location", "")
            if "login" in target.lower():
                raise MediaError("{0}: it sends to a login page, so this is no API address; correct the URL".format(what), status)
            raise MediaError("{0}: it redirects to {1}; add the URL base to the URL".format(what, redact(target.partition("?")[0], self.secrets)), status)
        if status == 503:
            raise MediaError("{0}: it is still starting (503); run again in a minute".format(what), 503)
        if status >= 400:
            raise MediaError("{0}: {1} ({2})".format(what, redact(sentence_of(response), self.secrets), status), status)
        if not (response.text or "").strip():
            return None
        if looks_like_html(response):
            raise MediaError("{0}: it answers with a web page, so this is no API address, or a login page stands before it; correct the URL or "
                             "the URL base".format(what), status)
        try:
            return response.json()
        except ValueError:
            raise MediaError("{0}: the answer is no JSON; correct the URL".format(what), status) from None

    # ----------------------------------------------------------------------------------------------------------------------------
    def read(self, path, fresh=False):
        """GET below the API root; remembered for the run, so that every collection is read once."""
        if fresh or path not in self._cache:
            self._cache[path] = self.request("GET", "{0}/{1}".format(self.root, path))
        return self._cache[path]

    def forget(self, path):
        """Read a path again the next time."""
        self._cache.pop(path, None)

    def write(self, method, path, body=None, params=None):
        """POST, PUT or DELETE below the API root."""
        return self.request(method, "{0}/{1}".format(self.root, path), body, params)


class ArrClient(ApiClient):
    """The API of one Sonarr, Radarr, Lidarr or Prowlarr.

    :param api_key: Its key.
    :param app: Which app is expected; found out when omitted.
    """

    def __init__(self, url, api_key, **options):
        super().__init__(url, headers={"X-Api-Key": api_key}, secrets=[api_key], **options)

    @property
    def root(self):
        return API_ROOTS[self.app]

    def connect(self):
        """Wait until the app answers, and make sure that it is the app that is expected.

        :raises MediaError: with a sentence for every way in which this goes wrong.
        """
        deadline = time.monotonic() + self.wait_timeout
        if self.app is None:
            answer = self.patient("GET", "/api", deadline)
            current = answer.get("current") if isinstance(answer, dict) else None
            roots = ["/api/{0}".format(current)] if current else ["/api/v3", "/api/v1"]
            status = self.patient("GET", roots[0] + "/system/status", deadline)
        else:
            if self.app not in API_ROOTS:
                raise MediaError("connecting to {0}: app is one of {1}, not {2}".format(self.url, ", ".join(sorted(API_ROOTS)), self.app))
            try:
                status = self.patient("GET", self.root + "/system/status", deadline)
            except MediaError as error:
                if error.status == 404:
                    raise MediaError("connecting to {0} at {1}: there is no {2} API, so another app lives there; correct the URL".format(
                        self.name, self.url, self.app.capitalize()), 404) from None
                raise
        if not isinstance(status, dict) or not status.get("appName"):
            raise MediaError("connecting to {0} at {1}: what answers there is none of the *arr apps; correct the URL".format(self.name, self.url))
        found = str(status["appName"]).lower()
        if self.app and found != self.app:
            raise MediaError("connecting to {0} at {1}: {2} answers there, and {3} is expected; correct the URL".format(
                self.name, self.url, status["appName"], self.app.capitalize()))
        if found not in API_ROOTS:
            raise MediaError("connecting to {0} at {1}: {2} is none of {3}".format(self.name, self.url, status["appName"], ", ".join(API_ROOTS)))
        self.app, self.version = found, status.get("version")
        return status

    def login_works(self, username, password):
        """Whether a login of the web page is right (AuthenticationController.cs); stores nothing."""
        response = self._session.post(self.url + "/login", data={"username": username, "password": password}, timeout=self.timeout,
                                      allow_redirects=False, headers={"X-Api-Key": ""})
        self._session.cookies.clear()
        target = response.headers.get("Location", "")
        return response.status_code in (301, 302, 303) and "loginFailed" not in target and "login" not in target.lower()
