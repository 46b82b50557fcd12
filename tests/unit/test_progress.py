import pytest

from book.progress import step


def test_a_step_prints_what_it_does_and_how_it_ended(capsys):
    with step("Base images") as bar:
        bar(1, 2, "python")
        bar.note("two of them")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "Base images …"
    assert lines[-1].startswith("✓ Base images · two of them")


def test_a_step_that_fails_is_marked_and_its_error_is_raised(capsys):
    with pytest.raises(ValueError, match="no"), step("Base images"):
        raise ValueError("no")
    assert capsys.readouterr().out.splitlines()[-1].startswith("✗ Base images")
