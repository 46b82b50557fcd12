#!/bin/sh
# Once, as root, if the machine is new: the environment of the application.
set -eu
python3 -c "import ensurepip" ||
    { apt-get update -q && apt-get install -y -q python3-venv; }
python3 -m venv /opt/env
/opt/env/bin/pip install --quiet --disable-pip-version-check \
    --requirement /vagrant/requirements.txt
