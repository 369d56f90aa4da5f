import fc from 'fast-check'
import t from 'tap'
import { caseInsensitivePattern } from '../../../../db/runs/case-insensitive.js'
import { codePoint } from '../../../support/code-point.js'

t.test('a text is found in any case, and nothing in it is a sign of the pattern', async (t) => {
  for (const [text, pattern] of [
    ['ab', '[aA][bB]'], ['Ä', '[Ää]'], ['ß', 'ß'], ['1 x', '1 [xX]'], ['文', '文'], ['a.*', '[aA]\\.\\*'], ['', ''],
    ['!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', [...'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'].map((sign) => `\\${sign}`).join('')],
  ] as const) t.equal(caseInsensitivePattern(text), pattern)
})

t.test('a pattern finds its text, and its text in capitals or without', async () => {
  // Beyond them, JavaScript needs a flag with which it refuses escapes that PostgreSQL allows.
  const ofOneUnit = codePoint.filter((letter) => letter.length === 1)
  fc.assert(fc.property(fc.string({ unit: ofOneUnit, maxLength: 5 }), (text) => {
    // Only letters whose other case is one letter have one.
    const inCase = (change: (letter: string) => string) =>
      [...text].map((letter) => [...change(letter)].length === 1 ? change(letter) : letter).join('')
    const pattern = new RegExp(`^${caseInsensitivePattern(text)}$`, 's')
    const cases = [text, inCase((letter) => letter.toUpperCase()), inCase((letter) => letter.toLowerCase())]
    return cases.every((each) => pattern.test(each))
  }), { numRuns: 1_000 })
})
