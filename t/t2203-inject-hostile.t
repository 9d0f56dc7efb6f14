#!/bin/sh
# The credential broker: streams, much at once, and a client that means harm.
# shellcheck disable=SC2016 # scripts for another shell
. "${0%/*}/lib.sh"

need python3 curl
need_sandbox
. "$T_SRC/t/inject.sh"

cat >ws/client.py <<'EOF'
import socket, sys
def connect(timeout=30):
    s = socket.create_connection(("127.0.0.1", 3129)); s.settimeout(timeout); return s
def read(s):
    out = b""
    try:
        while True:
            d = s.recv(65536)
            if not d: return out
            out += d
    except OSError: return out
def ask(data, eof=False):
    s = connect()
    for part in data if isinstance(data, list) else [data]: s.sendall(part)
    if eof: s.shutdown(socket.SHUT_WR)
    return read(s)
def status(out): return out[9:12].decode() if out.startswith(b"HTTP/1.1") else repr(out[:20])
H = b" HTTP/1.1\r\nHost: localhost:3129\r\n"
EOF

hostile() {
	inject "python3 -B -c '
import sys; sys.path.insert(0, \".\")
from client import *
$1'"
}

it 'refuses what can be read in two ways, and asks nobody'
: >log
hostile 'P = b"POST /v1/x" + H
for head in (P + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    P + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", P + b"Content-Length: 3, 3\r\n\r\n",
    P + b"Content-Length: +3\r\n\r\n", P + b"Content-Length: 0x3\r\n\r\n", P + b"Content-Length: -1\r\n\r\n",
    P + b"Content-Length: 99999999999999999999\r\n\r\n", P + b"Content-Length:\r\n\r\n",
    P + b"Transfer-Encoding: gzip, chunked\r\n\r\n", P + b"Transfer-Encoding: xchunked\r\n\r\n",
    P + b"Transfer-Encoding : chunked\r\n\r\n", P + b" folded\r\n\r\n", P + b"A: b\r\n\tc\r\n\r\n",
    P + b"Host: a\r\n\r\n", P + b"A: b\rc: d\r\n\r\n", P + b"A: \x00\r\n\r\n", P + b"A: \x01\r\n\r\n",
    P + b"A: b\nAuthorization: x\r\n\r\n", b"POST /v1/x HTTP/1.1\r\n\r\n", b"POST /v1/x HTTP/2.0\r\nHost: a\r\n\r\n",
    b"POST /v1/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", b"GET  /v1/x" + H + b"\r\n",
    b"GET http://localhost:3129/v1/x" + H + b"\r\n", b"GET http://other.test/v1/x" + H + b"\r\n",
    b"CONNECT other.test:443" + H + b"\r\n", b"OPTIONS *" + H + b"\r\n", b"GET /v1/x#y" + H + b"\r\n",
    b"GET /v1/\xff" + H + b"\r\n", b"GET \\v1\\x" + H + b"\r\n", b"\x16\x03\x01\x02\x00garbage"):
    if status(ask(head)) != "400": print(head, ask(head)[:40])
for head in (b"GET /v1/x HTTP/1.1\r\nHost: other.test\r\n\r\n", b"GET /v1/x HTTP/1.1\r\nHost: localhost:80\r\n\r\n"):
    if status(ask(head)) != "421": print(head)
print(status(ask(P + b"X: " + b"a" * 20000 + b"\r\n\r\n")), status(ask(P + b"X: a\r\n" * 200 + b"\r\n")),
    status(ask(P + b"Expect: miracles\r\n\r\n")))'
expect_out '431 431 417'
expect_ok test "$(cat log)" = ''

it 'lets no bad chunk pass'
hostile 'P = b"POST /v1/x" + H + b"Transfer-Encoding: chunked\r\n\r\n"
for body in (b"x\r\n", b"\r\n", b"-1\r\n", b"0x3\r\n", b"3;a=b\r\nabc\r\n", b"3\nabc\r\n", b"3\r\nabcd\r\n",
    b"ffffffffffffffff\r\nabc", b"3 \r\nabc\r\n", b"3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n", b"1" * 2000):
    if status(ask(P + body)) != "400": print(body)
print(status(ask(P + b"3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n")))'
expect_out 200
expect_ok grep -q 'POST /v1/x 13' log
expect_ok test "$(grep -c POST log)" = 1

it 'serves one request a connection: nothing hides behind it'
: >log
hostile 'out = ask(b"POST /v1/a" + H + b"Content-Length: 1\r\n\r\nxGET /v1/b" + H + b"\r\n")
print(out.count(b"HTTP/1.1"), status(out), b"Connection: close" in out)'
expect_out '1 200 True'
expect_not grep -q /v1/b log

it 'takes a request in single bytes, and one that is half closed'
hostile 'print(status(ask([bytes([b]) for b in b"GET /v1/slow" + H + b"\r\n"])))
print(status(ask(b"POST /v1/half" + H + b"Content-Length: 5\r\n\r\nhello", True)))
print(ask(b"POST /v1/half" + H + b"Content-Length: 5\r\n\r\nhel", True))
print(status(ask(b"GET /v1/old HTTP/1.0\r\n\r\n")))
out = ask(b"POST /v1/x" + H + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx")
print(out.count(b"HTTP/1.1 100"), out.count(b"HTTP/1.1 200"))'
expect_out "200
200
b''
200
1 1"

it 'passes each event on when it comes'
hostile 's = connect(); s.sendall(b"GET /v1/turns" + H + b"\r\n"); out = b""
for i in range(5):
    while b"data: %d\n\n" % i not in out: out += s.recv(65536)
    open("got%d" % i, "w").close()
print(read(s)[-5:])'
expect_out "b'0\\r\\n\\r\\n'"

it 'shows that an answer was cut, and that nobody answers'
hostile 's = connect(); s.sendall(b"GET /v1/cut" + H + b"\r\n"); end = ""
try:
    while s.recv(1): pass
except ConnectionResetError: end = "reset"
print(end)'
expect_out reset
RULE='U=http://127.0.0.1:1/v1: Authorization: Bearer {key_env KEY}'
inject 'curl -s -w "%{http_code}" $U/x'
expect_out "agent-sandbox: cannot connect to 'http://127.0.0.1:1': Connection refused: 127.0.0.1
502"
RULE=$RULE_1

it 'serves a thousand at once'
hostile 'import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
c = []
for i in range(1000):
    s = connect(60); s.sendall(b"POST /v1/x" + H + b"Content-Length: 4\r\n\r\nab"); c.append(s)
for s in c: s.sendall(b"cd")
print(sum(status(read(s)) == "200" for s in c))'
expect_out 1000

it 'is not kept from its work by clients that say nothing'
hostile 'idle = [connect() for i in range(400)]
for s in idle[:200]: s.sendall(b"POST /v1/x" + H + b"Content-Length: 4000\r\n\r\nab")
print(status(ask(b"GET /v1/x" + H + b"\r\n")))'
expect_out 200

it 'holds little of what is large, in either direction'
RULE="U=$UP/v1: Authorization: Bearer {key_cmd echo \$PPID >pid; echo key}"
background agent-sandbox -C ws --inject "$RULE" sh -c '
	head -c 200M /dev/zero | curl -sS -T - -X POST "$U/size" | tail -n 1 >sent
	curl -sS -H "X-Size: 200" "$U/much" | wc -c >got
	curl -sS -N -H "X-Size: 200" "$U/much" | {
		head -c 1 >begun
		until [ -e go ]; do :; done
	}'
await 40 test -s ws/begun
memory=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(cat pid)/status")
: >ws/go
expect_file ws/sent 209715200
expect_file ws/got 209715200
expect_ok test "$memory" -lt 40000
diag "the broker had at most $memory KiB"

it 'ends with the sandbox'
await 20 gone "$(cat pid)"
expect_ok gone "$(cat pid)"
background agent-sandbox -C ws --inject "$RULE" sleep 60
pid=$!
rm -f pid
await 20 test -s pid
kill -9 "$pid" 2>/dev/null
await 20 gone "$(cat pid)"
expect_ok gone "$(cat pid)"

done_testing
