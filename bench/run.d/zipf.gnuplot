# Throughput over the number of clients that follow heavy-tailed targets. Set before: data, table, title, ways.
set datafile separator ','
set terminal svg size 760, 480 font 'sans-serif,12' background 'white' noenhanced
array color[5] = [0x999999, 0x88aacc, 0x4477aa, 0xeeaa66, 0xcc5522]
array label[5] = ['a  the app: looks, then a write', 'b  INSERT ... ON CONFLICT', 'c  PL/pgSQL, lock and checks', \
    'd  follow_ext, store spi', 'e  follow_ext']

clients(workload) = substr(workload, 1, 5) eq 'zipf_' ? real(substr(workload, 6, strlen(workload))) : NaN
of(n) = strcol(1) eq table && strcol(3) eq word(ways, n) ? clients(strcol(2)) : NaN

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
plot for [n = 1:5] data using (of(n)):5 with lines lw 2 lc rgb color[n] notitle, \
    for [n = 1:5] data using (of(n)):5:6:7 with yerrorbars pt 7 ps 0.6 lw 1.5 lc rgb color[n] title label[n]
