use utf8;
use open qw(:std :utf8);
print length("ä€"), "ä\n";
