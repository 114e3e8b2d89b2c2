/*
 * threat: E13
 * defence: UTS and time namespaces of the box's own; /sys and machine-id are not there
 * tries: learn the host's name, how long it is up, when it was started, what it is
 * must: a fixed name, and clocks that began with the box
 * hides: hostname machine_id mac boot_id
 * needs: time namespaces
 * off: utsns timens
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#define OLDEST 100 /* seconds; a box is not a minute old */
static void seconds(const char *what, double value)
{
    if (value > OLDEST || value < -OLDEST) {
        printf("LEAK: %s: %.0f s\n", what, value);
    }
}
int main(void)
{
    struct utsname name;
    struct sysinfo info;
    struct timespec t;
    uname(&name);
    if (strcmp(name.nodename, "belljar") != 0) {
        printf("LEAK: host name %s\n", name.nodename);
    }
    if (strcmp(name.domainname, "(none)") != 0 && name.domainname[0] != '\0') {
        printf("LEAK: domain name %s\n", name.domainname);
    }
    sysinfo(&info);
    seconds("sysinfo", (double)info.uptime);
    static const int clocks[] = {CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW,
                                 CLOCK_MONOTONIC_COARSE};
    for (unsigned i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
        clock_gettime(clocks[i], &t);
        seconds("a clock", (double)t.tv_sec);
    }
    double up = 0;
    long start = 0;
    char line[256];
    FILE *file = fopen("/proc/uptime", "r");
    if (file && fscanf(file, "%lf", &up) == 1) {
        seconds("/proc/uptime", up);
    }
    file = fopen("/proc/stat", "r");
    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "btime %ld", &start) == 1) {
            seconds("btime", (double)(time(0) - start));
        }
    }
    static const char *const absent[] = {
        "/etc/machine-id", "/var/lib/dbus/machine-id", "/sys/class",     "/sys/devices",
        "/sys/firmware",   "/sys/class/net",           "/proc/scsi/scsi"};
    for (unsigned i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        if (access(absent[i], R_OK) == 0) {
            printf("LEAK: %s\n", absent[i]);
        }
    }
    printf("%s %s %s %s %lx\nheld\n", name.sysname, name.nodename, name.release, name.version,
           gethostid());
    return 0;
}
