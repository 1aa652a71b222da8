# SPDX-License-Identifier: BSD-2-Clause
"""What a Linux guest does while its services are killed: it writes numbered lines, reads what is typed, and
writes to its disk and reads back, all at the same time. Afterwards nothing may be missing or twice.
"""
import re

from machine import run
from results import Failed, require
from shell import command, done, md5

SECTOR = run.SECTOR
MIB = 1 << 20
FIRST = 1 * MIB         # of the disk's range, where the rounds' data begins
ROUND = 128 << 10       # bytes of one round's data
ROUNDS = 200            # after which they begin at the first place again
SCRIPT_BYTES = 4096     # the script lies at the start of the disk: so it need not be typed

SCRIPT = f"""
data() {{ yes "round $1" | head -c {ROUND}; }}
rounds() {{
	n=0
	while [ ! -e /tmp/stop ]; do
		at=$((n % {ROUNDS} + {FIRST // ROUND}))
		data $n >/tmp/data
		dd if=/tmp/data of=/dev/vda bs={ROUND} seek=$at conv=fsync 2>/tmp/dd || echo failed to write round $n >>/tmp/wrong
		echo 3 >/proc/sys/vm/drop_caches
		dd if=/dev/vda bs={ROUND} skip=$at count=1 2>/tmp/dd | cmp -s - /tmp/data || echo round $n reads differently >>/tmp/wrong
		n=$((n + 1))
	done
	echo $n >/tmp/rounds
}}
lines() {{
	i=0
	while [ ! -e /tmp/stop ] && [ $i -lt $lines ]; do
		i=$((i + 1))
		printf '%07d\\n' $i
	done
	echo $i >/tmp/lines
}}
ticks() {{
	while [ ! -e /tmp/stop ] && [ ! -e /tmp/lines ]; do
		sleep 1
		echo tick
	done
}}
>/tmp/wrong
stty -echo
rounds &
lines &
ticks &
cat >/tmp/typed
>/tmp/stop
wait
stty echo
"""


def data(number):
    """What a round writes."""
    line = f"round {number}\n".encode()
    return (line * (ROUND // len(line) + 1))[:ROUND]


def prepare(path, size, starts=(0,)):
    """A host's disk with the script where each VM's range starts."""
    script = SCRIPT.encode()
    require(len(script) <= SCRIPT_BYTES, "the script has no room")
    with open(path, "wb") as f:
        for start in starts:
            f.seek(start)
            f.write(script.ljust(SCRIPT_BYTES, b"\n"))
        f.truncate(size)


class Load:
    """The script, running; `type` adds to what it reads."""

    def __init__(self, machine, lines=9999999):
        """Lines are printed up to that number; disk and typing go on."""
        self.machine = machine
        done(machine, f"head -c {SCRIPT_BYTES} /dev/vda >/tmp/load")
        self.begin = machine.at
        self.typed = ""
        machine.type(f"echo loa''ding; lines={lines} sh /tmp/load; echo loa''ded\n")
        self.begin = machine.wait(r"^loading\n").end()
        machine.wait(r"^0000100$")

    def output(self):
        """What came of it so far."""
        return self.machine.text[self.begin:self.machine.at]

    def ticks(self):
        """How many seconds of the guest's time were seen to pass."""
        return len(re.findall(r"^tick$", self.machine.text, re.MULTILINE))

    def type(self, count=4):
        """A few more lines, each of its own kind."""
        at = self.typed.count("\n")
        text = "".join(f"typed {i} of many\n" for i in range(at, at + count))
        self.typed += text
        self.machine.type(text)

    def progress(self, lines=200):
        """Waits until so many more numbered lines came."""
        last = int(re.findall(r"^(\d{7})$", self.machine.text, re.MULTILINE)[-1])
        self.machine.wait(rf"^{last + lines:07d}$", 180)

    def end(self, disk, first=0):
        """Stops it and looks at all that it did; `disk` is the host's file, `first` the first byte of its range."""
        machine = self.machine
        machine.type("\x04")
        machine.wait(r"^loaded\n", 120)
        output = self.output()
        self.check_lines(output, int(done(machine, "cat /tmp/lines")))
        got = done(machine, "md5sum </tmp/typed").split()[0]
        if got != md5(self.typed.encode()):
            raise Failed(f"what was typed did not arrive as it was:\n{command(machine, 'cat /tmp/typed')[0]}\nof\n{self.typed}")
        wrong = done(machine, "cat /tmp/wrong")
        require(wrong == "", "on the disk:\n" + wrong)
        rounds = int(done(machine, "cat /tmp/rounds"))
        require(rounds > 2, f"there were {rounds} rounds on the disk")
        with open(disk, "rb") as f:
            for number in range(max(0, rounds - ROUNDS), rounds):
                f.seek(first + FIRST + number % ROUNDS * ROUND)
                require(f.read(ROUND) == data(number), f"round {number} is not in the host's file as it was written")
        return rounds

    @staticmethod
    def check_lines(output, last):
        """Other services' lines may come in the middle of one of ours."""
        plain = re.sub(r"^(?:init: |\[|loaded$).*\n", "", output, flags=re.MULTILINE).replace("\n", "").replace("tick", "")
        wanted = "".join(f"{i:07d}" for i in range(1, last + 1))
        if plain == wanted:
            return
        at = next((i for i, (a, b) in enumerate(zip(plain, wanted)) if a != b), min(len(plain), len(wanted)))
        near = re.search(re.escape(wanted[at // 7 * 7 - 21:at // 7 * 7 - 14]), output)
        raise Failed(f"of {len(wanted)} characters {len(plain)} came, and they differ from the {at}th on:\n"
                     f"{plain[max(0, at - 30):at + 60]}\ninstead of\n{wanted[max(0, at - 30):at + 60]}\n"
                     + (f"there the output is\n{output[near.start():][:500]}" if near else ""))
