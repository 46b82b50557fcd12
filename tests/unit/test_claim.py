import sys

import pytest

from book.claim import ClaimFailed, claim


def test_a_claim_that_holds_shows_its_sentence_and_what_was_measured(monkeypatch):
    shown = []
    monkeypatch.setattr(sys.modules["book.claim"], "display", lambda data, **rest: shown.append((data, rest)))
    claim("Small is <small>.", True, "3 MB")
    data, rest = shown[0]
    assert data["text/plain"] == "✓ Small is <small>."
    assert "Small is &lt;small&gt;." in data["text/html"]
    assert rest["metadata"]["claim"] == {"sentence": "Small is <small>.", "measured": "3 MB"}


def test_a_claim_that_does_not_hold_fails_with_its_sentence():
    with pytest.raises(ClaimFailed, match=r"Small is small. Measured: 3 GB"):
        claim("Small is small.", False, "3 GB")


def test_while_engines_are_compared_a_claim_that_does_not_hold_is_a_cross_and_no_claim_that_held(monkeypatch):
    shown = []
    monkeypatch.setattr(sys.modules["book.claim"], "display", lambda data, **rest: shown.append((data, rest)))
    monkeypatch.setenv("BOOK_CLAIMS_GO_ON", "1")
    claim("Small is <small>.", False, "3 GB")
    data, rest = shown[0]
    assert data["text/plain"] == "✗ Small is <small>."
    assert "Small is &lt;small&gt;." in data["text/html"]
    assert rest["metadata"] == {"failed_claim": {"sentence": "Small is <small>.", "measured": "3 GB"}}


def test_a_failed_claim_shows_a_reader_no_stack():
    assert ClaimFailed("✗ words")._render_traceback_() == ["✗ words"]


def test_something_that_is_neither_true_nor_false_is_no_test():
    with pytest.raises(TypeError, match="true or false"):
        claim("A list is not a verdict.", [1])
