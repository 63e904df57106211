# Throughput over the number of clients that follow heavy-tailed targets. Set before: data, table, title, ways.
set datafile separator ','
set datafile missing NaN
set terminal svg size 760, 480 font 'sans-serif,12' background 'white' noenhanced
array color[5] = [0x999999, 0x88aacc, 0x4477aa, 0xeeaa66, 0xcc5522]
array label[5] = ['a  the app: looks, then a write', 'b  INSERT ... ON CONFLICT', 'c  PL/pgSQL, lock and checks', \
    'd  follow_ext, store spi', 'e  follow_ext']

is_of(n) = strcol(1) eq table && strcol(3) eq word(ways, n) && substr(strcol(2), 1, 5) eq 'zipf_'
# The number of clients is in the name of the workload.
clients(n) = is_of(n) ? real(substr(strcol(2), 6, 9)) : NaN
if_of(n, value) = is_of(n) ? value : NaN

set title sprintf('New follows of heavy-tailed targets: %s', title)
set border 3
set grid ytics lc rgb '#dddddd'
set key left top reverse Left
set logscale x 2
set xrange [0.8:80]
set yrange [0:*]
set xtics nomirror (1, 4, 16, 64)
set ytics nomirror format '%.0f'
set xlabel 'clients'
set ylabel 'calls per second'
plot for [n = 1:5] data using (clients(n)):(if_of(n, $5)) with linespoints pt 7 ps 0.6 lw 2 lc rgb color[n] title label[n], \
    for [n = 1:5] data using (clients(n)):(if_of(n, $6)):(0):($7 - $6) with vectors nohead lw 1 lc rgb color[n] notitle
