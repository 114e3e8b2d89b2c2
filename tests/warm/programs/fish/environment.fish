env | sort | grep -v '^_='
set --names
