#!/bin/sh
# A terminal of its own inside, and what may reach the caller's.
# shellcheck disable=SC2016 # scripts for another shell
. "${0%/*}/lib.sh"

need python3
need_sandbox

# ontty.py KEYS COMMAND...: runs it on a new terminal of 30 lines by 100, types
# KEYS when it says READY, prints what came and the status.
cat >ontty.py <<'EOF'
import fcntl, os, pty, select, struct, sys, termios, time
keys = sys.argv[1].encode().decode("unicode_escape").encode()
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
out, until = b"", time.monotonic() + 40
while time.monotonic() < until:
    if not select.select([fd], [], [], 1)[0]:
        continue
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    out += data
    if keys and b"READY" in out:
        os.write(fd, keys)
        keys = b""
print(repr(out)[2:-1])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
EOF

on_tty() {
	run python3 ontty.py "$@"
}

it 'gives the command a terminal, of the same size'
on_tty '' agent-sandbox sh -c 'tty; stty size; test -t 2 && echo all; exit 5'
expect_status 5
expect_out '/dev/pts/0\r\n30 100\r\nall\r\n'

it 'passes keys in, Ctrl-C too'
on_tty 'word\r' agent-sandbox sh -c 'stty -echo; echo READY; read x; echo "got $x"'
expect_status 0
expect_out 'READY\r\ngot word\r\n'
on_tty '\x03' agent-sandbox sh -c 'echo READY; exec sleep 1000'
expect_status 130

it 'keeps the terminal of the caller outside'
on_tty '' agent-sandbox sh -c 'ls -l /proc/self/fd >/dev/null; tty
	for f in 0 1 2; do readlink /proc/self/fd/$f; done'
expect_out '/dev/pts/0\r\n/dev/pts/0\r\n/dev/pts/0\r\n/dev/pts/0\r\n'

it 'lets nothing be typed into it'
on_tty '' agent-sandbox python3 -c 'import fcntl, termios, ctypes
libc = ctypes.CDLL(None, use_errno=True)
for request in (termios.TIOCSTI, termios.TIOCSTI | 1 << 32):
    r = libc.ioctl(0, ctypes.c_ulong(request), b"x")
    print("held" if r < 0 and ctypes.get_errno() == 1 else "broken")'
expect_out 'held\r\nheld\r\n'

it 'passes colours and movement, not titles, clipboard, queries, screens'
on_tty '' agent-sandbox printf 'a\033]0;title\007b\033[31mc\033[0m\033]52;c;eA==\033\\d\033[5ne\033[2J\033[3;4Hf\033[?1049hg\302\233h\033Pq\033\\i\033cj\n'
expect_out 'ab\x1b[31mc\x1b[0mde\x1b[2J\x1b[3;4Hfghij\r\n\x1b[0m'

it 'lets the whole screen be used when told'
on_tty '' agent-sandbox --tty always printf '\033[?1049hx\033]0;t\007\033[?1049l'
expect_out_has '\x1b[?1049hx\x1b[?1049l'

it 'cleans plain output to a terminal, and leaves a pipe as it is'
on_tty '' agent-sandbox --tty never printf 'a\033]0;t\007b\033[1mc\033[2Jd\n'
expect_out_has 'ab\x1b[1mc'
expect_out_lacks ']0;t'
expect_out_lacks '[2J'
run agent-sandbox printf 'a\033]0;t\007b\n'
printf 'a\033]0;t\007b\n' | cmp -s - "$T_DIR/out" || fail 'a pipe was changed'

it 'puts the terminal back'
on_tty '' sh -c 'stty -a >before; agent-sandbox true; stty -a >after'
expect_ok cmp before after

done_testing
