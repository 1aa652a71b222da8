#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# packages.sh [check | fuzz]: see that this Debian machine has what the build (with "check": make
# check, too; with "fuzz": make fuzz) needs. Root gets what is missing installed; anyone else the one
# line to have it installed.
set -eu

# command (or file, or python module) : Debian package
needs='gcc:gcc /usr/include/stdio.h:libc6-dev aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu
	protoc:protobuf-compiler /usr/include/google/protobuf/descriptor.proto:libprotobuf-dev
	protoc-gen-nanopb:nanopb python:google.protobuf:python3-protobuf qemu-system-aarch64:qemu-system-arm xz:xz-utils
	/usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring'
if [ "${1:-}" = check ]; then
	needs="$needs clang-format:clang-format clang-tidy:clang-tidy cppcheck:cppcheck git:git"
elif [ "${1:-}" = fuzz ]; then
	needs="$needs clang:clang /usr/lib/llvm-14/lib/clang/14.0.6/lib/linux/libclang_rt.fuzzer-x86_64.a:libclang-rt-14-dev"
fi

missing_packages() {
	# python3 first: the modules are looked for with it.
	[ -x /usr/bin/python3 ] || echo python3
	for need in $needs; do
		case $need in
		python:*)
			need=${need#python:}
			/usr/bin/python3 -c "import ${need%:*}" 2>/dev/null || echo "${need#*:}"
			;;
		/*) [ -e "${need%:*}" ] || echo "${need#*:}" ;;
		*) command -v "${need%:*}" >/dev/null || echo "${need#*:}" ;;
		esac
	done | sort -u
}

missing=$(missing_packages | tr '\n' ' ')
missing=${missing% }
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "packages: this machine lacks (names of Debian packages): $missing" >&2
	exit 1
fi
install="apt-get install -y --no-install-recommends $missing"
if [ "$(id -u)" != 0 ]; then
	printf 'packages: install what is missing with this line, then run make again:\n\n' >&2
	printf '    sudo %s\n\n' "$install" >&2
	exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
echo "packages: installing $missing (some minutes on a bare machine) ..."
if ! { apt-get update && $install; } >"$log" 2>&1; then
	tail -20 "$log" >&2
	echo "packages: this failed: $install" >&2
	exit 1
fi
missing=$(missing_packages | tr '\n' ' ')
if [ -n "$missing" ]; then
	echo "packages: installed, but still not found: $missing" >&2
	exit 1
fi
echo "packages: done"
