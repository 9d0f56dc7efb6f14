#!/bin/sh
# Where rules come from, and who may widen them.
# shellcheck disable=SC2016,SC2088 # scripts for another shell
. "${0%/*}/lib.sh"

need jq
need_sandbox
mkdir -p "$HOME/.config/agent" ws/.agent
USER_FILE=$HOME/.config/agent/config.yaml
WS_FILE=ws/.agent/config.yaml

explain() {
	run agent-sandbox -C ws --explain "$@"
}

it 'has profiles for all purposes, each of which starts'
for profile in agent build claude codex fetch gemini offline opencode test; do
	run agent-sandbox -C ws --profile "$profile" true
	[ "$status" -eq 0 ] || fail "$profile: $(cat "$T_DIR/err")"
done

it 'knows no other'
explain --profile nosuch
expect_status 125
expect_err "agent-sandbox: there is no profile 'nosuch'"

it 'lays the profile over what is built in, options over both'
cat >"$USER_FILE" <<'EOF'
sandbox:
  default: {mem_limit: 1G, paths: {hide: [.env]}}
  mine:
    extends: [fetch, default]
    net: ["a.test:443"]
    pids: 77
EOF
explain
expect_json '.[0] | .mem_limit == 1073741824 and .paths.hide == [".env"]'
explain --profile mine --memory 2G
expect_json '.[0] | .mem_limit == 2147483648 and .pids == 77 and
	.net == "allow" and (.allow | index("a.test:443")) and .read_only'

it 'lets the workspace take away'
cat >"$WS_FILE" <<'EOF'
sandbox:
  mine: {mem_limit: 512M, allow: ["a.test:443"], paths: {hide: [secret]}}
EOF
explain --profile mine
expect_err ''
expect_json '.[0] | .mem_limit == 536870912 and .allow == ["a.test:443"] and
	.paths.hide == [".env", "secret"]'

it 'does not let it give itself anything'
cat >"$WS_FILE" <<'EOF'
sandbox:
  default:
    privileged: true
    net: host
    mem_limit: 8G
    inherit_env: true
    seccomp: none
    git: write
    taint: "off"
    nested: true
    env: [SECRET]
    paths: {ro: [/root], rw: [/], hide: []}
EOF
explain
expect_status 0
expect_json '.[0] | .privileged == false and .net == "none" and
	.mem_limit == 1073741824 and .inherit_env == false and
	.seccomp == "default" and .git == "commit" and .taint == "warn" and
	.nested == false and .env == [] and .paths.ro == [] and
	.paths.rw == [] and .paths.hide == [".env"]'
for key in privileged net mem_limit env paths.rw seccomp taint; do
	expect_err_has "cannot widen '$key'"
done

it 'tells mistakes'
for text in 'default: {memory: 1G}' 'default: {mem_limit: lots}' \
	'default: {paths: {rwx: [a]}}' 'default: {net: some}' 'default: []' \
	'default: {extends: default}' 'default: {extends: nosuch}' \
	'default: {pids: -1}'; do
	printf 'sandbox:\n  %s\n' "$text" >"$USER_FILE"
	rm -f "$WS_FILE"
	explain
	[ "$status" -eq 125 ] || fail "$text: status $status"
done
rm "$USER_FILE"

it 'shows caches, keeps what is written to them apart'
mkdir -p "$HOME/.cache/uv"
echo old >"$HOME/.cache/uv/file"
run agent-sandbox -C ws --profile build sh -c 'cat ~/.cache/uv/file
	echo poison >~/.cache/uv/file'
expect_out old
expect_ok grep -qx old "$HOME/.cache/uv/file"
run agent-sandbox -C ws --cache '~/.cache/uv' sh -c 'cat ~/.cache/uv/file'
expect_out poison

it 'says and records what is not confined'
run agent-sandbox -C ws --privileged sh -c 'test -e "$0" && echo seen' "$T_SRC"
expect_out seen
expect_err_has 'not confined'
expect_ok grep -q '"sandbox.privileged"' ws/.agent/audit.ndjson

done_testing
