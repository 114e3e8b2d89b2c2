#pragma once
/*
 * doctor_start - whether a boxd could be started here, tried without one.
 */
#include "sandbox/container.h"
#include "sandbox/doctor.h"

enum doctor_start { START_WORKS, START_NO_USERNS, START_NO_MOUNT };

/* Root needs neither of what is tried here. */
enum doctor_start doctor_start_try(void);
/* Says in `row` what is lacking, and what to do about it. */
void doctor_start_explain(enum doctor_start start, enum container c, struct doctor_row *row);
