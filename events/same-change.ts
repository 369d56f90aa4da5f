import type { ObjectChange } from './notification.js'

/** What is said of a file. */
export interface FileDescription {
  sizeBytes: number
  /** Without quotes; undefined where it is not known. */
  entityTag: string | undefined
}

/** Whether two sources describe the same file. An entity tag that one of them does not know makes no difference. */
export function isSameFile (left: FileDescription, right: FileDescription): boolean {
  return left.sizeBytes === right.sizeBytes &&
    (left.entityTag === undefined || right.entityTag === undefined || left.entityTag === right.entityTag)
}

/** Whether two sources agree on what a key is: the same file, or none. */
export function agree (left: ObjectChange, right: ObjectChange): boolean {
  return left.kind === 'created' && right.kind === 'created' ? isSameFile(left, right) : left.kind === right.kind
}

/** Whether two reports say the same in every detail, as one report does that arrives twice. */
export function isSameChange (left: ObjectChange, right: ObjectChange): boolean {
  return agree(left, right) && entityTagOf(left) === entityTagOf(right)
}

function entityTagOf (change: ObjectChange): string | undefined {
  return change.kind === 'created' ? change.entityTag : undefined
}
