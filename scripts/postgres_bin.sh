# Sourced: where initdb and pg_ctl are. Debian keeps them off the PATH.
postgres_bin() {
    local folder
    # One folder with all three: a PATH may hold links to some of them only.
    for folder in "$(dirname "$(command -v initdb || echo /none)")" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
        [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && [ -x "$folder/createdb" ] && echo "$folder" && return
    done
    return 1
}
