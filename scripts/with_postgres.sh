#!/usr/bin/env bash
# Run a command with DATABASE_URL on a PostgreSQL server of its own: made for this run, on loopback and a free port,
# by a user who is not root, stopped by its own pg_ctl and removed afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/postgres_bin.sh
bin=$(postgres_bin) || { echo "PostgreSQL is not installed" >&2; exit 2; }

# Not under .cache/: a checkout below somebody's home cannot be entered by the server's user.
home=$(mktemp -d "${TMPDIR:-/tmp}/huiying-postgres-XXXXXX")
as=()
user=$(id -un)
if [ "$(id -u)" = 0 ]; then
    user=$(id -un postgres 2>/dev/null || echo nobody)
    chown "$user" "$home"
    as=(runuser -u "$user" --)
fi
port=$(.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

stop() {
    (cd / && "${as[@]}" "$bin/pg_ctl" -D "$home/data" -m immediate -s stop 2>/dev/null) || true
    rm -rf "$home"
}
trap stop EXIT
trap 'exit 130' INT TERM

(
    cd /
    "${as[@]}" "$bin/initdb" -A trust -E UTF8 --locale=C.UTF-8 -U huiying --no-sync -D "$home/data" >/dev/null
    # Its content dies with the run, so nothing waits for the disk.
    "${as[@]}" "$bin/pg_ctl" -D "$home/data" -l "$home/server.log" -w -s \
        -o "-p $port -k $home -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off" start
    "${as[@]}" "$bin/createdb" -h 127.0.0.1 -p "$port" -U huiying huiying
) || { cat "$home"/*.log >&2; exit 2; }

export DATABASE_URL="postgresql://huiying@127.0.0.1:$port/huiying"
# For whoever wants to restart it: ${as[*]} $POSTGRES_CTL restart
export POSTGRES_CTL="${as[*]} $bin/pg_ctl -D $home/data"
"$@"
