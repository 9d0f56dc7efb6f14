# shellcheck shell=sh
# page.sh: what tests need to read manual pages.

# page_text FILE: as plain text, lines not broken.
page_text() {
	mandoc -T utf8 -O width=1000 "$1" | sed 's/.\x08//g'
}

# page_section FILE SECTION: its text without the heading.
page_section() {
	page_text "$1" | awk -v want="$2" '
		/^[A-Z]/ { in_section = ($0 == want); next }
		in_section'
}

# words: white space and line ends do not count.
words() {
	tr -s ' \n\t' '   ' | sed 's/^ //; s/ $//'
	echo
}
