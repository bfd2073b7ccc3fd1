"""Charts as SVG, drawn by gnuplot."""

import math
import shutil
import subprocess

# Colours that colour-blind people tell apart (Okabe and Ito). ringcast is vermilion everywhere.
COLOURS = {"ringcast": "#d55e00", "floor": "#666666", "floor-coalescing": "#999999", "nchan": "#0072b2",
           "pushpin": "#009e73", "mercure": "#cc79a7", "centrifugo": "#e69f00"}
OTHERS = "#56b4e9"


def _gnuplot(script):
    if not shutil.which("gnuplot"):
        raise RuntimeError("gnuplot is missing: the package is gnuplot-nox")
    subprocess.run(["gnuplot"], input=script, text=True, timeout=60, check=True)


def _quoted(text):
    return '"' + str(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _frame(path, title, y_label, log_y):
    return ('set encoding utf8\n'
            'set terminal svg size 840,420 dynamic noenhanced font "Helvetica,14" background "#ffffff"\n'
            f'set output {_quoted(path)}\nset title {_quoted(title)} font ",16"\nset ylabel {_quoted(y_label)}\n'
            'set grid ytics lt 1 lw 1 lc "#dddddd"\nset border 3 lc "#666666"\nset key outside right top Left reverse\n'
            'set tics nomirror textcolor "#222222"\n' + ("set logscale y\n" if log_y else "set yrange [0:*]\n"))


def _x_scale(series, log_x):
    if log_x:
        return "set logscale x\n"
    largest = max((x for points in series.values() for x, _ in points), default=0)
    if largest < 1000:
        return "set xrange [0:*]\n"
    # Written here, as gnuplot's thousands separators depend on the locale.
    step = 10 ** math.floor(math.log10(largest))
    step = next(int(step * part) for part in (1, 0.5, 0.2) if largest / (step * part) >= 4 or part == 0.2)
    tics = ", ".join(f'"{x:,}" {x}' for x in range(0, math.ceil(largest) + step, step))
    return f"set xrange [0:{largest}]\nset xtics ({tics})\n"


def lines(path, title, x_label, y_label, series, log_x=False, log_y=False):
    """`series`: {name: [(x, y)…]}."""
    blocks, curves = [], []
    for index, (name, points) in enumerate(series.items()):
        blocks.append(f"$d{index} << EOD\n" + "\n".join(f"{x} {y}" for x, y in points) + "\nEOD\n")
        width = 4 if name == "ringcast" else 2
        curves.append(f'$d{index} using 1:2 with linespoints lw {width} pt 7 ps 0.5 lc "{COLOURS.get(name, OTHERS)}" '
                      f'title {_quoted(name)}')
    _gnuplot(_frame(path, title, y_label, log_y) + f"set xlabel {_quoted(x_label)}\n" + _x_scale(series, log_x) +
             "".join(blocks) + "plot " + ", ".join(curves) + "\n")


def bars(path, title, y_label, groups, series, log_y=False):
    """`series`: {name: [value for each of `groups`, None where there is none]}."""
    names = list(series)
    shown = lambda value: "NaN" if value is None else str(value)
    rows = [" ".join([_quoted(group), *(shown(series[name][at]) for name in names)]) for at, group in enumerate(groups)]
    curves = [f'$d using {column + 2}:xtic(1) lc "{COLOURS.get(name, OTHERS)}" title {_quoted(name)}'
              for column, name in enumerate(names)]
    _gnuplot(_frame(path, title, y_label, log_y) + "set style data histogram\n"
             f"set xrange [-0.6:{len(groups) - 0.4}]\nset style histogram cluster gap 1\n"
             "set style fill solid 0.9 noborder\nset boxwidth 0.9\n"
             "$d << EOD\n" + "\n".join(rows) + "\nEOD\nplot " + ", ".join(curves) + "\n")
