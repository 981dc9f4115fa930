#!/bin/sh
# Prints the directory with the parts of the emulated Raspberry Pis: the kernel that Debian builds for them, its drivers for
# I2C, their device trees, a shell, and the program that switches off. Fetches them unless they are cached (76 MB).
# Exits with 77, and the reason as the last line on stderr, on a machine that cannot fetch or run them.
set -eu

packages='qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross device-tree-compiler cpio xz-utils'
# What QEMU's Pi 4 lacks of a real one.
absent='gpu scb/ethernet@7d580000 scb/gpu@7ec00000 scb/pcie@7d500000 soc/avs-monitor@7d5d2000 soc/clock@7ef00000
soc/hdmi@7ef00700 soc/hdmi@7ef05700 soc/hvs@7e400000 soc/i2c@7ef04500 soc/i2c@7ef09500
soc/interrupt-controller@7ef00100 soc/pixelvalve@7e206000 soc/pixelvalve@7e207000 soc/pixelvalve@7e20a000
soc/pixelvalve@7e216000 soc/pwm@7e20c800 soc/rng@7e104000 soc/txp@7e004000'
tools='qemu-system-aarch64 aarch64-linux-gnu-gcc fdtput cpio dpkg-deb xz'

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
            apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 install $packages >/dev/null ||
            unsupported "apt-get could not install $packages"
    fi
    has_tools || unsupported "not all of $tools are there; as root: apt-get install $packages"
}

# From version 9 on, QEMU has a Raspberry Pi 4.
has_pi4() { qemu-system-aarch64 -M help | grep -q '^raspi4b '; }

# apt-get with the backports of this Debian as one more source, of which the machine's own package lists know nothing.
backports() {
    apt-get -qq -o APT::Sandbox::User=root -o Dir::Etc::SourceList="$cache/pi-backports/list" \
        -o Dir::State::Lists="$cache/pi-backports/lists" -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 -o Acquire::Languages=none "$@"
}

# Debian 12 has a QEMU without one, and a newer one in its backports. Without it, the rig is a Raspberry Pi 3 alone.
get_pi4() {
    # The names of the machine's Debian, and where it has the packages from.
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    mirror=$(apt-get indextargets --format '$(CODENAME) $(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
        sed -n "s/^$codename Debian //p" | head -n 1)
    mkdir -p "$cache/pi-backports/lists/partial"
    echo "deb $mirror $codename-backports main" >"$cache/pi-backports/list"
    step "installing QEMU from $codename-backports"
    if ! backports update || ! DEBIAN_FRONTEND=noninteractive backports -y --no-install-recommends \
        -t "$codename-backports" install qemu-system-arm >/dev/null; then
        step "no QEMU with a Raspberry Pi 4 in $codename-backports"
    fi
    rm -rf "$cache/pi-backports"
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
        tar -x --wildcards './boot/vmlinuz-*' '*/broadcom/bcm2837-rpi-3-b.dtb' '*/broadcom/bcm2711-rpi-4-b.dtb' \
            '*/i2c-bcm2835.ko*' '*/i2c-dev.ko*'
    dpkg-deb --fsys-tarfile busybox-static_*.deb | tar -x ./bin/busybox
    mkdir parts
    # Some releases compress them.
    find . -name '*.ko.xz' -exec xz -d {} +
    mv $(find . -name '*.ko') parts/
    mv boot/vmlinuz-* parts/vmlinuz
    mv usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb parts/pi3.dtb
    mv usr/lib/linux-image-*/broadcom/bcm2711-rpi-4-b.dtb parts/pi4.dtb
    # What the firmware of a real one adds: which board it is, here a Pi 3B of 1 GB and a Pi 4B of 2 GB.
    fdtput -p -t x parts/pi3.dtb /system linux,revision a02082
    fdtput -p -t x parts/pi4.dtb /system linux,revision b03115
    # The drivers of what QEMU leaves out of a Pi 4 would wait for it, or fault.
    for part in $absent; do
        fdtput -t s parts/pi4.dtb "/$part" status disabled 2>/dev/null || step "no $part in the device tree"
    done
    mv bin/busybox parts/busybox
    aarch64-linux-gnu-gcc -nostdlib -static -o parts/exit "$here/exit.S"
    mv parts "$parts"
    step "fetched $kernel"
}

[ "$(uname -s)" = Linux ] || unsupported "needs Linux, this is $(uname -s)"
if ! has_tools || [ ! -d "$parts" ]; then
    mkdir -p "$cache"
    exec 9>"$cache/pi-lock"
    flock 9
fi
has_tools || get_tools >&2
if [ ! -d "$parts" ]; then
    # Only here, so that it is tried once.
    has_pi4 || [ "$(id -u)" != 0 ] || get_pi4 >&2
    rm -rf "$work"
    mkdir "$work"
    cd "$work"
    get_parts >&2
    cd "$cache"
    rm -rf "$work"
fi
echo "$parts"
