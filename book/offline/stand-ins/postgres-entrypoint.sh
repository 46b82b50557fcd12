#!/bin/bash
# The part of the official image's contract that recipes lean on: refuse to start without a password; on the first
# start, set up the cluster with a temporary server on the Unix socket only, run the init scripts, then listen on TCP.
set -euo pipefail

from_file() {  # NAME=value, or the content of the file that NAME_FILE names
    local name=$1 file="${1}_FILE"
    if [ -n "${!file:-}" ]; then export "$name"="$(<"${!file}")"; fi
}

if [ "${1:-postgres}" != postgres ]; then exec "$@"; fi
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    for name in POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB; do from_file $name; done
    user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
    if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
        echo "Error: the database is empty and no password is given: set POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE)." >&2
        exit 1
    fi
    chmod 700 "$PGDATA"
    initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") --auth-local=trust --auth-host=scram-sha-256 >/dev/null
    echo "host all all all ${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
    pg_ctl --wait -o "-c listen_addresses=''" start >/dev/null
    if [ "$database" != postgres ]; then createdb --username="$user" "$database"; fi
    for script in /docker-entrypoint-initdb.d/*; do
        case $script in
            *.sh) . "$script" ;;
            *.sql) psql -v ON_ERROR_STOP=1 --username="$user" --dbname="$database" --file="$script" ;;
        esac
    done
    pg_ctl --wait --mode=fast stop >/dev/null
    echo "first start done; PostgreSQL starts for good"
fi
exec "$@" -c listen_addresses='*'
