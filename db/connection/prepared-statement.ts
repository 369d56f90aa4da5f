const mark = /^-- prepared as (\w+)\n/

/**
 * Marks a statement to be parsed and planned once for each connection, not each time: for one whose planning takes as long
 * as its execution, and whose text never varies.
 *
 * @param name of this statement alone
 */
export function preparedAs (name: string): string {
  return `-- prepared as ${name}\n`
}

/** The name that a statement is marked with, or undefined. */
export function preparedName (sql: string): string | undefined {
  return mark.exec(sql)?.[1]
}
