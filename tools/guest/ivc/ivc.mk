# SPDX-License-Identifier: BSD-2-Clause
#
# A Linux guest's module and program for channels to other VMs, and an initramfs with both:
# build/guest/initramfs-ivc.cpio.gz. The module is built with Debian's headers of the guest's kernel.

IVC_HEADERS := $(B)/deps/headers
IVC_DIR := $(B)/guest/ivc
ivc_source = $(wildcard $(IVC_HEADERS)/usr/src/linux-headers-*-$(1))
# For programs Debian installs these as linux-libc-dev, which this machine has of its own architecture only.
IVC_PROGRAM_FLAGS = -std=gnu11 -O2 -ffreestanding -fno-tree-loop-distribute-patterns -nostdlib -static -nostdinc \
	$(CC_INCLUDE) -D__EXPORTED_HEADERS__ $(foreach d,$(call ivc_source,common)/include/uapi \
	$(call ivc_source,common)/arch/arm64/include/uapi $(call ivc_source,cloud-arm64)/arch/arm64/include/generated/uapi \
	$(call ivc_source,cloud-arm64)/include/generated/uapi $(call ivc_source,common)/include,-isystem $(d))

$(IVC_HEADERS)/version: $(B)/deps/guest/version | tools/deps.py
	$(Q)tools/deps.py headers
	$(Q)touch $@

# Kbuild writes beside the sources. It has a make of its own, with rules that -R of ours would take away.
$(IVC_DIR)/skerry_ivc.ko: $(addprefix tools/guest/ivc/,skerry_ivc.c skerry_ivc.h Kbuild) $(IVC_HEADERS)/version
	$(call say,KBUILD,$@)
	$(Q)mkdir -p $(@D) && cp $(filter tools/%,$^) $(@D)
	$(Q)env -u MAKEFLAGS -u MAKELEVEL $(MAKE) -s -C $(call ivc_source,cloud-arm64) M=$(abspath $(@D)) ARCH=arm64 \
		CROSS_COMPILE=$(CROSS) CC=$(CC) modules >$(@D)/log 2>&1 || { cat $(@D)/log; exit 1; }
	$(Q)$(CROSS)strip --strip-debug $@
$(IVC_DIR)/ivc: tools/guest/ivc/ivctool.c tools/guest/ivc/skerry_ivc.h $(IVC_HEADERS)/version
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARNINGS) $(IVC_PROGRAM_FLAGS) -s -o $@ $<

$(B)/guest/initramfs-ivc.cpio.gz: $(IVC_DIR)/skerry_ivc.ko $(IVC_DIR)/ivc $(B)/deps/guest/version tools/guest/init \
		tools/guest/initramfs.py tools/cpio.py
	$(call say,CPIO,$@)
	$(Q)tools/guest/initramfs.py $(B)/deps/guest $(B)/deps/guest $@ $(IVC_DIR)/skerry_ivc.ko $(IVC_DIR)/ivc

.PHONY: guest-ivc
guest-ivc: $(B)/guest/initramfs-ivc.cpio.gz ## The Linux guest with channels to other VMs: build/guest/
TEST_PREREQUISITES += guest-ivc
