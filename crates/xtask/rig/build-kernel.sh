#!/bin/sh
# Prints the path of the rig's kernel: User-Mode Linux with gpio-sim and the buses of buses.c. Builds it unless it is cached
# (a download of 153 MB and some minutes), from the source that Debian packages.
# Exits with 77, and the reason as the last line on stderr, on a machine that cannot build or run it.
set -eu

source=linux-source-6.12
packages='gcc libc6-dev make flex bison bc xz-utils patch'
tools='gcc make flex bison bc xz patch dpkg-deb'

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${PINZERO_RIG_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pinzero-rig}
# Whatever goes into the kernel goes into its name, so a change of any of these builds another one.
key=$(cat "$here/kernel.config" "$here/kernel.patch" "$here/buses.c" "$here/build-kernel.sh" | sha256sum | cut -c1-16)
kernel=$cache/vmlinux-$key
work=$cache/work

unsupported() {
    echo "kernel-rig: ignored: $1" >&2
    exit 77
}

step() { echo "kernel-rig: $1" >&2; }

get_tools() {
    command -v apt-get >/dev/null || unsupported "no apt-get, so no Debian package $source"
    if [ "$(id -u)" = 0 ]; then
        step "installing $packages"
        apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
            apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install $packages >/dev/null ||
            unsupported "apt-get could not install $packages"
    fi
    for tool in $tools; do
        command -v "$tool" >/dev/null || unsupported "no $tool; as root: apt-get install $packages"
    done
}

get_source() {
    step "downloading $source"
    apt-get -qq -o APT::Sandbox::User=root download "$source" || unsupported "apt-get could not download $source"
    dpkg-deb --fsys-tarfile "$source"_*.deb | tar -xO "./usr/src/$source.tar.xz" | xz -dc | tar -x
    cd "$source"
    patch -s -p1 <"$here/kernel.patch"
    cp "$here/buses.c" drivers/spi/rig-buses.c
}

build() {
    step 'building'
    make -s O="$work/build" ARCH=um KCONFIG_ALLCONFIG="$here/kernel.config" allnoconfig
    # Kconfig drops in silence what it does not know or whose dependencies are not met.
    if grep '^CONFIG' "$here/kernel.config" | grep -vxFf "$work/build/.config" >&2; then
        step 'the kernel does not take these settings'
        exit 1
    fi
    make -s O="$work/build" ARCH=um -j"$(nproc)" KCFLAGS=-w vmlinux
    strip -o "$work/vmlinux" "$work/build/vmlinux"
    mv "$work/vmlinux" "$kernel"
    step "built $kernel"
}

[ "$(uname -sm)" = 'Linux x86_64' ] || unsupported "needs Linux on x86_64, this is $(uname -sm)"
if [ ! -x "$kernel" ]; then
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
fi
if [ ! -x "$kernel" ]; then
    rm -rf "$work"
    mkdir "$work"
    cd "$work"
    { get_tools; get_source; build; } >&2
    cd "$cache"
    rm -rf "$work"
fi
echo "$kernel"
