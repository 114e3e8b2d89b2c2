use lib ".";
use Second;
print Second::name(), " $INC{'Second.pm'}\n";
require "./third.pl";
