#!/bin/sh
# Process 1 of the guest: mounts what programs expect, makes the Raspberry Pi's GPIO chip, runs
# $RIG_RUN/command and switches off. The root file system is the host's, so nothing is installed here.
# RIG_RUN, RIG_LABEL and RIG_LINES come from run.sh by way of the kernel's command line.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root

# A newline shall arrive on the host as just that.
stty -opost <&1

mount -t proc none /proc
mount -t sysfs none /sys
mount -t configfs none /sys/kernel/config
mount -t debugfs none /sys/kernel/debug
mkdir -p /dev/pts /dev/shm
mount -t devpts none /dev/pts
mount -t tmpfs none /dev/shm
mount -t tmpfs none /run
mkdir -m 1777 /run/lock /run/tmp

chip=/sys/kernel/config/gpio-sim/pi
bank=$chip/bank0
mkdir $chip $bank
echo "$RIG_LINES" >$bank/num_lines
echo "$RIG_LABEL" >$bank/label
lines=$(seq 0 $((RIG_LINES - 1)))
# One process for all of them, for starting one is what takes time here.
(cd $bank && echo "$lines" | sed s/^/line/ | xargs mkdir)
for line in $lines; do
    echo "GPIO$line" >"$bank/line$line/name"
done
echo 1 >$chip/live
chmod 0660 /dev/gpiochip*

sh "$RIG_RUN/command"
echo $? >"$RIG_RUN/status"

sync
# Waits until the console has taken everything, as a side effect.
stty -opost <&1
# Not even the farewell that the kernel prints at its most urgent level.
echo 0 >/proc/sys/kernel/printk
# reboot(2) with LINUX_REBOOT_CMD_POWER_OFF: every Debian has perl, not every one has a poweroff.
exec perl -e 'syscall 169, 0xfee1dead, 0x28121969, 0x4321fedc'
