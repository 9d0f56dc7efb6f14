#!/bin/sh
# shellcheck disable=SC2016,SC2034 # scripts for another shell; attack.sh's
# Sockets: what listens on the host, and the proxy as a way round.
. "${0%/*}/lib.sh"
# shellcheck source=attack.sh
. "$T_SRC/t/attack.sh"

# Servers of the host, each of which says "broken" to whoever comes.
cat >server.py <<'EOF2'
import os, socket, sys, threading
def serve(s):
    s.listen(16)
    def loop():
        while True:
            c, _ = s.accept()
            c.sendall(b"HTTP/1.0 200 OK\r\n\r\nbroken\n")
            c.close()
    threading.Thread(target=loop, daemon=True).start()
def unix(name):
    s = socket.socket(socket.AF_UNIX); s.bind(name); serve(s)
base, x11 = sys.argv[1:]
for name in ("docker", "agent", "bus", "wayland-0", "pulse"):
    unix(base + "/" + name)
unix("\0" + base)
try:
    os.makedirs("/tmp/.X11-unix", exist_ok=True)
    unix(x11)
except OSError:
    pass	# another user's directory
ports = []
for family, address in ((socket.AF_INET, "127.0.0.1"),
                        (socket.AF_INET6, "::1"), (socket.AF_INET, "0.0.0.0")):
    try:
        s = socket.socket(family); s.bind((address, 0)); serve(s)
        ports.append(s.getsockname()[1])
    except OSError:
        ports.append(1)
with open(base + "/ports.tmp", "w") as f:
    print(*ports, file=f)
os.rename(base + "/ports.tmp", base + "/ports")
threading.Event().wait()
EOF2
X11=/tmp/.X11-unix/X$$
background python3 server.py "$SECRET" "$X11"
await 20 test -e "$SECRET/ports" || fail 'the servers do not run'
read -r TCP TCP6 ANY <"$SECRET/ports"
HOST_IP=$(python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    s.connect(("192.0.2.1", 9)); print(s.getsockname()[0])
except OSError: print("127.0.0.1")')
export TCP TCP6 ANY HOST_IP X11
ATTACK_OPTIONS='--env TCP --env TCP6 --env ANY --env HOST_IP --env X11
	--env SSH_AUTH_SOCK --env DBUS_SESSION_BUS_ADDRESS --env DOCKER_HOST
	--env XDG_RUNTIME_DIR --env WAYLAND_DISPLAY'

# connect FAMILY ADDRESS: a script that says what the server does.
connect() {
	cat <<-EOF2
	python3 -c 'import os, socket
	e = os.environ
	s = socket.socket(socket.$1)
	s.settimeout(5)
	s.connect($2)
	print(s.recv(100).decode())'
	EOF2
}

attack unix-docker "$(connect AF_UNIX 'e["DOCKER_HOST"][7:]')" \
	DOCKER_HOST="unix://$SECRET/docker"
attack unix-ssh-agent "$(connect AF_UNIX 'e["SSH_AUTH_SOCK"]')" \
	SSH_AUTH_SOCK="$SECRET/agent"
attack unix-dbus "$(connect AF_UNIX 'e["DBUS_SESSION_BUS_ADDRESS"][10:]')" \
	DBUS_SESSION_BUS_ADDRESS="unix:path=$SECRET/bus"
attack unix-wayland "$(connect AF_UNIX \
	'e["XDG_RUNTIME_DIR"] + "/" + e["WAYLAND_DISPLAY"]')" \
	XDG_RUNTIME_DIR="$SECRET" WAYLAND_DISPLAY=wayland-0
attack unix-x11 "$(connect AF_UNIX 'e["X11"]')"
attack unix-x11-abstract "$(connect AF_UNIX '"\0" + e["SECRET"]')"
attack loopback-tcp "$(connect AF_INET '("127.0.0.1", int(e["TCP"]))')"
attack loopback-tcp6 "$(connect AF_INET6 '("::1", int(e["TCP6"]))')"
attack loopback-mapped "$(connect AF_INET6 \
	'("::ffff:127.0.0.1", int(e["TCP"]))')"
attack own-address "$(connect AF_INET '(e["HOST_IP"], int(e["ANY"]))')"
attack unspecified "$(connect AF_INET '("0.0.0.0", int(e["ANY"]))')"

# the network of the host has its abstract sockets; Landlock, where it can,
# keeps them out
if agent-sandbox --check | grep -q 'Landlock ABI \([6-9]\|[1-9][0-9]\)'; then
	options=$ATTACK_OPTIONS
	ATTACK_OPTIONS="$ATTACK_OPTIONS --net host"
	attack unix-abstract-host "$(connect AF_UNIX '"\0" + e["SECRET"]')"
	it 'leaves abstract sockets that were made inside'
	run agent-sandbox --net host python3 -c 'import os, socket
s = socket.socket(socket.AF_UNIX); s.bind("\0mine" + str(os.getpid()))
s.listen(); c = socket.socket(socket.AF_UNIX); c.connect(s.getsockname())
print("fine")'
	expect_out fine
	ATTACK_OPTIONS=$options
fi

# with a network, asked of the proxy and by names for the same places
options=$ATTACK_OPTIONS
ATTACK_OPTIONS="$ATTACK_OPTIONS --allow *.test --allow ok.test:80
	--resolve sink.test:80:127.0.0.1:1"
proxy() {
	cat <<-EOF2
	python3 -c 'import os, socket, urllib.request
	p = os.environ.get("http_proxy", "")
	h = urllib.request.ProxyHandler({"http": p} if p else {})
	u = "http://$1/".replace("TCP", os.environ["TCP"]).replace(
	    "HOST", os.environ["HOST_IP"]).replace("ANY", os.environ["ANY"])
	print(urllib.request.build_opener(h).open(u, timeout=10).read().decode())'
	EOF2
}
for place in 127.0.0.1:TCP localhost:TCP 127.1:TCP 2130706433:TCP \
	0x7f000001:TCP 0177.0.0.1:TCP 0.0.0.0:ANY HOST:ANY '[::1]:ANY' \
	'[::ffff:127.0.0.1]:TCP' '[::ffff:7f00:1]:TCP' localhost.:TCP; do
	attack "proxy-ssrf $place" "$(proxy "$place")"
done
attack proxy-direct "$(connect AF_INET '("127.0.0.1", int(e["TCP"]))')"
attack unix-abstract-net "$(connect AF_UNIX '"\0" + e["SECRET"]')"
ATTACK_OPTIONS=$options

rm -f "$X11"
done_testing
