#include "lance/scan/plan/plan_node.h"

namespace lance::scan {

std::string Explain(const PlanNode& root) {
  std::string text;
  VisitNodes(root, [&](const PlanNode& node, int depth) {
    text += std::string(2 * static_cast<size_t>(depth), ' ') + node.name;
    if (!node.detail.empty()) text += ": " + node.detail;
    text += '\n';
  });
  return text;
}

}  // namespace lance::scan
