function double
    math $argv x 2
end
for n in 1 2 3
    double $n
end
functions --names
