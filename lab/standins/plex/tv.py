# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The half of plex.tv that servers and apps of the stack talk to: accounts, claims, servers, PINs.

``python3 -m standins.plex.tv`` serves it alone; the Plex stand-in serves it below ``/__plextv__`` too. Accounts come from
``<config>/plextv.json`` (``{"accounts": {TOKEN: {"id": 1, "username": ..., "email": ...}}}``) or are the two of the lab.
"""
from __future__ import annotations

import secrets
import string
import time
import uuid
from pathlib import Path

from flask import Response, request

from ..common import Store
from ..kit import arguments, as_json, catch_all, iso, run
from . import render

ACCOUNTS = {"plex-token-valid": {"id": 4242, "username": "plexadmin", "email": "admin@example.org", "friends": [777]},
            "plex-token-friend": {"id": 777, "username": "friend", "email": "friend@example.org"}}
LIFETIME = 240                      # seconds that a claim token lives


def error(code, text, status):
    return as_json({"errors": [{"code": code, "message": text, "status": status}]}, status)


class PlexTv:
    def __init__(self, directory=None):
        path = Path(directory) / "plextv.json" if directory else None
        if path:
            self.store = Store(path, lambda: {"accounts": ACCOUNTS})
        else:
            self.store = type("Memory", (), {"data": {"accounts": ACCOUNTS}, "save": lambda self: None})()
        for name in ("servers", "claims", "pins"):
            self.store.data.setdefault(name, {})

    # -- what the server's side calls too

    def account(self, token):
        """The account of its own token or of one of its servers' tokens."""
        accounts = self.store.data["accounts"]
        if token in accounts:
            return accounts[token]
        for server in self.store.data["servers"].values():
            if token and token == server["accessToken"]:
                return accounts[server["owner"]]
        return None

    def owner_of(self, token):
        for key, account in self.store.data["accounts"].items():
            if account is self.account(token):
                return key
        return None

    # -- the door

    def answer(self, path):
        path = path.rstrip("/") or "/"
        token = request.headers.get("X-Plex-Token") or request.args.get("X-Plex-Token")
        account = self.account(token)
        method = request.method
        if path in ("/api/v2/ping",):
            return Response("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<pong>1</pong>\n", content_type="application/xml")
        if path == "/__approve__" and method == "POST":
            return self._approve(request.get_json(force=True))
        if path == "/api/claim/exchange" and method == "POST":
            return self._exchange(request.args.get("token", ""))
        if path.startswith("/api/v2/") and not (request.headers.get("X-Plex-Client-Identifier") or request.args.get("X-Plex-Client-Identifier")):
            return error(1000, "X-Plex-Client-Identifier is missing", 400)
        if path.startswith("/api/v2/pins"):
            return self._pins(path, method)
        if path == "/api/v2/users/signin" and method == "POST":
            return self._signin()
        if account is None:
            if path.startswith("/api/v2/"):
                return error(1001, "User could not be authenticated", 401)
            if path.endswith(".json"):
                return as_json({"error": "Invalid authentication token."}, 401)
            return Response("<errors><error>Please sign in.</error></errors>", 401, content_type="application/xml; charset=utf-8")
        owner = self.owner_of(token)
        if path in ("/api/claim/token.json", "/api/claim/token"):
            claim = "claim-" + "".join(secrets.choice(string.ascii_letters + string.digits) for _place in range(20))
            self.store.data["claims"][claim] = {"owner": owner, "until": time.time() + LIFETIME}
            self.store.save()
            return as_json({"token": claim}) if path.endswith("json") else render.answer({"token": claim})
        if path == "/users/account.json":
            return as_json({"user": self._user(account, owner)})
        if path in ("/users/account", "/users/account.xml"):
            return self._xml("user", {key: value for key, value in self._user(account, owner).items() if not isinstance(value, (dict, list))})
        if path == "/api/v2/user":
            return self._user_v2(account, owner)
        if path == "/api/v2/resources":
            return self._resources(owner)
        if path == "/api/resources":
            return self._resources_v1(owner)
        if path == "/api/users":
            return self._users(owner)
        if path == "/api/v2/user/webhooks":
            return self._webhooks(account, method)
        if path in ("/devices.xml", "/api/downloads/5.json", "/pms/servers.xml") or path.startswith("/api/servers/"):
            return as_json({}) if path.endswith("json") else self._xml("MediaContainer", {"size": 0})
        return Response("<errors><error>Not Found</error></errors>", 404, content_type="application/xml")

    @staticmethod
    def _xml(name, node):
        return Response('<?xml version="1.0" encoding="UTF-8"?>\n' + render.element(name, node) + "\n",
                        content_type="application/xml; charset=utf-8")

    def _user(self, account, owner):
        return {"id": account["id"], "uuid": uuid.uuid5(uuid.NAMESPACE_DNS, account["username"]).hex[:16], "email": account["email"],
                "joined_at": "2020-01-01 00:00:00 UTC", "username": account["username"], "title": account["username"],
                "thumb": "https://plex.tv/users/abc/avatar?c=1", "hasPassword": True, "authToken": owner,
                "authentication_token": owner,
                "subscription": {"active": True, "status": "Active", "plan": "lifetime", "features": []},
                "roles": {"roles": ["plexpass"]}, "entitlements": [], "confirmedAt": "2020-01-01 00:00:00 UTC", "forumId": None}

    def _user_v2(self, account, owner):
        plain = {"id": account["id"], "uuid": uuid.uuid5(uuid.NAMESPACE_DNS, account["username"]).hex[:16],
                 "username": account["username"], "title": account["username"], "email": account["email"], "friendlyName": "",
                 "confirmed": True, "joinedAt": 1577836800, "emailOnlyAuth": False, "hasPassword": True, "protected": False,
                 "thumb": "https://plex.tv/users/abc/avatar?c=1", "authToken": owner, "mailingListStatus": "removed",
                 "mailingListActive": False, "scrobbleTypes": "", "country": "DE", "restricted": False, "home": False, "guest": False,
                 "homeSize": 1, "homeAdmin": False, "maxHomeSize": 15, "rememberExpiresAt": 0, "twoFactorEnabled": False}
        if render.wants_json():
            return as_json({**plain, "subscription": {"active": True, "status": "Active", "plan": "lifetime", "features": []},
                            "profile": {"autoSelectAudio": True}, "entitlements": [], "roles": ["plexpass"]})
        return self._xml("user", {**plain, "subscription": {"active": True, "status": "Active", "plan": "lifetime",
                                                            "subscribedAt": "2020-01-01 00:00:00 UTC", "paymentService": "",
                                                            "features": {"feature": [{"id": "webhooks"}]}},
                                  "profile": {"autoSelectAudio": True, "defaultAudioLanguage": "en", "defaultSubtitleLanguage": "en",
                                              "autoSelectSubtitle": 0, "defaultSubtitleAccessibility": 0, "defaultSubtitleForced": 0},
                                  "entitlements": {"entitlement": []}, "roles": {"role": [{"id": "plexpass"}]}})

    def _signin(self):
        form = request.form if request.form else request.get_json(silent=True) or {}
        for key, account in self.store.data["accounts"].items():
            if form.get("login") in (account["username"], account["email"]) and form.get("password") == account.get("password"):
                response = self._user_v2(account, key)
                response.status_code = 201
                return response
        return error(1001, "User could not be authenticated", 401)

    # -- servers

    def _exchange(self, claim):
        held = self.store.data["claims"].pop(claim, None)
        client = request.headers.get("X-Plex-Client-Identifier") or request.args.get("X-Plex-Client-Identifier") or ""
        if held is None or held["until"] < time.time():
            return Response("<errors><error>Invalid claim token.</error></errors>", 401, content_type="application/xml")
        token = secrets.token_urlsafe(15)
        self.store.data["servers"][client] = {"owner": held["owner"], "accessToken": token, "createdAt": int(time.time()),
                                              "name": "", "version": "", "connections": []}
        self.store.save()
        return Response(f"<response><authentication-token>{token}</authentication-token></response>", content_type="application/xml")

    def publish(self, machine, token, **facts):
        """A server tells of itself (name, version, connections); told apart by its own token."""
        server = self.store.data["servers"].get(machine)
        if server is None or server["accessToken"] != token:
            owner = self.owner_of(token)
            if owner is None:
                return
            server = self.store.data["servers"].setdefault(machine, {"owner": owner, "accessToken": token, "createdAt": int(time.time())})
        server.update(facts, lastSeenAt=int(time.time()))
        self.store.save()

    def remove(self, machine):
        self.store.data["servers"].pop(machine, None)
        self.store.save()

    def _visible(self, owner):
        account = self.store.data["accounts"][owner]
        for machine, server in self.store.data["servers"].items():
            owned = server["owner"] == owner
            if owned or account["id"] in self.store.data["accounts"][server["owner"]].get("friends", []):
                yield machine, server, owned

    def _resources(self, owner):
        found = []
        for machine, server, owned in self._visible(owner):
            found.append({"name": server.get("name", ""), "product": "Plex Media Server", "productVersion": server.get("version", ""),
                          "platform": "Linux", "platformVersion": "13", "device": "PC", "clientIdentifier": machine,
                          "createdAt": iso(), "lastSeenAt": iso(), "provides": "server",
                          "ownerId": None if owned else self.store.data["accounts"][server["owner"]]["id"],
                          "sourceTitle": None if owned else self.store.data["accounts"][server["owner"]]["username"],
                          "publicAddress": "203.0.113.1", "accessToken": server["accessToken"], "owned": owned, "home": False,
                          "synced": False, "relay": False, "presence": True, "httpsRequired": False, "publicAddressMatches": True,
                          "dnsRebindingProtection": False, "natLoopbackSupported": False, "connections": server.get("connections", [])})
        if render.wants_json():
            return as_json(found)
        rows = [{**{key: value for key, value in item.items() if key != "connections"},
                 "connections": {"connection": item["connections"]}} for item in found]
        return self._xml("resources", {"resource": rows})

    def _resources_v1(self, owner):
        rows = []
        for machine, server, owned in self._visible(owner):
            rows.append({"name": server.get("name", ""), "product": "Plex Media Server", "productVersion": server.get("version", ""),
                         "platform": "Linux", "platformVersion": "13", "device": "PC", "clientIdentifier": machine,
                         "createdAt": server.get("createdAt", 0), "lastSeenAt": server.get("lastSeenAt", 0), "provides": "server",
                         "owned": owned, "accessToken": server["accessToken"], "publicAddress": "203.0.113.1", "httpsRequired": False,
                         "synced": False, "relay": False, "dnsRebindingProtection": False, "natLoopbackSupported": True,
                         "publicAddressMatches": True, "presence": True,
                         "Connection": [{key: item[key] for key in ("protocol", "address", "port", "uri", "local")}
                                        for item in server.get("connections", [])]})
        return self._xml("MediaContainer", {"size": len(rows), "Device": rows})

    def _users(self, owner):
        friends = self.store.data["accounts"][owner].get("friends", [])
        rows = [{"id": item["id"], "title": item["username"], "username": item["username"], "email": item["email"], "thumb": "", "home": False,
                 "Server": [{"id": place, "serverId": place, "machineIdentifier": machine, "name": server.get("name", ""), "owned": True,
                             "numLibraries": 0, "lastSeenAt": server.get("lastSeenAt", 0)}
                            for place, (machine, server) in enumerate(self.store.data["servers"].items(), 1) if server["owner"] == owner]}
                for item in self.store.data["accounts"].values() if item["id"] in friends]
        return self._xml("MediaContainer", {"friendlyName": "myPlex", "identifier": "com.plexapp.plugins.myplex", "machineIdentifier": "",
                                            "totalSize": len(rows), "size": len(rows), "User": rows})

    def _webhooks(self, account, method):
        if method == "POST":
            account["webhooks"] = [value for value in request.form.getlist("urls[]") if value]
            self.store.save()
        return self._xml("webhooks", {"webhook": [{"url": url} for url in account.get("webhooks", [])]})

    # -- PINs

    def _pins(self, path, method):
        pins = self.store.data["pins"]
        if method == "POST":
            strong = request.args.get("strong", "").lower() == "true"
            number = str(int(time.time() * 1000) % 10**9)
            pins[number] = {"code": secrets.token_hex(12) if strong else secrets.token_hex(2).upper(), "token": None,
                            "until": time.time() + (1800 if strong else 900)}
            self.store.save()
            return self._pin(number, 201)
        number = path.rpartition("/")[2]
        if number not in pins or pins[number]["until"] < time.time():
            return error(1020, "Code not found or expired", 404)
        return self._pin(number, 200)

    def _pin(self, number, status):
        pin = self.store.data["pins"][number]
        client = request.headers.get("X-Plex-Client-Identifier", "")
        value = {"id": int(number), "code": pin["code"], "product": request.headers.get("X-Plex-Product", ""), "trusted": False, "qr": "",
                 "clientIdentifier": client, "expiresIn": int(pin["until"] - time.time()), "createdAt": iso(), "expiresAt": iso(),
                 "authToken": pin["token"], "newRegistration": None}
        if render.wants_json():
            return as_json({**value, "location": {"code": "DE"}}, status)
        response = self._xml("pin", value)
        response.status_code = status
        return response

    def _approve(self, body):
        """The lab's own: somebody typed the code at plex.tv/link."""
        for pin in self.store.data["pins"].values():
            if pin["code"] == body.get("code"):
                pin["token"] = body.get("token") or next(iter(self.store.data["accounts"]))
                self.store.save()
                return as_json({"approved": True})
        return as_json({"approved": False}, 404)


def create_app(directory=None):
    tv = PlexTv(directory)
    flask = catch_all(lambda: tv.answer(request.path))
    flask.tv = tv
    return flask


def main():
    options = arguments("plex.tv", "/config", 80, __doc__).parse_args()
    run("plex.tv", "v2", create_app(options.config), options.config, options.host, options.port)


if __name__ == "__main__":
    main()
