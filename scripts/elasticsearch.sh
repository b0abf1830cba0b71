#!/usr/bin/env bash
# A real Elasticsearch for tests and benchmarks: TLS, log-in, on loopback and free ports, not as root, stopped by id.
#
#   scripts/elasticsearch.sh fetch [VERSION]                the distribution into .cache/m2; prints its path
#   scripts/elasticsearch.sh up FOLDER [NODES] [VERSION]    one node or several; FOLDER/env says how to reach them
#   scripts/elasticsearch.sh down FOLDER                    stop the nodes of FOLDER and remove it
#
# What is fetched is the distribution Elasticsearch's own integration tests use (Maven registry): the server without
# analysis-common, painless and percolator, none of which this project asks for. Ends with 3 when it cannot be had here.
set -euo pipefail
cd "$(dirname "$0")/.."
DEFAULT=8.19.7
PYTHON=$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)

cannot() { echo "$1" >&2; exit 3; }

java_home() { # the oldest Java that this version runs on
    local need=17 home version
    [ "${1%%.*}" -ge 9 ] && need=21
    for home in $(ls -d "${ES_JAVA_HOME:-/none}" "${JAVA_HOME:-/none}" /usr/lib/jvm/* 2>/dev/null); do
        version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release" 2>/dev/null)
        [ -n "$version" ] && [ "$version" -ge "$need" ] && echo "$version $(readlink -f "$home")"
    done | sort -n | head -1 | cut -d' ' -f2-
}

fetch() {
    local version=$1 zip
    zip=.cache/m2/org/elasticsearch/distribution/integ-test-zip/elasticsearch/$version/elasticsearch-$version.zip
    if [ ! -s "$zip" ]; then
        command -v mvn >/dev/null || cannot "Elasticsearch $version: Maven is not installed (Debian: maven)"
        mvn -q -B -Dmaven.repo.local=.cache/m2 dependency:get -Dtransitive=false \
            -Dartifact=org.elasticsearch.distribution.integ-test-zip:elasticsearch:"$version":zip >&2 ||
            cannot "Elasticsearch $version: the Maven registry did not give it"
    fi
    echo "$zip"
}

certificates() { # a throwaway authority and one certificate for all nodes, into $1
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=huiying-test-ca \
        -keyout "$1/ca.key" -out "$1/ca.crt" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$1/node.key" -out "$1/node.csr" 2>/dev/null
    openssl x509 -req -in "$1/node.csr" -CA "$1/ca.crt" -CAkey "$1/ca.key" -CAcreateserial -days 2 \
        -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") -out "$1/node.crt" 2>/dev/null
}

configure() { # the config folder of node $2 of $3 below $1
    local folder=$1 n=$2 nodes=$3 conf=$1/n$2
    mkdir -p "$conf" "$folder/data$n" "$folder/logs$n"
    cp "$folder"/dist/config/{jvm.options,log4j2.properties} "$conf/"
    cp "$folder"/{ca.crt,node.crt,node.key} "$conf/"
    # What docs/elasticsearch.md asks an administrator for, and nothing more.
    cat >"$conf/roles.yml" <<'ROLE'
huiying:
  cluster: [monitor, manage_index_templates]
  indices:
    - names: ["posts*"]
      privileges: [create_index, delete_index, manage, read, write, view_index_metadata]
ROLE
    echo "huiying:$(cat "$folder/password.hash")" >"$conf/users"
    echo "huiying:huiying" >"$conf/users_roles"
    {
        echo "cluster.name: $(basename "$folder")"
        echo "node.name: n$n"
        echo "network.host: 127.0.0.1"
        echo "http.port: ${HTTP[$n - 1]}"
        echo "transport.port: ${TRANSPORT[$n - 1]}"
        echo "path.data: $folder/data$n"
        echo "path.logs: $folder/logs$n"
        echo "cluster.routing.allocation.disk.threshold_enabled: false"
        echo "xpack.security.enabled: true"
        echo "xpack.security.http.ssl: {enabled: true, key: node.key, certificate: node.crt, certificate_authorities: [ca.crt]}"
        echo "xpack.security.transport.ssl: {enabled: true, key: node.key, certificate: node.crt, certificate_authorities: [ca.crt], verification_mode: certificate}"
        if [ "$nodes" = 1 ]; then
            echo "discovery.type: single-node"
        else
            echo "discovery.seed_hosts: [$(printf '"127.0.0.1:%s",' "${TRANSPORT[@]}" | sed 's/,$//')]"
            echo "cluster.initial_master_nodes: [$(seq -s, -f 'n%g' 1 "$nodes")]"
        fi
    } >"$conf/elasticsearch.yml"
}

up() {
    local folder=$1 nodes=$2 version=$3 zip java as=() user n
    java=$(java_home "$version")
    [ -n "$java" ] || cannot "Elasticsearch $version: no Java it runs on (8 needs 17, 9 needs 21 or later)"
    command -v openssl >/dev/null || cannot "Elasticsearch $version: openssl is not installed"
    zip=$(fetch "$version") || exit 3
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    "$PYTHON" - "$zip" "$folder" <<'UNPACK'
import base64, hashlib, os, secrets, shutil, sys, zipfile
zip_path, folder = sys.argv[1:]
with zipfile.ZipFile(zip_path) as z:
    z.extractall(folder)
    for info in z.infolist():
        if info.external_attr >> 16 & 0o111 and not info.is_dir():
            os.chmod(os.path.join(folder, info.filename), 0o755)
top = next(n for n in os.listdir(folder) if n.startswith("elasticsearch-"))
os.rename(os.path.join(folder, top), os.path.join(folder, "dist"))
os.makedirs(os.path.join(folder, "dist", "logs"), exist_ok=True)
password, salt = secrets.token_hex(12), os.urandom(32)
key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 10000, 32)
text = f"{{PBKDF2}}10000${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"
open(os.path.join(folder, "password"), "w").write(password)
open(os.path.join(folder, "password.hash"), "w").write(text)
UNPACK
    mkdir "$folder"/{home,tmp}
    certificates "$folder"
    mapfile -t ports < <("$PYTHON" -c "
import socket
held = [socket.socket() for _ in range(2 * $nodes)]
for s in held: s.bind(('127.0.0.1', 0))
print(*(s.getsockname()[1] for s in held), sep='\n')")
    HTTP=("${ports[@]:0:$nodes}") TRANSPORT=("${ports[@]:$nodes}")
    for n in $(seq 1 "$nodes"); do configure "$folder" "$n" "$nodes"; done
    user=$(id -un)
    if [ "$(id -u)" = 0 ]; then
        user=nobody
        chown -R nobody "$folder"
        as=(runuser -u nobody --)
    fi
    {
        echo "ELASTICSEARCH_URL=$(printf 'https://127.0.0.1:%s,' "${HTTP[@]}" | sed 's/,$//')"
        echo "ELASTICSEARCH_CA=$folder/ca.crt"
        echo "ELASTICSEARCH_USER=huiying"
        echo "ELASTICSEARCH_PASSWORD=$(cat "$folder/password")"
    } >"$folder/env"
    for n in $(seq 1 "$nodes"); do
        (cd "$folder" && exec setsid "${as[@]}" env HOME="$folder/home" ES_TMPDIR="$folder/tmp" ES_PATH_CONF="$folder/n$n" ES_JAVA_HOME="$java" \
            ES_JAVA_OPTS="${ES_JAVA_OPTS:--Xms512m -Xmx512m}" dist/bin/elasticsearch -d -p "$folder/n$n.pid" >"$folder/n$n.out" 2>&1) ||
            touch "$folder/died" &
    done
    wait
    if [ -e "$folder/died" ]; then
        grep -hE "ERROR|fatal|exception" "$folder"/logs*/*.log "$folder"/n*.out | head -8 | cut -c1-600 >&2
        down "$folder"
        cannot "Elasticsearch $version did not start"
    fi
    "$PYTHON" - "$folder" "$nodes" <<'WAIT' || { tail -5 "$folder"/n*.out >&2; down "$folder"; cannot "Elasticsearch $version did not start"; }
import base64, json, ssl, sys, time, urllib.request
folder, nodes = sys.argv[1], int(sys.argv[2])
env = dict(line.strip().split("=", 1) for line in open(folder + "/env"))
tls = ssl.create_default_context(cafile=env["ELASTICSEARCH_CA"])
token = base64.b64encode(f"huiying:{env['ELASTICSEARCH_PASSWORD']}".encode()).decode()
end = time.monotonic() + 180
for url in env["ELASTICSEARCH_URL"].split(","):
    ask = urllib.request.Request(url + "/_cluster/health", headers={"Authorization": "Basic " + token})
    while True:
        try:
            with urllib.request.urlopen(ask, context=tls, timeout=10) as answer:
                if json.load(answer)["number_of_nodes"] == nodes:
                    break
        except OSError as e:
            last = e
        if time.monotonic() > end:
            sys.exit(f"no answer from {url}: {last}")
        time.sleep(0.3)
WAIT
}

down() {
    local file pid
    for file in "$1"/n*.pid; do
        [ -s "$file" ] || continue
        pid=$(cat "$file")
        kill "$pid" 2>/dev/null || continue
        for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -9 "$pid" 2>/dev/null || true
    done
    rm -rf "$1"
}

case "${1:-}" in
fetch) fetch "${2:-$DEFAULT}" ;;
up) up "$2" "${3:-1}" "${4:-$DEFAULT}" ;;
down) down "$2" ;;
*) sed -n '2,9p' "$0" >&2; exit 2 ;;
esac
