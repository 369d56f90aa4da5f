import t from 'tap'
import { traceIdOf } from '../../../http/trace-context.js'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentId = '00f067aa0ba902b7'

for (const traceparent of [
  `00-${traceId}-${parentId}-01`, `00-${traceId}-${parentId}-00`, `cc-${traceId}-${parentId}-01`, `01-${traceId}-${parentId}-01-what-comes-later`,
]) {
  t.test(`${traceparent} is valid`, async (t) => { t.equal(traceIdOf({ traceparent }), traceId) })
}

for (const traceparent of [
  undefined, '', traceId, `ff-${traceId}-${parentId}-01`, `00-${traceId}-${parentId}`, `00-${traceId}-${parentId}-01-more`,
  `00-${'0'.repeat(32)}-${parentId}-01`, `00-${traceId}-${'0'.repeat(16)}-01`, `00-${traceId.toUpperCase()}-${parentId}-01`,
  `00-${traceId.slice(1)}-${parentId}-01`, `00-${traceId}-${parentId}-1`, ` 00-${traceId}-${parentId}-01`, `00-${traceId}-${parentId}-01\n`,
  `01-${traceId}-${parentId}-01.more`, [`00-${traceId}-${parentId}-01`, 'other'],
]) {
  t.test(`${JSON.stringify(traceparent)} is not`, async (t) => {
    t.equal(traceIdOf(traceparent === undefined ? {} : { traceparent }), undefined)
  })
}
