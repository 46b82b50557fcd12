from projects import WEB, ours

from book import try_it
from book.measure.probe import Reach
from book.show.editor import Panel


def test_a_readers_compose_file_is_compared_with_the_books_and_removed(written):
    recipe = written()
    before = ours()
    book = Reach("web", "web:5000", True, "open", 0.1, (), "")
    live = Panel(try_it(recipe, "compose.yaml", reach=["web:5000"], beside=[book]))
    live.text.value = WEB.replace("web:", "shop:")
    live.start().join()
    assert "shop (yours)" in live.shown.value
    assert "web (the book&#39;s)" in live.shown.value
    assert "no such name" in live.shown.value
    assert "Started" in live.log.value
    live.text.value = "services: [what"
    live.start().join()
    assert "compose.yaml is not valid" in live.shown.value
    live = Panel(try_it(recipe, "compose.yaml", reach=["web:5000"]))
    live.text.value = WEB.replace("web:", "shop:")
    live.start().join()
    assert "shop (yours)" in live.shown.value
    assert "web (the book&#39;s)" in live.shown.value, "measured for the comparison"
    assert ours() == before
    assert recipe.read("compose.yaml") == WEB, "the book's file does not change"
