import t from 'tap'
import { parseCsv, workflowsAsCsv } from '../../../../page/text/csv.js'

const workflowId = '3f0c6a52-8a4e-4b62-9f0e-2f6f2f1f9a10'
const header = 'workflowId,workflowName,bytes,fileCount\r\n'
const csvOf = (workflowName: string, bytes = 1, fileCount = 1) =>
  workflowsAsCsv([{ workflowId, workflowName, bytes, fileCount }])

t.test('without workflows there is a header alone', async (t) => {
  t.equal(workflowsAsCsv([]), header)
})

t.test('bytes and counts are whole numbers to the last digit', async (t) => {
  t.equal(csvOf('Nightly', Number.MAX_SAFE_INTEGER, 1234567), `${header}${workflowId},Nightly,9007199254740991,1234567\r\n`)
  t.equal(csvOf('Nightly', 0, 0), `${header}${workflowId},Nightly,0,0\r\n`)
})

t.test('a name stands in quotes where it must (RFC 4180, 2)', async (t) => {
  for (const [name, cell] of [
    ['Résumé 報告', 'Résumé 報告'],
    ['with space', 'with space'],
    ['a,b', '"a,b"'],
    ['the "best"', '"the ""best"""'],
    ['two\r\nlines', '"two\r\nlines"'],
    ['two\nlines', '"two\nlines"'],
    ['', ''],
  ] as const) t.equal(csvOf(name), `${header}${workflowId},${cell},1,1\r\n`, name)
})

t.test('a name that a spreadsheet would take for a formula is marked as text', async (t) => {
  for (const [name, cell] of [
    ['=1+1', '\'=1+1'],
    ['+1', '\'+1'],
    ['-1', '\'-1'],
    ['@SUM(A1)', '\'@SUM(A1)'],
    ['\t=1', '\'\t=1'],
    ['\r=1', '"\'\r=1"'],
    ['=HYPERLINK("https://evil.example","x")', '"\'=HYPERLINK(""https://evil.example"",""x"")"'],
    ['a=1', 'a=1'],
    ['1-2', '1-2'],
  ] as const) t.equal(csvOf(name), `${header}${workflowId},${cell},1,1\r\n`, name)
})

t.test('rows are read as they were written, however they are separated', async (t) => {
  for (const [text, rows] of [
    ['', []],
    ['a,b\r\n1,2\r\n', [['a', 'b'], ['1', '2']]],
    ['a;b\n"1;1";2', [['a', 'b'], ['1;1', '2']]],
    ['a\tb\n1\t', [['a', 'b'], ['1', '']]],
    ['"the ""best""","two\nlines"\n', [['the "best"', 'two\nlines']]],
    ['in the "middle",x\n', [['in the "middle"', 'x']]],
    ['cut "off,b\n"and open', [['cut "off', 'b'], ['and open']]],
    ['one\n\ntwo\n', [['one'], [''], ['two']]],
  ] as const) t.same(parseCsv(text, 10), rows, JSON.stringify(text))
})

t.test('no more rows are read than are wanted', async (t) => {
  t.equal(parseCsv('a\n'.repeat(1000), 7).length, 7)
  t.equal(parseCsv('a\n'.repeat(6), 7).length, 6)
})
