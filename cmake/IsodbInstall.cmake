# Filled by the packaging step: headers, libraries, find_package(isodb) and pkg-config.
