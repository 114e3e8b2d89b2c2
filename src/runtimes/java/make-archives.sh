# SPDX-License-Identifier: Apache-2.0
# sh make-archives.sh JAVA JAR: out/javac.jsa, for the compile tool in JAR, and out/java.jsa, for
# programs.  Only a JVM of the same build uses them, with the same class path.
set -e
java=$1
jar=$2
options='-XX:+UseSerialGC -XX:-UsePerfData'
mkdir out classes run

"$java" $options -XX:TieredStopAtLevel=1 -XX:DumpLoadedClassList=javac.list -cp "$jar" \
    belljar.Train Faulty.java Modern.java Training.java >training.log 2>&1
test -e Training.class || { cat training.log >&2; exit 1; }

# What every program loads, and what these do: programs in a directory leave no other trace.
lists=$(dirname "$(readlink -f "$java")")/../lib/classlist
for program in Training Modern; do
    test -e "$program.class" || continue
    echo line | "$java" $options -XX:DumpLoadedClassList="$program.list" -cp . "$program" \
        >/dev/null 2>&1 || true
    lists="$lists $program.list"
done
# The numbers that newer JVMs give classes are those of one list.
cat $lists | sed 's/ id: [0-9]*$//' | grep -v -e '^#' -e Training -e Modern |
    awk '!seen[$0]++' >java.list

# One kind of collector can write objects into an archive, and all of them read these.
"$java" -XX:+UseG1GC -Xshare:dump -XX:SharedClassListFile=javac.list \
    -XX:SharedArchiveFile=out/javac.jsa -cp "$jar" >dump.log 2>&1 || { cat dump.log >&2; exit 1; }
cd run
"$java" -XX:+UseG1GC -Xshare:dump -XX:SharedClassListFile=../java.list \
    -XX:SharedArchiveFile=../out/java.jsa -cp . >dump.log 2>&1 || { cat dump.log >&2; exit 1; }
