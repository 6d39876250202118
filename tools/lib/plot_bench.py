# SPDX-License-Identifier: MIT
"""plot_bench.py VALUES.json RATIOS.svg GROWTH.svg

Draws what ntpool-bench.exe wrote with --json: how the two DLLs compare in each row, and the curves of the growth rows.
"""

import collections
import json
import math
import re
import sys
from xml.sax.saxutils import escape

FONT = 'font-family="DejaVu Sans, Verdana, sans-serif"'
INK, FAINT, GRID = '#222222', '#666666', '#dddddd'
BETTER, WORSE = '#1b7f5a', '#c4471f'
COLOURS = {'create': '#1f5fa8', 'use': '#c4471f', 'close': '#1b7f5a',
           'work': '#1f5fa8', 'group': '#7a3f9d', 'timer': '#c4471f', 'simple': '#1b7f5a', 'wait': '#8a6d00'}
TITLES = {'work': 'work objects: create, post and run, close', 'group': 'group members: create, post and run, close all',
          'timer': 'timers: create, arm, close', 'simple': 'simple callbacks: queue (create), run (close)',
          'wait': 'waits: create, arm, disarm and close'}
GROWTH = re.compile(r'growth-(\w+)-\d+$')


class Drawing:
    def __init__(self, width, height):
        self.width, self.height, self.parts = width, height, []

    def line(self, x1, y1, x2, y2, colour=GRID, width=1, dash=''):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                          f'stroke-width="{width}" stroke-dasharray="{dash or "none"}"/>')

    def rectangle(self, x, y, width, height, colour):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>')

    def text(self, x, y, words, size=12, anchor='start', colour=INK, weight='normal'):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
                          f'font-weight="{weight}" {FONT}>{escape(words)}</text>')

    def curve(self, points, colour, dash):
        path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" '
                          f'stroke-dasharray="{dash or "none"}"/>')
        self.parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in points]

    def write(self, path):
        with open(path, 'w', encoding='utf-8') as out:
            out.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
                      f'viewBox="0 0 {self.width} {self.height}">\n'
                      f'<rect width="{self.width}" height="{self.height}" fill="white"/>\n')
            out.write('\n'.join(self.parts) + '\n</svg>\n')


def short(value):
    for limit, unit in ((1e6, 'M'), (1e3, 'k')):
        if value >= limit:
            return f'{value / limit:.3g}{unit}'
    return f'{value:.3g}'


def decades(least, most):
    """The powers of ten around what lies between two positive numbers."""
    low, high = math.floor(math.log10(least)), math.ceil(math.log10(most))
    return low, max(high, low + 1)


def name_of(dll):
    return re.split(r'[\\/]', dll)[-1]


def source(values):
    return f"{values['machine']}, {values['host']}; medians of {values['runs']} runs, scale {values['scale']:g}"


def draw_ratios(values, path):
    first, second = map(name_of, values['dlls'])
    rows, failed = [], []
    for workload in values['workloads']:
        if workload['reference'] or GROWTH.match(workload['name']):
            continue
        for dll, side in zip((first, second), workload['sides']):
            if side['trouble']:
                failed.append(f"{workload['name']}, {dll}: {side['trouble']}")
        rows += [(f"{workload['name']} / {row['name']}", row['ratio'], row['reached'], row['target'])
                 for row in workload['rows'] if row['ratio'] and row['ratio'] > 0]
    left, right, top, step = 280, 900, 90, 18
    bottom = top + step * len(rows)
    drawing = Drawing(1280, bottom + 60 + 16 * len(failed))
    drawing.text(20, 28, f'{first} / {second}: how many times less {second} takes', 18, weight='bold')
    drawing.text(20, 48, source(values), 11, colour=FAINT)
    low, high = decades(min([0.5] + [row[1] for row in rows]), max([2] + [row[1] for row in rows]))

    def across(ratio):
        return left + (right - left) * (math.log10(ratio) - low) / (high - low)

    for power in range(low, high + 1):
        x = across(10 ** power)
        drawing.line(x, top - 6, x, bottom, INK if power == 0 else GRID)
        drawing.text(x, top - 12, f'{10 ** power:g}x', 11, 'middle', FAINT)
    for index, (name, ratio, reached, target) in enumerate(rows):
        y = top + step * index
        colour = BETTER if ratio >= 1 else WORSE
        start, end = sorted((across(1), across(ratio)))
        drawing.text(left - 8, y + 13, name, 11, 'end')
        drawing.rectangle(start, y + 4, max(end - start, 1), step - 8, colour)
        drawing.text(max(end, across(1)) + 5, y + 13, f'{short(ratio)}x', 10, colour=FAINT)
        if target:
            drawing.text(right + 70, y + 13, f'{reached}: {target}', 10, colour=WORSE if reached == 'missed' else FAINT)
    drawing.text((left + right) / 2, bottom + 24, f'ratio of medians, logarithmic; green: {second} is better', 12, 'middle')
    for index, words in enumerate(failed):
        drawing.text(20, bottom + 48 + 16 * index, words, 11, colour=WORSE)
    drawing.write(path)


