#include "blocked_follows.h"

#include "acting_owner.h"
#include "plan.h"
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
    return psprintf("DELETE FROM %s WHERE (%s, %s) IN (%s)", qualified_name(graph.follow.relation),
                    quoted(graph.follow.from), quoted(graph.follow.to), both_directions(graph));
}

/** Runs a statement as the tables' owner; its rows are in SPI_tuptable. */
uint64 run_as_owner(const Graph &graph, const char *text) {
    const ActingOwner acting = begin_acting(graph.follow.owner, graph.follow.schema);
    const SPIPlanPtr plan = plan_over({graph.follow.relation, graph.block.relation}, text);
    const uint64 rows = run_plan(plan, nullptr, nullptr, GetLatestSnapshot());
    end_acting(acting);
    return rows;
}

int64 count_blocked_follows(const Graph &graph) {
    spi_begin();
    run_as_owner(graph, psprintf("SELECT pg_catalog.count(*) FROM (%s) f", both_directions(graph)));
    bool null = false;
    const int64 count = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null));
    spi_end();
    return count;
}

} // namespace

void advise_on_blocked_follows(const Graph &graph) {
    const int64 count = count_blocked_follows(graph);
    if (count > 0) {
        ereport(
            WARNING, errcode(ERRCODE_WARNING),
            errmsg("table %s has " INT64_FORMAT " follows between users of whom one has blocked the other",
                   qualified_name(graph.follow.relation), count),
            errhint("Call follow_attach_graph with remove_blocked_follows => true, or run: %s;", removal_text(graph)));
    }
}

void remove_blocked_follows(const Graph &graph) {
    spi_begin();
    const auto count = static_cast<int64>(run_as_owner(graph, removal_text(graph)));
    spi_end();
    ereport(NOTICE, errcode(ERRCODE_SUCCESSFUL_COMPLETION),
            errmsg_plural("removed " INT64_FORMAT " follow between users of whom one has blocked the other",
                          "removed " INT64_FORMAT " follows between users of whom one has blocked the other",
                          static_cast<unsigned long>(count), count));
}

} // namespace follow
