"""What a reader can do about what Docker said, in plain words; Docker's own output is below them on the page."""

from __future__ import annotations

import re

# The first pattern that is found gives the sentence. The patterns are the words of Compose 5, BuildKit and the engine.
NO_NETWORK_LEFT = r"address pools have been fully sub|non-overlapping IPv4 address pool"  # as Engine 28, and older ones, say it
# What pip, Poetry, uv and apt say in a build where an index does not answer. A service's log may say the same of a peer.
_AWAY = re.compile(
    r"(?i:temporary failure (?:in name resolution|resolving)|read timed out|connection broken by '(?!SSLError|ProxyError)|"
    r"\b(?:NewConnection|ConnectTimeout|ReadTimeout|Protocol|IncompleteRead)Error|error sending request for url|"
    r"all attempts to connect to|your network is not connected to the internet|E: failed to fetch)"
)
_NEAR_ITS_END = 40  # lines: BuildKit shows the Dockerfile again below the step that failed
_ADVICE = {
    # what BuildKit takes for an image, or looks for in the build context
    r"(?s)>>> COPY (?:--\S+ )*?--from=(\S+) .*failed to solve: \1: failed to resolve source metadata": "No stage is named {0}, and no such "
    "image is available: look at its spelling.",
    r"(?s)\] (?:COPY|ADD) (?:--\S+ )*\.\./.*failed to calculate checksum of ref": "Copy from the recipe's own folder: a build sees no "
    "other.",
    r"failed to calculate checksum of ref \S+ \"/?(\S+?)\": not found": "{0} is not in the recipe's folder, or .dockerignore leaves "
    "it out.",
    # the engine and its machine, whatever the recipe
    r"(?i)no space left on device|disk quota exceeded": "The disk of the engine is full: `docker system df` shows what fills it. "
    "Make room, and run this again.",
    r"(?i)cannot connect to the docker daemon|error during connect|docker\.sock.*(?:EOF|refused|reset|no such file)": "The Docker engine "
    "went away in the middle of the work. Start it again (`docker info` answers then), and run this again.",
    NO_NETWORK_LEFT: "The engine has no address range left for one more network: remove unused ones with `docker network prune`, "
    "or give it a larger `default-address-pools`.",
    r"(?i)temporary failure in name resolution|gaierror: \[Errno -3\]|could not resolve host|bad address '": "No name could be looked up "
    "from inside the container: check the network of this machine, and the `dns` of the engine or the service.",
    # (a service may say of its own peers that it cannot dial them)
    r"(?i)(?:/v2/|registry|auth\.docker).*dial tcp.*(?:unreachable|refused|timeout)|tls handshake timeout|"
    r"(?:^|: )unexpected EOF$|registry fell silent": "The registry "
    "cannot be reached, or broke off: check the network, or the proxy of the engine, and run this again.",
    # a Compose file that is not read
    r"at L(\d+)\S*: unknown anchor '(.+?)'": "Line {0} names *{1}, and no &{1} is above it.",
    r"line (\d+): mapping key (\S+) already defined": "Line {0} repeats the key {1}: keep one.",
    r"cycle detected: node at path": "A value holds itself through its own anchor: give *name another place than below &name.",
    r"exceeded max depth": "It nests values too deeply: no Compose file needs that.",
    r"at L(\d+)\S*: found character that cannot start any token": "Line {0}: YAML is indented with spaces, never tabs.",
    r"load error .*?at L(\d+)": "It is invalid YAML from line {0} on: look at indentation, brackets and quotes there.",
    r"empty compose file|no service selected": "It starts nothing: declare a service under `services`.",
    r"top-level object must be a mapping": "It must begin with keys, such as `services:`.",
    r"services additional properties '(.+?)' not allowed": "The name {0} cannot be a service's: use a-z, 0-9, `.`, `_` and `-`.",
    r"additional properties '(.+?)' not allowed": "Compose knows no key {0}: look at its spelling and indentation.",
    r"([\w-]+) false schema": "Compose knows no key {0} there: look at its spelling and indentation.",
    r"(\S+) must be a mapping": "Write what belongs to {0} below it, as `name: value`.",
    r"service \"(.+?)\" has neither an image nor a build": "Give {0} an `image` or a `build`.",
    r"invalid (?:hostPort|containerPort|start port.*?): (\S+)|Invalid containerPort: (\S+)": "A port is a number from 1 to 65535.",
    r"invalid duration \"(.*?)\"": "Write a time as 30s, 1m30s or 500ms.",
    r"mem_limit.*ParseFloat|invalid size": "Write a size as 512m or 2g.",
    r"undefined service \"?([\w.-]+)": "Declare {0} under `services`, or take it out of `depends_on`.",
    r"dependency cycle detected": "No service can wait for itself, nor two for each other: take one out of `depends_on`.",
    r"undefined (network|volume|secret|config) ([\w.-]+)": "Declare {1} under `{0}s`, at the file's left edge.",
    r"required variable (\S+) is missing": 'Give it a value: {0}="…" in the call of `up`, or in a file named .env.',
    r"invalid interpolation format": "Close its brace, or write $$ where a plain $ is meant.",
    r"env file (\S+) not found": "Write {0}, or take it out of `env_file`.",
    r"unterminated quoted value": "Close its quotes.",
    r"include cycle|Circular reference": "These refer to each other: take one reference out.",
    r"container name \"(.+?)\" is already in use": "Give each service its own `container_name`, or none.",
    # what is not there
    r"path \"(.+?)\" not found": "Make the folder {0}, or correct `build`.",
    r"failed to read dockerfile: open (\S+): no such file": "There is no {0} in that folder: write it, or name another one under `build`.",
    r"bind source path does not exist: (\S+)": "Write {0} first, or correct its path.",
    r"^open (\S+): no such file": "There is no {0}: write it, or correct its name.",
    r"variable \"(\S+)\" required by secret": 'Give it a value: {0}="…" in the call of `up`.',
    r"network (\S+) declared as external": "Make it first: docker network create {0}",
    r"volume (\S+) declared as external|external volume \"(.+?)\" not found": "Make it first: docker volume create {0}",
    r"secret (\S+): not found": "Give the builder the secret {0}: name it under `build: secrets` in a Compose file.",
    r"file not found in build context.*?stat (\S+?):": "{0} is not in the recipe's folder, or .dockerignore leaves it out.",
    r"forbidden path outside the build context": "Copy from the recipe's own folder: a build sees no other.",
    r"invalid from flag value (\S+?): index|invalid stage index (\d+)": "There is no stage number {0}: they count from 0.",
    r"invalid from flag value (\S+?):": "No stage is named {0}, and no such image is available: look at its spelling.",
    r"failed to find target stage|failed to reach build target (\S+)|target stage .* could not be found": "No stage has that name.",
    # an image
    r"must be lowercase": "Write the name of the image in lowercase.",
    r"manifest unknown|manifest for (\S+) not found|pull access denied|repository does not exist|failed to resolve reference|"
    r"(?:Get|Head) \"?https?://\S+/v2/": "The image is not available: look at its name and its tag, then at the network.",
    r"base name \((\S+)\) should not be blank": "Give the variable a value: an ARG with one, above the FROM.",
    # a Dockerfile
    r"no build stage in current context|cannot be empty|no instructions": "It needs a first instruction: FROM, and a base image.",
    r"unknown instruction: (\S+?)(?: \(|$)": "{0} is not an instruction of a Dockerfile: look at its spelling.",
    r"unknown flag: (\S+)": "{0} is not a flag of that instruction: look at its spelling.",
    r"requires at least": "Give the instruction all that it needs.",
    r"invalid signal": "Write a signal as SIGTERM or 15.",
    r"unsupported mount type": "A mount's type is bind, cache, secret, ssh or tmpfs.",
    r"FROM requires": "Name a base image after FROM.",
    r"unterminated heredoc": "Close the here-document with its word, alone on a line.",
    r"unable to find user (\S+?):": "Make the user {0} in the Dockerfile first.",
    # a container that does not start, or does not stay
    r"port is already allocated|address already in use": "Something on this machine holds that port: stop it, or publish another one.",
    r"invalid subnet": "Write a subnet as 10.10.0.0/16, each number at most 255.",
    r"working directory '(.+?)' is invalid": "Begin the working directory with a slash.",
    r"exec: \"(.+?)\": executable file not found": "{0} is not in the image: install it in the Dockerfile, or correct the command.",
    r"exec: \"(.+?)\": permission denied": "{0} may not be executed: COPY it with --chmod=755.",
    r"exec (\S+): exec format error": "{0} is not a program for this machine: begin a script with #!/bin/sh.",
    r"exec (\S+): no such file": "{0} begins with a program that is not there, or has the line ends of Windows (CRLF): save it with LF.",
    r"\[\S*, ?(?:not found|\S+: not found)|\[\S+,: not found": "Write the command's words in double quotes, as a list in brackets needs.",
    r"No module named (\S+)": "Install {0} in the image, or correct its name.",
    # BuildKit may break a line where the shell pauses, between its own name and the program's.
    r"(?:sh: )(?:\d+: )?(\S+): (?:command )?not found|^(?:[\d.]+ )?([\w.+-]+): not found$": "{0} is not in the image: "
    "install it first, or correct the command.",
    r"not healthy after|is unhealthy": "Its health check does not pass: see below what the check says, and try it in the container.",
    r"did not complete successfully: exit code: (\d+)|returned a non-zero code: (\d+)": "A RUN ended with exit code {0}: see its output.",
    r"exited \((\d+)\)": "A container ended with exit code {0}, and `up` waits for all to run.",
}

_CROSSED = re.compile(r"parent snapshot \S+ does not exist|failed to prepare extraction snapshot")


def advice(said: str) -> str:
    """The next step for what Docker said, as a sentence after a space; empty if nothing is known beyond its own output."""
    for pattern, step in _ADVICE.items():
        if found := re.search(pattern, said, re.MULTILINE):
            return " " + step.format(*filter(None, found.groups()))
    return ""


def away(said: str) -> str:
    """The next step, as a sentence after a space, where a build's last lines say that an index does not answer; else empty."""
    found = _AWAY.search("\n".join(said.splitlines()[-_NEAR_ITS_END:]))
    otherwise = " What it fetches from did not answer: check the network of this machine, and run this again."
    return (advice(found[0]) or otherwise) if found else ""


def crossed(said: str) -> bool:
    """Whether a build met the removal of a layer that it was about to use, by another run: containerd then reports it missing, once."""
    return bool(_CROSSED.search("\n".join(said.splitlines()[-_NEAR_ITS_END:])))
