import t from 'tap'
import { readJsonObject } from '../../../identity/json-object.js'

const read = (text: string) => readJsonObject(Buffer.from(text))

t.test('an object is read, whatever its members are', async (t) => {
  for (const text of [
    '{}', ' {"a" : 1} ', '{"a":{"a":{"a":[{"a":1},{"a":2}]}}}', '{"a":"\\"a\\":","b":"{\\"a\\":1,\\"a\\":2}"}', '{"a\\\\":1,"a":":"}',
    '{"":0,"größe":[[],"x:","\\\\"]}', '{"a":["b", ":c"]}',
  ]) t.strictSame(read(text), JSON.parse(text), text)
})

t.test('an object with two members of one name is refused, at any depth and however the name is spelled', async (t) => {
  for (const text of [
    '{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"x":{"a":1,"b":2,"a":3}}', '{"x":[{"a":1,"a" :2}]}', '{"__proto__":1,"__proto__":{}}', '{"":1,"":2}',
  ]) t.equal(read(text), undefined, text)
})

t.test('what is not an object in UTF-8 is refused', async (t) => {
  for (const text of ['', 'null', '[]', '"{}"', '1', 'true', '{', '{"a":1}}', '{"a":NaN}', "{'a':1}", '\ufeff{}']) t.equal(read(text), undefined, text)
  t.equal(readJsonObject(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), undefined)
})

t.test('an object of the size of the longest token, nested as deep as can be, is read', async (t) => {
  const depth = 1000
  t.ok(read('{"a":'.repeat(depth) + '1' + '}'.repeat(depth)))
})
