#!/bin/sh
# run.sh COMMAND [ARG...]: runs COMMAND as root under the rig's kernel; see README.md. A cargo runner.
# Exits with COMMAND's status, or with 125 if the guest died or ran out of time.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
kernel=$("$here/build-kernel.sh")
run=$(mktemp -d "${TMPDIR:-/tmp}/pinzero-rig.XXXXXX")
trap 'rm -rf "$run"' EXIT
trap 'exit 130' INT TERM

quote() { printf "'%s' " "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

{
    # TMPDIR is replaced, for the host's is shared with every other guest. A TERM without colours
    # stands for the console not being a person's terminal, which a program in the guest cannot see.
    (unset PWD OLDPWD && export TMPDIR=/run/tmp TERM=dumb && export -p)
    printf 'cd ' && quote "$PWD" && echo
    printf 'exec ' && for word in "$@"; do quote "$word"; done && echo
} >"$run/command"

# The guest's memory is a file in TMPDIR; the kernel would rather have it in /dev/shm, but that may be
# small or noexec, in a container say. The pipe also keeps the kernel's hands off our standard output,
# which it would make non-blocking for everyone who shares it. --foreground: Ctrl-C stops the guest.
TMPDIR=$run timeout --foreground -k 5 "${PINZERO_RIG_TIMEOUT:-300}" "$kernel" \
    mem="${PINZERO_RIG_MEMORY:-256M}" root=none rootfstype=hostfs rootflags=/ rw init="$here/guest-init.sh" \
    con=null con0=null,fd:1 quiet uml_dir="$run/" umid=guest ${PINZERO_RIG_KERNEL_ARGS:-} \
    RIG_RUN="$run" RIG_LABEL="${PINZERO_RIG_LABEL:-pinctrl-rp1}" RIG_LINES="${PINZERO_RIG_LINES:-54}" \
    </dev/null 2>&1 | sed -u '/^Warning: tempdir .* is not on tmpfs$/d'

if [ -s "$run/status" ]; then
    exit "$(cat "$run/status")"
fi
echo "kernel-rig: the guest died or took more than ${PINZERO_RIG_TIMEOUT:-300} s" >&2
exit 125
