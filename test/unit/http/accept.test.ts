import fc from 'fast-check'
import t from 'tap'
import { prefersJson } from '../../../http/accept.js'
import { codePoint } from '../../support/code-point.js'

const json = [
  'application/json',
  'Application/JSON',
  'application/json, */*;q=0.9',
  'application/json; charset=utf-8',
  'application/json;q=0.001',
  'application/json;q=1.000',
  'application/json;Q=0.5',
  'text/html;q=0.9, application/json',
  'text/html;q=0, application/json;q=0.1',
  'text/*;q=0.4, */*;q=0.1, application/json;q=0.5',
  // HTTPie with --json
  'application/json, */*;q=0.5',
  ' application/json ;q=0.8 , text/html;level=1;q=0.4',
  ', application/json,,',
  'application/json;q=0.2, application/json;version=2;q=0.8, text/html;q=0.5',
  'text/html;q=2, application/json',
  'text/html;level="1, q=0";q=0.9, application/json',
  'application/json;x="a\\", b"',
  'text, application/json',
]

const notJson = [
  undefined,
  '',
  '*/*',
  'application/*',
  'application/*, */*',
  'application/json, */*',
  '*/*, application/json',
  // axios, and Angular
  'application/json, text/plain, */*',
  // R's httr
  'application/json, text/xml, application/xml, */*',
  // jQuery's getJSON
  'application/json, text/javascript, */*; q=0.01',
  '*/*;q=1, application/json;q=0.1',
  'application/json, text/html',
  'text/html, application/json',
  'text/html;q=0.5, application/json;q=0.5',
  'text/*, application/json;q=0.5',
  'application/json;q=0.8, application/*;q=0.9',
  'application/json;q=0',
  'application/json;q=0.000',
  'text/html',
  'application/problem+json',
  'application/json-seq',
  'application/jsonp',
  'application/ld+json',
  'text/json',
  'text/html, application/json;q=0.9',
  'application/json;q=0.4, text/html;q=0.5, */*',
  // Chrome and Firefox, following a link
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7',
  'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  // RFC 9110, section 12.5.1
  'audio/*; q=0.2, audio/basic',
  'text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c',
  'text/*, text/plain, text/plain;format=flowed, */*',
  // malformed elements are skipped
  'application/json;q=',
  'application/json;q=1.5',
  'application/json;q=0.0001',
  'application/json;q=-1',
  'application/json;q=high',
  'application/json text/html',
  'application / json',
  'application/json;x="unclosed',
  'text/html;x="a, application/json',
  'text/html;x="a, application/json"',
  '"application/json"',
]

for (const accept of json) {
  t.test(`${accept} asks for JSON`, async (t) => {
    t.equal(prefersJson(accept), true)
  })
}

for (const accept of notJson) {
  t.test(`${accept === undefined ? 'no Accept' : JSON.stringify(accept)} asks for the file`, async (t) => {
    t.equal(prefersJson(accept), false)
  })
}

t.test('no Accept makes the choice throw, and none asks for JSON without naming it', async () => {
  const hostile = fc.string({ unit: fc.constantFrom('application/json', 'text/html', 'q', '=', '0', '1', '.', ';', ',', '"', '\\', '*', '/', ' ') })
  fc.assert(fc.property(fc.oneof(hostile, fc.string({ unit: codePoint })), (accept) => (
    !prefersJson(accept) || accept.includes('application/json')
  )), { numRuns: 1000 })
})
