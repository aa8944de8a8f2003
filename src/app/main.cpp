#include "app/command_line.h"

int main(int argc, char** argv) { return stillreel::app::run(argc, argv); }
