# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cross-seed's config.js: read as far as it is plain data, and refused where the real one refuses it.

As in 6.13.7 (configSchema.ts, cmd.ts): only known options are taken over, absent ones have the defaults of the command line, and every rule that is
broken is told.
"""
from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

TOKEN = re.compile(r"""\s+|//[^\n]*|/\*.*?\*/|(?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_$][\w$]*)"""
                   r"""|(?P<sign>[{}\[\]:,])|(?P<odd>.)""", re.S)
WORDS = {"true": True, "false": False, "null": None, "undefined": None}
CLIENT = re.compile(r"^(qbittorrent|rtorrent|transmission|deluge):(?:readonly:)?(.+)$")
UNITS = {"s": 1, "second": 1, "m": 60, "minute": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400, "w": 604800, "week": 604800}
DEFAULTS = {"torznab": [], "torrentClients": [], "useClientTorrents": False, "torrentDir": None, "linkDirs": [], "linkType": "symlink",
            "linkCategory": "cross-seed-link", "flatLinking": False, "matchMode": "strict", "action": "save", "delay": 30, "searchCadence": None,
            "rssCadence": None, "excludeRecentSearch": None, "excludeOlder": None, "port": 2468, "host": None, "apiKey": None, "sonarr": [], "radarr": [],
            "snatchTimeout": "30 seconds", "searchTimeout": "2 minutes", "outputDir": None, "seasonFromEpisodes": None}


class Unreadable(Exception):
    """It is no JavaScript that holds plain data only."""


def read(text):
    """What ``module.exports`` is."""
    head = re.search(r"^\s*module\.exports\s*=\s*", re.sub(r"^(\s*//[^\n]*\n)+", lambda found: " " * len(found[0]), text))
    if not head:
        raise Unreadable("it has no module.exports")
    tokens = []
    for found in TOKEN.finditer(text, head.end()):
        if found.lastgroup == "odd" and found["odd"] == ";":
            break
        if found.lastgroup == "odd":
            raise Unreadable(f"SyntaxError: Unexpected token '{found['odd']}'")
        if found.lastgroup:
            tokens.append((found.lastgroup, found[0]))
    value, rest = parse(tokens)
    if rest or not isinstance(value, dict):
        raise Unreadable("SyntaxError: Unexpected token")
    return value


def parse(tokens):
    """A value, and the tokens after it."""
    if not tokens:
        raise Unreadable("SyntaxError: Unexpected end of input")
    (kind, text), rest = tokens[0], tokens[1:]
    if kind == "string":
        inner = text[1:-1] if text[0] == '"' else text[1:-1].replace('"', '\\"').replace("\\'", "'")
        return json.loads('"' + inner + '"'), rest
    if kind == "number":
        return json.loads(text), rest
    if kind == "word" and text in WORDS:
        return WORDS[text], rest
    if text not in ("{", "["):
        raise Unreadable(f"SyntaxError: Unexpected token '{text}'")
    found, end = ({}, "}") if text == "{" else ([], "]")
    while True:
        if not rest:
            raise Unreadable("SyntaxError: Unexpected end of input")
        if rest[0] == ("sign", end):
            return found, rest[1:]
        if end == "}":
            if len(rest) < 2 or rest[0][0] not in ("word", "string") or rest[1] != ("sign", ":"):
                raise Unreadable("SyntaxError: Unexpected token")
            name = rest[0][1].strip("\"'")
            found[name], rest = parse(rest[2:])
        else:
            value, rest = parse(rest)
            found.append(value)
        if rest and rest[0] == ("sign", ","):
            rest = rest[1:]
        elif not rest or rest[0] != ("sign", end):
            raise Unreadable("SyntaxError: Unexpected token")


