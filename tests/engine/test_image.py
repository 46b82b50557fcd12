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
    assert ours[0].size == 5_000_000
    assert image.size == sum(layer.size for layer in image.layers)
    assert 0 < image.packed < image.size


def test_what_is_repeated_packs_well_and_noise_does_not(tmp_path):
    zeros = build(tmp_path, BASE + "RUN dd if=/dev/zero of=/five bs=1000000 count=5\n")
    noise = build(tmp_path, BASE + "RUN dd if=/dev/urandom of=/five bs=1000000 count=5\n")
    assert noise.size == zeros.size
    assert noise.packed - zeros.packed > 4_900_000


def test_a_dockerfile_that_needs_buildkit_goes_through_buildx(tmp_path):
    image = build(tmp_path, BASE + "RUN --mount=type=cache,target=/c touch /c/x && touch /y\n")
    assert image.run("ls", "/c/x").exit_code != 0
    assert image.run("ls", "/y").text.strip() == "/y"


@pytest.mark.parametrize(
    "line", ["RUN echo a >&2; echo the-last-word; exit 3", "RUN --mount=type=cache,target=/c echo the-last-word; exit 3"]
)
def test_a_build_that_fails_says_the_builders_last_words_and_no_stack(tmp_path, line):
    with pytest.raises(BuildFailed) as failure:
        build(tmp_path, BASE + line)
    words = failure.value._render_traceback_()[0]
    assert words.startswith("Dockerfile does not build")
    assert "the-last-word" in words
    assert "Traceback" not in words


@pytest.mark.parametrize("line", ["RUN echo by the $((1+1))nd way >&2", "RUN --mount=type=cache,target=/c echo by the $((1+1))nd way >&2"])
def test_what_the_builder_said_of_a_build_that_worked_is_kept(tmp_path, line):
    image = build(tmp_path, f"{BASE}{line}; : {tmp_path}\n")  # its folder's name keeps it out of any cache
    assert image.said("2nd") == "by the 2nd way"
    assert "by the 2nd way" not in repr(image)


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
