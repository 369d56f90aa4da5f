import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { resolveXmlReference } from '../../store/xml-reference.js'
import { S3Error } from './s3-error.js'

/** The white space between child elements, for the schema of an element that may have no other text. */
export const WHITE_SPACE = { '#text': Type.Optional(Type.String({ pattern: '^[ \\t\\r\\n]*$' })) }

/**
 * Parses the XML of a request. Text stays as it is, white space included: it may be an object key.
 *
 * @param schema of the document, with its root element as the only property
 * @param lists names of the elements that become an array even if there is only one
 * @throws {S3Error} MalformedXML if it is not XML, has a document type, comments or CDATA, or does not match the schema
 */
export function parseXml<Schema extends TSchema> (text: string, schema: Schema, lists: readonly string[]): Static<Schema> {
  if (text.includes('<!') || XMLValidator.validate(text) !== true) throw new S3Error('MalformedXML')
  const parser = new XMLParser({
    parseTagValue: false,
    trimValues: false,
    removeNSPrefix: true,
    isArray: (name) => lists.includes(name),
    // The parser drops references that it cannot resolve, which would turn one key into another.
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

/** Resolves only to characters that XML may contain (XML 1.0, 2.2). */
function resolveEntity (entity: string): string {
  const character = resolveXmlReference(entity)
  if (character === undefined || !/^[\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]$/u.test(character)) {
    throw new S3Error('MalformedXML')
  }
  return character
}
