print(readLines("stdin"))
