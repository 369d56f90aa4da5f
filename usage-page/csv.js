/** @import { WorkflowUsage } from '../schemas/storage-usage.js' */

// What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection").
const beginsFormula = /^[=+\-@\t\r]/
const needsQuotes = /[",\r\n]/

/**
 * Workflows as comma-separated values (RFC 4180) with a header; bytes and counts are whole numbers. A name that a spreadsheet
 * would run as a formula is preceded by an apostrophe.
 *
 * @param {readonly WorkflowUsage[]} workflows
 * @returns {string}
 */
export function workflowsAsCsv (workflows) {
  const rows = workflows.map(({ workflowId, workflowName, bytes, fileCount }) =>
    [workflowId, textCell(workflowName), String(bytes), String(fileCount)])
  return [['workflowId', 'workflowName', 'bytes', 'fileCount'], ...rows].map((cells) => `${cells.join(',')}\r\n`).join('')
}

/**
 * @param {string} text
 * @returns {string}
 */
function textCell (text) {
  const harmless = beginsFormula.test(text) ? `'${text}` : text
  return needsQuotes.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
