# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the catalog: Jinja text and expressions, and the tokens that stand for secrets.

A string that is one single expression keeps the type of its result (C({{ me.port }}) is a number); any other is text.
C(none) leaves an entry out. Secrets never appear: C({"secret": name}) in data, C(⟦secret:name|filter⟧) in text.
"""

from __future__ import annotations

import ipaddress
import json
import re

import jinja2
import jinja2.sandbox

from ansible_collections.homelab.media.plugins.plugin_utils.findings import did_you_mean

TOKEN_OPEN = "\u27e6"
TOKEN_CLOSE = "\u27e7"
TOKEN = re.compile("\u27e6secret:([^|\u27e7]+)\\|([a-z0-9_]+)\u27e7")
FILTERS = ("raw", "env", "xml", "ini", "json", "yaml", "qbt_pbkdf2", "url", "md5")
EXPRESSION = re.compile(r"^\s*\{\{((?:(?!\}\}|\{\{).)*)\}\}\s*$", re.S)

PROBLEMS = (jinja2.TemplateError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)


class ValueProblem(Exception):
    """A value of the catalog that cannot be computed."""


def is_secret(value):
    """Whether a value is a reference to a secret."""
    return isinstance(value, dict) and set(value) == {"secret"}


def token(value, how):
    """The token of a secret; any other value is given back as it is."""
    if is_secret(value):
        return "{0}secret:{1}|{2}{3}".format(TOKEN_OPEN, value["secret"], how, TOKEN_CLOSE)
    return value


def has_secret(text):
    """Whether a text holds the token of a secret."""
    return isinstance(text, str) and TOKEN.search(text) is not None


def secret_names(data):
    """The names of all secrets that a piece of plan data refers to, in text or as a reference."""
    if is_secret(data):
        return {data["secret"]}
    if isinstance(data, str):
        return {match.group(1) for match in TOKEN.finditer(data)}
    if isinstance(data, dict):
        return set().union(*[secret_names(value) for value in data.values()])
    if isinstance(data, (list, tuple)):
        return set().union(*[secret_names(value) for value in data])
    return set()


def text_of(value):
    """A value as the text of an environment variable or option."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        return ",".join(text_of(item) for item in value)
    return str(value)


def _filter(how):
    def apply(value):
        if is_secret(value):
            return token(value, how)
        value = text_of(value)
        if how in ("json", "yaml"):
            return json.dumps(value, ensure_ascii=False)
        if how == "xml":
            return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return value

    return apply


def _network_of(address, prefix=24):
    return str(ipaddress.ip_network("{0}/{1}".format(address, prefix), strict=False))


def _overlap(networks, others):
    """Whether any of some networks overlaps with any of some others; what is no network is passed over."""

    def parsed(items):
        for item in items:
            try:
                yield ipaddress.ip_network(str(item), strict=False)
            except ValueError:
                continue

    return any(
        one.version == other.version and one.overlaps(other)
        for one in parsed(networks)
        for other in list(parsed(others))
    )


def environment(loader=None):
    """The Jinja environment of catalog values and templates."""
    env = jinja2.sandbox.SandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=loader,
        autoescape=False,
    )
    env.expressions = {}
    for how in FILTERS:
        env.filters["as_" + how] = _filter(how)
    env.filters["text"] = text_of
    env.filters["network_of"] = _network_of
    env.filters["overlap"] = _overlap
    env.filters["did_you_mean"] = did_you_mean
    env.filters["to_json"] = lambda value: json.dumps(value, ensure_ascii=False, sort_keys=True)
    return env


def render(env, value, context):
    """Compute a catalog value: mappings and lists deeply, entries that come out as none are left out."""
    if isinstance(value, dict):
        rendered = {}
        for key, item in value.items():
            item = render(env, item, context)
            if item is not None:
                rendered[str(render(env, key, context)) if isinstance(key, str) else key] = item
        return rendered
    if isinstance(value, list):
        return [item for item in (render(env, item, context) for item in value) if item is not None]
    if not isinstance(value, str) or ("{{" not in value and "{%" not in value):
        return value
    try:
        single = EXPRESSION.match(value)
        if single:
            compiled = env.expressions.get(value)
            if compiled is None:
                compiled = env.expressions[value] = env.compile_expression(single.group(1), undefined_to_none=False)
            result = compiled(**context)
            if isinstance(result, jinja2.Undefined):
                raise ValueProblem("'{0}' uses a name that is not there".format(value))
            return result
        compiled = env.expressions.get(value)
        if compiled is None:
            compiled = env.expressions[value] = env.from_string(value)
        return compiled.render(**context)
    except PROBLEMS as error:
        raise ValueProblem("'{0}' cannot be computed: {1}".format(value, error)) from error


def render_file(env, name, context):
    """Render a template file of the catalog."""
    try:
        return env.get_template(name).render(**context)
    except jinja2.TemplateNotFound as error:
        raise ValueProblem("the template {0} is not in the catalog".format(error.name)) from error
    except PROBLEMS as error:
        raise ValueProblem("the template {0} cannot be rendered: {1}".format(name, error)) from error
