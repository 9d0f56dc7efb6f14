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

it 'a key that nobody mentioned does not'
cat >"$HOME/.config/agent/config.yaml" <<'END'
providers:
  far: { base_url: 'https://models.example.com/v1', key_env: FAR_KEY }
END
fake codex codex-text
sed -i 's,chat/m,far/m,' agents.yaml
run env FAR_KEY=sk-1 agent-spawn -a codex go
expect_status 78
expect_err_has 'key_env: FAR_KEY'

it 'has no network but its model'
fake exec codex-text 'ls /sys/class/net; cat /proc/net/dev | wc -l'
: >said
run agent-spawn -a exec go
expect_json 'last.data.text | test("3\n$")'

done_testing
