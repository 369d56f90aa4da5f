import { type Xml, element } from './xml.js'

/** The store's only account. S3's identifiers have 64 hexadecimal digits. */
export const OWNER_ID = '0'.repeat(63).concat('1')

/** An account, as S3 describes it in a listing. */
export function ownerElement (name: 'Owner' | 'Initiator'): Xml {
  return element(name, [element('ID', OWNER_ID), element('DisplayName', 'objects-storage')])
}
