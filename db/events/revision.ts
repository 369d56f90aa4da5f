import { randomUUID } from 'node:crypto'

/**
 * Makes a revision: a version 8 UUID (RFC 9562) with 74 random bits. It sorts after every random UUID, which is what builds
 * before 0.2 make. This is how the database recognises the rows that they write, which it counts in their runs itself
 * (migration 0009).
 */
export function newRevision (): string {
  return `ffffffff-ffff-8${randomUUID().slice(15)}`
}
