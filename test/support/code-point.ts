import fc from 'fast-check'

const FIRST_SURROGATE = 0xd800
const SURROGATES = 0x800
const LAST = 0x10ffff

/** Any Unicode character, like fast-check's unit "binary", which takes a second of each process to map them all. */
export const codePoint = fc.nat({ max: LAST - SURROGATES })
  .map((index) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES))
