import type { ObjectChange } from './notification.js'

/** What is said about a file. */
export interface FileDescription {
  sizeBytes: number
  /** Without quotes; undefined if unknown. */
  entityTag: string | undefined
}

/** Whether two sources describe the same file. An entity tag that one of them does not know is not compared. */
export function isSameFile (left: FileDescription, right: FileDescription): boolean {
  return left.sizeBytes === right.sizeBytes &&
    (left.entityTag === undefined || right.entityTag === undefined || left.entityTag === right.entityTag)
}

/** Whether two sources agree on the state of a key: the same file, or none. */
export function agree (left: ObjectChange, right: ObjectChange): boolean {
  return left.kind === 'created' && right.kind === 'created' ? isSameFile(left, right) : left.kind === right.kind
}

/** Whether two reports are the same in every detail, like one report delivered twice. */
export function isSameChange (left: ObjectChange, right: ObjectChange): boolean {
  return agree(left, right) && entityTagOf(left) === entityTagOf(right)
}

function entityTagOf (change: ObjectChange): string | undefined {
  return change.kind === 'created' ? change.entityTag : undefined
}
