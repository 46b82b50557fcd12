from unittest import TestCase

from echo import app


class TestEcho(TestCase):
    def test_repeats_the_word(self) -> None:
        self.assertEqual(app.test_client().get("/word").text, "echo: word\n")
