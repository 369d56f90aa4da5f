import t from 'tap'
import { contradictionOf } from '../../../uploads/contradiction.js'

const reservation = { reservedBytes: 10n, contentType: 'text/plain; charset=utf-8' }
const stored = { sizeBytes: 10, contentType: 'text/plain; charset=utf-8' }

t.test('a file that is what was reserved contradicts nothing, nor does a smaller one', async (t) => {
  t.equal(contradictionOf(reservation, stored), undefined)
  t.equal(contradictionOf(reservation, { ...stored, sizeBytes: 9 }), undefined)
})

t.test('a bigger file contradicts a stated size, and none where any was allowed', async (t) => {
  t.equal(contradictionOf(reservation, { ...stored, sizeBytes: 11 }), 'size')
  t.equal(contradictionOf({ ...reservation, reservedBytes: null }, { ...stored, sizeBytes: 2 ** 53 - 1 }), undefined)
  t.equal(contradictionOf({ ...reservation, reservedBytes: 0n }, { ...stored, sizeBytes: 1 }), 'size')
})

t.test('a file of another type contradicts, however the same type is written', async (t) => {
  t.equal(contradictionOf(reservation, { ...stored, contentType: 'image/png' }), 'type')
  for (const other of ['text/plain', 'text/plain; charset=iso-8859-1', 'text/plain; charset=utf-8; x=y', 'text/plain; x=utf-8', '']) {
    t.equal(contradictionOf(reservation, { ...stored, contentType: other }), 'type', other)
  }
  for (const same of ['text/plain;charset=utf-8', 'Text/Plain; charset="UTF-8"', ' text/plain; charset=utf-8 ', undefined]) {
    t.equal(contradictionOf(reservation, { ...stored, contentType: same }), undefined, String(same))
  }
})
