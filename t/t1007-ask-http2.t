#!/bin/sh
# agent-ask over TLS: the certificate is checked against the right authorities;
# many tasks share few connections where the server speaks HTTP/2.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq openssl nghttpd strace
unset CURL_CA_BUNDLE SSL_CERT_FILE
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem \
	-days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
	2>/dev/null || skip_all 'openssl makes no certificate'

# It answers a POST with the file; -m: streams on one connection.
mkdir -p site/v1/chat "$HOME/.config/agent"
cat >site/v1/chat/completions <<'EOF'
{"choices":[{"index":0,"finish_reason":"stop",
"message":{"role":"assistant","content":"hello"}}]}
EOF
port=$(awk -v p=$$ 'BEGIN { print 20000 + p % 10000 }')
background nghttpd -a 127.0.0.1 -d site -m 100 "$port" key.pem cert.pem \
	>/dev/null 2>&1
listens() {
	curl -sk "https://127.0.0.1:$port/v1/chat/completions" >/dev/null
}
await 20 listens || skip_all 'nghttpd does not start'
model_provider chat "https://127.0.0.1:$port/v1"
awk 'BEGIN { for (i = 0; i < 600; i++) print "hello " i }' >in

it 'does not talk to a server that nobody vouches for'
run agent-ask -m test/x --no-stdin --no-stream hi
expect_status 76
expect_err_has certificate

for name in CURL_CA_BUNDLE SSL_CERT_FILE; do
	it "takes the authorities of $name"
	run env "$name=$PWD/cert.pem" agent-ask -m test/x --no-stdin \
		--no-stream hi
	expect_status 0
	expect_out hello
done

it 'asks many over few connections of HTTP/2'
CURL_CA_BUNDLE=$PWD/cert.pem
export CURL_CA_BUNDLE
run strace -qq -e trace=connect -o calls agent-ask -m test/x --lines -j 300 \
	--no-stream --unordered <in
expect_status 0
expect_json 'length == 600 and all(.[]; .data.text == "hello")'
count=$(grep -c "htons($port)" calls)
[ "$count" -le 12 ] || fail "$count connections"

done_testing
