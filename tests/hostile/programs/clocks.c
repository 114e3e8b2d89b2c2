/*
 * threat: C9
 * defence: the filter refuses to set clocks; no capabilities
 * tries: set every clock, discipline them, read how the host's is disciplined, set alarms that wake
 * must: EPERM, also where adjtimex would only tell
 * shows: what adjtimex tells (drift, offsets) is the host's fingerprint
 * off: filter
 * control: bare
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
static void told(const char *what, int clock, long r)
{
    if (r >= 0 || errno != EPERM) {
        printf("LEAK: %s %d: %ld, errno %d\n", what, clock, r, r < 0 ? errno : 0);
    }
}
int main(void)
{
    struct timespec now;
    struct timeval day;
    struct timex discipline = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    gettimeofday(&day, 0);
    told("settimeofday", 0, syscall(SYS_settimeofday, &day, 0));
    told("adjtimex", 0, syscall(SYS_adjtimex, &discipline));
    for (int clock = 0; clock < 12; clock++) {
        told("clock_settime", clock, syscall(SYS_clock_settime, clock, &now));
        told("clock_adjtime", clock, syscall(SYS_clock_adjtime, clock, &discipline));
    }
    if (timerfd_create(8 /* CLOCK_REALTIME_ALARM */, 0) >= 0) {
        puts("LEAK: an alarm that wakes the machine");
    }
    if (open("/dev/rtc", O_RDONLY) >= 0 || open("/dev/rtc0", O_RDONLY) >= 0 ||
        open("/dev/ptp0", O_RDONLY) >= 0) {
        puts("LEAK: a hardware clock");
    }
    puts("held");
    return 0;
}
