# SPDX-License-Identifier: Apache-2.0
# Every third-party library, all from Debian 12; nothing is downloaded at configure time.
set(SLUICE_MISSING_HINT "run `make setup`, which installs it from Debian")
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(yaml-cpp REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
# Its CMake package asks for libraries that only its command line tools use.
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(ROCKSDB REQUIRED IMPORTED_TARGET rocksdb>=7)
# Lua built as C++: a Lua error then unwinds C++ frames instead of jumping over them.
pkg_check_modules(LUA REQUIRED IMPORTED_TARGET lua5.4-c++)
if(SLUICE_BUILD_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()
