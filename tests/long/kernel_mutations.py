#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each invariant of docs/kernel.md: the code that keeps it is broken, and the test that the page names must fail.

A mutation replaces text of one file, which must be there once. When the code has changed so that it is not, the
invariant gets another mutation; one without any fails. With arguments, only those numbers.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "unit", "docs"))
import kernel_page  # noqa: E402

LIMIT = 120  # seconds that a broken kernel may take to fail: it may also never end
MUTATIONS = {
    "C1": ("kernel/cap.c", "\tc->prev->next = c->next;\n\tif (c->next)\n\t\tc->next->prev = c->prev;",
           "\tc->prev->next = c->next;"),
    "C2": ("kernel/cap.c", "\tif (cap_has_children(at)) {", "\tif (0 && cap_has_children(at)) {"),
    "C3": ("kernel/object.c", "\tif ((c->flags & CAP_ORIGINAL) && types[c->type].end)",
           "\tif (0 && types[c->type].end)"),
    "C4": ("kernel/signal.c", "\ts->waiter = NULL;\n\tt->waits_for = NULL;\n\treturned(&t->context, BAD_CAP);",
           "\ts->waiter = NULL;\n\treturned(&t->context, BAD_CAP);"),
    "C5": ("kernel/cspace.c", "\tto->rights &= (uint8_t)rights;", "\tto->rights = (uint8_t)rights;"),
    "C6": ("kernel/cspace.c", "\tif (badge && from->badge && badge != from->badge)", "\tif (0)"),
    "C7": ("kernel/cspace.c", "\t\tif (cs->dying)", "\t\tif (0)"),
    "C8": ("kernel/cspace.c", "\treturn c->type == CAP_UNTYPED && at >= base",
           "\treturn 0 && c->type == CAP_UNTYPED && at >= base"),
    "C9": ("kernel/cap.c", "\t\tif (being_emptied(k, at->next))", "\t\tif (0 && being_emptied(k, at->next))"),
    "C10": ("kernel/cap.c", "\tif (k->deletion.at == c || k->deletion.top == c)\n\t\tdeletion_forget(k);\n\tlist_out(c);",
           "\tlist_out(c);"),
    "C11": ("kernel/untyped.c", "\tif (!cap_has_children(c) && c->badge) {", "\tif (c->badge) {"),
    "C12": ("kernel/untyped.c", "\t\tarch_zero(memory + c->untyped.zeroed, ", "\t\tarch_zero(memory, "),
    "C13": ("kernel/untyped.c", "\tif (!c->untyped.flags && r->type != CAP_UNTYPED) {",
           "\tif (r->type != CAP_UNTYPED) {"),
    "C14": ("kernel/cap.c", "\t\t((struct context *)to->object)->reply = to;", "\t\t(void)to;"),
    "S1": ("kernel/sched.c", "\tif (!k->owner || c->priority > k->owner->priority)", "\tif (!k->owner)"),
    "S2": ("kernel/sched.c", "\tif (list_empty(&k->ready[c->priority]))", "\tif (0)"),
    "S3": ("kernel/sched.c", "\treturn c->kind != CONTEXT_THREAD || !thread_of(c)->caller;", "\treturn true;"),
    "S4": ("kernel/sched.c", "\t\to->exhausted = true;\n", "\t\to->left = o->budget;\n"),
    "S5": ("kernel/sched.c", "\t\to->left = used < o->left ? o->left - used : 0;", "\t\t(void)used;"),
    "S6": ("kernel/sched.c", "\tif (k->owner && !k->owner->exhausted && k->charged",
           "\tif (0 && k->owner && k->charged"),
    "S7": ("kernel/sched.c", "\tif (on->state == CONTEXT_SENDING && !on->port->server)\n\t\tlist_append(&on->port",
           "\tif (0)\n\t\tlist_append(&on->port"),
    "S8": ("kernel/port.c", "\tsched_release_chain(k, c);\n\tk->resched = true; /* who had",
           "\tk->resched = true; /* who had"),
    "S9": ("kernel/port.c", "\tif (c->depth >= CHAIN_LIMIT - 1)", "\tif (0)"),
    "S10": ("kernel/port.c", "\t\tif (c == caller)", "\t\tif (0)"),
    "S11": ("kernel/sched.c", "\tif (!may_own(c))\n\t\tsched_dequeue(k, c);", "\t(void)0;"),
    "S12": ("kernel/deadline.c", "\t\tlink = child(parent, at >= parent->at);",
           "\t\tlink = child(parent, at > parent->at);"),
    "I1": ("kernel/port.c", "\tcaller->server = NULL;\n\tcaller->reply = slot;", "\tcaller->reply = slot;"),
    "I2": ("kernel/port.c", "\t\tif (caller)\n\t\t\treturn returned(c, BUSY);",
           "\t\tif (0)\n\t\t\treturn returned(c, BUSY);"),
    "I3": ("kernel/port.c", "\tif (!list_empty(&p->senders)) {\n\t\tif (take_sender",
           "\tif (0) {\n\t\tif (take_sender"),
    "I4": ("kernel/message.c", "\tif (left &= 15)", "\tif (left = 15)"),
    "I5": ("kernel/port.c", "\tinfo &= REPLY_INFO;\n", ""),
    "I6": ("kernel/message.c", "\t\tif (!(x->from[i]->rights & RIGHT_GRANT))", "\t\tif (0)"),
    "I7": ("kernel/port.c", "\telse if (caller)\n\t\tport_end_call(k, caller, PEER_RESTARTED);",
           "\telse\n\t\t(void)0;"),
    "I8": ("kernel/port.c", "\tif (server->caller)\n\t\tport_end_call(k, server->caller, PEER_DIED);", "\t(void)0;"),
    "I9": ("kernel/port.c", "\tif (caller && caller->kind == CONTEXT_VCPU && p)", "\tif (0)"),
    "I10": ("kernel/vcpu.c", "\t    m.registers > 15)", "\t    0)"),
    "I11": ("kernel/signal.c", "\ts->bits &= ~mask;\n", ""),
    "I12": ("kernel/signal.c", "\tif (s->waiter)\n\t\treturn returned(c, BUSY);",
           "\tif (0)\n\t\treturn returned(c, BUSY);"),
    "I13": ("kernel/signal.c", "\tif (cap->badge)\n\t\tbits &= cap->badge;\n", ""),
    "I14": ("kernel/thread.c", "\tif (s)\n\t\ts->bound = NULL;\n\thold_clear", "\t(void)s;\n\thold_clear"),
    "M1": ("kernel/space.c", "\t\tarch_space_unmap(k, s, c->frame.address, w.order);", "\t\t(void)0;"),
    "M2": ("kernel/space.c", "\tif (attributes & ~(uint32_t)c->rights)", "\tif (0)"),
    "M3": ("kernel/space.c", "\tif (space_of(k, c->frame.space, c->frame.space_generation))\n\t\treturn EXISTS;",
           "\t(void)0;"),
    "M4": ("kernel/space.c", "\t\t\t   c->frame.flags & UNTYPED_DEVICE);", "\t\t\t   false);"),
    "M5": ("kernel/space.c", "\thold_clear(k, &s->windows);\n\tarch_space_end(k, s);",
           "\thold_clear(k, &s->windows);"),
    "M6": ("kernel/space.c", "\ts->generation = ++k->spaces[id].generation;",
           "\ts->generation = k->spaces[id].generation;"),
    "M7": ("kernel/space.c", "\tif (cap_has_children(c) || space_of(k, c->frame.space, c->frame.space_generation))",
           "\tif (0)"),
    "M8": ("kernel/space.c", "\telse\n\t\tarch_space_drop_table(k,", "\telse if (0)\n\t\tarch_space_drop_table(k,"),
    "M9": ("kernel/window.c", "\t\tarch_space_unmap(k, s, c->window.address, (uint8_t)c->window.order);",
           "\t\t(void)0;"),
    "M10": ("kernel/window.c", "\ts->found_page = NO_PAGE;\n", ""),
    "M11": ("kernel/vcpu.c", "\tif (x->class == EXIT_MMIO && (x->address & 0xfff) + x->width > 0x1000)", "\tif (0)"),
    "M12": ("kernel/window.c", "\t\t\tcs->slots[i].doorbell.next = c->doorbell.next;\n", ""),
    "N1": ("kernel/line.c", "\tif (!l->armed || l->in_flight || ", "\tif (!l->armed || "),
    "N2": ("kernel/line.c", "\t\t(void)arch_vcpu_retract(k, l->vcpu.object, l->id, IRQ_PENDING);\n", ""),
    "N3": ("kernel/line.c", "\tl->edges = 0;\n\tl->in_flight", "\tl->in_flight"),
    "N4": ("kernel/line.c", "\tif (l->in_flight || l->number)", "\tif (0)"),
    "N5": ("kernel/line.c", "\t((struct vcpu *)l->vcpu.object)->line_count--;\n", ""),
    "N6": ("kernel/irq.c", "\tk->irqs[i->number] = NULL;\n", ""),
    "N7": ("kernel/irq.c", "\t\tarch_irq_disable(k, number); /* nobody", "\t\t(void)0; /* nobody"),
    "N8": ("kernel/irq.c", "\t\ti->in_flight = true;\n", ""),
    "N9": ("kernel/irq.c", "\tif (i->armed || (arm && i->signal.object))", "\tif (0)"),
    "N10": ("kernel/irq.c", "\tif (i->edge && (states & IRQ_PENDING))", "\tif (0)"),
    "R1": ("kernel/sched.c", "\tk->current = c;\n\tarch_switch(k, from, c);", "\tk->current = c;\n\t(void)from;"),
    "R2": ("kernel/vcpu.c", "\tif (k->loaded == v)\n\t\tarch_vcpu_unload(k, v);\n\tarch_fp", "\tarch_fp"),
    "R3": ("kernel/thread.c", "\tsched_forget(k, &t->context);\n\tarch_fp_forget(k, &t->context);",
           "\tsched_forget(k, &t->context);"),
    "R4": ("kernel/thread.c", "\tarch_fp_init(&t->context);\n", ""),
    "R5": ("kernel/thread.c", "\tarch_thread_space_changed(k, t); /* also", "\t/* also"),
    "R6": ("kernel/vcpu.c", "\tif (k->loaded == v) /* and not current", "\tif (0) /* and not current"),
    "R7": ("kernel/sched.c", "\tdeadline_remove(&k->deadlines, &k->loaded->deadline);\n", ""),
    "R8": ("kernel/vcpu_invoke.c", "\treturn group && !at_rest(v) ? BUSY : OK;", "\treturn OK;"),
    "R9": ("kernel/thread.c", "\tif (t == call->thread)", "\tif (0)"),
}


