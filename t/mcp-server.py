#!/usr/bin/python3
"""An MCP server for the tests of its client: behaves and misbehaves.

mcp-server.py [WAY]: `mute` never answers, `dead` ends at once, `old` speaks
an older protocol, `deaf` ignores the end of its input and SIGTERM, `bare`
has no tools.  What it is told goes to mcp.log.
"""
import json
import os
import signal
import sys
import time

way = sys.argv[1] if len(sys.argv) > 1 else ""
log = open("mcp.log", "a") if os.access(".", os.W_OK) else None
calls = {}
extra = False


def say(message):
    message["jsonrpc"] = "2.0"
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def tool(name, **hints):
    return {"name": name, "description": "Does " + name + ".",
            "inputSchema": {"type": "object"}, "annotations": hints}


def tools(cursor):
    pages = {
        None: ([tool("echo", readOnlyHint=True), tool("env"), tool("count"),
                tool("again", idempotentHint=True)], "2"),
        "2": ([tool("a.b/c"), tool("x" * 90), tool("fail"), tool("all"),
               tool("hang"), tool("crash"), tool("long"), tool("endless"),
               tool("grow"), tool("ask"), tool("log")], None),
    }
    some, after = pages[cursor]
    if cursor and extra:
        some = some + [tool("grown")]
    result = {"tools": some}
    if after:
        result["nextCursor"] = after
    return result


def text(words, **more):
    return {"content": [{"type": "text", "text": words}], **more}


def everything():
    return {"content": [
        {"type": "text", "text": "one"},
        {"type": "image", "mimeType": "image/png", "data": "QUJDRA=="},
        {"type": "resource_link", "uri": "file:///a", "name": "a",
         "description": "an a"},
        {"type": "resource", "resource": {"uri": "x://y", "text": "why"}},
        {"type": "resource", "resource": {"uri": "x://z", "blob": "QUI=",
                                          "mimeType": "a/b"}},
    ], "structuredContent": {"n": 1}}


def call(params, id_):
    global extra
    name, arguments = params["name"], params.get("arguments")
    if name in ("count", "again"):
        with open(name, "a") as f:
            f.write("x\n")
        if arguments.get("hang"):
            return None
    if name == "fail":
        return text("it failed", isError=True)
    if name == "all":
        return everything()
    if name == "hang":
        return None
    if name == "crash":
        sys.stderr.write("some words\nalas, poor server\n")
        sys.stderr.flush()
        os._exit(3)
    if name == "long":
        sys.stdout.write("x" * (10 << 20) + "\n")
        sys.stdout.flush()
        return text("after it")
    if name == "endless":
        while True:
            sys.stdout.write("x" * 65536)
    if name == "grow":
        extra = True
        say({"method": "notifications/tools/list_changed"})
    if name == "ask":
        say({"id": "s1", "method": "sampling/createMessage", "params": {}})
        calls["s1"] = id_
        return None
    if name == "log":
        say({"method": "notifications/message",
             "params": {"level": "notice", "data": {"words": "a log"}}})
        sys.stdout.write("this is no message\n")
    if name == "env":
        return text(os.environ.get("TOKEN", "none"))
    return text(json.dumps(arguments))


def answer(message):
    method, id_ = message.get("method"), message.get("id")
    if method is None:
        if id_ in calls:
            say({"id": calls.pop(id_),
                 "result": text(json.dumps(message["error"]["code"]))})
        return
    if method == "initialize":
        if way == "dead":
            sys.stderr.write("cannot find my head\n")
            sys.exit(2)
        say({"id": "p1", "method": "ping"})
        say({"id": id_, "result": {
            "protocolVersion": "1999-01-01" if way == "old" else "2024-11-05",
            "capabilities": {} if way == "bare" else
            {"tools": {"listChanged": True}},
            "serverInfo": {"name": "test", "version": "1"}}})
    elif method == "tools/list":
        cursor = message.get("params", {}).get("cursor")
        say({"id": id_, "result": tools(cursor)})
    elif method == "tools/call":
        if message["params"]["name"] == "grown" and not extra:
            say({"id": id_, "error": {"code": -32602, "message": "no"}})
            return
        result = call(message["params"], id_)
        if result is not None:
            say({"id": id_, "result": result})


if way == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    if log:
        log.write(line)
        log.flush()
    if way != "mute":
        answer(json.loads(line))
while way == "deaf":
    time.sleep(1)
