#!/bin/sh
# agent-ask -MD: make(1) knows what an answer depends on.
. "${0%/*}/lib.sh"
. "$T_SRC/t/model.sh"

need jq make
model_server -e '{"echo":true}'
AGENT_MODEL=test/x
export AGENT_MODEL

it 'names what the answer was made from'
echo text >a.txt
echo rules >rules
printf '\211PNG\r\n\032\nxyz' >p.png
echo '{"type":"string"}' >s.json
mkdir .agent
echo 'model: test/x' >.agent/config.yaml
echo '"hi"' >in
run agent-ask -MF out.d -f a.txt -a p.png -a https://x.test/a.jpg \
	--system-file rules hello <in
expect_status 0
for f in a.txt p.png rules in .agent/config.yaml \
	"$HOME/.config/agent/config.yaml"; do
	grep -q "$f" out.d || fail "out.d lacks $f: $(cat out.d)"
done
expect_not grep -q x.test out.d
expect_ok grep -q '^out: ' out.d
printf '"hi"' | agent-ask -MF s.d --schema s.json --schema-retries 0 - >o
expect_ok grep -q s.json s.d

it 'makes again what has changed, and nothing else'
rm -r .agent
cat >Makefile <<'M'
all: one.md two.md
%.md: %.txt
	agent-ask -MD -MP -MT $@ -f $< --system-file rules >$@.tmp
	mv $@.tmp $@
	echo $@ >>made
-include one.md.d two.md.d
M
echo 1 >one.txt
echo 2 >two.txt
run make -s
expect_status 0
expect_file made 'one.md
two.md'
: >made
run make -s
expect_file made ''
touch -d '2 seconds' rules
run make -s
expect_file made 'one.md
two.md'

it 'does not stop make when a file goes, with -MP'
: >made
mv rules laws
sed -i s/rules/laws/ Makefile
run make -s
expect_status 0
expect_file made 'one.md
two.md'

it 'writes names so that make reads them back'
# shellcheck disable=SC2016
for name in 'a b' 'a$b' 'a#b' 'a:b' 'a\b' 'a\ b' 'a%b' 'a\#b' 'a\\ b'; do
	echo x >"$name"
	touch -d '1 hour ago' "$name"
	run agent-ask --no-stdin -MF t.d -MT target -f "$name"
	expect_status 0
	printf 'target:; @echo made\n-include t.d\n' >names.mk
	touch target
	run make -s -f names.mk
	expect_out ''
	touch -d '1 hour' "$name"
	run make -s -f names.mk
	expect_out made
	rm target
done
run agent-ask --no-stdin -MF t.d -f "$(printf 'a\nb')"
expect_status 66
touch "$(printf 'a\nb')"
run agent-ask --no-stdin -MF t.d -f "$(printf 'a\nb')" hi
expect_status 65

it 'says nothing about an answer that failed'
rm t.d
run agent-ask --no-stdin -MF t.d -m test/x --timeout 0 hi
expect_status 124
expect_not test -e t.d

it 'wants a name for the target'
run agent-ask -MD hi
expect_status 2
run agent-ask -MX hi
expect_status 2
run agent-ask -MF
expect_status 2

done_testing