def commands(target, source):
    """What make does for target when source is new."""
    made = subprocess.run(["make", "-n", "-W", source, target], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE)
    return [shlex.split(line) for line in made.stdout.splitlines() if re.match(r"\S*(gcc|cc|clang)\b", line)]


def build(source, text, program, directory):
    """The test's program with another text of one of the kernel's files: its object comes before the library's."""
    target, object_file = f"build/host/unit/{program}", os.path.join(directory, "mutant.o")
    changed = os.path.join(directory, os.path.basename(source))
    with open(changed, "w", encoding="utf-8") as f:
        f.write(text)
    steps = commands(target, source)
    compile_step = next(s for s in steps if s[-1] == source)
    link_step = next(s for s in steps if target in s)
    flags = [w for w in compile_step[:compile_step.index("-MMD")] if w != "-Werror"]
    subprocess.run([*flags, "-w", "-Ikernel", "-c", "-o", object_file, changed], cwd=ROOT, check=True)
    at = link_step.index("-o")
    path = os.path.join(directory, program)
    subprocess.run([*link_step[:at], "-o", path, object_file, *link_step[at + 2:]], cwd=ROOT, check=True)
    return path


def survives(source, old, new, test):
    """Why the mutation was not seen; empty: the test failed, as it must."""
    with open(os.path.join(ROOT, source), encoding="utf-8") as f:
        text = f.read()
    if text.count(old) != 1:
        return f"{source} has {text.count(old)} times: {old!r}"
    with tempfile.TemporaryDirectory() as directory:
        path = build(source, text.replace(old, new), kernel_page.program_of(test), directory)
        try:
            result = subprocess.run([path, test], cwd=ROOT, timeout=LIMIT, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, check=False)
        except subprocess.TimeoutExpired:
            return ""
    return f"{test} passes with it" if result.returncode == 0 else ""


def main():
    failed = 0
    for row in kernel_page.rows():
        if len(sys.argv) > 1 and row.number not in sys.argv[1:]:
            continue
        mutation = MUTATIONS.get(row.number)
        problem = survives(*mutation, row.tests[0]) if mutation else "no mutation"
        print(f"{'FAIL' if problem else 'ok'} {row.number}: {row.text}", flush=True)
        if problem:
            print("  " + problem)
            failed += 1
    sys.exit(failed != 0)


main()
