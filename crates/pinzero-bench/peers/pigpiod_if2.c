/*
 * Writes to the daemon at HOST PORT so many times, by pigpio's own client in C, and prints how many nanoseconds one took.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* As the library documents them: its header is in another package. */
int pigpio_start(const char *host, const char *port);
int set_mode(int pi, unsigned gpio, unsigned mode);
int gpio_write(int pi, unsigned gpio, unsigned level);
void pigpio_stop(int pi);

enum { LINE = 22, OUTPUT = 1 };

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

int main(int count, char **arguments)
{
    if (count != 4)
        return 2;
    long times = atol(arguments[3]);
    int pi = pigpio_start(arguments[1], arguments[2]);
    if (pi < 0 || set_mode(pi, LINE, OUTPUT) < 0)
        return 1;
    int64_t start = now();
    for (long number = 0; number < times; number++)
        if (gpio_write(pi, LINE, number & 1) < 0)
            return 1;
    printf("%f\n", (double)(now() - start) / times);
    pigpio_stop(pi);
    return 0;
}
