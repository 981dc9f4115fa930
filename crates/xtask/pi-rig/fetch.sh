#!/bin/sh
# Prints the directory with the parts of the emulated Raspberry Pi: the kernel that Debian builds for it, its
# device tree, a shell, and the program that switches off. Fetches them unless they are cached (76 MB).
# Exits with 77, and the reason as the last line on stderr, on a machine that cannot fetch or run them.
set -eu

packages='qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross device-tree-compiler cpio'
tools='qemu-system-aarch64 aarch64-linux-gnu-gcc fdtput cpio dpkg-deb'

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cache=${PINZERO_RIG_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/pinzero-rig}
# Whatever makes the parts what they are goes into their name, so a change of any of these fetches others.
key=$(cat "$here/exit.S" "$here/fetch.sh" | sha256sum | cut -c1-16)
parts=$cache/pi-$key
work=$cache/pi-work

unsupported() {
    echo "pi-rig: ignored: $1" >&2
    exit 77
}

step() { echo "pi-rig: $1" >&2; }

has_tools() {
    for tool in $tools; do
        command -v "$tool" >/dev/null || return 1
    done
}

get_tools() {
    command -v apt-get >/dev/null || unsupported 'no apt-get, so none of its packages'
    if [ "$(id -u)" = 0 ]; then
        step "installing $packages"
        apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
            apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install $packages >/dev/null ||
            unsupported "apt-get could not install $packages"
    fi
    has_tools || unsupported "not all of $tools are there; as root: apt-get install $packages"
}

# apt-get for another architecture than this machine's, of which the machine's own package lists know nothing.
foreign() {
    apt-get -qq -o APT::Sandbox::User=root -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
        -o Dir::State="$work/apt" -o Dir::State::status=/dev/null -o Dir::Cache="$work/apt" "$@"
}

get_parts() {
    step 'downloading the kernel'
    mkdir -p apt/lists/partial apt/archives/partial
    foreign update || unsupported 'apt-get could not list the packages for arm64'
    # What the package linux-image-arm64 depends on is the kernel of the day.
    foreign download linux-image-arm64 busybox-static || unsupported 'apt-get could not download busybox-static'
    kernel=$(dpkg-deb --field linux-image-arm64_*.deb Depends | cut -d' ' -f1)
    foreign download "$kernel" || unsupported "apt-get could not download $kernel"
    dpkg-deb --fsys-tarfile "$kernel"_*.deb |
        tar -x --wildcards './boot/vmlinuz-*' '*/broadcom/bcm2837-rpi-3-b.dtb'
    dpkg-deb --fsys-tarfile busybox-static_*.deb | tar -x ./bin/busybox
    mkdir parts
    mv boot/vmlinuz-* parts/vmlinuz
    mv usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb parts/pi3.dtb
    # What the firmware of a real one adds: which board it is, here a Pi 3B of 1 GB.
    fdtput -p -t x parts/pi3.dtb /system linux,revision a02082
    mv bin/busybox parts/busybox
    aarch64-linux-gnu-gcc -nostdlib -static -o parts/exit "$here/exit.S"
    mv parts "$parts"
    step "fetched $kernel"
}

[ "$(uname -s)" = Linux ] || unsupported "needs Linux, this is $(uname -s)"
has_tools || get_tools >&2
if [ ! -d "$parts" ]; then
    mkdir -p "$cache"
    exec 9>"$cache/pi-lock"
    flock 9
fi
if [ ! -d "$parts" ]; then
    rm -rf "$work"
    mkdir "$work"
    cd "$work"
    get_parts >&2
    cd "$cache"
    rm -rf "$work"
fi
echo "$parts"
