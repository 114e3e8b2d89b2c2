#pragma once
/*
 * routes - where the kernel would send what is for an address: whatever addresses this host has
 * now.
 */
struct err;
struct ip;

int routes_open(int *ret_sock, struct err *e);

enum route {
    ROUTE_OUT,  /* to one other host, by way of whoever it takes */
    ROUTE_NONE, /* nowhere */
    ROUTE_HERE, /* to this host, or to all of a wire; or it is not known */
};
enum route routes_ask(int sock, const struct ip *a);
