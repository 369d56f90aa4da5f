import t from 'tap'
import { demoFiles } from '../../../../embedded/demo/files.js'
import { isFileName } from '../../../../objects/object-key.js'

const files = Object.values(demoFiles())

t.test('the files are 41,593 bytes in 6', async (t) => {
  t.equal(files.length, 6)
  t.equal(files.reduce((sum, { body }) => sum + body.length, 0), 41_593)
})

t.test('every name can be part of an object key, and no two are the same', async (t) => {
  t.ok(files.every(({ fileName }) => isFileName(fileName)))
  t.equal(new Set(files.map(({ fileName }) => fileName)).size, files.length)
})

t.test('the CSV files end their lines as RFC 4180 says, and no check-out has changed that', async (t) => {
  const { salesCsv, rejectedCsv } = demoFiles()
  for (const { body } of [salesCsv, rejectedCsv]) t.match(body.toString(), /^day,region,orders,revenue\r\n(\d{4}-\d\d-\d\d,\w+,\d+,\d+\.\d\d\r\n)+$/)
})

t.test('the HTML report needs neither scripts nor other files', async (t) => {
  const html = demoFiles().reportHtml.body.toString()
  t.match(html, /<img [^>]*src="data:image\/png;base64,/)
  t.notMatch(html, /<script|<link|https?:|\son\w+=/)
  t.ok(html.includes(demoFiles().chartPng.body.toString('base64')), 'its picture is the chart')
})
