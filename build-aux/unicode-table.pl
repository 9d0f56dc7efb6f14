#!/usr/bin/perl
# unicode-table.pl >lib/unicode-table.h: the general categories, from the
# Unicode tables that Perl carries.
use strict;
use warnings;
use Unicode::UCD qw(prop_invmap);

my ($starts, $cats) = prop_invmap("General_Category");
my @runs = map { [$starts->[$_], $cats->[$_]] } 0 .. $#$starts;
pop @runs while $runs[-1][0] > 0x10ffff;

# Upper and lower case that alternate are one run.
my @out;
for (my $i = 0; $i < @runs; $i++) {
	my $j = $i;
	while ($j + 2 < @runs && $runs[$j + 1][0] == $runs[$j][0] + 1 &&
	    $runs[$j][1] =~ /^L[ul]$/ &&
	    $runs[$j + 1][1] eq ($runs[$j][1] eq 'Lu' ? 'Ll' : 'Lu')) {
		$j++;
	}
	# the last of them may be longer than one character: keep it apart
	$j-- if $j > $i && $runs[$j + 1][0] != $runs[$j][0] + 1;
	if ($runs[$i][1] eq 'Lu' && $j > $i) {
		push @out, [$runs[$i][0], 'LuLl'];
		$i = $j;
	} else {
		push @out, $runs[$i];
	}
}
print "/* Unicode ", Unicode::UCD::UnicodeVersion(),
    ": made by build-aux/unicode-table.pl. */\n";
my $line = '';
for (@out) {
	my $item = sprintf("R(0x%x,%s)", $_->[0], $_->[1]);
	if (length($line) + length($item) > 79) {
		print "$line\n";
		$line = '';
	}
	$line .= $item;
}
print "$line\n";
