# Copyright: homelab.media contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VPN provider for the lab: a WireGuard server, a small internet behind it, and a port forwarded by NAT-PMP."""
