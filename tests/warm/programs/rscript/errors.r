f <- function(x) stop("no good: ", x)
warning("careful")
print(tryCatch(f(1), error = conditionMessage))
f(2)
