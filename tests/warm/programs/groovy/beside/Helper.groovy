class Helper { int answer() { 42 } }
