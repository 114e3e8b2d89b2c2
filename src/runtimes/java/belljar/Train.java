/* SPDX-License-Identifier: Apache-2.0 */
package belljar;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/* Does once what the compile stages do: the classes that this loads are put into the archive. */
public final class Train {
    private Train() {
    }

    public static void main(String[] args) throws IOException {
        for (String file : args) {
            SourceProgram.compile(new String[] {file}, Path.of(file));
            Javac.compile(List.of("-proc:none", "-encoding", "UTF-8", "-d", ".", file));
        }
    }
}
