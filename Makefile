.DEFAULT_GOAL := help
PYTHON ?= python3
ARGS ?=

# Options go into ARGS: make soak ARGS="--rounds 3 04". The same without make: python3 -m book soak --rounds 3 04
.PHONY: book site test bench engines lab serve soak record clean help audit
book site test bench engines lab serve soak record clean help:
	@$(PYTHON) -m book $@ $(ARGS)

# Optional: known vulnerabilities of the packages in requirements.txt, as PyPI lists them. Strict: a package without an answer is an error.
audit:
	@$(PYTHON) -m venv _build/audit
	@_build/audit/bin/pip install --quiet pip-audit
	@_build/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.txt || { \
	  echo "✗ A package has a known vulnerability (see the table above), or PyPI did not respond. In the second case, check the network, and run this again." >&2; exit 1; }

requirements.txt: pyproject.toml
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-annotate --no-header pyproject.toml --output-file $@
