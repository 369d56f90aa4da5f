import fc from 'fast-check'
import t from 'tap'
import { CRC_32C, CRC_64_NVME, Crc, type CrcParameters } from '../../../objects/crc.js'

const codes = { CRC_32C, CRC_64_NVME }

function crcOf (parameters: CrcParameters, ...chunks: Buffer[]): string {
  const crc = new Crc(parameters)
  for (const chunk of chunks) crc.update(chunk)
  return crc.digest().toString('hex')
}

/** By definition: bit by bit. */
function crcByDefinition ({ polynomial, widthBytes }: CrcParameters, bytes: Uint8Array): string {
  const mask = (1n << BigInt(8 * widthBytes)) - 1n
  const reflected = BigInt(polynomial.high) << 32n | BigInt(polynomial.low)
  let register = mask
  for (const byte of bytes) {
    register ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) register = (register >> 1n) ^ (register & 1n ? reflected : 0n)
  }
  return (register ^ mask).toString(16).padStart(2 * widthBytes, '0')
}

t.test('the checks of the catalogue of CRCs come out', async (t) => {
  // "CRC-32/ISCSI" and "CRC-64/NVME" in the catalogue of parametrised CRC algorithms.
  t.equal(crcOf(CRC_32C, Buffer.from('123456789')), 'e3069283')
  t.equal(crcOf(CRC_64_NVME, Buffer.from('123456789')), 'ae8b14860a799888')
  t.equal(crcOf(CRC_32C), '00000000')
  t.equal(crcOf(CRC_64_NVME), '0000000000000000')
})

t.test('the vectors of RFC 3720 come out', async (t) => {
  const bytes = (at: (index: number) => number) => Buffer.from(Array.from({ length: 32 }, (_, index) => at(index)))
  // B.4 lists the bytes in the order in which they are sent, least significant first.
  t.equal(crcOf(CRC_32C, bytes(() => 0)), '8a9136aa')
  t.equal(crcOf(CRC_32C, bytes(() => 255)), '62a8ab43')
  t.equal(crcOf(CRC_32C, bytes((index) => index)), '46dd794e')
})

for (const [name, parameters] of Object.entries(codes)) {
  t.test(`${name} is what its definition says, whatever pieces the bytes come in`, async () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), (chunks) =>
      crcOf(parameters, ...chunks.map((chunk) => Buffer.from(chunk))) === crcByDefinition(parameters, Buffer.concat(chunks))))
  })
}