def curves_of(values):
    """kind -> (side, measure) -> [(how many, median)]; and what went wrong."""
    curves, failed = collections.defaultdict(lambda: collections.defaultdict(list)), []
    for workload in values['workloads']:
        match = GROWTH.match(workload['name'])
        if not match:
            continue
        for index, side in enumerate(workload['sides']):
            if side['trouble']:
                failed.append(f"{workload['name']}, {name_of(values['dlls'][index])}: {side['trouble']}")
            for measure, got in side['measures'].items():
                median = got['median'] if isinstance(got, dict) else None
                if median is not None and median > 0:
                    count = max(1, workload['quantity'] * values['scale'])
                    curves[match[1]][index, measure].append((count, median))
    return curves, failed


def draw_panel(drawing, place, title, unit, lines):
    """Lines are (label, colour, dash, points); both axes are logarithmic."""
    x0, y0, width, height = place
    points = [point for line in lines for point in line[3]]
    drawing.text(x0, y0 - 12, title, 13, weight='bold')
    if not points:
        drawing.text(x0, y0 + 20, 'no numbers', 12, colour=FAINT)
        return
    left, right = decades(min(p[0] for p in points), max(p[0] for p in points))
    low, high = decades(min(p[1] for p in points), max(p[1] for p in points))

    def at(point):
        return (x0 + width * (math.log10(point[0]) - left) / (right - left),
                y0 + height * (high - math.log10(point[1])) / (high - low))

    for power in range(left, right + 1):
        x, _ = at((10 ** power, 10 ** low))
        drawing.line(x, y0, x, y0 + height)
        drawing.text(x, y0 + height + 15, short(10 ** power), 10, 'middle', FAINT)
    for power in range(low, high + 1):
        _, y = at((10 ** left, 10 ** power))
        drawing.line(x0, y, x0 + width, y)
        drawing.text(x0 - 6, y + 4, short(10 ** power), 10, 'end', FAINT)
    drawing.text(x0 + width / 2, y0 + height + 31, f'objects at a time; up: {unit}', 11, 'middle', FAINT)
    for _, colour, dash, line in lines:
        drawing.curve([at(point) for point in line], colour, dash)
    for index, (label, colour, dash, _) in enumerate(lines):
        x, y = x0 + 150 * (index % 3), y0 + height + 50 + 16 * (index // 3)
        drawing.line(x, y - 4, x + 24, y - 4, colour, 2, dash)
        drawing.text(x + 30, y, label, 11)


def draw_growth(values, path):
    curves, failed = curves_of(values)
    names = [name_of(dll) for dll in values['dlls']]
    dashes = ['6 4', ''] if len(names) > 1 else ['']
    width, height, column, row = 440, 260, 540, 420
    drawing = Drawing(3 * column, 80 + 2 * row + 20 + 16 * len(failed))
    drawing.text(20, 30, 'What an object costs by how many there are', 18, weight='bold')
    drawing.text(20, 50, source(values), 11, colour=FAINT)
    places = [(60 + column * (i % 3), 100 + row * (i // 3), width, height) for i in range(6)]
    for place, kind in zip(places, TITLES):
        lines = [(f'{names[side]} {measure}', COLOURS[measure], dashes[side], sorted(curves[kind][side, measure]))
                 for side in range(len(names)) for measure in ('create', 'use', 'close')
                 if curves[kind][side, measure]]
        draw_panel(drawing, place, TITLES[kind], 'ns each', lines)
    lines = [(f'{names[side]} {kind}', COLOURS[kind], dashes[side], sorted(curves[kind][side, 'bytes']))
             for kind in TITLES for side in range(len(names)) if curves[kind][side, 'bytes']]
    draw_panel(drawing, places[5], 'private memory while all are there', 'bytes each', lines)
    for index, words in enumerate(failed):
        drawing.text(20, 80 + 2 * row + 16 * index, words, 11, colour=WORSE)
    drawing.write(path)


def main():
    values_path, ratios_path, growth_path = sys.argv[1:]
    with open(values_path, encoding='utf-8') as file:
        values = json.load(file)
    if len(values['dlls']) > 1:
        draw_ratios(values, ratios_path)
    if any(GROWTH.match(workload['name']) for workload in values['workloads']):
        draw_growth(values, growth_path)


if __name__ == '__main__':
    main()
