"""A container, its network or the clock misbehaves: the message that a reader gets, and after which time."""

import textwrap

import pytest

READER = """
import sys
from book import Recipe, engine
recipe = Recipe(sys.argv[1])
try:
{code}
except Exception as problem:
    print(f"{{type(problem).__name__}}: {{problem}}")
finally:
    recipe.down()
"""


@pytest.fixture
def read(own):
    """Let a reader's Python do something with a recipe, and return what it printed."""

    def go(folder, code):
        done = own.python(READER.format(code=textwrap.indent(textwrap.dedent(code), "    ")), folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return go


def web(**more):
    lines = "".join(f"    {key}: {value}\n" for key, value in more.items())
    return f"services:\n  web:\n    image: python:3.13-alpine\n{lines}"


def test_a_port_is_taken(read, recipe):
    folder = recipe(web(command="sleep 600", init="true", ports='["127.0.0.1:8055:80"]'))
    said = read(folder, "import socket; line = socket.create_server(('127.0.0.1', 8055)); recipe.up(free_ports=False)")
    assert said.startswith(
        "StackFailed: compose.yaml does not come up. Something on this machine holds that port: stop it, or publish another one."
    )
    assert "8055" in said


def test_a_container_is_killed_for_memory(read, recipe):
    hungry = """["python", "-c", "x = b'.' * 200_000_000"]"""
    folder = recipe(web(command=hungry, mem_limit="24m", memswap_limit="24m", healthcheck='{test: "false", interval: 1s}'))
    said = read(folder, "recipe.up()")
    assert "web (exited, exit code 137) said:" in said
    assert "It was killed for using more memory than its limit of 24 MiB: give it more (`mem_limit`), or let it use less." in said


def test_a_container_ignores_sigterm(read, recipe):
    deaf = """["python", "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"]"""
    folder = recipe(web(command=deaf, stop_grace_period="1s"))
    said = read(
        folder,
        """
        import time
        stack = recipe.up()
        while not stack.logs("web"): time.sleep(0.1)
        print(stack.stop("web").exit_code)
        """,
    )
    assert said == "137\n"


def test_a_service_prints_without_end(read, recipe):
    loud = """["python", "-c", "import time\\nwhile True: print(('x' * 1023 + chr(10)) * 1024, flush=True); time.sleep(1)"]"""
    folder = recipe(web(command=loud))
    said = read(
        folder,
        """
        import psutil, time
        stack = recipe.up()
        before = psutil.Process().memory_info().rss
        while "left out" not in stack.logs("web"): time.sleep(0.5)
        said = stack.logs("web")
        print(len(said) <= 2.1 * 2**20, said.splitlines()[0])
        print(psutil.Process().memory_info().rss - before < 64 << 20)
        """,
    )
    assert said.splitlines()[0].startswith("True [… ")
    assert said.splitlines()[0].endswith(" MiB before this are left out]")
    assert said.splitlines()[1] == "True"


def test_a_command_in_a_service_does_not_end(read, recipe):
    folder = recipe(web(command="sleep 600", init="true"))
    said = read(folder, "from book.measure import stack as measured; measured._EXEC_SECONDS = 1; recipe.up().exec('web', 'sleep', '500')")
    assert said == "TookTooLong: `sleep 500` in web did not end within 1 seconds.\n"


def test_a_command_in_an_image_does_not_end(read, recipe):
    folder = recipe(Dockerfile="FROM python:3.13-alpine\n")
    said = read(folder, "from book.measure import image; image._RUN_SECONDS = 1; recipe.build().run('sleep', '500')")
    assert said.startswith("TookTooLong: `sleep 500` did not end within 1 seconds in ")


def test_names_cannot_be_looked_up(read, recipe):
    folder = recipe(
        web(command="sleep 600", init="true", dns='["127.0.0.9"]'),
        Dockerfile="FROM python:3.13-alpine\nRUN python -c \"import socket; socket.create_connection(('example.org', 80), 3)\"\n",
    )
    said = read(folder, "(found,) = recipe.up().reach('http://example.org'); print(found.ok, found.verdict)")
    assert said in ("False no such name\n", "False no answer in time\n")
    said = read(folder, "recipe.build()")
    assert said.startswith("BuildFailed: Dockerfile does not build")
    assert "No name could be looked up from inside the container: check the network of this machine" in said


def test_runs_queue_for_a_network(make_engine, recipe):
    """The address pools hold two networks: the third stack waits until one of the others is down."""
    one = make_engine(**{"default-address-pools": [{"base": "10.98.0.0/28", "size": 29}]})
    before = one.holds()
    folder = recipe(web(command="sleep 600", init="true"))
    code = """
    import threading
    first, second = recipe.up(), recipe.up()
    threading.Timer(3, first.down).start()
    print(recipe.up().service("web").state)
    """
    done = one.python(READER.format(code=textwrap.indent(textwrap.dedent(code), "    ")), folder)
    assert done.stdout == "running\n", done.stdout + done.stderr
    code = "from book.measure import up as starting; starting._NETWORK_SECONDS = 2; up = [recipe.up(), recipe.up()]; recipe.up()"
    done = one.python(READER.format(code=f"    {code}"), folder)
    assert "The engine has no address range left for one more network" in done.stdout
    assert one.after_next_run() == before


CLOCK = """
import sys, time, psutil
from book import engine
from book.engine import leftovers
days = 86400 * int(sys.argv[1])
now, boot = time.time, psutil._psplatform.boot_time
time.time = lambda: now() + days
psutil._psplatform.boot_time = lambda: boot() + days  # the kernel counts it back from the clock
psutil._psplatform.BOOT_TIME = boot() + days
psutil.Process.create_time = lambda process, made=psutil.Process.create_time: made(process) + days
print(leftovers.reap(engine.connect()))
"""
HOLDER = """
from book import engine
from book.engine import leftovers
made = engine.connect().containers.run("python:3.13-alpine", "sleep 600", labels=leftovers.labels("clock"), detach=True, init=True)
print(made.id, flush=True)
import time; time.sleep(600)
"""


@pytest.mark.parametrize("days", [400, -400])
def test_the_clock_jumps(own, days):
    """A run that is alive keeps what it has, whatever the clock says; once it has ended, it is removed."""
    holder = own.popen(HOLDER)
    made = holder.stdout.readline().strip()
    try:
        done = own.python(CLOCK, days)
        assert done.returncode == 0, done.stderr
        assert own.client.containers.get(made).status == "running"
    finally:
        holder.kill()
        holder.wait(60)
    own.python(CLOCK, days)
    assert made not in {container.id for container in own.client.containers.list(ignore_removed=True, all=True)}


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("RUN sleep 600", 2),
        ("RUN while :; do echo again; sleep 1; done", 2),
    ],
    ids=["silent", "chatty"],
)
def test_a_build_step_does_not_end(read, recipe, step, line):
    folder = recipe(Dockerfile=f"FROM python:3.13-alpine\n{step}\n")
    said = read(folder, "from book.measure import builder; builder.BUILD_SECONDS = builder.SILENT_SECONDS = 6; recipe.build()")
    assert said.startswith(f"BuildFailed: Dockerfile was not built in time (line {line}): after 0.1 minutes")
    assert "See whether a step waits for an answer" in said
    assert step in said or "again" in said
