local names = {}
for name in pairs(_G) do names[#names + 1] = name end
for name in pairs(package.loaded) do names[#names + 1] = "package " .. name end
table.sort(names)
print(table.concat(names, "\n"), package.path, package.cpath, _VERSION)
