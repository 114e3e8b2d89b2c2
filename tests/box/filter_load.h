#pragma once
/*
 * filter_load - loads the filter of a box into the calling process, as the init of a box does.
 */

/* Returns 0 or -1 with errno set. */
int filter_load(int memfd);
