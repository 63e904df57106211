#pragma once

#include "prelude.h"
#include "statement.h"
#include "store.h"

namespace follow {

/** The store that serves every table: kept SPI plans. */
extern const Store spi_store;

void spi_begin();
void spi_end();

/** The statement that comes closest to giving way: where rules rewrite an insert, it can only fail. */
Statement giving_way(const PairTable &table, Statement insert);

} // namespace follow
