#include "verb.h"

namespace lance::cli {

void AddInfo(CLI::App& app, Action& action);
void AddSchema(CLI::App& app, Action& action);
void AddVersions(CLI::App& app, Action& action);
void AddHead(CLI::App& app, Action& action);
void AddCount(CLI::App& app, Action& action);
void AddScan(CLI::App& app, Action& action);
void AddPages(CLI::App& app, Action& action);
void AddVerify(CLI::App& app, Action& action);
void AddSql(CLI::App& app, Action& action);

const std::vector<Verb>& Verbs() {
  static const std::vector<Verb> verbs = {
      {AddInfo}, {AddSchema}, {AddVersions}, {AddHead}, {AddCount},
      {AddScan}, {AddPages},  {AddVerify},   {AddSql},
  };
  return verbs;
}

}  // namespace lance::cli
