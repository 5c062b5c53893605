#include <exception>
#include <iostream>

#include "app/commands.hpp"

int main(int argc, char** argv) {
  try {
    return moorgate::app::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "moorgate: " << error.what() << '\n';
    return 1;
  }
}
