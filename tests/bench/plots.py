"""Charts as SVG, drawn by gnuplot."""

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


def _frame(path, title, y_label, log_y):
    scale = "set logscale y\n" if log_y else "set yrange [0:*]\n"
    return (f'set terminal svg size 840,420 dynamic font "Helvetica,14" background "#ffffff"\n'
            f'set output "{path}"\nset title "{title}"\nset ylabel "{y_label}"\n'
            'set grid ytics lc "#dddddd"\nset border 3 lc "#666666"\nset tics nomirror\n'
            f'set key outside right top\nset encoding utf8\nset decimalsign "."\n{scale}')


def lines(path, title, x_label, y_label, series, log_y=False):
    """`series`: {name: [(x, y)…]}."""
    blocks, curves = [], []
    for index, (name, points) in enumerate(series.items()):
        blocks.append(f"$d{index} << EOD\n" + "\n".join(f"{x} {y}" for x, y in points) + "\nEOD\n")
        width = 3.5 if name == "ringcast" else 2
        curves.append(f'$d{index} using 1:2 with linespoints lw {width} pt 7 ps 0.5 lc "{COLOURS.get(name, OTHERS)}" '
                      f'title "{name}"')
    script = (_frame(path, title, y_label, log_y) + f'set xlabel "{x_label}"\nset xrange [0:*]\n'
              'set format x "%\'.0f"\n' + "".join(blocks) + "plot " + ", ".join(curves) + "\n")
    _gnuplot(script)


def bars(path, title, y_label, groups, series, log_y=False):
    """`series`: {name: [value for each of `groups`, None where there is none]}."""
    names = list(series)
    rows = [f'"{group}" ' + " ".join("NaN" if series[name][at] is None else f"{series[name][at]}" for name in names)
            for at, group in enumerate(groups)]
    curves = [f'$d using {column + 2}:xtic(1) lc "{COLOURS.get(name, OTHERS)}" title "{name}"'
              for column, name in enumerate(names)]
    _gnuplot(_frame(path, title, y_label, log_y) + "set style data histogram\n"
             "set style histogram cluster gap 1\nset style fill solid 0.9 noborder\nset boxwidth 0.9\n"
             "$d << EOD\n" + "\n".join(rows) + "\nEOD\nplot " + ", ".join(curves) + "\n")
