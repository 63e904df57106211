#include "write_errors.h"

#include "own_write.h"

namespace follow {

bool comes_after_policies(const PairTable &table, bool policies) {
    return !policies || !table.runs_before_insert || own_writes_were_met();
}

} // namespace follow
