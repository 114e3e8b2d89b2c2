class Main { static void main(String[] args) { println "in a class ${args.length}" } }
