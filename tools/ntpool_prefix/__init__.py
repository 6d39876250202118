# SPDX-License-Identifier: MIT
"""The prefix tool: generated kernel32 and kernelbase copies, override values, and the way back."""


class Refused(Exception):
    """Something is not as it has to be. The text tells the user what, and what to do; nothing was changed."""
