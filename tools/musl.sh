#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# musl.sh SOURCE OVERLAY ARCH OUT: build libc.a for services. A copy of SOURCE is laid out in
# OUT/src, OVERLAY's files put over it and the files it names as deleted removed; then musl's own
# Makefile builds the objects that OVERLAY/objects names. CC, AR, RANLIB, OBJDUMP and CFLAGS come from the
# environment. OUT then holds lib/libc.a, lib/crt1.o, lib/crti.o, lib/crtn.o and include/.
set -eu

# make runs what starts a make even if it only shows what it would do (-n, in the first word of the flags).
case ${MAKEFLAGS%% *} in
-*) ;;
*n*) exit 0 ;;
esac

source=$1 overlay=$2 arch=$3
mkdir -p "$4.part.$$/src"
out=$(cd "$4.part.$$" && pwd)
src=$out/src
trap 'rm -rf "$out"' EXIT
trap 'exit 1' HUP INT TERM

cp -R "$source/." "$src"
grep -v '^#' "$overlay/deleted" | sed "s,ARCH,$arch," | (cd "$src" && xargs rm -f)
cp "$overlay"/arch/*.h "$src/arch/$arch/"
cp "$overlay"/include/*.h "$src/include/"
cp "$overlay"/src/thread/*.c "$src/src/thread/"

# An object's path keeps the architecture's directory when musl has its own file for it there.
objects=$(grep -v '^#' "$overlay/objects" | while IFS=': ' read -r dir names; do
	for name in $names; do
		if ls "$src/src/$dir/$arch/$name".[csS] >/dev/null 2>&1; then
			echo "obj/src/$dir/$arch/$name.o"
		elif [ -f "$src/src/$dir/$name.c" ]; then
			echo "obj/src/$dir/$name.o"
		else
			echo "musl.sh: $overlay/objects: no src/$dir/$name.c" >&2
			exit 1
		fi
	done
done)

# Hot servers call into these directories, and run without FP registers.
without_fp() {
	case $arch in
	aarch64) cat <<'END' ;;
obj/src/string/%.o obj/src/malloc/%.o obj/src/thread/%.o obj/src/mman/%.o obj/src/internal/libc.o \
obj/src/internal/syscall_ret.o obj/src/time/%.o: CFLAGS_ALL += -mgeneral-regs-only
END
	esac
}

build() {
	cd "$out"
	src/configure --target="$arch" --srcdir=src --prefix="$out" --disable-shared \
		CFLAGS="$CFLAGS" CC="$CC" >configure.log 2>&1 || { cat configure.log >&2; exit 1; }
	without_fp >>config.mak
	${MAKE:-make} --no-print-directory lib/libc.a lib/crt1.o lib/crti.o lib/crtn.o AR="$AR" \
		RANLIB="$RANLIB" AOBJS="$(echo "$objects" | tr '\n' ' ')" >make.log 2>&1 || {
		grep -E -B2 -A4 'rror[: ]' make.log | cut -c1-300 >&2
		exit 1
	}
	${MAKE:-make} --no-print-directory install-headers >>make.log 2>&1
	# Services know no system call but the kernel's own: none of musl's may be left.
	if "$OBJDUMP" -d lib/libc.a | grep -E '^ +[0-9a-f]+:.*[[:space:]](svc|ecall|syscall)([[:space:]]|$)'; then
		echo "musl.sh: libc.a holds these system-call instructions: see $overlay/deleted" >&2
		exit 1
	fi
}

# In a subshell: OUT may be relative to here. It is replaced only by something complete.
(build)
rm -rf "$4"
mv "$out" "$4"
