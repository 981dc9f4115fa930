#!/bin/sh
# run.sh PROGRAM [ARG...]: runs a static aarch64 PROGRAM as root on an emulated Raspberry Pi; see README.md. A
# cargo runner. Exits with PROGRAM's status, or with 125 if the guest ran out of time.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
parts=$("$here/fetch.sh")
pi=${PINZERO_PI_RIG_MODEL:-3}
run=$(mktemp -d "${TMPDIR:-/tmp}/pinzero-pi-rig.XXXXXX")
trap 'rm -rf "$run"' EXIT
trap 'exit 130' INT TERM

quote() { printf "'%s' " "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

root=$run/root
mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" "$root/rig"
cp "$parts/busybox" "$root/bin/"
cp "$parts/exit" "$parts"/*.ko "$root/rig/"
cp "$here/guest-init.sh" "$root/init"
program=$1
shift
# A program is taken along; a word is a command of the guest's shell.
case $program in
*/*)
    cp "$program" "$root/rig/"
    program=/rig/$(basename "$program")
    ;;
esac
if [ -n "${PINZERO_PI_RIG_ALSO:-}" ]; then
    (IFS=: && cp $PINZERO_PI_RIG_ALSO "$root/rig/")
fi
{
    for name in $(env | sed -n 's/^\(\(PINZERO\|RUST\)_[A-Z_]*\)=.*/\1/p'); do
        echo "export $name=$(quote "$(printenv "$name")")"
    done
    echo 'cd /rig'
    printf 'exec ' && for word in "$program" "$@"; do quote "$word"; done && echo
} >"$root/rig/command"
# QEMU got the I2C controller together with the Pi 4, but on the Pi 4 the controller has no interrupt.
devices=
if [ "$pi" = 3 ] && qemu-system-aarch64 -M help | grep -q '^raspi4b '; then
    devices='-device at24c-eeprom,bus=i2c-bus.1,address=0x50,rom-size=256'
fi
(cd "$root" && find . | cpio --quiet -o -H newc) >"$run/initrd"

# The guest's clock goes by the instructions that it has run, 4 ns each, and leaps over the time that it sleeps: however
# busy the host is, nothing in the guest is late for it. iomem=relaxed: without, the kernel keeps programs from registers
# that a driver has. randomize_kstack_offset=off: each system call would draw a random number, which takes some 9,500
# instructions for as long as the kernel has gathered no entropy, and here it never has. --foreground: Ctrl-C stops the guest.
status=0
timeout --foreground -k 5 "${PINZERO_PI_RIG_TIMEOUT:-300}" qemu-system-aarch64 -M "raspi${pi}b" -icount shift=2,sleep=off \
    -kernel "$parts/vmlinuz" -dtb "$parts/pi$pi.dtb" -initrd "$run/initrd" \
    -append "console=ttyAMA0,115200 rdinit=/init panic=-1 quiet loglevel=2 randomize_kstack_offset=off iomem=${PINZERO_PI_RIG_IOMEM:-relaxed}" \
    -semihosting-config enable=on,userspace=on,target=native \
    $devices -display none -serial stdio -monitor none -no-reboot </dev/null || status=$?

if [ "$status" = 124 ] || [ "$status" = 137 ]; then
    echo "pi-rig: the guest took more than ${PINZERO_PI_RIG_TIMEOUT:-300} s" >&2
    status=125
fi
exit "$status"
