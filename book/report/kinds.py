"""The kinds of risk that `--allow` names, each with what it means. Standard library only: the command line reads it first."""

from __future__ import annotations

KINDS = {
    "privileged": "a container with all permissions of root on this machine",
    "socket": "the engine's socket, with which a container controls the engine, and so this machine",
    "host": "this machine's own network or processes",
    "capabilities": "permissions over this machine's kernel, or less protection from it",
    "devices": "a device of this machine",
    "provider": "a program that Compose runs on this machine itself, outside of any container",
    "outside": "something outside of the project: files of this machine that the project can change, or another container",
}
