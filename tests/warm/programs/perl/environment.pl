print "$_=$ENV{$_}\n" for sort keys %ENV;
use Cwd;
print getcwd, "\n";
