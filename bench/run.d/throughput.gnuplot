# A panel for each workload, a bar for each way, a line from its slowest to its fastest round. Set before: data, table,
# title, ways, workloads.
set datafile separator ','
panels = words(workloads)
columns = panels < 4 ? panels : 4
lines = (panels + columns - 1) / columns
width = 250 * columns + 60
height = 190 * lines + 90
set terminal svg size width, height font 'sans-serif,11' background 'white' noenhanced
array color[5] = [0xbbbbbb, 0x88aacc, 0x4477aa, 0xeeaa66, 0xcc5522]

place(way) = sum [n = 1:words(ways)] (word(ways, n) eq way ? n : 0)
shade(way) = place(way) ? color[place(way)] : 0
# The value of a line that is of this panel.
if_of(workload, value) = strcol(1) eq table && strcol(2) eq workload ? value : NaN

set multiplot layout lines, columns \
    title sprintf("Calls per second on %s\na  the app   b  one SQL statement   c  PL/pgSQL   d  follow_ext, store spi   e  follow_ext", title) \
    margins screen 50.0 / width, screen 1 - 15.0 / width, screen 30.0 / height, screen 1 - 80.0 / height \
    spacing screen 50.0 / width, screen 50.0 / height
unset key
set style fill solid
set boxwidth 0.75
set border 3
set xrange [0.4:words(ways) + 0.6]
set yrange [0:*]
set ytics nomirror font ',9' format '%g'
set xtics nomirror scale 0 font ',10' ('a' 1, 'b' 2, 'c' 3, 'd' 4, 'e' 5)
do for [w = 1:panels] {
    workload = word(workloads, w)
    set title workload offset 0, -0.6
    plot data using (place(strcol(3))):(if_of(workload, $5)):(shade(strcol(3))) with boxes lc rgb variable, \
        data using (place(strcol(3))):(if_of(workload, $6)):(0):($7 - $6) with vectors nohead lw 1.5 lc rgb '#333333'
}
unset multiplot
