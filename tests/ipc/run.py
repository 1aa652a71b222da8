#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Drives services through their messages alone: tests/ipc/run.py [FILE ...]

Each scenario (tests/ipc/scenarios/*.txtpb, in the language of scenario.proto) runs a service built for
this machine (make ipc) under the sanitizers. The services it calls are played here: Block is a disk of
memory. A failure names the file and the step and shows the difference, field by field.
"""
import os
import struct
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "tests", "ipc")
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(ROOT, "build", "host", "ipc"), os.path.join(ROOT, "build", "idl")]
import block_pb2  # noqa: E402
import console_pb2  # noqa: E402
import device_pb2  # noqa: E402
import exit_pb2  # noqa: E402
import ivc_pb2  # noqa: E402
import scenario_pb2  # noqa: E402
import services_pb2  # noqa: E402
import skerry_pb2  # noqa: E402
from google.protobuf import symbol_database, text_format  # noqa: E402
import host_process as host  # noqa: E402
import layouts  # noqa: E402
from host_process import Failure  # noqa: E402

SECTOR = 512
PEER_RESTARTED = -14
TIMER_BADGE = 1 << 30  # as the console is granted its timer


def methods():
    """(name, number, request class, reply class) of every method of the messages used here."""
    classes = symbol_database.Default()
    for module in (exit_pb2, block_pb2, device_pb2, console_pb2, ivc_pb2):
        for service in module.DESCRIPTOR.services_by_name.values():
            number = service.GetOptions().Extensions[skerry_pb2.service]
            for method in service.methods:
                yield (f"{service.name}.{method.name}", number << 8 | method.GetOptions().Extensions[skerry_pb2.method],
                       classes.GetPrototype(method.input_type), classes.GetPrototype(method.output_type))


METHODS = {name: (number, request, reply) for name, number, request, reply in methods()}
NAMES = {number: name for name, (number, _, _) in METHODS.items()}


def fill_in(message, **values):
    """Gives required fields that are missing their value, 0 by default."""
    for field in message.DESCRIPTOR.fields:
        if not message.HasField(field.name):
            setattr(message, field.name, values.get(field.name, field.default_value))
    return message


def compare(what, actual, expected):
    differences = [f"{what}{name}: expected {show(value)}, actual {show(actual[name])}"
                   for name, value in expected.items() if actual[name] != value]
    if differences:
        raise Failure("\n".join(differences))


def show(value):
    return f"{value} ({value:#x})" if isinstance(value, int) and not isinstance(value, bool) else repr(value)


def fields(message):
    return {field.name: value for field, value in message.ListFields()}


class Run:
    """One scenario being run."""

    def __init__(self, path, folder):
        self.path, self.folder = path, folder
        self.scenario = read(path)
        self.memories = host.Memories(folder)
        self.sequence = 0
        self.backend_status, self.backend_dies = 0, False
        self.line = False
        self.process = None
        self.slots = []
        for m in self.scenario.memory:
            self.memories.add(m.name, m.size)
            if m.fill == "sectors":
                for sector in range(m.size // SECTOR):
                    self.memories[m.name][sector * SECTOR:(sector + 1) * SECTOR] = struct.pack("<Q", sector) * 64
        self.write_setup()

    def write_setup(self):
        s = self.scenario
        kinds = (s.pl011, s.virtio_blk, s.console, s.ivc, s.virtio_console, s.virtio_net, s.lan_switch)
        config = next((c for c in kinds if c.IsInitialized() and c.ByteSize()), None)
        lines = [f"name {s.service}"]
        if config is not None:
            lines.append("config " + config.SerializeToString().hex())
        for m in s.memory:
            # A backend's own disk is no grant of the service.
            if not m.name.startswith("backend."):
                self.slots.append(m.name)
                lines.append(f"memory {m.name} {self.memories.path(m.name)} {m.size} {21 if m.size >= 1 << 21 else 12}")
        for name in s.slot:
            self.slots.append(name)
            lines.append(f"slot {name} 0 {TIMER_BADGE if name == 'timer' else 1}")
        with open(os.path.join(self.folder, "setup"), "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")

    def start(self):
        program = os.path.join(ROOT, "build", "host", "ipc", self.scenario.service)
        if not os.path.exists(program):
            raise Failure(f"there is no {program}; run `make ipc`")
        self.process = host.Process(program, os.path.join(self.folder, "setup"), self.serve)
        if not self.process.run():
            raise Failure("the service died while starting")

    def stop(self):
        if self.process:
            self.process.kill()
        self.memories.close()

    # ---- what the service calls ----

    def serve(self, method, body):
        if self.backend_dies:
            self.backend_dies = False
            return PEER_RESTARTED, b""
        name = NAMES.get(method)
        if name is None:
            raise Failure(f"the service called method {method:#x}, which nobody has")
        request = METHODS[name][1].FromString(body)
        disk = self.memories["backend.disk"]
        if name == "Block.Info":
            info = block_pb2.BlockInfo(sectors=len(disk) // SECTOR, transfer_bytes=len(self.memories["transfer"]),
                                       read_only=False)
            return 0, info.SerializeToString()
        status = self.backend_status
        if status == 0 and name in ("Block.Read", "Block.Write"):
            status = self.move(name, request, disk)
        return 0, block_pb2.BlockDone(status=status).SerializeToString()

    def move(self, name, request, disk):
        transfer, at = self.memories["transfer"], request.sector * SECTOR
        if request.bytes % SECTOR or at + request.bytes > len(disk) or request.offset + request.bytes > len(transfer):
            return block_pb2.BLOCK_OUT_OF_RANGE
        there, here = slice(at, at + request.bytes), slice(request.offset, request.offset + request.bytes)
        if name == "Block.Read":
            transfer[here] = disk[there]
        else:
            disk[there] = transfer[here]
        return block_pb2.BLOCK_OK

    # ---- steps ----

    def steps(self, path, scenario):
        for number, step in enumerate(scenario.step, 1):
            if step.HasField("include"):
                inner = os.path.join(os.path.dirname(path), step.include)
                self.steps(inner, read(inner))
                continue
            try:
                self.step(step)
            except Failure as failure:
                note = f" ({step.note})" if step.note else ""
                raise Failure(f"{os.path.relpath(path, ROOT)}: step {number}{note}: "
                              f"{text_format.MessageToString(step, as_one_line=True)}\n{failure}") from None

    def step(self, step):
        p = self.process
        p.lines, p.raised, p.calls, p.replies, p.rung = [], [], [], [], []
        action = step.WhichOneof("action")
        if action:
            getattr(self, "do_" + action)(getattr(step, action))
        lines, p = self.process.lines, self.process
        self.line = lines[-1] if lines else self.line
        if step.HasField("line"):
            compare("", {"line": self.line}, {"line": step.line})
        if step.HasField("line_changes"):
            compare("", {"line_changes": len(lines)}, {"line_changes": step.line_changes})
        if step.raised:
            compare("", {"raised": [self.slots[slot - host.FIRST_SLOT] for slot in p.raised]}, {"raised": list(step.raised)})
        if step.rung:
            compare("", {"rung": [self.slots[slot - host.FIRST_SLOT] for slot in p.rung]}, {"rung": list(step.rung)})
        if step.HasField("capabilities"):
            compare("", {"capabilities": p.capabilities}, {"capabilities": step.capabilities})
        if step.calls:
            compare("", {"calls": [NAMES.get(call, hex(call)) for call in p.calls]}, {"calls": list(step.calls)})

    def exchange(self, method, body, badge=0, dies=False):
        """Sends a message; the reply's (status, bytes), or None if the service died."""
        self.process.replies = []
        self.process.send(host.MESSAGE, struct.pack("<IIQ", method, 0, badge) + body)
        alive = self.process.run()
        if alive == dies:
            raise Failure("the service did not die" if dies else "the service died")
        if dies:
            self.restart()
            return None
        if len(self.process.replies) != 1:
            raise Failure(f"{len(self.process.replies)} replies came")
        return self.process.replies[0]

    def next_sequence(self, message):
        if message.HasField("sequence"):
            self.sequence = message.sequence
        else:
            self.sequence += 1
        return self.sequence

    def do_request(self, r):
        number, request, reply = METHODS[r.method]
        message = request()
        text_format.Parse(r.body, message)
        values = {}
        if "sequence" in message.DESCRIPTOR.fields_by_name:
            values["sequence"] = self.next_sequence(message)
        body = r.raw if r.HasField("raw") else fill_in(message, **values).SerializeToString()
        answer = self.exchange(number, body, r.badge, r.dies)
        if answer is None:
            return
        compare("", {"status": answer[0]}, {"status": r.status})
        compare("", {"gives": answer[2] & 7, "rights": answer[2] >> 8}, {"gives": r.gives, "rights": r.rights})
        if r.HasField("reply"):
            expected = text_format.Parse(r.reply, reply())
            compare("reply.", fields(reply.FromString(answer[1])), fields(expected))

    def access(self, a, write):
        message = exit_pb2.MmioAccess(sequence=self.next_sequence(a), address=a.at, value=a.value if write else 0,
                                      width=a.width, write=write)
        answer = self.exchange(METHODS["VcpuExit.Mmio"][0], message.SerializeToString(), 0, a.dies)
        if answer is None:
            return
        compare("", {"status": answer[0]}, {"status": 0})
        expected = {"action": a.action}
        if not write and a.HasField("value"):
            expected["value"] = a.value
        compare("reply.", fields(exit_pb2.AccessReply.FromString(answer[1])), expected)

    def do_load(self, a):
        for _ in range(a.repeat):
            self.access(a, False)

    def do_store(self, a):
        for _ in range(a.repeat):
            self.access(a, True)

    def do_signal(self, bits):
        self.process.send(host.SIGNAL, struct.pack("<Q", bits))
        if not self.process.run():
            self.restart()

    def do_ring_write(self, b):
        data = b.bytes * b.repeat
        count, asked = layouts.ring_write(self.memories[b.memory], data)
        compare("", {"written": count}, {"written": len(data)})
        if asked and not b.quiet:
            self.do_signal(1)

    def do_ring_read(self, b):
        data, asked = layouts.ring_read(self.memories[b.memory], *([b.first] if b.HasField("first") else []))
        compare("", {b.memory: data}, {b.memory: b.bytes * b.repeat})
        if asked and not b.quiet:
            self.do_signal(1)

    def do_frame_write(self, f):
        for _ in range(f.repeat):
            room, asked = layouts.frame_write(self.memories[f.memory], f.bytes + f.fill * f.fills,
                                              f.length if f.HasField("length") else None)
            compare("", {"room": room}, {"room": True})
            if asked and not f.quiet:
                self.do_signal(1)

    def do_frame_read(self, f):
        for _ in range(f.repeat):
            data, asked = layouts.frame_read(self.memories[f.memory])
            compare("", {f.memory: data}, {f.memory: f.bytes + f.fill * f.fills if f.HasField("bytes") else None})
            if asked and not f.quiet:
                self.do_signal(1)

    def place(self, b):
        """The memory and offset that a step means."""
        if not b.HasField("gpa"):
            return self.memories[b.memory], b.offset
        return self.guest(b.gpa)

    def guest(self, gpa):
        for m in self.scenario.memory:
            if m.HasField("gpa") and m.gpa <= gpa < m.gpa + m.size:
                return self.memories[m.name], gpa - m.gpa
        raise Failure(f"{gpa:#x} is not in the guest's memory")

    def do_write(self, b):
        memory, offset = self.place(b)
        data = b.bytes * b.repeat
        memory[offset:offset + len(data)] = data

    def do_read(self, b):
        memory, offset = self.place(b)
        expected = b.bytes * b.repeat
        actual = memory[offset:offset + len(expected)]
        for i, (a, e) in enumerate(zip(actual, expected)):
            if a != e:
                raise Failure(f"byte {i}: expected {e:#04x}, actual {a:#04x}; from there on "
                              f"{expected[i:i + 16].hex(' ')} expected, {actual[i:i + 16].hex(' ')} actual")

    def do_descriptor(self, d):
        memory, offset = self.guest(d.table)
        layouts.put_descriptor(memory, offset, d)

    def do_available(self, a):
        memory, offset = self.guest(a.ring)
        layouts.put_available(memory, offset, a)

    def do_used(self, u):
        memory, offset = self.guest(u.ring)
        expected = {name: value for name, value in fields(u).items() if name not in ("ring", "num")}
        compare("used.", layouts.used_fields(memory, offset, u.num), expected)

    def do_die(self, death):
        self.process.send(host.DIE, struct.pack("<II", death.at, death.count))

    def do_fail(self, count):
        self.process.send(host.FAIL, struct.pack("<II", count, 0))

    def do_kill(self, _yes):
        self.restart()

    def restart(self):
        """A new process with the same memory; what the old one did to line and signals still counts."""
        old = self.process
        old.kill()
        self.start()
        for name in ("lines", "raised", "calls", "rung"):
            getattr(self.process, name)[:0] = getattr(old, name)

    def do_backend_failure(self, status):
        self.backend_status = status

    def do_backend_dies(self, _yes):
        self.backend_dies = True


def read(path):
    with open(path, encoding="utf-8") as f:
        return text_format.Parse(f.read(), scenario_pb2.Scenario())


def run(path):
    with tempfile.TemporaryDirectory() as folder:
        try:
            current = Run(path, folder)
            try:
                current.start()
                current.step(scenario_pb2.Step())
                current.steps(path, current.scenario)
            finally:
                current.stop()
        except (Failure, text_format.ParseError) as failure:
            name = os.path.relpath(path, ROOT)
            print(failure if str(failure).startswith("tests/ipc/") else f"{name}: {failure}")
            return False
    return True


def main(paths):
    folder = os.path.join(HERE, "scenarios")
    paths = [os.path.abspath(p) for p in paths] or sorted(
        os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".txtpb"))
    passed = failed = 0
    for path in paths:
        if not read(path).service:
            continue  # only included by others
        good = run(path)
        print(f"{'ok' if good else 'FAIL'} {os.path.basename(path).removesuffix('.txtpb')}", flush=True)
        passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
