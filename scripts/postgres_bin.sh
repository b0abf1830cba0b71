# Sourced: where initdb and pg_ctl are. Debian keeps them off the PATH.
postgres_bin() {
    local folder
    if command -v initdb >/dev/null && command -v pg_ctl >/dev/null; then
        dirname "$(command -v initdb)"
        return
    fi
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
        [ -x "$folder/initdb" ] && echo "$folder" && return
    done
    return 1
}