def seconds(text):
    """A duration as ``ms`` reads it; None for what is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) *([a-z]+?)s?", str(text).strip().lower())
    return float(found[1]) * UNITS[found[2]] if found and found[2] in UNITS else None


def is_url(text):
    try:
        parts = urlsplit(text)
        # A port that is none raises.
        return bool(parts.scheme and parts.netloc) and parts.port != 0
    except (TypeError, ValueError, AttributeError):
        return False


def check(given):
    """The settings with defaults, and everything that is wrong with them."""
    config, wrong = dict(DEFAULTS, **{key: value for key, value in given.items() if key in DEFAULTS}), []
    for name in ("matchMode", "linkType", "action", "torznab", "torrentClients", "linkDirs", "snatchTimeout"):
        if config[name] is None and name in given:
            config[name] = DEFAULTS[name]

    def refuse(option, text):
        wrong.append(f"Option: {option}\n\t\t\t\t{text}")

    for name in ("torznab", "sonarr", "radarr"):
        for place, url in enumerate(config[name] or [] if isinstance(config[name], (list, type(None))) else [None]):
            if not is_url(url):
                refuse(f"{name} (position #{place + 1})", "Invalid url")
    if config["apiKey"] is not None and (not isinstance(config["apiKey"], str) or len(config["apiKey"]) < 24):
        refuse("apiKey", "String must contain at least 24 character(s)")
    for name, allowed in (("matchMode", ("strict", "flexible", "partial", "safe", "risky")), ("action", ("save", "inject")),
                          ("linkType", ("symlink", "hardlink", "reflink", "reflinkOrCopy"))):
        if config[name] not in allowed:
            refuse(name, f"{name} must be one of: {', '.join(allowed)}")
    if not isinstance(config["delay"], (int, float)) or not 30 <= config["delay"] <= 3600:
        refuse("delay", "delay must be 30 seconds to 1 hour.")
    if config["port"] not in (None, False) and (not isinstance(config["port"], int) or not 0 < config["port"] <= 65535):
        refuse("port", "Number must be less than or equal to 65535")
    times = {}
    for name in ("searchCadence", "rssCadence", "excludeRecentSearch", "excludeOlder", "snatchTimeout", "searchTimeout"):
        times[name] = None if config[name] in (None, False) else seconds(config[name])
        if config[name] not in (None, False) and times[name] is None:
            refuse(name, "format does not follow vercel's `ms` style")
    if times["rssCadence"] and not 600 <= times["rssCadence"] <= 7200:
        refuse("rssCadence", "rssCadence must be 10-120 minutes")
    if times["searchCadence"]:
        if times["searchCadence"] < 86400:
            refuse("searchCadence", "searchCadence must be at least 1 day.")
        recent, older = times["excludeRecentSearch"], times["excludeOlder"]
        if recent and 3 * times["searchCadence"] > recent:
            refuse("excludeRecentSearch", "excludeRecentSearch must be at least 3x searchCadence.")
        if not recent or not older or not 2 * recent <= older <= 5 * recent:
            refuse("excludeOlder", "excludeOlder must be 2-5x excludeRecentSearch.")
    clients = config["torrentClients"] or []
    for place, client in enumerate(clients):
        if not CLIENT.match(str(client)):
            refuse(f"torrentClients (position #{place + 1})", "torrentClients type prefix must be one of qbittorrent:, rtorrent:, transmission:, deluge:")
    hosts = [urlsplit(CLIENT.match(str(client))[2]).netloc.rpartition("@")[2] for client in clients if CLIENT.match(str(client))]
    if len(set(hosts)) < len(hosts):
        refuse("torrentClients", "Duplicate torrent client URLs are not allowed.")
    if config["torrentDir"] and config["useClientTorrents"]:
        refuse("torrentDir", "You cannot have both torrentDir and useClientTorrents.")
    if config["useClientTorrents"] and not clients:
        refuse("useClientTorrents", "You need to have a client configured for useClientTorrents.")
    if config["action"] == "inject":
        if not [client for client in clients if ":readonly:" not in str(client)]:
            refuse("torrentClients", "You need to specify torrentClients when using 'inject'")
        if not config["linkDirs"] and config["matchMode"] not in ("strict", "safe"):
            refuse("matchMode", "When using action: \"inject\", you need to set linkDirs for flexible and partial matchMode")
    return config, wrong
