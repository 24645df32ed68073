#include <string>
#include <vector>

#include "cli/run.h"

int main(int argument_count, char** arguments) {
  return attune::Run(std::vector<std::string>(arguments + (argument_count > 0 ? 1 : 0), arguments + argument_count));
}
