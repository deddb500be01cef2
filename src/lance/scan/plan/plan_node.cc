#include "lance/scan/plan/plan_node.h"

namespace lance::scan {

std::string Explain(const PlanNode& root) {
  std::string text;
  std::string indent;
  for (const PlanNode* node = &root; node != nullptr; node = node->input.get()) {
    text += indent + node->name;
    if (!node->detail.empty()) text += ": " + node->detail;
    text += '\n';
    indent += "  ";
  }
  return text;
}

}  // namespace lance::scan
