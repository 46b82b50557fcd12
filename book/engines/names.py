"""The names of the engines, in the order of the page that shows them. Standard library only: the command line reads them."""

from __future__ import annotations

KINDS = ("containerd", "overlay2", "debian", "rootless", "podman")  # those of `offline.kinds.Kind`
OWN = "own"  # the engine in use, whatever it is; its result is not committed
EVERY = (*KINDS, OWN)
