#!/bin/sh
# fetch.sh VERSION: prints the directory of a Rust compiler from Debian's packages, with the standard libraries that Debian
# has built for Raspberry Pis, and the source to build others from. Fetches them unless they are cached (220 MB). It is the
# compiler of VERSION (1.85, say), or the newest there is if Debian no longer has that.
# Exits with 77, and the reason as the last line on stderr, on a machine that cannot fetch or run it.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
version=$1
cache=${PINZERO_RIG_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pinzero-rig}
# All that makes the toolchain what it is goes into its name, so a change of any of these fetches another.
key=$({ cat "$here/fetch.sh" /etc/os-release && echo "$version"; } | sha256sum | cut -c1-16)
toolchain=$cache/rust-$key
work=$cache/rust-work

unsupported() {
    echo "toolchain: ignored: $1" >&2
    exit 77
}

step() { echo "toolchain: $1" >&2; }

# apt for one architecture, with package lists of its own: nothing is installed, and no root is needed.
of() {
    apt=$1 architecture=$2
    shift 2
    mkdir -p "$work/$architecture/lists/partial" "$work/$architecture/archives/partial"
    "$apt" -qq -o APT::Sandbox::User=root -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
        -o Dir::State="$work/$architecture" -o Dir::State::status=/dev/null -o Dir::Cache="$work/$architecture" \
        -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# Prints what to fetch: the packages' infix and their exact version. Debian 12 has newer compilers under the name rustc-web.
choose() {
    for wanted in "$version." ''; do
        for infix in -web ''; do
            found=$(of apt-cache "$native" madison "rustc$infix" | tr -d ' ' | cut -d'|' -f2 | grep -m1 "^$wanted") || continue
            echo "$infix" "$found"
            return
        done
    done
    unsupported "Debian has neither rustc-web nor rustc for $native"
}

# A list that cannot be fetched is not the end: the package may be in another.
update() { of apt-get "$1" update || step "not all package lists of $1 could be fetched"; }

get_toolchain() {
    native=$(dpkg --print-architecture)
    update "$native"
    # The infix may be empty.
    chosen=$(choose)
    infix=${chosen% *} exact=${chosen#* }
    step "downloading rustc$infix $exact"
    mkdir debs && cd debs
    shared=libstd-rust$infix-$(echo "$exact" | cut -d. -f1-2)
    for package in rustc$infix libstd-rust$infix-dev rust$infix-src "$shared"; do
        of apt-get "$native" download "$package=$exact" || unsupported "apt-get could not download $package $exact"
    done
    llvm=$(dpkg-deb --field "${shared}"_*.deb Depends | grep -o 'libllvm[0-9]*')
    of apt-get "$native" download "$llvm" || unsupported "apt-get could not download $llvm"
    for architecture in arm64 armhf; do
        [ "$architecture" != "$native" ] || continue
        update "$architecture"
        of apt-get "$architecture" download "libstd-rust$infix-dev=$exact" ||
            step "no standard library for $architecture, so it will have to be built"
    done
    cd ..
    step 'unpacking it'
    mkdir toolchain
    for deb in debs/*.deb; do
        # Of the source, only what the standard library is built from.
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C toolchain --no-wildcards-match-slash --exclude='./usr/share' \
            --exclude='./usr/src/*/src' --exclude='./usr/src/*/compiler' --exclude='./usr/src/*/debian'
    done
    dpkg-deb --field debs/"$llvm"_*.deb Depends >toolchain/depends
    cat >toolchain/rustc <<'RUSTC'
#!/bin/sh
# The compiler, which looks for its libraries where Debian would have installed them.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
LD_LIBRARY_PATH=$(echo "$here"/usr/lib/*-linux-gnu) exec "$here/usr/bin/rustc" "$@"
RUSTC
    chmod +x toolchain/rustc
    mv toolchain "$toolchain"
}

runs() { "$toolchain/rustc" --version >/dev/null 2>&1; }

# What LLVM needs is on most machines.
get_libraries() {
    needed=$(sed 's/([^)]*)//g; s/,/ /g' "$toolchain/depends")
    if [ "$(id -u)" = 0 ]; then
        apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
            apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 install $needed >/dev/null || true
    fi
    runs || unsupported "the compiler does not start; as root: apt-get install $needed"
}

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || unsupported 'no apt-get, so none of its packages'
if [ ! -d "$toolchain" ]; then
    mkdir -p "$cache"
    exec 9>"$cache/rust-lock"
    flock 9
fi
if [ ! -d "$toolchain" ]; then
    rm -rf "$work"
    mkdir "$work"
    cd "$work"
    get_toolchain >&2
    cd "$cache"
    rm -rf "$work"
fi
runs || get_libraries >&2
echo "$toolchain"
