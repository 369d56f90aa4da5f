import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { resolveXmlReference } from '../../store/xml-reference.js'
import { S3Error } from './s3-error.js'

/** The text between the elements of an element that has none of its own, for the schema of one that may have no other. */
export const WHITE_SPACE = { '#text': Type.Optional(Type.String({ pattern: '^[ \\t\\r\\n]*$' })) }

/**
 * Reads the XML of a request. Text stays as it is, white space included: it can be an object key.
 *
 * @param schema of the document, with its root element as the one property
 * @param lists names of the elements that become an array even where there is one
 * @throws {S3Error} MalformedXML where it is not XML, has a document type, comments or CDATA, or does not fit the schema
 */
export function parseXml<Schema extends TSchema> (text: string, schema: Schema, lists: readonly string[]): Static<Schema> {
  if (text.includes('<!') || XMLValidator.validate(text) !== true) throw new S3Error('MalformedXML')
  const parser = new XMLParser({
    parseTagValue: false,
    trimValues: false,
    removeNSPrefix: true,
    isArray: (name) => lists.includes(name),
    // The parser drops a reference that it cannot resolve, which would make one key of another.
    processEntities: false,
    tagValueProcessor: (_name, value) => value.replace(/&([^;]*);?/g, (_reference, entity) => resolveEntity(entity)),
  })
  let document: unknown
  try {
    document = parser.parse(text)
  } catch {
    throw new S3Error('MalformedXML')
  }
  if (!Value.Check(schema, document)) throw new S3Error('MalformedXML')
  return document
}

/** Only characters that XML may hold (XML 1.0, 2.2). */
function resolveEntity (entity: string): string {
  const character = resolveXmlReference(entity)
  if (character === undefined || !/^[\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]$/u.test(character)) {
    throw new S3Error('MalformedXML')
  }
  return character
}
