"""How the cells of a chapter are laid out on its page, from the nodes that MyST-NB makes."""

from docutils import nodes, utils
from markupsafe import escape

from book.chapters import ledger
from book.site import reading


def console(*commands: str) -> str:
    lines = "\n".join(f'<span class="gp">$ </span>{escape(command)}' for command in commands)
    return f'<div class="book-console"><style>pre {{}}</style><pre tabindex="0">{lines}</pre></div>'


def claim(sentence: str, measured: str = "") -> str:
    seen = f' <span class="book-measured">{measured}</span>' if measured else ""
    return f'<p class="book-claim"><span class="book-tick">✓</span> {escape(sentence)}{seen}</p>'


def cell(python: str, *outputs: str) -> nodes.container:
    source = nodes.container("", nodes.literal_block("", python), nb_element="cell_code_source", classes=["cell_input"])
    shown = nodes.container("", *(nodes.raw("", html, format="html") for html in outputs), nb_element="cell_code_output")
    return nodes.container("", *([source] if python else []), *([shown] if outputs else []), nb_element="cell_code")


def page(*parts: nodes.Node) -> nodes.document:
    document = utils.new_document("page")
    document += nodes.section("", *parts)
    return document


def laid_out(*parts: nodes.Node) -> list[str]:
    """Each thing on the page in order: code, HTML or text."""
    document = page(*parts)
    reading._rearrange(document)
    return [node.astext() for node in document.findall(lambda node: isinstance(node, nodes.raw | nodes.literal_block | nodes.paragraph))]


def test_consoles_with_nothing_between_them_are_one_and_python_is_folded_once_below():
    found = laid_out(cell("up()", console("docker compose up")), cell("ask()", console("curl x"), "<p>hello</p>"))
    assert found[0].count("<pre>") == 1
    assert found[0].index("docker compose up") < found[0].index("curl x")
    assert found[1] == "<p>hello</p>"
    assert found[2].startswith('<details class="book-python">')
    assert found[3:] == ["up()", "ask()", "</details>"]


def test_an_output_stays_below_its_own_command():
    found = laid_out(cell("", console("first"), "<p>one</p>"), cell("", console("second"), "<p>two</p>"))
    assert ["first" in found[0], found[1], "second" in found[2], found[3]] == [True, "<p>one</p>", True, "<p>two</p>"]


def test_text_between_cells_stays_between_them():
    found = laid_out(cell("a", "<p>one</p>"), nodes.paragraph("", "text"), cell("b", "<p>two</p>"))
    assert found[:3] == ["<p>one</p>", "text", "<p>two</p>"]
    assert found[3].startswith('<details class="book-python">')
    assert found[4:] == ["a", "b", "</details>"], "the Python of the section is folded once, at its end"


def test_each_section_folds_its_own_python():
    inner = nodes.section("", cell("b", "<p>two</p>"))
    found = laid_out(cell("a", "<p>one</p>"), inner)
    assert [each for each in found if not each.startswith("<details")] == ["<p>one</p>", "a", "</details>", "<p>two</p>", "b", "</details>"]


def test_python_that_shows_nothing_is_folded_with_the_next():
    silent = nodes.section("", cell("down()"))
    found = laid_out(cell("import book"), nodes.paragraph("", "text"), cell("b", "<p>two</p>"), nodes.paragraph("", "end"), silent)
    assert found[0] == "text"
    assert found.index("import book") < found.index("b")
    assert found.count('<details class="book-python"><summary>How this page ran it</summary>') == 2
    assert "down()" in found


def test_many_commands_are_folded():
    found = laid_out(cell("", console(*map(str, range(5)))), cell("", console(*map(str, range(4)))))
    assert "<summary>The 9 commands of this step</summary>" in found[0]
    (only,) = (each for each in laid_out(cell("", console("python -c '" + "\n" * 7 + "'"))) if "console" in each)
    assert "<summary>The command of this step</summary>" in only
    assert "<summary>" not in laid_out(cell("", console(*map(str, range(7)))))[0]


def test_a_file_that_is_not_needed_at_once_is_folded():
    hidden = cell("show.listing()", "<p>FROM</p>")
    hidden["classes"].append("tag_hide-output")
    assert laid_out(hidden)[:3] == ['<details class="book-fold"><summary>Show the file</summary>', "<p>FROM</p>", "</details>"]


def test_ticks_are_one_list_and_the_commands_behind_them_are_folded():
    found = laid_out(cell("a", claim("One."), claim("Two.", "2 s")), cell("b", console("docker ps"), claim("Three.")))
    assert found[0].count("<ul") == 1
    assert found[0].count('<li class="book-claim">') == 3
    assert "docker ps" not in found[0]
    assert found.index("b") < next(place for place, each in enumerate(found) if "docker ps" in each) < found.index("</details>")


def test_a_table_below_its_figure_is_folded():
    found = laid_out(cell("", '<figure></figure><div class="book-scroll" tabindex="0"><table></table></div><p>rest</p>'))
    assert found[0].startswith('<figure></figure><details class="book-fold"><summary>The numbers as a table</summary>')
    assert found[0].endswith("</details><p>rest</p>")


def test_other_chapters_have_no_consoles():
    document = page(cell("a", console("docker ps"), "<p>one</p>"), cell("b", console("docker ps")))
    reading._leave_consoles_out(document)
    assert "docker ps" not in document.astext()
    assert len(list(document.findall(lambda node: node.astext() == "<p>one</p>" and isinstance(node, nodes.raw)))) == 1


def test_a_claim_has_the_address_that_the_page_of_claims_links_to():
    sentence = "With `--no-dev` & <x>, it fails."
    document = page(cell("", claim(sentence, "exit code 1"), claim(sentence)))
    reading._anchors(document)
    text = document.astext()
    assert text.count(f'id="{ledger.anchor(sentence)}"') == 1, "an address is given once"
    assert "<code>--no-dev</code> &amp; &lt;x&gt;, it fails." in text
    assert '<span class="book-measured">exit code 1</span></p>' in text
