# SPDX-License-Identifier: Apache-2.0
"""Bars as SVG: a group for each program, a bar for each subject, lengths by the logarithm where figures lie far apart."""
import html
import math

COLOURS = {"bare": "#7f8c8d", "belljar": "#1f77b4", "belljar-cold": "#85b9de"}
OTHERS = ["#d95f02", "#7570b3", "#e7298a", "#66a61e", "#e6ab02", "#a6761d", "#666666", "#b15928"]
WIDTH, LABEL, BAR, GAP, HEAD = 860, 200, 15, 12, 44
FAR = 20  # from here on: logarithm


def short(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def colours_of(names):
    others = iter(OTHERS * (1 + len(names) // len(OTHERS)))
    return {name: COLOURS.get(name) or next(others) for name in names}


def scale_of(values):
    """(value -> length from 0 to 1, whether it is the logarithm)"""
    least, most = min(values), max(values)
    if least <= 0 or most / least < FAR:
        return (lambda value: max(0.0, value) / (most or 1)), False
    floor = math.log10(least) - 0.3
    return (lambda value: (math.log10(value) - floor) / (math.log10(most) - floor)), True


def text(x, y, words, size=12, anchor="start", weight="normal"):
    return (f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}">'
            f"{html.escape(words)}</text>")


def bars(title, groups):
    """groups: {program: {subject: value}}"""
    scale, logarithm = scale_of([value for group in groups.values() for value in group.values()])
    colours = colours_of(list(dict.fromkeys(name for group in groups.values() for name in group)))
    shapes, y, room = [], HEAD, WIDTH - LABEL - 80
    for program, group in groups.items():
        shapes.append(text(10, y + BAR - 3, program, 13, weight="bold"))
        for name, value in group.items():
            length = max(1.0, scale(value) * room)
            shapes.append(text(LABEL - 8, y + BAR - 3, name, anchor="end"))
            shapes.append(f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR - 3}" fill="{colours[name]}"/>')
            shapes.append(text(LABEL + length + 5, y + BAR - 3, short(value)))
            y += BAR
        y += GAP
    head = text(10, 22, title + (" (lengths by the logarithm)" if logarithm else ""), 15, weight="bold")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" fill="#222">\n'
            f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>\n' + "\n".join([head, *shapes]) + "\n</svg>\n")
