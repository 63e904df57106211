#include "explain.h"

#include "direct_store.h"
#include "graph.h"

#include <array>

namespace follow {

namespace {

/** A way to reach rows, in SQL's words. */
struct Way {
    Access access;
    Rights rights;
    const char *access_name;
    const char *rights_name;
};

constexpr std::array<Way, 5> ways{{
    {Access::look, Rights::owner, "read", "owner"},
    {Access::look, Rights::caller, "read", "caller"},
    {Access::insert, Rights::caller, "insert", "caller"},
    {Access::remove, Rights::caller, "delete", "caller"},
    {Access::remove, Rights::owner, "delete", "owner"},
}};

enum Column : std::size_t { relation, access, rights, store, obstacle, columns };

void put_way(const PairTable &table, const Way &way, ReturnSetInfo *rows) {
    const char *reason = obstacle_to_direct(table, way.access, way.rights);
    const bool direct = is_direct(table, way.access, way.rights);
    if (reason == nullptr && !direct) {
        reason = "the setting follow_ext.store";
    }
    std::array<Datum, columns> values{};
    std::array<bool, columns> nulls{};
    values[relation] = ObjectIdGetDatum(table.relation);
    values[access] = CStringGetTextDatum(way.access_name);
    values[rights] = CStringGetTextDatum(way.rights_name);
    values[store] = CStringGetTextDatum(direct ? "direct" : "spi");
    nulls[obstacle] = reason == nullptr;
    values[obstacle] = reason == nullptr ? Datum{0} : CStringGetTextDatum(reason);
    tuplestore_putvalues(rows->setResult, rows->setDesc, values.data(), nulls.data());
}

} // namespace

void explain_stores(Oid function, ReturnSetInfo *rows) {
    const Graph *graph = open_graph(function);
    for (const PairTable *table : {&graph->follow, &graph->block}) {
        for (const Way &way : ways) {
            put_way(*table, way, rows);
        }
    }
}

} // namespace follow
