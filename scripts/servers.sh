#!/usr/bin/env bash
# Install what tests use beside Python (PostgreSQL, Chromium, a Chinese font, Maven and
# Java for Elasticsearch) where that is possible: root on Debian.
# Prints one line when PostgreSQL cannot be had; a missing browser is told by the tests themselves.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/postgres_bin.sh

wanted=()
postgres_bin >/dev/null || wanted+=(postgresql)
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || wanted+=(chromium)
command -v fc-list >/dev/null || wanted+=(fontconfig)
[ -n "$(fc-list :lang=zh 2>/dev/null)" ] || wanted+=(fonts-noto-cjk)
command -v mvn >/dev/null || wanted+=(maven)
[ -n "$(ls -d /usr/lib/jvm/* 2>/dev/null)" ] || wanted+=(openjdk-17-jre-headless)
command -v openssl >/dev/null || wanted+=(openssl)

if [ ${#wanted[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing ${wanted[*]} with apt-get …" >&2
    # Debian would start a cluster of its own on the usual port; ours is made for each run and removed.
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        mkdir -p /etc/postgresql-common
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    fi
    export DEBIAN_FRONTEND=noninteractive
    { apt-get install -qq -y --no-install-recommends "${wanted[@]}" ||
        { apt-get update -qq && apt-get install -qq -y --no-install-recommends "${wanted[@]}"; }; } >&2
fi

postgres_bin >/dev/null || echo "not installed (as root on Debian, make test installs it)"
exit 0
