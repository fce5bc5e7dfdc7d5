export { type Budgets, budgetsSchema, parseBudgets } from "./budgets.js";
export { type Check, checkReport } from "./check.js";
