/* SPDX-License-Identifier: Apache-2.0 */
/* Does not compile: what the compiler needs to say so is in the archive too. */
class Faulty {
    int number() {
        String text = 1;
        missing(text);
        return new Unknown();
    }
}
