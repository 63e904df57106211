# Instructions a call, from the table that bench/instructions prints: FILE TABLE OUTPUT
set terminal svg size 820,380 font "sans-serif,12" background "white"
set output ARG3
set style data histograms
set style histogram clustered gap 2
set style fill solid 0.9 noborder
set boxwidth 0.9
set termoption noenhanced
set ylabel "thousand instructions a call"
set yrange [0:*]
set grid ytics lc rgb "#dddddd"
set key outside bottom center horizontal noenhanced
rows = sprintf("< grep '^%s ' %s | tr -d ','", ARG2, ARG1)
plot rows using ($3/1000):xtic(2) title "plain statement" lc rgb "#999999", \
     rows using ($4/1000) title "PL/pgSQL, same checks" lc rgb "#e69f00", \
     rows using ($5/1000) title "follow_ext, statements" lc rgb "#56b4e9", \
     rows using ($6/1000) title "follow_ext" lc rgb "#0072b2"
