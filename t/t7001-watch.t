#!/bin/sh
# agent-watch: what each record looks like, filters, input.
. "${0%/*}/lib.sh"

TZ=UTC
export TZ
today=$(date -u +%Y-%m-%d)

# rec SECOND SOURCE TYPE DATA [MORE]: a record of today.
rec() {
	printf '{"specversion":"1.0","id":"x%s","source":"%s","type":"%s",' \
		"$1" "$2" "$3"
	printf '"time":"%sT08:00:%s.5Z",%s"data":%s}\n' \
		"$today" "$1" "${5-}" "$4"
}

{
	rec 01 /agent/dev agent.start '{"model":"a/b","task":"Fix\nit."}'
	rec 02 /agent/dev model.message \
		'{"message":{"content":"First,\n\nI look."},"finish":"tools"}'
	rec 03 /agent/dev model.usage '{"input_tokens":12345,
"output_tokens":7,"cached_tokens":100,"cost_usd":0.5}' | tr -d '\n'
	echo
	rec 04 /agent/dev tool.call \
		'{"name":"shell","arguments":{"timeout":9,"command":"make test"}}'
	rec 05 /agent/dev tool.result '{"name":"shell","ok":false,"status":2,
"output":"one\ntwo\n","duration_ms":1500}' | tr -d '\n'
	echo
	rec 06 /agent/rev tool.result \
		'{"name":"edit","ok":true,"status":0,"output":"fine"}' \
		'"run":"R2","task":"check",'
	rec 07 /user/anna strange '{"n":1}'
	rec 08 /agent/dev result '{"status":0,"text":"Fixed.","turns":1,
"usage":{"input_tokens":3},"duration_ms":20}' | tr -d '\n'
	echo
	rec 09 /agent/dev result '{"status":4,"reason":"turns","text":""}'
	rec 10 /agent/dev error '{"kind":"io","message":"full"}'
	rec 11 /agent/dev model.delta '{"text":"Fi"}'
} >records

it 'prints a line for each record'
run agent-watch records
expect_status 0
# shellcheck disable=SC2016 # dollars are meant
expect_out '08:00:01 dev  start   a/b  Fix it.
08:00:02 dev  says    First, I look.
08:00:03 dev  tokens  12.3k in, 100 of it cached, 7 out, $0.5000
08:00:04 dev  call    shell  make test timeout: 9
08:00:05 dev  failed  shell, exit 2, 1.5 s: one two
08:00:06 rev:check  ok      edit: fine
08:00:07 anna       other   strange: {"n":1}
08:00:08 dev        done    1 turn, 3 in, 20 ms: Fixed.
08:00:09 dev        failed  turns
08:00:10 dev        error   io: full'
expect_err ''

it 'prints all text with -v, indented'
run agent-watch -v -t model.message,tool.call records
expect_out '08:00:02 dev  says
    First,

    I look.
08:00:04 dev  call    shell
    make test
    timeout: 9'

it 'cuts to a width, at the end that says less'
run agent-watch -w 30 -t 'tool.*' records
expect_out '08:00:04 dev  call    shell  make test timeou…
08:00:05 dev  failed  shell, exit 2, 1.5 s
08:00:06 rev:check  ok      edit: fine'

it 'shows an edit as what goes and what comes'
rec 01 /agent/dev tool.call '{"name":"edit_file","arguments":
{"new_text":"b\nc","old_text":"a","path":"x.c"}}' | tr -d '\n' >edit
run agent-watch -v edit
expect_out '08:00:01 dev  call    edit_file
    x.c
    - a
    + b
    + c'

it 'does not show that "done" was called well'
rec 01 /agent/dev tool.result '{"name":"done","ok":true}' >called
run agent-watch called
expect_out ''

it 'shows pieces of answers when asked for'
run agent-watch -t model.delta records
expect_out '08:00:11 dev  ...     Fi'

it 'passes lines on byte for byte'
run agent-watch --json records
expect_ok cmp -s records "$T_DIR/out"

it 'filters by agent, run, task, type and time'
run agent-watch --json -a rev records
expect_json 'length == 1'
run agent-watch --json -r R records
expect_json 'length == 1'
run agent-watch --json --task check -a /agent/rev,x records
expect_json 'length == 1'
run agent-watch --json --since "${today}T08:00:03Z" \
	--until "${today}T08:00:05Z" records
expect_json 'map(.id) == ["x03", "x04"]'
run agent-watch --json --until 3h --since 4h records
expect_status 0

it 'tells runs of one agent at one time apart, until they end'
for r in A B A B; do
	rec 01 /agent/dev log '{"message":"'$r'"}' '"run":"'$r'",'
done >runs
rec 02 /agent/dev result '{"status":0}' '"run":"A",' >>runs
rec 03 /agent/dev log '{"message":"C"}' '"run":"C",' >>runs
run agent-watch runs
expect_out '08:00:01 dev  log     A
08:00:01 dev#2  log     B
08:00:01 dev    log     A
08:00:01 dev#2  log     B
08:00:02 dev    done
08:00:03 dev    log     C'

it 'says when another day begins'
echo '{"type":"log","time":"2001-02-03T04:05:06Z","data":{"message":"x"}}' >old
run agent-watch old
expect_out '--- 2001-02-03 ---
04:05:06 ?    log     x'

it 'reports bad lines by number and goes on'
printf '%s\n' 'no' '{"type":"log","data":{"message":"x"}}' '[]' >lines
run agent-watch <lines
expect_status 65
expect_out '--:--:-- ?    log     x'
expect_err_has 'agent-watch: standard input: line 1: not JSON' \
	'agent-watch: standard input: line 3: not an object but array, skip'

it 'lets nothing steer the terminal'
printf '{"type":"%s","source":"%s","data":{"message":"%s"}}\n' \
	log 'a\u001b[31m\nb' 'x\u001b]0;t\u0007y\u202ez\n08:00 root' \
	'u\u009b2J' w 'k' >bad
run agent-watch bad
expect_out '--:--:-- a b  log     xy�z 08:00 root
--:--:-- w    other   u: {"message":"k"}'
run agent-watch -v bad
expect_out '--:--:-- a b  log
    xy�z
    08:00 root
--:--:-- w    other   u: {"message":"k"}'

it 'uses colours when told, and only then'
run agent-watch --color always -t error records
expect_ok grep -q "$(printf '\033')\\[31merror" "$T_DIR/out"
run agent-watch --color auto records
expect_not grep -q "$(printf '\033')" "$T_DIR/out"

it 'refuses what it does not know'
run agent-watch --color blue records
expect_status 2
run agent-watch --since lately records
expect_status 2
run agent-watch a b
expect_status 2

done_testing
