#!/bin/sh
# agent-spawn: what goose says, as records.
. "${0%/*}/lib.sh"
# shellcheck source=t/foreign.sh
. "$T_SRC/t/foreign.sh"
need jq
need_sandbox

it 'gives its answer, its calls and results, its usage'
fake goose goose-tools
run agent-spawn -a goose go
expect_status 0
expect_json 'last.data | .text == "One file." and .usage.cost_usd == 0.1'
expect_json 'any(.type == "tool.call" and .data.name == "developer__shell") and
	any(.type == "tool.result" and .data.ok and .data.output == "one.txt")'
expect_file in go

it 'its last line is the same after an error, which is a failure'
fake goose goose-error
run agent-spawn -a goose go
expect_status 1
expect_json 'last.data | .reason == "failed" and
	(.message | contains("500 Internal"))'
expect_json 'any(.type == "tool.result" and .data.ok == false and
	.data.output == "it was not run") and any(.type == "log" and
	.data.text == "content systemNotification") and
	any(.type == "progress" and .data.text == "Let me see.")'

it 'without its last line it has not ended'
head -5 "$T_SRC/t/fixtures/foreign/goose-tools.jsonl" >said
run agent-spawn -a goose go
expect_status 76
expect_json 'last.data.text == "One file."'

it 'keeps no session, so its task is what it is told again'
fake goose goose-tools '' 'check: ./good'
printf '#!/bin/sh\ngrep -q Mend in\n' >good
chmod +x good
run agent-spawn -a goose 'do it'
expect_status 0
expect_ok grep -q 'do it' in
expect_ok grep -q 'Mend that' in

done_testing
