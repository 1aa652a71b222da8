# SPDX-License-Identifier: BSD-2-Clause
"""Random values: our codecs, nanopb and Google's runtime agree byte for byte, both ways."""

import random
import warnings

from google.protobuf import descriptor
from google.protobuf.message import DecodeError

from glue import FALLBACK, NANOPB, OURS

ROUNDS = 250
TEXT_ROUNDS = 500

FieldD = descriptor.FieldDescriptor
# Width in bits and whether the type is signed.
KINDS = {FieldD.TYPE_FIXED32: (32, False), FieldD.TYPE_SFIXED32: (32, True),
         FieldD.TYPE_FIXED64: (64, False), FieldD.TYPE_SFIXED64: (64, True),
         FieldD.TYPE_BOOL: (1, False)}


def google_parse(message, wire):
    """The message Google's runtime makes of the bytes, or None if it objects to them.

    Its Python binding stops at a stray end of a group with a warning, and leaves it to the caller
    to ask whether required fields came.
    """
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            parsed = message.FromString(wire)
        except DecodeError:
            return None
    return parsed if parsed.IsInitialized() and not warned else None


class Subject:
    """One constant-layout message under test."""

    def __init__(self, driver, index, message):
        self.driver = driver
        self.index = index
        self.message = message
        self.fields = message.DESCRIPTOR.fields
        self.random = random.Random("skerry " + message.DESCRIPTOR.name)

    def values(self):
        return [self.value(field) for field in self.fields]

    def value(self, field):
        bits, signed = KINDS[field.type]
        value = self.random.choice((self.random.getrandbits(bits), 0, 1, (1 << bits) - 1,
                                    1 << (bits - 1)) + (self.random.getrandbits(bits),) * 4)
        return value - (1 << bits) if signed and value >> (bits - 1) else value

    def google(self, values):
        """The bytes of Google's runtime."""
        message = self.message()
        for field, value in zip(self.fields, values):
            setattr(message, field.name, bool(value) if field.type == FieldD.TYPE_BOOL else value)
        return message.SerializeToString()

    def google_values(self, wire):
        """The values Google's runtime finds in the bytes, or None if it refuses them."""
        message = google_parse(self.message, wire)
        if message is None:
            return None
        return [int(getattr(message, field.name)) for field in self.fields]

    def decode(self, codec, wire):
        """The values a codec of ours finds in the bytes, or None if it refuses them."""
        words = self.driver.decode(self.index, codec, wire)
        if words is None:
            return None
        return [w - (1 << 64) if KINDS[f.type][1] and w >> 63 else w
                for f, w in zip(self.fields, words)]

    def encode(self, codec, values):
        return self.driver.encode(self.index, codec, [v & (1 << 64) - 1 for v in values])

    def expect(self, what, got, wanted):
        if got != wanted:
            raise AssertionError("%s: got %r, wanted %r" % (what, got, wanted))


def check_encoders(subject):
    for _ in range(ROUNDS):
        values = subject.values()
        wire = subject.google(values)
        subject.expect("ours of %r" % values, subject.encode(OURS, values), wire)
        subject.expect("nanopb of %r" % values, subject.encode(NANOPB, values), wire)


def check_decoders(subject):
    for _ in range(ROUNDS):
        values = subject.values()
        wire = subject.google(values)
        for codec in (OURS, NANOPB, FALLBACK):
            subject.expect("codec %d of %s" % (codec, wire.hex()),
                           subject.decode(codec, wire), values)


def check_google_decodes(subject):
    for _ in range(ROUNDS):
        values = subject.values()
        wire = subject.encode(OURS, values)
        subject.expect("Google of %s" % wire.hex(), subject.google_values(wire), values)


def check_constant(subject):
    """The tags of two encodings lie at the same offsets: they differ in value bytes alone."""
    zeros = subject.google([0] * len(subject.fields))
    ones = subject.google([-1 if KINDS[f.type][1] else (1 << KINDS[f.type][0]) - 1
                           for f in subject.fields])
    subject.expect("size", len(ones), len(zeros))
    changed = [at for at in range(len(zeros)) if zeros[at] != ones[at]]
    wanted = sum(max(KINDS[f.type][0] // 8, 1) for f in subject.fields)
    subject.expect("bytes that depend on the values", len(changed), wanted)


def random_text(rng, text):
    message = text(name="".join(chr(rng.randrange(32, 127)) for _ in range(rng.randrange(24))))
    if rng.random() < 0.5:
        message.blob = rng.randbytes(rng.randrange(33))
    for _ in range(rng.randrange(5)):
        part = message.parts.add(id=rng.getrandbits(32))
        if rng.random() < 0.5:
            part.value = rng.getrandbits(64) - (1 << 63)
    message.numbers.extend(rng.getrandbits(rng.choice((7, 32, 64))) for _ in range(rng.randrange(6)))
    if rng.random() < 0.5:
        message.color = rng.choice((0, 5, -3))
        message.mode = rng.choice((0, 1))
        message.ratio = rng.choice((0.0, -1.5, 3.25e10))
    choice = rng.randrange(3)
    if choice == 1:
        message.number = rng.getrandbits(32)
    elif choice == 2:
        message.part.id = rng.getrandbits(32)
    return message


def check_text(driver, text):
    """Beyond the constant layout: what nanopb read and wrote again is the same message."""
    rng = random.Random("skerry text")
    for _ in range(TEXT_ROUNDS):
        message = random_text(rng, text)
        out = driver.echo_text(message.SerializeToString())
        if out is None or text.FromString(out) != message:
            raise AssertionError("nanopb made %r of %s" % (out, message))


def check_text_cut(driver, text):
    """A prefix is a shorter message or none at all: nanopb and Google agree which."""
    rng = random.Random("skerry cut")
    for _ in range(TEXT_ROUNDS // 20):
        wire = random_text(rng, text).SerializeToString()
        for size in range(len(wire)):
            out = driver.echo_text(wire[:size])
            wanted = google_parse(text, wire[:size])
            got = None if out is None else text.FromString(out)
            if got != wanted:
                raise AssertionError("%s: nanopb %s, Google %s" % (wire[:size].hex(), got, wanted))


def check_text_bounds(driver, text):
    for message in (text(name="x" * 24), text(name="x", blob=b"x" * 33),
                    text(name="x", numbers=range(6)),
                    text(name="x", parts=[{"id": 1}] * 5)):
        if driver.echo_text(message.SerializeToString()) is not None:
            raise AssertionError("nanopb took more than its bounds: %s" % message)


TESTS = [("encode", check_encoders), ("decode", check_decoders),
         ("google-decodes", check_google_decodes), ("constant", check_constant)]
TEXT_TESTS = [("text", check_text), ("text-cut", check_text_cut),
              ("text-bounds", check_text_bounds)]
