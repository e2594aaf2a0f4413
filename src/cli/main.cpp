#include "cli/command.hpp"

int main(int argc, char** argv) { return tenon::cli::run(argc, argv); }
