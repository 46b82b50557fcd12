.DEFAULT_GOAL := help
PYTHON ?= python3

.PHONY: book test bench lab serve soak clean help audit
book test bench lab serve soak clean help:
	@$(PYTHON) -m book $@

# Optional: known faults of what requirements.txt names, as PyPI lists them.
audit:
	$(PYTHON) -m venv _build/audit
	_build/audit/bin/pip install --quiet pip-audit
	_build/audit/bin/pip-audit --disable-pip --require-hashes --requirement requirements.txt

requirements.txt: pyproject.toml
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-annotate --no-header pyproject.toml --output-file $@
