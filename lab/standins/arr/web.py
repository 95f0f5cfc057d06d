# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: authentication, URL base, content negotiation, error bodies, the pages."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import traceback
import uuid
from urllib.parse import quote

from flask import Flask, Response, request

from .binding import without_nulls
from .errors import Answer, Failed, Invalid, Problem
from .router import Call

JSON = "application/json; charset=utf-8"
PAGE = "<html><head><title>{title}</title></head><body>{title} (stand-in)</body></html>\n"


def create_flask(service):
    flask = Flask("standin")
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    @flask.route("/", defaults={"path": ""}, methods=methods, provide_automatic_options=False)
    @flask.route("/<path:path>", methods=methods, provide_automatic_options=False)
    def everything(path):
        return Door(service).answer()

    return flask


class Door:
    """Answers one request, in the order in which the real middleware looks at it."""

    def __init__(self, service):
        self.service = service
        self.app = service.app
        self.base = service.url_base

    def answer(self):
        path = request.path
        inside = path
        with_base = bool(self.base) and (path == self.base or path.startswith(self.base + "/"))
        if with_base:
            inside = path[len(self.base) :] or "/"
        is_api = inside == "/api" or inside.startswith("/api/") or bool(re.match(r"^/\d+/(api|download)", inside))
        if is_api and not self._has_key():
            return self._empty(401)
        if request.environ.get("standin.starting"):
            return self._starting(is_api)
        if self.base and not with_base:
            query = "?" + request.query_string.decode() if request.query_string else ""
            response = self._empty(307, Location=f"{self.base}{path}{query}")
            return self._versioned(response) if is_api else response
        return self._api(inside) if is_api else self._page(inside)

    # Doors without a key

    def _page(self, path):
        if path == "/ping" and request.method in ("GET", "HEAD"):
            return self._json(200, {"status": "OK"})
        if path == "/login":
            return self._login() if request.method == "POST" else self._html(self.app.name + " login")
        if path == "/logout":
            return self._empty(302, Location=self.base + "/")
        if request.method not in ("GET", "HEAD"):
            return self._empty(405, Allow="GET, HEAD")
        method = self.service.authentication
        if method == "Basic" and not self._basic_login():
            return self._empty(401, **{"WWW-Authenticate": f'Basic realm="{self.app.name}"'})
        if method == "Forms" and not self._signed_in():
            target = quote(request.path, safe="")
            return self._empty(302, Location=f"{self._root()}{self.base}/login?returnUrl={target}")
        if path == "/initialize.json":
            return self._json(200, self._initialize(), "application/json")
        return self._html(self.service.file.value("InstanceName"))

    def _signed_in(self):
        if request.cookies.get(self.app.name + "Auth") in self.service.sessions:
            return True
        required = self.service.file.value("AuthenticationRequired")
        return required == "DisabledForLocalAddresses" and is_local(request.remote_addr)

    def _basic_login(self):
        given = request.authorization
        return bool(given and given.type == "basic" and self.service.users.check(given.username, given.password))

    def _login(self):
        fine = self.service.authentication in ("Forms", "Basic") and self.service.users.check(
            request.form.get("username"), request.form.get("password")
        )
        if not fine:
            target = quote(request.args.get("returnUrl", ""), safe="")
            return self._empty(302, Location=f"{self.base}/login?returnUrl={target}&loginFailed=true")
        response = self._empty(302, Location=self.base + "/")
        cookie = uuid.uuid4().hex
        self.service.sessions.add(cookie)
        response.set_cookie(self.app.name + "Auth", cookie, httponly=True, path=self.base or "/")
        return response

    def _initialize(self):
        file = self.service.file
        branch = file.value("Branch")
        return {
            "apiRoot": f"{self.base}/api/{self.app.api}",
            "apiKey": self.service.api_key,
            "release": f"{self.app.version}-{branch}",
            "version": self.app.version,
            "instanceName": file.value("InstanceName"),
            "theme": file.value("Theme"),
            "branch": branch,
            "analytics": file.value("AnalyticsEnabled"),
            "userHash": hashlib.sha256(self.service.config_dir.encode()).hexdigest()[:8],
            "urlBase": self.base,
            "isProduction": True,
        }

    def _starting(self, is_api):
        text = f"{self.app.name} is starting up, please try again later"
        if is_api:
            return self._json(503, {"errorMessage": text})
        return Response(text, 503, content_type="text/plain")

    # The API

    def _has_key(self):
        """The query parameter, when it is there, counts even when it is wrong."""
        query = {key.lower(): value for key, value in request.args.items()}
        bearer = request.headers.get("Authorization", "")
        given = query.get("apikey")
        if given is None:
            given = request.headers.get("X-Api-Key")
        if given is None and bearer.startswith("Bearer "):
            given = bearer[len("Bearer ") :]
        return hmac.compare_digest((given or "").encode(), self.service.api_key.encode()) if given else False

    def _api(self, path):
        if path == "/api":
            return self._versioned(self._json(200, {"current": self.app.api, "deprecated": []}))
        if re.match(r"^/\d+/", path):
            return self.service.sync.answer_as_indexer(path, request.args, self._root() + self.base) if self.service.sync else self._empty(404)
        prefix = f"/api/{self.app.api}/"
        inside = path[len(prefix) :] if path.startswith(prefix) else None
        handler, found, reads_body = self.service.router.find(request.method, inside) if inside else (None, [], None)
        if handler is None:
            response = self._empty(405, Allow=", ".join(found)) if found else self._empty(404)
            return self._versioned(response)
        if not acceptable(request.headers.get("Accept")):
            return self._versioned(self._empty(406))
        if reads_body and not is_json(request.content_type):
            return self._versioned(self._empty(415))
        try:
            call = Call(
                request.method,
                inside,
                {key.lower(): value for key, value in request.args.items()},
                parse_body(request.get_data()) if reads_body else None,
                self._root(),
                dict(request.headers),
            )
            status, body = handler(call, **found)
        except Invalid as error:
            return self._json(400, [self._spell(item) for item in error.failures], "application/json")
        except Problem as error:
            plain = (
                self.app.kind == "prowlarr"
                or error.status == 404
                and not (self.app.kind == "radarr" and request.method == "GET")
            )
            kind = JSON if plain else "application/problem+json; charset=utf-8"
            return self._versioned(self._json(error.status, error.body(self.app.rfc), kind))
        except Failed as error:
            return self._json(error.status, error.body(), "application/json")
        except Answer as error:
            return (
                self._versioned(self._empty(error.status, **error.headers))
                if error.body is None
                else self._versioned(self._json(error.status, error.body, error.content_type))
            )
        except Exception as error:  # a defect of the stand-in, not of the client: say so loudly
            traceback.print_exc()
            return self._json(500, {"message": f"defect of the stand-in: {error!r}"}, "application/json")
        response = self._empty(status) if body is None else self._json(status, without_nulls(body))
        if status in (201, 202) and isinstance(body, dict) and body.get("id"):
            resource = re.sub(r"/-?\d*/?$", "", inside) if status == 202 else inside.rstrip("/")
            response.headers["Location"] = f"{call.root}{self.base}{prefix}{resource}/{body['id']}"
        return self._versioned(response)

    def _spell(self, failure):
        """Prowlarr writes the placeholder names with a capital."""
        values = failure.get("formattedMessagePlaceholderValues")
        if values and self.app.pascal_placeholders:
            values = {key[:1].upper() + key[1:]: value for key, value in values.items()}
            failure = {**failure, "formattedMessagePlaceholderValues": values}
        return failure

    # Answers

    def _versioned(self, response):
        response.headers["X-Application-Version"] = self.app.version
        return response

    @staticmethod
    def _root():
        return f"{request.scheme}://{request.host}"

    @staticmethod
    def _json(status, body, content_type=JSON):
        return Response(
            json.dumps(body, ensure_ascii=False, indent=2 if status == 200 else None), status, content_type=content_type
        )

    @staticmethod
    def _html(title):
        return Response(PAGE.format(title=title), 200, content_type="text/html")

    @staticmethod
    def _empty(status, **headers):
        response = Response(b"", status)
        del response.headers["Content-Type"]
        response.autocorrect_location_header = False
        for name, value in headers.items():
            response.headers[name] = value
        return response


def acceptable(accept):
    if not accept:
        return True
    kinds = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    return any(
        kind in ("*/*", "application/*", "application/json", "text/json") or kind.endswith("+json") for kind in kinds
    )


def is_json(content_type):
    kind = (content_type or "").split(";")[0].strip().lower()
    return kind in ("application/json", "text/json") or (kind.startswith("application/") and kind.endswith("+json"))


def parse_body(data):
    text = data.decode("utf-8-sig", "replace")
    if not text.strip():
        raise Problem(400, {"": ["A non-empty request body is required."]})
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return json.loads(re.sub(r",(\s*[}\]])", r"\1", text))  # trailing commas are accepted
    except ValueError as error:
        raise Problem(400, {"$": [f"'{error}'. Path: $ | LineNumber: 0 | BytePositionInLine: 0."]}) from None


def is_local(address):
    return bool(re.match(r"^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|::1$|f[cd])", address or ""))
