// The entry point: everything is in proxy/cli.
#include "proxy/cli/cli.hpp"

int main(int argc, char** argv) { return sengu::proxy::cli_main(argc, argv); }
