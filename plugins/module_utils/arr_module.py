# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every single-resource module of the *arr apps shares: its options and its run."""
from __future__ import annotations

from ansible.module_utils.basic import env_fallback

from ansible_collections.homelab.media.plugins.module_utils import api_module
from ansible_collections.homelab.media.plugins.module_utils.api_module import CONNECTION, state_spec
from ansible_collections.homelab.media.plugins.module_utils.arr import KINDS
from ansible_collections.homelab.media.plugins.module_utils.client import ArrClient
from ansible_collections.homelab.media.plugins.module_utils.runner import Converger


def connection_spec():
    """The options of the connection."""
    return dict(
        CONNECTION,
        api_key={"type": "str", "required": True, "no_log": True, "fallback": (env_fallback, ["HOMELAB_MEDIA_API_KEY"])},
        app={"type": "str", "choices": ["lidarr", "prowlarr", "radarr", "sonarr"]},
    )


def provider_spec():
    """The options that all providers have."""
    return {
        "name": {"type": "str", "required": True},
        "implementation": {"type": "str"},
        "tags": {"type": "list", "elements": "str"},
        "fields": {"type": "dict"},
        "force_save": {"type": "bool", "default": False},
    }


def client_of(params):
    """A client from a module's parameters."""
    return ArrClient(params["url"], params["api_key"], app=params["app"], validate_certs=params["validate_certs"], ca_path=params["ca_path"],
                     timeout=params["timeout"], wait_timeout=params["wait_timeout"])


def wish_of(params, own=()):
    """The options of a module that describe the resource.

    :param own: Options that are not part of it.
    """
    return api_module.wish_of(params, own=("api_key", "app") + tuple(own))


def run(kind_name, options, required_if=None):
    """The whole of a single-resource module.

    :param kind_name: A kind of C(arr.KINDS).
    :param options: The argument spec of the module beyond the connection.
    """
    spec = dict(connection_spec(), **options)
    if KINDS[kind_name].create and not KINDS[kind_name].singleton:
        spec.update(state_spec())
    module = api_module.ApiModule(argument_spec=spec, supports_check_mode=True, required_if=required_if)
    finish(module, [dict(wish_of(module.params), resource=kind_name)], kind_name)


def finish(module, wishes, returned):
    """Bring wishes about, and end the module.

    :param returned: Name of the returned object.
    """
    api_module.finish(module, wishes, returned, client_of, Converger)
