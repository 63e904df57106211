#include "catalog.h"

#include <array>
#include <type_traits>

namespace follow {

static_assert(std::is_trivially_destructible_v<CatalogRow>);

namespace {

/** The columns of follow_graph, in the order of the install script. */
enum CatalogColumn {
    graph_name = 1,
    follow_table,
    follower_column,
    follower_number,
    following_column,
    following_number,
    created_at_column,
    created_at_number,
    block_table,
    blocker_column,
    blocker_number,
    blocked_column,
    blocked_number,
};
constexpr int catalog_columns = blocked_number;

constexpr const char *catalog_name = "follow_graph";
constexpr const char *default_graph = "user";

/** Names and numbers stand in neighbouring columns. */
Column column_from(HeapTuple tuple, TupleDesc descriptor, CatalogColumn name) {
    Column column{};
    bool null = false;
    const Datum value = heap_getattr(tuple, name, descriptor, &null);
    if (null) {
        return column;
    }
    column.name = *DatumGetName(value);
    column.number = DatumGetInt16(heap_getattr(tuple, name + 1, descriptor, &null));
    return column;
}

Oid oid_from(HeapTuple tuple, TupleDesc descriptor, CatalogColumn column) {
    bool null = false;
    return DatumGetObjectId(heap_getattr(tuple, column, descriptor, &null));
}

/** Finds the graph's tuple; palloc'd, or nullptr. */
HeapTuple find_tuple(Relation catalog) {
    NameData graph;
    namestrcpy(&graph, default_graph);
    ScanKeyData key;
    ScanKeyInit(&key, graph_name, BTEqualStrategyNumber, F_NAMEEQ, NameGetDatum(&graph));

    // No snapshot given: one is taken now, as for a system catalog, which is allowed in a parallel worker too.
    const SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, nullptr, 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple)) {
        tuple = heap_copytuple(tuple);
    }
    systable_endscan(scan);
    return tuple;
}

HeapTuple form_tuple(TupleDesc descriptor, const CatalogRow &row) {
    std::array<Datum, catalog_columns> values{};
    std::array<bool, catalog_columns> nulls{};
    const auto set = [&](CatalogColumn column, Datum value) { values[column - 1] = value; };
    const auto set_column = [&](CatalogColumn name, const Column &column) {
        set(name, NameGetDatum(&column.name));
        values[name] = Int16GetDatum(column.number);
    };

    NameData graph;
    namestrcpy(&graph, default_graph);
    set(graph_name, NameGetDatum(&graph));
    set(follow_table, ObjectIdGetDatum(row.follow_table));
    set_column(follower_column, row.follower);
    set_column(following_column, row.following);
    set_column(created_at_column, row.created_at);
    const bool has_created_at = NameStr(row.created_at.name)[0] != '\0';
    nulls[created_at_column - 1] = !has_created_at;
    nulls[created_at_number - 1] = !has_created_at;
    set(block_table, ObjectIdGetDatum(row.block_table));
    set_column(blocker_column, row.blocker);
    set_column(blocked_column, row.blocked);
    return heap_form_tuple(descriptor, values.data(), nulls.data());
}

} // namespace

Oid catalog_of_function(Oid function) {
    const Oid catalog = get_relname_relid(catalog_name, get_func_namespace(function));
    if (!OidIsValid(catalog)) {
        ereport(ERROR, errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                errmsg("the catalog table %s of extension follow_ext is missing", catalog_name),
                errhint("Was the extension dropped meanwhile? CREATE EXTENSION follow_ext; makes it again."));
    }
    return catalog;
}

CatalogRow catalog_row(HeapTuple tuple, TupleDesc descriptor) {
    CatalogRow row{};
    row.follow_table = oid_from(tuple, descriptor, follow_table);
    row.follower = column_from(tuple, descriptor, follower_column);
    row.following = column_from(tuple, descriptor, following_column);
    row.created_at = column_from(tuple, descriptor, created_at_column);
    row.block_table = oid_from(tuple, descriptor, block_table);
    row.blocker = column_from(tuple, descriptor, blocker_column);
    row.blocked = column_from(tuple, descriptor, blocked_column);
    return row;
}

HeapTuple renumber_columns(HeapTuple tuple, TupleDesc descriptor) {
    CatalogRow row = catalog_row(tuple, descriptor);
    const auto renumber = [](Oid table, Column *column) { column->number = get_attnum(table, NameStr(column->name)); };
    renumber(row.follow_table, &row.follower);
    renumber(row.follow_table, &row.following);
    renumber(row.follow_table, &row.created_at);
    renumber(row.block_table, &row.blocker);
    renumber(row.block_table, &row.blocked);
    return form_tuple(descriptor, row);
}

bool read_catalog(Relation catalog, CatalogRow *row) {
    const HeapTuple tuple = find_tuple(catalog);
    if (!HeapTupleIsValid(tuple)) {
        return false;
    }
    *row = catalog_row(tuple, RelationGetDescr(catalog));
    heap_freetuple(tuple);
    return true;
}

void write_catalog(Relation catalog, const CatalogRow *row) {
    HeapTuple old_tuple = find_tuple(catalog);
    if (HeapTupleIsValid(old_tuple)) {
        CatalogTupleDelete(catalog, &old_tuple->t_self);
    }
    if (row != nullptr) {
        CatalogTupleInsert(catalog, form_tuple(RelationGetDescr(catalog), *row));
    }
    CommandCounterIncrement();
    CacheInvalidateRelcache(catalog);
}

} // namespace follow
