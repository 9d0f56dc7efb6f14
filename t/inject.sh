# shellcheck shell=sh disable=SC2034
# inject.sh: a host behind the credential broker, after lib.sh:
#
#	. "$T_SRC/t/inject.sh"
#	inject 'curl "$U/x"' [OPTION...]
#
# Starts a server at $UP that logs requests to ./log and echoes the secret.
# `inject` runs a shell line in a sandbox under $RULE, which is $RULE_1 at
# first: the endpoint $U of $UP/v1 with the secret $KEY.

cat >server.py <<'EOT'
import http.server, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def body(self):
        if not self.headers.get("Transfer-Encoding"):
            left = int(self.headers.get("Content-Length") or 0)
            while left:
                d = self.rfile.read(min(left, 1 << 20)); left -= len(d); yield d
                if not d: sys.exit()
            return
        while True:
            n = int(self.rfile.readline() or sys.exit(), 16)
            d = self.rfile.read(n); self.rfile.readline(); yield d
            if n == 0: return
    def chunk(self, d):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(d), d))
    def begin(self, status, *fields):
        self.send_response(status)
        for k, v in fields: self.send_header(k, v)
        self.end_headers()
    def answer(self):
        n, first = 0, b""
        for d in self.body():
            n += len(d); first = first or d
        with open("log", "a") as f:
            f.write("%s %s %d\n%sHTTP\n" % (self.command, self.path, n, self.headers))
        key = self.headers.get("Authorization", ""); where = self.path.split("/")[-1]
        if where == "pieces":
            self.begin(200, ("X-Echo", key), ("Transfer-Encoding", "chunked"))
            for c in "key is %s, %s, sk-%s\n" % (key, key[7:-1], key[7:14]):
                self.chunk(c.encode())
            self.chunk(b""); return
        if where == "turns":
            # the next line only after the client has said that it has the last
            self.begin(200, ("Transfer-Encoding", "chunked"))
            for i in range(5):
                self.chunk(b"data: %d\n\n" % i)
                while not os.path.exists("ws/got%d" % i): time.sleep(0.01)
            self.chunk(b""); return
        if where == "much":
            size = int(self.headers.get("X-Size"))
            self.begin(200, ("Content-Length", str(size << 20)))
            try:
                for i in range(size): self.wfile.write(b"x" * (1 << 20))
            except OSError: sys.exit()
            return
        if where == "cut":
            self.begin(200, ("Content-Length", "1000")); self.wfile.write(b"begun\n")
            self.close_connection = True; return
        if where == "size": first = b"%d\n" % n
        out = b"key is " + key.encode() + b"\n" + first[:100]
        field = {"away": "https://elsewhere.test/x", "here": UP + "/v1/x"}.get(where)
        self.begin(401 if where == "once" and "old" in key else 200,
            ("Content-Length", str(len(out))), *([("Location", field)] if field else []))
        if self.command != "HEAD": self.wfile.write(out)
    do_GET = do_POST = do_HEAD = do_PUT = answer
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024; daemon_threads = True
s = Server(("127.0.0.1", 0), Handler); UP = "http://127.0.0.1:%d" % s.server_port
open("port.tmp", "w").write(str(s.server_port)); os.rename("port.tmp", "port")
s.serve_forever()
EOT
background python3 server.py
await 20 test -e port
PORT=$(cat port)
UP=http://127.0.0.1:$PORT
KEY=sk-the-secret-key
export KEY
RULE_1="U=$UP/v1: Authorization: Bearer {key_env KEY}"
RULE=$RULE_1
mkdir ws
: >log

inject() {
	inject_line=$1
	shift
	run agent-sandbox -C ws --inject "$RULE" "$@" sh -c "$inject_line"
}
