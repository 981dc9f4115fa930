#!/bin/sh
# Has the tools ready by which the benches count: strace and valgrind, which root gets by apt-get.
# Exits with 77, and the reason as the last line on stderr, on a machine that cannot have them.
set -eu

tools='strace valgrind'

unsupported() {
    echo "bench: ignored: $1" >&2
    exit 77
}

has_tools() {
    for tool in $tools; do
        command -v "$tool" >/dev/null || return 1
    done
}

[ "$(uname -s)" = Linux ] || unsupported "needs Linux, this is $(uname -s)"
has_tools && exit
command -v apt-get >/dev/null || unsupported "not all of $tools are there, and no apt-get"
[ "$(id -u)" = 0 ] || unsupported "not all of $tools are there; as root: apt-get install $tools"
echo "bench: installing $tools" >&2
{
    apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install $tools
} >&2 || unsupported "apt-get could not install $tools"
