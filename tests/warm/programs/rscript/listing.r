print(list.files(all.files = TRUE))
print(file.info("main.r")[, c("size", "isdir", "mode")])
