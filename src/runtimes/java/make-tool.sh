# SPDX-License-Identifier: Apache-2.0
# sh make-tool.sh JAVA: out/java.jar, the compile tool.
set -e
bin=$(dirname "$(readlink -f "$1")")
"$bin/javac" -proc:none -d classes belljar/*.java belljar_main.java
cp Training.java classes
mkdir out
"$bin/jar" --create --no-compress --file out/java.jar -C classes .
