import { drawChart } from './chart.js'
import { writePdf } from './pdf.js'
import { type Sale, asMoney, demoSales, pseudoRandom, regionTotals, weeklyRevenue } from './sales.js'

/** A file's name, media type and bytes. */
export interface DemoFile {
  fileName: string
  contentType: string
  body: Buffer
}

/** The demo organisation's files, the same bytes at every call. */
export function demoFiles () {
  const sales = demoSales()
  const chart = drawChart(weeklyRevenue(sales))
  const totals = regionTotals(sales)
  const rejected = sales.filter((_, index) => index % 61 === 60)
  return {
    salesCsv: file('sales-2025-q3.csv', 'text/csv; charset=utf-8', asCsv(sales)),
    chartPng: file('revenue-by-week.png', 'image/png', chart),
    reportHtml: file('Quarterly report.html', 'text/html; charset=utf-8', asHtml(totals, chart)),
    // A name outside ASCII, as real ones often are.
    summaryPdf: file('Résumé Q3 2025.pdf', 'application/pdf', writePdf('Sales, third quarter of 2025', asTable(totals))),
    importLog: file('import.log', 'text/plain; charset=utf-8', asLog(sales, rejected)),
    rejectedCsv: file('rejected-rows.csv', 'text/csv; charset=utf-8', asCsv(rejected)),
  } satisfies Record<string, DemoFile>
}

function file (fileName: string, contentType: string, content: string | Buffer): DemoFile {
  return { fileName, contentType, body: Buffer.from(content) }
}

/** Comma-separated values (RFC 4180); no field needs quotes. */
function asCsv (sales: readonly Sale[]): string {
  const rows = sales.map(({ day, region, orders, revenueCents }) => [day, region, orders, asMoney(revenueCents)].join(','))
  return ['day,region,orders,revenue', ...rows].map((row) => `${row}\r\n`).join('')
}

function asLog (sales: readonly Sale[], rejected: readonly Sale[]): string {
  const random = pseudoRandom(7)
  let timeMs = Date.UTC(2025, 9, 1, 2, 0, 0)
  const line = (level: string, message: string) => {
    timeMs += Math.floor(400 * random())
    return `${new Date(timeMs).toISOString()} ${level.padEnd(5)} ${message}\n`
  }
  return [
    line('INFO', `import started: ${sales.length} rows`),
    ...sales.map((sale, index) => rejected.includes(sale)
      ? line('WARN', `row ${index + 2}: ${sale.region} on ${sale.day} was delivered twice, set aside`)
      : line('DEBUG', `row ${index + 2}: ${sale.region} ${sale.day} ${sale.orders} orders`)),
    line('INFO', `import finished: ${sales.length - rejected.length} rows taken, ${rejected.length} set aside`),
  ].join('')
}

type Totals = ReturnType<typeof regionTotals>

function asTable (totals: Totals): string[] {
  const row = (region: string, orders: string | number, revenue: string) =>
    `${region.padEnd(12)}${String(orders).padStart(10)}${revenue.padStart(16)}`
  const sum = (of: (total: Totals[number]) => number) => totals.reduce((all, total) => all + of(total), 0)
  return [
    row('Region', 'Orders', 'Revenue'),
    ...totals.map(({ region, orders, revenueCents }) => row(region, orders, asMoney(revenueCents))),
    '',
    row('All regions', sum(({ orders }) => orders), asMoney(sum(({ revenueCents }) => revenueCents))),
  ]
}

/** A report that needs nothing but itself: its style and picture are inline and it has no script. */
function asHtml (totals: Totals, chart: Buffer): string {
  const rows = totals.map(({ region, orders, revenueCents }) =>
    `      <tr><td>${region}</td><td>${orders}</td><td>${asMoney(revenueCents)}</td></tr>\n`)
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Sales, third quarter of 2025</title>
  <style>
    body { font: 16px/1.5 system-ui, sans-serif; color: #282c34; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
    img { max-width: 100%; border: 1px solid #e0e4ea }
    table { border-collapse: collapse; width: 100% }
    th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid #e0e4ea }
    th:first-child, td:first-child { text-align: left }
  </style>
</head>
<body>
  <h1>Sales, third quarter of 2025</h1>
  <p>Revenue by week, in thousands, stacked by region.</p>
  <img alt="Stacked bars of thirteen weeks' revenue in four regions" src="data:image/png;base64,${chart.toString('base64')}">
  <table>
    <thead><tr><th>Region</th><th>Orders</th><th>Revenue</th></tr></thead>
    <tbody>
${rows.join('')}    </tbody>
  </table>
</body>
</html>
`
}
