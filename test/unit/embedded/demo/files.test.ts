import { crc32, inflateSync } from 'node:zlib'
import t from 'tap'
import { CHART_HEIGHT, CHART_WIDTH } from '../../../../embedded/demo/chart.js'
import { demoFiles } from '../../../../embedded/demo/files.js'
import { isFileName } from '../../../../objects/object-key.js'

const { salesCsv, rejectedCsv, chartPng, reportHtml, summaryPdf, importLog } = demoFiles()

t.test('the files are the same at every call', async (t) => {
  t.same(demoFiles(), demoFiles())
})

t.test('every name can stand in an object key, and no two are the same', async (t) => {
  const names = Object.values(demoFiles()).map(({ fileName }) => fileName)
  t.ok(names.every(isFileName))
  t.equal(new Set(names).size, names.length)
})

t.test('the CSV files have some rows of as many fields as their header', async (t) => {
  for (const [{ body }, rowCount] of [[salesCsv, 368], [rejectedCsv, 6]] as const) {
    const [header, ...rows] = body.toString().trimEnd().split('\r\n').map((row) => row.split(','))
    t.same(header, ['day', 'region', 'orders', 'revenue'])
    t.equal(rows.length, rowCount)
    for (const [day = '', region = '', orders = '', revenue = ''] of rows) {
      t.ok(Number.isFinite(Date.parse(day)) && region !== '' && /^\d+$/.test(orders) && /^\d+\.\d\d$/.test(revenue), day)
    }
  }
})

t.test('the PNG has valid chunks and as many pixels as it says', async (t) => {
  t.equal(chartPng.body.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n')
  const chunks = new Map<string, Buffer>()
  for (let offset = 8; offset < chartPng.body.length;) {
    const length = chartPng.body.readUInt32BE(offset)
    const typed = chartPng.body.subarray(offset + 4, offset + 8 + length)
    t.equal(chartPng.body.readUInt32BE(offset + 8 + length), crc32(typed))
    chunks.set(typed.subarray(0, 4).toString('latin1'), typed.subarray(4))
    offset += 12 + length
  }
  t.same([...chunks.keys()], ['IHDR', 'PLTE', 'IDAT', 'IEND'])
  const header = chunks.get('IHDR') ?? Buffer.alloc(0)
  t.same([header.readUInt32BE(0), header.readUInt32BE(4)], [CHART_WIDTH, CHART_HEIGHT])
  const rows = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0))
  t.equal(rows.length, (CHART_WIDTH + 1) * CHART_HEIGHT)
  const colours = (chunks.get('PLTE')?.length ?? 0) / 3
  t.equal(new Set(rows).size, colours, 'every colour of the palette is drawn, and no other')
})

t.test('the PDF says where each of its objects begins', async (t) => {
  const text = summaryPdf.body.toString('latin1')
  t.match(text, /^%PDF-1\.4\n/)
  t.match(text, /\n%%EOF\n$/)
  const tableOffset = Number(/startxref\n(\d+)\n/.exec(text)?.[1])
  const table = text.slice(tableOffset)
  const [, count] = /^xref\n0 (\d+)\n/.exec(table) ?? []
  const entries = [...table.matchAll(/^(\d{10}) (\d{5}) ([nf]) $/gm)]
  t.equal(entries.length, Number(count))
  entries.slice(1).forEach(([, offset], index) => {
    t.ok(text.startsWith(`${index + 1} 0 obj\n`, Number(offset)), `object ${index + 1}`)
  })
  const [, length, stream] = /\/Length (\d+) >>\nstream\n([^]*?)\nendstream/.exec(text) ?? []
  t.equal(stream?.length, Number(length))
})

t.test('the HTML report needs neither scripts nor other files', async (t) => {
  const html = reportHtml.body.toString()
  t.match(html, /<img [^>]*src="data:image\/png;base64,/)
  t.notMatch(html, /<script|<link|https?:|\son\w+=/)
  t.ok(html.includes(chartPng.body.toString('base64')), 'its picture is the chart')
})

t.test('the log has a line for each row of the import, in order of time', async (t) => {
  const lines = importLog.body.toString().trimEnd().split('\n')
  t.equal(lines.length, 370)
  const times = lines.map((line) => Date.parse(line.split(' ', 1)[0] ?? ''))
  t.same(times, times.toSorted((first, second) => first - second))
})
