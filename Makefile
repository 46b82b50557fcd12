.DEFAULT_GOAL := help
PYTHON ?= python3

.PHONY: book site record test bench lab serve soak clean help audit
book site record test bench lab serve soak clean help:
	@$(PYTHON) -m book $@

# Optional: known faults of what requirements.txt names, as PyPI lists them. Strict: a package of which nothing could be learned is no good news.
audit:
	@$(PYTHON) -m venv _build/audit
	@_build/audit/bin/pip install --quiet pip-audit
	@_build/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.txt || { \
	  echo "✗ Either a package has a known fault (the table above), or PyPI did not tell of one: then nothing was audited. Try where pypi.org answers." >&2; exit 1; }

requirements.txt: pyproject.toml
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-annotate --no-header pyproject.toml --output-file $@
