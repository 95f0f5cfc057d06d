# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error bodies of the applications: (A) lists of failures, (B) problem details, (C) messages."""

from __future__ import annotations

import re
import uuid

SECTIONS = {
    "rfc7231": {400: "section-6.5.1", 404: "section-6.5.4"},
    "rfc9110": {400: "section-15.5.1", 404: "section-15.5.5"},
}


class Answer(Exception):
    """An answer that ends the handling of a request at once."""

    def __init__(self, status, body=None, content_type="application/json", headers=None):
        super().__init__(status)
        self.status, self.body, self.content_type, self.headers = status, body, content_type, headers or {}


class Invalid(Exception):
    """Shape (A): one or more failures of a validation or a connection test."""

    def __init__(self, failures):
        super().__init__(failures)
        self.failures = failures


class Problem(Exception):
    """Shape (B): ASP.NET problem details (a body that does not fit its types, or not found)."""

    def __init__(self, status, errors=None):
        super().__init__(status, errors)
        self.status, self.errors = status, errors

    def body(self, rfc):
        title = "Not Found" if self.status == 404 else "One or more validation errors occurred."
        body = {
            "type": f"https://tools.ietf.org/html/{rfc}#{SECTIONS[rfc][self.status]}",
            "title": title,
            "status": self.status,
        }
        if self.errors is not None:
            body["errors"] = self.errors
        body["traceId"] = f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-00"
        return body


class Failed(Exception):
    """Shape (C): an exception on the server; ``kind`` is the name of its class there."""

    def __init__(self, status, message, kind="System.InvalidOperationException", content=None):
        super().__init__(message)
        self.status, self.message, self.kind, self.content = status, message, kind, content

    def body(self):
        body = {"message": self.message, "description": f"{self.kind}: {self.message}\n   at (stand-in)"}
        if self.content is not None:
            body["content"] = self.content
        return body


def not_found(model, number):
    return Failed(404, f"{model} with ID {number} does not exist", "NzbDrone.Core.Datastore.ModelNotFoundException")


def words(name):
    """``AppProfileId`` -> ``App Profile Id``, as validators show a property."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)


def rule(name, message, value=None, code="PredicateValidator", placeholders=None, **more):
    """A failure of a resource rule; the application adds its own spelling of the placeholders."""
    placeholders = {**(placeholders or {}), **more}
    failure = {"propertyName": name, "errorMessage": message}
    if value is not None:
        failure["attemptedValue"] = value
    failure["severity"] = "error"
    if code:
        failure["errorCode"] = code
        failure["formattedMessageArguments"] = []
        failure["formattedMessagePlaceholderValues"] = {
            **placeholders,
            "propertyName": words(name),
            "propertyValue": value,
        }
    return failure


def setting(name, message, value=None, warning=False, detail=None, link=None):
    """A failure of a provider's settings or of its connection test."""
    failure = {"isWarning": warning}
    if detail:
        failure["detailedDescription"] = detail
    if link:
        failure["infoLink"] = link
    failure.update(propertyName=name[:1].upper() + name[1:], errorMessage=message)
    if value is not None:
        failure["attemptedValue"] = value
    if warning and value is not None:
        failure["customState"] = {"isWarning": True}
    failure["severity"] = "error"
    return failure


def not_empty(name, value=None):
    return rule(name, f"'{words(name)}' must not be empty.", value, "NotEmptyValidator")


def between(name, value, low, high):
    return rule(
        name,
        f"'{words(name)}' must be between {low} and {high}. You entered {value}.",
        value,
        "InclusiveBetweenValidator",
        {"from": low, "to": high, "value": value},
    )


def greater(name, value, than=0):
    return rule(
        name,
        f"'{words(name)}' must be greater than '{than}'.",
        value,
        "GreaterThanValidator",
        comparisonValue=than,
        comparisonProperty="",
    )


def at_least(name, value, low):
    return rule(
        name,
        f"'{words(name)}' must be greater than or equal to '{low}'.",
        value,
        "GreaterThanOrEqualValidator",
        comparisonValue=low,
        comparisonProperty="",
    )
