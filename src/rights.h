#pragma once

#include "pair_table.h"
#include "prelude.h"

namespace follow {

/**
 * Requires of the caller what a plain statement would: USAGE on the schema; INSERT on the table or on both columns of
 * the pair; or DELETE on the table, and SELECT on the table or both columns. Asked before anything else, so that who
 * may not write learns nothing and locks nothing.
 *
 * @param mode ACL_INSERT or ACL_DELETE
 * @note errors: 42501
 */
void require_right(const PairTable &table, AclMode mode);

/** Whether the caller may read what find_edge reads. */
bool may_select(const PairTable &table);

/** Whether row security applies to the caller on the table. */
bool have_policies(const PairTable &table);

} // namespace follow
