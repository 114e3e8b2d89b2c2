cat(runif(1), "\n")
cat(tempdir(), "\n")
