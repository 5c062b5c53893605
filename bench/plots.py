"""Bar charts as SVG, readable on light and dark backgrounds."""

from html import escape

COLOURS = {"recipe": "#9a6b4f", "registry": "#c8a063", "static": "#5b8f8a", "disk": "#8a8a8a",
           "proxy": "#5b8f8a", "moorgate": "#3b5bdb", "gateway": "#3b5bdb"}
WIDTH, LEFT, RIGHT, BAR, GAP, GROUP = 860, 250, 150, 16, 4, 26
STYLE = "font-family:system-ui,sans-serif;font-size:12px"


def text(x, y, content, anchor="start", weight="normal", colour="#222"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" '
            f'fill="{colour}">{escape(content)}</text>')


def bars(title, groups, labels):
    """`groups`: [(name, digits, {contestant: Spread})]; each group has a scale of its own, since it
    has a unit of its own. The thin line is the spread of the rounds."""
    parts, y = [], 46
    room = WIDTH - LEFT - RIGHT
    for name, digits, spreads in groups:
        top = max(spread.most for spread in spreads.values()) or 1
        parts.append(text(12, y, name, weight="600"))
        y += 8
        for contestant, spread in spreads.items():
            scale = room / top
            middle = y + BAR / 2
            parts.append(text(LEFT - 8, middle + 4, labels[contestant], "end"))
            parts.append(f'<rect x="{LEFT}" y="{y}" width="{max(spread.median * scale, 1):.1f}" height="{BAR}" '
                         f'fill="{COLOURS[contestant]}"/>')
            parts.append(f'<path d="M{LEFT + spread.least * scale:.1f} {middle}H{LEFT + spread.most * scale:.1f}" '
                         'stroke="#222" stroke-width="1.5"/>')
            parts.append(text(LEFT + spread.most * scale + 6, middle + 4, f"{spread.median:,.{digits}f}"))
            y += BAR + GAP
        y += GROUP
    height = y
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" style="{STYLE}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        text(12, 22, title, weight="700"), *parts, "</svg>", ""])
