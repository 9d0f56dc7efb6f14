#!/bin/sh
# The credential broker: a secret that goes with requests and never inside.
# shellcheck disable=SC2016 # scripts for another shell
. "${0%/*}/lib.sh"

need python3 curl
need_sandbox
. "$T_SRC/t/inject.sh"

it 'puts the secret into requests, and nowhere else'
inject 'echo "$U"; curl -sS -H "X-Mine: a" "$U/x?q=1" -d hello'
expect_status 0
expect_out "http://127.0.0.1:3129/v1
key is Bearer *****************
hello"
expect_ok grep -q 'POST /v1/x?q=1 5' log
expect_ok grep -q 'Authorization: Bearer sk-the-secret-key' log
expect_ok grep -q 'X-Mine: a' log

it 'blanks it in headers of an answer, and cut into pieces'
inject 'curl -sSi "$U/pieces" | tr -d "\r" | grep -i "x-echo\|key is"'
expect_out "X-Echo: Bearer *****************
key is Bearer *****************, sk-the-secret-ke, sk-sk-the-"

it 'takes away what the command would put there, and other accounts'
: >log
inject 'curl -sS -H "Authorization: Bearer mine" -H "authorization: mine" \
	-H "X-Api-Key: mine" -H "Cookie: mine" -H "Accept-Encoding: gzip" \
	-H "X-HTTP-Method-Override: DELETE" "$U/x"'
expect_status 0
expect_not grep -q 'mine\|gzip\|DELETE' log

it 'keeps the secret out of the environment, also a copy of it'
KEY=sk-the-secret-key COPY=$KEY SECRET=$KEY
export COPY SECRET
inject 'env; cat /proc/*/environ /proc/*/cmdline 2>&1; :' --inherit-env \
	--env COPY
unset COPY SECRET
expect_status 0
expect_ok grep -q '^U=' "$T_DIR/out"
expect_not grep -q 'sk-the' "$T_DIR/out"

it 'lets pass only the host, the methods and the paths that are named'
: >log
RULE="U=$UP/v1 GET /v1/models /v1/a/: Authorization: Bearer {key_env KEY}"
inject 'for p in /models "/models?x=/../../" /models/x /a/b; do
	curl -s -o /dev/null -w "%{http_code} " "$U$p"; done
for p in /modelsx /x /a /models/../x /models/%2e%2E/x "/models/..\\x" \
	/a/..%2fx /models/.. /; do
	curl -s --path-as-is -o /dev/null -w "%{http_code} " "$U$p"; done
curl -s -o /dev/null -w "%{http_code} " "$U/models" -d x
curl -s -o /dev/null -w "%{http_code} " -H "Host: other.test" "$U/models"'
expect_out '200 200 200 200 403 403 403 403 403 403 403 403 403 405 421 '
expect_ok test "$(grep -c HTTP log)" = 4
RULE=$RULE_1

it 'follows no redirect; one to the host itself leads to the endpoint'
inject 'curl -sSi "$U/away" | tr -d "\r" | grep -i location
curl -sSi "$U/here" | tr -d "\r" | grep -i location'
expect_out "Location: https://elsewhere.test/x
Location: http://127.0.0.1:3129/v1/x"

it 'has a new secret when the old one is refused'
echo old >key
RULE="U=$UP/v1: Authorization: Bearer {key_cmd cat key; echo new >key}"
inject 'curl -sS "$U/once" -d again; curl -sS "$U/once" -d more'
expect_out 'key is Bearer ***
againkey is Bearer ***
more'
expect_ok test "$(grep -c 'POST /v1/once' log)" = 3

it 'does not run the command again and again'
echo old >key
RULE="U=$UP/v1: Authorization: Bearer {key_cmd echo old; echo >>runs}"
inject 'for i in 1 2 3 4; do
	curl -s -o /dev/null -w "%{http_code} " "$U/once"; done'
expect_out '401 401 401 401 '
expect_ok test "$(wc -l <runs)" = 2

it 'lets others through while the command runs, and ends with it'
mkfifo ws/fifo
RULE="U=$UP/v1: Authorization: Bearer {key_cmd if test -e asked; then
	cat ws/fifo; else echo old; : >asked; fi}"
inject 'curl -sS "$U/once" & curl -sS --max-time 30 "$U/x" &&
	echo new >fifo; wait'
expect_status 0
expect_out_has 'key is Bearer ***'
expect_ok grep -q 'Authorization: Bearer new' log
rm -f asked
inject 'curl -sS --max-time 0.3 "$U/once"; curl -sS "$U/x"'
expect_out 'key is Bearer ***'

it 'takes it from a descriptor'
RULE="U:4000=$UP: X-Key: {key_fd 7}"
echo from-a-descriptor >key
exec 7<key
inject 'echo $U; curl -sS "$U/x"; ls /proc/self/fd | wc -l'
exec 7<&-
expect_ok grep -q 'X-Key: from-a-descriptor' log
expect_out 'http://127.0.0.1:4000
key is 
4'

it 'runs nothing when the secret or the rule is not good'
for RULE in "U=$UP: Authorization: Bearer {key_env NONE}" \
	"U=$UP: Authorization: {key_cmd false}" "U=$UP: Authorization: sk-x" \
	"U=$UP: Host: {key_env KEY}" "U=$UP: A B: {key_env KEY}" "U=$UP" \
	"U=ftp://x: A: {key_env KEY}" "9=$UP: A: {key_env KEY}" \
	"U=$UP?x: A: {key_env KEY}" "U:80=$UP: A: {key_env KEY}" \
	"U=$UP get: A: {key_env KEY}"; do
	inject 'echo ran'
	expect_status 125
	expect_out ''
	expect_ok grep -q '^agent-sandbox: --inject: ' "$T_DIR/err"
	expect_not grep -q 'sk-x' "$T_DIR/err"
done
RULE="U=$UP/v1:
    Authorization:  Bearer {key_env KEY}"
inject 'echo $U'
expect_out 'http://127.0.0.1:3129/v1'
RULE=$RULE_1
inject true --net host
expect_status 125

it 'says in the report what was asked for, never the secret'
inject 'curl -s "$U/x" >/dev/null; curl -s -X PUT "$U/y" >/dev/null' \
	--report report
expect_ok jq -se 'map(select(.data.by == "inject").data) |
	.[0].path == "/v1/x" and .[0].method == "GET" and (.[0] | has("why") |
	not) and .[1].why == "method not allowed"' report
expect_not grep -q "$KEY" report

it 'is on the audit trail'
expect_ok jq -se 'last | .action == "sandbox.secret" and
	(.data.inject[0] | test("key_env KEY"))' \
	"$HOME/.local/state/agent/audit.ndjson"

it 'is named after the host, and can be written in a profile'
mkdir -p "$HOME/.config/agent" ws/.agent
cat >"$HOME/.config/agent/config.yaml" <<EOT
sandbox:
  mine:
    inject:
      - "$UP/v1: Authorization: Bearer {key_env KEY}"
EOT
run agent-sandbox -C ws -p mine sh -c 'echo $_127_0_0_1_URL'
expect_out 'http://127.0.0.1:3129/v1'

it 'a project cannot inject'
echo "sandbox: {mine: {inject: ['$UP: Authorization: {key_cmd touch ran}']}}" \
	>ws/.agent/config.yaml
run agent-sandbox -C ws -p mine sh -c 'echo ${_127_0_0_1_URL-none}'
expect_out none
expect_ok grep -q "cannot widen 'inject'" "$T_DIR/err"
expect_not test -e ran

done_testing
