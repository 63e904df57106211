#include "store.h"

#include "direct_store.h"
#include "row_writer.h"
#include "spi_store.h"

namespace follow {

namespace {

/** The values of follow_ext.store. */
enum StoreSetting { store_auto, store_spi };
int store_setting = store_auto;

} // namespace

Snapshot snapshot_of(View view) {
    const bool own = view == View::transaction || (view == View::write && IsolationIsSerializable());
    return own ? GetTransactionSnapshot() : GetLatestSnapshot();
}

Snapshot crosscheck_of(View view) {
    return view == View::latest && IsolationIsSerializable() ? GetTransactionSnapshot() : InvalidSnapshot;
}

bool is_direct(const PairTable &table, Access access, Rights rights) {
    return store_setting == store_auto && obstacle_to_direct(table, access, rights) == nullptr &&
           !(access == Access::insert && is_writing(table));
}

const Store &store_of(const PairTable &table, Access access, Rights rights) {
    return is_direct(table, access, rights) ? direct_store : spi_store;
}

void define_store_setting() {
    static constexpr std::array<config_enum_entry, 3> options{
        {{"auto", store_auto, false}, {"spi", store_spi, false}, {nullptr, 0, false}}};
    DefineCustomEnumVariable("follow_ext.store", "How the tables of the follow graph are reached.",
                             "auto: without statements where the table and the role allow it. spi: with statements, "
                             "for comparison; the answers are the same.",
                             &store_setting, store_auto, options.data(), PGC_USERSET, 0, nullptr, nullptr, nullptr);
    MarkGUCPrefixReserved("follow_ext");
}

} // namespace follow
