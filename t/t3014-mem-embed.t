#!/bin/sh
# agent-mem embed: refusals, the background, another model, agent-ask.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq sqlite3

. "$T_SRC/t/embedder.sh"

it 'goes on when a text is refused, and says so'
cat >picky <<'END'
#!/usr/bin/perl
while (<STDIN>) {
	my $long = /long/;
	print $long ? '{"type":"error","data":{"error":{"message":"too long"}}}' :
		'{"embedding":[1,2,3],"model":"new"}', "\n";
	$status ||= $long;
}
exit $status;
END
chmod +x picky
agent-mem -f p.db add 'short' >/dev/null
agent-mem -f p.db add 'a long one' >/dev/null
agent-mem -f p.db add 'another' >/dev/null
run agent-mem -f p.db embed --embedder ./picky --format ndjson
expect_status 1
expect_json 'last.data.count == 2'
expect_err_has 'refused a note: too long'

it 'embeds in the background what was added, and after a new model all'
AGENT_EMBEDDER=$PWD/embedder agent-mem -f b.db add 'the dog barks' >/dev/null
# embedded MODEL COUNT
embedded() {
	[ "$(sqlite3 b.db "select count(*) from vector v join model m
		on m.id = v.model where m.name = '$1'")" = "$2" ]
}
await 20 embedded toy 1 || fail 'not embedded'
run agent-mem -f b.db embed --embedder ./embedder --format ndjson
expect_json 'last.data.count == 0'
sed 's/toy/bigger/' embedder >embedder2
chmod +x embedder2
AGENT_EMBEDDER=$PWD/embedder2 agent-mem -f b.db search dog >/dev/null
await 20 embedded bigger 1 || fail 'not embedded anew'
AGENT_EMBEDDER=$PWD/broken agent-mem -f b.db add 'kept all the same' >/dev/null
run agent-mem -f b.db search kept
expect_status 0
run agent-mem -f b.db embed --embedder ./embedder2 --format ndjson
expect_json 'last.data.count == 1'
run agent-mem -f b.db vacuum
run agent-mem -f b.db search --exact --embedder ./embedder2 --format ndjson kitten
expect_json '.[0].text == "the dog barks"'

it 'works with agent-ask, also when that refuses a note'
model_server -e '{"match":"toolong","status":400,"body":{"error":{"code":"context_length_exceeded","message":"too long"}}}'
agent-mem -f r.db add 'four words are here' >/dev/null
agent-mem -f r.db add 'this is toolong' >/dev/null
agent-mem -f r.db add 'five words are here too' >/dev/null
run agent-mem -f r.db embed --embedder 'agent-ask --embed -m test/e' --format ndjson
expect_status 1
expect_json 'last.data.count == 2'
expect_err_has 'refused a note'
run agent-mem -f r.db search --exact --embedder 'agent-ask --embed -m test/e' \
	--explain --format ndjson here
expect_status 0
expect_json '.[0].explain.vector_rank >= 1'

done_testing
