"""How far the children that run a stranger's code are kept from this machine."""

from enum import StrEnum


class Isolation(StrEnum):
    """From the strongest to none, as the configuration's `[isolation]` names them.

    SANDBOX: namespaces of its own, only what was handed in is there, no network but the gate.
    PROCESS: limits, and an end for every descendant; but the files and the network of our own user.
    NONE: nothing but the environment and the time limit that every child has.
    """

    SANDBOX = "sandbox"
    PROCESS = "process"
    NONE = "none"
