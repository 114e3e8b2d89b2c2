#pragma once
/*
 * style - bold and colours as Piston's CLI prints them (chalk's order of codes), where a terminal
 * shows them.
 */
#include <stdbool.h>
#include <stdio.h>

enum style {
    STYLE_NONE,
    STYLE_BOLD,
    STYLE_RED,
    STYLE_GREEN,
    STYLE_YELLOW,
    STYLE_GRAY,
    STYLE_BOLD_RED,
    STYLE_BOLD_GREEN,
    STYLE_BOLD_YELLOW,
    STYLE_RED_BOLD, /* the colour outside, the weight inside */
    STYLE_GREEN_BOLD,
};

/* A terminal, or FORCE_COLOR is set (0 and false say no). */
bool style_wanted(int fd);
void style_put(FILE *out, bool wanted, enum style style, const char *text);
