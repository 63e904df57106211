# A panel for each workload, a bar for each way, with the slowest and the fastest round. Set before: data, table, title,
# ways, workloads.
set datafile separator ','
set datafile missing NaN
panels = words(workloads)
columns = panels < 4 ? panels : 4
lines = (panels + columns - 1) / columns
set terminal svg size 290 * columns + 20, 220 * lines + 90 font 'sans-serif,11' background 'white' noenhanced
array color[5] = [0xbbbbbb, 0x88aacc, 0x4477aa, 0xeeaa66, 0xcc5522]

here(n, workload) = strcol(1) eq table && strcol(2) eq workload && strcol(3) eq word(ways, n)
names = 'app insert function spi direct'

set multiplot layout lines, columns title sprintf('Calls per second: %s', title) font ',15' margins 0.07, 0.985, 0.08, 0.88 spacing 0.06, 0.10
unset key
set style fill solid
set boxwidth 0.75
set border 3
set xrange [0.4:words(ways) + 0.6]
set yrange [0:*]
set offsets 0, 0, graph 0.12, 0
set ytics nomirror font ',9' format '%.0s%c'
set xtics nomirror scale 0 font ',10' ('a' 1, 'b' 2, 'c' 3, 'd' 4, 'e' 5)
do for [w = 1:panels] {
    workload = word(workloads, w)
    set title workload offset 0, -0.6
    plot for [n = 1:words(ways)] data using (here(n, workload) ? n : NaN):5 with boxes lc rgb color[n], \
        for [n = 1:words(ways)] data using (here(n, workload) ? n : NaN):5:6:7 with yerrorbars pt -1 lc rgb '#333333'
}
unset multiplot
