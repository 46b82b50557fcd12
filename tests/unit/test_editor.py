import re
import threading

import pytest
from markupsafe import Markup

from book import Recipe, try_it
from book.recipe import RecipeError
from book.show.editor import Editor, Panel
from book.show.html import Piece
from book.trial import _tell
from book.trouble import Trouble


def panel(work, text="FROM x\n"):
    return Panel(Editor("recipe/Dockerfile", text, "Build", ("docker build .",), work))


def test_without_a_kernel_it_shows_how_to_run_the_file():
    data = try_it(Recipe("03-smaller-images"), "slim.Dockerfile", BUILD_ENV="a <b>")._repr_mimebundle_()
    html = data["text/html"]
    assert "make lab" in html
    assert "03-smaller-images/slim.Dockerfile" in html
    assert "cd recipes/03-smaller-images\ndocker build --file slim.Dockerfile --build-arg BUILD_ENV=&#39;a &lt;b&gt;&#39; ." in html
    assert not re.search(r"<(?:button|textarea|input)\b", html)
    assert data["text/plain"].startswith("Try it yourself: 03-smaller-images/slim.Dockerfile.")


def test_a_compose_file_is_brought_up_with_its_variables():
    shown = try_it(Recipe("02-edit-while-it-runs").copy(), "compose.yaml", OWNER="1:1")
    assert (shown.verb, shown.commands[0]) == ("Up", "cd recipes/02-edit-while-it-runs")
    assert shown.commands[1] == "OWNER=1:1 docker compose --file compose.yaml up --build"
    shown = try_it(Recipe("02-edit-while-it-runs").copy(), "compose.yaml", GREETING="good day")
    assert shown.commands[1].startswith("GREETING='good day' docker compose ")


def test_a_missing_file_is_an_error_at_once():
    with pytest.raises(RecipeError, match=r"has no file nope"):
        try_it(Recipe("03-smaller-images"), "nope")


def test_reach_is_refused_for_a_dockerfile():
    with pytest.raises(ValueError, match=r"no Compose file"):
        try_it(Recipe("03-smaller-images"), "slim.Dockerfile", reach=["x:1"])


def test_a_run_shows_the_log_and_the_result_and_then_the_button_is_enabled():
    live = panel(lambda text, tell: (tell("<printed>", 1, 2), Piece(Markup(f"<p>{len(text)}</p>"), ""))[1])
    live.text.value = "four"
    live.start().join()
    assert live.shown.value == "<p>4</p>"
    assert "&lt;printed&gt;" in live.log.value
    assert not live.button.disabled


@pytest.mark.parametrize("problem", [Trouble("no <good>"), OSError("no <good>")])
def test_a_failure_shows_its_message_and_the_next_run_works(problem):
    fails = [True]

    def work(text, tell):
        if fails.pop():
            raise problem
        return Piece("fine", "")

    live = panel(work)
    live.start().join()
    assert "no &lt;good&gt;" in live.shown.value
    assert "Traceback" not in live.shown.value
    fails.append(False)
    live.start().join()
    assert live.shown.value == "fine"


def test_a_second_press_while_it_works_does_nothing():
    go, calls = threading.Event(), []

    def work(text, tell):
        calls.append(text)
        go.wait(10)
        return Piece("", "")

    live = panel(work)
    first = live.start()
    assert live.button.disabled
    assert live.start() is None
    go.set()
    first.join()
    assert len(calls) == 1


def test_the_log_is_bounded():
    live = panel(lambda text, tell: ([tell("x" * 1000) for _ in range(1000)], Piece("", ""))[1])
    live.start().join()
    assert 0 < live.log.value.count("…") <= 300
    assert len(live.log.value) < 300 * 402 + 1000


def test_reset_brings_the_text_of_the_file_back():
    live = panel(lambda text, tell: Piece("", ""))
    live.text.value = "other"
    live.reset.click()
    assert live.text.value == "FROM x\n"


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("Step 3/7 : RUN true", (3, 7)),
        ("#8 [2/5] RUN true", (2, 5)),
        ("#8 [stage-1 2/5] RUN true", (2, 5)),
        ("#1 [internal] load build definition", (0, 0)),
        ("\x1b[1mStep 1/2 : FROM x\x1b[0m", (1, 2)),
    ],
)
def test_the_builders_own_lines_tell_which_step_begins(line, step):
    told = []
    _tell(line, lambda plain, done=0, of=0: told.append((plain, (done, of))))
    assert told[0][1] == step
    assert "\x1b" not in told[0][0]
