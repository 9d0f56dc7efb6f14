#!/bin/sh
# agent-tool: reading, writing and editing files.
. "${0%/*}/lib.sh"

# tool NAME ARGUMENTS: a call as agent-spawn makes it.
tool() {
	printf '%s' "$2" >args
	run agent-tool call "$1" <args
	rm args
}

printf 'one\ntwo\nthree\n' >f.txt

it 'reads a file as it is'
tool read_file '{"path":"f.txt"}'
expect_status 0
expect_out "$(cat f.txt)"

it 'reads some lines, and says which'
tool read_file '{"path":"f.txt","offset":2,"limit":1}'
expect_status 0
expect_out 'two

[lines 2 to 2 of 3]'

it 'tells that there are not so many lines'
tool read_file '{"path":"f.txt","offset":9}'
expect_status 1
expect_err_has "'f.txt' has only 3 lines"

it 'cuts a long file, between two lines, and says so'
seq 100000 >long
tool read_file '{"path":"long","limit":100000}'
expect_status 0
expect_ok [ "$(wc -c <"$T_DIR/out")" -lt 50000 ]
expect_out_has '[lines 1 to ' ' of 100000]'

it 'refuses a binary file'
printf 'a\000b' >bin
tool read_file '{"path":"bin"}'
expect_status 1
expect_err_has "'bin' is binary, 3 bytes"

it 'does not block on a FIFO'
mkfifo fifo
tool read_file '{"path":"fifo"}'
expect_status 1
expect_err_has 'not a regular file'

it 'creates a file with its directories'
tool write_file '{"path":"new/dir/g.txt","content":"hi\n\u0000é"}'
expect_status 0
expect_out 'created new/dir/g.txt, 6 bytes'
expect_ok [ "$(od -An -tx1 new/dir/g.txt | tr -d ' ')" = 68690a00c3a9 ]

it 'replaces a file and keeps its mode'
echo old >script && chmod 755 script
tool write_file '{"path":"script","content":"new\n"}'
expect_status 0
expect_ok [ -x script ]
expect_ok [ "$(cat script)" = new ]

it 'writes through a link'
ln -s f.txt link
tool edit_file '{"path":"link","old_text":"two","new_text":"2"}'
expect_status 0
expect_ok [ -L link ]
expect_ok [ "$(sed -n 2p f.txt)" = 2 ]

it 'edits a text that occurs once, and shows the lines'
tool edit_file '{"path":"f.txt","old_text":"2\nthree","new_text":"II\nIII"}'
expect_status 0
expect_out 'edited f.txt; from line 1 it now reads:
one
II
III'

it 'refuses to guess between two places'
printf 'x = 1\nx = 1\n' >twice
tool edit_file '{"path":"twice","old_text":"x = 1","new_text":"y"}'
expect_status 1
expect_err_has 'occurs 2 times'
expect_ok [ "$(cat twice)" = 'x = 1
x = 1' ]

it 'replaces all when asked to'
tool edit_file \
	'{"path":"twice","old_text":"x","new_text":"y","replace_all":true}'
expect_status 0
expect_out_has 'edited twice in 2 places'
expect_ok [ "$(cat twice)" = 'y = 1
y = 1' ]

it 'says what may be wrong when the text is not there'
printf '\tint a;\n' >tabs.c
tool edit_file '{"path":"tabs.c","old_text":"    int a;","new_text":"b"}'
expect_status 1
expect_err_has 'its first line does, at line 1: compare the white space'

it 'keeps both of two edits at once'
seq 200 >both
i=1
while [ $i -le 20 ]; do
	agent-tool call edit_file "{\"path\":\"both\",\
\"old_text\":\"\\n${i}0\\n\",\"new_text\":\"\\nx${i}0\\n\"}" >/dev/null &
	i=$((i + 1))
done
wait
expect_ok [ "$(grep -c x both)" -eq 20 ]

it 'leaves no temporary file behind'
expect_ok [ -z "$(find . -name '*.tmp')" ]

it 'tells a full disk'
ln -s /dev/full full
tool write_file '{"path":"full","content":"x"}'
expect_status 1
expect_err_has 'not a regular file'

done_testing
