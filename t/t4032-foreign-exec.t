#!/bin/sh
# agent-spawn: any program as an agent; what a foreign agent sees.
. "${0%/*}/lib.sh"
# shellcheck source=t/foreign.sh
. "$T_SRC/t/foreign.sh"
need_sandbox

it 'text on standard output is the answer'
fake exec codex-text
printf 'Two\nlines.\n' >said
run agent-spawn -a exec 'the task'
expect_status 0
expect_json 'last.data.text == "Two\nlines.\n"'
expect_file in 'the task'

it 'records on standard output are its records, but in our name'
fake exec codex-text
cat >said <<'END'
{"specversion":"1.0","id":"1","source":"/user/root","run":"x","type":"progress","data":{"text":"half"}}
{"specversion":"1.0","id":"2","source":"/x","type":"own.type","data":{"n":1}}
{"specversion":"1.0","id":"3","source":"/x","type":"model.usage","data":{"input_tokens":5,"output_tokens":2}}
words between
{"specversion":"1.0","id":"4","source":"/x","type":"result","data":{"status":0,"text":"42"}}
END
run agent-spawn -a exec go
expect_status 0
expect_json 'all(.source == "/agent/exec") and
	(map(.run) | unique | length) == 1'
expect_json 'any(.type == "own.type" and .data.n == 1) and
	any(.type == "log" and .data.text == "words between")'
expect_json 'last.data | .text == "42" and .usage.input_tokens == 5'

it 'a result that says that it failed'
cat >said <<'END'
{"specversion":"1.0","id":"4","source":"/x","type":"result","data":{"status":75,"text":"","message":"later"}}
END
run agent-spawn -a exec go
expect_status 75
expect_err 'agent-spawn: exec: later'

it 'records without a result are no end'
cat >said <<'END'
{"specversion":"1.0","id":"1","source":"/x","type":"progress","data":{"text":"half"}}
END
run agent-spawn -a exec go
expect_status 76

it 'its own status is passed on; no answer is none'
fake exec codex-text 'exit 3'
: >said
run agent-spawn -a exec go
expect_status 3
fake exec codex-text
: >said
run agent-spawn -a exec go
expect_status 1
expect_err 'agent-spawn: exec answered nothing'

it 'sees the workspace and a home of its own, nothing of ours'
# shellcheck disable=SC2016
fake exec codex-text 'pwd; echo $HOME; ls -A $HOME; ls .agent 2>&1
	env | grep -c SECRET; echo kept >$HOME/kept; echo new >file'
: >said
rm -rf .agent
run env SECRET_KEY=x agent-spawn -a exec go
expect_status 0
expect_json "last.data.text == \"$PWD\\n/run/home\\nAGENTS.md\\n0\\n\""
expect_file file new
expect_ok grep -qx kept .agent/runs/*/home/kept

it 'plan: changes nothing'
fake exec codex-text 'echo x >file2 || echo "as it should"'
sed -i 's/"$@" >args; cat >in/"$@" | cat >&2/' fake
: >said
run agent-spawn -a exec --permission-mode plan go
expect_json 'last.data.text == "as it should\n"'
expect_not [ -e file2 ]

it 'a key enters when it is said, and is shown nowhere'
# shellcheck disable=SC2016
fake exec codex-text 'echo "$MY_KEY" | tee out-key; echo "$MY_KEY" >&2
	exit 1' 'key_env: MY_KEY'
: >said
run env MY_KEY=sk-12345 agent-spawn -a exec go
expect_status 1
expect_file out-key sk-12345
expect_out_lacks sk-12345
expect_err_lacks sk-12345
expect_not grep -q sk-12345 .agent/journal.ndjson
run agent-spawn -a exec go
expect_status 77

it 'the key of its model stays outside, and is used'
cp "$T_SRC/t/model.sh" .
# shellcheck source=t/model.sh
. ./model.sh
model_server -e '{"text":"hi"}'
model_provider chat "$MODEL_URL/v1" "key_env: TEST_API_KEY"
# shellcheck disable=SC2016
fake codex codex-text 'echo "$AGENT_MODEL_URL" >url; env >seen
	curl -sS -o answer "$AGENT_MODEL_URL/chat/completions" -d "{}"
	curl -s -o no -w "%{http_code}" "${AGENT_MODEL_URL%/v1}/v2" >status
	cat "$HOME/.codex/config.toml" >>seen'
sed -i 's,chat/m,test/m,' agents.yaml
run env TEST_API_KEY=sk-54321 agent-spawn -a codex go
expect_status 0
expect_file url http://127.0.0.1:8317/v1
expect_file status 403
expect_ok grep -q 'Bearer sk-54321' "$MODEL_LOG"
expect_ok grep -q 'base_url = "http://127.0.0.1:8317/v1"' seen
expect_not grep -rq sk-54321 seen said .agent
expect_not grep -q "$MODEL_PORT" seen

it 'is shown how it would be started, and is not'
rm -rf .agent args
run env TEST_API_KEY=sk-54321 agent-spawn -a codex --dry-run go
expect_status 0
expect_json 'last | .input == "go" and (.command | index("--inject")) and
	(.home[".codex/config.toml"] | test("8317"))'
expect_out_lacks sk-54321
expect_not test -e .agent
expect_not test -e args

it 'has no network but its model'
fake exec codex-text 'ls /sys/class/net; cat /proc/net/dev | wc -l'
: >said
run agent-spawn -a exec go
expect_json 'last.data.text | test("3\n$")'

it 'shows nothing more of the host for a program in /bin'
cat >agents.yaml <<END
agents:
  - id: bin
    type: exec
    command: [/bin/sh, -c, "cat >/dev/null; ls -d $T_DIR/bin; echo ran"]
END
run agent-spawn -a bin --format ndjson x
expect_json 'last.data.text == "ran\n"'

done_testing
