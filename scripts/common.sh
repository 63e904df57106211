# What scripts/demo and scripts/test share: packages, a work folder, the build, a throwaway cluster. To be sourced.
# shellcheck shell=bash

set -euo pipefail
export LC_ALL=C.UTF-8

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=

say() {
    printf '== %s\n' "$*"
}

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root or sudo: $*"
    fi
}

# Servers refuse to run as root: started by root, everything below the work folder belongs to an ordinary user.
as_user() {
    if [ "$(id -u)" -eq 0 ]; then
        runuser -u "$ordinary_user" -- env HOME="$work" "$@"
    else
        "$@"
    fi
}

# Once the packages are in: they may have brought the user along.
choose_user() {
    ordinary_user=$(id -un)
    if [ "$(id -u)" -eq 0 ]; then
        ordinary_user=postgres
        id postgres >/dev/null 2>&1 || ordinary_user=nobody
    fi
}

have_server_headers() {
    local config=${PG_CONFIG:-pg_config}
    command -v "$config" >/dev/null && [ -f "$("$config" --pgxs)" ] && [ -x "$("$config" --bindir)/initdb" ]
}

apt_install() {
    command -v apt-get >/dev/null || die "missing here, and there is no apt-get to install it with: $*"
    say "installing $*"
    if [ -z "${apt_updated:-}" ]; then
        as_root apt-get -qq update >"$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; die "apt-get update failed"; }
        apt_updated=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" \
        >"$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; die "apt-get install failed"; }
}

# have COMMAND-OR-FILE
have() {
    command -v "$1" >/dev/null || [ -e "$1" ]
}

# need COMMAND-OR-FILE PACKAGE: installs the package where the thing is not there.
need() {
    have "$1" || apt_install "$2"
}

# The server and its headers, of the major that is installed already or that the distribution has.
need_postgresql() {
    if ! have_server_headers; then
        apt_install postgresql postgresql-common
        local newest
        newest=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -n | tail -n 1)
        apt_install "postgresql-server-dev-$newest"
        PG_CONFIG=/usr/lib/postgresql/$newest/bin/pg_config
    fi
    export PG_CONFIG=${PG_CONFIG:-$(command -v pg_config)}
    bindir=$("$PG_CONFIG" --bindir)
    major=$("$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    export PATH=$bindir:$PATH
    need make make
    need g++ g++
    choose_user
}

# A work folder that everybody can enter, gone when the script ends; servers in it are stopped by their own pid.
make_work_folder() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/follow_ext.XXXXXX")
    chmod 755 "$work"
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

clean_up() {
    local status=$?
    stop_servers
    rm -rf "$work"
    exit "$status"
}

# Stops every server below the work folder by its own pid, those too that an interrupted test left behind.
stop_servers() {
    local file pid
    while IFS= read -r file; do
        pid=$(head -n 1 "$file" 2>/dev/null) || continue
        kill -INT "$pid" 2>/dev/null || continue
        for _ in $(seq 100); do
            [ -e "$file" ] && kill -0 "$pid" 2>/dev/null || continue 2
            sleep 0.1
        done
        kill -QUIT "$pid" 2>/dev/null || true
    done < <(find "$work" -name postmaster.pid 2>/dev/null)
}

# Builds a copy, so that the tree stays clean and the ordinary user owns what the tests write.
copy_project() {
    rm -rf "$work/build"
    mkdir "$work/build"
    (cd "$project" && tar -cf - --exclude=./.git --exclude='*.o' --exclude='*.bc' --exclude='*.so' .) |
        tar -xf - -C "$work/build" --no-same-owner
    chown -R "$ordinary_user" "$work/build" 2>/dev/null || true
}

# run_logged NAME COMMAND...: quiet while all is well, the whole log where it is not.
run_logged() {
    local log=$work/$1.log
    shift
    ("$@") >"$log" 2>&1 || { tail -n 200 "$log" >&2; return 1; }
}

build_and_install() {
    say "building with $(${CXX:-g++} --version | head -n 1)"
    run_logged build as_user make -s -j "$(nproc)" -C "$work/build" PG_CONFIG="$PG_CONFIG" || die "the build failed"
    say "installing into $("$PG_CONFIG" --pkglibdir)"
    if [ -w "$("$PG_CONFIG" --pkglibdir)" ]; then
        run_logged install make -s -C "$work/build" install PG_CONFIG="$PG_CONFIG" || die "the installation failed"
    else
        run_logged install as_root make -s -C "$work/build" install PG_CONFIG="$PG_CONFIG" || die "the installation failed"
    fi
}

# Bare rows, and a failure at the first error.
sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# A cluster that listens on a unix socket below the work folder only.
start_cluster() {
    say "starting a throwaway cluster"
    mkdir "$work/cluster"
    chown "$ordinary_user" "$work/cluster" 2>/dev/null || true
    chmod 755 "$work/cluster"
    run_logged initdb as_user "$bindir/initdb" -D "$work/cluster/data" -U postgres -A trust -E UTF8 --no-sync ||
        die "initdb failed"
    local settings="-c listen_addresses= -c unix_socket_directories=$work/cluster -c fsync=off -c max_connections=150"
    run_logged start as_user "$bindir/pg_ctl" -D "$work/cluster/data" -l "$work/cluster/log" -o "$settings" -w start ||
        { cat "$work/cluster/log" >&2; die "the server did not start"; }
    export PGHOST=$work/cluster PGUSER=postgres PGPORT=5432
}
