"""A picture of the CPU per request of each contestant over sengu's, drawn with gnuplot: one group of bars a scenario.

Needs gnuplot with the pngcairo terminal (gnuplot-nox). The line at 1 is sengu; who is above it costs more.
"""

import shutil
import subprocess

from .ratios import ratio

SCRIPT = """set terminal pngcairo noenhanced size {width},700 font 'sans,11' background rgb 'white'
set output '{png}'
set title 'CPU per request, over that of sengu (medians of paired runs; the line at 1 is sengu)'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.85 border -1
set grid ytics
set yrange [0:*]
set ylabel 'times the CPU of sengu'
set xtics rotate by -30 nomirror
set key outside top right
set datafile separator '\\t'
set datafile missing ''
plot {series}, 1 with lines lw 2 lc rgb 'black' title 'sengu'
"""

COLOURS = ("#4e79a7", "#f28e2b", "#76b7b2", "#b07aa1", "#e15759")


def draw(records, rivals, png):
    """`rivals`: names of contestants, in the order of the bars. Beside the picture stays its data file. True: it was drawn.

    Raises OSError, CalledProcessError.
    """
    table = [(scenario, [ratio(records, scenario, "cpu", rival, "sengu").median for rival in rivals])
             for scenario in dict.fromkeys(record.scenario for record in records) if scenario != "idle"]
    table = [(scenario, medians) for scenario, medians in table if any(median is not None for median in medians)]
    if not table or not shutil.which("gnuplot"):
        return False
    data = png.with_suffix(".tsv")
    data.write_text("\n".join("\t".join([scenario, *("" if median is None else f"{median:.4f}" for median in medians)])
                              for scenario, medians in table) + "\n")
    series = ", ".join(f"'{data}' using {column}:xtic(1) title '{rival}' lc rgb '{colour}'"
                       for column, (rival, colour) in enumerate(zip(rivals, COLOURS), 2))
    script = SCRIPT.format(png=png, series=series, width=max(900, 160 + 90 * len(table)))
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
    return True
