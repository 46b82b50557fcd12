import re
import threading
import time

import pytest

from book.measure.answer import NoAnswer
from book.measure.builder import BuildFailed
from book.recipe import Recipe
from book.trouble import Trouble

BASE = "FROM python:3.13-alpine\n"


def build(folder, text, name="Dockerfile", **arguments):
    (folder / name).write_text(text)
    return Recipe(folder).build(name, **arguments)


def test_any_folder_with_a_dockerfile_is_built_and_measured(tmp_path):
    image = build(tmp_path, BASE + "RUN dd if=/dev/zero of=/five bs=1000000 count=5\nENV A=b\n")
    ours = [layer for layer in image.layers if not layer.from_base]
    assert [layer.instruction.split()[0] for layer in ours] == ["RUN", "ENV"]
    assert 5_000_000 <= ours[0].size <= 5_040_000, "containerd's store counts folders and whole blocks"
    assert image.size == sum(layer.size for layer in image.layers)
    assert 0 < image.packed < image.size


def test_what_is_repeated_packs_well_and_noise_does_not(tmp_path):
    zeros = build(tmp_path, BASE + "RUN dd if=/dev/zero of=/five bs=1000000 count=5\n")
    noise = build(tmp_path, BASE + "RUN dd if=/dev/urandom of=/five bs=1000000 count=5\n")
    assert noise.size == zeros.size
    assert noise.packed - zeros.packed > 4_900_000


def test_buildkit_builds(tmp_path):
    image = build(tmp_path, BASE + "RUN --mount=type=cache,target=/c touch /c/x && touch /y\n")
    assert image.run("ls", "/c/x").exit_code != 0
    assert image.run("ls", "/y").text.strip() == "/y"


def test_a_build_that_fails_shows_the_output_of_the_step_and_the_marked_line(tmp_path):
    with pytest.raises(BuildFailed) as failure:
        build(tmp_path, BASE + "RUN echo a >&2; echo the-last-word; exit 3\nCMD echo hi\n")
    words = failure.value._render_traceback_()[0]
    assert words.startswith("Dockerfile does not build (line 2). A RUN ended with exit code 3")
    assert re.search(r"^[\d.]+ the-last-word$", words, re.MULTILINE)
    assert "   2 | >>> RUN echo a" in words
    assert "JSONArgsRecommended" in words
    assert "Traceback" not in words


def test_the_builders_output_is_kept(tmp_path):
    line = f"RUN echo by the $((1+1))nd way >&2; : {tmp_path}\n"  # its folder's name keeps it out of any cache
    image = build(tmp_path, BASE + line)
    assert image.said("by the 2nd") == "by the 2nd way"
    assert "by the 2nd way" not in repr(image)
    assert Recipe(tmp_path).build().said("by the 2nd") == "", "what is in the cache prints nothing"
    assert Recipe(tmp_path).build(cache=False).said("by the 2nd") == "by the 2nd way"


def test_what_buildkit_advises_against_is_listed_with_its_line(tmp_path):
    (tmp_path / "Dockerfile").write_text(BASE + "ENV PASSWORD=x\nCMD echo hi\n")
    check = Recipe(tmp_path).check_dockerfile()
    assert {(each.line, each.rule) for each in check.found} == {(2, "SecretsUsedInArgOrEnv"), (3, "JSONArgsRecommended")}
    assert check.error == ""
    (tmp_path / "Dockerfile").write_text("RUNN\n")
    assert "unknown instruction: RUNN" in Recipe(tmp_path).check_dockerfile().error


def test_an_engine_without_buildkit_builds_with_its_classic_builder(tmp_path, monkeypatch):
    monkeypatch.setattr("book.measure.image.has_buildkit", lambda: False)
    assert build(tmp_path, BASE + "RUN echo classic > /which\n").run("cat", "/which").text == "classic\n"
    with pytest.raises(BuildFailed, match="BuildKit"):
        build(tmp_path, BASE + "RUN --mount=type=cache,target=/c true\n")


def test_an_instruction_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(BuildFailed, match=r"(?i)unknown instruction: RUNN"):
        build(tmp_path, BASE + "RUNN true\n")


def test_arguments_and_targets_reach_the_build(tmp_path):
    text = BASE.replace("\n", " AS first\n") + "ARG WHO=nobody\nRUN echo $WHO > /who\nFROM first\nRUN rm /who\n"
    assert build(tmp_path, text, target="first", WHO="you").run("cat", "/who").text == "you\n"


def test_a_command_that_is_not_there_gives_127(tmp_path):
    output = build(tmp_path, BASE).run("no-such-program")
    assert output.exit_code == 127
    assert "no-such-program" in output.text


def test_an_image_is_asked_as_it_would_serve(tmp_path):
    (tmp_path / "index.html").write_text("hello")
    image = build(tmp_path, BASE + 'COPY index.html /www/\nCMD ["python", "-m", "http.server", "-d", "/www", "5000"]\n')
    assert (image.ask("/").status, image.ask("/").text, image.ask("/nothing").status) == (200, "hello", 404)


def test_an_image_that_ends_at_once_gives_its_last_words(tmp_path):
    with pytest.raises(NoAnswer, match="I cannot go on"):
        build(tmp_path, BASE + 'CMD ["sh", "-c", "echo I cannot go on; exit 1"]\n').ask("/")


def test_packages_are_those_of_the_images_python(tmp_path):
    packages = build(tmp_path, BASE).packages()
    assert "pip" in packages
    assert "flask" not in packages


def test_two_builds_at_once_do_not_take_each_others_name(tmp_path):
    folders = [tmp_path / "a/same", tmp_path / "b/same"]
    images = {}

    def make(folder):
        folder.mkdir(parents=True)
        images[folder] = build(folder, BASE + f"RUN echo {folder.parent.name} > /who\n")

    threads = [threading.Thread(target=make, args=(folder,)) for folder in folders]
    for thread in threads:
        thread.start()
        time.sleep(0.2)
    for thread in threads:
        thread.join()
    assert [images[folder].run("cat", "/who").text.strip() for folder in folders] == ["a", "b"]


def test_an_image_that_cannot_tell_its_packages_is_not_taken_for_one_that_has_some(tmp_path):
    with pytest.raises(Trouble, match="cannot list its Python packages"):
        build(tmp_path, BASE + "RUN rm /usr/local/bin/python\n").packages()
