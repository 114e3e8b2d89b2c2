set.seed(1)
print(runif(3))
print(summary(lm(dist ~ speed, cars)))
