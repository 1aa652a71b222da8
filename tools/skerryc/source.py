# SPDX-License-Identifier: BSD-2-Clause
"""TOML files read key by key: every problem is one line `file:line: key: what is wrong; what to do`."""
import difflib
import os
import re
import tomllib

from skerryc import locate

REQUIRED = object()
TYPE_NAMES = {int: "an integer", str: "a string", bool: "true or false", list: "an array", dict: "a table"}
LONG_NUMBER = re.compile(r"[0-9_]{4000,}")  # Python converts up to 4300 digits


class ConfigError(Exception):
    """A mistake of the user's; the text says all, in one line. It may quote what a file holds."""

    def __init__(self, text):
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))


def show(path):
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


class Document:
    """One file. `root` is what names in messages are relative to."""

    def __init__(self, path, root):
        self.path = path
        self.root = root
        self.name = os.path.relpath(path, root)
        if self.name.startswith(".."):
            self.name = path
        try:
            with open(path, "rb") as f:
                raw = f.read()
        except OSError as e:
            raise ConfigError(f"{self.name}: cannot be read ({e.strerror}); check the name") from None
        try:
            self.text = raw.decode("utf-8")
            data = tomllib.loads(self.text)
            self.lines = locate.lines(self.text)
        except UnicodeDecodeError as e:
            line = raw.count(b"\n", 0, e.start) + 1
            raise ConfigError(f"{self.name}:{line}: is not UTF-8; save it as UTF-8") from None
        except tomllib.TOMLDecodeError as e:
            raise ConfigError(self.syntax(str(e))) from None
        except RecursionError:
            raise ConfigError(f"{self.name}:{self.deepest()}: is nested too deep; remove brackets") from None
        except ValueError:
            raise ConfigError(f"{self.name}:{self.line_of(LONG_NUMBER.search(self.text))}: a number is too long; "
                              "give 0 to 2^64 - 1") from None
        self.table = Table(self, (), data)

    def line_of(self, match):
        return self.text.count("\n", 0, match.start() if match else 0) + 1

    def deepest(self):
        """The line with the most brackets and dots: tables nest by either."""
        lines = self.text.split("\n")
        return max(range(len(lines)), key=lambda i: sum(map(lines[i].count, "[{."))) + 1

    def syntax(self, message):
        """tomllib ends its messages with `(at line 3, column 5)` or `(at end of document)`."""
        what, _, where = message.rpartition(" (at ")
        line = where.split()[1].rstrip(",") if where.startswith("line ") else self.text.count("\n") + 1
        return f"{self.name}:{line}: is not TOML: {what[:1].lower()}{what[1:]}; correct this line"

    def line(self, path):
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def error(self, path, text):
        key = f" {show(path)}:" if path else ""
        return ConfigError(f"{self.name}:{self.line(path)}:{key} {text}")

    def where(self, path):
        return f"{self.name}:{self.line(path)}"


class Table:
    """A table of a document. Keys that nobody has taken when done() is called are errors."""

    def __init__(self, document, path, data):
        self.document = document
        self.path = path
        self.data = data
        self.known = []

    def __contains__(self, key):
        return key in self.data

    def at(self, *keys):
        return self.path + keys

    def error(self, key, text):
        return self.document.error(self.at(key) if key else self.path, text)

    def where(self, key=None):
        return self.document.where(self.at(key) if key else self.path)

    def take(self, key, kind, default=REQUIRED, meaning=""):
        if key not in self.known:
            self.known.append(key)
        if key not in self.data:
            if default is REQUIRED:
                hint = f" ({meaning})" if meaning else ""
                raise self.error(key, f"is missing; add {TYPE_NAMES[kind]}{hint}")
            return default
        return self.checked(self.at(key), self.data[key], kind)

    def checked(self, path, value, kind):
        # bool is a subclass of int in Python; in TOML it is not a number.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.document.error(path, f"must be {TYPE_NAMES[kind]}, not {describe(value)}")
        if kind is int and not 0 <= value < 1 << 64:
            raise self.document.error(path, f"{describe(value)} is out of range; give 0 to 2^64 - 1")
        if kind is str and "\0" in value:
            raise self.document.error(path, "contains a NUL character; remove it")
        return value

    def number(self, key, low, high, default=REQUIRED, meaning=""):
        value = self.take(key, int, default, meaning)
        if key in self.data and not low <= value <= high:
            raise self.error(key, f"{value} is out of range; give {low} to {high}")
        return value

    def choice(self, key, choices, default=REQUIRED):
        value = self.take(key, str, default)
        if value not in choices and value is not default:
            raise self.error(key, f'"{value}" is not known; give one of {", ".join(choices)}')
        return choices.get(value, value)

    def name(self, key, longest, default=REQUIRED, meaning=""):
        value = self.take(key, str, default, meaning)
        if value is default:
            return value
        if not value or len(value) > longest or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in value):
            raise self.error(key, f'"{value}" cannot be a name; use 1 to {longest} letters, digits, "-", "_" and "."')
        return value

    def array(self, key, kind, default=REQUIRED):
        values = self.take(key, list, default)
        if values is not None and values is not default:
            for i, value in enumerate(values):
                self.checked(self.at(key, i), value, kind)
        return values

    def table(self, key, required=True):
        data = self.take(key, dict, REQUIRED if required else None)
        return Table(self.document, self.at(key), {} if data is None else data)

    def tables(self, key):
        values = self.array(key, dict, [])
        return [Table(self.document, self.at(key, i), value) for i, value in enumerate(values)]

    def done(self):
        """Refuses what is left."""
        for key in self.data:
            if key in self.known:
                continue
            close = difflib.get_close_matches(key, self.known, 1)
            advice = f"did you mean {close[0]}?" if close else "remove it; known are " + ", ".join(self.known)
            raise self.error(key, f"unknown key; {advice}")


def describe(value):
    if isinstance(value, (bool, dict, list)):
        return TYPE_NAMES[type(value)]
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of more than 128 bits"
    return f'"{value}"' if isinstance(value, str) else str(value)
