// yaml-cpp FILE ROUNDS: parses a document so many times with yaml-cpp, which the first engine reads with, and prints the
// milliseconds of processor time that one takes.
#include <yaml-cpp/yaml.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>

int main(int count, char **arguments) {
  if (count != 3) return 2;
  std::ifstream file(arguments[1]);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const int rounds = std::atoi(arguments[2]);
  std::size_t nodes = 0;
  timespec from, to;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
  for (int round = 0; round < rounds; ++round) nodes += YAML::Load(text).size();
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
  if (nodes == 0) return 1;
  std::printf("%.6f\n", ((to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6) / rounds);
}
