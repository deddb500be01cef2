#include "verb.h"

namespace lance::cli {

void AddInfo(CLI::App& app, Action& action);
void AddSchema(CLI::App& app, Action& action);
void AddVersions(CLI::App& app, Action& action);
void AddHead(CLI::App& app, Action& action);
void AddCount(CLI::App& app, Action& action);
void AddScan(CLI::App& app, Action& action);
void AddSearch(CLI::App& app, Action& action);
void AddPages(CLI::App& app, Action& action);
void AddVerify(CLI::App& app, Action& action);
void AddSql(CLI::App& app, Action& action);
void AddExport(CLI::App& app, Action& action);
void AddDiff(CLI::App& app, Action& action);
void AddImport(CLI::App& app, Action& action);
void AddAppend(CLI::App& app, Action& action);
void AddDelete(CLI::App& app, Action& action);
void AddUpdate(CLI::App& app, Action& action);
void AddAddColumn(CLI::App& app, Action& action);
void AddDropColumn(CLI::App& app, Action& action);
void AddAlterColumn(CLI::App& app, Action& action);
void AddTag(CLI::App& app, Action& action);
void AddBranch(CLI::App& app, Action& action);
void AddRestore(CLI::App& app, Action& action);
void AddConfig(CLI::App& app, Action& action);
void AddCompact(CLI::App& app, Action& action);
void AddCleanup(CLI::App& app, Action& action);
void AddFsck(CLI::App& app, Action& action);
void AddRepair(CLI::App& app, Action& action);
void AddIndex(CLI::App& app, Action& action);

const std::vector<Verb>& Verbs() {
  static const std::vector<Verb> verbs = {
      // Look and read.
      {AddInfo},
      {AddSchema},
      {AddVersions},
      {AddHead},
      {AddCount},
      {AddScan},
      {AddSearch},
      {AddSql},
      {AddExport},
      {AddDiff},
      {AddPages},
      {AddVerify},
      // Rows.
      {AddImport},
      {AddAppend},
      {AddDelete},
      {AddUpdate},
      // Columns.
      {AddAddColumn},
      {AddDropColumn},
      {AddAlterColumn},
      // Versions.
      {AddTag},
      {AddBranch},
      {AddRestore},
      // Upkeep.
      {AddIndex},
      {AddConfig},
      {AddCompact},
      {AddCleanup},
      {AddFsck},
      {AddRepair},
  };
  return verbs;
}

}  // namespace lance::cli
