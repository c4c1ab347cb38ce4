# SPDX-License-Identifier: MIT
"""Services that tests start for themselves on loopback and that are gone when the tests end."""
