#!/bin/sh
# agent-tool serve: tools for others, by the Model Context Protocol.
. "${0%/*}/lib.sh"

# ask LINE...: what is answered, sorted by id.
ask() {
	printf '%s\n' "$@" >asked
	run agent-tool serve ${tools:+"$tools"} <asked
	jq -cs 'sort_by(.id | tostring) | .[]' "$T_DIR/out" >"$T_DIR/sorted"
	mv "$T_DIR/sorted" "$T_DIR/out"
}
# request ID METHOD PARAMS: a line of it.
request() {
	printf '{"jsonrpc":"2.0","id":%s,"method":"%s","params":%s}' "$@"
}
tools=''
echo hello >f

it 'greets, and lists what is built in and works alone'
ask "$(request 1 initialize '{"protocolVersion":"2025-03-26"}')" \
	"$(request 2 initialize '{"protocolVersion":"1"}')" \
	'{"jsonrpc":"2.0","method":"notifications/initialized"}' \
	'{"jsonrpc":"2.0","id":3,"method":"ping"}' \
	'{"jsonrpc":"2.0","id":4,"method":"tools/list"}'
expect_status 0
expect_json 'length == 4 and all(.jsonrpc == "2.0")'
expect_json '.[0].result.protocolVersion == "2025-03-26" and
	.[0].result.capabilities.tools == {} and
	.[1].result.protocolVersion == "2025-06-18" and .[2].result == {}'
expect_json '.[3].result.tools | map({key: .name, value: .}) | from_entries |
	.read_file.annotations.readOnlyHint == true and
	.edit_file.annotations.idempotentHint == false and
	.read_file.inputSchema.required == ["path"] and
	(has("shell") or has("done") | not)'

it 'calls them, and tells a failure from a result'
read='"name":"read_file","arguments"'
ask "$(request 1 tools/call "{$read:{\"path\":\"f\"}}")" \
	"$(request 2 tools/call "{$read:{\"path\":\"no\"}}")" \
	"$(request 3 tools/call '{"name":"shell"}')"
expect_json '.[0].result == {content: [{type: "text", text: "hello\n"}],
	isError: false} and .[1].result.isError and
	(.[1].result.content[0].text | test("cannot open .no.")) and
	.[2].error.code == -32602'

it 'answers what is no request, and what it does not know'
ask 'garbage' '{"id":1}' '{"id":2,"method":"resources/list"}' \
	'{"method":"nothing"}' '{"id":9,"result":{}}'
expect_status 0
expect_json 'map([.id, .error.code]) ==
	[[1,-32600],[2,-32601],[null,-32700]]'

it 'serves what a file says'
mkdir t
cat >t/work <<'END'
#!/bin/sh
case $(jq -r .what) in
say) echo said ;;
fail) echo oh >&2; exit 3 ;;
much) yes | head -c 200000 ;;
leave) sleep 1009 & echo left ;;
hang) echo on >>begun; exec sleep 1009 ;;
esac
END
chmod +x t/work
jq -n --arg dir "$PWD" '[{name: "work", description: "Works.", timeout: 2,
	read_only: true, command: ["\($dir)/t/work"]}]' >tools.json
tools=tools.json
what() {
	request "$1" tools/call "{\"name\":\"work\",\"arguments\":{
\"what\":\"$2\"}}" | tr -d '\n'
}
ask '{"id":0,"method":"tools/list"}' "$(what 1 say)" "$(what 2 fail)" \
	"$(what 3 much)" "$(what 4 leave)" "$(what 5 hang)"
expect_status 0
expect_json '.[0].result.tools | length == 1 and
	.[0].inputSchema == {type: "object"}'
expect_json '.[1:] | map(.result) | map(.isError) ==
	[false, true, false, false, true] and
	(map(.content[0].text) | .[0] == "said\n" and
	.[1] == "oh\n\n[exit status 3]" and .[3] == "left\n" and
	(.[2] | length < 60000 and test("bytes left out")) and
	(.[4] | test("killed: out of time")))'
expect_not pgrep -f 'sleep 1009'

it 'ends a call that is cancelled, and all when it is told to go'
mkfifo in
exec 5<>in
background sh -c 'exec agent-tool serve tools.json <in >out'
pid=$!
rm -f begun
what 1 hang >&5
echo >&5
expect_ok await 20 test -s begun
echo '{"method":"notifications/cancelled","params":{"requestId":1}}' >&5
expect_ok await 20 sh -c '! pgrep -f "sleep 100[9]"'
what 2 hang >&5
echo >&5
expect_ok await 20 test "$(wc -l <begun)" -ge 1
kill -TERM "$pid"
expect_ok await 20 gone "$pid"
expect_ok await 20 sh -c '! pgrep -f "sleep 100[9]"'
exec 5>&-
expect_not grep -q '"id":1' out

it 'says what is wrong with the file'
run agent-tool serve absent.json
expect_status 66
echo '[{"name":"x"}]' >tools.json
run agent-tool serve tools.json
expect_status 65
expect_err_has "'tools.json': tool 'x' has no 'command'"
run agent-tool serve a b
expect_status 2

done_testing
