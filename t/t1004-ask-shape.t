#!/bin/sh
# agent-ask: what is made of an answer, what is put into a question: schemas,
# code blocks, attachments, keys that run out.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq
model_server \
	-e '{"match":"does not fit","text":"{\"name\":\"Eve\",\"age\":7}"}' \
	-e '{"match":"mend","text":"{\"name\":\"Eve\",\"age\":\"old\"}"}' \
	-e '{"match":"person","text":"{\"name\":\"Eve\",\"age\":7}"}' \
	-e '{"match":"fenced","text":"Here:\n```json\n{\"name\":\"Eve\",\"age\":7}\n```\n"}' \
	-e '{"match":"people","text":"{\"items\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"}' \
	-e '{"match":"code","text":"Try\n```sh\nls -l\n\n```\nor\n~~~\nfind\n~~~\nbye"}' \
	-e '{"match":"nofence","text":"all of it"}' \
	-e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL

sent() {
	tail -n 1 "$MODEL_LOG" | jq -e "$1" >/dev/null ||
		fail "sent otherwise than: $1
$(tail -n 1 "$MODEL_LOG" | head -c 1000)"
}

it 'prints JSON that fits the schema, on one line'
run agent-ask --schema 'name, age int' person
expect_status 0
expect_out '{"age":7,"name":"Eve"}'
sent '.body.response_format.json_schema.schema.required == ["name","age"]'

it 'finds it in a block of code'
run agent-ask --schema 'name, age int' fenced
expect_out '{"age":7,"name":"Eve"}'

it 'sends back what does not fit'
run agent-ask --schema 'name, age int' mend
expect_status 0
expect_out '{"age":7,"name":"Eve"}'
sent '.body.messages[-1].content | test("at /age: expected integer")'
sent '.body.messages | length == 3'

it 'gives up in the end, and prints nothing'
run agent-ask --schema 'name, age int' --schema-retries 0 mend
expect_status 65
expect_out ''
expect_err_has 'does not fit the schema: at /age'

it 'takes other spellings, files and many'
echo '{"type":"object","required":["name"]}' >s.json
run agent-ask --json-schema s.json person
expect_status 0
run agent-ask --schema-multi name people
expect_out '{"name":"a"}
{"name":"b"}'
run agent-ask --schema '{"type":7}' person
expect_status 65

it 'gives the value as a record, also of a stream'
run agent-ask --json --schema 'name, age int' person
expect_json '.[-1].data.value == {name:"Eve",age:7}'
printf 'person\nmend\n' >in
run agent-ask --lines --schema-retries 0 --schema 'name, age int' <in
expect_status 1
expect_json '.[0].data.value.age == 7 and .[1].type == "error" and
	.[1].data.status == 65'
run agent-ask --lines --schema 'name, age int' <in
expect_status 0
expect_json 'length == 2 and .[1].data.value.age == 7 and
	.[1].data.task.prompt == null'

it 'extracts the first block of code, or the last'
run agent-ask -x code
expect_status 0
printf 'ls -l\n\n' >want
expect_ok cmp want "$T_DIR/out"
run agent-ask --xl code
expect_out find
run agent-ask -x nofence
expect_out 'all of it'

it 'attaches pictures, documents, text and addresses'
printf '\211PNG\r\n\032\nxyz' >p.png
printf '%%PDF-1.4' >d.pdf
echo text >t.txt
run agent-ask -a p.png -a d.pdf -a t.txt -a https://x.test/a.jpg what
expect_status 0
b64=$(base64 <p.png)
sent '.body.messages[0].content | length == 5 and
	.[0].image_url.url == "data:image/png;base64,'"$b64"'" and
	.[1].file.filename == "d.pdf" and .[2].text == "text\n" and
	.[3].image_url.url == "https://x.test/a.jpg" and .[4].text == "what"'

it 'wants to know what a file is'
printf '\001\002\377' >blob
run agent-ask -a blob what
expect_status 65
expect_err_has 'say --at FILE MIMETYPE'
run agent-ask --at blob image/x-y what
sent '.body.messages[0].content[0].image_url.url ==
	"data:image/x-y;base64,AQL/"'
run agent-ask -a none what
expect_status 66

it 'asks for another key when one has run out'
kill "$MODEL_PID"
model_server -k new
echo old >key
model_provider chat "$MODEL_URL/v1" \
	"key_cmd: 'cat key; echo new >key; echo x >>runs'"
run agent-ask hi
expect_status 0
expect_out 'Hello from the model server.'
[ "$(wc -l <runs)" -eq 2 ] || fail "$(wc -l <runs) runs of key_cmd"

it 'does so once for all tasks of a stream'
echo old >key
: >runs
printf '1\n2\n3\n4\n' >in
run agent-ask --lines -j 4 <in
expect_status 0
[ "$(wc -l <runs)" -le 3 ] || fail "$(wc -l <runs) runs of key_cmd"

it 'says when the command for the key fails'
model_provider chat "$MODEL_URL/v1" 'key_cmd: exit 3'
run agent-ask hi
expect_status 77
expect_err_has 'key_cmd failed with status 3'

done_testing
