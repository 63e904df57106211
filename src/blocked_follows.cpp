#include "blocked_follows.h"

#include "acting_owner.h"
#include "spi_store.h"

namespace follow {

namespace {

/** Those of one direction. Starts from the blocks, of which there are fewer. */
const char *one_direction(const Graph &graph, const Column &of_blocker, const Column &of_blocked) {
    return psprintf("SELECT f.%s, f.%s FROM %s b JOIN %s f ON b.%s OPERATOR(pg_catalog.=) f.%s AND b.%s "
                    "OPERATOR(pg_catalog.=) f.%s",
                    quoted(graph.follow.from), quoted(graph.follow.to), qualified_name(graph.block.relation),
                    qualified_name(graph.follow.relation), quoted(graph.block.from), quoted(of_blocker),
                    quoted(graph.block.to), quoted(of_blocked));
}

const char *both_directions(const Graph &graph) {
    return psprintf("%s UNION %s", one_direction(graph, graph.follow.from, graph.follow.to),
                    one_direction(graph, graph.follow.to, graph.follow.from));
}

const char *removal_text(const Graph &graph) {
    return psprintf("DELETE FROM %s WHERE (%s, %s) IN (%s);", qualified_name(graph.follow.relation),
                    quoted(graph.follow.from), quoted(graph.follow.to), both_directions(graph));
}

/** @return the number that a counting statement answers */
int64 run_as_owner(const Graph &graph, const char *text, int expected) {
    spi_begin();
    const ActingOwner acting = begin_acting(graph.follow.owner, graph.follow.schema);
    const int result = SPI_execute(text, false, 0);
    if (result != expected) {
        elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
    }
    bool null = false;
    const int64 count = expected == SPI_OK_SELECT
                            ? DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null))
                            : static_cast<int64>(SPI_processed);
    end_acting(acting);
    spi_end();
    return count;
}

} // namespace

void advise_on_blocked_follows(const Graph &graph) {
    const char *text = psprintf("SELECT pg_catalog.count(*) FROM (%s) f", both_directions(graph));
    const int64 count = run_as_owner(graph, text, SPI_OK_SELECT);
    if (count > 0) {
        ereport(
            WARNING, errcode(ERRCODE_WARNING),
            errmsg("table %s has " INT64_FORMAT " follows between users of whom one has blocked the other",
                   qualified_name(graph.follow.relation), count),
            errhint("Call follow_attach_graph with remove_blocked_follows => true, or run: %s", removal_text(graph)));
    }
}

void remove_blocked_follows(const Graph &graph) {
    const int64 count = run_as_owner(graph, removal_text(graph), SPI_OK_DELETE);
    ereport(NOTICE, errcode(ERRCODE_SUCCESSFUL_COMPLETION),
            errmsg_plural("removed " INT64_FORMAT " follow between users of whom one has blocked the other",
                          "removed " INT64_FORMAT " follows between users of whom one has blocked the other",
                          static_cast<unsigned long>(count), count));
}

} // namespace follow
