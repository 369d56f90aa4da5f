import { randomUUID } from 'node:crypto'

/**
 * Makes a revision: a UUID of version 8 (RFC 9562) with 74 random bits. It comes after every random UUID, which is what builds
 * before 0.2 make: so the database tells rows that those write, and counts them in their runs itself (migration 0009).
 */
export function newRevision (): string {
  return `ffffffff-ffff-8${randomUUID().slice(15)}`
}
