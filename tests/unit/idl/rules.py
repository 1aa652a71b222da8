# SPDX-License-Identifier: BSD-2-Clause
"""One bad file per rule of the IDL, with what protoc must say about it."""

from collections import namedtuple

Rule = namedtuple("Rule", "name body error options package syntax")

FIXED = "option (skerry.constant) = true;"


def rule(name, body, error, options="", package="skerry", syntax="proto2"):
    return Rule(name, body, error, options, package, syntax)


def constant(name, fields, error):
    return rule(name, "message Bad {\n%s\n%s\n}" % (FIXED, fields), error)


def service(name, methods, error, options="option (skerry.service) = 9;", file_options=""):
    body = ("message Nil {}\nmessage Text { required string s = 1; }\n"
            "service Bad {\n%s\n%s\n}" % (options, methods))
    return rule(name, body, error, options=file_options)


def method(options, signature="rpc Go(Nil) returns (Nil)"):
    return "%s { %s }" % (signature, options)


NUMBERED = "option (skerry.method) = 1;"

RULES = [
    constant("optional", "optional fixed32 a = 1;",
             "bad.proto:6: message Bad: field a: is optional; every field"),
    constant("repeated", "repeated fixed32 a = 1;",
             "bad.proto:6: message Bad: field a: is repeated; every field"),
    constant("varint", "required uint32 a = 1;",
             "bad.proto:6: message Bad: field a: has type uint32; a constant layout has only"),
    constant("float", "required float a = 1;", "message Bad: field a: has type float"),
    constant("double", "required double a = 1;", "message Bad: field a: has type double"),
    constant("string", "required string a = 1;", "message Bad: field a: has type string"),
    constant("enum", "enum E { X = 0; } required E a = 1;", "message Bad: field a: has type enum"),
    constant("message", "message In {} required In a = 1;",
             "message Bad: field a: has type message"),
    constant("group", "required group A = 1 { required fixed32 b = 1; }",
             "message Bad: field a: a group has no constant layout"),
    constant("order", "required fixed32 b = 2;\nrequired fixed32 a = 1;",
             "bad.proto:7: message Bad: field a: has number 1 after 2; fields of a constant"),
    constant("oneof", "oneof pick { fixed32 a = 1; }",
             "bad.proto:4: message Bad: a oneof (pick) has no constant layout"),
    constant("extensions", "required fixed32 a = 1; extensions 100 to 200;",
             "message Bad: a message with extensions has no constant layout"),
    constant("size", "".join("required fixed64 f%d = %d;" % (i, i) for i in range(1, 51)),
             "message Bad: takes 485 bytes on the wire; a message has at most 480"),
    constant("fields", "".join("required bool f%d = %d;" % (i, i) for i in range(1, 66)),
             "message Bad: 65 fields; a constant layout has at most 64"),
    constant("keyword", "required fixed32 default = 1;",
             "message Bad: field default: the name is a word of C"),
    rule("nested", "message Out {\nmessage Bad { %s\noptional bool a = 1; }\n}" % FIXED,
         "bad.proto:6: message Out.Bad: field a: is optional"),
    rule("package", "message Ok {}", 'package is "other"; it must be "skerry"', package="other"),
    rule("syntax", "message Ok {}", 'syntax is "proto3"; it must be "proto2"', syntax="proto3"),
    rule("c-name", "message MmioRead {} message MMIORead {}",
         "message MMIORead: its C name mmio_read is taken by message MmioRead in bad.proto"),
    service("no-service-id", method(NUMBERED), "service Bad: has no (skerry.service) = 1..255",
            options=""),
    service("service-id-range", method(NUMBERED), "service Bad: (skerry.service) = 256 is not in",
            options="option (skerry.service) = 256;"),
    service("service-id-zero", method(NUMBERED), "service Bad: (skerry.service) = 0 is not in",
            options="option (skerry.service) = 0;"),
    service("no-methods", "", "service Bad: has no methods"),
    service("service-id-taken", method(NUMBERED) + "}\nservice Worse {\n"
            "option (skerry.service) = 9;" + method(NUMBERED),
            "bad.proto:9: service Worse: (skerry.service) = 9 is taken by Bad in bad.proto"),
    service("no-method-id", method(""), "method Bad.Go: has no (skerry.method) = 1..255"),
    service("method-id-range", method("option (skerry.method) = 0;"),
            "method Bad.Go: (skerry.method) = 0 is not in 1..255"),
    service("method-id-taken", method(NUMBERED) + "\n"
            + method(NUMBERED, "rpc Come(Nil) returns (Nil)"),
            "bad.proto:9: method Bad.Come: (skerry.method) = 1 is taken by Bad.Go"),
    service("caps", method(NUMBERED + "option (skerry.caps_in) = 5;"),
            "method Bad.Go: (skerry.caps_in) = 5 is not in 0..4"),
    service("stream", method(NUMBERED, "rpc Go(stream Nil) returns (Nil)"),
            "method Bad.Go: streams are not supported"),
    service("kernel", method(NUMBERED + "option (skerry.kernel) = true;",
                             "rpc Go(Nil) returns (Text)"),
            "method Bad.Go: the kernel sends it, so Text must have the constant layout"),
    service("unbounded", method(NUMBERED, "rpc Go(Text) returns (Nil)"),
            "method Bad.Go: message Text has no upper size: field s of skerry_Text needs"),
    service("too-long", method(NUMBERED, "rpc Go(Text) returns (Nil)"),
            "method Bad.Go: message Text can take 502 bytes; a message has at most 480",
            file_options="skerry.Text.s max_size:500"),
]
