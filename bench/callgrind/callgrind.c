/* What the instruction counts need inside the server: when to count, and a call that does nothing. */
#include "postgres.h"

#include <valgrind/callgrind.h>

#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(empty_function);
PG_FUNCTION_INFO_V1(start_counting);
PG_FUNCTION_INFO_V1(stop_counting);

Datum empty_function(PG_FUNCTION_ARGS) {
    PG_RETURN_BOOL(true);
}

Datum start_counting(PG_FUNCTION_ARGS) {
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
    PG_RETURN_VOID();
}

Datum stop_counting(PG_FUNCTION_ARGS) {
    CALLGRIND_DUMP_STATS;
    CALLGRIND_STOP_INSTRUMENTATION;
    PG_RETURN_VOID();
}
