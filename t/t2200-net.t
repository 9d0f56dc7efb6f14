#!/bin/sh
# The network by name: what is allowed is reached by every way, all else not.
# shellcheck disable=SC2016 # scripts for another shell
. "${0%/*}/lib.sh"

need python3 curl jq
need_sandbox

cat >server.py <<'EOF'
import http.server, os, socketserver
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(s):
        b = ("got %s %s" % (s.headers["Host"], s.path)).encode()
        open("log", "ab").write(b + b"\n")
        s.send_response(200)
        s.send_header("Content-Length", str(len(b)))
        s.end_headers()
        s.wfile.write(b)
    def log_message(s, *a):
        pass
class T(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
t = T(("127.0.0.1", 0), H)
open("port.tmp", "w").write(str(t.server_port))
os.rename("port.tmp", "port")
t.serve_forever()
EOF
background python3 server.py
await 20 test -e port
PORT=$(cat port)
mkdir ws

# net COMMAND...: in a sandbox that may reach ok.test and what is below it.
net() {
	run agent-sandbox -C ws --allow 'ok.test' --allow '*.below.test:80' \
		--deny secret.below.test \
		--resolve "ok.test:80:127.0.0.1:$PORT" \
		--resolve "a.below.test:80:127.0.0.1:$PORT" \
		--resolve "secret.below.test:80:127.0.0.1:$PORT" \
		--resolve "other.test:80:127.0.0.1:$PORT" "$@"
}

it 'lets an allowed host be reached by a proxy request'
net curl -sS http://ok.test/one
expect_out 'got ok.test /one'
it 'by CONNECT'
net curl -sS --proxytunnel http://ok.test/two
expect_out 'got ok.test /two'
it 'by SOCKS5'
net curl -sS -x socks5h://127.0.0.1:3128 http://ok.test/three
expect_out 'got ok.test /three'
it 'by a program that knows no proxy'
net curl -sS --noproxy '*' http://ok.test/four
expect_out 'got ok.test /four'
net python3 -c 'import socket
s = socket.create_connection(("ok.test", 80))
s.sendall(b"GET /five HTTP/1.0\r\nHost: ok.test\r\n\r\n")
print(s.makefile().read().split()[-2:])'
expect_out "['ok.test', '/five']"
it 'below a star, on its port'
net curl -sS http://a.below.test/six
expect_out 'got a.below.test /six'

rm -f log
it 'refuses another host, port, what is denied, whatever the way'
for url in http://other.test/ http://below.test/ http://a.below.test:81/ \
	http://secret.below.test/ "http://127.0.0.1:$PORT/" \
	"http://[::ffff:127.0.0.1]:$PORT/" "http://2130706433:$PORT/" \
	"http://0x7f.1:$PORT/" "http://localhost:$PORT/"; do
	net curl -sSf --noproxy '' "$url"
	expect_status 22
	net curl -sS --noproxy '' --proxytunnel "$url"
	expect_not test "$status" -eq 0
	net curl -sS --noproxy '*' "$url"
	expect_not test "$status" -eq 0
	net curl -sS --noproxy '' -x socks5h://127.0.0.1:3128 "$url"
	expect_not test "$status" -eq 0
done
expect_not test -e log

it 'says what would let it'
net sh -c 'curl -sSf http://other.test/; exit 1'
expect_err_has '--allow other.test:80 lets it'

it 'refuses a name that means a private address'
run agent-sandbox -C ws --allow localhost --allow '*' \
	curl -sSf --noproxy '' "http://localhost:$PORT/"
expect_status 22
expect_not test -e log
run agent-sandbox -C ws --allow "127.0.0.1:$PORT" \
	curl -sS --noproxy '' "http://127.0.0.1:$PORT/as-such"
expect_out "got 127.0.0.1:$PORT /as-such"

it 'asks no name server'
net python3 -c 'import socket
for n in ("example.com", "x.other.test"):
    try: print(socket.getaddrinfo(n, 80))
    except OSError: print("unknown")'
expect_out 'unknown
unknown'

it 'records each connection'
net --report 1 curl -s -o /dev/null http://ok.test/
expect_json 'map(select(.type == "sandbox.connect").data) | length == 1 and
	.[0].host == "ok.test" and .[0].port == 80'
net --report 1 curl -s -o /dev/null http://other.test/
expect_json 'map(select(.type == "sandbox.deny").data.host) == ["other.test"]'

it 'tells what to allow, and what allowing would not mend'
net sh -c 'curl -s http://other.test/ >/dev/null; exit 1'
expect_err_has '--allow other.test:80 lets it'
run agent-sandbox -C ws --allow gone.test --resolve gone.test:80:127.0.0.1:1 \
	sh -c 'curl -s http://gone.test/ >/dev/null; exit 1'
expect_err_has 'could not connect to gone.test:80: it cannot be reached'
expect_err_lacks '--allow'

it 'keeps loopback servers of the sandbox apart'
net python3 -c 'import http.server, threading, urllib.request
s = http.server.HTTPServer(("127.0.0.1", 8000),
    http.server.SimpleHTTPRequestHandler)
threading.Thread(target=s.handle_request).start()
if urllib.request.urlopen("http://127.0.0.1:8000/").status == 200:
    print("fine")'
expect_out fine

it 'lets in a port of the host'
run agent-sandbox -C ws --host-port "$PORT" \
	curl -sS "http://127.0.0.1:$PORT/host"
expect_out "got 127.0.0.1:$PORT /host"

it 'publishes a port'
free=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
background agent-sandbox -C ws --publish "$free:8000" \
	python3 -m http.server -b 127.0.0.1 8000 >/dev/null 2>&1
echo inside >ws/file
await 20 curl -sf -o /dev/null "http://127.0.0.1:$free/file" ||
	fail 'nobody answers'
run curl -sS "http://127.0.0.1:$free/file"
expect_out inside

it 'refuses rules that it does not understand'
for rule in 'a b' 'a:99999' '*x.test' 'http://ok.test' ''; do
	[ -n "$rule" ] || continue
	run agent-sandbox -C ws --allow "$rule" true
	expect_status 125
done

done_testing
