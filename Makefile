.DEFAULT_GOAL := help
PYTHON ?= python3

.PHONY: book test bench lab serve clean help
book test bench lab serve clean help:
	@$(PYTHON) -m book $@

requirements.txt: pyproject.toml
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-annotate --no-header pyproject.toml --output-file $@
