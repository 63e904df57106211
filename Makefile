EXTENSION = follow_ext
EXTVERSION = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(EXTENSION).control)

MODULE_big = $(EXTENSION)
OBJS = $(patsubst %.cpp,%.o,$(sort $(wildcard src/*.cpp)))
DATA = $(wildcard sql/$(EXTENSION)--*.sql)

# The isolation tester and pg_regress find their input below test/ and what they expect in expected/.
REGRESS = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test
ISOLATION = $(patsubst test/specs/%.spec,%,$(sort $(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=.
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

PG_CONFIG ?= pg_config

# No exceptions and no RTTI: an error in the server is a longjmp, and neither may cross its frames. The server's headers
# are system headers to us, so that only our own code is held to the warnings. PostgreSQL 15's headers say "register".
PG_CXXFLAGS = -std=c++20 -fno-exceptions -fno-rtti -fno-threadsafe-statics -fvisibility=hidden \
	-isystem $(shell $(PG_CONFIG) --includedir-server) \
	-Wall -Wextra -Werror -Wno-register

# PGXS passes on the warnings of the compiler that built the server.
ifneq (,$(findstring clang,$(CXX)))
PG_CXXFLAGS += -Wno-unknown-warning-option
endif

EXTRA_CLEAN = test/unit/unit_test output_iso

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS gives PG_CXXFLAGS to the compiler of objects alone.
COMPILE.cxx.bc += $(PG_CXXFLAGS)

# PGXS knows no dependencies on headers.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h) Makefile

test/unit/unit_test: $(wildcard test/unit/*.cpp src/*.h)
	$(CXX) -std=c++20 -Wall -Wextra -Werror -O1 -g -Isrc -o $@ test/unit/*.cpp

.PHONY: dist
dist:
	git archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ -o $(EXTENSION)-$(EXTVERSION).zip HEAD
