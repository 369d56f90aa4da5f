import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** A file's name, media type and bytes. */
export interface DemoFile {
  fileName: string
  contentType: string
  body: Buffer
}

/** Reads the demo organisation's files from the folder next to this file. */
export function demoFiles () {
  return {
    salesCsv: read('sales-2025-q3.csv', 'text/csv; charset=utf-8'),
    chartPng: read('revenue-by-week.png', 'image/png'),
    reportHtml: read('Quarterly report.html', 'text/html; charset=utf-8'),
    // A name outside ASCII, as real ones often are.
    summaryPdf: read('Résumé Q3 2025.pdf', 'application/pdf'),
    importLog: read('import.log', 'text/plain; charset=utf-8'),
    rejectedCsv: read('rejected-rows.csv', 'text/csv; charset=utf-8'),
  } satisfies Record<string, DemoFile>
}

function read (fileName: string, contentType: string): DemoFile {
  // Resolved from the package's root, so that the built server finds them too.
  const { resolve } = createRequire(import.meta.url)
  return { fileName, contentType, body: readFileSync(resolve(`#demo-files/${fileName}`)) }
}
