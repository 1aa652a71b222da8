# SPDX-License-Identifier: BSD-2-Clause
# What bench/run.py needs beyond what boots: QEMU's plugins, which count instructions by owner, write down
# the turns of a loop (bench/account.py), and find the kernel's longest path (bench/paths.py).

BENCH_PREREQUISITES += $(H)/bench/owners.so $(H)/bench/rounds.so $(H)/bench/paths.so

$(H)/bench/%.so: bench/plugin/%.c Makefile bench/bench.mk
	$(call say,HOSTCC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(WARNINGS) -std=gnu11 -O2 -g -fPIC -shared -fvisibility=hidden -MMD -MP -MF $(@:.so=.d) -o $@ $<
