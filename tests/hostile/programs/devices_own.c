/*
 * threat: A12
 * defence: device nodes of the box's own, on a read-only mount
 * tries: change the devices that it has, and the host through their ioctls
 * must: refused
 */
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
static void tell(const char *what, long r)
{
    if (r >= 0) {
        printf("LEAK: %s\n", what);
    }
}
int main(void)
{
    int bits = 8;
    struct {
        struct rand_pool_info info;
        int room;
    } pool = {.info = {.entropy_count = 8, .buf_size = 4}};
    tell("chmod", chmod("/dev/null", 0));
    tell("chown", chown("/dev/null", 1000, 1000));
    tell("rename", rename("/dev/zero", "/dev/null"));
    tell("unlink", unlink("/dev/random"));
    tell("a new name", link("/dev/null", "/dev/nil"));
    tell("a file in /dev", open("/dev/x", O_CREAT | O_WRONLY, 0600));
    tell("RNDADDTOENTCNT", ioctl(open("/dev/random", O_RDWR), RNDADDTOENTCNT, &bits));
    tell("RNDADDENTROPY", ioctl(open("/dev/urandom", O_RDWR), RNDADDENTROPY, &pool));
    tell("RNDCLEARPOOL", ioctl(open("/dev/urandom", O_RDWR), RNDCLEARPOOL));
    tell("RNDRESEEDCRNG", ioctl(open("/dev/urandom", O_RDWR), RNDRESEEDCRNG));
    puts("held");
    return 0;
}
