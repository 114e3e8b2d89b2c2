print(commandArgs())
print(getwd())
print(search())
print(sessionInfo()$R.version$version.string)
