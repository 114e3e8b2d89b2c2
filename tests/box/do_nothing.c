/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest program: what a box costs by itself. */
int main(void)
{
    return 0;
}
