/** Text, or elements that are already XML. */
export type XmlContent = string | number | boolean | Xml | ReadonlyArray<Xml>

/** XML text, as opposed to text that is still to be escaped. */
export class Xml {
  readonly text: string

  constructor (text: string) {
    this.text = text
  }
}

/** Creates an element. */
export function element (name: string, content: XmlContent): Xml {
  return new Xml(`<${name}>${render(content)}</${name}>`)
}

/** Creates the document of an answer, in S3's namespace. */
export function document (rootName: string, content: XmlContent): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${rootName} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${render(content)}</${rootName}>`
}

/** Creates the document of an error, which S3 leaves without a namespace. */
export function errorDocument (content: ReadonlyArray<Xml>): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('Error', content).text}`
}

function render (content: XmlContent): string {
  if (content instanceof Xml) return content.text
  if (typeof content === 'object') return content.map((item) => item.text).join('')
  // XML 1.0 has no representation for most control characters; S3 writes references to them all the same.
  return String(content).replace(/[<>&"\p{Cc}]/gu, (character) => `&#${character.charCodeAt(0)};`)
}
