#!/bin/sh
# The proxy against a client that means harm.
# shellcheck disable=SC2016 # scripts for another shell
. "${0%/*}/lib.sh"

need python3
need_sandbox

cat >server.py <<'EOF'
import os, socket, threading
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(1024)
open("port.tmp", "w").write(str(s.getsockname()[1]))
os.rename("port.tmp", "port")
def serve(c):
    data = b""
    while True:
        d = c.recv(65536)
        if not d: break
        data += d
        if b"\r\n\r\n" in data and not data.startswith(b"ECHO"): break
    open("log", "ab").write(data + b"\n==\n")
    c.sendall(b"HTTP/1.0 200 OK\r\n\r\nserved %d" % len(data))
    c.close()
while True:
    c, _ = s.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()
EOF
background python3 server.py
await 20 test -e port
PORT=$(cat port)
mkdir ws
cat >ws/client.py <<'EOF'
import socket, sys
def ask(data, eof=False, timeout=20):
    s = socket.create_connection(("127.0.0.1", 3128)); s.settimeout(timeout)
    for part in data if isinstance(data, list) else [data]:
        s.sendall(part)
    if eof: s.shutdown(socket.SHUT_WR)
    out = b""
    try:
        while True:
            d = s.recv(65536)
            if not d: break
            out += d
    except OSError: pass
    return out
def status(out):
    return out.split(b" ")[1].decode() if out.startswith(b"HTTP") else repr(out[:20])
EOF

hostile() {
	run agent-sandbox -C ws --allow ok.test \
		--resolve "ok.test:80:127.0.0.1:$PORT" python3 -c "
import sys; sys.path.insert(0, '.'); sys.dont_write_bytecode = True
from client import *
$1"
}

it 'refuses what can be read in two ways'
hostile 'U = b"http://ok.test/"
for head in (
    b"POST "+U+b" HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST "+U+b" HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
    b"GET "+U+b" HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET "+U+b" HTTP/1.1\r\nX : a\r\n\r\n", b"GET "+U+b" HTTP/1.1\r\n folded\r\n\r\n",
    b"GET "+U+b" HTTP/1.1\nHost: a\r\n\r\n", b"GET "+U+b" HTTP/1.1\r\nA: b\rc: d\r\n\r\n",
    b"GET http://ok.test@other.test/ HTTP/1.1\r\n\r\n", b"GET "+U+b"\0 HTTP/1.1\r\n\r\n",
    b"GET "+U+b" x HTTP/1.1\r\n\r\n", b"CONNECT ok.test HTTP/1.1\r\n\r\n",
    b"CONNECT ok.test:80:81 HTTP/1.1\r\n\r\n", b"CONNECT ok.test:080x HTTP/1.1\r\n\r\n",
    b"CONNECT :80 HTTP/1.1\r\n\r\n", b"CONNECT ok.test:0 HTTP/1.1\r\n\r\n",
    b"CONNECT ok..test:80 HTTP/1.1\r\n\r\n", b"GET "+U+b" HTTP/2.0\r\n\r\n",
    b"get nonsense\r\n\r\n", b"\x16\x03\x01\x02\x00garbage"):
    if status(ask(head)) != "400": print(head, ask(head))
print(status(ask(b"GET "+U+b" HTTP/1.1\r\nX: "+b"a"*20000+b"\r\n\r\n")))'
expect_out 431
expect_not test -e log

it 'refuses addresses in odd spellings'
hostile 'for h in (b"127.1", b"0177.0.0.1", b"0x7f000001", b"2130706433", b"127.0.0.1.",
    b"[::1]", b"[::ffff:7f00:1]", b"[64:ff9b::7f00:1]", b"[::127.0.0.1]", b"0.0.0.0", b"0",
    b"169.254.169.254", b"[fd00:ec2::254]", b"[fe80::1%25lo]", b"LOCALHOST", b"localhost."):
    r = status(ask(b"CONNECT "+h+b":'"$PORT"' HTTP/1.1\r\n\r\n"))
    if r not in ("400", "403"): print(h, r)'
expect_out ''
expect_not test -e log

it 'takes the host from the URI, not from the header, and no secrets for itself'
hostile 'print(status(ask(b"GET http://ok.test/x HTTP/1.1\r\nHost: other.test\r\nProxy-Authorization: Basic eA==\r\n\r\n")))'
expect_out 200
expect_ok grep -q 'Host: ok.test' log
expect_not grep -qi 'other.test\|Proxy-' log
expect_ok grep -q 'Connection: close' log

it 'takes a request in single bytes, and both kinds of SOCKS5 address'
hostile 'print(status(ask([bytes([b]) for b in b"GET http://ok.test/slow HTTP/1.1\r\n\r\n"])))
def socks(address):
    s = socket.create_connection(("127.0.0.1", 3128)); s.settimeout(20)
    s.sendall(b"\5\1\0"); print(s.recv(2))
    s.sendall(b"\5\1\0" + address + b"\0\x50"); r = s.recv(10); print(r[1])
    return s
socks(b"\3\7ok.test"); socks(b"\1\x7f\0\0\1"); socks(b"\3\2\0\0")
s = socket.create_connection(("127.0.0.1", 3128)); s.sendall(b"\5\1\2"); print(s.recv(2))'
expect_out "200
b'\\x05\\x00'
0
b'\\x05\\x00'
2
b'\\x05\\x00'
1
b'\\x05\\xff'"

it 'carries half-closed connections to their end'
hostile 's = socket.create_connection(("127.0.0.1", 3128)); s.settimeout(20)
s.sendall(b"CONNECT ok.test:80 HTTP/1.1\r\n\r\n"); s.recv(100)
s.sendall(b"ECHO" + b"x" * 3000000); s.shutdown(socket.SHUT_WR)
print(s.makefile("rb").read().split()[-1].decode())'
expect_out 3000004

it 'serves a thousand at once'
hostile 'import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
c = []
for i in range(1000):
    s = socket.create_connection(("127.0.0.1", 3128)); s.settimeout(60)
    s.sendall(b"CONNECT ok.test:80 HTTP/1.1\r\n\r\n"); c.append(s)
for s in c:
    assert b" 200 " in s.recv(100)
for s in c: s.sendall(b"GET / HTTP/1.0\r\n\r\n")
print(sum(b"served" in s.makefile("rb").read() for s in c))'
expect_out 1000

it 'tells no more refusals than anybody reads'
run agent-sandbox --allow ok.test --report "$T_DIR/told" python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(20)
for i in range(10050):
    s.sendto(b"\0\0\1\0\0\1\0\0\0\0\0\0\1x\4evil\0\0\1\0\1",
        ("127.0.0.1", 53)); s.recv(512)'
[ "$(grep -c sandbox.deny "$T_DIR/told")" -eq 10000 ] || fail 'it told more'

it 'is not kept from its work by clients that say nothing'
hostile 'idle = [socket.create_connection(("127.0.0.1", 3128)) for i in range(300)]
print(status(ask(b"GET http://ok.test/ HTTP/1.1\r\n\r\n")))'
expect_out 200

done_testing
