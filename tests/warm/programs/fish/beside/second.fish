function hello
    echo hello
end
