#!/bin/sh
# At each start: run the application in the background, as user `vagrant`.
# Then wait until it answers.
set -eu
start-stop-daemon --start --background --oknodo --chuid vagrant \
    --chdir /vagrant/app \
    --make-pidfile --pidfile /run/echo.pid \
    --startas /opt/env/bin/flask -- --app echo run --host 0.0.0.0 --debug
ready=http://127.0.0.1:5000/ready
for _ in $(seq 100); do
    python3 -c "import urllib.request as r; r.urlopen('$ready')" \
        2>/dev/null && exit
    sleep 0.2
done
echo "the application does not answer" && exit 1
