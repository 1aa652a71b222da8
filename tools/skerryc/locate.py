# SPDX-License-Identifier: BSD-2-Clause
"""Where in a TOML file each key is: tomllib gives values without line numbers.

lines(text) maps a path such as ("kernel", "memory_regions", 1) to a line number from 1. Only text
that tomllib has accepted comes here, so this follows TOML's structure and checks nothing.
"""
import re

BARE = re.compile(r"[A-Za-z0-9_-]+")
BLANK = re.compile(r"[ \t]*")
SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
SCALAR = re.compile(r"[^,\]}#\r\n]+")


def lines(text):
    scan = _Scanner(text)
    scan.document()
    return scan.found


class _Scanner:
    def __init__(self, text):
        self.text = text
        self.at = 0
        self.found = {}
        self.tables = {}  # how many [[name]] there were so far

    def document(self):
        table = ()
        while True:
            self.skip(SPACE)
            if self.at >= len(self.text):
                return
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)

    def skip(self, pattern):
        self.at = pattern.match(self.text, self.at).end()

    def mark(self, path):
        self.found.setdefault(path, self.text.count("\n", 0, self.at) + 1)

    def header(self):
        start = self.at
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        path = self.resolve(self.dotted())
        if array:
            self.tables[path] = self.tables.get(path, -1) + 1
        self.skip(BLANK)
        end = self.at + (2 if array else 1)
        self.at = start
        for i in range(len(path)):
            self.mark(path[:i + 1])
        if array:
            path += (self.tables[path],)
            self.mark(path)
        self.at = end
        return path

    def resolve(self, keys):
        """[a.b] below [[a]] is in the last element of a."""
        path = ()
        for i, key in enumerate(keys):
            path += (key,)
            if path in self.tables and i < len(keys) - 1:
                path += (self.tables[path],)
        return path

    def dotted(self):
        keys = []
        while True:
            self.skip(BLANK)
            keys.append(self.key())
            self.skip(BLANK)
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def key(self):
        if self.text[self.at] in "\"'":
            start = self.at
            self.string()
            return self.text[start + 1:self.at - 1]
        match = BARE.match(self.text, self.at)
        self.at = match.end()
        return match.group()

    def pair(self, table):
        start = self.at
        keys = self.dotted()
        end, self.at = self.at, start
        for i in range(len(keys)):
            self.mark(table + tuple(keys[:i + 1]))
        self.at = end + 1  # the equals sign
        self.skip(BLANK)
        self.value(table + tuple(keys))

    def value(self, path):
        self.mark(path)
        first = self.text[self.at]
        if first == "[":
            self.array(path)
        elif first == "{":
            self.inline(path)
        elif first in "\"'":
            self.string()
        else:
            self.skip(SCALAR)

    def array(self, path):
        self.at += 1
        index = 0
        while True:
            self.skip(SPACE)
            if self.text[self.at] == "]":
                self.at += 1
                return
            self.value(path + (index,))
            index += 1
            self.skip(SPACE)
            if self.text[self.at] == ",":
                self.at += 1

    def inline(self, path):
        self.at += 1
        while True:
            self.skip(BLANK)
            if self.text[self.at] == "}":
                self.at += 1
                return
            self.pair(path)
            self.skip(BLANK)
            if self.text[self.at] == ",":
                self.at += 1

    def string(self):
        quote = self.text[self.at]
        end = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(end)
        while not self.text.startswith(end, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(end)
        # A multi-line string may end in up to two quotes of its own.
        while len(end) == 3 and self.text.startswith(quote, self.at):
            self.at += 1
