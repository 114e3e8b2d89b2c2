#pragma once
/*
 * notify - tells a service manager how far we are (sd_notify(3)'s protocol).  Nothing happens
 * without $NOTIFY_SOCKET.
 */
void notify_send(const char *state); /* "READY=1" */
