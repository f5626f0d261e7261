# pare. Thin over CMake; the build is in build/.
#
#   make              every check that CI makes
#   make test         build and run the tests
#   make bench        all benches: table, build/bench/results.json    BENCH_FILTER=regex picks rows
#   make bench-quick  the same in about a minute
#   make soak         threads at random under TSan, ten minutes for each pool, SECONDS=600
#   make doubles      text of 100 million doubles against printf and strtod     COUNT=100000000
#   make dropin       build/dropin/pare.h, the single header          PARTS="arena str": only those
#   make install      PREFIX=/usr/local DESTDIR=
#   make tidy         check how the sources look; make format repairs the layout
#   make clean        remove build/
#
# What is missing is installed through apt-get first, with a word on why; INSTALL=no forbids it.

PREFIX = /usr/local
JOBS = $(shell nproc 2>/dev/null || echo 2)

# In a new build directory all is off but the library; each goal switches on what it needs, so
# that it needs no more than that.
NEW = $(if $(shell command -v ninja),-G Ninja) \
  -DPARE_BUILD_TESTS=OFF -DPARE_BUILD_EXAMPLES=OFF -DPARE_BUILD_BENCH=OFF
CONFIGURE = cmake -S . -B build $(if $(wildcard build/CMakeCache.txt),,$(NEW))
TEST_ON = -DPARE_BUILD_TESTS=ON -DPARE_BUILD_EXAMPLES=ON
BENCH_ON = -DPARE_BUILD_BENCH=ON
BUILD = cmake --build build -j $(JOBS)
CTEST = ctest --test-dir build -j $(JOBS) --output-on-failure --no-tests=error

export INSTALL BENCH_FILTER

.PHONY: all test bench bench-quick soak doubles dropin install tidy format clean

all:
	@.ci/need build test format bench
	$(CONFIGURE) $(TEST_ON) $(BENCH_ON) -DPARE_WERROR=ON
	$(BUILD)
	@$(MAKE) --no-print-directory dropin
	$(BUILD) --target bench-quick
	$(CTEST)

test:
	@.ci/need build test
	$(CONFIGURE) $(TEST_ON)
	$(BUILD)
	$(CTEST)

bench bench-quick:
	@.ci/need build bench
	$(CONFIGURE) $(BENCH_ON)
	$(BUILD) --target $@

SECONDS = 600
soak:
	@.ci/need build test
	cmake -S . -B build/soak $(if $(wildcard build/soak/CMakeCache.txt),,$(NEW)) \
	  -DPARE_BUILD_TESTS=ON -DPARE_SUITES=soak -DPARE_SOAK_SECONDS=$(SECONDS) \
	  -DCMAKE_BUILD_TYPE=None "-DCMAKE_C_FLAGS=-O1 -g -fsanitize=thread"
	cmake --build build/soak -j $(JOBS)
	ctest --test-dir build/soak --output-on-failure --no-tests=error

COUNT = 100000000
doubles:
	@.ci/need build test
	cmake -S . -B build/doubles $(if $(wildcard build/doubles/CMakeCache.txt),,$(NEW)) \
	  -DPARE_BUILD_TESTS=ON -DPARE_SUITES=doubles -DPARE_DOUBLES=$(COUNT)
	cmake --build build/doubles -j $(JOBS) --target soak_decimal
	ctest --test-dir build/doubles -j $(JOBS) --output-on-failure --no-tests=error

dropin:
	@.ci/need dropin
	@cmake -DOUT=build/dropin/pare.h "-DPARTS=$(PARTS)" -P src/dropin.cmake

# In a build directory of its own: the prefix stays out of build/, and nothing else gets built.
install:
	@.ci/need build
	cmake -S . -B build/install $(if $(wildcard build/install/CMakeCache.txt),,$(NEW)) \
	  "-DCMAKE_INSTALL_PREFIX=$(PREFIX)"
	cmake --build build/install -j $(JOBS)
	DESTDIR="$(DESTDIR)" cmake --install build/install
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

tidy:
	@.ci/need format
	@cmake -P tests/tidy.cmake

format:
	@.ci/need format
	cmake -DFIX=ON -P tests/tidy.cmake

clean:
	rm -rf build
